/*
 * The open connections, and how long each may take for its part: to say what it wants, to send a body, to
 * take the answer, to say nothing. A thread looks at all of them a few times a second and cuts those that
 * take longer, by the name of a limit. Only what the client does is measured here; our own work is watched by
 * watch.h.
 */
#ifndef MANDOLINE_GUESTS_H
#define MANDOLINE_GUESTS_H

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>

#include "error.h"
#include "limits.h"
#include "log.h"

enum { GUEST_ID_MAX = 128, GUEST_BASE_MAX = 200 };

enum guest_phase {
    GUEST_IDLE,   /* between two requests, or in the first line and headers of one */
    GUEST_BODY,   /* sends a body */
    GUEST_SERVED, /* waits for us */
    GUEST_TAKES,  /* has an answer to take */
    GUEST_CUT,    /* was cut; stays so */
};

struct guest {
    struct guest *next, *previous;
    int fd;
    char address[INET6_ADDRSTRLEN]; /* or "" */
    bool uninvited;                 /* its peer has more connections than it may */
    atomic_bool speaks;             /* its request line is known: whoever reads it will log it */
    atomic_uint_fast64_t state;     /* a guest_phase, and how many there were before */
    _Atomic(const char *) cut;      /* the limit */
    atomic_bool named;              /* GUEST_BODY: the next two are those of its request */
    char id[GUEST_ID_MAX + 1], base[GUEST_BASE_MAX + 1];
    /* The keeper's. */
    uint64_t seen;         /* the state */
    uint64_t since, bytes; /* when that was seen first, and what had come by then */
    bool talks;            /* GUEST_IDLE: the next request has begun */
};

struct guests {
    pthread_mutex_t lock;
    pthread_cond_t leaving;
    struct guest *first;
    const struct limits *limits;
    const struct log *log;
    const char *base; /* path, of requests that have none yet */
    bool plain;       /* no TLS: a word may be said before a connection is cut */
    /* Whether connections of that address are not counted (a gateway's). NULL: all are. */
    bool (*exempt)(const void *arg, const struct sockaddr *address);
    const void *arg;
    pthread_t keeper;
    bool open, closing;
};

/* Starts the thread. False: *err; nothing has to be closed. */
bool guests_open(struct guests *g, const struct limits *limits, const struct log *log, bool plain,
                 struct error *err);
/* All have left. A zeroed one is accepted. */
void guests_close(struct guests *g);

/* NULL: no memory. */
struct guest *guest_arrive(struct guests *g, int fd, const struct sockaddr *address);
/* Before its socket is closed. NULL is accepted. */
void guest_leave(struct guests *g, struct guest *guest);

/* How many requests are between their first line and the last byte of the answer. */
size_t guests_speaking(struct guests *g);

/* False: it was cut, and nothing may be sent to it. NULL is accepted. */
bool guest_enter(struct guest *guest, enum guest_phase phase);

/*
 * What a problem document says that is sent while its body is awaited: the request's id and base path. Once a
 * request, in GUEST_BODY. NULL is accepted.
 */
void guest_name(struct guest *guest, const char *id, const char *base);

/* That request is over. NULL is accepted. */
void guest_forget(struct guest *guest);

/* The name of the limit that it was cut for, or NULL. */
const char *guest_cut(const struct guest *guest);

/* What that limit is set to. */
uint64_t guest_limit(const struct limits *limits, const char *name);

#endif
