#include "shares.h"

enum { MOST_SHARES = 8 };

struct share {
    struct crew_job job;
    share_fn *put;
    const void *work;
    size_t from, to, done;
    uint64_t nodes;
    struct sink sink;
};

struct shares {
    struct crew *crew;
    size_t count;
    struct share share[MOST_SHARES]; /* the first is the encoder's own, and its sink is not used */
};

static void run_share(struct crew_job *job)
{
    struct share *s = (struct share *)(void *)job;
    s->put(s->work, s->from, s->to, &s->sink, &s->done, &s->nodes);
}

static void drop_sinks(void *arg)
{
    struct shares *s = arg;
    for (size_t i = 0; i < s->count; i++)
        sink_deinit(&s->share[i].sink);
}

bool shares_new(struct crew *crew, struct arena *arena, struct shares **out, struct error *err)
{
    const size_t hands = crew_hands(crew);
    *out = NULL;
    if (hands == 1)
        return true;
    struct shares *s = arena_alloc(arena, 1, sizeof *s);
    if (s == NULL || !arena_defer(arena, drop_sinks, s))
        return arena_fail(arena, err);
    s->crew = crew;
    s->count = hands < MOST_SHARES ? hands : MOST_SHARES;
    *out = s;
    return true;
}

size_t shares_count(const struct shares *s)
{
    return s == NULL ? 1 : s->count;
}

/* Offers all but the first, which ends where the second begins. */
static void offer(struct shares *s, share_fn *put, const void *work, size_t count)
{
    for (size_t i = 1; i < s->count; i++) {
        struct share *one = &s->share[i];
        one->job.run = run_share;
        one->job.leaf = true;
        one->put = put;
        one->work = work;
        one->from = count / s->count * i;
        one->to = i + 1 == s->count ? count : count / s->count * (i + 1);
        one->sink.len = one->sink.taken = 0;
        crew_offer(s->crew, &one->job);
    }
}

/* All are waited for, even behind a gap: they read what is about to go. */
static bool collect(struct shares *s, struct sink *out, size_t *done, uint64_t *nodes, struct error *err)
{
    bool ok = true;
    for (size_t i = 1; i < s->count; i++) {
        struct share *one = &s->share[i];
        crew_finish(s->crew, &one->job);
        if (!ok || *done < one->from)
            continue;
        ok = sink_write(out, one->sink.data, one->sink.len, err);
        *done += one->done;
        *nodes += one->nodes;
    }
    return ok;
}

bool shares_put(struct shares *s, share_fn *put, const void *work, size_t count, struct sink *out,
                size_t *done, uint64_t *nodes, struct error *err)
{
    if (s == NULL || count < s->count) {
        put(work, 0, count, out, done, nodes);
        return true;
    }
    offer(s, put, work, count);
    put(work, 0, count / s->count, out, done, nodes);
    return collect(s, out, done, nodes, err);
}
