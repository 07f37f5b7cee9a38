#include "text.h"

#include "hex.h"
#include "scan.h"
#include "utf8.h"

/* A string being unescaped into memory that is as long as its source: no escape is shorter than its text. */
struct unescape {
    struct bytes document;
    size_t at;
    uint8_t *out;
    size_t len;
    bool surrogates;
};

static bool ends_early(size_t offset, struct error *err)
{
    return FAIL(err, ERR_SYNTAX, offset, "the document ends inside a string; '\"' was expected");
}

static bool check_utf8(struct bytes document, size_t from, size_t to, struct error *err)
{
    const size_t valid = utf8_valid(bytes_of(document.data + from, to - from));
    if (valid == to - from)
        return true;
    return FAIL(err, ERR_SYNTAX, from + valid, "the byte 0x%02x is not valid UTF-8 here",
                document.data[from + valid]);
}

static bool control(struct bytes document, size_t at, struct error *err)
{
    return FAIL(err, ERR_SYNTAX, at,
                "the control character 0x%02x must be written as an escape inside a string",
                document.data[at]);
}

/* The offset of the closing quote of a string that has escapes. */
static bool find_end(struct bytes document, size_t at, size_t *out, struct error *err)
{
    bool wide = false;
    const uint8_t *const end = document.data + document.len;
    const uint8_t *p = document.data + at;
    while ((p = scan_plain(p, end, &wide)) < end && *p == '\\')
        p += end - p >= 2 ? 2 : 1;
    if (p == end)
        return ends_early(document.len, err);
    *out = (size_t)(p - document.data);
    return *p == '"' || control(document, *out, err);
}

/* Four hexadecimal digits at an offset. False: there are not four. */
static bool hex4(struct bytes document, size_t at, uint32_t *out)
{
    if (document.len < 4 || at > document.len - 4)
        return false;
    uint32_t code = 0;
    for (size_t i = 0; i < 4; i++) {
        const int digit = hex_digit(document.data[at + i]);
        if (digit < 0)
            return false;
        code = code << 4 | (uint32_t)digit;
    }
    *out = code;
    return true;
}

/* at is behind "\u". A high surrogate joins with a low one that follows; alone it stays what it is. */
static bool unicode_escape(struct unescape *u, struct error *err)
{
    uint32_t code, low;
    if (!hex4(u->document, u->at, &code))
        return FAIL(err, ERR_SYNTAX, u->at, "four hexadecimal digits were expected after \\u");
    u->at += 4;
    const uint8_t *next = u->document.data + u->at;
    if (code >= 0xD800 && code < 0xDC00 && u->document.len - u->at >= 6 && next[0] == '\\' &&
        next[1] == 'u' && hex4(u->document, u->at + 2, &low) && low >= 0xDC00 && low < 0xE000) {
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        u->at += 6;
    }
    u->surrogates |= code >= 0xD800 && code < 0xE000;
    u->len += utf8_put(code, u->out + u->len);
    return true;
}

/* at is on the backslash. */
static bool escape(struct unescape *u, struct error *err)
{
    static const char plain[256] = {
        ['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
        ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t',
    };
    const uint8_t c = u->document.data[u->at + 1];
    if (c == 'u') {
        u->at += 2;
        return unicode_escape(u, err);
    }
    if (plain[c] == 0)
        return FAIL(err, ERR_SYNTAX, u->at,
                    "there is no such escape; one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u "
                    "was expected");
    u->out[u->len++] = (uint8_t)plain[c];
    u->at += 2;
    return true;
}

static bool unescape(struct unescape *u, size_t end, struct error *err)
{
    while (u->at < end) {
        bool wide = false;
        const uint8_t *const from = u->document.data + u->at;
        const uint8_t *const to = scan_plain(from, u->document.data + end, &wide);
        const size_t n = (size_t)(to - from);
        if (wide && !check_utf8(u->document, u->at, u->at + n, err))
            return false;
        memcpy(u->out + u->len, from, n);
        u->len += n;
        u->at += n;
        if (u->at < end && !escape(u, err))
            return false;
    }
    return true;
}

static bool read_escaped(struct bytes document, size_t *at, struct arena *arena, struct json_text *out,
                         struct error *err)
{
    size_t end;
    if (!find_end(document, *at, &end, err))
        return false;
    struct unescape u = {.document = bytes_of(document.data, end), .at = *at};
    u.out = arena_alloc(arena, 1, end - *at);
    if (u.out == NULL)
        return arena_fail(arena, err);
    if (!unescape(&u, end, err))
        return false;
    *out = (struct json_text){.text = bytes_of(u.out, u.len), .surrogates = u.surrogates};
    *at = end + 1;
    return true;
}

bool json_text_read(struct bytes document, size_t *at, struct arena *arena, struct json_text *out,
                    struct error *err)
{
    bool wide = false;
    const uint8_t *const start = document.data + *at, *const end = document.data + document.len;
    const uint8_t *const p = scan_plain(start, end, &wide);
    const size_t stop = (size_t)(p - document.data);
    if (p == end)
        return ends_early(stop, err);
    if (*p == '\\')
        return read_escaped(document, at, arena, out, err);
    if (*p != '"')
        return control(document, stop, err);
    if (wide && !check_utf8(document, *at, stop, err))
        return false;
    *out = (struct json_text){.text = bytes_of(start, (size_t)(p - start))};
    *at = stop + 1;
    return true;
}
