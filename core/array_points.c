#include <stdlib.h>

#include "array_copy.h"
#include "points.h"

enum { TOGETHER = 256 << 10 }; /* bytes of the storage that are read at once for points in them */

/* One point of a box that is asked for. */
struct wanted {
    uint64_t place;
    size_t to; /* in the window: elements of its row */
};

struct points_source {
    struct array_source source;
    struct array of;   /* what the points are in */
    struct array seen; /* a part of it: its axes and shape are below */
    struct points points;
    struct axis axes[DTYPE_MAX_NDIM];
    uint64_t shape[DTYPE_MAX_NDIM], seen_shape[DTYPE_MAX_NDIM];
    uint64_t *lists[DTYPE_MAX_NDIM]; /* axes of the array that are lists: room for a part of each */
    struct wanted *wanted;
    size_t wanted_room;
    struct array_cursor cursor;
    struct arena *arena;
};

/* A box over the leading axes of the array. */
struct bounds {
    uint64_t low[DTYPE_MAX_NDIM], high[DTYPE_MAX_NDIM];
};

/* ---- what is asked for ---- */

static int by_place(const void *a, const void *b)
{
    const struct wanted *x = a, *y = b;
    return x->place != y->place ? (x->place < y->place ? -1 : 1) : 0;
}

/* The points of the box, in the order of their places; *rest elements follow each of them. */
static bool want(struct points_source *s, const struct box *box, size_t *count, struct error *err)
{
    uint64_t at[DTYPE_MAX_NDIM] = {0};
    size_t n = 1;
    bool sorted = true;
    for (unsigned i = 0; i < s->points.ndim; i++)
        n *= (size_t)box->count[i];
    if (n > s->wanted_room) {
        s->wanted = arena_alloc(s->arena, n, sizeof *s->wanted);
        s->wanted_room = s->wanted == NULL ? 0 : n;
    }
    if (n > 0 && s->wanted == NULL)
        return arena_fail(s->arena, err);
    for (size_t k = 0; k < n; k++) {
        uint64_t point = 0;
        for (unsigned i = 0; i < s->points.ndim; i++)
            point = point * s->points.shape[i] + box->start[i] + at[i] * box->step[i];
        s->wanted[k] = (struct wanted){.place = s->points.places[point], .to = k};
        sorted = sorted && (k == 0 || s->wanted[k - 1].place <= s->wanted[k].place);
        for (unsigned i = s->points.ndim; i-- > 0 && ++at[i] == box->count[i];)
            at[i] = 0;
    }
    if (!sorted)
        qsort(s->wanted, n, sizeof *s->wanted, by_place);
    *count = n;
    return true;
}

static void coordinates(const struct points_source *s, uint64_t place, uint64_t *out)
{
    for (unsigned i = s->points.axes; i-- > 0; place /= s->of.shape[i])
        out[i] = place % s->of.shape[i];
}

/* Stretches the bounds to a place, if what they hold then is still read at once. */
static bool stretch(const struct points_source *s, struct bounds *b, uint64_t place, uint64_t row_bytes)
{
    uint64_t at[DTYPE_MAX_NDIM];
    struct bounds wider = *b;
    size_t size = row_bytes;
    coordinates(s, place, at);
    for (unsigned i = 0; i < s->points.axes; i++) {
        wider.low[i] = at[i] < b->low[i] ? at[i] : b->low[i];
        wider.high[i] = at[i] > b->high[i] ? at[i] : b->high[i];
        if (!checked_mul(size, wider.high[i] - wider.low[i] + 1, &size))
            return false;
    }
    if (size > TOGETHER && memcmp(&wider, b, sizeof wider) != 0)
        return false;
    *b = wider;
    return true;
}

/* ---- reading ---- */

/* A part of an axis of the array: count from start on, step apart. */
static bool narrow(struct points_source *s, unsigned i, const struct axis *old, uint64_t start, uint64_t step,
                   uint64_t count, struct error *err)
{
    struct axis *axis = &s->axes[i];
    *axis = (struct axis){.step = 1, .count = count};
    s->seen_shape[i] = count;
    if (old->indices == NULL) {
        axis->start = axis_place(old, start);
        axis->step = old->step * (int64_t)step;
        return true;
    }
    if (step == 1) {
        axis->indices = old->indices + start;
        return true;
    }
    if (s->lists[i] == NULL)
        s->lists[i] = arena_alloc(s->arena, old->count, sizeof *s->lists[i]);
    if (s->lists[i] == NULL)
        return arena_fail(s->arena, err);
    for (uint64_t k = 0; k < count; k++)
        s->lists[i][k] = old->indices[start + k * step];
    axis->indices = s->lists[i];
    return true;
}

