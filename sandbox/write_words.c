/* Datasets, attributes and named types made from the words of HDF5/JSON. */
#include "words.h"
#include "write.h"

/* What the payload of DATASET_AS and ATTRIBUTE_AS says. */
struct made {
    const struct value *words;
    hid_t file_type;
    struct type type; /* as it will be read */
    hid_t space;
    unsigned ndim;
    hsize_t dims[H5S_MAX_RANK];
    size_t count;
    struct bytes fill, fill_heap, heap;
};

static void made_close(const struct made *m)
{
    struct type t = m->type;
    type_close(&t);
    close_type(&m->file_type);
    close_space(&m->space);
}

/* ---- types ---- */

/* The committed type `named`, or the one that the words say; and what its elements are in a window. */
static bool take_type(const struct session *s, const struct value *words, uint64_t named, struct arena *arena,
                      hid_t *file_type, struct type *type, struct error *err)
{
    if (named != 0) {
        *file_type = H5Oopen_by_addr(s->file, named);
        if (*file_type < 0 || H5Iget_type(*file_type) != H5I_DATATYPE)
            return write_fail(s, err, "the named type cannot be opened");
    } else if (words == NULL) {
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "there is no type");
    } else if (!type_of_words(words, arena, file_type, err)) {
        return false;
    }
    if (!type_of_file(*file_type, arena, type, err))
        return false;
    return type->problem == NULL || FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "%s", type->problem);
}

/* ---- spaces ---- */

/* Only chunked datasets can; some documents say maxdims of others too. */
static bool grows(const struct value *words)
{
    const struct value *layout =
        words_get(words_get(words, "creationProperties", VALUE_DICT), "layout", VALUE_DICT);
    return bytes_is(words_text(layout, "class"), "H5D_CHUNKED");
}

static bool simple_space(const struct value *shape, struct made *m, struct error *err)
{
    const struct value *most = grows(m->words) ? words_get(shape, "maxdims", VALUE_LIST) : NULL;
    hsize_t maxdims[H5S_MAX_RANK];
    unsigned ndim;
    if (!words_dims(words_get(shape, "dims", VALUE_LIST), m->dims, &m->ndim, err) ||
        (most != NULL && !words_dims(most, maxdims, &ndim, err)))
        return false;
    if (most != NULL && ndim != m->ndim)
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "a shape has %u dims and %u maxdims", m->ndim,
                    ndim);
    for (unsigned i = 0; most != NULL && i < ndim; i++) /* 0 was written for no limit by some */
        maxdims[i] = maxdims[i] == 0 && m->dims[i] > 0 ? ANY_SIZE : maxdims[i];
    for (unsigned i = 0; i < m->ndim; i++)
        if (!checked_mul(m->count, (size_t)m->dims[i], &m->count) || m->dims[i] == ANY_SIZE)
            return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "the array is too big");
    m->space = H5Screate_simple((int)m->ndim, m->dims, most == NULL ? NULL : maxdims);
    return true;
}

static bool take_space(const struct value *words, struct made *m, struct error *err)
{
    const struct value *shape = words_get(words, "shape", VALUE_DICT);
    const struct bytes class = words_text(shape, "class");
    m->count = 1;
    if (bytes_is(class, "H5S_NULL")) {
        m->space = H5Screate(H5S_NULL);
        m->count = 0;
    } else if (bytes_is(class, "H5S_SCALAR")) {
        m->space = H5Screate(H5S_SCALAR);
    } else if (!bytes_is(class, "H5S_SIMPLE")) {
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET,
                    "a shape's class is H5S_NULL, H5S_SCALAR or H5S_SIMPLE");
    } else if (!simple_space(shape, m, err)) {
        return false;
    }
    return m->space >= 0 || library_fail(err, ERR_UNREPRESENTABLE, "HDF5 cannot hold this shape");
}

