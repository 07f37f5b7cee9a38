/* A finished exchange as a span, for whoever collects them. */
#ifndef MANDOLINE_SPAN_H
#define MANDOLINE_SPAN_H

#include "transaction.h"

/* What only the glue to the library knows. */
struct span_end {
    unsigned status; /* 0: there was no answer */
    uint64_t sent;
    const char *remote;
    const char *tracestate; /* as it was sent, or NULL */
};

/* Does nothing where nobody collects, or this trace is not kept. */
void span_tell(const struct transaction *t, const struct span_end *end);

/* Spans leave where the environment says so (exporter.h); how lives as long as the server. */
bool span_start(struct server *server, const struct exporter_settings *how, struct error *err);

/* What waits is sent, or lost, within a few seconds; then nothing is exported any more. stop: no exchange is
 * open, and everything is freed. */
void span_flush(struct server *server);
void span_stop(struct server *server);

#endif
