#include "exporter.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "hex.h"
#include "number.h"

enum {
    QUEUE = 2048,
    QUEUE_MOST = 1 << 16,
    BATCH = 512,
    DELAY_MS = 5000,
    TIMEOUT_MS = 10000,
    MS_MOST = 3600000
};

/* ---- words of the environment ---- */

/* What is empty counts as not there, as the specification has it. */
static const char *variable(const char *name)
{
    const char *text = getenv(name);
    return text == NULL || text[0] == '\0' ? NULL : text;
}

/* OTEL_EXPORTER_OTLP_TRACES_<name>, else OTEL_EXPORTER_OTLP_<name>. */
static const char *otlp_variable(const char *name)
{
    char own[64], common[64];
    snprintf(own, sizeof own, "OTEL_EXPORTER_OTLP_TRACES_%s", name);
    snprintf(common, sizeof common, "OTEL_EXPORTER_OTLP_%s", name);
    return variable(own) != NULL ? variable(own) : variable(common);
}

/* The first thing that was not understood is told; the value itself may be a secret. */
static void warn(struct exporter_settings *s, const char *what)
{
    if (s->warning[0] == '\0')
        snprintf(s->warning, sizeof s->warning, "%s", what);
}

static uint64_t number(struct exporter_settings *s, const char *text, uint64_t otherwise, uint64_t most)
{
    int64_t n;
    if (text == NULL)
        return otherwise;
    if (number_read_int(bytes_text(text), &n) && n > 0 && (uint64_t)n <= most)
        return (uint64_t)n;
    warn(s, "a number among OTEL_BSP_* and OTEL_EXPORTER_OTLP_TIMEOUT is not understood and passed over");
    return otherwise;
}

/* ---- lists of key=value, percent-encoded ---- */

/* NULL: no memory, or there would be a control character in it. */
static const char *decode(struct bytes b, struct arena *arena)
{
    char *out = arena_alloc(arena, 1, b.len + 1), *at = out;
    for (size_t i = 0; out != NULL && i < b.len; i++) {
        const int byte = b.data[i] == '%' && i + 2 < b.len ? hex_byte(b.data + i + 1) : -1;
        *at = (char)(byte >= 0 ? byte : b.data[i]);
        i += byte >= 0 ? 2 : 0;
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            return NULL;
        at++;
    }
    return out;
}

static bool read_pair(struct bytes member, struct arena *arena, struct exporter_pair *out)
{
    const uint8_t *equals = member.len == 0 ? NULL : memchr(member.data, '=', member.len);
    if (equals == NULL)
        return false;
    const size_t key = (size_t)(equals - member.data);
    out->name = decode(bytes_trim(bytes_of(member.data, key), " \t"), arena);
    out->value = decode(bytes_trim(bytes_of(equals + 1, member.len - key - 1), " \t"), arena);
    return out->name != NULL && out->value != NULL && out->name[0] != '\0';
}

/* Appends; false: something was not understood, or there are too many. */
static bool read_pairs(const char *text, struct arena *arena, struct exporter_pair *out, size_t most,
                       size_t *count)
{
    bool ok = true;
    for (const char *at = text; at != NULL && *at != '\0';) {
        const size_t n = strcspn(at, ",");
        const struct bytes member = bytes_trim(bytes_of(at, n), " \t");
        if (member.len > 0) {
            struct exporter_pair pair;
            const bool good = *count < most && read_pair(member, arena, &pair);
            if (good)
                out[(*count)++] = pair;
            ok = ok && good;
        }
        at += n + (at[n] == ',');
    }
    return ok;
}

/* ---- the settings ---- */

static bool has_attribute(const struct exporter_settings *s, const char *name)
{
    for (size_t i = 0; i < s->attribute_count; i++)
        if (strcmp(s->attributes[i].name, name) == 0)
            return true;
    return false;
}

static void add_attribute(struct exporter_settings *s, const char *name, const char *value)
{
    if (!has_attribute(s, name) && s->attribute_count < EXPORTER_ATTRIBUTES)
        s->attributes[s->attribute_count++] = (struct exporter_pair){name, value};
}

