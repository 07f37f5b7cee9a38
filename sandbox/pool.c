#include "pool.h"

#include <pthread.h>
#include <signal.h>

#include "clock.h"
#include "crew.h"

enum { WORKERS_MOST = 64, SECONDS_MOST = 24 * 3600, NOBODY = -1, WATCH_MS = 20 };

/* Slots 0 to workers - 1 read, as many behind them write. */
static struct pool {
    pthread_mutex_t lock;
    pthread_cond_t reader, writer; /* one of them is idle again */
    size_t workers;
    uint32_t seconds;
    struct account *account; /* of windows; or NULL */
    size_t busy;             /* slots that somebody holds */
    uint64_t starts, ends[SANDBOX_END_COUNT];
    bool unstartable; /* the last attempt to start a process failed */
    uint64_t clock;
    struct slot slots[2 * WORKERS_MOST];
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER,
          .reader = PTHREAD_COND_INITIALIZER,
          .writer = PTHREAD_COND_INITIALIZER,
          .seconds = 60};

static void set_workers(size_t n)
{
    if (n == 0)
        n = crew_cores();
    pool.workers = n == 0 ? 1 : n > WORKERS_MOST ? WORKERS_MOST : n;
}

void pool_configure(size_t workers, uint64_t seconds)
{
    pthread_mutex_lock(&pool.lock);
    set_workers(workers);
    pool.seconds = seconds > SECONDS_MOST ? SECONDS_MOST : (uint32_t)seconds;
    pthread_mutex_unlock(&pool.lock);
}

void pool_charge(struct account *account)
{
    pool.account = account;
}

uint32_t pool_seconds(void)
{
    return pool.seconds;
}

/* ---- which files a worker knows ---- */

static struct slot_file *file_of(struct slot *s, const struct sandbox_identity *identity)
{
    for (size_t i = 0; i < SLOT_FILES; i++)
        if (s->files[i].used > 0 && memcmp(&s->files[i].identity, identity, sizeof *identity) == 0)
            return &s->files[i];
    return NULL;
}

/* True: it was new to the worker. */
static bool learn_file(struct slot *s, const struct sandbox_identity *identity)
{
    struct slot_file *f = file_of(s, identity);
    const bool fresh = f == NULL;
    if (fresh) {
        f = &s->files[0];
        for (size_t i = 1; i < SLOT_FILES; i++)
            if (s->files[i].used < f->used)
                f = &s->files[i];
        *f = (struct slot_file){.identity = *identity};
    }
    f->used = ++pool.clock;
    return fresh;
}

/* ---- choosing ---- */

static size_t preferred(const struct sandbox_identity *i)
{
    uint64_t h = (i->inode ^ i->serial << 20 ^ i->device << 40) * 0x9e3779b97f4a7c15;
    return (size_t)(h >> 32) % pool.workers;
}

/* An idle one: that has the file open, else the file's own, else one that runs, else any. */
static int choose_reader(const struct sandbox_identity *identity)
{
    const size_t own = preferred(identity);
    int best = NOBODY, worth = 0;
    for (size_t i = 0; i < pool.workers; i++) {
        struct slot *s = &pool.slots[i];
        if (s->busy)
            continue;
        const int w = file_of(s, identity) != NULL ? 4 : i == own ? 3 : s->pid > 0 ? 2 : 1;
        if (w > worth) {
            best = (int)i;
            worth = w;
        }
    }
    return best;
}

/* The idle one with the fewest files at work; of several the first, which may run already. */
static int choose_writer(void)
{
    int best = NOBODY;
    for (size_t i = pool.workers; i < 2 * pool.workers; i++)
        if (!pool.slots[i].busy && (best == NOBODY || pool.slots[i].sessions < pool.slots[best].sessions))
            best = (int)i;
    return best;
}

/* ---- sessions: the slot and its process are part of the number ---- */

enum { NUMBER_BITS = 32, SLOT_BITS = 8 };

uint64_t pool_session_began(struct slot *s, uint64_t number)
{
    pthread_mutex_lock(&pool.lock);
    s->sessions++;
    const uint64_t process = (uint64_t)s->generation << (NUMBER_BITS + SLOT_BITS);
    pthread_mutex_unlock(&pool.lock);
    return process | (uint64_t)(s - pool.slots) << NUMBER_BITS | (uint32_t)number;
}

void pool_session_ended(struct slot *s)
{
    pthread_mutex_lock(&pool.lock);
    if (s->sessions > 0)
        s->sessions--;
    pthread_mutex_unlock(&pool.lock);
}

