#include "sample.h"

#include "array_copy.h"
#include "selection.h"

enum { PIECE = 16 << 10 }; /* bytes of a row that are read at once */

/* One axis as it is seen. */
struct stretch {
    uint64_t length, most;
    uint64_t chunk;   /* elements that are read together */
    uint64_t chunks;  /* of the axis */
    uint64_t touched; /* of them, at most length and most */
};

static uint64_t divided_up(uint64_t a, uint64_t b)
{
    return a / b + (a % b != 0);
}

static uint64_t lesser(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* How many elements that are seen lie in a chunk of the storage. */
static uint64_t seen_in(const struct axis *axis, uint64_t chunk)
{
    const uint64_t step = (uint64_t)(axis->step < 0 ? -axis->step : axis->step);
    const uint64_t n = axis->indices != NULL || step == 0 ? 1 : chunk / step;
    return n == 0 ? 1 : n;
}

static struct stretch stretch_of(const struct axis *axis, uint64_t most, uint64_t chunk)
{
    struct stretch s = {.length = axis->count, .most = most};
    s.chunk = seen_in(axis, chunk == 0 ? 1 : chunk);
    s.chunks = divided_up(s.length, s.chunk);
    s.touched = lesser(s.chunks, lesser(s.length, most));
    return s;
}

/* Bytes of what is read together. Beyond 64 bits: as many as fit. */
static uint64_t chunk_bytes(const struct array *a, const uint64_t *chunks)
{
    size_t bytes = a->dtype.itemsize == 0 ? 1 : a->dtype.itemsize;
    if (chunks == NULL)
        return bytes > PIECE ? bytes : PIECE;
    for (unsigned i = 0; i < a->storage_ndim; i++)
        if (!checked_mul(bytes, chunks[i] == 0 ? 1 : chunks[i], &bytes))
            return UINT64_MAX;
    return bytes;
}

static bool over(const struct stretch *stretches, unsigned n, uint64_t bytes, uint64_t budget)
{
    size_t all = bytes;
    for (unsigned i = 0; i < n; i++)
        if (!checked_mul(all, stretches[i].touched, &all))
            return true;
    return all > budget;
}

/* Halves what is touched along the longest axis until it fits. */
static void fit(struct stretch *stretches, unsigned n, uint64_t bytes, uint64_t budget)
{
    while (over(stretches, n, bytes, budget)) {
        struct stretch *longest = &stretches[0];
        for (unsigned i = 1; i < n; i++)
            if (stretches[i].touched > longest->touched)
                longest = &stretches[i];
        if (longest->touched == 1)
            return; /* one chunk is always read */
        longest->touched /= 2;
    }
}

/* Evenly spaced over the whole axis, with as much before the first as after the last. */
static struct selection_part even_part(uint64_t length, uint64_t most)
{
    const uint64_t step = divided_up(length, most), count = divided_up(length, step);
    const uint64_t start = (length - 1 - (count - 1) * step) / 2;
    return (struct selection_part){.kind = SELECT_SLICE,
                                   .has_start = true,
                                   .has_stop = true,
                                   .start = (int64_t)start,
                                   .stop = (int64_t)length,
                                   .step = (int64_t)step};
}

/* From the middle of each run of chunks one chunk, and evenly spaced elements of it. */
static bool sparse_part(const struct stretch *s, struct arena *arena, struct selection_part *out,
                        struct error *err)
{
    const uint64_t k = s->touched, q = s->chunks / k, r = s->chunks % k;
    int64_t *list = arena_alloc(arena, s->most, sizeof *list);
    size_t n = 0;
    if (list == NULL)
        return arena_fail(arena, err);
    for (uint64_t j = 0; j < k; j++) {
        const uint64_t base = (j * q + j * r / k + q / 2) * s->chunk;
        const uint64_t room = lesser(s->chunk, s->length - base), count = lesser(s->most / k, room);
        const uint64_t step = room / count, start = (room - 1 - (count - 1) * step) / 2;
        for (uint64_t i = 0; i < count; i++)
            list[n++] = (int64_t)(base + start + i * step);
    }
    *out = (struct selection_part){.kind = SELECT_LIST, .list = list, .list_count = n};
    return true;
}

static bool part_of(const struct stretch *s, struct arena *arena, struct selection_part *out,
                    struct error *err)
{
    if (s->touched < lesser(s->chunks, lesser(s->length, s->most)))
        return sparse_part(s, arena, out, err);
    *out = even_part(s->length, s->most);
    return true;
}

/* What is read together along a storage axis. */
static uint64_t chunk_along(const struct array *a, const uint64_t *chunks, unsigned i)
{
    if (a->source == NULL)
        return 1;
    if (chunks != NULL)
        return chunks[i];
    return i + 1 == a->storage_ndim && a->dtype.itemsize > 0 ? PIECE / a->dtype.itemsize : 1;
}

bool array_sample(const struct array *a, const uint64_t *most, const uint64_t *chunks, uint64_t budget,
                  const struct limits *limits, struct arena *arena, struct array *out, struct error *err)
{
    struct stretch stretches[DTYPE_MAX_NDIM];
    struct selection_part parts[DTYPE_MAX_NDIM] = {0};
    unsigned n = 0;
    for (unsigned i = 0; i < a->storage_ndim; i++) {
        const struct axis axis = array_axis(a, i);
        if (!axis.dropped) {
            stretches[n] = stretch_of(&axis, most[n], chunk_along(a, chunks, i));
            n++;
        }
    }
    if (a->source != NULL && n > 0)
        fit(stretches, n, chunk_bytes(a, chunks), budget);
    for (unsigned i = 0; i < n; i++)
        if (!part_of(&stretches[i], arena, &parts[i], err))
            return false;
    const struct selection selection = {.parts = parts, .count = n};
    return array_select(a, &selection, limits, arena, out, err);
}
