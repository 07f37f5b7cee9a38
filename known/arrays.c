/* What is an array, or made of some: NumPy's subclasses and masked arrays, SciPy's sparse ones. */
#include "rows.h"

#include "record.h"

#include <stdio.h>

const struct known_kind known_dtype_of_class = {.type = "numpy.dtype"};
const struct known_kind known_ndarray = {.type = "numpy.ndarray"};
const struct known_kind known_scalar = {.type = "numpy.generic"};
const struct known_kind known_masked = {.type = "numpy.ma.MaskedArray"};
const struct known_kind known_sparse = {.type = "scipy.sparse"};

enum { MASKED_COST = 256 }; /* bytes that an element takes as a value */

/* dtype(numpy.record, align, copy): a record whose elements have attributes. */
struct value *dtype_of_class(struct known_work *w, const struct value_object *o, struct error *err)
{
    const struct value_global *g = known_argument(o, 0)->global;
    if (!bytes_is(g->name, "record") || o->states.count != 1 || o->states.items[0]->kind != VALUE_TUPLE ||
        o->states.items[0]->list.count < 6)
        return NULL;
    const struct value *size = o->states.items[0]->list.items[5];
    char code[32];
    if (size->kind != VALUE_INT || size->integer < 1)
        return NULL;
    snprintf(code, sizeof code, "V%lld", (long long)size->integer);
    struct dtype *t = arena_alloc(w->arena, 1, sizeof *t);
    struct value *v = t == NULL ? NULL : value_new(w->arena, VALUE_DTYPE);
    if (v == NULL)
        return known_made_of(w, NULL, err);
    v->dtype = t;
    return known_dtype_but_metadata(bytes_text(code), &o->states, w->arena, t, err) ? v : NULL;
}

/* dtype(code, align, copy) with a dict of the user's metadata, which says nothing about the elements. */
struct value *dtype_with_metadata(struct known_work *w, const struct value_object *o, struct error *err)
{
    struct dtype *t = arena_alloc(w->arena, 1, sizeof *t);
    struct value *v = t == NULL ? NULL : value_new(w->arena, VALUE_DTYPE);
    if (v == NULL)
        return known_made_of(w, NULL, err);
    v->dtype = t;
    return known_dtype_but_metadata(known_argument(o, 0)->text, &o->states, w->arena, t, err) ? v : NULL;
}

static const struct dtype *dtype_of_part(struct known_work *w, struct value *v, struct error *err)
{
    if (!known_resolve(w, v, err))
        return NULL;
    const struct value *meaning = value_meaning(v);
    return meaning->kind == VALUE_DTYPE ? meaning->dtype : NULL;
}

/* scalar(dtype, bytes) of such dtypes; where a record has objects, of an array of no dimensions. */
struct value *scalar_of(struct known_work *w, const struct value_object *o, struct error *err)
{
    const struct dtype *t = dtype_of_part(w, known_argument(o, 0), err);
    struct value *part = known_argument(o, 1);
    if (t == NULL || !known_resolve(w, part, err))
        return NULL;
    const struct value *data = value_meaning(part);
    struct array a = array_of_memory(*t, 0, NULL, NULL);
    struct bytes raw;
    if (data->kind == VALUE_ARRAY && data->array->ndim == 0 && dtype_is_mixed(&data->array->dtype))
        a = *data->array;
    else if (!known_is_raw(data) || !value_raw(data, w->arena, &raw, err) || !dtype_is_flat(t) ||
             raw.len != t->itemsize || raw.len == 0)
        return NULL;
    else
        a.data = raw.data;
    a.scalar = true;
    return known_made_of(w, value_array(w->arena, &a), err);
}

/* _frombuffer(buffer, dtype, shape, order) of such dtypes. */
struct value *buffer_of(struct known_work *w, const struct value_object *o, struct error *err)
{
    const struct dtype *t = dtype_of_part(w, known_argument(o, 1), err);
    const struct bytes order = known_argument(o, 3)->text;
    struct array a;
    struct bytes raw;
    if (t == NULL || !(bytes_is(order, "C") || bytes_is(order, "F")) ||
        !value_raw(known_argument(o, 0), w->arena, &raw, err) ||
        !known_flat_array(t, known_argument(o, 2), order.data[0] == 'F', raw, w->arena, &a, err))
        return NULL;
    return known_made_of(w, value_array(w->arena, &a), err);
}

/* The first dtype of a state is resolved, since it may be one of a class. */
static bool array_of_state(struct known_work *w, const struct value_list *state, struct array *out,
                           struct error *err)
{
    const struct value *data = state->count > 0 ? state->items[state->count - 1] : NULL;
    if (state->count > 5)
        return false;
    size_t element = sizeof(void *);
    for (size_t i = 0; i < state->count; i++) {
        if (state->items[i]->kind == VALUE_OBJECT && !known_resolve(w, state->items[i], err))
            return false;
        const struct value *part = value_meaning(state->items[i]);
        if (part->kind == VALUE_DTYPE && part->dtype->itemsize > element)
            element = part->dtype->itemsize;
    }
    if (data != NULL && data->kind == VALUE_LIST && !known_afford(w, data->list.count, element))
        return false;
    return known_array_of_state(state, w->arena, out, err);
}

/* _reconstruct(subclass, (0,), b'b') with ndarray's own state. */
struct value *subclass_of(struct known_work *w, const struct value_object *o, struct error *err)
{
    struct array a;
    if (o->states.count != 1 || o->states.items[0]->kind != VALUE_TUPLE ||
        !array_of_state(w, &o->states.items[0]->list, &a, err))
        return NULL;
    return known_made_of(w, value_array(w->arena, &a), err);
}

