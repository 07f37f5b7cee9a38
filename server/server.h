/* What all exchanges of the running server share. */
#ifndef MANDOLINE_SERVER_H
#define MANDOLINE_SERVER_H

#include <stdatomic.h>

#include "admission.h"
#include "config.h"
#include "exchange.h"
#include "exporter.h"
#include "gateway.h"
#include "generation.h"
#include "guests.h"
#include "log.h"
#include "metrics.h"
#include "recall.h"
#include "trace.h"

struct server;

/* Where requests come in. */
struct entrance {
    struct server *server;
    bool admin; /* probes and metrics alone; they are nobody's exchange: no limit counts them, no drain waits
                 */
};

struct server {
    struct service service; /* first: a struct service is its server */
    const struct config *config;
    struct generations generations;
    struct admission admission;
    struct recall recall;
    struct account memory;
    struct gateway gateway;
    struct arena_pool pool;
    struct crew crew;
    struct log log;
    struct metrics *metrics;
    struct exporter *exporter; /* NULL: nobody collects spans */
    double start_time;         /* seconds since 1970 */
    struct trace_source traces;
    struct entrance main, admin;
    struct guests guests;
    atomic_bool draining;
    atomic_bool started;       /* it was ready once */
    atomic_size_t connections; /* open ones */
    struct {
        atomic_size_t now, used, dropped;
    } aheads;              /* bodies that are decoded while they arrive, and that were */
    atomic_size_t reloads; /* by SIGHUP */
    atomic_size_t failed_reloads;
};

#endif