static bool take(const struct session *s, const struct sandbox_request *q, struct arena *arena,
                 struct made *m, struct error *err)
{
    struct reader r = reader_make(q->payload);
    struct value *words;
    uint64_t named;
    if (!wire_get_value(&r, arena, &words, err) || !reader_u64_le(&r, &named, err) ||
        !wire_get_run(&r, &m->fill, err) || !wire_get_run(&r, &m->fill_heap, err) ||
        !wire_get_run(&r, &m->heap, err))
        return false;
    m->words = words;
    return take_type(s, words_get(words, "type", VALUE_DICT), named, arena, &m->file_type, &m->type, err) &&
           take_space(words, m, err);
}

/* ---- creation properties ---- */

static bool set_szip(hid_t plist, const struct value *f)
{
    int64_t pixels = 16;
    const bool nn = !bytes_is(words_text(f, "coding"), "H5_SZIP_EC_OPTION_MASK");
    words_number(f, "pixelsPerBlock", &pixels);
    return H5Pset_szip(plist, nn ? H5_SZIP_NN_OPTION_MASK : H5_SZIP_EC_OPTION_MASK, (unsigned)pixels) >= 0;
}

static bool set_scale_offset(hid_t plist, const struct value *f)
{
    const struct bytes type = words_text(f, "scaleType");
    int64_t factor = 0;
    words_number(f, "scaleOffset", &factor);
    return H5Pset_scaleoffset(plist, bytes_is(type, "H5Z_SO_FLOAT_DSCALE") ? H5Z_SO_FLOAT_DSCALE : H5Z_SO_INT,
                              (int)factor) >= 0;
}

static bool set_other(hid_t plist, H5Z_filter_t id, const struct value *f)
{
    const struct value *list = words_get(f, "parameters", VALUE_LIST);
    unsigned values[32];
    size_t n = 0;
    for (; list != NULL && n < list->list.count && n < ROWS(values); n++)
        values[n] = list->list.items[n]->kind == VALUE_INT ? (unsigned)list->list.items[n]->integer : 0;
    return H5Pset_filter(plist, id, H5Z_FLAG_OPTIONAL, n, values) >= 0;
}

static bool can_encode(H5Z_filter_t id)
{
    unsigned can = 0;
    return H5Zfilter_avail(id) > 0 && H5Zget_filter_info(id, &can) >= 0 &&
           (can & H5Z_FILTER_CONFIG_ENCODE_ENABLED) != 0;
}

static bool set_filter(hid_t plist, const struct value *f, struct error *err)
{
    int64_t id = 0, level = 6;
    bool ok = true;
    if (!words_number(f, "id", &id) || id < 1 || id > H5Z_FILTER_MAX)
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "a filter has no id");
    /* One that can only be read here is left out: the library makes no dataset with it. */
    if (!can_encode((H5Z_filter_t)id))
        return true;
    switch (id) {
    case H5Z_FILTER_DEFLATE:
        words_number(f, "level", &level);
        ok = H5Pset_deflate(plist, (unsigned)level) >= 0;
        break;
    case H5Z_FILTER_SHUFFLE:
        ok = H5Pset_shuffle(plist) >= 0;
        break;
    case H5Z_FILTER_FLETCHER32:
        ok = H5Pset_fletcher32(plist) >= 0;
        break;
    case H5Z_FILTER_SZIP:
        ok = set_szip(plist, f);
        break;
    case H5Z_FILTER_NBIT:
        ok = H5Pset_nbit(plist) >= 0;
        break;
    case H5Z_FILTER_SCALEOFFSET:
        ok = set_scale_offset(plist, f);
        break;
    default:
        ok = set_other(plist, (H5Z_filter_t)id, f);
    }
    return ok || library_fail(err, ERR_UNREPRESENTABLE, "a filter cannot be set");
}

static bool set_chunks(hid_t plist, const struct value *layout, const struct made *m, struct error *err)
{
    hsize_t dims[H5S_MAX_RANK];
    unsigned ndim;
    size_t size = H5Tget_size(m->file_type);
    if (!words_dims(words_get(layout, "dims", VALUE_LIST), dims, &ndim, err))
        return false;
    for (unsigned i = 0; i < ndim; i++)
        if (!checked_mul(size, (size_t)dims[i], &size) || size > CHUNK_MAX)
            return FAIL_LIMIT(err, "memory", CHUNK_MAX, "a chunk takes more than %llu bytes", CHUNK_MAX);
    return (ndim == m->ndim && H5Pset_chunk(plist, (int)ndim, dims) >= 0) ||
           library_fail(err, ERR_UNREPRESENTABLE, "HDF5 cannot hold these chunks");
}

