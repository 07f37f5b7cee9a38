/*
 * Chunks that were never written, of elements of variable length: the library puts the fill value into the
 * file's heap before it reads one, and fails where it may not write. So such chunks are left out when the
 * others are read, one by one.
 */
#include "worker.h"

struct fill {
    hid_t type;
    uint8_t *value; /* the library's form, with memory of its own */
};

static void fill_drop(void *self)
{
    const struct fill *f = self;
    const hid_t one = H5Screate(H5S_SCALAR);
    if (one >= 0) {
        H5Dvlen_reclaim(f->type, one, H5P_DEFAULT, f->value);
        H5Sclose(one);
    }
}

static bool fill_get(const struct open_dataset *d, hid_t plist, struct arena *arena, const uint8_t **out,
                     struct error *err)
{
    struct fill *f = arena_alloc(arena, 1, sizeof *f);
    if (f == NULL || (f->value = arena_alloc(arena, 1, d->type.memory_size)) == NULL ||
        !arena_defer(arena, fill_drop, f))
        return arena_fail(arena, err);
    f->type = d->type.memory;
    *out = f->value;
    return H5Pget_fill_value(plist, f->type, f->value) >= 0 ||
           library_fail(err, ERR_SYNTAX, "the fill value cannot be read");
}

/* ---- chunk by chunk ---- */

/* What of the box is in one chunk, along one axis: places in the box. */
struct span {
    uint64_t from, to; /* behind the last */
};

struct pieces {
    const struct open_dataset *d;
    const struct box *box;
    hsize_t chunk[H5S_MAX_RANK];
    hsize_t at[H5S_MAX_RANK]; /* where the chunk begins */
    struct span spans[H5S_MAX_RANK];
};

/* The span that begins at place `from` of the box. */
static void span_from(struct pieces *p, unsigned axis, uint64_t from)
{
    const uint64_t start = p->box->start[axis], count = p->box->count[axis];
    const uint64_t step = p->box->step[axis] == 0 ? 1 : p->box->step[axis];
    const uint64_t first = start + from * step, within = first % p->chunk[axis];
    const uint64_t more = (p->chunk[axis] - 1 - within) / step;
    p->at[axis] = first - within;
    p->spans[axis] = (struct span){from, count - from > more ? from + more + 1 : count};
}

/* The next chunk in C order. False: that was the last. */
static bool next_piece(struct pieces *p)
{
    for (unsigned axis = p->d->ndim; axis-- > 0;) {
        if (p->spans[axis].to < p->box->count[axis]) {
            span_from(p, axis, p->spans[axis].to);
            return true;
        }
        span_from(p, axis, 0);
    }
    return false;
}

static bool read_piece(const struct pieces *p, hid_t memory_space, hid_t transfer, uint8_t *out,
                       struct error *err)
{
    hsize_t start[H5S_MAX_RANK], step[H5S_MAX_RANK], count[H5S_MAX_RANK], place[H5S_MAX_RANK];
    for (unsigned i = 0; i < p->d->ndim; i++) {
        step[i] = p->box->step[i] == 0 ? 1 : p->box->step[i];
        place[i] = p->spans[i].from;
        start[i] = p->box->start[i] + place[i] * step[i];
        count[i] = p->spans[i].to - place[i];
    }
    if (H5Sselect_hyperslab(p->d->space, H5S_SELECT_SET, start, step, count, NULL) < 0 ||
        H5Sselect_hyperslab(memory_space, H5S_SELECT_SET, place, NULL, count, NULL) < 0 ||
        H5Dread(p->d->id, p->d->type.memory, memory_space, p->d->space, transfer, out) < 0)
        return library_fail(err, ERR_SYNTAX, "the dataset cannot be read");
    return true;
}

bool has_unwritten(const struct open_dataset *d)
{
    H5D_fill_value_t fill = H5D_FILL_VALUE_UNDEFINED;
    AUTO(close_plist) hid_t plist = H5Dget_create_plist(d->id);
    return plist >= 0 && !d->type.flat && d->ndim > 0 && H5Pget_layout(plist) == H5D_CHUNKED &&
           H5Pfill_value_defined(plist, &fill) >= 0 && fill == H5D_FILL_VALUE_USER_DEFINED;
}

bool read_written(const struct open_dataset *d, const struct box *box, hid_t memory_space, hid_t transfer,
                  uint8_t *out, size_t count, struct arena *arena, struct error *err)
{
    struct pieces p = {.d = d, .box = box};
    const uint8_t *value;
    AUTO(close_plist) hid_t plist = H5Dget_create_plist(d->id);
    if (plist < 0 || H5Pget_chunk(plist, (int)d->ndim, p.chunk) != (int)d->ndim)
        return library_fail(err, ERR_SYNTAX, "the dataset cannot be read");
    if (!fill_get(d, plist, arena, &value, err))
        return false;
    for (size_t i = 0; i < count; i++)
        memcpy(out + i * d->type.memory_size, value, d->type.memory_size);
    for (unsigned i = 0; i < d->ndim; i++)
        span_from(&p, i, 0);
    do {
        hsize_t size;
        if (!chunk_stored(d, p.at, &size))
            return FAIL(err, ERR_SYNTAX, ERROR_NO_OFFSET, "a chunk of the dataset cannot be found");
        if (size > 0 && !read_piece(&p, memory_space, transfer, out, err))
            return false;
    } while (next_piece(&p));
    return true;
}
