#include "pick.h"

#include "coordinate.h"
#include "selection.h"

/* A coordinate, and the axis of the array that it belongs to. */
struct found {
    struct bytes path;
    unsigned axis;
    bool there;
};

/* ---- what is written beside the data ---- */

static const struct value *attribute_of(const struct node *node, const char *name)
{
    for (size_t i = 0; i < node->attribute_count; i++)
        if (bytes_is(node->attributes[i].name, name))
            return node->attributes[i].value;
    return NULL;
}

static struct bytes text_of(const struct value *v)
{
    return v != NULL && v->kind == VALUE_STR ? v->text : bytes_of(NULL, 0);
}

/* The objects of an array of one dimension; NULL: it is none. */
static bool objects_of(const struct value *v, struct arena *arena, struct value *const **out, uint64_t *count,
                       struct error *err)
{
    const uint8_t *packed;
    *out = NULL;
    *count = 0;
    if (v == NULL || v->kind != VALUE_ARRAY || v->array->dtype.kind != DTYPE_OBJECT || v->array->ndim != 1)
        return true;
    if (!array_count(v->array, count) || !array_pack(v->array, arena, &packed, err))
        return false;
    *out = (struct value *const *)(const void *)packed;
    return true;
}

static struct bytes last_name(struct bytes path)
{
    const size_t at = bytes_behind(path, '/');
    return bytes_of(path.data + at, path.len - at);
}

/* HDF5's dimension scales: for each axis, the paths of those that are attached to it. */
static bool find_scale(const struct node *node, struct bytes name, unsigned ndim, struct arena *arena,
                       struct found *out, struct error *err)
{
    struct value *const *axes, *const *scales;
    uint64_t axis_count, scale_count;
    if (!objects_of(attribute_of(node, "DIMENSION_LIST"), arena, &axes, &axis_count, err))
        return false;
    for (uint64_t i = 0; i < axis_count && i < ndim; i++) {
        if (!objects_of(axes[i], arena, &scales, &scale_count, err))
            return false;
        for (uint64_t k = 0; k < scale_count; k++) {
            const struct bytes path = text_of(scales[k]);
            if (path.len > 0 && (bytes_equal(path, name) || bytes_equal(last_name(path), name))) {
                *out = (struct found){.path = path, .axis = (unsigned)i, .there = true};
                return true;
            }
        }
    }
    return true;
}

/* ---- what lies beside the data ---- */

static bool sibling_path(struct bytes path, struct bytes name, struct arena *arena, struct bytes *out,
                         struct error *err)
{
    while (path.len > 0 && path.data[path.len - 1] == '/')
        path.len--;
    const size_t n = path.len - last_name(path).len;
    char *text = arena_printf(arena, "%.*s%.*s", (int)n, (const char *)path.data, (int)name.len,
                              (const char *)name.data);
    if (text == NULL)
        return arena_fail(arena, err);
    *out = bytes_text(text);
    return true;
}

static bool coordinate_at(const struct document *document, struct bytes path, struct arena *arena,
                          struct array *out, struct error *err)
{
    struct value *v;
    if (!document->ops->value(document->self, path, arena, &v, err) || !array_needed(&v, "sel", arena, err))
        return false;
    *out = *v->array;
    return true;
}

/* The one axis that is as long as the coordinate. */
static bool axis_of_length(const struct array *a, uint64_t length, const struct coordinate_term *term,
                           unsigned *out, struct error *err)
{
    unsigned fits = 0;
    for (unsigned i = 0; i < a->ndim; i++)
        if (a->shape[i] == length) {
            *out = i;
            fits++;
        }
    return fits == 1 ||
           FAIL(err, ERR_ARGUMENT, term->at, "'%.*s' has %llu elements, as many as %s axis of the array",
                (int)(term->name.len < 60 ? term->name.len : 60), (const char *)term->name.data,
                (unsigned long long)length, fits == 0 ? "no" : "more than one");
}

