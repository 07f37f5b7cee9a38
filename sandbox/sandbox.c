/* The library's side of the boundary, in this process: one lock, one set of open files. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "cache.h"
#include "worker.h"

/* The library is one big global itself; this is the rest of it. */
static struct worker the_worker;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* ---- words of the library ---- */

struct words {
    char outer[96], inner[96];
};

static herr_t collect(unsigned n, const H5E_error2_t *e, void *arg)
{
    struct words *w = arg;
    const char *text = e->desc == NULL ? "" : e->desc;
    snprintf(n == 0 ? w->outer : w->inner, sizeof w->outer, "%s", text);
    return 0;
}

void library_error(struct error *err, enum error_kind kind, const char *what)
{
    struct words w = {{0}, {0}};
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, collect, &w);
    const char *between = w.inner[0] == '\0' || strcmp(w.outer, w.inner) == 0 ? "" : ": ";
    if (w.outer[0] == '\0')
        error_set(err, kind, ERROR_NO_OFFSET, "%s", what);
    else
        error_set(err, kind, ERROR_NO_OFFSET, "%s (%s%s%s)", what, w.outer, between, *between ? w.inner : "");
}

/* ---- links to other files ---- */

static hid_t refuse(const char *name, hid_t group, const void *data, size_t size, hid_t access,
                    hid_t transfer)
{
    (void)name, (void)group, (void)data, (void)size, (void)access, (void)transfer;
    return -1;
}

/* Without it H5Lget_val has nothing to give. */
static ssize_t copy_value(const char *name, const void *data, size_t size, void *out, size_t room)
{
    (void)name;
    if (out != NULL)
        memcpy(out, data, size < room ? size : room);
    return (ssize_t)size;
}

static const H5L_class_t no_external_links = {
    .version = H5L_LINK_CLASS_T_VERS,
    .id = H5L_TYPE_EXTERNAL,
    .comment = "external links are described, never followed",
    .trav_func = refuse,
    .query_func = copy_value,
};

static bool start(struct worker *w, struct error *err)
{
    if (w->started)
        return true;
    H5dont_atexit(); /* the library's own end crashes when files are open */
    if (H5open() < 0 || H5Eset_auto2(H5E_DEFAULT, NULL, NULL) < 0 || H5PLset_loading_state(0) < 0 ||
        H5Lregister(&no_external_links) < 0 || !lzf_start() || !driver_start(&w->driver))
        return FAIL(err, ERR_INTERNAL, ERROR_NO_OFFSET, "the HDF5 library does not start");
    return w->started = true;
}

/* ---- paths ---- */

bool path_clean(struct bytes path, struct arena *arena, const char **out, struct error *err)
{
    char *clean = arena_alloc(arena, 1, path.len + 2);
    size_t n = 0;
    if (clean == NULL)
        return arena_fail(arena, err);
    if (path.len > 0 && memchr(path.data, 0, path.len) != NULL)
        return FAIL(err, ERR_NOT_FOUND, ERROR_NO_OFFSET, "no path has a NUL");
    for (size_t i = 0; i < path.len;) {
        const uint8_t *start = path.data + i;
        const uint8_t *slash = memchr(start, '/', path.len - i);
        const size_t len = slash == NULL ? path.len - i : (size_t)(slash - start);
        i += len + 1;
        if (len == 0 || (len == 1 && start[0] == '.'))
            continue;
        if (n > 0)
            clean[n++] = '/';
        memcpy(clean + n, start, len);
        n += len;
    }
    *out = clean;
    return true;
}

/* ---- calls ---- */

static bool forget(struct worker *w, const struct sandbox_request *q, struct sink *reply, struct error *err)
{
    (void)reply, (void)err;
    file_forget(w, &q->identity);
    return true;
}

static operation *const operations[SANDBOX_OP_COUNT] = {
    [SANDBOX_DESCRIBE] = describe,
    [SANDBOX_READ] = read_box,
    [SANDBOX_WORDS] = words_of_object,
    [SANDBOX_FORGET] = forget,
    [SANDBOX_BEGIN] = write_begin,
    [SANDBOX_GROUP] = write_group,
    [SANDBOX_DATASET] = write_dataset,
    [SANDBOX_WRITE] = write_box,
    [SANDBOX_ATTRIBUTE] = write_attribute,
    [SANDBOX_HARD_LINK] = write_hard_link,
    [SANDBOX_SOFT_LINK] = write_soft_link,
    [SANDBOX_EXTERNAL_LINK] = write_external_link,
    [SANDBOX_NAMED_TYPE] = write_named_type,
    [SANDBOX_RELEASE] = write_release,
    [SANDBOX_TYPE] = write_type,
    [SANDBOX_DATASET_AS] = write_dataset_as,
    [SANDBOX_ATTRIBUTE_AS] = write_attribute_as,
    [SANDBOX_COPY] = copy_chunks,
    [SANDBOX_FINISH] = write_finish,
    [SANDBOX_ABORT] = write_abort,
};

static bool call_locked(const struct sandbox_request *q, struct sink *reply, struct error *err)
{
    pthread_mutex_lock(&lock);
    bool ok = start(&the_worker, err);
    if (ok) {
        H5Eset_auto2(H5E_DEFAULT, NULL, NULL); /* one stack a thread, in some builds of the library */
        H5Eclear2(H5E_DEFAULT);
        ok = operations[q->op](&the_worker, q, reply, err);
    }
    pthread_mutex_unlock(&lock);
    return ok;
}

bool sandbox_call(const struct sandbox_request *request, struct sink *reply, struct error *err)
{
    if (request->op != SANDBOX_DESCRIBE || request->identity.serial != 0)
        return call_locked(request, reply, err);
    if (cache_get(request, reply))
        return true;
    if (!call_locked(request, reply, err))
        return false;
    cache_put(request, bytes_of(reply->data, reply->len));
    return true;
}

/* ---- identity ---- */

static uint64_t nanoseconds(struct timespec t)
{
    return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

bool sandbox_identify(int fd, struct sandbox_identity *out, struct error *err)
{
    static atomic_uint_fast64_t serial;
    struct stat st;
    if (fstat(fd, &st) != 0)
        return FAIL(err, ERR_IO, ERROR_NO_OFFSET, "the file cannot be examined");
    *out = (struct sandbox_identity){
        .device = st.st_dev,
        .inode = st.st_ino,
        .size = (uint64_t)st.st_size,
        .modified_ns = nanoseconds(st.st_mtim),
        .changed_ns = nanoseconds(st.st_ctim),
        .serial = st.st_nlink == 0 ? atomic_fetch_add(&serial, 1) + 1 : 0,
    };
    return true;
}
