/*
 * pandas' arrays as NumPy's: times without their zone, which is UTC (as Series.values gives them), categories
 * in place of codes, None for what is missing among integers, booleans and text, NaN among floats.
 */
#include "pandas.h"

#include <math.h>

const struct known_kind known_pandas_array = {.type = "pandas.array"};
const struct known_kind known_categorical = {.type = "pandas.Categorical"};

bool pandas_is(const struct value *class, const char *name)
{
    return class->kind == VALUE_GLOBAL && bytes_starts(class->global->module, "pandas") &&
           bytes_is(class->global->name, name);
}

struct value *pandas_state(const struct value *v)
{
    if (v->kind != VALUE_OBJECT || v->object->states.count != 1)
        return NULL;
    struct value *state = v->object->states.items[0];
    if (state->kind == VALUE_TUPLE && state->list.count == 2 && state->list.items[0]->kind == VALUE_DICT)
        state = state->list.items[0]; /* with slots */
    return pandas_is_small(state) ? state : NULL;
}

enum { OBJECT_COST = 128 }; /* bytes that an element takes as a value */

static struct value *array_new(struct known_work *w, struct dtype t, uint64_t count, const void *data,
                               struct error *err)
{
    uint64_t *shape = arena_alloc(w->arena, 1, sizeof *shape);
    if (shape == NULL)
        return known_made_of(w, NULL, err);
    *shape = count;
    const struct array a = array_of_memory(t, 1, shape, data);
    return known_made_of(w, value_array(w->arena, &a), err);
}

static bool is_na(const struct value *v)
{
    return pandas_is(v, "NA") || pandas_is(v, "NAType");
}

/* pandas.NA among objects becomes None. */
static struct value *without_na(struct known_work *w, struct value *v, struct error *err)
{
    const struct array *a = v->array;
    const uint8_t *data;
    uint64_t count, i = 0;
    if (a->dtype.kind != DTYPE_OBJECT)
        return v;
    if (!array_count(a, &count) || !known_afford(w, (size_t)count, sizeof(struct value *)) ||
        !array_pack(a, w->arena, &data, err))
        return NULL;
    struct value *const *items = (struct value *const *)(const void *)data;
    while (i < count && !is_na(items[i]))
        i++;
    if (i == count)
        return v;
    struct value **copy = arena_alloc(w->arena, (size_t)count, sizeof(struct value *));
    struct value *none = value_new(w->arena, VALUE_NONE);
    if (copy == NULL || none == NULL)
        return known_made_of(w, NULL, err);
    for (i = 0; i < count; i++)
        copy[i] = is_na(items[i]) ? none : items[i];
    const struct array plain = array_of_memory(a->dtype, a->ndim, a->shape, (const uint8_t *)copy);
    return known_made_of(w, value_array(w->arena, &plain), err);
}

struct value *pandas_range(struct known_work *w, int64_t start, int64_t step, uint64_t count,
                           struct error *err)
{
    int64_t *numbers = !known_afford(w, (size_t)count, sizeof *numbers)
                           ? NULL
                           : arena_alloc(w->arena, (size_t)count, sizeof *numbers);
    if (numbers == NULL)
        return NULL; /* more than is worth an error: it stays a range */
    for (uint64_t i = 0; i < count; i++)
        numbers[i] = (int64_t)((uint64_t)start + i * (uint64_t)step);
    return array_new(w, dtype_make(DTYPE_INT, 8), count, numbers, err);
}

struct value *pandas_array(struct known_work *w, struct value *v, struct error *err)
{
    if (v == NULL || !known_resolve(w, v, err))
        return NULL;
    v = value_meaning(v);
    if (v->kind != VALUE_ARRAY || v->array->ndim < 1 || v->array->ndim > 2)
        return NULL;
    return without_na(w, v, err);
}

/* ---- elements as values ---- */

struct value *pandas_element(struct known_work *w, const struct dtype *t, const uint8_t *p, struct error *err)
{
    uint8_t little[16];
    struct value *object;
    if (t->kind == DTYPE_OBJECT) {
        memcpy(&object, p, sizeof object);
        return object;
    }
    const bool plain = t->kind == DTYPE_BOOL || t->kind == DTYPE_INT || t->kind == DTYPE_UINT ||
                       (t->kind == DTYPE_FLOAT && t->itemsize == 8);
    if (!plain || t->itemsize > 8) {
        struct array a = array_of_memory(*t, 0, NULL, p);
        a.scalar = true;
        return known_made_of(w, value_array(w->arena, &a), err);
    }
    memset(little, 0, sizeof little);
    memcpy(little, p, t->itemsize);
    dtype_swap(t, little, 1);
    uint64_t bits;
    double real;
    memcpy(&bits, little, sizeof bits);
    memcpy(&real, little, sizeof real);
    const unsigned unused = 64 - 8 * (unsigned)t->itemsize;
    struct value *v = t->kind == DTYPE_BOOL   ? value_bool(w->arena, bits != 0)
                      : t->kind == DTYPE_INT  ? value_int(w->arena, (int64_t)(bits << unused) >> unused)
                      : t->kind == DTYPE_UINT ? value_uint(w->arena, bits)
                                              : value_float(w->arena, real);
    return known_made_of(w, v, err);
}

