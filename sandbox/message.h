/*
 * What the front and a worker say to each other, over a socket that keeps the borders of messages. Both are
 * the same program, so structs cross as they are; pointers don't. The front checks what it is told: a worker
 * may be in the hands of the file that it read.
 */
#ifndef MANDOLINE_MESSAGE_H
#define MANDOLINE_MESSAGE_H

#include <sys/types.h>

#include "sandbox.h"

enum {
    MESSAGE_MAX = 16 << 10,   /* bytes of one message: what is longer goes through the window */
    WINDOW_SIZE = 4 << 20,    /* bytes that front and worker share */
    WINDOW_REPLY = 256 << 10, /* of them at least so many are left for the reply */
    MESSAGE_FDS = 2,          /* the file, and a window for this call alone */
    /* Waking a sleeper on another core takes longer than most calls; but when all cores are at work anyway,
     * who spins keeps the other side from running. */
    SPIN_US = 50,
};

/* No reply is longer. */
#define REPLY_MOST (1ULL << 30)

/* Front to worker. Behind it follows the blob: axes of the box, path, payload, marks. */
struct call_head {
    bool more;       /* nothing but: the next part of the reply, please */
    bool has_file;   /* the first descriptor */
    bool has_window; /* the last descriptor: a window for this call alone, in place of the one that is shared
                      */
    bool outside;    /* the blob is in the window, behind the elements */
    bool spin;       /* the next call may come soon */
    uint32_t seconds;
    uint32_t ndim;                  /* of the box; UINT32_MAX: there is none */
    uint64_t blob, window;          /* bytes of the blob, of the window for this call */
    struct sandbox_request request; /* window is not NULL when there are elements */
};

enum answer_kind {
    ANSWER_READY,   /* the first word of a worker */
    ANSWER_DONE,    /* with a part of the reply */
    ANSWER_FAILED,  /* see error */
    ANSWER_NO_FILE, /* the file isn't open here: send its descriptor along */
};

/* Worker to front. A part of the reply follows, or lies in the window behind the elements. */
struct answer_head {
    uint32_t kind;        /* enum answer_kind */
    uint32_t outside;     /* not 0: the part is in the window */
    uint64_t reply, part; /* bytes of all of it, and of this part */
    uint64_t memory;      /* READY: what the worker's address space may grow to */
    struct error error;
    char limit[32]; /* error.limit in letters */
};

/* Where in its window the blob begins: behind the elements. */
static inline size_t window_blob(const struct call_head *call)
{
    return (call->request.window_size + 63) & ~(size_t)63;
}

/* Where in the shared window parts of the reply begin: behind the elements, if they are there. */
static inline size_t window_reply(const struct call_head *call)
{
    return call->has_window ? 0 : window_blob(call);
}

/* Reading calls fill their window, writing calls give it. */
static inline bool call_writes(const struct sandbox_request *q)
{
    return q->op >= SANDBOX_BEGIN;
}

struct message {
    void *head;
    size_t head_size;
    struct bytes tail; /* sent behind the head */
    const int *fds;
    size_t fd_count;
};

/* How an answer is waited for. */
struct message_wait {
    bool spin; /* looks again for a while before it sleeps */
    struct watch *watch;
    uint32_t seconds; /* with a watch */
};

/* False: nobody is there any more (EPIPE, ECONNRESET), or errno says what. */
bool message_send(int socket, const struct message *m);

/*
 * The head, and into tail (of `room` bytes) what follows; fds gets up to MESSAGE_FDS descriptors, *fd_count
 * says how many. The caller closes them. Returns the bytes of
 * the tail; -1: errno, EPIPE at the end, EAGAIN after the socket's time, ECANCELED when the watch (or NULL)
 * is over.
 */
ssize_t message_receive(int socket, struct message_wait how, void *head, size_t head_size, void *tail,
                        size_t room, int *fds, size_t *fd_count);

/* The box, path, payload and marks of a request, and back. Views are into the blob, the rest in the arena. */
bool blob_put(struct sink *s, const struct sandbox_request *q, struct error *err);
bool blob_get(struct bytes blob, uint32_t ndim, struct arena *arena, struct box *box,
              struct sandbox_request *q, struct error *err);

#endif
