/* A worker: the only process that calls the HDF5 library. */
#include "process.h"

#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "lockdown.h"
#include "message.h"
#include "supervisor.h"
#include "worker.h"

enum {
    CALL_BUDGET = 64 << 20, /* marks of one call */
    ALARM_LATE_S = 10,      /* who outlives the limit by so much has nobody who would end it */
};

/* Not in the header: a program that uses one of them has this file, and so becomes what it is called. */
const char process_worker[] = "mandoline-hdf5-worker";
const char process_supervisor[] = "mandoline-supervisor";

/* ---- words of the library ---- */

struct words {
    char outer[96], inner[96];
    bool no_space;
};

static herr_t collect(unsigned n, const H5E_error2_t *e, void *arg)
{
    struct words *w = arg;
    const char *text = e->desc == NULL ? "" : e->desc;
    snprintf(n == 0 ? w->outer : w->inner, sizeof w->outer, "%s", text);
    w->no_space = w->no_space || (e->maj_num == H5E_RESOURCE && e->min_num == H5E_NOSPACE);
    return 0;
}

void library_error(struct error *err, enum error_kind kind, const char *what)
{
    struct words w = {{0}, {0}, false};
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, collect, &w);
    const char *between = w.inner[0] == '\0' || strcmp(w.outer, w.inner) == 0 ? "" : ": ";
    if (w.no_space)
        error_set_limit(err, "memory", LOCKDOWN_MEMORY, "%s: it needs more memory than a worker may take",
                        what);
    else if (w.outer[0] == '\0')
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

static bool start(struct worker *w)
{
    H5dont_atexit(); /* the library's own end crashes when files are open */
    return H5open() >= 0 && H5Eset_auto2(H5E_DEFAULT, NULL, NULL) >= 0 && H5PLset_loading_state(0) >= 0 &&
           H5Lregister(&no_external_links) >= 0 && filters_start() && driver_start(&w->driver);
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
    [SANDBOX_LOCATE] = locate_chunks,
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

/* ---- one call ---- */

/* What a worker has at hand. */
struct process {
    struct worker worker;
    uint8_t *window;
    struct sink reply;
    struct arena arena; /* of one call */
    struct box box;
};

/* A window that came along with a call. */
struct guest {
    uint8_t *at;
    size_t size;
};

static void guest_drop(struct guest *g)
{
    if (g->at != NULL)
        munmap(g->at, g->size);
}

static bool guest_map(struct guest *g, int fd, size_t size, struct error *err)
{
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED)
        return FAIL(err, ERR_MEMORY, ERROR_NO_OFFSET, "there is no memory for %zu bytes at once", size);
    *g = (struct guest){at, size};
    return true;
}

static bool work(struct process *p, const struct call_head *call, struct bytes tail, int file, int window,
                 struct error *err)
{
    struct sandbox_request q = call->request;
    AUTO(guest_drop) struct guest guest = {NULL, 0};
    if (call->has_window && !guest_map(&guest, window, (size_t)call->window, err))
        return false;
    uint8_t *elements = call->has_window ? guest.at : p->window;
    if (call->outside)
        tail = bytes_of(elements + window_blob(call), (size_t)call->blob);
    q.fd = file;
    q.window = q.window == NULL ? NULL : elements;
    if (!blob_get(tail, call->ndim, &p->arena, &p->box, &q, err))
        return false;
    if (q.op == SANDBOX_READ) /* the library leaves what has no fill value, and there it may be another's */
        memset(q.window, 0, q.window_size);
    H5Eclear2(H5E_DEFAULT);
    return operations[q.op](&p->worker, &q, &p->reply, err);
}

/* ---- its answer ---- */

static bool say(const struct answer_head *a, struct bytes tail)
{
    const struct message m = {(void *)(uintptr_t)a, sizeof *a, tail, NULL, 0};
    return message_send(PROCESS_SOCKET, &m);
}

static bool say_error(const struct error *err)
{
    struct answer_head a = {.kind = ANSWER_FAILED, .error = *err};
    a.error.limit = NULL;
    snprintf(a.limit, sizeof a.limit, "%s", err->limit == NULL ? "" : err->limit);
    return say(&a, bytes_of(NULL, 0));
}

