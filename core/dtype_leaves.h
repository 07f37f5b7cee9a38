/* The plain types that a dtype is made of, with where they lie, without recursion. */
#ifndef MANDOLINE_DTYPE_LEAVES_H
#define MANDOLINE_DTYPE_LEAVES_H

#include "dtype.h"

/* type lies at offset, and again along each loop (outermost first): count times, stride bytes apart. */
struct dtype_leaf {
    const struct dtype *type;
    size_t offset;
    unsigned loops;
    uint64_t count[DTYPE_MAX_DEPTH];
    size_t stride[DTYPE_MAX_DEPTH];
};

struct dtype_leaves {
    struct dtype_leaf leaf; /* of the last call */
    const struct dtype *pending;
    struct {
        const struct dtype *record;
        size_t next, offset;
        unsigned loops;
    } frames[DTYPE_MAX_DEPTH];
    unsigned depth;
    bool too_deep;
};

struct dtype_leaves dtype_leaves_of(const struct dtype *t);

/* The next of them, in it->leaf. False: none is left, or (too_deep) the dtype is nested too deep. */
bool dtype_leaves_next(struct dtype_leaves *it);

/* Calls fn for each occurrence of the leaf in count packed elements of itemsize bytes. */
bool dtype_leaf_each(const struct dtype_leaf *leaf, uint8_t *elements, size_t count, size_t itemsize,
                     bool (*fn)(void *arg, uint8_t *at, const struct dtype *type), void *arg);

/* Number of elements of a sub-array. False: does not fit. */
bool dtype_subarray_count(const struct dtype *t, uint64_t *out);

#endif
