#include "array.h"

#include "array_copy.h"
#include "selection.h"

struct array array_of_memory(struct dtype dtype, unsigned ndim, const uint64_t *shape, const uint8_t *data)
{
    return (struct array){.dtype = dtype,
                          .ndim = ndim,
                          .shape = shape,
                          .data = data,
                          .storage_ndim = ndim,
                          .storage_shape = shape};
}

struct array array_of_source(struct dtype dtype, unsigned ndim, const uint64_t *shape,
                             const struct array_source *source)
{
    return (struct array){.dtype = dtype,
                          .ndim = ndim,
                          .shape = shape,
                          .source = source,
                          .storage_ndim = ndim,
                          .storage_shape = shape};
}

/* A zero anywhere makes the product zero, however big the others are. */
static bool product_of(const uint64_t *shape, unsigned ndim, uint64_t *out)
{
    size_t product = 1;
    for (unsigned i = 0; i < ndim; i++)
        if (shape[i] == 0)
            return *out = 0, true;
    for (unsigned i = 0; i < ndim; i++)
        if (!checked_mul(product, shape[i], &product))
            return false;
    *out = product;
    return true;
}

bool array_count(const struct array *a, uint64_t *out)
{
    return product_of(a->shape, a->ndim, out);
}

bool array_size(const struct array *a, uint64_t *out)
{
    uint64_t count;
    size_t size;
    if (!array_count(a, &count) || !checked_mul(count, a->dtype.itemsize, &size))
        return false;
    *out = size;
    return true;
}

/* ---- how the storage is addressed ---- */

struct axis array_axis(const struct array *a, unsigned i)
{
    return a->axes != NULL ? a->axes[i] : (struct axis){.step = 1, .count = a->storage_shape[i]};
}

uint64_t axis_place(const struct axis *axis, uint64_t n)
{
    return axis->indices != NULL ? axis->indices[n] : axis->start + (uint64_t)axis->step * n;
}

void array_strides(const struct array *a, int64_t *strides)
{
    uint64_t stride = a->dtype.itemsize;
    for (unsigned i = 0; i < a->storage_ndim; i++) {
        const unsigned axis = a->fortran ? i : a->storage_ndim - 1 - i;
        strides[axis] = (int64_t)stride;
        stride *= a->storage_shape[axis];
    }
    if (a->strides != NULL)
        memcpy(strides, a->strides, a->storage_ndim * sizeof *strides);
}

bool array_is_packed(const struct array *a, int64_t *base)
{
    int64_t strides[DTYPE_MAX_NDIM];
    int64_t expected = (int64_t)a->dtype.itemsize;
    array_strides(a, strides);
    *base = 0;
    for (unsigned i = a->storage_ndim; i-- > 0;) {
        const struct axis axis = array_axis(a, i);
        if (axis.count == 0)
            return false;
        *base += (int64_t)axis_place(&axis, 0) * strides[i];
        if (axis.count == 1)
            continue;
        if (axis.indices != NULL || axis.step * strides[i] != expected)
            return false;
        expected *= (int64_t)axis.count;
    }
    return true;
}

bool array_extent(const struct array *a, int *fd, uint64_t *offset, uint64_t *size)
{
    int64_t base;
    int file;
    uint64_t start;
    if (a->source == NULL || a->source->extent == NULL || !array_is_packed(a, &base) ||
        !array_size(a, size) || !a->source->extent(a->source->self, &file, &start))
        return false;
    *fd = file;
    *offset = start + (uint64_t)base;
    return true;
}

/* ---- selecting ---- */

/* What picked sees of what old sees of the storage. */
static bool axis_compose(const struct axis *old, const struct axis *picked, struct arena *arena,
                         struct axis *out, struct error *err)
{
    *out = (struct axis){.step = 1, .count = picked->count, .dropped = picked->dropped};
    if (picked->count == 0)
        return true;
    if (old->indices == NULL && picked->indices == NULL) {
        out->start = axis_place(old, picked->start);
        if (picked->count > 1)
            out->step = old->step * picked->step;
        return true;
    }
    if (picked->dropped) {
        out->start = axis_place(old, picked->start);
        return true;
    }
    uint64_t *indices = arena_alloc(arena, picked->count, sizeof *indices);
    if (indices == NULL)
        return arena_fail(arena, err);
    for (uint64_t i = 0; i < picked->count; i++)
        indices[i] = axis_place(old, axis_place(picked, i));
    out->indices = indices;
    return true;
}

/* One axis for each of the storage: those that were dropped before stay so. */
static bool compose(const struct array *a, const struct axis *picked, struct arena *arena, struct axis *axes,
                    struct error *err)
{
    unsigned seen = 0;
    for (unsigned i = 0; i < a->storage_ndim; i++) {
        const struct axis old = array_axis(a, i);
        if (old.dropped)
            axes[i] = old;
        else if (!axis_compose(&old, &picked[seen++], arena, &axes[i], err))
            return false;
    }
    return true;
}

static bool check_elements(const struct array *a, const struct limits *limits, struct error *err)
{
    uint64_t count, size;
    if (!array_count(a, &count) || count > limits->elements || !array_size(a, &size))
        return FAIL_LIMIT(err, "elements", limits->elements, "the selection has more than %llu elements",
                          (unsigned long long)limits->elements);
    return true;
}

/* NumPy: integers for all axes give a scalar, an ellipsis among them an array without dimensions. */
static bool gives_scalar(const struct array *a, const struct selection *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->parts[i].kind == SELECT_ELLIPSIS)
            return false;
    return a->scalar || (s->count > 0 && dtype_is_flat(&a->dtype));
}

bool array_select(const struct array *a, const struct selection *s, const struct limits *limits,
                  struct arena *arena, struct array *out, struct error *err)
{
    struct axis *picked;
    if (!selection_resolve(s, a->ndim, a->shape, arena, &picked, err))
        return false;
    uint64_t *shape = arena_alloc(arena, a->ndim, sizeof *shape);
    struct axis *axes = arena_alloc(arena, a->storage_ndim, sizeof *axes);
    if (shape == NULL || axes == NULL)
        return arena_fail(arena, err);
    struct array view = *a;
    view.ndim = 0;
    for (unsigned i = 0; i < a->ndim; i++)
        if (!picked[i].dropped)
            shape[view.ndim++] = picked[i].count;
    view.shape = shape;
    view.axes = axes;
    view.scalar = view.ndim == 0 && gives_scalar(a, s);
    if (!check_elements(&view, limits, err) || !compose(a, picked, arena, axes, err))
        return false;
    *out = view;
    return true;
}

/* The place in Fortran order of the index-th element in C order. */
static uint64_t fortran_index(const struct array *a, uint64_t index)
{
    uint64_t at = 0, before = 1;
    for (unsigned axis = 0; axis < a->ndim; axis++)
        before *= a->shape[axis];
    for (unsigned axis = a->ndim; axis-- > 0;) {
        before /= a->shape[axis]; /* elements that one step along this axis passes */
        at += index % a->shape[axis] * before;
        index /= a->shape[axis];
    }
    return at;
}

bool array_turn(struct array *a, struct arena *arena, struct error *err)
{
    uint64_t count;
    if (!a->fortran || !array_count(a, &count) || count == 0)
        return true;
    const size_t size = a->dtype.itemsize;
    uint8_t *to = arena_alloc(arena, (size_t)count, size);
    if (to == NULL)
        return arena_fail(arena, err);
    for (uint64_t i = 0; i < count; i++)
        memcpy(to + fortran_index(a, i) * size, a->data + i * size, size);
    a->data = to;
    return true;
}
