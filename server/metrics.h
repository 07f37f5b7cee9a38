/*
 * What is counted while requests are served. A finished exchange costs some ten relaxed additions, on memory
 * of the processor that it ends on; nobody waits for anybody.
 */
#ifndef MANDOLINE_METRICS_H
#define MANDOLINE_METRICS_H

#include "exchange.h"
#include "histogram.h"

enum { METRICS_ROUTES = 128, METRICS_STATUSES = 64, METRICS_SHARDS = 8 };

enum metrics_method { METHOD_GET, METHOD_HEAD, METHOD_POST, METHOD_OTHER, METHOD_COUNT };
enum metrics_phase { METRICS_READ, METRICS_WAIT, METRICS_DECODE, METRICS_ENCODE, METRICS_PHASES };

struct metrics;

/* NULL: no memory. The routes are those of exchange.h. */
struct metrics *metrics_new(void);
void metrics_free(struct metrics *m);

/* A finished exchange. */
struct metrics_exchange {
    const struct route *route; /* NULL: none */
    const char *method;
    unsigned status; /* 0: there was no answer */
    uint64_t bytes_in, bytes_out;
    uint64_t total_us, phases_us[METRICS_PHASES];
    enum error_kind error;
    const char *limit; /* that was met, or NULL */
    bool cut;
};
void metrics_add(struct metrics *m, const struct metrics_exchange *x);

/* For struct service: everything that is counted, and how the process is now. */
bool metrics_write(const struct service *service, struct sink *out, struct error *err);

/* metrics.c to metrics_text.c: the counts of all shards. status 0 is METRICS_STATUSES' first. */
uint64_t metrics_requests(const struct metrics *m, size_t route, enum metrics_method method, size_t status);
unsigned metrics_status_at(size_t place);
size_t metrics_route_count(void);
void metrics_durations(const struct metrics *m, size_t route, struct histogram_total *out);
void metrics_phases(const struct metrics *m, enum metrics_phase phase, struct histogram_total *out);
struct metrics_totals {
    uint64_t bytes_in, bytes_out, cut, errors[ERR_KIND_COUNT];
};
void metrics_totals(const struct metrics *m, struct metrics_totals *out);
/* Of the rows of limits.h, and behind them of all others. */
size_t metrics_limit_count(void);
const char *metrics_limit(const struct metrics *m, size_t i, uint64_t *hits);

#endif
