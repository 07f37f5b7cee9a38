#include "part.h"

#include "array_of_value.h"
#include "cast.h"
#include "params.h"
#include "pick.h"
#include "selection.h"
#include "table.h"
#include "weigh.h"

bool part_of_request(const struct request *request, struct part *out, struct error *err)
{
    *out = (struct part){.path = bytes_text("/")};
    param_text(request, "path", &out->path);
    param_text(request, "slice", &out->slice);
    param_text(request, "dtype", &out->dtype);
    param_text(request, "sel", &out->sel);
    param_text(request, "where", &out->where);
    param_text(request, "points", &out->points);
    if (param_find(request, "where") != NULL && param_find(request, "points") != NULL)
        return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "where and points cannot be there both");
    return param_list(request, "fields", &out->fields, &out->field_count, err);
}

static bool has_ellipsis(const struct selection *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->parts[i].kind == SELECT_ELLIPSIS)
            return true;
    return false;
}

/* An index for every axis gives an element, as in NumPy: a scalar, or what a text or object array holds. */
static bool element_of(struct value **v, struct arena *arena, struct error *err)
{
    struct array *a = (*v)->array;
    const uint8_t *element;
    struct bytes text;
    if (a->dtype.kind != DTYPE_OBJECT && a->dtype.kind != DTYPE_TEXT) {
        a->scalar = true;
        return true;
    }
    if (!array_pack(a, arena, &element, err))
        return false;
    if (a->dtype.kind == DTYPE_OBJECT) {
        memcpy(v, element, sizeof *v);
        return true;
    }
    memcpy(&text, element, sizeof text);
    *v = a->dtype.text_is_bytes ? value_bytes(arena, text) : value_str(arena, text);
    return *v != NULL || arena_fail(arena, err);
}

/* One row of a table, as a dict of its cells. */
static bool table_row(const struct value_table *t, const struct selection *s, const struct limits *limits,
                      struct arena *arena, struct value **out, struct error *err)
{
    struct value_pairs named;
    if (!table_named(t, arena, &named, err))
        return false;
    for (size_t i = 0; i < named.count; i++) {
        struct array seen;
        if (!array_select(named.items[i].value->array, s, limits, arena, &seen, err))
            return false;
        struct value *cell = value_array(arena, &seen);
        if (cell == NULL)
            return arena_fail(arena, err);
        if (!element_of(&cell, arena, err))
            return false;
        named.items[i].value = cell;
    }
    return table_dict(named.items, named.count, arena, out, err);
}

static bool table_rows(const struct value_table *t, const struct selection *s, const struct limits *limits,
                       struct arena *arena, struct value **out, struct error *err)
{
    const bool one = s->count == 1 && s->parts[0].kind == SELECT_INDEX;
    return one ? table_row(t, s, limits, arena, out, err) : table_select(t, s, limits, arena, out, err);
}

static bool slice(const struct limits *limits, struct bytes text, struct arena *arena, struct value **v,
                  struct error *err)
{
    struct selection selection;
    struct array seen;
    if (!selection_parse(text, arena, &selection, err))
        return false;
    const struct value *meaning = value_meaning(*v);
    if (meaning->kind == VALUE_TABLE && (!meaning->table->series || meaning->table->levels > 0))
        return table_rows(meaning->table, &selection, limits, arena, v, err);
    if (!array_needed(v, "slice", arena, err) ||
        !array_select((*v)->array, &selection, limits, arena, &seen, err))
        return false;
    const bool element = seen.ndim == 0 && (*v)->array->ndim > 0 && !has_ellipsis(&selection);
    *v = value_array(arena, &seen);
    if (*v == NULL)
        return arena_fail(arena, err);
    return !element || element_of(v, arena, err);
}

static bool fields(const struct part *part, struct arena *arena, struct value **v, struct error *err)
{
    struct array seen;
    const struct value *meaning = value_meaning(*v);
    if (meaning->kind == VALUE_TABLE)
        return table_select_fields(meaning->table, part->fields, part->field_count, arena, v, err);
    if (!array_needed(v, "fields", arena, err) ||
        !array_select_fields((*v)->array, part->fields, part->field_count, arena, &seen, err))
        return false;
    *v = value_array(arena, &seen);
    return *v != NULL || arena_fail(arena, err);
}