static bool is_any(struct bytes mask)
{
    for (size_t i = 0; i < mask.len; i++)
        if (mask.data[i] != 0)
            return true;
    return false;
}

/* Elements as scalars, null where they are masked. */
static struct value *masked_values(struct known_work *w, const struct array *a, struct bytes mask,
                                   struct error *err)
{
    const uint8_t *elements, *hidden;
    struct array flags = array_of_memory(dtype_make(DTYPE_BOOL, 1), a->ndim, a->shape, mask.data);
    struct value *none = known_made_of(w, value_new(w->arena, VALUE_NONE), err);
    struct value **items = arena_alloc(w->arena, mask.len, sizeof(struct value *));
    if (none == NULL || items == NULL)
        return known_made_of(w, NULL, err);
    flags.fortran = a->fortran;
    if (!array_pack(a, w->arena, &elements, err) || !array_pack(&flags, w->arena, &hidden, err))
        return NULL;
    for (size_t i = 0; i < mask.len; i++) {
        if (a->dtype.kind == DTYPE_OBJECT) {
            items[i] = hidden[i] != 0 ? none : ((struct value *const *)(const void *)elements)[i];
            continue;
        }
        struct array element = array_of_memory(a->dtype, 0, NULL, elements + i * a->dtype.itemsize);
        element.scalar = true;
        items[i] = hidden[i] != 0 ? none : value_array(w->arena, &element);
        if (items[i] == NULL)
            return known_made_of(w, NULL, err);
    }
    const struct array all = array_of_memory(dtype_make(DTYPE_OBJECT, sizeof(struct value *)), a->ndim,
                                             a->shape, (const uint8_t *)items);
    return known_made_of(w, value_array(w->arena, &all), err);
}

/* _mareconstruct(class, ndarray, (0,), b'b') and (version, shape, dtype, is_fortran, data, mask, fill value).
 */
struct value *masked_of(struct known_work *w, const struct value_object *o, struct error *err)
{
    if (o->states.count != 1 || o->states.items[0]->kind != VALUE_TUPLE ||
        o->states.items[0]->list.count != 7)
        return NULL;
    const struct value_list *state = &o->states.items[0]->list;
    const struct value_list data = {.items = state->items, .count = 5};
    const struct value *mask = state->items[5];
    struct array a;
    uint64_t count;
    struct bytes hidden;
    if (!known_is_raw(mask) || !value_raw(mask, w->arena, &hidden, err))
        return NULL;
    if (!array_of_state(w, &data, &a, err) || !array_count(&a, &count) || count != hidden.len)
        return NULL;
    if (!known_afford(w, hidden.len, 1))
        return NULL;
    if (!is_any(hidden))
        return known_made_of(w, value_array(w->arena, &a), err);
    if (dtype_is_mixed(&a.dtype) || !known_afford(w, hidden.len, MASKED_COST))
        return NULL;
    return masked_values(w, &a, hidden, err);
}

/* numpy.ma.masked, the one element that is. */
struct value *masked_constant_of(struct known_work *w, const struct value_object *o, struct error *err)
{
    (void)o;
    return known_made_of(w, value_new(w->arena, VALUE_NONE), err);
}

/* ---- sparse ---- */

/* "csr" of csr_matrix and csr_array. */
static struct bytes format_of(const struct value *class)
{
    return bytes_of(class->global->name.data, 3);
}

static bool put(struct known_work *w, struct value *dict, const char *name, struct value *v,
                struct error *err)
{
    struct value *key = value_text(w->arena, name);
    return (key != NULL && v != NULL && value_put(w->arena, &dict->dict, key, v)) ||
           arena_fail(w->arena, err);
}

/*
 * {"format": "csr", "shape": ..., and the arrays}. The attributes are the state's: the shape is _shape, and
 * what else begins with '_' or is no array is how SciPy works, not what the matrix is.
 */
struct value *sparse_of(struct known_work *w, const struct value_object *o, struct error *err)
{
    if (o->states.count != 1 || o->states.items[0]->kind != VALUE_DICT || o->callable->kind != VALUE_GLOBAL)
        return NULL;
    const struct value_pairs *state = &o->states.items[0]->dict;
    if (!known_afford(w, state->count, 4 * sizeof *state->items))
        return NULL;
    struct value *shape = value_get(o->states.items[0], "_shape"),
                 *entries = value_get(o->states.items[0], "_dict");
    struct value *v = known_made_of(w, value_new(w->arena, VALUE_DICT), err);
    if (v == NULL || shape == NULL || shape->kind != VALUE_TUPLE)
        return NULL;
    if (!put(w, v, "format", value_str(w->arena, format_of(o->callable)), err) ||
        !put(w, v, "shape", shape, err))
        return NULL;
    for (size_t i = 0; i < state->count; i++) {
        struct value *key = state->items[i].key, *part = state->items[i].value;
        const bool parts =
            part->kind == VALUE_ARRAY || (part->kind == VALUE_TUPLE && bytes_is(key->text, "coords"));
        if (key->kind == VALUE_STR && key->text.len > 0 && key->text.data[0] != '_' && parts &&
            !value_put(w->arena, &v->dict, key, part))
            return known_made_of(w, NULL, err);
    }
    if (o->pairs.count > 0)
        entries = dict_of(w, o, err); /* by (row, column) */
    else if (known_argument_count(o) == 1 && known_argument(o, 0)->kind == VALUE_DICT)
        entries = known_argument(o, 0);
    if (entries != NULL && !put(w, v, "entries", entries, err))
        return NULL;
    return v;
}