static bool find_coordinate(const struct document *document, const struct part *part, const struct node *node,
                            const struct array *a, const struct coordinate_term *term, struct arena *arena,
                            struct found *where, struct array *out, struct error *err)
{
    *where = (struct found){.there = false};
    if (!find_scale(node, term->name, a->ndim, arena, where, err))
        return false;
    if (!where->there && !sibling_path(part->path, term->name, arena, &where->path, err))
        return false;
    struct error why = {0};
    if (!coordinate_at(document, where->path, arena, out, &why)) {
        if (why.kind != ERR_NOT_FOUND)
            return *err = why, false;
        return FAIL(err, ERR_ARGUMENT, term->at, "there is no coordinate '%.*s'",
                    (int)(term->name.len < 60 ? term->name.len : 60), (const char *)term->name.data);
    }
    if (out->ndim != 1)
        return FAIL(err, ERR_ARGUMENT, term->at, "a coordinate has one dimension, '%.*s' has %u",
                    (int)(term->name.len < 60 ? term->name.len : 60), (const char *)term->name.data,
                    out->ndim);
    if (where->there && out->shape[0] == a->shape[where->axis])
        return true;
    return axis_of_length(a, out->shape[0], term, &where->axis, err);
}

/* ---- sel= ---- */

static bool clock_of(const struct document *document, struct bytes path, struct arena *arena,
                     struct coordinate_clock *out, struct error *err)
{
    struct node node;
    if (!document->ops->node(document->self, path, arena, &node, err))
        return false;
    const struct bytes units = text_of(attribute_of(&node, "units"));
    return coordinate_clock_of(units, text_of(attribute_of(&node, "calendar")), out, err);
}

static bool select_term(const struct document *document, const struct part *part, const struct node *node,
                        const struct array *a, const struct coordinate_term *term,
                        const struct limits *limits, struct arena *arena, struct selection_part *parts,
                        struct error *err)
{
    struct found where;
    struct array coordinate;
    struct coordinate_clock clock;
    uint64_t start, count;
    bool one;
    if (!find_coordinate(document, part, node, a, term, arena, &where, &coordinate, err) ||
        !clock_of(document, where.path, arena, &clock, err) ||
        !coordinate_find(&coordinate, term, &clock, limits, arena, &start, &count, &one, err))
        return false;
    struct selection_part *p = &parts[where.axis];
    if (p->has_start)
        return FAIL(err, ERR_ARGUMENT, term->at, "two of the coordinates are of the same axis");
    *p = (struct selection_part){.kind = one && count == 1 ? SELECT_INDEX : SELECT_SLICE,
                                 .has_start = true,
                                 .has_stop = true,
                                 .start = (int64_t)start,
                                 .stop = (int64_t)(start + count),
                                 .step = 1};
    return true;
}

bool pick_selected(const struct document *document, const struct part *part, const struct limits *limits,
                   struct arena *arena, struct value **v, struct error *err)
{
    struct coordinate_term *terms;
    struct selection_part parts[DTYPE_MAX_NDIM];
    size_t count;
    struct node node;
    struct array seen;
    if (!coordinate_parse(part->sel, arena, &terms, &count, err) || !array_needed(v, "sel", arena, err) ||
        !document->ops->node(document->self, part->path, arena, &node, err))
        return false;
    const struct array *a = (*v)->array;
    for (unsigned i = 0; i < DTYPE_MAX_NDIM; i++)
        parts[i] = (struct selection_part){.kind = SELECT_SLICE, .step = 1};
    for (size_t i = 0; i < count; i++)
        if (!select_term(document, part, &node, a, &terms[i], limits, arena, parts, err))
            return false;
    const struct selection selection = {.parts = parts, .count = a->ndim};
    if (!array_select(a, &selection, limits, arena, &seen, err))
        return false;
    *v = value_array(arena, &seen);
    return *v != NULL || arena_fail(arena, err);
}
