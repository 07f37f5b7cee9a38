#include "admission.h"

#include <errno.h>
#include <time.h>

enum { PATIENCE_MAX = 1 << 30 };

void admission_init(struct admission *a, uint64_t places, uint64_t queue, uint64_t patience)
{
    *a = (struct admission){
        .places = places, .queue = queue, .patience = patience > PATIENCE_MAX ? PATIENCE_MAX : patience};
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->left, &attributes);
    pthread_condattr_destroy(&attributes);
}

void admission_deinit(struct admission *a)
{
    pthread_cond_destroy(&a->left);
    pthread_mutex_destroy(&a->lock);
}

/* With the lock held: whether a place became free in time. */
static bool wait_for_place(struct admission *a)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)a->patience;
    a->waiting++;
    int state = 0;
    while (a->places == 0 && state != ETIMEDOUT)
        state = pthread_cond_timedwait(&a->left, &a->lock, &until);
    a->waiting--;
    return a->places > 0;
}

bool admission_enter(struct admission *a, struct error *err)
{
    pthread_mutex_lock(&a->lock);
    const bool full = a->places == 0 && a->waiting >= a->queue;
    const bool entered = !full && (a->places > 0 || wait_for_place(a));
    if (entered) {
        a->places--;
        a->working++;
    }
    pthread_mutex_unlock(&a->lock);
    if (full) {
        err->limit = "queue";
        err->limit_value = a->queue;
        return FAIL(err, ERR_BUSY, ERROR_NO_OFFSET, "all places are taken and the queue is full");
    }
    return entered || FAIL(err, ERR_BUSY, ERROR_NO_OFFSET, "no place became free in time");
}

void admission_leave(struct admission *a)
{
    pthread_mutex_lock(&a->lock);
    a->places++;
    a->working--;
    pthread_cond_signal(&a->left);
    pthread_mutex_unlock(&a->lock);
}

void admission_count(struct admission *a, struct admission_counts *out)
{
    pthread_mutex_lock(&a->lock);
    *out = (struct admission_counts){.working = a->working, .waiting = a->waiting};
    pthread_mutex_unlock(&a->lock);
}
