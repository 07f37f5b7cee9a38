/* Spans as OTLP has them in JSON (an ExportTraceServiceRequest). */
#ifndef MANDOLINE_TELEMETRY_OTLP_H
#define MANDOLINE_TELEMETRY_OTLP_H

#include "exporter.h"
#include "sink.h"

/* What stands before all spans, one request's spans with those of its parts, and what stands behind. */
bool otlp_begin(struct sink *out, const struct exporter_settings *settings, struct error *err);
bool otlp_spans(struct sink *out, const struct span_record *record, bool first, struct trace_source *source,
                struct error *err);
bool otlp_end(struct sink *out, struct error *err);

#endif
