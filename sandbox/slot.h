/* One worker process, as the front sees it. Who holds a slot talks to its worker alone; see pool.h. */
#ifndef MANDOLINE_SLOT_H
#define MANDOLINE_SLOT_H

#include <sys/types.h>

#include "message.h"

enum { SLOT_FILES = 32 };

/* A file whose descriptor the worker was given, so that it is probably open there. */
struct slot_file {
    struct sandbox_identity identity;
    uint64_t used;  /* 0: a free place */
    bool forgotten; /* the worker is to be told */
};

struct slot {
    /* Under the pool's lock. */
    bool busy;
    uint32_t generation; /* counts the processes that were here */
    unsigned sessions;   /* files being written */
    struct slot_file files[SLOT_FILES];
    /* The holder's. */
    pid_t pid; /* 0: no process runs */
    int socket;
    uint8_t *window;
    uint64_t memory; /* bytes that its address space may grow to; 0: not bounded */
    struct sink blob;
};

enum slot_end {
    SLOT_DONE,
    SLOT_FAILED, /* *err says why; the worker is well */
    SLOT_UNREAD, /* the process was gone before it saw the call */
    SLOT_DIED,   /* ... after that, or what it says makes no sense */
    SLOT_HUNG,   /* no answer within the time */
    SLOT_LEFT,   /* the watch was over before there was an answer */
};

/* Starts the process and waits until it is ready. seconds: how long any answer may take.
 * writes: it gets files that it may change, and none that it reads. */
bool slot_start(struct slot *s, bool writes, uint32_t seconds, struct error *err);
/* Ends the process, whatever it does, and frees what belongs to it. Returns the signal that it had died of
 * before, or 0. */
int slot_kill(struct slot *s);

/* How a call is made. */
struct slot_manner {
    bool pass; /* the descriptor goes along at once; else when the worker asks for it */
    bool spin; /* nobody else needs the cores */
    uint32_t seconds;
    struct account *account; /* of a window of its own; or NULL */
};

enum slot_end slot_call(struct slot *s, const struct sandbox_request *q, struct slot_manner how,
                        struct sink *reply, struct error *err);

#endif
