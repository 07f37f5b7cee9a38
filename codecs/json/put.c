#include "put.h"

#include "base64.h"
#include "number.h"
#include "scan.h"
#include "utf8.h"

#include <math.h>

enum {
    LONGEST_ESCAPE = 6,   /* \u00XX */
    STRING_CHUNK = 4096,  /* bytes of a string escaped at once */
    BASE64_CHUNK = 49152, /* a multiple of three */
};

static const char hex_digits[] = "0123456789abcdef";

static uint8_t *put_unicode_escape(uint8_t *p, uint32_t code)
{
    *p++ = '\\';
    *p++ = 'u';
    for (int shift = 12; shift >= 0; shift -= 4)
        *p++ = (uint8_t)hex_digits[code >> shift & 15];
    return p;
}

static uint8_t *put_escape(uint8_t *p, uint8_t c)
{
    static const char short_forms[128] = {
        ['"'] = '"', ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't',
    };
    if (short_forms[c] == 0)
        return put_unicode_escape(p, c);
    *p++ = '\\';
    *p++ = (uint8_t)short_forms[c];
    return p;
}

/* out has room for LONGEST_ESCAPE * n + 8 bytes: whole words are stored and then kept as far as they go. */
static uint8_t *escape(uint8_t *out, const uint8_t *p, size_t n)
{
    const uint8_t *const end = p + n;
    while (end - p >= 8) {
        const uint64_t w = load_u64_le(p), special = scan_special(w);
        store_u64_le(out, w);
        if (special == 0) {
            p += 8;
            out += 8;
            continue;
        }
        const size_t plain = (size_t)__builtin_ctzll(special) / 8;
        out = put_escape(out + plain, p[plain]);
        p += plain + 1;
    }
    for (; p < end; p++) {
        if (scan_is_special(*p))
            out = put_escape(out, *p);
        else
            *out++ = *p;
    }
    return out;
}

/* As escape(), for strings with surrogates: one code point after the other. */
static uint8_t *escape_surrogates(uint8_t *out, struct bytes text)
{
    for (size_t at = 0; at < text.len;) {
        const size_t from = at;
        const uint32_t code = utf8_next(text, &at);
        if (code >= 0xD800 && code < 0xE000)
            out = put_unicode_escape(out, code);
        else
            out = escape(out, text.data + from, at - from);
    }
    return out;
}

static bool put_with_surrogates(struct sink *out, struct bytes text, struct error *err)
{
    size_t room;
    if (!checked_mul(text.len, LONGEST_ESCAPE, &room) || !checked_add(room, 8, &room))
        return sink_fail(err);
    uint8_t *const start = sink_reserve(out, room);
    if (start == NULL)
        return sink_fail(err);
    sink_commit(out, (size_t)(escape_surrogates(start, text) - start));
    return true;
}

bool put_string(struct sink *out, struct bytes text, bool surrogates, struct error *err)
{
    if (surrogates)
        return put_byte(out, '"', err) && put_with_surrogates(out, text, err) && put_byte(out, '"', err);
    if (text.len == 0)
        return sink_text(out, "\"\"", err);
    for (size_t at = 0; at < text.len;) {
        const size_t left = text.len - at, n = left < STRING_CHUNK ? left : STRING_CHUNK;
        uint8_t *const start = sink_reserve(out, LONGEST_ESCAPE * n + 10);
        if (start == NULL)
            return sink_fail(err);
        uint8_t *p = start;
        if (at == 0)
            *p++ = '"';
        p = escape(p, text.data + at, n);
        at += n;
        if (at == text.len)
            *p++ = '"';
        sink_commit(out, (size_t)(p - start));
    }
    return true;
}

bool put_name_compact(struct sink *out, bool comma, struct bytes text, struct error *err)
{
    if (text.len > STRING_CHUNK)
        return (!comma || put_byte(out, ',', err)) && put_string(out, text, false, err) &&
               put_byte(out, ':', err);
    uint8_t *const start = sink_reserve(out, LONGEST_ESCAPE * text.len + 12);
    if (start == NULL)
        return sink_fail(err);
    uint8_t *p = start;
    *p = ',';
    p += comma;
    *p++ = '"';
    p = escape(p, text.data, text.len);
    *p++ = '"';
    *p++ = ':';
    sink_commit(out, (size_t)(p - start));
    return true;
}

bool put_base64(struct sink *out, struct bytes bytes, struct error *err)
{
    if (!put_byte(out, '"', err))
        return false;
    for (size_t at = 0; at < bytes.len;) {
        const size_t left = bytes.len - at, n = left < BASE64_CHUNK ? left : BASE64_CHUNK;
        uint8_t *room = sink_reserve(out, (n + 2) / 3 * 4);
        if (room == NULL)
            return sink_fail(err);
        sink_commit(out, base64_encode(bytes_of(bytes.data + at, n), room));
        at += n;
    }
    return put_byte(out, '"', err);
}

bool put_text_or_base64(struct sink *out, struct bytes bytes, struct error *err)
{
    return utf8_valid(bytes) == bytes.len ? put_string(out, bytes, false, err) : put_base64(out, bytes, err);
}

bool put_int(struct sink *out, int64_t v, struct error *err)
{
    uint8_t *room = sink_reserve(out, NUMBER_MAX);
    if (room == NULL)
        return sink_fail(err);
    sink_commit(out, number_write_int(v, (char *)room));
    return true;
}

const char *put_nan_text(double v, enum nan_spelling nan, struct error *err)
{
    const unsigned which = isnan(v) ? 0 : v > 0 ? 1 : 2;
    static const char *const literals[] = {"NaN", "Infinity", "-Infinity"};
    static const char *const strings[] = {"\"NaN\"", "\"Infinity\"", "\"-Infinity\""};
    switch (nan) {
    case NAN_NULL:
        return "null";
    case NAN_STRING:
        return strings[which];
    case NAN_LITERAL:
        return literals[which];
    case NAN_ERROR:
        break;
    }
    error_set(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET,
              "JSON has no %s; nan=null, string or literal writes it, typed JSON keeps it", literals[which]);
    return NULL;
}

bool put_double(struct sink *out, double v, enum nan_spelling nan, struct error *err)
{
    if (!isfinite(v)) {
        const char *text = put_nan_text(v, nan, err);
        return text != NULL && sink_text(out, text, err);
    }
    uint8_t *room = sink_reserve(out, NUMBER_MAX);
    if (room == NULL)
        return sink_fail(err);
    sink_commit(out, number_write_double(v, (char *)room));
    return true;
}

bool put_line(struct sink *out, size_t depth, struct error *err)
{
    uint8_t *room = sink_reserve(out, 1 + 2 * depth);
    if (room == NULL)
        return sink_fail(err);
    room[0] = '\n';
    memset(room + 1, ' ', 2 * depth);
    sink_commit(out, 1 + 2 * depth);
    return true;
}