/* What a typed array of JavaScript's can hold: little-endian, no halves, nothing wider than a double. */
static bool safe_dtype(const struct dtype *t, struct dtype *out, struct error *err)
{
    const bool complex = t->kind == DTYPE_COMPLEX, real = complex || t->kind == DTYPE_FLOAT;
    const size_t most = complex ? 16 : 8, least = complex ? 8 : 4;
    char name[48];
    dtype_typestr(t, name);
    if (!dtype_is_numeric(t))
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET,
                    "dtype=safe is for bool, integers, floats and complex numbers; these are %s", name);
    const size_t size = real && t->itemsize > most ? most : real && t->itemsize < least ? least : t->itemsize;
    *out = dtype_make(t->kind, size);
    return true;
}

static bool cast(struct bytes name, struct arena *arena, struct value **v, struct error *err)
{
    struct dtype dtype;
    struct array seen;
    const bool safe = bytes_is(name, "safe");
    if ((!safe && !dtype_parse(name, &dtype, err)) || !array_needed(v, "dtype", arena, err) ||
        (safe && !safe_dtype(&(*v)->array->dtype, &dtype, err)))
        return false;
    if (safe && dtype_equal(&(*v)->array->dtype, &dtype))
        return true;
    if (!array_cast((*v)->array, &dtype, arena, &seen, err))
        return false;
    *v = value_array(arena, &seen);
    return *v != NULL || arena_fail(arena, err);
}

/* What is known to be too much before any of it is read. An element takes a byte at least, in any format. */
static bool within_limits(struct value *whole, const struct limits *limits, struct error *err)
{
    uint64_t count;
    const struct value *v = value_meaning(whole);
    if (v->kind != VALUE_ARRAY)
        return true;
    if (!array_count(v->array, &count) || count > limits->elements)
        return FAIL_LIMIT(err, "elements", limits->elements, "the selection holds more than %llu elements",
                          (unsigned long long)limits->elements);
    return count <= limits->output ||
           FAIL_LIMIT(err, "output", limits->output, "the answer would be longer than %llu bytes",
                      (unsigned long long)limits->output);
}

bool part_value(const struct request *request, const struct document *document, const struct part *part,
                struct value **out, struct error *err)
{
    struct limits limits = *request->service->limits;
    struct value *v;
    if (part->sampled)
        limits.elements = limits.output = UINT64_MAX;
    if (!document->ops->value(document->self, part->path, request->arena, &v, err))
        return false;
    const struct value *const whole = value_meaning(v);
    if (part->sel.len > 0 && !pick_selected(document, part, &limits, request->arena, &v, err))
        return false;
    if (part->where.len > 0 && !pick_where(request, part, &limits, &v, err))
        return false;
    if ((part->points.len > 0 || part->index != NULL) && !pick_points(part, &limits, request->arena, &v, err))
        return false;
    if (part->field_count > 0 && !fields(part, request->arena, &v, err))
        return false;
    if (part->slice.len > 0 && !slice(&limits, part->slice, request->arena, &v, err))
        return false;
    if (part->dtype.len > 0 && !cast(part->dtype, request->arena, &v, err))
        return false;
    if (!within_limits(v, &limits, err) || (v != whole && (whole->flags & (VALUE_MANY | VALUE_LONG)) != 0 &&
                                            !weigh(v, &limits, request->arena, err)))
        return false;
    *out = v;
    return true;
}

/* Fields and casts make other elements of them. */
static bool has_words(const struct document *document, const struct part *part, const struct codec *format)
{
    return format->describes && document->ops->described != NULL && part->field_count + part->dtype.len == 0;
}

bool part_for(const struct request *request, const struct document *document, const struct part *part,
              const struct codec *format, struct value **out, struct error *err)
{
    struct value *words;
    const bool whole =
        part->slice.len + part->sel.len + part->where.len + part->points.len == 0 && part->index == NULL;
    if (whole && has_words(document, part, format))
        return document->ops->described(document->self, part->path, NULL, request->arena, out, err);
    if (!part_value(request, document, part, out, err))
        return false;
    if ((*out)->kind != VALUE_ARRAY || !has_words(document, part, format))
        return true;
    if (!document->ops->described(document->self, part->path, (*out)->array, request->arena, &words, err))
        return false;
    *out = words == NULL ? *out : words;
    return true;
}
