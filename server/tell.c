#include "delivery.h"
#include "log.h"
#include "span.h"

static void write_log(const struct delivery *d, const char *remote, uint64_t age, bool complete)
{
    const struct transaction *t = &d->transaction;
    const struct route *route = t->match.route;
    const struct log_entry entry = {
        .id = t->id,
        .trace = &t->trace,
        .route = route == NULL ? "" : route->operation_id,
        .probe = route != NULL && route->probe,
        .method = t->request.method == NULL ? "" : t->request.method,
        .path = transaction_path(t),
        .status = d->status,
        .bytes_in = t->body.size,
        .bytes_out = d->sent,
        .total_us = age,
        .wait_us = t->wait_us,
        .decode_us = t->decode_us,
        .encode_us = t->encode_us,
        .remote = remote,
        .principal = t->principal,
        .error = t->error.kind == ERR_NONE ? "" : problem_slug(t->error.kind),
        .detail = t->error.detail,
        .cut = !complete,
    };
    log_exchange(&t->server->log, &entry);
}

/* Who was cut is not told here, but the log is. */
static void note_cut(struct delivery *d)
{
    struct error *err = &d->transaction.error;
    const char *limit = guest_cut(d->guest);
    if (limit == NULL)
        return;
    *err = (struct error){.limit = limit,
                          .limit_value = guest_limit(d->transaction.server->service.limits, limit)};
    if (d->status == 0)
        d->status = problem_status(ERR_SLOW);
    error_set(err, ERR_SLOW, ERROR_NO_OFFSET, "limit-%s: the client took more than %llu s", limit,
              (unsigned long long)err->limit_value);
}

static void count(const struct delivery *d, uint64_t age, bool complete)
{
    const struct transaction *t = &d->transaction;
    const uint64_t read = t->received == 0 ? 0 : t->received - t->started;
    const struct metrics_exchange exchange = {
        .route = t->match.route,
        .method = t->request.method == NULL ? "" : t->request.method,
        .status = d->status,
        .bytes_in = t->body.size,
        .bytes_out = d->sent,
        .total_us = age,
        .phases_us = {[METRICS_READ] = read,
                      [METRICS_WAIT] = t->wait_us,
                      [METRICS_DECODE] = t->decode_us,
                      [METRICS_ENCODE] = t->encode_us},
        .error = t->error.kind,
        .limit = t->error.kind == ERR_NONE ? NULL : t->error.limit,
        .cut = !complete,
    };
    metrics_add(t->server->metrics, &exchange);
}

void delivery_tell(struct delivery *d, bool complete)
{
    note_cut(d);
    const uint64_t age = transaction_age(&d->transaction);
    const char *remote = d->transaction.request.origin.remote;
    count(d, age, complete);
    write_log(d, remote, age, complete);
    const struct span_end end = {.status = d->status,
                                 .sent = d->sent,
                                 .remote = remote,
                                 .tracestate = headers_find(d->connection, "tracestate")};
    if (d->transaction.match.route == NULL || !d->transaction.match.route->probe)
        span_tell(&d->transaction, &end);
}
