#include "array_copy.h"

static void copy_any(uint8_t *to, int64_t to_stride, const uint8_t *from, int64_t from_stride, uint64_t n,
                     size_t size)
{
    for (; n > 0; n--, to += to_stride, from += from_stride)
        memcpy(to, from, size);
}

/* Inlined with a constant size, the copy of an item is one load and one store. */
static inline __attribute__((always_inline)) void copy_fixed(uint8_t *to, int64_t to_stride,
                                                             const uint8_t *from, int64_t from_stride,
                                                             uint64_t n, size_t size)
{
    for (; n > 0; n--, to += to_stride, from += from_stride)
        memcpy(to, from, size);
}

static void copy_line(uint8_t *to, int64_t to_stride, const uint8_t *from, int64_t from_stride, uint64_t n,
                      size_t size)
{
    if (to_stride == (int64_t)size && from_stride == (int64_t)size)
        memcpy(to, from, (size_t)n * size);
    else if (size == 1)
        copy_fixed(to, to_stride, from, from_stride, n, 1);
    else if (size == 2)
        copy_fixed(to, to_stride, from, from_stride, n, 2);
    else if (size == 4)
        copy_fixed(to, to_stride, from, from_stride, n, 4);
    else if (size == 8)
        copy_fixed(to, to_stride, from, from_stride, n, 8);
    else if (size == 16)
        copy_fixed(to, to_stride, from, from_stride, n, 16);
    else
        copy_any(to, to_stride, from, from_stride, n, size);
}

/* Axes of one item go, and two axes that are one in both layouts become one. */
static void merge_axes(struct copy *c)
{
    unsigned n = 0;
    for (unsigned i = 0; i < c->ndim; i++) {
        if (c->count[i] == 1)
            continue;
        const int64_t count = (int64_t)c->count[i];
        const bool joins = n > 0 && c->to_stride[n - 1] == count * c->to_stride[i] &&
                           c->from_stride[n - 1] == count * c->from_stride[i];
        c->count[joins ? n - 1 : n] = joins ? c->count[n - 1] * c->count[i] : c->count[i];
        n -= joins;
        c->to_stride[n] = c->to_stride[i];
        c->from_stride[n] = c->from_stride[i];
        n++;
    }
    c->ndim = n;
}

/* Moves to the next place along the axes before the last. False: that was the last place. */
static bool next_line(struct copy *c, uint64_t *place)
{
    for (unsigned i = c->ndim - 1; i-- > 0;) {
        c->to += c->to_stride[i];
        c->from += c->from_stride[i];
        if (++place[i] < c->count[i])
            return true;
        c->to -= c->to_stride[i] * (int64_t)place[i];
        c->from -= c->from_stride[i] * (int64_t)place[i];
        place[i] = 0;
    }
    return false;
}

void copy_run(struct copy *c)
{
    uint64_t place[DTYPE_MAX_NDIM + 1] = {0};
    for (unsigned i = 0; i < c->ndim; i++)
        if (c->count[i] == 0)
            return;
    if (c->size == 0)
        return;
    merge_axes(c);
    if (c->ndim == 0) {
        memcpy(c->to, c->from, c->size);
        return;
    }
    const unsigned last = c->ndim - 1;
    do
        copy_line(c->to, c->to_stride[last], c->from, c->from_stride[last], c->count[last], c->size);
    while (next_line(c, place));
}
