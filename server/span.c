#include "span.h"

#include <stdio.h>
#include <time.h>

enum { FLUSH_MS = 5000 };

static uint64_t real_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/*
 * One behind the other, as they mostly are. An encoder works while the socket takes what it made: its span is
 * as long as it worked, and the request's own goes on.
 */
static void add_parts(const struct transaction *t, struct span_record *r)
{
    const struct span_part rows[] = {{"read", 0, t->received == 0 ? 0 : t->received - t->started},
                                     {"wait", 0, t->wait_us},
                                     {"decode", 0, t->decode_us},
                                     {"encode", 0, t->encode_us}};
    uint64_t at = 0;
    _Static_assert(ROWS(rows) <= SPAN_PARTS, "more parts than there is room for");
    for (size_t i = 0; i < ROWS(rows); i++) {
        if (rows[i].duration_us > 0)
            r->parts[r->part_count++] = (struct span_part){rows[i].name, at, rows[i].duration_us};
        at += rows[i].duration_us;
    }
}

static void add_texts(const struct transaction *t, const struct span_end *end, struct span_record *r)
{
    const struct bytes path = transaction_path(t);
    const size_t n = path.len < SPAN_TEXT - 1 ? path.len : SPAN_TEXT - 1;
    if (n > 0)
        memcpy(r->path, path.data, n);
    snprintf(r->method, sizeof r->method, "%s", t->request.method == NULL ? "" : t->request.method);
    snprintf(r->id, sizeof r->id, "%s", t->id);
    snprintf(r->remote, sizeof r->remote, "%s", end->remote);
    snprintf(r->principal, sizeof r->principal, "%s", t->principal);
    snprintf(r->detail, sizeof r->detail, "%s", t->error.detail);
    if (end->tracestate != NULL && tracestate_valid(end->tracestate))
        snprintf(r->tracestate, sizeof r->tracestate, "%s", end->tracestate);
}

void span_tell(const struct transaction *t, const struct span_end *end)
{
    if (t->server->exporter == NULL || !t->trace.sampled)
        return;
    struct span_record r = {
        .trace = t->trace,
        .duration_us = transaction_age(t),
        .route = t->match.route == NULL ? NULL : t->match.route->path,
        .error_type = t->error.kind == ERR_NONE ? "" : problem_slug(t->error.kind),
        .status = end->status,
        .bytes_in = t->body.size,
        .bytes_out = end->sent,
    };
    r.start_ns = real_ns() - r.duration_us * 1000;
    add_parts(t, &r);
    add_texts(t, end, &r);
    exporter_add(t->server->exporter, &r);
}

bool span_start(struct server *server, const struct exporter_settings *how, struct error *err)
{
    if (how->warning[0] != '\0')
        log_event(&server->log, LOG_WARNING, "%s", how->warning);
    if (how->url == NULL)
        return true;
    server->exporter = exporter_start(how, &server->traces, err);
    server->traces.sampler = how->sampler;
    return server->exporter != NULL;
}

void span_flush(struct server *server)
{
    const size_t lost = server->exporter == NULL ? 0 : exporter_flush(server->exporter, FLUSH_MS);
    if (lost > 0)
        log_event(&server->log, LOG_WARNING, "%zu spans were not taken in time", lost);
}

void span_stop(struct server *server)
{
    span_flush(server);
    exporter_free(server->exporter);
    server->exporter = NULL;
}
