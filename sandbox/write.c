/* A new file, made object by object. Objects are named by their address, so no path is walked twice. */
#include <fcntl.h>
#include <unistd.h>

#include "write.h"

bool write_session(struct worker *w, const struct sandbox_request *q, struct session **out, struct error *err)
{
    for (size_t i = 0; i < SESSIONS_MAX; i++)
        if (w->sessions[i].number == q->session && q->session != 0) {
            *out = &w->sessions[i];
            return true;
        }
    return FAIL(err, ERR_INTERNAL, ERROR_NO_OFFSET, "the writing session is gone");
}

static void session_close(struct session *s)
{
    if (s->file > 0)
        H5Fclose(s->file);
    close(s->driver.fd);
    *s = (struct session){0};
}

bool write_fail(const struct session *s, struct error *err, const char *what)
{
    if (s->driver.full)
        return FAIL_LIMIT(err, "output", s->driver.most, "the file would be longer than %llu bytes",
                          (unsigned long long)s->driver.most);
    return library_fail(err, ERR_UNREPRESENTABLE, what);
}

static bool address_of(hid_t object, uint64_t *out)
{
    H5O_info_t info;
    if (object < 0 || H5Oget_info2(object, &info, H5O_INFO_BASIC) < 0)
        return false;
    *out = info.addr;
    return true;
}

/* Attributes are found in the order in which they were made, and may have more than 64 KB. Times are left
 * out: what is made of the same is the same. */
