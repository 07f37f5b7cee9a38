#include "trace.h"

#include <stdlib.h>
#include <string.h>

#include "hex.h"
#include "number.h"

enum { PARENT_AT = 36, FLAGS_AT = 53, TRACEPARENT_LEN = 55, VERSION_NONE = 0xff, FLAG_SAMPLED = 1 };
enum { MEMBERS_MAX = 32, KEY_MAX = 256, VALUE_MAX = 256 };

#define RATIO_ALL ((uint64_t)1 << 63)

/* ---- numbers ---- */

static const uint64_t golden = 0x9e3779b97f4a7c15;

/* A bijection of 64 bits: different numbers give different names that don't look alike. */
static uint64_t scramble(uint64_t n)
{
    n = (n ^ n >> 30) * 0xbf58476d1ce4e5b9;
    n = (n ^ n >> 27) * 0x94d049bb133111eb;
    return n ^ n >> 31;
}

static void put_number(uint64_t n, uint8_t *out)
{
    n = n == 0 ? 1 : n; /* zeroes mean "none" */
    for (unsigned i = 0; i < 8; i++)
        out[i] = (uint8_t)(n >> (56 - 8 * i));
}

static uint64_t number_at(const uint8_t *bytes)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < 8; i++)
        n = n << 8 | bytes[i];
    return n;
}

/* ---- headers ---- */

static bool read_hex(const char *text, size_t n, uint8_t *out)
{
    return hex_read(bytes_of(text, 2 * n), out, n);
}

static bool is_zero(const uint8_t *bytes, unsigned n)
{
    uint8_t all = 0;
    for (unsigned i = 0; i < n; i++)
        all |= bytes[i];
    return all == 0;
}

/* Later versions may have more, behind another dash. */
static bool has_shape(const char *text, uint8_t version)
{
    const size_t n = strlen(text);
    return text[2] == '-' && text[PARENT_AT - 1] == '-' && text[FLAGS_AT - 1] == '-' &&
           version != VERSION_NONE && (n == TRACEPARENT_LEN || (version > 0 && text[TRACEPARENT_LEN] == '-'));
}

bool trace_parse(const char *text, struct trace *out)
{
    struct trace t = *out;
    uint8_t version, flags;
    if (strnlen(text, TRACEPARENT_LEN) < TRACEPARENT_LEN || !read_hex(text, 1, &version) ||
        !has_shape(text, version) || !read_hex(text + 3, TRACE_ID, t.id) ||
        !read_hex(text + PARENT_AT, SPAN_ID, t.parent) || !read_hex(text + FLAGS_AT, 1, &flags) ||
        is_zero(t.id, TRACE_ID) || is_zero(t.parent, SPAN_ID))
        return false;
    t.asked = (flags & FLAG_SAMPLED) != 0;
    *out = t;
    return true;
}

static bool is_key_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c != '\0' && strchr("_-*/@", c) != NULL);
}

/* key=value, as long as it is. */
static bool is_member(const char *text, size_t n)
{
    size_t key = 0;
    while (key < n && is_key_char(text[key]))
        key++;
    if (key == 0 || key > KEY_MAX || key == n || text[key] != '=' || strchr("_-*/@", text[0]) != NULL)
        return false;
    const size_t value = n - key - 1;
    for (size_t i = key + 1; i < n; i++)
        if (text[i] < 0x20 || text[i] > 0x7e || text[i] == '=')
            return false;
    return value > 0 && value <= VALUE_MAX && text[n - 1] != ' ';
}

bool tracestate_valid(const char *text)
{
    size_t members = 0;
    if (strnlen(text, TRACESTATE_MAX + 1) > TRACESTATE_MAX)
        return false;
    for (const char *at = text; *at != '\0';) {
        at += strspn(at, " \t");
        const size_t n = strcspn(at, ",");
        size_t used = n;
        while (used > 0 && (at[used - 1] == ' ' || at[used - 1] == '\t'))
            used--;
        if (used > 0 && (!is_member(at, used) || ++members > MEMBERS_MAX))
            return false;
        at += n + (at[n] == ',');
    }
    return members > 0;
}

/* ---- which are kept ---- */

/* false: not a number from 0 to 1. */
static bool parse_ratio(const char *text, uint64_t *out)
{
    double ratio;
    const size_t n = text == NULL ? 0 : strlen(text);
    if (n == 0 || number_read_double(bytes_of(text, n), &ratio) != n || !(ratio >= 0 && ratio <= 1))
        return false;
    *out = ratio >= 1 ? RATIO_ALL : (uint64_t)(ratio * 9223372036854775808.0);
    return true;
}

bool trace_sampler_parse(const char *name, const char *argument, struct trace_sampler *out)
{
    static const char prefix[] = "parentbased_";
    *out = (struct trace_sampler){.parent_based = true, .threshold = RATIO_ALL};
    const bool parent_based = strncmp(name, prefix, sizeof prefix - 1) == 0;
    const char *rest = parent_based ? name + sizeof prefix - 1 : name;
    struct trace_sampler s = {.parent_based = parent_based, .threshold = RATIO_ALL};
    if (strcmp(rest, "always_off") == 0)
        s.threshold = 0;
    else if (strcmp(rest, "traceidratio") == 0 ? argument != NULL && !parse_ratio(argument, &s.threshold)
                                               : strcmp(rest, "always_on") != 0)
        return false;
    *out = s;
    return true;
}

/* The same trace is kept by everyone who keeps that share of them: its number decides. */
static bool keeps(const struct trace_sampler *s, const struct trace *t)
{
    if (s->parent_based && !is_zero(t->parent, SPAN_ID))
        return t->asked;
    return number_at(t->id + 8) >> 1 < s->threshold;
}

/* ---- beginning ---- */

void trace_source_init(struct trace_source *s, const uint64_t seeds[3])
{
    atomic_init(&s->next, 0);
    memcpy(s->seeds, seeds, sizeof s->seeds);
    s->sampler = (struct trace_sampler){0};
}

void trace_span(struct trace_source *s, uint8_t out[SPAN_ID])
{
    const uint64_t n = atomic_fetch_add_explicit(&s->next, golden, memory_order_relaxed);
    put_number(scramble(s->seeds[0] + n), out);
}

void trace_begin(struct trace_source *s, const char *traceparent, struct trace *out)
{
    const uint64_t n = atomic_fetch_add_explicit(&s->next, golden, memory_order_relaxed);
    *out = (struct trace){0};
    put_number(scramble(s->seeds[0] + n), out->span);
    if (traceparent == NULL || !trace_parse(traceparent, out)) {
        put_number(scramble(s->seeds[1] ^ n), out->id);
        put_number(scramble(s->seeds[2] + n), out->id + 8);
    }
    out->sampled = keeps(&s->sampler, out);
}