uint64_t pool_session_number(uint64_t session)
{
    return (uint32_t)session;
}

/* NULL: the process that had it is gone. */
static struct slot *slot_of_session(uint64_t session)
{
    const size_t at = session >> NUMBER_BITS & 0xff;
    const uint32_t generation = (uint32_t)(session >> (NUMBER_BITS + SLOT_BITS));
    if (at < pool.workers || at >= 2 * pool.workers || (pool.slots[at].generation & 0xffffff) != generation)
        return NULL;
    return &pool.slots[at];
}

/* ---- taking and giving ---- */

static struct slot *take_session(uint64_t session)
{
    struct slot *s;
    while ((s = slot_of_session(session)) != NULL && s->busy)
        pthread_cond_wait(&pool.writer, &pool.lock);
    return s;
}

/* False: the watch is over. */
static bool wait_watching(pthread_cond_t *idle, struct watch *watch)
{
    if (watch == NULL)
        return pthread_cond_wait(idle, &pool.lock) == 0;
    const struct timespec until = clock_after_ms(WATCH_MS);
    pthread_cond_clockwait(idle, &pool.lock, CLOCK_MONOTONIC, &until);
    return !watch_over(watch);
}

static struct slot *take_any(const struct sandbox_request *q)
{
    int found;
    if (pool.workers == 0)
        set_workers(0);
    while ((found = call_writes(q) ? choose_writer() : choose_reader(&q->identity)) == NOBODY)
        if (!wait_watching(call_writes(q) ? &pool.writer : &pool.reader, q->watch)) {
            pthread_cond_signal(call_writes(q) ? &pool.writer
                                               : &pool.reader); /* it may have been for another */
            return NULL;
        }
    return &pool.slots[found];
}

static bool ensure_process(struct slot *s, struct error *err)
{
    if (s->pid > 0)
        return true;
    const bool ok = slot_start(s, (size_t)(s - pool.slots) >= pool.workers, pool.seconds, err);
    pthread_mutex_lock(&pool.lock);
    pool.unstartable = !ok;
    if (ok)
        account_owe(pool.account, WINDOW_SIZE);
    pool.starts++;
    pool.ends[SANDBOX_NOT_STARTED] += !ok;
    pthread_mutex_unlock(&pool.lock);
    if (!ok)
        pool_give(s);
    return ok;
}

static void take(struct slot *s, const struct sandbox_request *q, struct pool_place *out)
{
    s->busy = true;
    out->slot = s;
    out->how = (struct slot_manner){.pass = call_writes(q) || learn_file(s, &q->identity),
                                    .spin = pool.busy++ == 0,
                                    .seconds = pool.seconds,
                                    .account = pool.account};
}

bool pool_take(const struct sandbox_request *q, struct pool_place *out, struct error *err)
{
    pthread_mutex_lock(&pool.lock);
    struct slot *s = q->session != 0 ? take_session(q->session) : take_any(q);
    if (s != NULL)
        take(s, q, out);
    pthread_mutex_unlock(&pool.lock);
    if (s == NULL && !watch_check(q->watch, err))
        return false;
    if (s == NULL)
        return FAIL(err, ERR_DIED, ERROR_NO_OFFSET, "the process that wrote this file ended");
    return ensure_process(s, err);
}

/* What it died of, by the signal that it died of: 0, none. */
static enum sandbox_end end_of(enum slot_end end, int signal_number)
{
    static const struct {
        int signal_number;
        enum sandbox_end end;
    } rows[] = {{SIGSEGV, SANDBOX_CRASHED},  {SIGBUS, SANDBOX_CRASHED},   {SIGFPE, SANDBOX_CRASHED},
                {SIGILL, SANDBOX_CRASHED},   {SIGABRT, SANDBOX_CRASHED},  {SIGTRAP, SANDBOX_CRASHED},
                {SIGSYS, SANDBOX_FORBIDDEN}, {SIGXCPU, SANDBOX_TIMED_OUT}};
    if (end == SLOT_HUNG)
        return SANDBOX_TIMED_OUT;
    for (size_t i = 0; i < ROWS(rows); i++)
        if (rows[i].signal_number == signal_number)
            return rows[i].end;
    return signal_number == 0 ? SANDBOX_EXITED : SANDBOX_KILLED;
}