void set_object_creation(hid_t plist)
{
    H5Pset_obj_track_times(plist, false);
    H5Pset_attr_creation_order(plist, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
}

/* Members, too. */
static hid_t ordered_plist(hid_t class)
{
    const hid_t plist = H5Pcreate(class);
    H5Pset_link_creation_order(plist, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
    set_object_creation(plist);
    return plist;
}

static bool session_start(struct worker *w, struct session *s, struct error *err)
{
    AUTO(close_plist) hid_t access = driver_access(w->driver, &s->driver);
    AUTO(close_plist) hid_t create = ordered_plist(H5P_FILE_CREATE);
    s->file = access < 0 ? -1 : H5Fcreate(DRIVER_NAME, H5F_ACC_TRUNC, create, access);
    return s->file >= 0 || library_fail(err, ERR_IO, "the file cannot be made");
}

bool write_begin(struct worker *w, const struct sandbox_request *q, struct sink *reply, struct error *err)
{
    struct session *s = NULL;
    uint64_t root;
    for (size_t i = 0; i < SESSIONS_MAX && s == NULL; i++)
        if (w->sessions[i].number == 0)
            s = &w->sessions[i];
    if (s == NULL)
        return FAIL(err, ERR_BUSY, ERROR_NO_OFFSET, "too many HDF5 files are being written");
    const int fd = fcntl(q->fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0)
        return FAIL(err, ERR_IO, ERROR_NO_OFFSET, "too many files are open");
    *s = (struct session){.number = ++w->numbers};
    s->driver = (struct driver_file){.fd = fd, .writable = true, .most = q->most, .serial = s->number};
    if (!session_start(w, s, err)) {
        session_close(s);
        return false;
    }
    AUTO(close_object) hid_t group = H5Oopen(s->file, "/", H5P_DEFAULT);
    return (address_of(group, &root) || library_fail(err, ERR_INTERNAL, "the new file has no root")) &&
           wire_put_u64(reply, s->number, err) && wire_put_u64(reply, root, err);
}

/* ---- attributes ---- */

static hid_t text_type(void)
{
    const hid_t t = H5Tcopy(H5T_C_S1);
    H5Tset_size(t, H5T_VARIABLE);
    H5Tset_cset(t, H5T_CSET_UTF8);
    return t;
}

static bool put_marks(const struct session *s, const struct sandbox_request *q, hid_t object,
                      struct arena *arena, struct error *err)
{
    if (q->mark_count == 0)
        return true;
    AUTO(close_type) hid_t type = text_type();
    AUTO(close_space) hid_t space = H5Screate(H5S_SCALAR);
    for (size_t i = 0; i < q->mark_count; i++) {
        const struct bytes value = arena_copy(arena, q->marks[i].value);
        const char *text = (const char *)value.data;
        if (text == NULL)
            return arena_fail(arena, err);
        AUTO(close_attribute)
        hid_t a = H5Acreate2(object, q->marks[i].name, type, space, H5P_DEFAULT, H5P_DEFAULT);
        if (a < 0 || H5Awrite(a, type, &text) < 0)
            return write_fail(s, err, "an attribute cannot be written");
    }
    return true;
}

/* ---- what the payload of DATASET and ATTRIBUTE says ---- */

struct made {
    struct type type;
    enum sandbox_space space;
    unsigned ndim;
    hsize_t dims[DTYPE_MAX_NDIM];
    size_t count;
    struct bytes heap;
};

static bool parse(struct reader *r, struct arena *arena, struct made *m, struct error *err)
{
    struct dtype dtype;
    const uint64_t *dims;
    if (!wire_get_dtype(r, arena, &dtype, err) ||
        !wire_get_space(r, arena, &m->space, &m->ndim, &dims, err) ||
        (reader_left(r) > 0 && !wire_get_run(r, &m->heap, err)))
        return false;
    m->count = m->space != SPACE_NULL;
    for (unsigned i = 0; i < m->ndim; i++) {
        m->dims[i] = dims[i];
        if (!checked_mul(m->count, (size_t)dims[i], &m->count))
            return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "the array is too big");
    }
    return type_to_file(&dtype, arena, &m->type, err);
}

static hid_t space_of(const struct made *m)
{
    if (m->space == SPACE_SIMPLE)
        return H5Screate_simple((int)m->ndim, m->dims, NULL);
    return H5Screate(m->space == SPACE_NULL ? H5S_NULL : H5S_SCALAR);
}

/* ---- objects ---- */

bool write_place(const struct session *s, const struct sandbox_request *q, struct arena *arena, hid_t *base,
                 const char **name, struct error *err)
{
    const struct bytes copy = arena_copy(arena, q->path);
    if (copy.data == NULL)
        return arena_fail(arena, err);
    *name = (const char *)copy.data;
    *base = H5Oopen_by_addr(s->file, q->base);
    return *base >= 0 || write_fail(s, err, "the group cannot be opened");
}

bool write_address(const struct session *s, hid_t object, struct sink *reply, struct error *err)
{
    uint64_t address = 0;
    return (address_of(object, &address) || write_fail(s, err, "the object cannot be made")) &&
           wire_put_u64(reply, address, err);
}

static bool make_group(struct session *s, const struct sandbox_request *q, struct arena *arena,
                       struct sink *reply, struct error *err)
{
    AUTO(close_object) hid_t base = -1;
    const char *name;
    if (!write_place(s, q, arena, &base, &name, err))
        return false;
    AUTO(close_plist) hid_t plist = ordered_plist(H5P_GROUP_CREATE);
    AUTO(close_object) hid_t group = H5Gcreate2(base, name, H5P_DEFAULT, plist, H5P_DEFAULT);
    return write_address(s, group, reply, err) && put_marks(s, q, group, arena, err);
}

static bool fill_dataset(struct session *s, const struct sandbox_request *q, const struct made *m,
                         hid_t dataset, struct arena *arena, struct error *err)
{
    if (q->window == NULL || m->count == 0)
        return true;
    const uint8_t *elements =
        elements_in(s, &m->type, bytes_of(q->window, q->window_size), m->count, m->heap, arena, err);
    if (elements == NULL)
        return false;
    AUTO(close_plist) hid_t transfer = transfer_of(dataset, &m->type, m->count);
    return H5Dwrite(dataset, m->type.memory, H5S_ALL, H5S_ALL, transfer, elements) >= 0 ||
           write_fail(s, err, "the dataset cannot be written");
}

static bool make_dataset(struct session *s, const struct sandbox_request *q, const struct made *m,
                         struct arena *arena, struct sink *reply, struct error *err)
{
    AUTO(close_object) hid_t base = -1;
    const char *name;
    if (!write_place(s, q, arena, &base, &name, err))
        return false;
    AUTO(close_space) hid_t space = space_of(m);
    AUTO(close_plist) hid_t plist = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_obj_track_times(plist, false);
    AUTO(close_object)
    hid_t d = H5Dcreate2(base, name, m->type.memory, space, H5P_DEFAULT, plist, H5P_DEFAULT);
    return write_address(s, d, reply, err) && put_marks(s, q, d, arena, err) &&
           fill_dataset(s, q, m, d, arena, err);
}

static bool write_elements(struct session *s, const struct sandbox_request *q, hid_t dataset,
                           struct arena *arena, struct error *err)
{
    struct type t;
    hsize_t start[DTYPE_MAX_NDIM], count[DTYPE_MAX_NDIM];
    const bool scalar = q->box->ndim == 0;
    size_t n = 1;
    AUTO(close_type) hid_t type = H5Dget_type(dataset);
    AUTO(close_space) hid_t space = H5Dget_space(dataset);
    for (unsigned i = 0; i < q->box->ndim; i++) {
        start[i] = q->box->start[i];
        count[i] = q->box->count[i];
        n *= (size_t)count[i];
    }
    if (!type_of_file(type, arena, &t, err))
        return false;
    const uint8_t *elements =
        elements_in(s, &t, bytes_of(q->window, q->window_size), n, q->payload, arena, err);
    AUTO(close_plist) hid_t transfer = transfer_of(dataset, &t, n);
    AUTO(close_space) hid_t memory = scalar ? -1 : H5Screate_simple((int)q->box->ndim, count, NULL);
    const bool ok = elements != NULL &&
                    (((scalar || H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL) >= 0) &&
                      H5Dwrite(dataset, t.memory, scalar ? H5S_ALL : memory, scalar ? H5S_ALL : space,
                               transfer, elements) >= 0) ||
                     write_fail(s, err, "the dataset cannot be written"));
    type_close(&t);
    return ok;
}

