/* The families of /metrics, and where each number comes from. */
#include <time.h>

#include "chunk_counts.h"
#include "exposition.h"
#include "metrics.h"
#include "process_stat.h"
#include "sandbox.h"
#include "server.h"

#define LABELS_1(n, v)       (&(const struct exposition_labels){{n}, {v}})
#define LABELS_2(n, v, m, w) (&(const struct exposition_labels){{n, m}, {v, w}})

static const char *route_name(size_t route)
{
    return route < metrics_route_count() ? routes[route].operation_id : "none";
}

/* ---- requests ---- */

static const char *const methods[METHOD_COUNT] = {
    [METHOD_GET] = "GET", [METHOD_HEAD] = "HEAD", [METHOD_POST] = "POST", [METHOD_OTHER] = "other"};

static void put_request_count(struct exposition *e, const struct metrics *m, size_t route,
                              enum metrics_method method, size_t status)
{
    const uint64_t n = metrics_requests(m, route, method, status);
    char text[16];
    if (n == 0)
        return;
    snprintf(text, sizeof text, "%u", metrics_status_at(status));
    const struct exposition_labels labels = {{"route", "method", "status"},
                                             {route_name(route), methods[method], text}};
    exposition_count(e, &labels, n);
}

static void put_requests(struct exposition *e, const struct metrics *m)
{
    exposition_family(e, "mandoline_requests_total", "counter",
                      "Finished exchanges; status 0: there was no answer.");
    for (size_t route = 0; route <= metrics_route_count(); route++)
        for (unsigned method = 0; method < METHOD_COUNT; method++)
            for (size_t status = 0; status < METRICS_STATUSES; status++)
                put_request_count(e, m, route, method, status);
}

static void put_durations(struct exposition *e, const struct metrics *m)
{
    struct histogram_total total;
    exposition_family(e, "mandoline_request_duration_seconds", "histogram",
                      "From the request line to the last byte of the answer.");
    for (size_t route = 0; route <= metrics_route_count(); route++) {
        metrics_durations(m, route, &total);
        exposition_histogram(e, LABELS_1("route", route_name(route)), &total);
    }
}

static void put_phases(struct exposition *e, const struct metrics *m)
{
    static const char *const names[METRICS_PHASES] = {[METRICS_READ] = "read",
                                                      [METRICS_WAIT] = "wait",
                                                      [METRICS_DECODE] = "decode",
                                                      [METRICS_ENCODE] = "encode"};
    struct histogram_total total;
    exposition_family(
        e, "mandoline_request_phase_seconds", "histogram",
        "Of requests that are no probes: receiving the body, waiting for a place, decoding until the "
        "answer is known, encoding it.");
    for (unsigned phase = 0; phase < METRICS_PHASES; phase++) {
        metrics_phases(m, phase, &total);
        exposition_histogram(e, LABELS_1("phase", names[phase]), &total);
    }
}

static bool is_first_of_its_type(size_t kind)
{
    for (size_t i = ERR_NONE + 1; i < kind; i++)
        if (strcmp(problem_slug(i), problem_slug(kind)) == 0)
            return false;
    return true;
}

static void put_errors(struct exposition *e, const struct metrics_totals *totals)
{
    exposition_family(e, "mandoline_problems_total", "counter",
                      "Exchanges that failed, by the type of the problem.");
    for (size_t kind = ERR_NONE + 1; kind < ERR_KIND_COUNT; kind++)
        if (is_first_of_its_type(kind))
            exposition_count(e, LABELS_1("type", problem_slug(kind)), totals->errors[kind]);
}

static void put_limits(struct exposition *e, const struct metrics *m)
{
    uint64_t hits;
    exposition_family(e, "mandoline_limit_hits_total", "counter", "Exchanges that met a limit, by its name.");
    for (size_t i = 0; i < metrics_limit_count(); i++) {
        const char *name = metrics_limit(m, i, &hits);
        exposition_count(e, LABELS_1("limit", name), hits);
    }
}

