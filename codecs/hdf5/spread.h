/* Copying a box of elements. */
#ifndef MANDOLINE_SPREAD_H
#define MANDOLINE_SPREAD_H

#include "dtype.h"

/* Elements between two places, evenly spaced along all axes; equal ones next to each other are one run. */
struct spread {
    unsigned ndim;
    uint64_t count[DTYPE_MAX_NDIM];
    int64_t from[DTYPE_MAX_NDIM], to[DTYPE_MAX_NDIM];
    size_t run; /* bytes */
};

/* One more axis, further out than those before: count elements, from and to bytes apart. */
void spread_add(struct spread *s, uint64_t count, int64_t from, int64_t to);
void spread_copy(const struct spread *s, const uint8_t *from, uint8_t *to);

#endif
