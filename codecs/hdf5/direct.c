#include "direct.h"

#include "chunks.h"
#include "filters.h"
#include "spread.h"

enum {
    PIECES = 128,           /* chunks that are worked on between two questions to the sandbox */
    BEST_LEAST = 256 << 10, /* bytes of a read: fewer cost too many calls ... */
    BEST_MOST = 8 << 20,    /* ... more cost too much memory */
    HANDS_MOST = CREW_MOST + 1,
    SLAB = 64 << 10, /* bytes of a plain chunk that are read at a time */
};

#define NEVER_WRITTEN UINT64_MAX

/* The part of the box that lies in one chunk. */
struct piece {
    struct chunk_place place;
    struct chunk_data *data;                              /* decoded, from the cache; or NULL */
    uint64_t number;                                      /* of the chunk */
    uint64_t from[DTYPE_MAX_NDIM], count[DTYPE_MAX_NDIM]; /* first element, in the chunk; how many */
    uint8_t *to;                                          /* where the first one goes */
    bool all;                                             /* everything that the dataset has in this chunk */
    bool known;
};

/* Who works, with memory that one chunk after the other uses. */
struct hand {
    struct crew_job job;
    struct direct *direct;
    struct filter_room room;
    struct sink stored, whole;
    struct error err;
};

struct direct {
    struct h5_file file;
    uint64_t base, object;
    struct bytes path;
    unsigned ndim;
    const uint64_t *dims, *chunk;
    uint64_t grid[DTYPE_MAX_NDIM];        /* chunks along each axis */
    int64_t chunk_stride[DTYPE_MAX_NDIM]; /* bytes */
    size_t itemsize, chunk_bytes;
    struct filter_use *filters;
    size_t filter_count;
    const uint8_t *fill; /* one element */
    struct hand *hands;
    size_t hand_count;
    struct sink question, answer;
    /* The read at hand. */
    const struct box *box;
    int64_t to_stride[DTYPE_MAX_NDIM];
    struct piece *pieces;
    size_t piece_count;
    atomic_size_t next;
    atomic_bool failed;
};

/* ---- one piece ---- */

/* Strides from the chunk to the window; filled: from one element that is the same everywhere. */
static struct spread spread_of(const struct direct *d, const struct piece *p, bool filled)
{
    struct spread s = {.run = d->itemsize};
    for (unsigned i = d->ndim; i-- > 0;)
        spread_add(&s, p->count[i], filled ? 0 : d->chunk_stride[i] * (int64_t)d->box->step[i],
                   d->to_stride[i]);
    return s;
}

/* Bytes of the chunk before the piece's first element, and after its last. */
static size_t span_of(const struct direct *d, const struct piece *p, size_t *end)
{
    size_t start = 0;
    *end = d->itemsize;
    for (unsigned i = 0; i < d->ndim; i++) {
        start += p->from[i] * (size_t)d->chunk_stride[i];
        *end += (p->from[i] + (p->count[i] - 1) * d->box->step[i]) * (size_t)d->chunk_stride[i];
    }
    return start;
}

static struct chunk_key key_of(const struct direct *d, const struct piece *p)
{
    return (struct chunk_key){d->file.identity, d->object, p->number};
}

static bool check_place(const struct direct *d, const struct piece *p, struct error *err)
{
    const uint64_t size = d->file.identity.size;
    if (p->place.at > size || p->place.size > size - p->place.at)
        return FAIL(err, ERR_SYNTAX, ERROR_NO_OFFSET,
                    "a chunk of the dataset lies beyond the end of the file");
    return p->place.size <= d->chunk_bytes + d->chunk_bytes / 8 + 65536 ||
           FAIL(err, ERR_SYNTAX, ERROR_NO_OFFSET,
                "a chunk of the dataset is stored in more bytes than it has");
}