static bool make_attribute(struct session *s, const struct sandbox_request *q, const struct made *m,
                           struct arena *arena, struct error *err)
{
    AUTO(close_object) hid_t base = -1;
    const char *name;
    if (!write_place(s, q, arena, &base, &name, err))
        return false;
    AUTO(close_space) hid_t space = space_of(m);
    AUTO(close_attribute) hid_t a = H5Acreate2(base, name, m->type.memory, space, H5P_DEFAULT, H5P_DEFAULT);
    if (a < 0)
        return write_fail(s, err, "the attribute cannot be made");
    if (m->count == 0)
        return true;
    const uint8_t *elements =
        elements_in(s, &m->type, bytes_of(q->window, q->window_size), m->count, m->heap, arena, err);
    return elements != NULL && (H5Awrite(a, m->type.memory, elements) >= 0 ||
                                write_fail(s, err, "the attribute cannot be written"));
}

/* ---- the operations ---- */

bool write_group(struct worker *w, const struct sandbox_request *q, struct sink *reply, struct error *err)
{
    AUTO(arena_free) struct arena arena;
    struct session *s;
    arena_init(&arena, WRITE_BUDGET);
    return write_session(w, q, &s, err) && make_group(s, q, &arena, reply, err);
}

bool write_dataset(struct worker *w, const struct sandbox_request *q, struct sink *reply, struct error *err)
{
    AUTO(arena_free) struct arena arena;
    struct session *s;
    struct made m = {0};
    struct reader r = reader_make(q->payload);
    arena_init(&arena, WRITE_BUDGET);
    if (!write_session(w, q, &s, err) || !parse(&r, &arena, &m, err))
        return false;
    const bool ok = make_dataset(s, q, &m, &arena, reply, err);
    type_close(&m.type);
    return ok;
}

