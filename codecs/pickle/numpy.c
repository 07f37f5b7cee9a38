/* NumPy's dtypes, arrays and scalars from the calls that pickle them (numpy's __reduce__ and __setstate__).
 */
#include "machine.h"

#include <stdio.h>

#include "number.h"

static struct value *argument(const struct value *v, size_t i)
{
    return v->object->args->list.items[i];
}

/* A shape from a tuple of ints. False: it is none, or (err) no memory. */
static bool shape_of(struct machine *m, const struct value *v, const uint64_t **shape, unsigned *ndim,
                     struct error *err)
{
    if ((v->kind != VALUE_TUPLE && v->kind != VALUE_LIST) || v->list.count > DTYPE_MAX_NDIM)
        return false;
    uint64_t *sizes = arena_alloc(m->arena, v->list.count, sizeof *sizes);
    if (sizes == NULL)
        return arena_fail(m->arena, err);
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
    const struct value *dtype = field->list.items[0], *offset = field->list.items[1];
    if (dtype->kind != VALUE_DTYPE || offset->kind != VALUE_INT || offset->integer < 0)
        return false;
    *out = (struct dtype_field){.name = name, .offset = (size_t)offset->integer, .dtype = dtype->dtype};
    if (field->list.count == 3 && field->list.items[2]->kind == VALUE_STR)
        out->title = field->list.items[2]->text;
    return true;
}

