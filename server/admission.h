/*
 * Heavy work at once is bounded, and so is the queue of those who wait for it. Places go round among the
 * principals: whoever has many requests waiting gets as many places as whoever has one. When the queue is
 * full, the newest request of the one who has most in it makes room for another's.
 */
#ifndef MANDOLINE_ADMISSION_H
#define MANDOLINE_ADMISSION_H

#include <pthread.h>

#include "arena.h"

struct waiter;

struct admission {
    pthread_mutex_t lock;
    pthread_condattr_t clock;
    uint64_t places, free;
    uint64_t waiting, queue;
    uint64_t patience;      /* seconds */
    uint64_t round;         /* of the place that was given last; see struct waiter */
    struct waiter *waiters; /* in the order in which they came */
    uint64_t mean;          /* microseconds that a place was kept, of late */
    uint64_t bytes;         /* that a request took, of late */
    struct arena_pool
        *pool; /* whose account says what memory is left: work begins where there is some; or NULL */
};

/* places at work, or as many as the memory is enough for; queue waiting, each at most patience seconds. */
void admission_init(struct admission *a, uint64_t places, uint64_t queue, uint64_t patience,
                    struct arena_pool *pool);
void admission_deinit(struct admission *a);

/*
 * Takes a place for the principal, after a wait where there is none. ERR_BUSY: the queue is full, or it took
 * too long; the error says when another try is worth it. ERR_GONE: the client left.
 */
bool admission_enter(struct admission *a, const char *principal, struct watch *watch, struct error *err);
/* What a place was used for. */
struct stay {
    uint64_t kept;  /* microseconds */
    uint64_t bytes; /* of memory */
    bool starved;   /* it ended because there was no more memory */
};
void admission_leave(struct admission *a, const struct stay *stay);

/* As it is at one moment. */
struct admission_counts {
    uint64_t working, waiting;
};
void admission_count(struct admission *a, struct admission_counts *out);

#endif