static bool set_layout(hid_t plist, const struct value *p, const struct made *m, struct error *err)
{
    const struct value *layout = words_get(p, "layout", VALUE_DICT);
    const struct bytes class = words_text(layout, "class");
    if (bytes_is(class, "H5D_COMPACT"))
        H5Pset_layout(plist, H5D_COMPACT);
    return !bytes_is(class, "H5D_CHUNKED") || set_chunks(plist, layout, m, err);
}

/* When storage is taken and filled. Early only where little is taken: a shape is a claim, and storage is
 * work. */
static void set_times(hid_t plist, const struct value *p, const struct made *m)
{
    enum { EARLY_MOST = 16 << 20 };
    const struct bytes alloc = words_text(p, "allocTime"), fill = words_text(p, "fillTime");
    size_t size;
    const bool little = checked_mul(m->count, H5Tget_size(m->file_type), &size) && size <= EARLY_MOST;
    if (bytes_is(alloc, "H5D_ALLOC_TIME_EARLY") && little)
        H5Pset_alloc_time(plist, H5D_ALLOC_TIME_EARLY);
    if (bytes_is(alloc, "H5D_ALLOC_TIME_LATE") && (little || m->ndim == 0))
        H5Pset_alloc_time(plist, H5D_ALLOC_TIME_LATE);
    if (bytes_is(alloc, "H5D_ALLOC_TIME_INCR"))
        H5Pset_alloc_time(plist, H5D_ALLOC_TIME_INCR);
    if (bytes_is(fill, "H5D_FILL_TIME_NEVER"))
        H5Pset_fill_time(plist, H5D_FILL_TIME_NEVER);
    if (bytes_is(fill, "H5D_FILL_TIME_ALLOC"))
        H5Pset_fill_time(plist, H5D_FILL_TIME_ALLOC);
}

static bool set_fill(const struct session *s, hid_t plist, const struct made *m, struct arena *arena,
                     struct error *err)
{
    if (m->fill.len == 0 || m->fill.len != m->type.dtype.itemsize)
        return true;
    const uint8_t *fill = elements_in(s, &m->type, m->fill, 1, m->fill_heap, arena, err);
    return fill != NULL && (H5Pset_fill_value(plist, m->type.memory, fill) >= 0 ||
                            library_fail(err, ERR_UNREPRESENTABLE, "the fill value cannot be set"));
}

static bool set_properties(const struct session *s, hid_t plist, const struct made *m, struct arena *arena,
                           struct error *err)
{
    const struct value *p = words_get(m->words, "creationProperties", VALUE_DICT);
    const struct value *filters = words_get(p, "filters", VALUE_LIST);
    set_object_creation(plist);
    if (!set_layout(plist, p, m, err))
        return false;
    set_times(plist, p, m);
    for (size_t i = 0; filters != NULL && i < filters->list.count; i++)
        if (!set_filter(plist, filters->list.items[i], err))
            return false;
    return set_fill(s, plist, m, arena, err);
}

/* ---- the operations ---- */

bool write_named_type(struct worker *w, const struct sandbox_request *q, struct sink *reply,
                      struct error *err)
{
    AUTO(arena_free) struct arena arena;
    struct session *s;
    struct value *words;
    struct reader r = reader_make(q->payload);
    AUTO(close_type) hid_t type = -1;
    arena_init(&arena, WRITE_BUDGET);
    if (!write_session(w, q, &s, err) || !wire_get_value(&r, &arena, &words, err) ||
        !type_of_words(words, &arena, &type, err))
        return false;
    AUTO(close_plist) hid_t plist = H5Pcreate(H5P_DATATYPE_CREATE);
    set_object_creation(plist);
    if (H5Tcommit_anon(s->file, type, plist, H5P_DEFAULT) < 0 || H5Oincr_refcount(type) < 0)
        return write_fail(s, err, "the named type cannot be made");
    return write_address(s, type, reply, err);
}

