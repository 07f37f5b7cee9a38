/* Heavy work at once is bounded; so is the queue of those who wait for it. */
#ifndef MANDOLINE_ADMISSION_H
#define MANDOLINE_ADMISSION_H

#include <pthread.h>

#include "error.h"

struct admission {
    pthread_mutex_t lock;
    pthread_cond_t left; /* signalled when a place becomes free */
    uint64_t places;     /* free ones */
    uint64_t working;    /* places that are taken */
    uint64_t waiting, queue;
    uint64_t patience; /* seconds */
};

/* places at work, queue waiting, each at most patience seconds. */
void admission_init(struct admission *a, uint64_t places, uint64_t queue, uint64_t patience);
void admission_deinit(struct admission *a);

/* Takes a place, after a wait where there is none. ERR_BUSY: the queue is full, or it took too long. */
bool admission_enter(struct admission *a, struct error *err);
void admission_leave(struct admission *a);

/* As it is at one moment. */
struct admission_counts {
    uint64_t working, waiting;
};
void admission_count(struct admission *a, struct admission_counts *out);

#endif
