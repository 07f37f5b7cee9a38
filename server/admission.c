#include "admission.h"

#include "clock.h"

#include <string.h>
#include <time.h>

enum { PATIENCE_MAX = 1 << 30, SLICE_MS = 50, RETRY_MAX_S = 60, MEAN_OF = 8, FIRST_GUESS_US = 1000000 };

enum turn { TURN_WAITS, TURN_HERS, TURN_NEVER };

/* Who waits, on her own stack. The n-th of one principal is in the n-th round from when she came. */
struct waiter {
    struct waiter *next;
    const char *principal;
    uint64_t round;
    enum turn turn;
    pthread_cond_t turned;
};

void admission_init(struct admission *a, uint64_t places, uint64_t queue, uint64_t patience,
                    struct arena_pool *pool)
{
    *a = (struct admission){.places = places,
                            .free = places,
                            .queue = queue,
                            .pool = pool,
                            .patience = patience > PATIENCE_MAX ? PATIENCE_MAX : patience,
                            .mean = FIRST_GUESS_US};
    pthread_condattr_init(&a->clock);
    pthread_condattr_setclock(&a->clock, CLOCK_MONOTONIC);
    pthread_mutex_init(&a->lock, NULL);
}

void admission_deinit(struct admission *a)
{
    pthread_condattr_destroy(&a->clock);
    pthread_mutex_destroy(&a->lock);
}

/* ---- the queue, with the lock held ---- */

static void append(struct admission *a, struct waiter *w)
{
    struct waiter **end = &a->waiters;
    w->round = a->round;
    for (; *end != NULL; end = &(*end)->next)
        if (strcmp((*end)->principal, w->principal) == 0)
            w->round = (*end)->round + 1;
    *end = w;
    a->waiting++;
}

static void take_out(struct admission *a, struct waiter *w, enum turn turn)
{
    struct waiter **at = &a->waiters;
    while (*at != w)
        at = &(*at)->next;
    *at = w->next;
    a->waiting--;
    w->turn = turn;
    pthread_cond_signal(&w->turned);
}

/* The first of the earliest round. */
static struct waiter *next_in_turn(const struct admission *a)
{
    struct waiter *best = a->waiters;
    for (struct waiter *w = best; w != NULL; w = w->next)
        if (w->round < best->round)
            best = w;
    return best;
}

/* The last of the latest round. */
static struct waiter *last_in_turn(const struct admission *a)
{
    struct waiter *worst = a->waiters;
    for (struct waiter *w = worst; w != NULL; w = w->next)
        if (w->round >= worst->round)
            worst = w;
    return worst;
}

/* ---- places, with the lock held ---- */

/*
 * As far as it would find memory, by what others took: more than half of all is never asked for. With nobody
 * at work there is nothing to wait for: who waits has memory too, what was made of her body while it came.
 */
static bool may_begin(const struct admission *a)
{
    const uint64_t at_work = a->places - a->free;
    if (a->free == 0 || at_work == 0 || a->pool == NULL || a->pool->account == NULL)
        return a->free > 0;
    const uint64_t all = a->pool->account->most, used = arena_pool_used(a->pool);
    const uint64_t needed = a->bytes < all / 2 ? a->bytes : all / 2;
    return a->bytes <= all / (at_work + 1) && used <= all && needed <= all - used;
}

static void begin(struct admission *a, struct waiter *w)
{
    a->round = w->round;
    a->free--;
    take_out(a, w, TURN_HERS);
}

static void learn(struct admission *a, const struct stay *stay)
{
    a->mean = (a->mean * (MEAN_OF - 1) + stay->kept) / MEAN_OF;
    a->bytes = (a->bytes * (MEAN_OF - 1) + stay->bytes) / MEAN_OF;
    if (stay->starved && a->bytes < 2 * stay->bytes) /* nobody knows how much it would have been */
        a->bytes = 2 * stay->bytes;
}

/* ---- waiting ---- */

static time_t now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec;
}

/* In slices, to see whether the client is still there. */
static enum turn wait_in_turn(struct admission *a, const char *principal, struct watch *watch)
{
    struct waiter w = {.principal = principal, .turn = TURN_WAITS};
    const time_t end = now_s() + (time_t)a->patience;
    pthread_cond_init(&w.turned, &a->clock);
    append(a, &w);
    if (a->waiting > a->queue)
        take_out(a, last_in_turn(a), TURN_NEVER);
    while (w.turn == TURN_WAITS && !watch_over(watch) && now_s() < end) {
        const struct timespec until = clock_after_ms(SLICE_MS);
        pthread_cond_timedwait(&w.turned, &a->lock, &until);
        if (w.turn == TURN_WAITS && next_in_turn(a) == &w && may_begin(a)) /* memory became free */
            begin(a, &w);
    }
    const enum turn turn = w.turn;
    if (turn == TURN_WAITS)
        take_out(a, &w, TURN_WAITS);
    pthread_cond_destroy(&w.turned);
    return turn;
}

/* Seconds until all that is in the queue now had its place. */
static unsigned estimate(const struct admission *a)
{
    const uint64_t seconds =
        (a->mean / 1000 * (a->waiting + 1) / (a->places == 0 ? 1 : a->places) + 999) / 1000;
    return seconds < 1 ? 1 : seconds > RETRY_MAX_S ? RETRY_MAX_S : (unsigned)seconds;
}

/* ---- from outside ---- */

static bool refuse(const struct admission *a, enum turn turn, unsigned retry_s, struct error *err)
{
    const bool full = turn == TURN_NEVER;
    if (err->kind != ERR_NONE)
        return false;
    err->limit = full ? "queue" : "queue-time";
    err->limit_value = full ? a->queue : a->patience;
    err->retry_s = retry_s;
    return FAIL(err, ERR_BUSY, ERROR_NO_OFFSET,
                full ? "all places are taken and the queue is full" : "no place became free in time");
}

bool admission_enter(struct admission *a, const char *principal, struct watch *watch, struct error *err)
{
    pthread_mutex_lock(&a->lock);
    enum turn turn = may_begin(a) ? TURN_HERS : TURN_WAITS;
    if (turn == TURN_HERS)
        a->free--;
    else
        turn = wait_in_turn(a, principal, watch);
    const unsigned retry_s = estimate(a);
    pthread_mutex_unlock(&a->lock);
    if (turn == TURN_HERS)
        return true;
    if (watch != NULL && atomic_load(&watch->state) == WATCH_GONE)
        return watch_check(watch, err);
    return refuse(a, turn, retry_s, err);
}

void admission_leave(struct admission *a, const struct stay *stay)
{
    pthread_mutex_lock(&a->lock);
    learn(a, stay);
    a->free++;
    while (a->waiters != NULL && may_begin(a))
        begin(a, next_in_turn(a));
    pthread_mutex_unlock(&a->lock);
}

void admission_count(struct admission *a, struct admission_counts *out)
{
    pthread_mutex_lock(&a->lock);
    *out = (struct admission_counts){.working = a->places - a->free, .waiting = a->waiting};
    pthread_mutex_unlock(&a->lock);
}
