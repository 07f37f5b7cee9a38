/*
 * Threads that help. Work is offered; whoever of the crew is free takes it, and where nobody was, the one who
 * offered does it itself when it needs the result. So it is done whatever happens, and nobody waits for a
 * thread to be free. Who waits for a result that another makes helps meanwhile, with what is a leaf: a
 * processor that is free for the one who waits is used, wherever the crew's threads happen to be scheduled.
 */
#ifndef MANDOLINE_CREW_H
#define MANDOLINE_CREW_H

#include <pthread.h>

#include "bytes.h"

enum {
    CREW_MOST = 16,
    CREW_NICE = 10, /* behind threads that answer probes and small requests */
};

enum crew_state { CREW_IDLE, CREW_OFFERED, CREW_TAKEN, CREW_DONE };

/* Part of whatever the work needs. run must not wait for other work that it has not offered itself. */
struct crew_job {
    void (*run)(struct crew_job *job);
    bool leaf; /* it offers and awaits nothing */
    enum crew_state state;
    struct crew_job *previous, *next; /* in the queue */
};

struct crew {
    pthread_mutex_t lock;
    pthread_cond_t offered, done;
    struct crew_job queue; /* a ring, the oldest offer first */
    pthread_t threads[CREW_MOST];
    size_t count; /* threads that run */
    size_t
        asleep; /* callers of crew_finish() whose job another has taken, and whom nothing has woken since */
    bool stopping;
};

/* Processors that this process may use. */
size_t crew_cores(void);

/* Starts up to count threads, as many as can be had. */
void crew_start(struct crew *c, size_t count);
/* All that was offered must be finished. */
void crew_stop(struct crew *c);

/* job stays where it is until crew_finish(). c may be NULL: nobody helps. */
void crew_offer(struct crew *c, struct crew_job *job);

/*
 * Returns when the job has run; what it wrote can be read then. Leaves of others may run in this thread until
 * it has. A job that was never offered is left alone.
 */
void crew_finish(struct crew *c, struct crew_job *job);

/* How many can work at a time: the threads, and the one who asks. */
static inline size_t crew_hands(const struct crew *c)
{
    return c == NULL ? 1 : c->count + 1;
}

#endif
