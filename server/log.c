#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "hex.h"
#include "number.h"
#include "utf8.h"

enum { LINE_MAX_LEN = 8192, TEXT_MAX = 1024, RESERVE = 64 }; /* RESERVE: what ends a line always fits */

/* Room is checked once for each text and number: LINE_MAX_LEN holds the longest of all. */
struct line {
    char data[LINE_MAX_LEN];
    size_t len;
};

/* ---- pieces ---- */

static void put_bytes(struct line *l, struct bytes text)
{
    if (text.len <= sizeof l->data - RESERVE - l->len) {
        memcpy(l->data + l->len, text.data, text.len);
        l->len += text.len;
    }
}

static void put(struct line *l, const char *text)
{
    put_bytes(l, bytes_text(text));
}

static void put_number(struct line *l, uint64_t n)
{
    char text[NUMBER_MAX];
    put_bytes(l, bytes_of(text, number_write_uint(n, text)));
}

static void put_escaped(struct line *l, uint8_t c)
{
    static const char digits[] = "0123456789abcdef";
    const char text[] = {'\\', 'u', '0', '0', digits[c >> 4], digits[c & 15], '\0'};
    put(l, text);
}

/* What comes from outside may be any bytes: from the first that is not UTF-8, those over 127 are escaped. */
static void put_inside(struct line *l, struct bytes text)
{
    const size_t n = text.len < TEXT_MAX ? text.len : TEXT_MAX;
    const size_t valid = utf8_valid(bytes_of(text.data, n));
    for (size_t i = 0; i < n && l->len < sizeof l->data - RESERVE - 8; i++) {
        const uint8_t c = text.data[i];
        if (c < 0x20 || c == 0x7f || (c > 0x7f && i >= valid)) {
            put_escaped(l, c);
            continue;
        }
        if (c == '"' || c == '\\')
            l->data[l->len++] = '\\';
        l->data[l->len++] = (char)c;
    }
}

static void put_text(struct line *l, struct bytes text)
{
    put(l, "\"");
    put_inside(l, text);
    put(l, "\"");
}

static void put_digits(struct line *l, unsigned n, unsigned unit)
{
    for (; unit > 0; unit /= 10)
        l->data[l->len++] = (char)('0' + n / unit % 10);
}

/* 2026-01-31T12:00:00.123Z; the first in a line. By hand: it is half of what a line costs otherwise. */
static void put_time(struct line *l)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    const uint64_t seconds = now.tv_sec < 0 ? 0 : (uint64_t)now.tv_sec;
    /* Days since 1 March of the year 0, in eras of 400 years: leap days come last. */
    const uint64_t days = seconds / 86400 + 719468, of_era = days % 146097;
    const uint64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    const uint64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const unsigned march = (unsigned)((5 * of_year + 2) / 153); /* months since March */
    const unsigned month = march < 10 ? march + 3 : march - 9;
    const unsigned clock = (unsigned)(seconds % 86400);
    put_digits(l, (unsigned)(year_of_era + days / 146097 * 400 + (month <= 2)), 1000);
    l->data[l->len++] = '-';
    put_digits(l, month, 10);
    l->data[l->len++] = '-';
    put_digits(l, (unsigned)(of_year - (153 * march + 2) / 5 + 1), 10);
    l->data[l->len++] = 'T';
    put_digits(l, clock / 3600, 10);
    l->data[l->len++] = ':';
    put_digits(l, clock / 60 % 60, 10);
    l->data[l->len++] = ':';
    put_digits(l, clock % 60, 10);
    l->data[l->len++] = '.';
    put_digits(l, (unsigned)(now.tv_nsec / 1000000), 100);
    l->data[l->len++] = 'Z';
}

static void put_milliseconds(struct line *l, uint64_t microseconds)
{
    const char fraction[] = {'.', (char)('0' + microseconds / 100 % 10), (char)('0' + microseconds / 10 % 10),
                             (char)('0' + microseconds % 10), '\0'};
    put_number(l, microseconds / 1000);
    put(l, fraction);
}

static void flush(int fd, struct line *l)
{
    l->data[l->len++] = '\n';
    const ssize_t written = write(fd, l->data, l->len);
    (void)written; /* there is nowhere to complain */
}

/* ---- fields ---- */

/* What is between fields: JSON names them all, people are told what is not plain. */
static void name_field(struct line *l, bool json, const char *name)
{
    put(l, json ? ",\"" : " ");
    put(l, name);
    put(l, json ? "\":" : "=");
}