bool write_release(struct worker *w, const struct sandbox_request *q, struct sink *reply, struct error *err)
{
    struct session *s;
    (void)reply;
    if (!write_session(w, q, &s, err))
        return false;
    AUTO(close_object) hid_t object = H5Oopen_by_addr(s->file, q->target);
    return (object >= 0 && H5Odecr_refcount(object) >= 0) ||
           write_fail(s, err, "the named type cannot be completed");
}

bool write_type(struct worker *w, const struct sandbox_request *q, struct sink *reply, struct error *err)
{
    AUTO(arena_free) struct arena arena;
    struct session *s;
    struct value *words;
    struct type t = {0};
    uint64_t named;
    struct reader r = reader_make(q->payload);
    AUTO(close_type) hid_t type = -1;
    arena_init(&arena, WRITE_BUDGET);
    if (!write_session(w, q, &s, err) || !wire_get_value(&r, &arena, &words, err) ||
        !reader_u64_le(&r, &named, err))
        return false;
    const bool ok =
        take_type(s, words, named, &arena, &type, &t, err) && wire_put_dtype(reply, &t.dtype, err);
    type_close(&t);
    return ok;
}

static bool make_dataset(const struct session *s, const struct sandbox_request *q, const struct made *m,
                         struct arena *arena, struct sink *reply, struct error *err)
{
    AUTO(close_object) hid_t base = -1;
    AUTO(close_plist) hid_t plist = H5Pcreate(H5P_DATASET_CREATE);
    const char *name;
    const uint8_t *elements = NULL;
    if (!write_place(s, q, arena, &base, &name, err) || !set_properties(s, plist, m, arena, err))
        return false;
    if (q->window != NULL && m->count > 0) {
        elements =
            elements_in(s, &m->type, bytes_of(q->window, q->window_size), m->count, m->heap, arena, err);
        if (elements == NULL)
            return false;
    }
    AUTO(close_object)
    hid_t d = H5Dcreate2(base, name, m->file_type, m->space, H5P_DEFAULT, plist, H5P_DEFAULT);
    if (!write_address(s, d, reply, err))
        return false;
    AUTO(close_plist) hid_t transfer = transfer_of(d, &m->type, m->count);
    return elements == NULL || H5Dwrite(d, m->type.memory, H5S_ALL, H5S_ALL, transfer, elements) >= 0 ||
           write_fail(s, err, "the dataset cannot be written");
}

static bool make_attribute(const struct session *s, const struct sandbox_request *q, const struct made *m,
                           struct arena *arena, struct error *err)
{
    AUTO(close_object) hid_t base = -1;
    const char *name;
    if (!write_place(s, q, arena, &base, &name, err))
        return false;
    AUTO(close_attribute)
    hid_t a = H5Acreate2(base, name, m->file_type, m->space, H5P_DEFAULT, H5P_DEFAULT);
    if (a < 0)
        return write_fail(s, err, "the attribute cannot be made");
    if (m->count == 0)
        return true;
    const uint8_t *elements =
        elements_in(s, &m->type, bytes_of(q->window, q->window_size), m->count, m->heap, arena, err);
    return elements != NULL && (H5Awrite(a, m->type.memory, elements) >= 0 ||
                                write_fail(s, err, "the attribute cannot be written"));
}

static bool make(struct worker *w, const struct sandbox_request *q, bool attribute, struct sink *reply,
                 struct error *err)
{
    AUTO(arena_free) struct arena arena;
    struct session *s;
    struct made m = {.file_type = -1, .space = -1};
    arena_init(&arena, WRITE_BUDGET);
    const bool ok =
        write_session(w, q, &s, err) && take(s, q, &arena, &m, err) &&
        (attribute ? make_attribute(s, q, &m, &arena, err) : make_dataset(s, q, &m, &arena, reply, err));
    made_close(&m);
    return ok;
}

bool write_dataset_as(struct worker *w, const struct sandbox_request *q, struct sink *reply,
                      struct error *err)
{
    return make(w, q, false, reply, err);
}

bool write_attribute_as(struct worker *w, const struct sandbox_request *q, struct sink *reply,
                        struct error *err)
{
    return make(w, q, true, reply, err);
}
