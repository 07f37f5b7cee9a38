/* NumPy's dtypes and arrays from the states that pickle them (numpy's __setstate__). */
#include "rows.h"

#include "number.h"
#include "record.h"

/* ---- shapes ---- */

/* A shape from a tuple of ints. False: it is none, or (err) no memory. */
static bool shape_of(struct arena *arena, const struct value *v, const uint64_t **shape, unsigned *ndim,
                     struct error *err)
{
    if ((v->kind != VALUE_TUPLE && v->kind != VALUE_LIST) || v->list.count > DTYPE_MAX_NDIM)
        return false;
    uint64_t *sizes = arena_alloc(arena, v->list.count, sizeof *sizes);
    if (sizes == NULL)
        return arena_fail(arena, err);
    for (size_t i = 0; i < v->list.count; i++) {
        const struct value *n = v->list.items[i];
        if (n->kind != VALUE_INT || n->integer < 0)
            return false;
        sizes[i] = (uint64_t)n->integer;
    }
    *shape = sizes;
    *ndim = (unsigned)v->list.count;
    return true;
}

/* ---- dtype ---- */

/* The state of a dtype by name; its tuple grew with its versions. */
struct dtype_state {
    const struct value *order, *subarray, *names, *fields, *itemsize, *flags, *metadata;
};

/* 5: version 0, without a version; 6: 1; 7: 2; 8: 3; 9: 4. Names lay in fields[-1] before version 2. */
static bool state_of(const struct value *state, struct dtype_state *s)
{
    if (state->kind != VALUE_TUPLE || state->list.count < 5 || state->list.count > 9)
        return false;
    struct value *const *items = state->list.items;
    const size_t n = state->list.count;
    *s = (struct dtype_state){0};
    items += n > 5;
    s->order = items[0];
    s->subarray = items[1];
    s->names = n >= 7 ? items[2] : NULL;
    s->fields = items[n >= 7 ? 3 : 2];
    s->itemsize = items[n >= 7 ? 4 : 3];
    s->flags = n >= 8 ? items[6] : NULL;
    s->metadata = n == 9 ? items[7] : NULL;
    return s->order->kind == VALUE_STR && s->order->text.len == 1;
}

static const struct value *names_of(const struct dtype_state *s)
{
    if (s->names != NULL || s->fields->kind != VALUE_DICT)
        return s->names;
    for (size_t i = 0; i < s->fields->dict.count; i++) {
        const struct value_pair *pair = &s->fields->dict.items[i];
        if (pair->key->kind == VALUE_INT && pair->key->integer == -1)
            return pair->value;
    }
    return NULL;
}

static const struct value *field_of(const struct value *fields, struct bytes name)
{
    for (size_t i = 0; i < fields->dict.count; i++) {
        const struct value *key = fields->dict.items[i].key;
        if (key->kind == VALUE_STR && bytes_equal(key->text, name))
            return fields->dict.items[i].value;
    }
    return NULL;
}

/* (dtype, offset) or (dtype, offset, title). */
static bool read_field(const struct value *field, struct bytes name, struct dtype_field *out)
{
    if (field == NULL || field->kind != VALUE_TUPLE || field->list.count < 2 || field->list.count > 3)
        return false;
    const struct value *dtype = value_meaning(field->list.items[0]), *offset = field->list.items[1];
    if (dtype->kind != VALUE_DTYPE || offset->kind != VALUE_INT || offset->integer < 0)
        return false;
    *out = (struct dtype_field){.name = name, .offset = (size_t)offset->integer, .dtype = dtype->dtype};
    if (field->list.count == 3 && field->list.items[2]->kind == VALUE_STR)
        out->title = field->list.items[2]->text;
    return true;
}

static bool read_fields(struct arena *arena, const struct dtype_state *s, struct dtype *t, struct error *err)
{
    const struct value *names = names_of(s);
    if (names == NULL || names->kind == VALUE_NONE || s->fields->kind != VALUE_DICT)
        return s->fields->kind == VALUE_NONE;
    if ((names->kind != VALUE_TUPLE && names->kind != VALUE_LIST) || names->list.count > DTYPE_MAX_LEAVES)
        return false;
    struct dtype_field *fields = arena_alloc(arena, names->list.count, sizeof *fields);
    if (fields == NULL)
        return arena_fail(arena, err);
    for (size_t i = 0; i < names->list.count; i++) {
        const struct value *name = names->list.items[i];
        if (name->kind != VALUE_STR || !read_field(field_of(s->fields, name->text), name->text, &fields[i]))
            return false;
    }
    t->fields = fields;
    t->field_count = names->list.count;
    return t->field_count > 0;
}

