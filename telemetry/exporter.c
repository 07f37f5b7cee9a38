#include "exporter.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "otlp.h"
#include "post.h"

enum { TRIES = 5, FIRST_WAIT_MS = 1000, LONGEST_WAIT_MS = 30000 };

/*
 * The records from head on, count of them, wait; the thread reads them without the lock, because nobody
 * writes where one waits.
 */
struct exporter {
    const struct exporter_settings *settings;
    struct trace_source *source;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct span_record *records;
    size_t head, count;
    bool stopping;
    atomic_uint_fast64_t deadline_ms; /* when everything must be over; UINT64_MAX: nothing ends */
    atomic_uint_fast64_t sent, dropped, failed;
    struct post *post;
    struct sink text;
};

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static uint64_t left_ms(struct exporter *e)
{
    const uint64_t end = atomic_load(&e->deadline_ms), now = now_ms();
    return end == UINT64_MAX ? UINT64_MAX : end > now ? end - now : 0;
}

static bool is_over(void *arg)
{
    return left_ms(arg) == 0;
}

/* With the lock held: until then, or until something changes. */
static void wait_until(struct exporter *e, uint64_t ms)
{
    const struct timespec until = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
    pthread_cond_timedwait(&e->changed, &e->lock, &until);
}

/* ---- sending ---- */

static bool write_batch(struct exporter *e, size_t n)
{
    struct error ignored = {0};
    e->text.len = e->text.taken = 0;
    bool ok = otlp_begin(&e->text, e->settings, &ignored);
    for (size_t i = 0; i < n; i++)
        ok = ok && otlp_spans(&e->text, &e->records[(e->head + i) % e->settings->queue], i == 0, e->source,
                              &ignored);
    return ok && otlp_end(&e->text, &ignored);
}

/* Before another try; no longer than there is time. Whoever wants to stop ends it. */
static void pause_ms(struct exporter *e, uint64_t ms)
{
    const uint64_t end = now_ms() + (ms > LONGEST_WAIT_MS ? LONGEST_WAIT_MS : ms);
    pthread_mutex_lock(&e->lock);
    while (!e->stopping && now_ms() < end)
        wait_until(e, end);
    pthread_mutex_unlock(&e->lock);
}

static bool send_text(struct exporter *e)
{
    for (unsigned i = 0; i < TRIES && !is_over(e); i++) {
        uint64_t wait_ms = (uint64_t)FIRST_WAIT_MS << i;
        const enum post_end end = post_send(e->post, bytes_of(e->text.data, e->text.len),
                                            e->settings->timeout_ms, is_over, e, &wait_ms);
        if (end != POST_AGAIN)
            return end == POST_TAKEN;
        pause_ms(e, wait_ms);
    }
    return false;
}

/* n records from the head. Their places are free before they are sent. */
static void send_batch(struct exporter *e, size_t n)
{
    const bool written = write_batch(e, n);
    pthread_mutex_lock(&e->lock);
    e->head = (e->head + n) % e->settings->queue;
    e->count -= n;
    pthread_mutex_unlock(&e->lock);
    const bool ok = written && send_text(e);
    atomic_fetch_add(ok ? &e->sent : &e->failed, n);
}

/* How many are to be sent now: a batch is full, or the first has waited long enough. 0: it is over. */
static size_t await_batch(struct exporter *e)
{
    const size_t batch = e->settings->batch;
    const uint64_t due = now_ms() + e->settings->delay_ms;
    pthread_mutex_lock(&e->lock);
    while (!e->stopping && e->count < batch && (e->count == 0 || now_ms() < due))
        wait_until(e, e->count == 0 ? now_ms() + e->settings->delay_ms : due);
    const size_t n = e->count < batch ? e->count : batch;
    pthread_mutex_unlock(&e->lock);
    return n;
}

static void *run(void *arg)
{
    struct exporter *e = arg;
    for (size_t n; (n = await_batch(e)) > 0 && !is_over(e);)
        send_batch(e, n);
    return NULL;
}

/* ---- the front ---- */

static bool make_parts(struct exporter *e)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&e->lock, NULL);
    pthread_cond_init(&e->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    e->records = calloc(e->settings->queue, sizeof *e->records);
    e->post = post_new(e->settings);
    return e->records != NULL && e->post != NULL;
}

void exporter_free(struct exporter *e)
{
    if (e == NULL)
        return;
    post_free(e->post);
    sink_deinit(&e->text);
    free(e->records);
    pthread_cond_destroy(&e->changed);
    pthread_mutex_destroy(&e->lock);
    free(e);
}

struct exporter *exporter_start(const struct exporter_settings *settings, struct trace_source *source,
                                struct error *err)
{
    struct exporter *e = calloc(1, sizeof *e);
    if (e == NULL) {
        error_set(err, ERR_MEMORY, ERROR_NO_OFFSET, "there is no memory for the export of spans");
        return NULL;
    }
    e->settings = settings;
    e->source = source;
    atomic_init(&e->deadline_ms, UINT64_MAX);
    if (make_parts(e) && pthread_create(&e->thread, NULL, run, e) == 0)
        return e;
    exporter_free(e);
    error_set(err, ERR_INTERNAL, ERROR_NO_OFFSET, "the export of spans cannot be started");
    return NULL;
}

void exporter_add(struct exporter *e, const struct span_record *record)
{
    if (e == NULL)
        return;
    pthread_mutex_lock(&e->lock);
    const bool full = e->count == e->settings->queue;
    if (!full) {
        e->records[(e->head + e->count++) % e->settings->queue] = *record;
        if (e->count == 1 || e->count == e->settings->batch)
            pthread_cond_signal(&e->changed);
    }
    pthread_mutex_unlock(&e->lock);
    if (full)
        atomic_fetch_add_explicit(&e->dropped, 1, memory_order_relaxed);
}

size_t exporter_flush(struct exporter *e, uint64_t most_ms)
{
    const uint64_t failed = atomic_load(&e->failed);
    atomic_store(&e->deadline_ms, now_ms() + most_ms);
    pthread_mutex_lock(&e->lock);
    e->stopping = true;
    pthread_cond_signal(&e->changed);
    pthread_mutex_unlock(&e->lock);
    pthread_join(e->thread, NULL);
    pthread_mutex_lock(&e->lock);
    const size_t left = e->count;
    pthread_mutex_unlock(&e->lock);
    return left + (size_t)(atomic_load(&e->failed) - failed);
}

void exporter_count(struct exporter *e, struct exporter_counts *out)
{
    *out = (struct exporter_counts){0};
    if (e == NULL)
        return;
    pthread_mutex_lock(&e->lock);
    out->waiting = e->count;
    pthread_mutex_unlock(&e->lock);
    out->sent = atomic_load(&e->sent);
    out->dropped = atomic_load(&e->dropped);
    out->failed = atomic_load(&e->failed);
}