/* A chunk without filters: only what is wanted of it is read, in slabs that stay in the processor's cache. */
static bool read_plain(const struct direct *d, const struct piece *p, const struct spread *s, struct hand *h,
                       struct error *err)
{
    size_t end;
    const size_t start = span_of(d, p, &end);
    if (p->place.size != d->chunk_bytes)
        return FAIL(err, ERR_SYNTAX, ERROR_NO_OFFSET,
                    "a chunk of the dataset is damaged: it has a wrong size");
    if (s->ndim == 0)
        return input_pread(d->file.fd, p->place.at + start, p->to, end - start, err);
    const unsigned outer = s->ndim - 1;
    const uint64_t rows = s->count[outer], stride = (uint64_t)s->from[outer];
    const size_t row = end - start - (rows - 1) * stride;
    const uint64_t most = stride < SLAB ? SLAB / stride : 1;
    struct spread slab = *s;
    h->whole.len = 0;
    uint8_t *bytes = sink_reserve(&h->whole, ((most < rows ? most : rows) - 1) * stride + row);
    if (bytes == NULL)
        return sink_fail(err);
    for (uint64_t k = 0; k < rows; k += most) {
        slab.count[outer] = most < rows - k ? most : rows - k;
        if (!input_pread(d->file.fd, p->place.at + start + k * stride, bytes,
                         (slab.count[outer] - 1) * stride + row, err))
            return false;
        spread_copy(&slab, bytes, p->to + (int64_t)k * s->to[outer]);
    }
    return true;
}

static bool undo(const struct direct *d, const struct piece *p, struct hand *h, uint8_t *out,
                 struct error *err)
{
    h->stored.len = 0;
    uint8_t *stored = sink_reserve(&h->stored, p->place.size + 1);
    if (stored == NULL)
        return sink_fail(err);
    return input_pread(d->file.fd, p->place.at, stored, p->place.size, err) &&
           filters_undo(d->filters, d->filter_count, p->place.mask, bytes_of(stored, p->place.size), out,
                        d->chunk_bytes, &h->room, err);
}

static void take(const struct direct *d, const struct piece *p, const struct spread *s, const uint8_t *chunk)
{
    size_t end;
    spread_copy(s, chunk + span_of(d, p, &end), p->to);
}

/* Some of the chunk is left for the next reader: it is kept. */
static bool read_part(const struct direct *d, const struct piece *p, const struct spread *s, struct hand *h,
                      struct error *err)
{
    const struct chunk_key key = key_of(d, p);
    struct chunk_data *data = chunk_data_new(d->chunk_bytes);
    if (data == NULL)
        return sink_fail(err);
    const bool ok = undo(d, p, h, data->bytes, err);
    if (ok) {
        take(d, p, s, data->bytes);
        chunks_put_data(&key, data, d->file.limits->chunk_cache);
    }
    chunk_data_release(data);
    return ok;
}

static bool read_all(const struct direct *d, const struct piece *p, const struct spread *s, struct hand *h,
                     struct error *err)
{
    if (s->ndim == 0 && s->run == d->chunk_bytes)
        return undo(d, p, h, p->to, err);
    h->whole.len = 0;
    uint8_t *whole = sink_reserve(&h->whole, d->chunk_bytes);
    if (whole == NULL)
        return sink_fail(err);
    if (!undo(d, p, h, whole, err))
        return false;
    take(d, p, s, whole);
    return true;
}

static bool no_filter_applies(const struct direct *d, uint32_t mask)
{
    for (size_t i = 0; i < d->filter_count; i++)
        if ((mask >> i & 1) == 0)
            return false;
    return true;
}

static bool read_piece(const struct direct *d, const struct piece *p, struct hand *h, struct error *err)
{
    const bool filled = p->data == NULL && p->place.at == NEVER_WRITTEN;
    const struct spread s = spread_of(d, p, filled);
    if (p->data != NULL)
        return take(d, p, &s, p->data->bytes), true;
    if (filled)
        return spread_copy(&s, d->fill, p->to), true;
    if (!check_place(d, p, err))
        return false;
    if (no_filter_applies(d, p->place.mask))
        return read_plain(d, p, &s, h, err);
    return p->all ? read_all(d, p, &s, h, err) : read_part(d, p, &s, h, err);
}

