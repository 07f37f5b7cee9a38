/*
 * An N-dimensional array: a view of memory, or of a source that is read window by window (a dataset in a
 * file), so it may be bigger than memory. Whoever reads one uses array_cursor and sees no difference.
 */
#ifndef MANDOLINE_ARRAY_H
#define MANDOLINE_ARRAY_H

#include "arena.h"
#include "dtype.h"
#include "limits.h"

struct selection;

/* A box of a source: along each axis count elements from start, step apart (step >= 1). */
struct box {
    unsigned ndim;
    uint64_t start[DTYPE_MAX_NDIM], step[DTYPE_MAX_NDIM], count[DTYPE_MAX_NDIM];
};

/* Where the elements come from when they are not in memory. Lives as long as the arena of the array. */
struct array_source {
    void *self;
    /*
     * Reads the box, in C order, as packed elements of the array's dtype into window (capacity bytes, at
     * least elements * itemsize). 'T' elements are struct bytes that point into memory owned by the source
     * and valid until the next read; 'O' elements are values in the exchange's arena.
     */
    bool (*read)(void *self, const struct box *box, uint8_t *window, size_t capacity, struct error *err);
    /*
     * Where the elements lie as one run of packed bytes in C order, if they do: a descriptor that stays open
     * as long as the arena, and the offset of element 0. NULL, or false: they don't.
     */
    bool (*extent)(void *self, int *fd, uint64_t *offset);
    size_t best; /* bytes that are best read at a time, where the source has a wish; or 0 */
};

/* How one axis of the storage is seen. */
struct axis {
    uint64_t start;          /* first element, in storage coordinates */
    int64_t step;            /* may be negative */
    uint64_t count;          /* elements seen */
    const uint64_t *indices; /* a list of elements instead of start and step; count of them; or NULL */
    bool dropped;            /* an integer was given: count is 1 and the axis is not in the shape */
};

struct array {
    struct dtype dtype; /* of an element as it is seen */
    unsigned ndim;
    const uint64_t *shape; /* ndim of them, as it is seen */
    bool fortran;          /* memory: the elements lie in Fortran order (NumPy's fortran_order), contiguous */
    bool scalar;           /* a NumPy scalar (numpy.float64(1)), not a 0-d array; ndim is 0 */

    /* Storage: memory (data) or a source. axes is NULL where the whole storage is seen as it is. */
    const uint8_t *data;
    const int64_t
        *strides; /* memory: bytes between elements along each storage axis; NULL: packed in C order, or F */
    const struct array_source *source;
    unsigned storage_ndim;
    const uint64_t *storage_shape;
    const struct axis *axes; /* storage_ndim of them, or NULL */
};

/* Packed memory in C order (or Fortran order). data and shape are borrowed: valid as long as the array. */
struct array array_of_memory(struct dtype dtype, unsigned ndim, const uint64_t *shape, const uint8_t *data);
struct array array_of_source(struct dtype dtype, unsigned ndim, const uint64_t *shape,
                             const struct array_source *source);
/* The packed elements from offset on in a file that stays open as long as the arena. */
bool array_of_file(int fd, uint64_t offset, const struct dtype *dtype, unsigned ndim, const uint64_t *shape,
                   bool fortran, struct arena *arena, struct array *out, struct error *err);

/* Number of elements, and of bytes (elements * itemsize). False: does not fit 64 bits. */
bool array_count(const struct array *a, uint64_t *out);
bool array_size(const struct array *a, uint64_t *out);

/*
 * *out sees the part of a that the selection names (selection.h), without reading anything. The shape is
 * known at once: more elements than limits->elements is ERR_LIMIT. Applies to views too.
 */
bool array_select(const struct array *a, const struct selection *s, const struct limits *limits,
                  struct arena *arena, struct array *out, struct error *err);

/* *out sees only the named fields, in the order named; one name gives the field itself, as NumPy does. */
bool array_select_fields(const struct array *a, const struct bytes *names, size_t count, struct arena *arena,
                         struct array *out, struct error *err);

/* If all elements lie packed in C order in a file: the descriptor (open as long as the arena) and where. */
bool array_extent(const struct array *a, int *fd, uint64_t *offset, uint64_t *size);

/* Where a is said to lie in Fortran order and its data are in C order yet: lays them so, in the arena. */
bool array_turn(struct array *a, struct arena *arena, struct error *err);

/* Visits the elements in C order, in blocks of packed elements. */
struct array_cursor {
    const struct array *array;
    uint64_t at, total;    /* elements visited, elements in all */
    size_t block_elements; /* the most in one block */
    uint8_t *window;       /* the arena's, kept for the next array; NULL while views of memory can be given */
    size_t window_size;    /* bytes of it */
    uint8_t *scratch;      /* what was read and is not in order yet */
    size_t scratch_size;   /* bytes of it */
    bool packed;           /* memory that can be given as it is */
    struct watch *watch;   /* the arena's, asked before every block that is not short */
};

/*
 * *c is zeroed, or was used for another array: its window is used again where it is big enough. The window
 * takes at most window_size bytes of the arena (at least one element), and none where views of memory can be
 * given.
 */
bool array_cursor_init(struct array_cursor *c, const struct array *a, size_t window_size, struct arena *arena,
                       struct error *err);

/*
 * The next block: *out points at count packed elements of array->dtype, in its byte order, valid until the
 * next call. A count of 0 is the end.
 */
bool array_cursor_next(struct array_cursor *c, const uint8_t **out, size_t *count, struct error *err);

/* The whole of it as packed elements in C order in the arena (a view where it already lies so). */
bool array_pack(const struct array *a, struct arena *arena, const uint8_t **out, struct error *err);

#endif