/* elements as objects, None where missing says so. */
static struct value *objects_of(struct known_work *w, const struct dtype *t, const uint8_t *data,
                                const uint8_t *missing, size_t count, struct error *err)
{
    if (!known_afford(w, count, OBJECT_COST))
        return NULL;
    struct value **items = arena_alloc(w->arena, count, sizeof(struct value *));
    struct value *none = value_new(w->arena, VALUE_NONE);
    if (items == NULL || none == NULL)
        return known_made_of(w, NULL, err);
    for (size_t i = 0; i < count; i++) {
        items[i] = missing[i] != 0 ? none : pandas_element(w, t, data + i * t->itemsize, err);
        if (items[i] == NULL)
            return NULL;
    }
    return array_new(w, dtype_make(DTYPE_OBJECT, sizeof(struct value *)), count, items, err);
}

/* ---- masked: {"_data": ..., "_mask": ...} ---- */

static bool is_any(const uint8_t *mask, size_t count)
{
    size_t i = 0;
    while (i < count && mask[i] == 0)
        i++;
    return i < count;
}

static struct value *floats_of(struct known_work *w, const struct dtype *t, const uint8_t *data,
                               const uint8_t *mask, size_t count, struct error *err)
{
    uint8_t *copy = arena_alloc(w->arena, count, t->itemsize);
    const double wide = NAN;
    const float narrow = NAN;
    if (copy == NULL)
        return known_made_of(w, NULL, err);
    memcpy(copy, data, count * t->itemsize);
    for (size_t i = 0; i < count; i++)
        if (mask[i] != 0)
            memcpy(copy + i * t->itemsize, t->itemsize == 8 ? (const void *)&wide : &narrow, t->itemsize);
    return array_new(w, *t, count, copy, err);
}

static struct value *masked_array(struct known_work *w, const struct value *state, struct error *err)
{
    struct value *values = pandas_array(w, value_get(state, "_data"), err);
    struct value *masks = values == NULL ? NULL : pandas_array(w, value_get(state, "_mask"), err);
    const uint8_t *data, *mask;
    if (masks == NULL)
        return NULL;
    const struct array *a = values->array, *m = masks->array;
    const struct dtype *t = &a->dtype;
    if (a->ndim != 1 || m->ndim != 1 || a->shape[0] != m->shape[0] || m->dtype.kind != DTYPE_BOOL ||
        !dtype_is_numeric(t))
        return NULL;
    if (!known_afford(w, (size_t)a->shape[0], 1 + t->itemsize) || !array_pack(a, w->arena, &data, err) ||
        !array_pack(m, w->arena, &mask, err))
        return NULL;
    const size_t count = (size_t)a->shape[0];
    if (!is_any(mask, count))
        return values;
    const bool floats = t->kind == DTYPE_FLOAT && t->order != '>' && (t->itemsize == 8 || t->itemsize == 4);
    return floats ? floats_of(w, t, data, mask, count, err) : objects_of(w, t, data, mask, count, err);
}

/* ---- categories ---- */

static int64_t code_at(const struct dtype *t, const uint8_t *p)
{
    uint64_t bits = 0;
    const unsigned unused = 64 - 8 * (unsigned)t->itemsize;
    memcpy(&bits, p, t->itemsize);
    return t->kind == DTYPE_UINT ? (int64_t)bits : (int64_t)(bits << unused) >> unused;
}

/* What stands for a missing value, where the dtype has something. */
static bool missing_of(const struct dtype *t, struct value *none, uint8_t *out)
{
    const double nan = NAN;
    const int64_t nat = INT64_MIN;
    if (t->kind == DTYPE_OBJECT)
        memcpy(out, &none, sizeof none);
    else if (t->kind == DTYPE_FLOAT && t->itemsize == 8 && t->order != '>')
        memcpy(out, &nan, sizeof nan);
    else if ((t->kind == DTYPE_DATETIME || t->kind == DTYPE_TIMEDELTA) && t->order != '>')
        memcpy(out, &nat, sizeof nat);
    else
        return false;
    return true;
}

struct taking {
    struct dtype dtype; /* of values */
    const uint8_t *values;
    uint64_t count; /* of values */
    struct dtype code;
    const uint8_t *codes;
    size_t rows;
};

/* *any: a code is -1. False: one is out of range. */
static bool check_codes(const struct taking *t, bool *any)
{
    *any = false;
    for (size_t i = 0; i < t->rows; i++) {
        const int64_t code = code_at(&t->code, t->codes + i * t->code.itemsize);
        if (code < -1 || (code >= 0 && (uint64_t)code >= t->count))
            return false;
        *any = *any || code == -1;
    }
    return true;
}