static void put_exchanges(struct exposition *e, const struct metrics *m)
{
    struct metrics_totals totals;
    metrics_totals(m, &totals);
    put_requests(e, m);
    put_durations(e, m);
    put_phases(e, m);
    exposition_counter(e, "mandoline_request_bytes_total", "Bytes of bodies received, as they were sent.",
                       totals.bytes_in);
    exposition_counter(e, "mandoline_response_bytes_total", "Bytes of bodies sent.", totals.bytes_out);
    exposition_counter(e, "mandoline_cut_answers_total", "Answers that were not sent to their end.",
                       totals.cut);
    put_errors(e, &totals);
    put_limits(e, m);
}

/* ---- now ---- */

static void put_load(struct exposition *e, struct server *server)
{
    struct admission_counts counts;
    admission_count(&server->admission, &counts);
    exposition_gauge(e, "mandoline_requests_in_flight",
                     "Exchanges between their first line and their last byte.",
                     guests_speaking(&server->guests));
    exposition_gauge(e, "mandoline_connections", "Open connections.", atomic_load(&server->connections));
    exposition_gauge(e, "mandoline_connections_limit", "Connections over which heavy work is refused.",
                     server->service.limits->connections);
    exposition_gauge(e, "mandoline_heavy_in_flight", "Places for heavy work that are taken.", counts.working);
    exposition_gauge(e, "mandoline_heavy_limit", "Places for heavy work.", server->service.limits->heavy);
    exposition_gauge(e, "mandoline_queue_depth", "Requests that wait for a place.", counts.waiting);
    exposition_gauge(e, "mandoline_queue_limit", "Requests that may wait for a place.",
                     server->service.limits->queue);
    exposition_gauge(e, "mandoline_draining", "1 after SIGTERM.", atomic_load(&server->draining));
}

static void put_role(struct exposition *e, const char *role, const struct sandbox_group *g)
{
    exposition_count(e, LABELS_2("role", role, "state", "busy"), g->busy);
    exposition_count(e, LABELS_2("role", role, "state", "idle"), g->idle);
    exposition_count(e, LABELS_2("role", role, "state", "absent"), g->absent);
}

static void put_workers(struct exposition *e, const struct sandbox_snapshot *s)
{
    static const char *const causes[SANDBOX_END_COUNT] = {
        [SANDBOX_CRASHED] = "crash", [SANDBOX_FORBIDDEN] = "forbidden", [SANDBOX_KILLED] = "killed",
        [SANDBOX_EXITED] = "exit",   [SANDBOX_TIMED_OUT] = "time",      [SANDBOX_NOT_STARTED] = "start"};
    exposition_family(e, "mandoline_workers", "gauge",
                      "Places for processes that read and write HDF5; absent: none was needed there yet.");
    put_role(e, "read", &s->readers);
    put_role(e, "write", &s->writers);
    exposition_counter(e, "mandoline_worker_starts_total", "Worker processes that were started.", s->starts);
    exposition_family(
        e, "mandoline_worker_deaths_total", "counter",
        "Worker processes that ended early: by a fault in them, by a forbidden system call, killed "
        "(out of memory), by leaving, over their time, or before they could work.");
    for (size_t i = 0; i < SANDBOX_END_COUNT; i++)
        exposition_count(e, LABELS_1("cause", causes[i]), s->ends[i]);
}

static void put_caches(struct exposition *e, struct server *server, const struct sandbox_snapshot *s)
{
    struct chunk_counts chunks;
    chunk_counts(&chunks);
    const struct {
        const char *name;
        uint64_t hits, misses;
    } rows[] = {
        {"answers", atomic_load(&server->recall.hits), atomic_load(&server->recall.misses)},
        {"chunks", chunks.hits, chunks.misses},
        {"descriptions", s->cache_hits, s->cache_misses},
    };
    exposition_family(e, "mandoline_cache_hits_total", "counter", "What was asked for and was there.");
    for (size_t i = 0; i < ROWS(rows); i++)
        exposition_count(e, LABELS_1("cache", rows[i].name), rows[i].hits);
    exposition_family(e, "mandoline_cache_misses_total", "counter", "What was asked for and was not there.");
    for (size_t i = 0; i < ROWS(rows); i++)
        exposition_count(e, LABELS_1("cache", rows[i].name), rows[i].misses);
    exposition_gauge(e, "mandoline_chunk_cache_bytes", "Unpacked HDF5 chunks that are kept.", chunks.bytes);
}

