#include "log.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "number.h"
#include "utf8.h"

enum { LINE_MAX_LEN = 4096, TEXT_MAX = 1024, RESERVE = 64 }; /* RESERVE: what ends a line always fits */

/* Room is checked once for each text and number: LINE_MAX_LEN holds the longest of all. */
struct line {
    char data[LINE_MAX_LEN];
    size_t len;
};

static void put(struct line *l, const char *text)
{
    const size_t n = strlen(text);
    if (n <= sizeof l->data - RESERVE - l->len) {
        memcpy(l->data + l->len, text, n);
        l->len += n;
    }
}

static void put_number(struct line *l, uint64_t n)
{
    char text[NUMBER_MAX + 1];
    text[number_write_uint(n, text)] = '\0';
    put(l, text);
}

static void put_escaped(struct line *l, uint8_t c)
{
    char text[8];
    snprintf(text, sizeof text, "\\u%04x", c);
    put(l, text);
}

/* What comes from outside may be any bytes: from the first that is not UTF-8, those over 127 are escaped. */
static void put_text(struct line *l, struct bytes text)
{
    const size_t n = text.len < TEXT_MAX ? text.len : TEXT_MAX;
    const size_t valid = utf8_valid(bytes_of(text.data, n));
    put(l, "\"");
    for (size_t i = 0; i < n && l->len < sizeof l->data - RESERVE - 8; i++) {
        const uint8_t c = text.data[i];
        if (c < 0x20 || c == 0x7f || (c > 0x7f && i >= valid) || c == '"' || c == '\\')
            put_escaped(l, c);
        else
            l->data[l->len++] = (char)c;
    }
    put(l, "\"");
}

/* 2026-01-31T12:00:00.123Z */
static void put_time(struct line *l)
{
    struct timespec now;
    struct tm tm;
    char text[64];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &tm);
    const size_t n = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(text + n, sizeof text - n, ".%03ldZ", now.tv_nsec / 1000000);
    put(l, "{\"time\":\"");
    put(l, text);
    put(l, "\"");
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

void log_exchange(int fd, enum log_level level, const struct log_entry *e)
{
    const bool bad = e->status == 0 || e->status >= 400 || e->cut;
    if (level == LOG_OFF || (level == LOG_ERRORS && !bad))
        return;
    struct line l = {.len = 0};
    put_time(&l);
    put(&l, ",\"id\":");
    put_text(&l, bytes_text(e->id));
    if (e->traceparent != NULL) {
        put(&l, ",\"traceparent\":");
        put_text(&l, bytes_text(e->traceparent));
    }
    put(&l, ",\"method\":");
    put_text(&l, bytes_text(e->method));
    put(&l, ",\"path\":");
    put_text(&l, e->path);
    put(&l, ",\"status\":");
    put_number(&l, e->status);
    put(&l, ",\"in\":");
    put_number(&l, e->bytes_in);
    put(&l, ",\"out\":");
    put_number(&l, e->bytes_out);
    put(&l, ",\"ms\":");
    put_milliseconds(&l, e->microseconds);
    if (e->cut)
        put(&l, ",\"cut\":true");
    if (e->error[0] != '\0') {
        put(&l, ",\"error\":");
        put_text(&l, bytes_text(e->error));
    }
    put(&l, "}");
    flush(fd, &l);
}

void log_event(int fd, const char *text)
{
    struct line l = {.len = 0};
    put_time(&l);
    put(&l, ",\"event\":");
    put_text(&l, bytes_text(text));
    put(&l, "}");
    flush(fd, &l);
}
