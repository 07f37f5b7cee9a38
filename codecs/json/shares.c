#include "shares.h"

enum { MOST_SHARES = 8 };

struct share {
    struct crew_job job;
    share_fn *put;
    const void *work;
    size_t from, to, done;
    struct sink sink;
    struct error err;
    bool ok;
};

struct shares {
    struct crew *crew;
    size_t count;
    struct share share[MOST_SHARES]; /* the first is the encoder's own, and its sink is not used */
};

static void run_share(struct crew_job *job)
{
    struct share *s = (struct share *)(void *)job;
    s->err = (struct error){0};
    s->ok = s->put(s->work, s->from, s->to, &s->sink, &s->done, &s->err);
}

static void drop_sinks(void *arg)
{
    struct shares *s = arg;
    for (size_t i = 0; i < s->count; i++)
        sink_deinit(&s->share[i].sink);
}

struct shares *shares_new(struct crew *crew, struct arena *arena)
{
    struct shares *s = arena_alloc(arena, 1, sizeof *s);
    if (s == NULL || !arena_defer(arena, drop_sinks, s))
        return NULL;
    const size_t hands = crew_hands(crew);
    s->crew = crew;
    s->count = hands < MOST_SHARES ? hands : MOST_SHARES;
    return s;
}

/* Offers all but the first, which ends where the second begins. */
static void offer(struct shares *s, share_fn *put, const void *work, size_t count)
{
    for (size_t i = 1; i < s->count; i++) {
        struct share *one = &s->share[i];
        one->job.run = run_share;
        one->put = put;
        one->work = work;
        one->from = count / s->count * i;
        one->to = i + 1 == s->count ? count : count / s->count * (i + 1);
        one->sink.len = one->sink.taken = 0;
        crew_offer(s->crew, &one->job);
    }
}

/* All are waited for, even when an earlier one failed: they read what is about to go. */
static bool collect(struct shares *s, bool ok, struct sink *out, size_t *done, struct error *err)
{
    for (size_t i = 1; i < s->count; i++) {
        struct share *one = &s->share[i];
        crew_finish(s->crew, &one->job);
        if (!ok)
            continue;
        *done = one->from + one->done;
        ok = one->ok && sink_write(out, one->sink.data, one->sink.len, err);
        if (!one->ok)
            *err = one->err;
    }
    return ok;
}

bool shares_put(struct shares *s, share_fn *put, const void *work, size_t count, struct sink *out,
                size_t *done, struct error *err)
{
    if (s == NULL || s->count == 1 || count < SHARES_FROM)
        return put(work, 0, count, out, done, err);
    offer(s, put, work, count);
    const bool ok = put(work, 0, s->share[1].from, out, done, err);
    return collect(s, ok, out, done, err);
}