static void put_aheads(struct exposition *e, const struct server *server)
{
    exposition_family(e, "mandoline_bodies_ahead_total", "counter",
                      "Big bodies that were decoded while they arrived; dropped: it was done again.");
    exposition_count(e, LABELS_1("result", "used"), atomic_load(&server->aheads.used));
    exposition_count(e, LABELS_1("result", "dropped"), atomic_load(&server->aheads.dropped));
}

static void put_spans(struct exposition *e, struct server *server)
{
    struct exporter_counts counts;
    exporter_count(server->exporter, &counts);
    exposition_family(
        e, "mandoline_spans_total", "counter",
        "Spans of requests: taken by the collector, dropped because the queue was full, or not taken.");
    exposition_count(e, LABELS_1("result", "sent"), counts.sent);
    exposition_count(e, LABELS_1("result", "dropped"), counts.dropped);
    exposition_count(e, LABELS_1("result", "failed"), counts.failed);
    exposition_gauge(e, "mandoline_spans_waiting", "Spans of requests that wait to be sent.", counts.waiting);
}

static void put_memory(struct exposition *e, struct server *server)
{
    exposition_gauge(e, "mandoline_memory_bytes", "What requests have taken of limit-total-memory.",
                     arena_pool_used(&server->pool));
    exposition_gauge(e, "mandoline_memory_limit_bytes",
                     "What is for requests of limit-total-memory: who would take more is refused.",
                     server->memory.most);
    exposition_gauge(e, "mandoline_idle_memory_bytes", "Blocks that wait for the next exchange.",
                     (uint64_t)arena_pool_waiting(&server->pool) * server->pool.block);
}

static void put_settings(struct exposition *e, struct server *server)
{
    struct generation *now = generation_take(&server->generations);
    exposition_family(e, "mandoline_reloads_total", "counter",
                      "SIGHUPs; failed: a file could not be read, and what it said before stays.");
    exposition_count(e, LABELS_1("result", "ok"), atomic_load(&server->reloads));
    exposition_count(e, LABELS_1("result", "failed"), atomic_load(&server->failed_reloads));
    if (now->identity != NULL)
        exposition_gauge(e, "mandoline_certificate_end_time_seconds",
                         "When the certificate of the listener ends, in seconds since 1970.",
                         (uint64_t)tls_identity_end(now->identity));
    generation_return(&server->generations, now);
}

static void put_process(struct exposition *e, const struct server *server)
{
    struct process_stat stat;
    process_stat(&stat);
    exposition_family(e, "process_cpu_seconds_total", "counter", "Processor time of the serving process.");
    exposition_real(e, NULL, stat.cpu_seconds);
    exposition_family(e, "process_start_time_seconds", "gauge",
                      "When it was started, in seconds since 1970.");
    exposition_real(e, NULL, server->start_time);
    exposition_gauge(e, "process_resident_memory_bytes", "Memory of the serving process.", stat.resident);
    exposition_gauge(e, "process_virtual_memory_bytes", "Address space of the serving process.",
                     stat.virtual);
    exposition_gauge(e, "process_open_fds", "Open descriptors.", stat.open_fds);
    exposition_gauge(e, "process_max_fds", "Descriptors that may be open.", stat.max_fds);
    exposition_gauge(e, "process_threads", "Threads.", stat.threads);
    exposition_family(e, "mandoline_uptime_seconds", "gauge", "Since it was started.");
    exposition_real(e, NULL, (double)time(NULL) - server->start_time);
    exposition_family(e, "mandoline_build_info", "gauge", "1; the labels say which version this is.");
    exposition_count(e, LABELS_1("version", server->service.version), 1);
}

bool metrics_write(const struct service *service, struct sink *out, struct error *err)
{
    struct server *server = (struct server *)(uintptr_t)service;
    struct exposition e = exposition_make(out, err);
    struct sandbox_snapshot workers;
    sandbox_snapshot(&workers);
    put_exchanges(&e, server->metrics);
    put_load(&e, server);
    put_workers(&e, &workers);
    put_caches(&e, server, &workers);
    put_aheads(&e, server);
    put_spans(&e, server);
    put_memory(&e, server);
    put_settings(&e, server);
    put_process(&e, server);
    return exposition_done(&e);
}
