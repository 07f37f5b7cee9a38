#include "pull.h"

enum { FIRST_QUEUEFUL = 64 << 10, QUEUEFUL = 256 << 10 };

/* Runs the encoder until the queue is full or everything is in it. */
static bool fill(struct encoder *encoder, struct sink *sink, bool *done, struct error *err)
{
    while (!*done && !sink_full(sink)) {
        const enum step step = encoder_run(encoder, sink, err);
        if (step == STEP_FAIL)
            return false;
        *done = step == STEP_DONE;
    }
    return true;
}

static void fill_next(struct crew_job *job)
{
    struct pull *p = (struct pull *)(void *)((uint8_t *)job - offsetof(struct pull, job));
    p->failed = !fill(p->encoder, &p->next, &p->next_done, &p->failure);
}

bool pull_start(struct pull *p, struct encoder *encoder, struct crew *crew, struct error *err)
{
    /* No sink_init: most answers are small, and the queue grows to what they need. */
    *p = (struct pull){.encoder = encoder, .crew = crew, .sink = {.limit = FIRST_QUEUEFUL}};
    p->sink.account = p->next.account = arena_account(encoder->arena);
    p->job.run = fill_next;
    return fill(encoder, &p->sink, &p->done, err);
}

/* From now on the encoder and the next queue are the crew's. */
static void offer_next(struct pull *p)
{
    if (p->done || p->at_work)
        return;
    p->at_work = true;
    p->next.len = p->next.taken = 0;
    p->next.limit = QUEUEFUL;
    p->next.total = p->sink.total;
    crew_offer(p->crew, &p->job);
}

/* The queue is empty: the next takes its place. */
static bool take_next(struct pull *p, struct error *err)
{
    const struct sink empty = p->sink;
    offer_next(p);
    crew_finish(p->crew, &p->job);
    p->at_work = false;
    p->sink = p->next;
    p->next = empty;
    p->done = p->next_done;
    if (p->failed)
        *err = p->failure;
    return !p->failed;
}

bool pull_read(struct pull *p, void *out, size_t n, size_t *got, struct error *err)
{
    offer_next(p);
    *got = sink_drain(&p->sink, out, n);
    if (*got > 0 || p->done)
        return true;
    if (!take_next(p, err))
        return false;
    offer_next(p);
    *got = sink_drain(&p->sink, out, n);
    return true;
}

void pull_deinit(struct pull *p)
{
    if (p->at_work)
        crew_finish(p->crew, &p->job);
    sink_deinit(&p->sink);
    sink_deinit(&p->next);
    *p = (struct pull){0};
}