static void read_resource(struct exporter_settings *s, const char *version, struct arena *arena)
{
    const char *name = variable("OTEL_SERVICE_NAME"); /* it goes before the other's service.name */
    if (name != NULL)
        add_attribute(s, "service.name", name);
    struct exporter_pair others[EXPORTER_ATTRIBUTES];
    size_t count = 0;
    if (!read_pairs(variable("OTEL_RESOURCE_ATTRIBUTES"), arena, others, EXPORTER_ATTRIBUTES, &count))
        warn(s, "a part of OTEL_RESOURCE_ATTRIBUTES is not understood and passed over");
    for (size_t i = 0; i < count; i++)
        add_attribute(s, others[i].name, others[i].value);
    add_attribute(s, "service.name", "mandoline");
    add_attribute(s, "service.version", version);
}

static void read_sampler(struct exporter_settings *s)
{
    const char *name = variable("OTEL_TRACES_SAMPLER");
    if (!trace_sampler_parse(name == NULL ? "parentbased_always_on" : name,
                             variable("OTEL_TRACES_SAMPLER_ARG"), &s->sampler))
        warn(s, "OTEL_TRACES_SAMPLER or its argument is not understood: parentbased_always_on it is");
}

/* Whether anything is to be exported at all. */
static bool is_wanted(struct exporter_settings *s)
{
    const char *disabled = variable("OTEL_SDK_DISABLED"), *kind = variable("OTEL_TRACES_EXPORTER"),
               *protocol = otlp_variable("PROTOCOL");
    if ((disabled != NULL && strcasecmp(disabled, "true") == 0) ||
        (kind != NULL && strcmp(kind, "none") == 0))
        return false;
    if (kind != NULL && strcmp(kind, "otlp") != 0) {
        warn(s, "OTEL_TRACES_EXPORTER is neither otlp nor none: no spans are exported");
        return false;
    }
    if (protocol != NULL && strcmp(protocol, "http/json") != 0)
        warn(s, "OTEL_EXPORTER_OTLP_PROTOCOL is passed over: spans leave as http/json");
    return true;
}

/* The endpoint of traces is used as it is, the common one is a base. */
static bool read_url(struct exporter_settings *s, struct arena *arena, struct error *err)
{
    const char *own = variable("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"),
               *base = variable("OTEL_EXPORTER_OTLP_ENDPOINT");
    const char *chosen = own != NULL ? own : base;
    if (chosen == NULL)
        return true;
    if (strncasecmp(chosen, "http://", 7) != 0 && strncasecmp(chosen, "https://", 8) != 0) {
        warn(s, "the endpoint of OTEL_EXPORTER_OTLP_* is no http or https URL: no spans are exported");
        return true;
    }
    const size_t n = strlen(chosen);
    s->url = own != NULL ? arena_printf(arena, "%s", own)
                         : arena_printf(arena, "%s%sv1/traces", base, base[n - 1] == '/' ? "" : "/");
    return s->url != NULL || arena_fail(arena, err);
}

bool exporter_settings_read(const char *version, struct arena *arena, struct exporter_settings *s,
                            struct error *err)
{
    *s = (struct exporter_settings){0};
    if (!is_wanted(s))
        return true;
    if (!read_url(s, arena, err))
        return false;
    if (s->url == NULL)
        return true;
    read_resource(s, version, arena);
    read_sampler(s);
    if (!read_pairs(otlp_variable("HEADERS"), arena, s->headers, EXPORTER_HEADERS, &s->header_count))
        warn(s, "a part of OTEL_EXPORTER_OTLP_HEADERS is not understood and passed over");
    s->authorities = otlp_variable("CERTIFICATE");
    s->queue = number(s, variable("OTEL_BSP_MAX_QUEUE_SIZE"), QUEUE, QUEUE_MOST);
    s->batch = number(s, variable("OTEL_BSP_MAX_EXPORT_BATCH_SIZE"), BATCH, QUEUE_MOST);
    s->batch = s->batch > s->queue ? s->queue : s->batch;
    s->delay_ms = number(s, variable("OTEL_BSP_SCHEDULE_DELAY"), DELAY_MS, MS_MOST);
    s->timeout_ms = number(s, otlp_variable("TIMEOUT"), TIMEOUT_MS, MS_MOST);
    return true;
}