/* ---- many hands ---- */

static void work(struct crew_job *job)
{
    struct hand *h = (struct hand *)(void *)((uint8_t *)job - offsetof(struct hand, job));
    struct direct *d = h->direct;
    for (;;) {
        const size_t i = atomic_fetch_add(&d->next, 1);
        if (i >= d->piece_count || atomic_load(&d->failed))
            return;
        if (!watch_check(d->file.watch, &h->err) || !read_piece(d, &d->pieces[i], h, &h->err))
            atomic_store(&d->failed, true);
    }
}

static bool read_pieces(struct direct *d, struct error *err)
{
    struct crew *crew = d->file.options->crew;
    const size_t hands = d->piece_count < d->hand_count ? d->piece_count : d->hand_count;
    atomic_store(&d->next, 0);
    atomic_store(&d->failed, false);
    for (size_t i = 0; i < hands; i++)
        d->hands[i].err = (struct error){0};
    for (size_t i = 1; i < hands; i++)
        crew_offer(crew, &d->hands[i].job);
    work(&d->hands[0].job);
    for (size_t i = 1; i < hands; i++)
        crew_finish(crew, &d->hands[i].job);
    for (size_t i = 0; i < hands; i++)
        if (d->hands[i].err.kind != ERR_NONE)
            return *err = d->hands[i].err, false;
    return true;
}

/* ---- where the chunks lie ---- */

/* Asks for those that nobody has asked for. */
static bool locate(struct direct *d, struct error *err)
{
    d->question.len = d->answer.len = 0;
    for (size_t i = 0; i < d->piece_count; i++)
        if (!d->pieces[i].known && !wire_put_u64(&d->question, d->pieces[i].number, err))
            return false;
    if (d->question.len == 0)
        return true;
    const struct sandbox_request request = {.op = SANDBOX_LOCATE,
                                            .fd = d->file.fd,
                                            .identity = d->file.identity,
                                            .base = d->base,
                                            .target = d->object,
                                            .path = d->path,
                                            .most = d->file.limits->memory,
                                            .watch = d->file.watch,
                                            .payload = bytes_of(d->question.data, d->question.len)};
    if (!sandbox_call(&request, &d->answer, err))
        return false;
    struct reader r = reader_make(bytes_of(d->answer.data, d->answer.len));
    for (size_t i = 0; i < d->piece_count; i++) {
        struct piece *p = &d->pieces[i];
        const struct chunk_key key = key_of(d, p);
        if (p->known)
            continue;
        if (!reader_u64_le(&r, &p->place.at, err) || !reader_u64_le(&r, &p->place.size, err) ||
            !reader_u32_le(&r, &p->place.mask, err))
            return false;
        chunks_put_place(&key, &p->place);
    }
    return true;
}

static bool read_batch(struct direct *d, struct error *err)
{
    for (size_t i = 0; i < d->piece_count; i++) {
        struct piece *p = &d->pieces[i];
        const struct chunk_key key = key_of(d, p);
        p->known = chunks_find(&key, &p->place, &p->data);
    }
    const bool ok = locate(d, err) && read_pieces(d, err);
    for (size_t i = 0; i < d->piece_count; i++)
        chunk_data_release(d->pieces[i].data);
    d->piece_count = 0;
    return ok;
}

/* ---- the box, chunk by chunk ---- */

/* Along one axis: the elements k to end of the box lie in one chunk. */
struct stretch {
    uint64_t k, end, chunk;
};

static struct stretch stretch_at(const struct direct *d, unsigned i, uint64_t k)
{
    const struct box *b = d->box;
    const uint64_t at = b->start[i] + k * b->step[i], chunk = at / d->chunk[i];
    const uint64_t left = d->chunk[i] - at % d->chunk[i]; /* elements of the chunk from here on */
    const uint64_t n = (left - 1) / b->step[i] + 1;
    return (struct stretch){k, n < b->count[i] - k ? k + n : b->count[i], chunk};
}

