#include "ahead.h"

#include "server.h"

enum {
    STEP = 128 << 10,   /* bytes that come between two jobs */
    BEHIND = 128 << 10, /* few values are longer, and no frame of a pickle */
};

static void run(struct crew_job *job)
{
    struct ahead *a = (struct ahead *)(void *)((uint8_t *)job - offsetof(struct ahead, job));
    a->failed = !a->arrival.codec->ahead(&a->arrival);
    atomic_store(&a->at_work, false);
}

static bool take_place(struct server *server)
{
    if (arena_pool_used(&server->pool) > server->memory.most / 2)
        return false;
    const bool free = atomic_fetch_add(&server->aheads.now, 1) < server->crew.count;
    if (!free)
        atomic_fetch_sub(&server->aheads.now, 1);
    return free;
}

/* As if nothing had been made. */
static void undo(struct ahead *a, struct server *server)
{
    arena_rewind(a->arrival.arena, a->mark);
    atomic_fetch_sub(&server->aheads.now, 1);
    a->arrival.codec = NULL;
    a->over = true;
}

/* Whether the crew has not met anything that must be done again. */
static bool is_well(struct ahead *a, struct server *server)
{
    crew_finish(&server->crew, &a->job);
    if (!a->failed)
        return true;
    atomic_fetch_add(&server->aheads.dropped, 1);
    undo(a, server);
    return false;
}

static bool begin(struct ahead *a, struct server *server, const struct route *route,
                  const struct request *request, struct bytes whole, uint64_t here)
{
    struct request seen = *request;
    a->begun = true;
    a->over = route == NULL || route->ahead == NULL || !take_place(server);
    if (a->over)
        return false;
    a->arrival = (struct arrival){
        .limits = server->service.limits, .arena = request->arena, .whole = whole, .behind = BEHIND};
    a->job.run = run;
    a->mark = arena_mark(request->arena);
    seen.body = input_of_bytes(bytes_of(whole.data, (size_t)here));
    if (!route->ahead(&seen, &a->arrival))
        undo(a, server);
    return !a->over;
}

void ahead_news(struct ahead *a, struct server *server, const struct route *route,
                const struct request *request, const struct spool *body)
{
    struct bytes whole;
    if (a->over || body->size < a->next || atomic_load(&a->at_work) || !spool_settled(body, &whole) ||
        !(a->begun ? is_well(a, server) : begin(a, server, route, request, whole, body->size)))
        return;
    a->arrival.here = (size_t)body->size;
    a->next = body->size + STEP;
    atomic_store(&a->at_work, true);
    crew_offer(&server->crew, &a->job);
}

void ahead_end(struct ahead *a, struct server *server)
{
    if (!a->begun || a->over || !is_well(a, server))
        return;
    atomic_fetch_sub(&server->aheads.now, 1);
    a->over = true;
}

const struct arrival *ahead_made(const struct ahead *a, struct server *server)
{
    if (a->arrival.codec == NULL)
        return NULL;
    atomic_fetch_add(&server->aheads.used, 1);
    return &a->arrival;
}