bool write_box(struct worker *w, const struct sandbox_request *q, struct sink *reply, struct error *err)
{
    AUTO(arena_free) struct arena arena;
    struct session *s;
    (void)reply;
    arena_init(&arena, WRITE_BUDGET);
    if (!write_session(w, q, &s, err))
        return false;
    AUTO(close_object) hid_t dataset = H5Oopen_by_addr(s->file, q->base);
    if (dataset < 0 || H5Iget_type(dataset) != H5I_DATASET)
        return write_fail(s, err, "the dataset cannot be opened");
    return write_elements(s, q, dataset, &arena, err);
}

bool write_attribute(struct worker *w, const struct sandbox_request *q, struct sink *reply, struct error *err)
{
    AUTO(arena_free) struct arena arena;
    struct session *s;
    struct made m = {0};
    struct reader r = reader_make(q->payload);
    (void)reply;
    arena_init(&arena, WRITE_BUDGET);
    if (!write_session(w, q, &s, err) || !parse(&r, &arena, &m, err))
        return false;
    const bool ok = make_attribute(s, q, &m, &arena, err);
    type_close(&m.type);
    return ok;
}

bool write_hard_link(struct worker *w, const struct sandbox_request *q, struct sink *reply, struct error *err)
{
    AUTO(arena_free) struct arena arena;
    struct session *s;
    const char *name;
    AUTO(close_object) hid_t base = -1;
    (void)reply;
    arena_init(&arena, WRITE_BUDGET);
    if (!write_session(w, q, &s, err) || !write_place(s, q, &arena, &base, &name, err))
        return false;
    AUTO(close_object) hid_t target = H5Oopen_by_addr(s->file, q->target);
    return (target >= 0 && H5Olink(target, base, name, H5P_DEFAULT, H5P_DEFAULT) >= 0) ||
           write_fail(s, err, "the link cannot be made");
}

bool write_soft_link(struct worker *w, const struct sandbox_request *q, struct sink *reply, struct error *err)
{
    AUTO(arena_free) struct arena arena;
    struct session *s;
    const char *name;
    AUTO(close_object) hid_t base = -1;
    (void)reply;
    arena_init(&arena, WRITE_BUDGET);
    if (!write_session(w, q, &s, err) || !write_place(s, q, &arena, &base, &name, err))
        return false;
    const struct bytes target = arena_copy(&arena, q->payload);
    return (target.data != NULL &&
            H5Lcreate_soft((const char *)target.data, base, name, H5P_DEFAULT, H5P_DEFAULT) >= 0) ||
           write_fail(s, err, "the link cannot be made");
}

bool write_external_link(struct worker *w, const struct sandbox_request *q, struct sink *reply,
                         struct error *err)
{
    AUTO(arena_free) struct arena arena;
    struct session *s;
    const char *name;
    struct reader r = reader_make(q->payload);
    struct bytes file, path;
    AUTO(close_object) hid_t base = -1;
    (void)reply;
    arena_init(&arena, WRITE_BUDGET);
    if (!write_session(w, q, &s, err) || !write_place(s, q, &arena, &base, &name, err) ||
        !wire_get_run(&r, &file, err) || !wire_get_run(&r, &path, err))
        return false;
    file = arena_copy(&arena, file);
    path = arena_copy(&arena, path);
    return (file.data != NULL && path.data != NULL &&
            H5Lcreate_external((const char *)file.data, (const char *)path.data, base, name, H5P_DEFAULT,
                               H5P_DEFAULT) >= 0) ||
           write_fail(s, err, "the link cannot be made");
}

bool write_finish(struct worker *w, const struct sandbox_request *q, struct sink *reply, struct error *err)
{
    struct session *s;
    (void)reply;
    if (!write_session(w, q, &s, err))
        return false;
    const bool ok = H5Fclose(s->file) >= 0 && !s->driver.full;
    if (!ok)
        write_fail(s, err, "the file cannot be completed");
    s->file = 0;
    session_close(s);
    return ok;
}

bool write_abort(struct worker *w, const struct sandbox_request *q, struct sink *reply, struct error *err)
{
    struct session *s;
    struct error gone = {0};
    (void)reply, (void)err;
    if (write_session(w, q, &s, &gone))
        session_close(s);
    return true;
}
