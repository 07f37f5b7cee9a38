/* NumPy's dtypes, arrays and scalars from the calls that pickle them (numpy's __reduce__ and __setstate__).
 */
#include "machine.h"

#include "known.h"
#include "record.h"

static struct value *argument(const struct value *v, size_t i)
{
    return v->object->args->list.items[i];
}

/* numpy.dtype(code, align, copy) and one state. */
bool numpy_dtype(struct machine *m, struct value *v, struct error *err)
{
    struct dtype t;
    if (!known_dtype(argument(v, 0)->text, &v->object->states, m->arena, &t, err))
        return false;
    struct dtype *copy = arena_alloc(m->arena, 1, sizeof *copy);
    if (copy == NULL)
        return arena_fail(m->arena, err);
    *copy = t;
    v->kind = VALUE_DTYPE;
    v->dtype = copy;
    return true;
}

static bool is_ndarray(const struct value_global *g)
{
    return bytes_is(g->name, "ndarray") &&
           (bytes_is(g->module, "numpy") || bytes_is(g->module, "numpy.core.multiarray"));
}

bool numpy_become(struct machine *m, struct value *v, const struct array *a, struct error *err)
{
    struct array *copy = arena_alloc(m->arena, 1, sizeof *copy);
    if (copy == NULL)
        return arena_fail(m->arena, err);
    *copy = *a;
    v->kind = VALUE_ARRAY;
    v->array = copy;
    return true;
}

/*
 * _reconstruct(ndarray, (0,), b'b') and the state ([version,] shape, dtype, is_fortran, bytes or list).
 * Records that have objects stay one, since HDF5 has no such type: the array is what it means (known/).
 */
bool numpy_reconstruct(struct machine *m, struct value *v, struct error *err)
{
    const struct value_list *states = &v->object->states;
    struct array a;
    return is_ndarray(argument(v, 0)->global) && states->count == 1 &&
           states->items[0]->kind == VALUE_TUPLE &&
           known_array_of_state(&states->items[0]->list, m->arena, &a, err) && !dtype_is_mixed(&a.dtype) &&
           numpy_become(m, v, &a, err);
}

/* _frombuffer(buffer, dtype, shape, 'C' or 'F'): protocol 5. */
bool numpy_frombuffer(struct machine *m, struct value *v, struct error *err)
{
    const struct bytes order = argument(v, 3)->text;
    struct array a;
    struct bytes raw;
    return (bytes_is(order, "C") || bytes_is(order, "F")) && value_raw(argument(v, 0), m->arena, &raw, err) &&
           known_flat_array(argument(v, 1)->dtype, argument(v, 2), order.data[0] == 'F', raw, m->arena, &a,
                            err) &&
           numpy_become(m, v, &a, err);
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
    return numpy_become(m, v, &a, err);
}
