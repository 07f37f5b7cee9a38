/* What the files of array.h share: how storage is addressed, and copying between layouts. */
#ifndef MANDOLINE_ARRAY_COPY_H
#define MANDOLINE_ARRAY_COPY_H

#include "array.h"

/* Axis i of the storage as it is seen; the whole of it where the array has no axes of its own. */
struct axis array_axis(const struct array *a, unsigned i);

/* The storage coordinate of the n-th element seen along an axis. */
uint64_t axis_place(const struct axis *axis, uint64_t n);

/* Bytes between elements along each storage axis; a source counts as packed in C order. */
void array_strides(const struct array *a, int64_t *strides);

/* True when what is seen lies packed in C order, from *base bytes after element 0 of the storage. */
bool array_is_packed(const struct array *a, int64_t *base);

/* Copies count[0] * count[1] * ... items of size bytes between two layouts that do not overlap. */
struct copy {
    unsigned ndim;
    uint64_t count[DTYPE_MAX_NDIM + 1];
    uint8_t *to;
    int64_t to_stride[DTYPE_MAX_NDIM + 1];
    const uint8_t *from;
    int64_t from_stride[DTYPE_MAX_NDIM + 1];
    size_t size;
};

void copy_run(struct copy *c);

#endif