/* Part by part: what is short goes into the message. */
static bool say_reply(struct process *p, const struct call_head *call)
{
    const size_t at = window_reply(call), room = WINDOW_SIZE - at, total = p->reply.len;
    const bool outside = sizeof(struct answer_head) + total > MESSAGE_MAX;
    for (size_t sent = 0;;) {
        const size_t left = total - sent, part = left < room ? left : room;
        const struct answer_head a = {.kind = ANSWER_DONE, .outside = outside, .reply = total, .part = part};
        if (outside)
            memcpy(p->window + at, p->reply.data + sent, part);
        if (!say(&a, bytes_of(p->reply.data, outside ? 0 : part)))
            return false;
        sent += part;
        if (sent == total)
            return true;
        struct call_head more;
        uint8_t none[1];
        if (message_receive(PROCESS_SOCKET, (struct message_wait){.spin = call->spin}, &more, sizeof more,
                            none, sizeof none, NULL, NULL) < 0)
            return false;
    }
}

/* The front counts on what was open before; it may have been closed to make room. */
static bool lacks_file(struct process *p, const struct call_head *call)
{
    const enum sandbox_op op = call->request.op;
    return !call->has_file && !call_writes(&call->request) && op != SANDBOX_FORGET &&
           !file_is_open(&p->worker, &call->request.identity);
}

static bool serve(struct process *p, const struct call_head *call, struct bytes tail, const int *fds)
{
    struct error err = {0};
    if (lacks_file(p, call))
        return say(&(struct answer_head){.kind = ANSWER_NO_FILE}, bytes_of(NULL, 0));
    p->reply.len = 0;
    arena_init(&p->arena, CALL_BUDGET);
    alarm(call->seconds + ALARM_LATE_S);
    const bool ok = work(p, call, tail, call->has_file ? fds[0] : -1, fds[call->has_file], &err);
    alarm(0);
    arena_free(&p->arena);
    return ok ? say_reply(p, call) : say_error(&err);
}

static void serve_all(struct process *p)
{
    static uint8_t tail[MESSAGE_MAX];
    struct call_head call = {0};
    bool ok = true;
    while (ok) {
        int fds[MESSAGE_FDS + 1];
        size_t count = 0;
        const ssize_t n = message_receive(PROCESS_SOCKET, (struct message_wait){.spin = call.spin}, &call,
                                          sizeof call, tail, sizeof tail, fds, &count);
        ok = n >= 0 && (size_t)call.has_file + call.has_window == count &&
             serve(p, &call, bytes_of(tail, (size_t)n), fds);
        for (size_t i = 0; i < count; i++)
            close(fds[i]);
        if (p->reply.capacity > WINDOW_SIZE)
            sink_deinit(&p->reply);
    }
}

/* ---- the process ---- */

/* What the library, or the C library when it gives up, writes to the standard descriptors must reach no file.
 * last: the last descriptor that stays. */
static void leave_outside(int last)
{
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; fd < (LOCKDOWN_TALKS ? STDERR_FILENO : PROCESS_SOCKET); fd++)
        dup2(null, fd);
    if (null > last)
        close(null);
    close_range((unsigned)last + 1, ~0U, 0);
    /* A signal to the whole group is the front's to answer: it still has requests to finish. */
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
}

static void run_worker(bool writes)
{
    static struct process process;
    struct process *p = &process;
    leave_outside(PROCESS_WINDOW);
    prctl(PR_SET_NAME, "hdf5-worker");
    mallopt(M_ARENA_MAX, 1);
    tzset(); /* before the zone file is out of reach */
    p->window = mmap(NULL, WINDOW_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, PROCESS_WINDOW, 0);
    if (p->window == MAP_FAILED || !start(&p->worker))
        return;
    close(PROCESS_WINDOW);
    const struct answer_head ready = {.kind = ANSWER_READY, .memory = lockdown(writes)};
    if (say(&ready, bytes_of(NULL, 0)))
        serve_all(p);
}

/* glibc hands main()'s arguments to constructors. */
__attribute__((constructor)) static void play_a_part(int argc, char **argv)
{
    if (argc >= 1 && strcmp(argv[0], process_supervisor) == 0) {
        leave_outside(PROCESS_SOCKET);
        supervisor_run(PROCESS_SOCKET, argv + 1);
    } else if (argc >= 2 && strcmp(argv[0], process_worker) == 0) {
        /* By a thread of another program it is started without: the signal comes when that thread ends. */
        if (argc > 2 && strcmp(argv[2], PROCESS_SUPERVISED) == 0)
            prctl(PR_SET_PDEATHSIG, SIGKILL);
        run_worker(strcmp(argv[1], PROCESS_WRITES) == 0);
    } else {
        return;
    }
    _exit(0); /* nothing of the library's own end, nor of the program's */
}
