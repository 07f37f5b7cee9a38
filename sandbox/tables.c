/* Files and datasets that stay open between requests: what is used least goes first. */
#include <fcntl.h>
#include <unistd.h>

#include "worker.h"

static bool same_file(const struct sandbox_identity *a, const struct sandbox_identity *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

static void dataset_close(struct open_dataset *d)
{
    if (d->file == NULL)
        return;
    type_close(&d->type);
    close_space(&d->space);
    close_object(&d->id);
    arena_free(&d->arena);
    *d = (struct open_dataset){0};
}

static void file_close(struct worker *w, struct open_file *f)
{
    if (f->id <= 0)
        return;
    for (size_t i = 0; i < DATASETS_MAX; i++)
        if (w->datasets[i].file == f)
            dataset_close(&w->datasets[i]);
    paths_free(f->paths);
    H5Fclose(f->id);
    close(f->driver.fd);
    *f = (struct open_file){0};
}

bool file_is_open(const struct worker *w, const struct sandbox_identity *identity)
{
    for (size_t i = 0; i < FILES_MAX; i++)
        if (w->files[i].id > 0 && same_file(&w->files[i].identity, identity))
            return true;
    return false;
}

void file_forget(struct worker *w, const struct sandbox_identity *identity)
{
    for (size_t i = 0; i < FILES_MAX; i++)
        if (w->files[i].id > 0 && same_file(&w->files[i].identity, identity))
            file_close(w, &w->files[i]);
}

/* A free place, or the one that was used longest ago. */
static struct open_file *file_place(struct worker *w)
{
    struct open_file *oldest = &w->files[0];
    for (size_t i = 0; i < FILES_MAX; i++)
        if (w->files[i].used < oldest->used)
            oldest = &w->files[i];
    file_close(w, oldest);
    return oldest;
}

/*
 * Superblocks of version 3 say whether a writer has the file open, or had when it crashed (HDF5 File Format
 * Specification, II.A: file consistency flags).
 */
static bool is_unclosed(const struct open_file *f)
{
    enum { VERSION = 8, FLAGS = 11, WRITING = 1, SWMR = 4 };
    AUTO(close_plist) hid_t plist = H5Fget_create_plist(f->id);
    hsize_t block = 0;
    uint8_t head[FLAGS + 1];
    if (plist < 0 || H5Pget_userblock(plist, &block) < 0 || block > INT64_MAX)
        return false;
    return pread(f->driver.fd, head, sizeof head, (off_t)block) == (ssize_t)sizeof head &&
           head[VERSION] == 3 && (head[FLAGS] & (WRITING | SWMR)) != 0;
}

static bool file_start(struct worker *w, const struct sandbox_request *q, struct open_file *f,
                       struct error *err)
{
    const int fd = fcntl(q->fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0)
        return FAIL(err, ERR_IO, ERROR_NO_OFFSET, "too many files are open");
    *f = (struct open_file){.identity = q->identity};
    f->driver = (struct driver_file){.fd = fd, .eof = q->identity.size, .serial = ++w->numbers};
    AUTO(close_plist) hid_t access = driver_access(w->driver, &f->driver);
    const hid_t id = access < 0 ? -1 : H5Fopen(DRIVER_NAME, H5F_ACC_RDONLY, access);
    if (id < 0) {
        close(fd);
        *f = (struct open_file){0};
        return library_fail(err, ERR_SYNTAX, "this is not an HDF5 file, or it is damaged");
    }
    f->id = id;
    return true;
}

/* Once for all requests: what is kept open was let pass. */
static bool check_closed(struct worker *w, const struct sandbox_request *q, struct open_file *f,
                         struct error *err)
{
    if (q->unclosed || q->identity.serial != 0 || !is_unclosed(f))
        return true;
    file_close(w, f);
    return FAIL(err, ERR_WRITTEN, ERROR_NO_OFFSET, "the file is open for writing, or its writer crashed");
}

bool file_open(struct worker *w, const struct sandbox_request *q, struct open_file **out, struct error *err)
{
    struct open_file *f = NULL;
    for (size_t i = 0; i < FILES_MAX && f == NULL; i++)
        if (w->files[i].id > 0 && same_file(&w->files[i].identity, &q->identity))
            f = &w->files[i];
    if (f == NULL) {
        f = file_place(w);
        if (!file_start(w, q, f, err) || !check_closed(w, q, f, err))
            return false;
    }
    f->used = ++w->clock;
    *out = f;
    return true;
}

/* ---- datasets ---- */

/* Enough to read on along the last axes without decompressing a chunk twice, within bounds. */
static uint64_t chunk_cache_size(unsigned ndim, const hsize_t *shape, const hsize_t *chunk,
                                 uint64_t chunk_bytes)
{
    uint64_t row = chunk_bytes;
    for (unsigned i = 1; i < ndim && row < CHUNK_CACHE_MOST; i++)
        if (chunk[i] > 0)
            row *= (shape[i] + chunk[i] - 1) / chunk[i] + (shape[i] == 0);
    if (row > CHUNK_CACHE_MOST)
        row = CHUNK_CACHE_MOST;
    return row < chunk_bytes ? chunk_bytes : row;
}

/* Bytes of a chunk; 0 where there are none; UINT64_MAX when it does not fit. */
static uint64_t chunk_bytes(hid_t plist, size_t element, unsigned ndim, hsize_t *chunk)
{
    uint64_t bytes = element;
    if (H5Pget_layout(plist) != H5D_CHUNKED)
        return 0;
    if (H5Pget_chunk(plist, (int)ndim, chunk) < 0)
        return UINT64_MAX;
    for (unsigned i = 0; i < ndim; i++)
        if (__builtin_mul_overflow(bytes, chunk[i], &bytes))
            return UINT64_MAX;
    return bytes;
}

static const char *filter_problem(hid_t plist, struct arena *arena)
{
    const int count = H5Pget_nfilters(plist);
    for (int i = 0; i < count; i++) {
        char name[64] = "";
        unsigned flags, config;
        size_t values = 0;
        const H5Z_filter_t id =
            H5Pget_filter2(plist, (unsigned)i, &flags, &values, NULL, sizeof name, name, &config);
        if (id >= 0 && H5Zfilter_avail(id) <= 0)
            return arena_printf(arena, "the filter %d (%.60s) is not available here", (int)id, name);
    }
    return NULL;
}

/* ---- virtual datasets ---- */

enum {
    SOURCES_DEPTH = 16,   /* virtual datasets that are made of virtual datasets */
    SOURCES_MAX = 100000, /* sources that are looked at for one dataset */
};

/* A source that the library cannot open it takes for fill values: that is told from one that is not there. */
static bool is_missing(hid_t file, const char *path, struct arena *arena)
{
    const struct bytes copy = arena_copy(arena, bytes_text(path));
    char *at = (char *)(uintptr_t)copy.data;
    while (at != NULL && *at == '/')
        at++;
    while (at != NULL && *at != '\0') {
        char *end = at + strcspn(at, "/"), cut = *end;
        *end = '\0';
        if (H5Lexists(file, (const char *)copy.data, H5P_DEFAULT) == 0)
            return true;
        *end = cut;
        at = end + strspn(end, "/");
    }
    return false;
}

static bool leads_outside(hid_t file, hid_t plist, unsigned depth, unsigned *left, struct arena *arena);

static bool source_outside(hid_t file, const char *path, unsigned depth, unsigned *left, struct arena *arena)
{
    if (depth >= SOURCES_DEPTH)
        return true;
    AUTO(close_object) hid_t source = H5Dopen2(file, path, H5P_DEFAULT);
    if (source < 0)
        return !is_missing(file, path, arena);
    AUTO(close_plist) hid_t plist = H5Dget_create_plist(source);
    return plist < 0 || H5Pget_external_count(plist) > 0 ||
           (H5Pget_layout(plist) == H5D_VIRTUAL && leads_outside(file, plist, depth + 1, left, arena));
}

/* "blocks/%b" names as many datasets as there are: blocks/0, blocks/1 ... */
static bool pattern_outside(hid_t file, const char *path, unsigned depth, unsigned *left, struct arena *arena)
{
    const char *number = strstr(path, "%b");
    if (strchr(path, '%') == NULL)
        return source_outside(file, path, depth, left, arena);
    if (number == NULL || strchr(path, '%') != number || strchr(number + 1, '%') != NULL)
        return true; /* nobody writes such */
    for (unsigned n = 0; (*left)-- > 0; n++) {
        const char *one = arena_printf(arena, "%.*s%u%s", (int)(number - path), path, n, number + 2);
        if (one == NULL || source_outside(file, one, depth, left, arena))
            return true;
        if (is_missing(file, one, arena))
            return false;
    }
    return true;
}

/* True when a virtual dataset has sources in other files, or is made of datasets that lie there. */
static bool leads_outside(hid_t file, hid_t plist, unsigned depth, unsigned *left, struct arena *arena)
{
    size_t count = 0;
    if (H5Pget_virtual_count(plist, &count) < 0)
        return true;
    for (size_t i = 0; i < count; i++) {
        char name[4];
        if (H5Pget_virtual_filename(plist, i, name, sizeof name) != 1 || name[0] != '.' || (*left)-- == 0)
            return true;
        const ssize_t length = H5Pget_virtual_dsetname(plist, i, NULL, 0);
        char *path = length < 0 ? NULL : arena_alloc(arena, 1, (size_t)length + 1);
        if (path == NULL || H5Pget_virtual_dsetname(plist, i, path, (size_t)length + 1) < 0 ||
            pattern_outside(file, path, depth, left, arena))
            return true;
    }
    return false;
}

static bool virtual_outside(hid_t dataset, hid_t plist)
{
    AUTO(arena_free) struct arena arena;
    AUTO(close_file) hid_t file = H5Iget_file_id(dataset);
    unsigned left = SOURCES_MAX;
    arena_init(&arena, 64 << 20);
    return file < 0 || leads_outside(file, plist, 0, &left, &arena);
}

const char *dataset_problem(hid_t dataset, hid_t plist, struct arena *arena)
{
    AUTO(close_type) hid_t type = H5Dget_type(dataset);
    AUTO(close_space) hid_t space = H5Dget_space(dataset);
    hsize_t chunk[H5S_MAX_RANK];
    if (H5Pget_external_count(plist) > 0)
        return "the values lie in another file, which is never read";
    if (H5Pget_layout(plist) == H5D_VIRTUAL && virtual_outside(dataset, plist))
        return "the values lie in other files, which are never read";
    const int ndim = H5Sget_simple_extent_ndims(space);
    if (chunk_bytes(plist, H5Tget_size(type), ndim < 0 ? 0 : (unsigned)ndim, chunk) > CHUNK_MAX)
        return "its chunks are bigger than 256 MB";
    return filter_problem(plist, arena);
}

static struct open_dataset *dataset_place(struct worker *w)
{
    struct open_dataset *oldest = &w->datasets[0];
    uint64_t cached = 0;
    for (size_t i = 0; i < DATASETS_MAX; i++) {
        cached += w->datasets[i].cache_bytes;
        if (w->datasets[i].used < oldest->used)
            oldest = &w->datasets[i];
    }
    for (size_t i = 0; cached > CHUNK_CACHE_ALL && i < DATASETS_MAX; i++)
        if (w->datasets[i].cache_bytes > 0) {
            cached -= w->datasets[i].cache_bytes;
            dataset_close(&w->datasets[i]);
        }
    dataset_close(oldest);
    return oldest;
}

/* By its path: only so can a chunk cache be given along. */
static hid_t find_dataset(struct open_dataset *d, const struct sandbox_request *q, hid_t access)
{
    const char *path;
    struct error ignored = {0};
    if (!path_clean(q->path, &d->arena, &path, &ignored))
        return -1;
    AUTO(close_object)
    hid_t base =
        q->base == 0 ? H5Oopen(d->file->id, "/", H5P_DEFAULT) : H5Oopen_by_addr(d->file->id, q->base);
    return base < 0 ? -1 : H5Dopen2(base, path, access);
}

/* Opens it again with a chunk cache that fits its chunks: the size is set when nobody has it open. */
static hid_t with_cache(hid_t id, hid_t plist, struct open_dataset *d, const struct sandbox_request *q)
{
    hsize_t chunk[H5S_MAX_RANK];
    AUTO(close_type) hid_t type = H5Dget_type(id);
    const uint64_t bytes = chunk_bytes(plist, H5Tget_size(type), d->ndim, chunk);
    if (bytes == 0)
        return id;
    d->cache_bytes = chunk_cache_size(d->ndim, d->shape, chunk, bytes);
    AUTO(close_plist) hid_t access = H5Pcreate(H5P_DATASET_ACCESS);
    H5Pset_chunk_cache(access, 4001, d->cache_bytes, 1.0);
    H5Dclose(id);
    return find_dataset(d, q, access);
}

static bool chunk_fits(hid_t id, hid_t plist, const struct open_dataset *d, const struct sandbox_request *q,
                       struct error *err)
{
    hsize_t chunk[H5S_MAX_RANK];
    AUTO(close_type) hid_t type = H5Dget_type(id);
    const uint64_t bytes = chunk_bytes(plist, H5Tget_size(type), d->ndim, chunk);
    return bytes <= q->most || FAIL_LIMIT(err, "memory", q->most, "one chunk of the dataset has %llu bytes",
                                          (unsigned long long)bytes);
}

static bool dataset_start(struct open_dataset *d, hid_t id, const struct sandbox_request *q,
                          struct error *err)
{
    AUTO(close_plist) hid_t plist = H5Dget_create_plist(id);
    const char *problem = plist < 0 ? "the dataset is damaged" : dataset_problem(id, plist, &d->arena);
    if (problem != NULL) {
        H5Dclose(id);
        return FAIL(err, ERR_UNSUPPORTED, ERROR_NO_OFFSET, "the dataset cannot be read: %s", problem);
    }
    d->space = H5Dget_space(id);
    const int ndim = H5Sget_simple_extent_dims(d->space, d->shape, NULL);
    d->ndim = ndim < 0 ? 0 : (unsigned)ndim;
    if (!chunk_fits(id, plist, d, q, err)) {
        H5Dclose(id);
        return false;
    }
    d->id = with_cache(id, plist, d, q);
    AUTO(close_type) hid_t type = d->id < 0 ? -1 : H5Dget_type(d->id);
    if (ndim < 0 || type < 0)
        return library_fail(err, ERR_SYNTAX, "the dataset is damaged");
    if (!type_of_file(type, &d->arena, &d->type, err))
        return false;
    return d->type.problem == NULL ||
           FAIL(err, ERR_UNSUPPORTED, ERROR_NO_OFFSET, "the dataset cannot be read: %s", d->type.problem);
}

bool dataset_open(struct worker *w, struct open_file *file, const struct sandbox_request *q,
                  struct open_dataset **out, struct error *err)
{
    struct open_dataset *d = NULL;
    for (size_t i = 0; i < DATASETS_MAX && d == NULL; i++)
        if (w->datasets[i].file == file && w->datasets[i].object == q->target)
            d = &w->datasets[i];
    if (d == NULL) {
        d = dataset_place(w);
        *d = (struct open_dataset){.file = file, .object = q->target};
        arena_init(&d->arena, 64 << 20);
        const hid_t id = find_dataset(d, q, H5P_DEFAULT);
        if (id < 0 ? !library_fail(err, ERR_SYNTAX, "the dataset cannot be opened")
                   : !dataset_start(d, id, q, err)) {
            dataset_close(d);
            return false;
        }
    }
    d->used = ++w->clock;
    *out = d;
    return true;
}
