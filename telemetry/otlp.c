#include "otlp.h"

#include <stdio.h>

#include "hex.h"
#include "number.h"
#include "utf8.h"

enum { KIND_INTERNAL = 1, KIND_SERVER = 2, STATUS_ERROR = 2 };

/* What could not be written is remembered. */
struct writer {
    struct sink *out;
    struct error *err;
    bool ok;
};

/* ---- JSON ---- */

static void put_bytes(struct writer *w, struct bytes text)
{
    w->ok = w->ok && sink_bytes(w->out, text, w->err);
}

static void put(struct writer *w, const char *text)
{
    put_bytes(w, bytes_text(text));
}

static void put_number(struct writer *w, uint64_t n)
{
    char text[NUMBER_MAX];
    put_bytes(w, bytes_of(text, number_write_uint(n, text)));
}

static void put_escaped(struct writer *w, uint8_t c)
{
    static const char digits[] = "0123456789abcdef";
    const char plain[] = {(char)c, '\0'}, quoted[] = {'\\', (char)c, '\0'};
    const char control[] = {'\\', 'u', '0', '0', digits[c >> 4], digits[c & 15], '\0'};
    put(w, c < 0x20 ? control : c == '"' || c == '\\' ? quoted : plain);
}

/* What is not UTF-8 (it was cut, or never was) becomes '?'. */
static void put_text(struct writer *w, const char *text)
{
    struct bytes left = bytes_text(text);
    put(w, "\"");
    while (left.len > 0) {
        const size_t valid = utf8_valid(left);
        for (size_t i = 0; i < valid; i++)
            put_escaped(w, left.data[i]);
        if (valid < left.len)
            put(w, "?");
        const size_t used = valid < left.len ? valid + 1 : valid;
        left = bytes_of(left.data + used, left.len - used);
    }
    put(w, "\"");
}

static void put_id(struct writer *w, const char *name, const uint8_t *id, unsigned n)
{
    char text[2 * TRACE_ID + 1];
    hex_write(id, n, text);
    put(w, name);
    put_text(w, text);
}

/* 64-bit integers are strings in protocol buffers' JSON. */
static void put_quoted(struct writer *w, const char *name, uint64_t n)
{
    put(w, name);
    put(w, "\"");
    put_number(w, n);
    put(w, "\"");
}

/* ---- attributes ---- */

static void attribute_text(struct writer *w, const char *key, const char *value, bool *first)
{
    if (value == NULL || value[0] == '\0')
        return;
    put(w, *first ? "{\"key\":" : ",{\"key\":");
    put_text(w, key);
    put(w, ",\"value\":{\"stringValue\":");
    put_text(w, value);
    put(w, "}}");
    *first = false;
}

static void attribute_number(struct writer *w, const char *key, uint64_t value, bool *first)
{
    put(w, *first ? "{\"key\":" : ",{\"key\":");
    put_text(w, key);
    put_quoted(w, ",\"value\":{\"intValue\":", value);
    put(w, "}}");
    *first = false;
}

/* The names are those of OpenTelemetry's conventions for HTTP servers. */
static void put_attributes(struct writer *w, const struct span_record *r)
{
    bool first = true;
    put(w, ",\"attributes\":[");
    attribute_text(w, "http.request.method", r->method, &first);
    attribute_text(w, "http.route", r->route, &first);
    attribute_text(w, "url.path", r->path, &first);
    attribute_text(w, "client.address", r->remote, &first);
    attribute_text(w, "enduser.id", r->principal, &first);
    attribute_text(w, "error.type", r->error_type, &first);
    attribute_text(w, "mandoline.request.id", r->id, &first);
    if (r->status > 0)
        attribute_number(w, "http.response.status_code", r->status, &first);
    attribute_number(w, "http.request.body.size", r->bytes_in, &first);
    attribute_number(w, "http.response.body.size", r->bytes_out, &first);
    put(w, "]");
}

/* ---- spans ---- */

static void put_times(struct writer *w, int kind, uint64_t start_ns, uint64_t duration_us)
{
    put(w, ",\"kind\":");
    put_number(w, (uint64_t)kind);
    put_quoted(w, ",\"startTimeUnixNano\":", start_ns);
    put_quoted(w, ",\"endTimeUnixNano\":", start_ns + duration_us * 1000);
}

static bool has_parent(const struct trace *t)
{
    static const uint8_t none[SPAN_ID];
    return memcmp(t->parent, none, SPAN_ID) != 0;
}

static void put_request(struct writer *w, const struct span_record *r)
{
    char name[SPAN_TEXT];
    snprintf(name, sizeof name, "%s%s%s", r->method[0] == '\0' ? "HTTP" : r->method,
             r->route == NULL ? "" : " ", r->route == NULL ? "" : r->route);
    put_id(w, "{\"traceId\":", r->trace.id, TRACE_ID);
    put_id(w, ",\"spanId\":", r->trace.span, SPAN_ID);
    if (has_parent(&r->trace))
        put_id(w, ",\"parentSpanId\":", r->trace.parent, SPAN_ID);
    if (r->tracestate[0] != '\0') {
        put(w, ",\"traceState\":");
        put_text(w, r->tracestate);
    }
    put(w, ",\"name\":");
    put_text(w, name);
    put_times(w, KIND_SERVER, r->start_ns, r->duration_us);
    put_attributes(w, r);
    if (r->status == 0 || r->status >= 500) { /* what a client did wrong is no error of the server's span */
        put(w, ",\"status\":{\"code\":");
        put_number(w, STATUS_ERROR);
        put(w, ",\"message\":");
        put_text(w, r->detail);
        put(w, "}");
    }
    put(w, "}");
}

static void put_part(struct writer *w, const struct span_record *r, const struct span_part *p,
                     struct trace_source *source)
{
    uint8_t id[SPAN_ID];
    trace_span(source, id);
    put_id(w, ",{\"traceId\":", r->trace.id, TRACE_ID);
    put_id(w, ",\"spanId\":", id, SPAN_ID);
    put_id(w, ",\"parentSpanId\":", r->trace.span, SPAN_ID);
    put(w, ",\"name\":");
    put_text(w, p->name);
    put_times(w, KIND_INTERNAL, r->start_ns + p->offset_us * 1000, p->duration_us);
    put(w, "}");
}

bool otlp_spans(struct sink *out, const struct span_record *r, bool first, struct trace_source *source,
                struct error *err)
{
    struct writer w = {out, err, true};
    put(&w, first ? "" : ",");
    put_request(&w, r);
    for (size_t i = 0; i < r->part_count; i++)
        put_part(&w, r, &r->parts[i], source);
    return w.ok;
}

bool otlp_begin(struct sink *out, const struct exporter_settings *settings, struct error *err)
{
    struct writer w = {out, err, true};
    bool first = true;
    put(&w, "{\"resourceSpans\":[{\"resource\":{\"attributes\":[");
    for (size_t i = 0; i < settings->attribute_count; i++)
        attribute_text(&w, settings->attributes[i].name, settings->attributes[i].value, &first);
    put(&w, "]},\"scopeSpans\":[{\"scope\":{\"name\":\"mandoline\"},\"spans\":[");
    return w.ok;
}

bool otlp_end(struct sink *out, struct error *err)
{
    return sink_text(out, "]}]}]}", err);
}
