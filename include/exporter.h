/*
 * Spans to a collector of OpenTelemetry: OTLP over HTTP, in JSON. A thread of its own sends them in batches;
 * a request only copies what it was into a bounded queue, and where that is full the span is dropped and
 * counted.
 */
#ifndef MANDOLINE_EXPORTER_H
#define MANDOLINE_EXPORTER_H

#include "arena.h"
#include "trace.h"

enum { EXPORTER_HEADERS = 16, EXPORTER_ATTRIBUTES = 32 };

struct exporter_pair {
    const char *name, *value;
};

struct exporter_settings {
    const char *url;         /* NULL: nothing is exported */
    const char *authorities; /* a file of certificates, or NULL: the system's */
    struct exporter_pair headers[EXPORTER_HEADERS];
    size_t header_count;
    struct exporter_pair attributes[EXPORTER_ATTRIBUTES]; /* of the resource: service.name and others */
    size_t attribute_count;
    struct trace_sampler sampler;
    size_t queue, batch; /* spans of requests */
    uint64_t delay_ms, timeout_ms;
    char warning[200]; /* what was not understood and passed over; "": nothing */
};

/*
 * From the environment, in the words of the OpenTelemetry specification: OTEL_EXPORTER_OTLP_ENDPOINT,
 * OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, _HEADERS, _TIMEOUT, _CERTIFICATE and their TRACES_ forms,
 * OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES, OTEL_TRACES_SAMPLER, OTEL_TRACES_SAMPLER_ARG,
 * OTEL_TRACES_EXPORTER, OTEL_SDK_DISABLED, OTEL_BSP_*. Without an endpoint nothing is exported. Texts are in
 * the arena.
 */
bool exporter_settings_read(const char *version, struct arena *arena, struct exporter_settings *out,
                            struct error *err);

enum { SPAN_PARTS = 4, SPAN_TEXT = 256, SPAN_WORD = 96 };

/* A part of the work, as a span below the request's. */
struct span_part {
    const char *name; /* a constant */
    uint64_t offset_us, duration_us;
};

/* One finished request. Texts are cut where their room ends. */
struct span_record {
    struct trace trace;
    uint64_t start_ns; /* since 1970 */
    uint64_t duration_us;
    const char *route;      /* as "/v1/data/{name}", a constant; NULL: none */
    const char *error_type; /* a constant; "": none */
    unsigned status;        /* 0: there was no answer */
    uint64_t bytes_in, bytes_out;
    struct span_part parts[SPAN_PARTS];
    size_t part_count;
    char method[16], path[SPAN_TEXT], id[SPAN_WORD * 2], remote[SPAN_WORD], principal[SPAN_WORD],
        detail[SPAN_TEXT], tracestate[TRACESTATE_MAX + 1];
};

struct exporter;

/* settings and source live as long as it does. */
struct exporter *exporter_start(const struct exporter_settings *settings, struct trace_source *source,
                                struct error *err);

/* Never waits for the collector. NULL: there is no exporter. */
void exporter_add(struct exporter *e, const struct span_record *record);

/*
 * Sends what is left, for so long at most; what is added from now on stays where it is. Returns how many were
 * not taken in that time. Once.
 */
size_t exporter_flush(struct exporter *e, uint64_t most_ms);
/* After exporter_flush(). NULL is accepted. */
void exporter_free(struct exporter *e);

/* Spans of requests. */
struct exporter_counts {
    uint64_t sent;    /* the collector took them */
    uint64_t dropped; /* the queue was full, or time was over */
    uint64_t failed;  /* the collector did not take them */
    uint64_t waiting;
};
void exporter_count(struct exporter *e, struct exporter_counts *out);

#endif
