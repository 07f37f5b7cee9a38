#include "slot.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "limits.h"
#include "start.h"

/* ---- windows ---- */

/* Memory that another process may be given. It cannot shrink under the feet of the one who reads it. */
struct bulk {
    int fd; /* -1: none */
    uint8_t *at;
    size_t size;
};

static void bulk_drop(struct bulk *b)
{
    if (b->at != NULL)
        munmap(b->at, b->size);
    if (b->fd >= 0)
        close(b->fd);
    *b = (struct bulk){.fd = -1};
}

static bool bulk_make(struct bulk *b, size_t size)
{
    *b = (struct bulk){.fd = memfd_create("window", MFD_CLOEXEC | MFD_ALLOW_SEALING), .size = size};
    if (b->fd < 0)
        return false;
    void *at = MAP_FAILED;
    if (ftruncate(b->fd, (off_t)size) == 0 &&
        fcntl(b->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
        at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, b->fd, 0);
    if (at == MAP_FAILED) {
        bulk_drop(b);
        return false;
    }
    b->at = at;
    return true;
}

/* ---- starting and ending ---- */

static bool open_slot(struct slot *s, bool writes, uint32_t seconds)
{
    struct bulk window = {.fd = -1};
    int pair[2];
    const struct timeval wait = {.tv_sec = seconds};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return false;
    s->socket = pair[0];
    if (setsockopt(s->socket, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) != 0 ||
        !bulk_make(&window, WINDOW_SIZE)) {
        close(pair[1]);
        return false;
    }
    s->window = window.at;
    const bool ok = start_worker(pair[1], window.fd, writes, &s->pid);
    close(pair[1]);
    close(window.fd);
    return ok;
}

static bool wait_ready(struct slot *s)
{
    struct answer_head a;
    uint8_t tail[1];
    if (message_receive(s->socket, (struct message_wait){0}, &a, sizeof a, tail, sizeof tail, NULL, NULL) !=
            0 ||
        a.kind != ANSWER_READY)
        return false;
    s->memory = a.memory;
    return true;
}

bool slot_start(struct slot *s, bool writes, uint32_t seconds, struct error *err)
{
    s->pid = 0;
    s->socket = -1;
    s->window = NULL;
    if (open_slot(s, writes, seconds) && wait_ready(s))
        return true;
    slot_kill(s);
    return FAIL(err, ERR_DIED, ERROR_NO_OFFSET, "no process can be started that reads HDF5");
}

int slot_kill(struct slot *s)
{
    const int signal = s->pid > 0 ? end_worker(s->pid) : 0;
    if (s->socket >= 0)
        close(s->socket);
    if (s->window != NULL)
        munmap(s->window, WINDOW_SIZE);
    sink_deinit(&s->blob);
    s->pid = 0;
    s->socket = -1;
    s->window = NULL;
    return signal;
}

/* ---- a call ---- */

/* What is on its way, on this side. */
struct call {
    struct slot *slot;
    const struct sandbox_request *q;
    struct call_head head;
    struct bulk own;  /* has_window */
    uint8_t *window;  /* the one in use */
    struct error bad; /* what the front itself has to say */
};

/* The process may map a window of that size beside what it may take anyway; 0: not any more. */
static void allow_memory(const struct slot *s, size_t more)
{
    struct rlimit limit;
    if (s->memory == 0 || prlimit(s->pid, RLIMIT_AS, NULL, &limit) != 0)
        return;
    limit.rlim_cur = s->memory + more;
    prlimit(s->pid, RLIMIT_AS, &limit, NULL);
}

/* Elements and a long blob go through a window: the shared one, or one of their own that is big enough. */
static bool choose_window(struct call *c)
{
    const size_t inside = sizeof c->head + c->slot->blob.len;
    size_t need = c->q->window_size;
    c->head.outside = inside > MESSAGE_MAX;
    if (c->head.outside && !checked_add(window_blob(&c->head), c->slot->blob.len, &need))
        return false;
    c->window = c->slot->window;
    c->head.has_window = need > WINDOW_SIZE - WINDOW_REPLY;
    if (!c->head.has_window)
        return true;
    if (!bulk_make(&c->own, need))
        return false;
    c->head.window = need;
    c->window = c->own.at;
    allow_memory(c->slot, need);
    return true;
}

static bool prepare(struct call *c)
{
    const struct sandbox_request *q = c->q;
    c->slot->blob.len = 0;
    if (!blob_put(&c->slot->blob, q, &c->bad))
        return false;
    c->head.request = *q;
    c->head.request.watch = NULL;
    c->head.ndim = q->box == NULL ? UINT32_MAX : q->box->ndim;
    c->head.blob = c->slot->blob.len;
    if (!choose_window(c))
        return FAIL(&c->bad, ERR_MEMORY, ERROR_NO_OFFSET, "there is no memory to hand over %zu bytes",
                    q->window_size);
    if (call_writes(q) && q->window_size > 0)
        memcpy(c->window, q->window, q->window_size);
    if (c->head.outside)
        memcpy(c->window + window_blob(&c->head), c->slot->blob.data, c->slot->blob.len);
    return true;
}

static bool post(struct call *c, bool pass)
{
    int fds[MESSAGE_FDS];
    size_t count = 0;
    c->head.has_file = pass && c->q->fd >= 0;
    if (c->head.has_file)
        fds[count++] = c->q->fd;
    if (c->head.has_window)
        fds[count++] = c->own.fd;
    const struct bytes blob = bytes_of(c->slot->blob.data, c->head.outside ? 0 : c->slot->blob.len);
    const struct message m = {&c->head, sizeof c->head, blob, fds, count};
    return message_send(c->slot->socket, &m);
}

/* ---- its answer ---- */

static const char *limit_name(const char *letters)
{
    static const char *const names[] = {
#define LIMIT_NAME(field, name, value, minimum, what) name,
        LIMIT_TABLE(LIMIT_NAME)
#undef LIMIT_NAME
    };
    for (size_t i = 0; i < ROWS(names); i++)
        if (strcmp(names[i], letters) == 0)
            return names[i];
    return NULL;
}

static bool take_error(struct answer_head *a, struct error *err)
{
    struct error *e = &a->error;
    if (e->kind <= ERR_NONE || e->kind >= ERR_KIND_COUNT)
        return false;
    e->detail[sizeof e->detail - 1] = e->pointer[sizeof e->pointer - 1] = '\0';
    a->limit[sizeof a->limit - 1] = '\0';
    e->limit = limit_name(a->limit);
    if (err->kind == ERR_NONE)
        *err = *e;
    return true;
}

/* The answer lies in memory of our own; of the window nothing is believed. Its part, or false. */
static bool part_of(const struct call *c, const struct answer_head *a, const uint8_t *tail, size_t tail_size,
                    struct bytes *out)
{
    const size_t at = window_reply(&c->head);
    if (a->part > (a->outside ? WINDOW_SIZE - at : tail_size))
        return false;
    *out = bytes_of(a->outside ? c->slot->window + at : tail, (size_t)a->part);
    return true;
}

/* A writer is never left in the middle: other files may be at work there. */
static struct message_wait wait_of(const struct call *c)
{
    return (struct message_wait){
        .spin = c->head.spin, .watch = call_writes(c->q) ? NULL : c->q->watch, .seconds = c->head.seconds};
}

static enum slot_end lost(const struct call *c, bool first)
{
    if (errno == EAGAIN || errno == ECANCELED)
        return errno == EAGAIN ? SLOT_HUNG : SLOT_LEFT;
    /* The kernel says so when the call was never read. */
    return first && errno == ECONNRESET && c->q->session == 0 ? SLOT_UNREAD : SLOT_DIED;
}

static enum slot_end take_reply(struct call *c, struct answer_head *a, uint8_t *tail, size_t n,
                                struct sink *reply)
{
    struct call_head more = {.more = true};
    const struct message m = {.head = &more, .head_size = sizeof more};
    const uint64_t total = a->reply;
    uint64_t got = 0;
    while (true) {
        struct bytes part;
        if (total > REPLY_MOST || a->reply != total || !part_of(c, a, tail, n, &part) ||
            part.len > total - got || (part.len == 0 && got < total))
            return SLOT_DIED;
        if (!sink_bytes(reply, part, &c->bad))
            return SLOT_DIED;
        got += part.len;
        if (got == total)
            return SLOT_DONE;
        const ssize_t next =
            message_send(c->slot->socket, &m)
                ? message_receive(c->slot->socket, wait_of(c), a, sizeof *a, tail, MESSAGE_MAX, NULL, NULL)
                : -1;
        if (next < 0)
            return lost(c, false);
        n = (size_t)next;
    }
}

static enum slot_end converse(struct call *c, bool pass, struct sink *reply)
{
    struct answer_head a;
    uint8_t tail[MESSAGE_MAX];
    ssize_t n;
    do {
        if (!post(c, pass))
            return errno == ETOOMANYREFS || errno == ENOMEM ? SLOT_FAILED : SLOT_UNREAD;
        n = message_receive(c->slot->socket, wait_of(c), &a, sizeof a, tail, sizeof tail, NULL, NULL);
        if (n < 0)
            return lost(c, true);
        if (a.kind != ANSWER_NO_FILE)
            break;
    } while (!pass && (pass = true));
    if (a.kind == ANSWER_FAILED)
        return take_error(&a, &c->bad) ? SLOT_FAILED : SLOT_DIED;
    if (a.kind != ANSWER_DONE)
        return SLOT_DIED;
    const enum slot_end end = take_reply(c, &a, tail, (size_t)n, reply);
    if (end == SLOT_DONE && !call_writes(c->q) && c->q->window_size > 0)
        memcpy(c->q->window, c->window, c->q->window_size);
    return end;
}

enum slot_end slot_call(struct slot *s, const struct sandbox_request *q, struct slot_manner how,
                        struct sink *reply, struct error *err)
{
    struct call c = {
        .slot = s, .q = q, .head = {.seconds = how.seconds, .spin = how.spin}, .own = {.fd = -1}};
    const size_t before = reply->len;
    const bool ready = prepare(&c);
    const size_t counted = c.own.at == NULL ? 0 : c.own.size;
    account_owe(how.account, counted);
    enum slot_end end = ready ? converse(&c, how.pass, reply) : SLOT_FAILED;
    account_give(how.account, counted);
    if (c.own.at != NULL)
        allow_memory(s, 0);
    bulk_drop(&c.own);
    if (s->blob.capacity > WINDOW_SIZE)
        sink_deinit(&s->blob);
    if (end == SLOT_DONE)
        return end;
    reply->len = before;
    if (end == SLOT_FAILED && c.bad.kind == ERR_NONE)
        error_set(&c.bad, ERR_MEMORY, ERROR_NO_OFFSET, "the descriptor cannot be handed over");
    if (end == SLOT_FAILED && err->kind == ERR_NONE)
        *err = c.bad;
    return end;
}