/* s->seen: the bounds along the leading axes, the box's along the others. */
static bool aim(struct points_source *s, const struct bounds *b, const struct box *box, struct error *err)
{
    unsigned n = 0;
    for (unsigned i = 0; i < s->of.storage_ndim; i++) {
        const struct axis old = array_axis(&s->of, i);
        if (old.dropped) {
            s->axes[i] = old;
            s->seen_shape[i] = 1;
            continue;
        }
        const unsigned from =
            s->points.ndim + n - s->points.axes; /* of the box, where n is behind the points */
        const bool leading = n < s->points.axes;
        if (!narrow(s, i, &old, leading ? b->low[n] : box->start[from], leading ? 1 : box->step[from],
                    leading ? b->high[n] - b->low[n] + 1 : box->count[from], err))
            return false;
        n++;
    }
    return true;
}

/* What the bounds hold, packed. */
static bool load(struct points_source *s, size_t most, const uint8_t **out, struct error *err)
{
    size_t count;
    if (!dtype_is_flat(&s->of.dtype)) /* texts must outlive the next read: the arena keeps them */
        return array_pack(&s->seen, s->arena, out, err);
    return array_cursor_init(&s->cursor, &s->seen, most, s->arena, err) &&
           array_cursor_next(&s->cursor, out, &count, err);
}

static uint64_t inside(const struct points_source *s, const struct bounds *b, uint64_t place)
{
    uint64_t at[DTYPE_MAX_NDIM], n = 0;
    coordinates(s, place, at);
    for (unsigned i = 0; i < s->points.axes; i++)
        n = n * (b->high[i] - b->low[i] + 1) + at[i] - b->low[i];
    return n;
}

/* Points that lie near each other: as many of n as are read at once. */
static bool read_near(struct points_source *s, const struct box *box, const struct wanted *wanted, size_t n,
                      uint64_t row_bytes, uint8_t *window, size_t *done, struct error *err)
{
    struct bounds b = {0};
    const uint8_t *block;
    size_t k = 0;
    coordinates(s, wanted[0].place, b.low);
    coordinates(s, wanted[0].place, b.high);
    /* Memory is copied from at once: nothing is won by taking more. */
    while (k < n && (s->of.source == NULL ? wanted[k].place == wanted[0].place
                                          : stretch(s, &b, wanted[k].place, row_bytes)))
        k++;
    if (!aim(s, &b, box, err) || !load(s, row_bytes > TOGETHER ? (size_t)row_bytes : TOGETHER, &block, err))
        return false;
    for (size_t i = 0; i < k; i++)
        memcpy(window + wanted[i].to * row_bytes, block + inside(s, &b, wanted[i].place) * row_bytes,
               row_bytes);
    *done = k;
    return true;
}

static bool points_read(void *self, const struct box *box, uint8_t *window, size_t capacity,
                        struct error *err)
{
    struct points_source *s = self;
    uint64_t row_bytes = s->of.dtype.itemsize;
    size_t n;
    (void)capacity;
    for (unsigned i = s->points.ndim; i < box->ndim; i++)
        row_bytes *= box->count[i];
    if (!want(s, box, &n, err))
        return false;
    for (size_t i = 0, done; row_bytes > 0 && i < n; i += done)
        if (!read_near(s, box, s->wanted + i, n - i, row_bytes, window, &done, err))
            return false;
    return true;
}

/* ---- making one ---- */

static bool shape_of(struct points_source *s, unsigned *ndim, struct error *err)
{
    const unsigned rest = s->of.ndim - s->points.axes;
    if (s->points.ndim + rest > DTYPE_MAX_NDIM)
        return FAIL(err, ERR_UNSUPPORTED, ERROR_NO_OFFSET, "there would be more than %d dimensions",
                    DTYPE_MAX_NDIM);
    for (unsigned i = 0; i < s->points.ndim; i++)
        s->shape[i] = s->points.shape[i];
    for (unsigned i = 0; i < rest; i++)
        s->shape[s->points.ndim + i] = s->of.shape[s->points.axes + i];
    *ndim = s->points.ndim + rest;
    return true;
}

bool array_points(const struct array *a, const struct points *p, const struct limits *limits,
                  struct arena *arena, struct array *out, struct error *err)
{
    struct points_source *s = arena_alloc(arena, 1, sizeof *s);
    unsigned ndim;
    uint64_t count, size;
    if (s == NULL)
        return arena_fail(arena, err);
    *s = (struct points_source){
        .source = {.self = s, .read = points_read}, .of = *a, .seen = *a, .points = *p, .arena = arena};
    s->seen.ndim = a->storage_ndim;
    s->seen.shape = s->seen_shape;
    s->seen.axes = s->axes;
    s->seen.scalar = false;
    if (!shape_of(s, &ndim, err))
        return false;
    s->points.shape = s->shape;
    const struct array points = array_of_source(a->dtype, ndim, s->shape, &s->source);
    if (!array_count(&points, &count) || count > limits->elements || !array_size(&points, &size))
        return FAIL_LIMIT(err, "elements", limits->elements, "the selection has more than %llu elements",
                          (unsigned long long)limits->elements);
    *out = points;
    return true;
}
