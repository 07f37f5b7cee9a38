/*
 * Stored chunks from one file to another as they are: no filter runs. Only between datasets of one type,
 * shape, chunk and filters, so that the same bytes mean the same elements.
 */
#include "write.h"

enum {
    PIECE_BYTES = 16 << 20, /* after so many bytes, or */
    PIECE_PLACES = 4096,    /* places of chunks, a call ends */
    SPARSE = 4,             /* with more places for each chunk that is there, elements are copied instead */
    FEW_PLACES = 1024,      /* which is never many; */
    FEW_CHUNKS = 2000,      /* but so few are asked for by number, which takes the library longer each time */
};

struct copying {
    hid_t from, to, space;
    unsigned ndim;
    hsize_t shape[H5S_MAX_RANK], chunk[H5S_MAX_RANK], places[H5S_MAX_RANK];
    uint64_t total; /* places of chunks, or chunks */
    bool by_number;
    struct bytes room;
};

static bool same_filters(hid_t a, hid_t b)
{
    const int count = H5Pget_nfilters(a);
    if (count < 0 || H5Pget_nfilters(b) != count)
        return false;
    for (int i = 0; i < count; i++) {
        unsigned flags, config, x[255], y[255];
        size_t n = ROWS(x), m = ROWS(y);
        const H5Z_filter_t id = H5Pget_filter2(a, (unsigned)i, &flags, &n, x, 0, NULL, &config);
        if (id < 0 || H5Pget_filter2(b, (unsigned)i, &flags, &m, y, 0, NULL, &config) != id || n != m ||
            n > ROWS(x) || memcmp(x, y, n * sizeof *x) != 0)
            return false;
    }
    return true;
}

static bool same_type(hid_t a, hid_t b)
{
    AUTO(close_type) hid_t x = H5Dget_type(a);
    AUTO(close_type) hid_t y = H5Dget_type(b);
    return H5Tequal(x, y) > 0 && H5Tdetect_class(x, H5T_VLEN) == 0 && H5Tdetect_class(x, H5T_REFERENCE) == 0;
}

/* Few enough places for the chunks that are there, or few chunks. */
static bool count_places(struct copying *c)
{
    hsize_t there = 0;
    c->total = 1;
    for (unsigned i = 0; i < c->ndim; i++) {
        c->places[i] = c->shape[i] / c->chunk[i] + (c->shape[i] % c->chunk[i] != 0);
        if (__builtin_mul_overflow(c->total, (uint64_t)c->places[i], &c->total))
            return false;
    }
    if (H5Dget_num_chunks(c->from, c->space, &there) < 0 || c->total > UINT64_MAX / 2)
        return false;
    if (c->total <= FEW_PLACES || c->total / SPARSE <= there)
        return true;
    c->by_number = true;
    c->total = there;
    return there <= FEW_CHUNKS;
}

static bool alike(struct copying *c)
{
    hsize_t shape[H5S_MAX_RANK], chunk[H5S_MAX_RANK];
    AUTO(close_plist) hid_t a = H5Dget_create_plist(c->from);
    AUTO(close_plist) hid_t b = H5Dget_create_plist(c->to);
    AUTO(close_space) hid_t space = H5Dget_space(c->to);
    if (H5Pget_layout(a) != H5D_CHUNKED || H5Pget_layout(b) != H5D_CHUNKED || !same_filters(a, b) ||
        !same_type(c->from, c->to))
        return false;
    const int ndim = H5Sget_simple_extent_dims(c->space, c->shape, NULL);
    if (ndim < 1 || H5Sget_simple_extent_dims(space, shape, NULL) != ndim ||
        H5Pget_chunk(a, ndim, c->chunk) != ndim || H5Pget_chunk(b, ndim, chunk) != ndim)
        return false;
    c->ndim = (unsigned)ndim;
    for (unsigned i = 0; i < c->ndim; i++)
        if (shape[i] != c->shape[i] || chunk[i] != c->chunk[i] || chunk[i] == 0)
            return false;
    return count_places(c);
}

