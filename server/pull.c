#include "pull.h"

enum { QUEUEFUL = 64 << 10 };

/* Runs the encoder until the queue is full or everything is in it. */
static bool fill(struct pull *p, struct error *err)
{
    while (!p->done && !sink_full(&p->sink)) {
        const enum step step = encoder_run(p->encoder, &p->sink, err);
        if (step == STEP_FAIL)
            return false;
        p->done = step == STEP_DONE;
    }
    return true;
}

bool pull_start(struct pull *p, struct encoder *encoder, struct error *err)
{
    /* No sink_init: most answers are small, and the queue grows to what they need. */
    *p = (struct pull){.encoder = encoder, .sink = {.limit = QUEUEFUL}};
    return fill(p, err);
}

bool pull_read(struct pull *p, void *out, size_t n, size_t *got, struct error *err)
{
    *got = sink_drain(&p->sink, out, n);
    if (*got > 0 || p->done)
        return true;
    if (!fill(p, err))
        return false;
    *got = sink_drain(&p->sink, out, n);
    return true;
}

void pull_deinit(struct pull *p)
{
    sink_deinit(&p->sink);
    *p = (struct pull){0};
}
