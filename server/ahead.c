#include "ahead.h"

#include "server.h"

enum { STEP = 128 << 10 };

static void run(struct crew_job *job)
{
    struct ahead *a = (struct ahead *)(void *)((uint8_t *)job - offsetof(struct ahead, job));
    a->failed = !a->arrival.codec->ahead(&a->arrival);
    atomic_store(&a->at_work, false);
}

static bool take_place(struct server *server)
{
    const bool short_of_memory = arena_pool_used(&server->pool) > server->memory.most / 2;
    if (!short_of_memory && atomic_fetch_add(&server->aheads.now, 1) < server->crew.count)
        return true;
    if (!short_of_memory)
        atomic_fetch_sub(&server->aheads.now, 1);
    return false;
}

/* As if nothing had been made. */
static void drop(struct ahead *a, struct server *server)
{
    arena_rewind(a->arrival.arena, a->mark);
    atomic_fetch_sub(&server->aheads.now, 1);
    atomic_fetch_add(&server->aheads.dropped, 1);
    a->over = true;
    a->arrival.codec = NULL;
}

static void begin(struct ahead *a, struct server *server, const struct route *route,
                  const struct request *request, struct bytes whole, uint64_t here)
{
    struct request seen = *request;
    a->begun = true;
    a->over = route == NULL || route->ahead == NULL || !take_place(server);
    if (a->over)
        return;
    a->arrival = (struct arrival){.limits = server->service.limits, .arena = request->arena, .whole = whole};
    a->job.run = run;
    a->mark = arena_mark(request->arena);
    seen.body = input_of_bytes(bytes_of(whole.data, (size_t)here));
    if (!route->ahead(&seen, &a->arrival))
        drop(a, server);
}

void ahead_news(struct ahead *a, struct server *server, const struct route *route,
                const struct request *request, const struct spool *body)
{
    struct bytes whole;
    if (a->over || body->size < a->next || atomic_load(&a->at_work) || !spool_settled(body, &whole))
        return;
    if (!a->begun)
        begin(a, server, route, request, whole, body->size);
    crew_finish(&server->crew, &a->job);
    if (!a->over && a->failed)
        drop(a, server);
    if (a->over)
        return;
    a->arrival.here = (size_t)body->size;
    a->next = body->size + STEP;
    atomic_store(&a->at_work, true);
    crew_offer(&server->crew, &a->job);
}

const struct arrival *ahead_end(struct ahead *a, struct server *server)
{
    if (!a->begun || a->over)
        return a->arrival.codec == NULL ? NULL : &a->arrival;
    crew_finish(&server->crew, &a->job);
    if (a->failed) {
        drop(a, server);
        return NULL;
    }
    atomic_fetch_sub(&server->aheads.now, 1);
    atomic_fetch_add(&server->aheads.used, 1);
    a->over = true;
    return &a->arrival;
}