/* Where a chunk is in the dataset, and how long it is stored: 0 where there is none. */
static bool find_chunk(const struct copying *c, uint64_t place, hsize_t *offset, hsize_t *size)
{
    unsigned mask = 0;
    haddr_t address = 0;
    *size = 0;
    if (c->by_number)
        return H5Dget_chunk_info(c->from, c->space, place, offset, &mask, &address, size) >= 0;
    for (unsigned i = c->ndim; i-- > 0; place /= c->places[i])
        offset[i] = place % c->places[i] * c->chunk[i];
    if (H5Dget_chunk_info_by_coord(c->from, offset, &mask, &address, size) < 0)
        return false;
    *size = address == (haddr_t)-1 ? 0 : *size;
    return true;
}

static bool is_inside(const struct copying *c, const hsize_t *offset)
{
    for (unsigned i = 0; i < c->ndim; i++)
        if (offset[i] >= c->shape[i])
            return false;
    return true;
}

/* The chunk at a place, if it is there. */
static bool copy_chunk(struct copying *c, uint64_t place, const struct session *s, struct arena *arena,
                       size_t *copied, struct error *err)
{
    hsize_t offset[H5S_MAX_RANK], size;
    if (!find_chunk(c, place, offset, &size))
        return library_fail(err, ERR_SYNTAX, "the dataset is damaged");
    if (size == 0 || !is_inside(c, offset))
        return true;
    if (size > CHUNK_MAX)
        return FAIL(err, ERR_SYNTAX, ERROR_NO_OFFSET, "a chunk is bigger than 256 MB");
    if (size > c->room.len) {
        c->room = bytes_of(arena_alloc(arena, 1, size), size);
        if (c->room.data == NULL)
            return arena_fail(arena, err);
    }
    uint32_t filters = 0;
    if (H5Dread_chunk(c->from, H5P_DEFAULT, offset, &filters, (void *)(uintptr_t)c->room.data) < 0)
        return library_fail(err, ERR_SYNTAX, "a chunk cannot be read");
    *copied += size;
    return H5Dwrite_chunk(c->to, H5P_DEFAULT, filters, offset, size, c->room.data) >= 0 ||
           write_fail(s, err, "a chunk cannot be written");
}

static bool copy_piece(struct copying *c, uint64_t *place, const struct session *s, struct error *err)
{
    AUTO(arena_free) struct arena arena;
    size_t copied = 0;
    arena_init(&arena, 2 * CHUNK_MAX);
    for (size_t i = 0; i < PIECE_PLACES && copied < PIECE_BYTES && *place < c->total; i++, ++*place)
        if (!copy_chunk(c, *place, s, &arena, &copied, err))
            return false;
    return true;
}

bool copy_chunks(struct worker *w, const struct sandbox_request *q, struct sink *reply, struct error *err)
{
    struct reader r = reader_make(q->payload);
    struct session *s;
    struct open_file *file;
    struct open_dataset *d;
    uint64_t object, place;
    if (!reader_u64_le(&r, &object, err) || !reader_u64_le(&r, &place, err) ||
        !write_session(w, q, &s, err) || !file_open(w, q, &file, err) || !dataset_open(w, file, q, &d, err))
        return false;
    AUTO(close_object) hid_t to = H5Oopen_by_addr(s->file, object);
    struct copying c = {.from = d->id, .to = to, .space = d->space};
    if (to < 0 || H5Iget_type(to) != H5I_DATASET)
        return write_fail(s, err, "the dataset cannot be opened");
    H5Sselect_all(d->space); /* of the last read */
    if (!d->type.flat || !alike(&c))
        return wire_put_u64(reply, SANDBOX_NO_COPY, err);
    return copy_piece(&c, &place, s, err) &&
           wire_put_u64(reply, place < c.total ? place : SANDBOX_COPIED, err);
}