static void set_piece(const struct direct *d, const struct stretch *s, uint8_t *window, struct piece *p)
{
    *p = (struct piece){.all = true};
    p->to = window;
    for (unsigned i = 0; i < d->ndim; i++) {
        const uint64_t first = s[i].chunk * d->chunk[i], left = d->dims[i] - first;
        p->number = p->number * d->grid[i] + s[i].chunk;
        p->from[i] = d->box->start[i] + s[i].k * d->box->step[i] - first;
        p->count[i] = s[i].end - s[i].k;
        p->to += (int64_t)s[i].k * d->to_stride[i];
        p->all &= p->count[i] == (left < d->chunk[i] ? left : d->chunk[i]);
    }
}

/* False: that was the last. */
static bool next_stretches(const struct direct *d, struct stretch *s)
{
    for (unsigned i = d->ndim; i-- > 0;) {
        const bool more = s[i].end < d->box->count[i];
        s[i] = stretch_at(d, i, more ? s[i].end : 0);
        if (more)
            return true;
    }
    return false;
}

/* The sandbox checks a box too; here it is our own arithmetic that must hold. *size: bytes of it. */
static bool check_box(struct direct *d, struct box *box, size_t capacity, size_t *size, struct error *err)
{
    *size = d->itemsize;
    if (box->ndim != d->ndim)
        return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "the box has %u dimensions, the dataset %u",
                    box->ndim, d->ndim);
    for (unsigned i = d->ndim; i-- > 0;) {
        d->to_stride[i] = (int64_t)*size;
        if (box->count[i] < 2 || box->step[i] == 0)
            box->step[i] = 1;
        if (!checked_mul(*size, (size_t)box->count[i], size) || *size > capacity)
            return FAIL(err, ERR_INTERNAL, ERROR_NO_OFFSET, "the window is too small for the box");
        if (box->count[i] > 0 && (box->start[i] >= d->dims[i] ||
                                  (d->dims[i] - 1 - box->start[i]) / box->step[i] < box->count[i] - 1))
            return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "the box lies outside of the dataset");
    }
    return true;
}

bool direct_read(struct direct *d, const struct box *asked, uint8_t *window, size_t capacity,
                 struct error *err)
{
    struct stretch s[DTYPE_MAX_NDIM];
    struct box box = *asked;
    size_t size;
    if (!check_box(d, &box, capacity, &size, err))
        return false;
    if (size == 0)
        return true;
    d->box = &box;
    d->piece_count = 0;
    for (unsigned i = 0; i < d->ndim; i++)
        s[i] = stretch_at(d, i, 0);
    do {
        set_piece(d, s, window, &d->pieces[d->piece_count++]);
        if (d->piece_count == PIECES && !read_batch(d, err))
            return false;
    } while (next_stretches(d, s));
    return read_batch(d, err);
}

/* ---- which datasets ---- */

bool direct_has_holes(const struct dtype *t, struct arena *arena, bool *holes, struct error *err)
{
    uint8_t *element = arena_alloc(arena, 1, t->itemsize);
    if (element == NULL)
        return arena_fail(arena, err);
    memset(element, 0xff, t->itemsize);
    if (!dtype_clear_holes(t, element, 1, arena, err))
        return false;
    *holes = memchr(element, 0, t->itemsize) != NULL;
    return true;
}

/* Sizes and the grid. False: it is not for us. */
static bool measure(struct direct *d)
{
    size_t bytes = d->itemsize;
    for (unsigned i = d->ndim; i-- > 0;) {
        d->chunk_stride[i] = (int64_t)bytes;
        if (d->chunk[i] == 0 || !checked_mul(bytes, (size_t)d->chunk[i], &bytes) ||
            bytes > FILTERS_CHUNK_MOST)
            return false;
        d->grid[i] = d->dims[i] / d->chunk[i] + (d->dims[i] % d->chunk[i] != 0);
    }
    d->chunk_bytes = bytes;
    return bytes > 0;
}