static struct value *take(struct known_work *w, const struct taking *t, const uint8_t *missing,
                          struct error *err)
{
    const size_t size = t->dtype.itemsize;
    uint8_t *out = arena_alloc(w->arena, t->rows, size);
    if (out == NULL)
        return NULL;
    for (size_t i = 0; i < t->rows; i++) {
        const int64_t code = code_at(&t->code, t->codes + i * t->code.itemsize);
        memcpy(out + i * size, code < 0 ? missing : t->values + (size_t)code * size, size);
    }
    return array_new(w, t->dtype, t->rows, out, err);
}

/* The values as objects, so that None can stand among them. */
static bool make_objects(struct known_work *w, struct taking *t, struct error *err)
{
    const uint8_t *data;
    const size_t count = (size_t)t->count;
    const uint8_t *present = arena_alloc(w->arena, count, 1);
    if (present == NULL)
        return arena_fail(w->arena, err);
    const struct value *v = objects_of(w, &t->dtype, t->values, present, count, err);
    if (v == NULL || !array_pack(v->array, w->arena, &data, err))
        return false;
    t->dtype = v->array->dtype;
    t->values = data;
    return true;
}

struct value *pandas_take(struct known_work *w, const struct array *values, struct value *codes,
                          struct error *err)
{
    struct taking t = {.dtype = values->dtype};
    uint8_t missing[16];
    bool any;
    if (values->ndim != 1 || (!dtype_is_numeric(&t.dtype) && t.dtype.kind != DTYPE_OBJECT &&
                              t.dtype.kind != DTYPE_DATETIME && t.dtype.kind != DTYPE_TIMEDELTA))
        return NULL;
    codes = pandas_array(w, codes, err);
    if (codes == NULL || codes->array->ndim != 1)
        return NULL;
    t.code = codes->array->dtype;
    t.count = values->shape[0];
    t.rows = (size_t)codes->array->shape[0];
    if ((t.code.kind != DTYPE_INT && t.code.kind != DTYPE_UINT) || t.code.order == '>')
        return NULL;
    if (!known_afford(w, t.rows, t.dtype.itemsize) || !known_afford(w, (size_t)t.count, t.dtype.itemsize) ||
        !array_pack(values, w->arena, &t.values, err) || !array_pack(codes->array, w->arena, &t.codes, err))
        return NULL;
    struct value *none = value_new(w->arena, VALUE_NONE);
    if (none == NULL)
        return known_made_of(w, NULL, err);
    if (!check_codes(&t, &any))
        return NULL;
    if (any && !missing_of(&t.dtype, none, missing) &&
        !(make_objects(w, &t, err) && missing_of(&t.dtype, none, missing)))
        return NULL;
    return take(w, &t, missing, err);
}

/* CategoricalDtype: {"categories": Index, "ordered": ...} */
static struct value *categorical(struct known_work *w, struct value *dtype, struct value *codes,
                                 struct error *err)
{
    const struct value *state = dtype == NULL ? NULL : pandas_state(dtype);
    const struct value *values = state == NULL ? NULL : pandas_array(w, value_get(state, "categories"), err);
    return values == NULL || codes == NULL ? NULL : pandas_take(w, values->array, codes, err);
}

/* ---- rows ---- */

/* Classes whose elements are those of the ndarray inside. */
static bool is_plain(const struct value *class)
{
    static const char *const names[] = {"DatetimeArray", "TimedeltaArray", "StringArray", "PandasArray",
                                        "NumpyExtensionArray"};
    for (size_t i = 0; i < ROWS(names); i++)
        if (pandas_is(class, names[i]))
            return true;
    return false;
}

/* __pyx_unpickle_NDArrayBacked(class, checksum, None), and (dtype, ndarray[, attributes]) as its state. */
struct value *pandas_backed_of(struct known_work *w, const struct value_object *o, struct error *err)
{
    const struct value *class = known_argument(o, 0);
    const struct value *state = o->states.count == 1 ? o->states.items[0] : known_argument(o, 2);
    if (state->kind != VALUE_TUPLE || state->list.count < 2)
        return NULL;
    struct value *dtype = state->list.items[0], *data = state->list.items[1];
    if (pandas_is(class, "Categorical"))
        return categorical(w, dtype, data, err);
    if (pandas_is(class, "PeriodArray"))
        return pandas_period_array(w, dtype, data, err);
    return is_plain(class) ? pandas_array(w, data, err) : NULL;
}

/* A bare instance with a dict as its state. */
struct value *pandas_array_of(struct known_work *w, const struct value_object *o, struct error *err)
{
    static const char *const plain[] = {"_ndarray", "_data"};
    const struct value object = {.kind = VALUE_OBJECT, .object = (struct value_object *)(uintptr_t)o};
    const struct value *state = pandas_state(&object);
    if (state == NULL)
        return NULL;
    if (value_get(state, "_codes") != NULL)
        return categorical(w, value_get(state, "_dtype"), value_get(state, "_codes"), err);
    if (value_get(state, "_mask") != NULL)
        return masked_array(w, state, err);
    for (size_t i = 0; i < ROWS(plain); i++)
        if (value_get(state, plain[i]) != NULL)
            return pandas_array(w, value_get(state, plain[i]), err);
    return NULL;
}