static bool read_fields(struct machine *m, const struct dtype_state *s, struct dtype *t, struct error *err)
{
    const struct value *names = names_of(s);
    if (names == NULL || names->kind == VALUE_NONE || s->fields->kind != VALUE_DICT)
        return s->fields->kind == VALUE_NONE;
    if ((names->kind != VALUE_TUPLE && names->kind != VALUE_LIST) || names->list.count > DTYPE_MAX_LEAVES)
        return false;
    struct dtype_field *fields = arena_alloc(m->arena, names->list.count, sizeof *fields);
    if (fields == NULL)
        return arena_fail(m->arena, err);
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
static bool read_subarray(struct machine *m, const struct value *v, struct dtype *t, struct error *err)
{
    if (v->kind == VALUE_NONE)
        return true;
    if (v->kind != VALUE_TUPLE || v->list.count != 2 || v->list.items[0]->kind != VALUE_DTYPE)
        return false;
    t->base = v->list.items[0]->dtype;
    return shape_of(m, v->list.items[1], &t->shape, &t->ndim, err);
}

/* (user's metadata, (unit, count, denominator, event)) of datetime64 and timedelta64. */
static bool read_unit(struct machine *m, const struct value *v, struct dtype *t, struct error *err)
{
    const bool dated = t->kind == DTYPE_DATETIME || t->kind == DTYPE_TIMEDELTA;
    if (v == NULL || v->kind == VALUE_NONE || !dated)
        return v == NULL || v->kind == VALUE_NONE;
    if (v->kind != VALUE_TUPLE || v->list.count != 2 || v->list.items[1]->kind != VALUE_TUPLE)
        return false;
    const struct value *user = v->list.items[0];
    const struct value_list *unit = &v->list.items[1]->list;
    if ((user->kind == VALUE_DICT && user->dict.count > 0) || unit->count < 2 ||
        (unit->items[0]->kind != VALUE_BYTES && unit->items[0]->kind != VALUE_STR) ||
        unit->items[1]->kind != VALUE_INT || unit->items[1]->integer < 1 || unit->items[0]->text.len > 8)
        return false;
    const struct bytes name = unit->items[0]->text;
    if (bytes_is(name, "generic"))
        return true;
    const char *text = unit->items[1]->integer == 1
                           ? arena_printf(m->arena, "%.*s", (int)name.len, (const char *)name.data)
                           : arena_printf(m->arena, "%lld%.*s", (long long)unit->items[1]->integer,
                                          (int)name.len, (const char *)name.data);
    if (text == NULL)
        return arena_fail(m->arena, err);
    t->unit = bytes_text(text);
    return true;
}

/* The byte order, where the type has one. */
static void set_order(struct dtype *t, char order)
{
    if (t->order != '|')
        t->order = order == '>' ? '>' : '<';
}

static bool apply_state(struct machine *m, const struct value *state, struct dtype *t, struct error *err)
{
    enum { ALIGNED = 0x80 };
    struct dtype_state s;
    if (!state_of(state, &s))
        return false;
    set_order(t, (char)s.order->text.data[0]);
    t->aligned = s.flags != NULL && s.flags->kind == VALUE_INT && (s.flags->integer & ALIGNED) != 0;
    const bool record = s.fields->kind != VALUE_NONE || s.subarray->kind != VALUE_NONE;
    if (record && t->kind != DTYPE_VOID)
        return false;
    return read_fields(m, &s, t, err) && read_subarray(m, s.subarray, t, err) &&
           read_unit(m, s.metadata, t, err);
}

/* numpy.dtype(code, align, copy) and one state. */
bool numpy_dtype(struct machine *m, struct value *v, struct error *err)
{
    struct error refused = {0};
    struct dtype t = {0};
    const struct value_list *states = &v->object->states;
    if (states->count > 1 || !dtype_parse(argument(v, 0)->text, &t, &refused))
        return false;
    if (states->count == 1 && !apply_state(m, states->items[0], &t, err))
        return false;
    if (t.kind == DTYPE_TEXT || !dtype_check(&t, &refused))
        return false;
    struct dtype *copy = arena_alloc(m->arena, 1, sizeof *copy);
    if (copy == NULL)
        return arena_fail(m->arena, err);
    *copy = t;
    v->kind = VALUE_DTYPE;
    v->dtype = copy;
    return true;
}

/* ---- arrays ---- */

static bool is_ndarray(const struct value_global *g)
{
    return bytes_is(g->name, "ndarray") &&
           (bytes_is(g->module, "numpy") || bytes_is(g->module, "numpy.core.multiarray"));
}

static bool become_array(struct machine *m, struct value *v, const struct array *a, struct error *err)
{
    struct array *copy = arena_alloc(m->arena, 1, sizeof *copy);
    if (copy == NULL)
        return arena_fail(m->arena, err);
    *copy = *a;
    v->kind = VALUE_ARRAY;
    v->array = copy;
    return true;
}

bool numpy_size(struct machine *m, const struct dtype *dtype, const struct value *shape, uint64_t *out,
                struct error *err)
{
    const uint64_t *sizes;
    unsigned ndim;
    if (!shape_of(m, shape, &sizes, &ndim, err))
        return false;
    const struct array a = array_of_memory(*dtype, ndim, sizes, NULL);
    return array_size(&a, out);
}

/* Elements as raw bytes: exactly as many as the shape needs. */
bool numpy_flat(struct machine *m, struct value *v, const struct dtype *dtype, const struct value *shape,
                bool fortran, struct bytes data, struct error *err)
{
    const uint64_t *sizes;
    unsigned ndim;
    uint64_t size;
    if (!dtype_is_flat(dtype) || !shape_of(m, shape, &sizes, &ndim, err))
        return false;
    static const uint8_t nothing[1];
    struct array a = array_of_memory(*dtype, ndim, sizes, data.data == NULL ? nothing : data.data);
    a.fortran = fortran && ndim > 1;
    return array_size(&a, &size) && size == data.len && become_array(m, v, &a, err);
}

/* Elements as a list, in C order whatever the array's own order. */
static bool object_array(struct machine *m, struct value *v, const struct dtype *dtype,
                         const struct value *shape, const struct value *list, struct error *err)
{
    const uint64_t *sizes;
    unsigned ndim;
    uint64_t count;
    if (list->kind != VALUE_LIST || !shape_of(m, shape, &sizes, &ndim, err))
        return false;
    struct array a = array_of_memory(*dtype, ndim, sizes, (const uint8_t *)list->list.items);
    if (!array_count(&a, &count) || count != list->list.count)
        return false;
    struct value **items = arena_alloc(m->arena, list->list.count, sizeof *items);
    if (items == NULL)
        return arena_fail(m->arena, err);
    if (list->list.count > 0)
        memcpy(items, list->list.items, list->list.count * sizeof *items);
    a.data = (const uint8_t *)items;
    return become_array(m, v, &a, err);
}

/* _reconstruct(ndarray, (0,), b'b') and the state ([version,] shape, dtype, is_fortran, bytes or list). */
bool numpy_reconstruct(struct machine *m, struct value *v, struct error *err)
{
    const struct value_list *states = &v->object->states;
    if (!is_ndarray(argument(v, 0)->global) || states->count != 1 || states->items[0]->kind != VALUE_TUPLE)
        return false;
    const struct value_list *state = &states->items[0]->list;
    if (state->count < 4 || state->count > 5)
        return false;
    struct value *const *items = state->items + (state->count - 4);
    const struct value *shape = items[0], *dtype = items[1], *fortran = items[2], *data = items[3];
    if (dtype->kind != VALUE_DTYPE || (fortran->kind != VALUE_BOOL && fortran->kind != VALUE_INT))
        return false;
    if (dtype->dtype->kind == DTYPE_OBJECT)
        return object_array(m, v, dtype->dtype, shape, data, err);
    if (data->kind != VALUE_BYTES &&
        (data->kind != VALUE_STR || (data->flags & (VALUE_PYTHON2 | VALUE_DECODED)) == 0))
        return false;
    struct bytes raw;
    if (!value_raw(data, m->arena, &raw, err))
        return false;
    const bool is_fortran = fortran->kind == VALUE_BOOL ? fortran->boolean : fortran->integer != 0;
    return numpy_flat(m, v, dtype->dtype, shape, is_fortran, raw, err);
}

/* _frombuffer(buffer, dtype, shape, 'C' or 'F'): protocol 5. */
bool numpy_frombuffer(struct machine *m, struct value *v, struct error *err)
{
    const struct bytes order = argument(v, 3)->text;
    if (!bytes_is(order, "C") && !bytes_is(order, "F"))
        return false;
    struct bytes raw;
    return value_raw(argument(v, 0), m->arena, &raw, err) &&
           numpy_flat(m, v, argument(v, 1)->dtype, argument(v, 2), order.data[0] == 'F', raw, err);
}

/* scalar(dtype, bytes). */
bool numpy_scalar(struct machine *m, struct value *v, struct error *err)
{
    const struct dtype *dtype = argument(v, 0)->dtype;
    struct bytes data;
    if (!value_raw(argument(v, 1), m->arena, &data, err))
        return false;
    if (!dtype_is_flat(dtype) || data.len != dtype->itemsize)
        return false;
    static const uint8_t nothing[1];
    struct array a = array_of_memory(*dtype, 0, NULL, data.data == NULL ? nothing : data.data);
    a.scalar = true;
    return become_array(m, v, &a, err);
}
