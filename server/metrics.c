#include "metrics.h"

#include <sched.h>
#include <stdlib.h>

/* Every status that is answered; what is not here counts as the last row. */
static const unsigned statuses[] = {0,   200, 201, 202, 204, 206, 207, 301, 302, 303, 304, 307, 308,
                                    400, 401, 403, 404, 405, 406, 408, 409, 410, 411, 412, 413, 414,
                                    415, 416, 417, 418, 421, 422, 423, 424, 425, 426, 428, 429, 431,
                                    451, 499, 500, 501, 502, 503, 504, 505, 507, 508, 511, 599};
_Static_assert(ROWS(statuses) <= METRICS_STATUSES, "more statuses than there is room for");

static const char *const limits[] = {
#define LIMIT_NAME(field, name, value, minimum, what) name,
    LIMIT_TABLE(LIMIT_NAME)
#undef LIMIT_NAME
        "other"};

/* Who ends an exchange adds to the shard of its processor. Most of it is never touched. */
struct shard {
    atomic_uint_fast64_t requests[METRICS_ROUTES][METHOD_COUNT][METRICS_STATUSES];
    struct histogram durations[METRICS_ROUTES];
    struct histogram phases[METRICS_PHASES];
    atomic_uint_fast64_t bytes_in, bytes_out, cut;
    atomic_uint_fast64_t errors[ERR_KIND_COUNT];
    atomic_uint_fast64_t limits[ROWS(limits)];
};

struct metrics {
    struct shard shards[METRICS_SHARDS];
};

struct metrics *metrics_new(void)
{
    return calloc(1, sizeof(struct metrics));
}

void metrics_free(struct metrics *m)
{
    free(m);
}

/* ---- counting ---- */

static void add(atomic_uint_fast64_t *c, uint64_t n)
{
    atomic_fetch_add_explicit(c, n, memory_order_relaxed);
}

/* The place behind the last route is for what met none. */
size_t metrics_route_count(void)
{
    size_t n = 0;
    while (n < METRICS_ROUTES - 1 && routes[n].method != NULL)
        n++;
    return n;
}

static size_t place_of_route(const struct route *route)
{
    if (route == NULL)
        return metrics_route_count();
    const size_t i = (size_t)(route - routes);
    return i < METRICS_ROUTES - 1 ? i : METRICS_ROUTES - 1;
}

static enum metrics_method method_of(const char *method)
{
    static const char *const names[] = {[METHOD_GET] = "GET", [METHOD_HEAD] = "HEAD", [METHOD_POST] = "POST"};
    for (size_t i = 0; i < ROWS(names); i++)
        if (strcmp(method, names[i]) == 0)
            return (enum metrics_method)i;
    return METHOD_OTHER;
}

static size_t place_of_status(unsigned status)
{
    for (size_t i = 0; i < ROWS(statuses); i++)
        if (statuses[i] == status)
            return i;
    return ROWS(statuses) - 1;
}

static size_t place_of_limit(const char *limit)
{
    for (size_t i = 0; i < ROWS(limits); i++)
        if (strcmp(limits[i], limit) == 0)
            return i;
    return ROWS(limits) - 1;
}

void metrics_add(struct metrics *m, const struct metrics_exchange *x)
{
    const int processor = sched_getcpu();
    struct shard *s = &m->shards[processor < 0 ? 0 : processor % METRICS_SHARDS];
    const size_t route = place_of_route(x->route);
    add(&s->requests[route][method_of(x->method)][place_of_status(x->status)], 1);
    histogram_add(&s->durations[route], x->total_us);
    add(&s->bytes_in, x->bytes_in);
    add(&s->bytes_out, x->bytes_out);
    if (x->route != NULL && !x->route->probe)
        for (size_t i = 0; i < METRICS_PHASES; i++)
            histogram_add(&s->phases[i], x->phases_us[i]);
    if (x->cut)
        add(&s->cut, 1);
    if (x->error != ERR_NONE)
        add(&s->errors[x->error], 1);
    if (x->limit != NULL)
        add(&s->limits[place_of_limit(x->limit)], 1);
}

/* ---- what it came to ---- */

static uint64_t get(const atomic_uint_fast64_t *c)
{
    return atomic_load_explicit(c, memory_order_relaxed);
}

unsigned metrics_status_at(size_t place)
{
    return place < ROWS(statuses) ? statuses[place] : 0;
}

uint64_t metrics_requests(const struct metrics *m, size_t route, enum metrics_method method, size_t status)
{
    uint64_t n = 0;
    for (size_t i = 0; i < METRICS_SHARDS; i++)
        n += get(&m->shards[i].requests[route][method][status]);
    return n;
}

void metrics_durations(const struct metrics *m, size_t route, struct histogram_total *out)
{
    *out = (struct histogram_total){0};
    for (size_t i = 0; i < METRICS_SHARDS; i++)
        histogram_collect(&m->shards[i].durations[route], out);
}

void metrics_phases(const struct metrics *m, enum metrics_phase phase, struct histogram_total *out)
{
    *out = (struct histogram_total){0};
    for (size_t i = 0; i < METRICS_SHARDS; i++)
        histogram_collect(&m->shards[i].phases[phase], out);
}

void metrics_totals(const struct metrics *m, struct metrics_totals *out)
{
    *out = (struct metrics_totals){0};
    for (size_t i = 0; i < METRICS_SHARDS; i++) {
        const struct shard *s = &m->shards[i];
        out->bytes_in += get(&s->bytes_in);
        out->bytes_out += get(&s->bytes_out);
        out->cut += get(&s->cut);
        for (size_t kind = 0; kind < ERR_KIND_COUNT; kind++)
            out->errors[kind] += get(&s->errors[kind]);
    }
}

size_t metrics_limit_count(void)
{
    return ROWS(limits);
}

const char *metrics_limit(const struct metrics *m, size_t i, uint64_t *hits)
{
    *hits = 0;
    for (size_t shard = 0; shard < METRICS_SHARDS; shard++)
        *hits += get(&m->shards[shard].limits[i]);
    return limits[i];
}