/* (base, shape), or None. */
static bool read_subarray(struct arena *arena, const struct value *v, struct dtype *t, struct error *err)
{
    if (v->kind == VALUE_NONE)
        return true;
    if (v->kind != VALUE_TUPLE || v->list.count != 2)
        return false;
    const struct value *base = value_meaning(v->list.items[0]);
    if (base->kind != VALUE_DTYPE)
        return false;
    t->base = base->dtype;
    return shape_of(arena, v->list.items[1], &t->shape, &t->ndim, err);
}

/* (user's metadata, (unit, count, denominator, event)) of datetime64 and timedelta64; else that metadata. */
static bool read_unit(struct arena *arena, const struct value *v, bool metadata, struct dtype *t,
                      struct error *err)
{
    const bool dated = t->kind == DTYPE_DATETIME || t->kind == DTYPE_TIMEDELTA;
    if (v == NULL || v->kind == VALUE_NONE || !dated)
        return v == NULL || v->kind == VALUE_NONE || metadata;
    if (v->kind != VALUE_TUPLE || v->list.count != 2 || v->list.items[1]->kind != VALUE_TUPLE)
        return false;
    const struct value *user = v->list.items[0];
    const struct value_list *unit = &v->list.items[1]->list;
    if ((user->kind == VALUE_DICT && user->dict.count > 0 && !metadata) || unit->count < 2 ||
        (unit->items[0]->kind != VALUE_BYTES && unit->items[0]->kind != VALUE_STR) ||
        unit->items[1]->kind != VALUE_INT || unit->items[1]->integer < 1 || unit->items[0]->text.len > 8)
        return false;
    const struct bytes name = unit->items[0]->text;
    if (bytes_is(name, "generic"))
        return true;
    const char *text = unit->items[1]->integer == 1
                           ? arena_printf(arena, "%.*s", (int)name.len, (const char *)name.data)
                           : arena_printf(arena, "%lld%.*s", (long long)unit->items[1]->integer,
                                          (int)name.len, (const char *)name.data);
    if (text == NULL)
        return arena_fail(arena, err);
    t->unit = bytes_text(text);
    return dtype_is_unit(t->unit);
}

/* The byte order, where the type has one. */
static void set_order(struct dtype *t, char order)
{
    if (t->order != '|')
        t->order = order == '>' ? '>' : '<';
}

/* Texts, bytes and records have the size that the state says, whatever the code does. */
static bool set_size(struct dtype *t, const struct value *size)
{
    const bool flexible = t->kind == DTYPE_BYTES || t->kind == DTYPE_UNICODE || t->kind == DTYPE_VOID;
    if (!flexible)
        return true;
    if (size->kind != VALUE_INT || size->integer < 0 || size->integer > INT32_MAX)
        return false;
    t->itemsize = (size_t)size->integer;
    return t->kind != DTYPE_UNICODE || t->itemsize % 4 == 0;
}

static bool apply_state(struct arena *arena, const struct value *state, bool metadata, struct dtype *t,
                        struct error *err)
{
    enum { ALIGNED = 0x80 };
    struct dtype_state s;
    if (!state_of(state, &s))
        return false;
    set_order(t, (char)s.order->text.data[0]);
    t->aligned = s.flags != NULL && s.flags->kind == VALUE_INT && (s.flags->integer & ALIGNED) != 0;
    const bool record = s.fields->kind != VALUE_NONE || s.subarray->kind != VALUE_NONE;
    if ((record && t->kind != DTYPE_VOID) || !set_size(t, s.itemsize))
        return false;
    return read_fields(arena, &s, t, err) && read_subarray(arena, s.subarray, t, err) &&
           read_unit(arena, s.metadata, metadata, t, err);
}