static void add_text(struct line *l, bool json, const char *name, const char *text)
{
    if (text[0] == '\0')
        return;
    name_field(l, json, name);
    put_text(l, bytes_text(text));
}

static void add_id(struct line *l, bool json, const char *name, const uint8_t *id, unsigned n)
{
    char text[2 * TRACE_ID + 1];
    hex_write(id, n, text);
    add_text(l, json, name, text);
}

static void add_number(struct line *l, bool json, const char *name, uint64_t n)
{
    name_field(l, json, name);
    put_number(l, n);
}

static void add_time(struct line *l, bool json, const char *name, uint64_t microseconds)
{
    name_field(l, json, name);
    put_milliseconds(l, microseconds);
}

/* ---- lines ---- */

static const struct {
    const char *json, *text;
} weights[] = {[LOG_INFO] = {"info", " INFO  "},
               [LOG_WARNING] = {"warning", " WARN  "},
               [LOG_ERROR] = {"error", " ERROR "}};

static void begin(struct line *l, const struct log *log, enum log_weight weight)
{
    const bool json = log->format == LOG_JSON;
    l->len = 0;
    put(l, json ? "{\"time\":\"" : "");
    put_time(l);
    put(l, json ? "\",\"level\":\"" : "");
    put(l, json ? weights[weight].json : weights[weight].text);
    put(l, json ? "\"" : "");
}

static void add_what(struct line *l, const struct log_entry *e)
{
    add_text(l, true, "id", e->id);
    add_id(l, true, "trace_id", e->trace->id, TRACE_ID);
    add_id(l, true, "span_id", e->trace->span, SPAN_ID);
    add_text(l, true, "route", e->route);
    name_field(l, true, "method");
    put_text(l, bytes_text(e->method));
    name_field(l, true, "path");
    put_text(l, e->path);
    add_number(l, true, "status", e->status);
}

/* The same for people: what they look at first, first. */
static void tell_what(struct line *l, const struct log_entry *e)
{
    put_inside(l, bytes_text(e->method));
    put(l, " ");
    put_inside(l, e->path);
    put(l, " ");
    put_number(l, e->status);
}

static void add_rest(struct line *l, bool json, const struct log_entry *e)
{
    add_number(l, json, "in", e->bytes_in);
    add_number(l, json, "out", e->bytes_out);
    add_time(l, json, "ms", e->total_us);
    add_time(l, json, "wait_ms", e->wait_us);
    add_time(l, json, "decode_ms", e->decode_us);
    add_time(l, json, "encode_ms", e->encode_us);
    add_text(l, json, "remote", e->remote);
    add_text(l, json, "principal", e->principal);
    if (e->cut)
        put(l, json ? ",\"cut\":true" : " cut");
    add_text(l, json, "error", e->error);
    add_text(l, json, "detail", e->detail);
}

/* Our failures are errors; what a client did wrong is worth a warning at most. */
static enum log_weight weight_of(const struct log_entry *e)
{
    if (e->status >= 500)
        return LOG_ERROR;
    return e->status == 0 || e->status >= 400 || e->cut ? LOG_WARNING : LOG_INFO;
}

static bool is_wanted(const struct log *log, const struct log_entry *e, enum log_weight weight)
{
    if (e->probe)
        return log->level == LOG_DEBUG;
    return log->level >= LOG_ALL || (log->level == LOG_ERRORS && weight != LOG_INFO);
}

void log_exchange(const struct log *log, const struct log_entry *e)
{
    const bool json = log->format == LOG_JSON;
    const enum log_weight weight = weight_of(e);
    struct line l;
    if (!is_wanted(log, e, weight))
        return;
    begin(&l, log, weight);
    if (json)
        add_what(&l, e);
    else
        tell_what(&l, e);
    add_rest(&l, json, e);
    if (!json) /* long, and seldom looked at */
        add_text(&l, json, "id", e->id);
    put(&l, json ? "}" : "");
    flush(log->fd, &l);
}

void log_event(const struct log *log, enum log_weight weight, const char *format, ...)
{
    char text[512];
    struct line l;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    begin(&l, log, weight);
    if (log->format == LOG_JSON) {
        name_field(&l, true, "event");
        put_text(&l, bytes_text(text));
        put(&l, "}");
    } else {
        put_inside(&l, bytes_text(text));
    }
    flush(log->fd, &l);
}