static bool set_filters(struct direct *d, const struct h5_object *o, struct arena *arena, struct error *err)
{
    d->filters = arena_alloc(arena, o->filter_count, sizeof *d->filters);
    if (d->filters == NULL)
        return arena_fail(arena, err);
    for (size_t i = 0; i < o->filter_count; i++)
        d->filters[i] = (struct filter_use){(uint32_t)o->filters[i].id, o->filters[i].parameters,
                                            o->filters[i].parameter_count};
    d->filter_count = o->filter_count;
    return true;
}

static void drop(void *arg)
{
    struct direct *d = arg;
    for (size_t i = 0; i < d->hand_count; i++) {
        filter_room_deinit(&d->hands[i].room);
        sink_deinit(&d->hands[i].stored);
        sink_deinit(&d->hands[i].whole);
    }
    sink_deinit(&d->question);
    sink_deinit(&d->answer);
}

static bool set_hands(struct direct *d, struct arena *arena, struct error *err)
{
    const size_t hands = crew_hands(d->file.options->crew);
    const size_t count = hands < HANDS_MOST ? hands : HANDS_MOST;
    d->hands = arena_alloc(arena, count, sizeof *d->hands);
    d->pieces = arena_alloc(arena, PIECES, sizeof *d->pieces);
    if (d->hands == NULL || d->pieces == NULL || !arena_defer(arena, drop, d))
        return arena_fail(arena, err);
    for (size_t i = 0; i < count; i++) {
        d->hands[i].job.run = work;
        d->hands[i].job.leaf = true;
        d->hands[i].direct = d;
        d->hands[i].stored.account = d->hands[i].whole.account = arena_account(arena);
    }
    d->hand_count = count;
    return true;
}

/* Zeros, unless the file says otherwise. */
static bool set_fill(struct direct *d, const struct h5_object *o, struct arena *arena, struct error *err)
{
    uint8_t *zeros = arena_alloc(arena, 1, d->itemsize);
    d->fill = o->has_fill ? o->fill.data : zeros;
    return zeros != NULL || arena_fail(arena, err);
}

bool direct_new(const struct h5_file *f, const struct h5_object *o, struct arena *arena, struct direct **out,
                struct error *err)
{
    bool holes;
    *out = NULL;
    if (f->options->hdf5_path == HDF5_LIBRARY || !o->plain || o->chunks == NULL || o->shape.ndim == 0 ||
        (o->has_fill && o->fill.len != o->shape.dtype.itemsize))
        return true;
    struct direct *d = arena_alloc(arena, 1, sizeof *d);
    if (d == NULL)
        return arena_fail(arena, err);
    d->file = *f;
    d->base = o->base;
    d->object = o->object;
    d->path = o->path;
    d->ndim = o->shape.ndim;
    d->dims = o->shape.dims;
    d->chunk = o->chunks;
    d->itemsize = o->shape.dtype.itemsize;
    if (!measure(d) || d->chunk_bytes > f->limits->chunk_cache)
        return true;
    if (!set_filters(d, o, arena, err) || !direct_has_holes(&o->shape.dtype, arena, &holes, err))
        return false;
    if (holes || !filters_known(d->filters, d->filter_count))
        return true;
    if (!set_fill(d, o, arena, err) || !set_hands(d, arena, err))
        return false;
    *out = d;
    return true;
}

size_t direct_best(const struct direct *d)
{
    size_t wanted = d->chunk_bytes * d->hand_count, band = d->chunk_bytes;
    for (unsigned i = 1; i < d->ndim && band < BEST_MOST; i++)
        band = band / d->chunk[i] * d->dims[i];
    if (wanted < BEST_LEAST)
        wanted = BEST_LEAST;
    if (band == 0 || band > BEST_MOST)
        return BEST_MOST;
    const size_t bands = (wanted + band - 1) / band;
    return bands * band > BEST_MOST ? (BEST_MOST / band) * band : bands * band;
}