static bool read_dtype(struct bytes code, const struct value_list *states, bool metadata, struct arena *arena,
                       struct dtype *out, struct error *err)
{
    struct error refused = {0};
    struct dtype t = {0};
    if (states->count > 1 || !dtype_parse(code, &t, &refused))
        return false;
    if (states->count == 1 && !apply_state(arena, states->items[0], metadata, &t, err))
        return false;
    if (t.kind == DTYPE_TEXT || !dtype_check(&t, &refused))
        return false;
    *out = t;
    return true;
}

bool known_dtype(struct bytes code, const struct value_list *states, struct arena *arena, struct dtype *out,
                 struct error *err)
{
    return read_dtype(code, states, false, arena, out, err);
}

bool known_dtype_but_metadata(struct bytes code, const struct value_list *states, struct arena *arena,
                              struct dtype *out, struct error *err)
{
    return read_dtype(code, states, true, arena, out, err);
}

/* ---- arrays ---- */

bool known_size(const struct dtype *dtype, const struct value *shape, struct arena *arena, uint64_t *out,
                struct error *err)
{
    const uint64_t *sizes;
    unsigned ndim;
    if (!shape_of(arena, shape, &sizes, &ndim, err))
        return false;
    const struct array a = array_of_memory(*dtype, ndim, sizes, NULL);
    return array_size(&a, out);
}

bool known_flat_array(const struct dtype *dtype, const struct value *shape, bool fortran, struct bytes data,
                      struct arena *arena, struct array *out, struct error *err)
{
    static const uint8_t nothing[1];
    const uint64_t *sizes;
    unsigned ndim;
    uint64_t size;
    if (!dtype_is_flat(dtype) || !shape_of(arena, shape, &sizes, &ndim, err))
        return false;
    *out = array_of_memory(*dtype, ndim, sizes, data.data == NULL ? nothing : data.data);
    out->fortran = fortran && ndim > 1;
    return array_size(out, &size) && size == data.len;
}

static bool object_elements(const struct value_list *list, struct arena *arena, const uint8_t **out,
                            struct error *err)
{
    struct value **items = arena_alloc(arena, list->count, sizeof *items);
    if (items == NULL)
        return arena_fail(arena, err);
    if (list->count > 0)
        memcpy(items, list->items, list->count * sizeof *items);
    *out = (const uint8_t *)items;
    return true;
}

/* A record is not so much bigger than the tuple that it was that a short pickle fills the memory. */
static bool is_fair(const struct dtype *t)
{
    enum { MOST = 1024 };
    return t->itemsize / MOST <= t->field_count;
}

/* Elements as a list, in C order whatever the array's own order: objects, or records of which some field is.
 */
static bool listed_array(const struct dtype *dtype, const struct value *shape, bool fortran,
                         const struct value *list, struct arena *arena, struct array *out, struct error *err)
{
    const uint64_t *sizes;
    unsigned ndim;
    uint64_t count;
    if (list->kind != VALUE_LIST || !shape_of(arena, shape, &sizes, &ndim, err))
        return false;
    *out = array_of_memory(*dtype, ndim, sizes, NULL);
    out->fortran = fortran && ndim > 1;
    if (!array_count(out, &count) || count != list->list.count)
        return false;
    const bool ok = dtype->kind == DTYPE_OBJECT
                        ? object_elements(&list->list, arena, &out->data, err)
                        : is_fair(dtype) && record_elements(dtype, &list->list, arena, &out->data, err);
    return ok && array_turn(out, arena, err);
}

bool known_array_of_state(const struct value_list *state, struct arena *arena, struct array *out,
                          struct error *err)
{
    if (state->count < 4 || state->count > 5)
        return false;
    struct value *const *items = state->items + (state->count - 4);
    const struct value *shape = items[0], *dtype = value_meaning(items[1]), *fortran = items[2],
                       *data = items[3];
    if (dtype->kind != VALUE_DTYPE || (fortran->kind != VALUE_BOOL && fortran->kind != VALUE_INT))
        return false;
    const bool is_fortran = fortran->kind == VALUE_BOOL ? fortran->boolean : fortran->integer != 0;
    if (!dtype_is_flat(dtype->dtype))
        return listed_array(dtype->dtype, shape, is_fortran, data, arena, out, err);
    struct bytes raw;
    if (!known_is_raw(data) || !value_raw(data, arena, &raw, err))
        return false;
    return known_flat_array(dtype->dtype, shape, is_fortran, raw, arena, out, err);
}
