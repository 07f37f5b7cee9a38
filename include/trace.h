/* Which trace a request belongs to: W3C Trace Context, and which traces are kept. */
#ifndef MANDOLINE_TRACE_H
#define MANDOLINE_TRACE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { TRACE_ID = 16, SPAN_ID = 8, TRACESTATE_MAX = 512 };

/* One span of ours in a trace. */
struct trace {
    uint8_t id[TRACE_ID], span[SPAN_ID];
    uint8_t parent[SPAN_ID]; /* zeroes: the trace begins here */
    bool asked;              /* the caller keeps this trace */
    bool sampled;            /* we do */
};

/* Which traces are kept, in the words of OTEL_TRACES_SAMPLER. */
struct trace_sampler {
    bool parent_based;  /* where there is a caller, its word counts */
    uint64_t threshold; /* of 2^63: how many of the others are kept */
};

/* always_on, always_off, traceidratio, and the same behind parentbased_; argument: of the ratio, or NULL.
 * False: none of them; *out is the default, parentbased_always_on. */
bool trace_sampler_parse(const char *name, const char *argument, struct trace_sampler *out);

/* Where numbers of traces and spans come from. Safe from any thread. */
struct trace_source {
    atomic_uint_fast64_t next;
    uint64_t seeds[3];
    struct trace_sampler sampler;
};

/* seeds are random; the sampler keeps nothing until it is set. */
void trace_source_init(struct trace_source *s, const uint64_t seeds[3]);

/*
 * The span of one more request. traceparent is the header as it was sent, or NULL; one that does not follow
 * the specification to the letter begins a new trace.
 */
void trace_begin(struct trace_source *s, const char *traceparent, struct trace *out);

/* The id of one more span. */
void trace_span(struct trace_source *s, uint8_t out[SPAN_ID]);

/* Trace, parent and whether it is kept. False: not a traceparent; *out is as it was. */
bool trace_parse(const char *traceparent, struct trace *out);

/* Whether a list of members is a tracestate. */
bool tracestate_valid(const char *text);

#endif
