#include "message.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"

enum { WATCH_MS = 20 }; /* between two questions to the watch */

/* ---- one message ---- */

union control {
    struct cmsghdr align;
    char room[CMSG_SPACE(MESSAGE_FDS * sizeof(int))];
};

bool message_send(int socket, const struct message *m)
{
    struct iovec parts[] = {{m->head, m->head_size}, {(void *)(uintptr_t)m->tail.data, m->tail.len}};
    union control control = {0};
    struct msghdr h = {.msg_iov = parts, .msg_iovlen = m->tail.len > 0 ? 2 : 1};
    if (m->fd_count > 0) {
        h.msg_control = &control;
        h.msg_controllen = CMSG_SPACE(m->fd_count * sizeof(int));
        struct cmsghdr *c = CMSG_FIRSTHDR(&h);
        *c = (struct cmsghdr){.cmsg_level = SOL_SOCKET,
                              .cmsg_type = SCM_RIGHTS,
                              .cmsg_len = CMSG_LEN(m->fd_count * sizeof(int))};
        memcpy(CMSG_DATA(c), m->fds, m->fd_count * sizeof(int));
    }
    ssize_t n;
    do
        n = sendmsg(socket, &h, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n >= 0;
}

/* On one core the other side cannot run while this one spins. */
static bool may_spin(void)
{
    static int cores; /* 0: not counted yet; the same answer whoever counts */
    cpu_set_t set;
    if (__atomic_load_n(&cores, __ATOMIC_RELAXED) == 0)
        __atomic_store_n(&cores, sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1,
                         __ATOMIC_RELAXED);
    return __atomic_load_n(&cores, __ATOMIC_RELAXED) > 1;
}

/* Until something is there. False: errno says why not. */
static bool wait_watching(int socket, const struct message_wait *how)
{
    const uint64_t end = clock_us() + (uint64_t)how->seconds * 1000000;
    struct pollfd wait = {.fd = socket, .events = POLLIN};
    int state;
    while ((state = poll(&wait, 1, WATCH_MS)) <= 0) {
        if (state < 0 && errno != EINTR)
            return false;
        errno = watch_over(how->watch) ? ECANCELED : EAGAIN;
        if (errno == ECANCELED || clock_us() >= end)
            return false;
    }
    return true;
}

static ssize_t receive(int socket, const struct message_wait *how, struct msghdr *h)
{
    const struct msghdr fresh = *h;
    const uint64_t start = how->spin && may_spin() ? clock_us() : 0;
    ssize_t n;
    while (start > 0) {
        n = recvmsg(socket, h, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        if (n >= 0 || errno != EAGAIN)
            return n;
        *h = fresh;
        if (clock_us() - start >= SPIN_US)
            break;
    }
    if (how->watch != NULL && !wait_watching(socket, how))
        return -1;
    do {
        *h = fresh;
        n = recvmsg(socket, h, MSG_CMSG_CLOEXEC);
    } while (n < 0 && errno == EINTR);
    return n;
}

static void take_descriptors(struct msghdr *h, int *fds, size_t *count)
{
    *count = 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c != NULL; c = CMSG_NXTHDR(h, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        const size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        const int *from = (const int *)(const void *)CMSG_DATA(c);
        for (size_t i = 0; i < n; i++)
            if (*count < MESSAGE_FDS)
                fds[(*count)++] = from[i];
            else
                close(from[i]);
    }
}

ssize_t message_receive(int socket, struct message_wait how, void *head, size_t head_size, void *tail,
                        size_t room, int *fds, size_t *fd_count)
{
    union control control;
    struct iovec parts[] = {{head, head_size}, {tail, room}};
    struct msghdr h = {.msg_iov = parts, .msg_iovlen = 2};
    if (fds != NULL) { /* without room for them the kernel drops descriptors: the front takes none */
        h.msg_control = &control;
        h.msg_controllen = sizeof control;
    }
    const ssize_t n = receive(socket, &how, &h);
    if (n < 0)
        return -1;
    if (fds != NULL)
        take_descriptors(&h, fds, fd_count);
    if ((size_t)n < head_size || (h.msg_flags & MSG_TRUNC) != 0) {
        errno = EPIPE;
        return -1;
    }
    return n - (ssize_t)head_size;
}

/* ---- the parts of a request ---- */

static bool put_axes(struct sink *s, const struct box *box, struct error *err)
{
    const size_t n = box == NULL ? 0 : box->ndim * sizeof(uint64_t);
    return box == NULL || (sink_write(s, box->start, n, err) && sink_write(s, box->step, n, err) &&
                           sink_write(s, box->count, n, err));
}

bool blob_put(struct sink *s, const struct sandbox_request *q, struct error *err)
{
    if (!put_axes(s, q->box, err) || !wire_put_run(s, q->path, err) || !wire_put_run(s, q->payload, err))
        return false;
    for (size_t i = 0; i < q->mark_count; i++) {
        const struct sandbox_mark *mark = &q->marks[i];
        if (!wire_put_run(s, bytes_of(mark->name, strlen(mark->name) + 1), err) ||
            !wire_put_run(s, mark->value, err))
            return false;
    }
    return true;
}

static bool get_axes(struct reader *r, uint32_t ndim, struct box *box, struct error *err)
{
    struct bytes axes;
    if (ndim > DTYPE_MAX_NDIM || !reader_take(r, (size_t)ndim * 3 * sizeof(uint64_t), &axes, err))
        return FAIL(err, ERR_INTERNAL, ERROR_NO_OFFSET, "a box has too many axes");
    const size_t n = ndim * sizeof(uint64_t);
    box->ndim = ndim;
    memcpy(box->start, axes.data, n);
    memcpy(box->step, axes.data + n, n);
    memcpy(box->count, axes.data + 2 * n, n);
    return true;
}

bool blob_get(struct bytes blob, uint32_t ndim, struct arena *arena, struct box *box,
              struct sandbox_request *q, struct error *err)
{
    struct reader r = reader_make(blob);
    q->box = NULL;
    if (ndim != UINT32_MAX) {
        if (!get_axes(&r, ndim, box, err))
            return false;
        q->box = box;
    }
    if (!wire_get_run(&r, &q->path, err) || !wire_get_run(&r, &q->payload, err))
        return false;
    struct sandbox_mark *marks = arena_alloc(arena, q->mark_count, sizeof *marks);
    if (marks == NULL && q->mark_count > 0)
        return arena_fail(arena, err);
    for (size_t i = 0; i < q->mark_count; i++) {
        struct bytes name;
        if (!wire_get_run(&r, &name, err) || !wire_get_run(&r, &marks[i].value, err))
            return false;
        marks[i].name = (const char *)name.data;
    }
    q->marks = marks;
    return true;
}