int pool_kill(struct slot *s, enum slot_end end)
{
    const bool ran = s->pid > 0;
    const int signal_number = slot_kill(s);
    pthread_mutex_lock(&pool.lock);
    pool.ends[end_of(end, signal_number)]++;
    if (ran)
        account_give(pool.account, WINDOW_SIZE);
    s->generation = (s->generation + 1) & 0xffffff;
    s->sessions = 0;
    memset(s->files, 0, sizeof s->files);
    pthread_mutex_unlock(&pool.lock);
    return signal_number;
}

/* The next file that its worker is to be told of. */
static bool next_forgotten(struct slot *s, struct sandbox_identity *out)
{
    for (size_t i = 0; i < SLOT_FILES; i++)
        if (s->files[i].forgotten) {
            *out = s->files[i].identity;
            s->files[i] = (struct slot_file){0};
            return true;
        }
    return false;
}

static void tell_forgotten(struct slot *s, const struct sandbox_identity *identity)
{
    const struct sandbox_request q = {.op = SANDBOX_FORGET, .fd = -1, .identity = *identity};
    struct sink reply = {0};
    struct error ignored = {0};
    const enum slot_end end =
        s->pid == 0 ? SLOT_DONE
                    : slot_call(s, &q, (struct slot_manner){.seconds = pool.seconds}, &reply, &ignored);
    if (end > SLOT_FAILED)
        pool_kill(s, end);
    sink_deinit(&reply);
}

void pool_give(struct slot *s)
{
    struct sandbox_identity identity;
    pthread_mutex_lock(&pool.lock);
    while (next_forgotten(s, &identity)) {
        pthread_mutex_unlock(&pool.lock);
        tell_forgotten(s, &identity);
        pthread_mutex_lock(&pool.lock);
    }
    s->busy = false;
    pool.busy--;
    if ((size_t)(s - pool.slots) < pool.workers)
        pthread_cond_signal(&pool.reader); /* any of them will do */
    else
        pthread_cond_broadcast(&pool.writer);
    pthread_mutex_unlock(&pool.lock);
}

/* Marks it; true: nobody holds the slot, so the caller does now. */
static bool mark_forgotten(struct slot *s, const struct sandbox_identity *identity)
{
    pthread_mutex_lock(&pool.lock);
    struct slot_file *f = file_of(s, identity);
    const bool mine = f != NULL && !s->busy;
    if (f != NULL)
        f->forgotten = true;
    if (mine) {
        s->busy = true;
        pool.busy++;
    }
    pthread_mutex_unlock(&pool.lock);
    return mine;
}

void pool_forget(const struct sandbox_identity *identity)
{
    pthread_mutex_lock(&pool.lock);
    const size_t workers = pool.workers;
    pthread_mutex_unlock(&pool.lock);
    for (size_t i = 0; i < workers; i++)
        if (mark_forgotten(&pool.slots[i], identity))
            pool_give(&pool.slots[i]);
}

/* ---- whether any can be had ---- */

/* An idle reader without a process, held. NULL: none is needed, or all are busy and so run. */
static struct slot *take_unstarted(void)
{
    struct slot *found = NULL;
    pthread_mutex_lock(&pool.lock);
    for (size_t i = 0; pool.unstartable && found == NULL && i < pool.workers; i++)
        if (!pool.slots[i].busy && pool.slots[i].pid == 0)
            found = &pool.slots[i];
    if (found != NULL) {
        found->busy = true;
        pool.busy++;
    }
    pthread_mutex_unlock(&pool.lock);
    return found;
}

bool pool_ready(void)
{
    struct error ignored = {0};
    struct slot *s = take_unstarted();
    if (s == NULL)
        return true;
    if (!ensure_process(s, &ignored))
        return false;
    pool_give(s);
    return true;
}

/* ---- how they are ---- */

static struct sandbox_group group_of(size_t from)
{
    struct sandbox_group g = {0};
    for (size_t i = from; i < from + pool.workers; i++) {
        const struct slot *s = &pool.slots[i];
        g.busy += s->busy;
        g.idle += !s->busy && s->pid > 0;
        g.absent += !s->busy && s->pid == 0;
    }
    return g;
}

void pool_snapshot(struct sandbox_snapshot *out)
{
    *out = (struct sandbox_snapshot){0};
    pthread_mutex_lock(&pool.lock);
    if (pool.workers == 0)
        set_workers(0);
    out->readers = group_of(0);
    out->writers = group_of(pool.workers);
    out->starts = pool.starts;
    memcpy(out->ends, pool.ends, sizeof out->ends);
    pthread_mutex_unlock(&pool.lock);
}
