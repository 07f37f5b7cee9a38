/* Sparse arrays, as the dense ones that they stand for. */
#include "pandas.h"

/* Where values stand: at these places, or in runs. */
struct places {
    const uint8_t *first,
        *lengths; /* int32, wherever they lie in the body; lengths NULL: each place by itself */
    size_t count;
    uint64_t length; /* of the dense array */
};

static const uint8_t *int32s(struct known_work *w, struct value *v, size_t *count, struct error *err)
{
    const uint8_t *data;
    const struct value *a = pandas_array(w, v, err);
    if (a == NULL || a->array->ndim != 1 || a->array->dtype.kind != DTYPE_INT ||
        a->array->dtype.itemsize != 4 || a->array->dtype.order == '>' ||
        !known_afford(w, (size_t)a->array->shape[0], 4) || !array_pack(a->array, w->arena, &data, err))
        return NULL;
    *count = (size_t)a->array->shape[0];
    return data;
}

/* IntIndex(length, indices) or BlockIndex(length, blocs, blengths). */
static bool places_of(struct known_work *w, const struct value *index, struct places *out, struct error *err)
{
    size_t lengths;
    if (index == NULL || index->kind != VALUE_OBJECT)
        return false;
    const struct value_object *o = index->object;
    const struct value_list *args = &o->args->list;
    const bool blocks = pandas_is(o->callable, "BlockIndex");
    if ((!blocks && !pandas_is(o->callable, "IntIndex")) || args->count != 2 + (size_t)blocks ||
        args->items[0]->kind != VALUE_INT || args->items[0]->integer < 0)
        return false;
    out->length = (uint64_t)args->items[0]->integer;
    out->first = int32s(w, args->items[1], &out->count, err);
    if (out->first == NULL || !blocks)
        return out->first != NULL;
    out->lengths = int32s(w, args->items[2], &lengths, err);
    return out->lengths != NULL && lengths == out->count;
}

/* A fill value as an element. False: it is none of that dtype. */
static bool fill_element(const struct value *fill, const struct dtype *t, uint8_t out[8])
{
    const bool whole = fill->kind == VALUE_INT, number = whole || fill->kind == VALUE_FLOAT;
    if (t->kind == DTYPE_FLOAT && number && (t->itemsize == 8 || t->itemsize == 4)) {
        const double real = whole ? (double)fill->integer : fill->real;
        const float single = (float)real;
        memcpy(out, t->itemsize == 8 ? (const void *)&real : &single, t->itemsize);
        return true;
    }
    if ((t->kind == DTYPE_INT || t->kind == DTYPE_UINT) && whole && t->itemsize <= 8) {
        memcpy(out, &fill->integer, t->itemsize);
        return true;
    }
    if (t->kind != DTYPE_BOOL || fill->kind != VALUE_BOOL)
        return false;
    out[0] = fill->boolean;
    return true;
}

static int32_t int32_at(const uint8_t *p, size_t i)
{
    int32_t n;
    memcpy(&n, p + sizeof n * i, sizeof n);
    return n;
}

/* The values at their places; false: they are not as many, or lie outside. */
static bool scatter(const struct places *p, const uint8_t *values, size_t count, size_t itemsize,
                    uint8_t *out)
{
    size_t taken = 0;
    for (size_t i = 0; i < p->count; i++) {
        const int64_t first = int32_at(p->first, i), n = p->lengths == NULL ? 1 : int32_at(p->lengths, i);
        if (first < 0 || n < 0 || (uint64_t)(first + n) > p->length || (uint64_t)n > count - taken)
            return false;
        memcpy(out + (size_t)first * itemsize, values + taken * itemsize, (size_t)n * itemsize);
        taken += (size_t)n;
    }
    return taken == count;
}

/* {"_sparse_index": ..., "_sparse_values": ..., "_dtype": SparseDtype} */
struct value *pandas_sparse_of(struct known_work *w, const struct value_object *o, struct error *err)
{
    const struct value object = {.kind = VALUE_OBJECT, .object = (struct value_object *)(uintptr_t)o};
    const struct value *state = pandas_state(&object);
    const struct value *type = state == NULL ? NULL : value_get(state, "_dtype");
    const struct value *members = type == NULL ? NULL : pandas_state(type);
    const struct value *fill = members == NULL ? NULL : value_get(members, "_fill_value");
    struct value *packed = fill == NULL ? NULL : value_get(state, "_sparse_values");
    const struct value *values = packed == NULL ? NULL : pandas_array(w, packed, err);
    struct places p = {0};
    uint8_t element[8] = {0};
    const uint8_t *data;
    if (values == NULL || values->array->ndim != 1 || values->array->dtype.order == '>' ||
        !fill_element(fill, &values->array->dtype, element) ||
        !places_of(w, value_get(state, "_sparse_index"), &p, err))
        return NULL;
    const size_t itemsize = values->array->dtype.itemsize;
    if (!known_afford(w, p.length, itemsize) || !known_afford(w, (size_t)values->array->shape[0], itemsize) ||
        !array_pack(values->array, w->arena, &data, err))
        return NULL;
    uint64_t *shape = arena_alloc(w->arena, 1, sizeof *shape);
    uint8_t *out = arena_alloc(w->arena, p.length, itemsize);
    if (shape == NULL || out == NULL)
        return known_made_of(w, NULL, err);
    for (uint64_t i = 0; i < p.length; i++)
        memcpy(out + i * itemsize, element, itemsize);
    if (!scatter(&p, data, (size_t)values->array->shape[0], itemsize, out))
        return NULL;
    *shape = p.length;
    const struct array a = array_of_memory(values->array->dtype, 1, shape, out);
    return known_made_of(w, value_array(w->arena, &a), err);
}
