#include "spell.h"

#include "base64.h"
#include "utf8.h"

enum {
    PIECE = 6144,      /* bytes of an argument spelled at once: a multiple of three, for base64 */
    LONGEST = 6,       /* what a byte of it becomes at most: \u0000 */
    LONGEST_CODE = 16, /* room for one character more, and for quotes and brackets */
};

static const char hex_digits[] = "0123456789abcdef";

static uint8_t *put_hex(uint8_t *p, char letter, uint32_t code, int digits)
{
    *p++ = '\\';
    *p++ = (uint8_t)letter;
    for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4)
        *p++ = (uint8_t)hex_digits[code >> shift & 15];
    return p;
}

static uint8_t *put_escape(uint8_t *p, uint8_t letter)
{
    *p++ = '\\';
    *p++ = letter;
    return p;
}

/* ---- as Python's repr ---- */

static uint8_t *repr_ascii(uint8_t *p, uint8_t c, uint8_t quote)
{
    static const char letters[128] = {['\t'] = 't', ['\n'] = 'n', ['\r'] = 'r', ['\\'] = '\\'};
    if (letters[c] != 0 || c == quote)
        return put_escape(p, letters[c] != 0 ? (uint8_t)letters[c] : c);
    if (c < ' ' || c == 0x7f)
        return put_hex(p, 'x', c, 2);
    *p++ = c;
    return p;
}

static uint8_t *repr_code(uint8_t *p, uint32_t code, uint8_t quote)
{
    if (code < 0x80)
        return repr_ascii(p, (uint8_t)code, quote);
    if (code_is_printable(code))
        return p + utf8_put(code, p);
    if (code < 0x100)
        return put_hex(p, 'x', code, 2);
    return code < 0x10000 ? put_hex(p, 'u', code, 4) : put_hex(p, 'U', code, 8);
}

static uint8_t *repr_byte(uint8_t *p, uint8_t c, uint8_t quote)
{
    return c < 0x80 ? repr_ascii(p, c, quote) : put_hex(p, 'x', c, 2);
}

/* ---- as JSON ---- */

static uint8_t *json_code(uint8_t *p, uint32_t code)
{
    static const char letters[128] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r', ['"'] = '"', ['\\'] = '\\'};
    if (code < 0x80 && letters[code] != 0)
        return put_escape(p, (uint8_t)letters[code]);
    if (code < ' ' || (code >= 0xd800 && code < 0xe000))
        return put_hex(p, 'u', code, 4);
    return p + utf8_put(code, p);
}

/* ---- pieces ---- */

static uint8_t *spell_code(const struct spelling *s, uint8_t *p, uint32_t code)
{
    if (code != '\n' || s->argument.kind != ARGUMENT_PAIR)
        return s->json ? json_code(p, code) : repr_code(p, code, s->quote);
    if (!s->json) {
        *p++ = ' ';
        return p;
    }
    return (uint8_t *)memcpy(p, "\",\"", 3) + 3;
}

/* The next piece, to p, which has room for it. */
static uint8_t *spell_piece(struct spelling *s, uint8_t *p)
{
    const struct bytes text = s->argument.text;
    const size_t left = text.len - s->at, stop = s->at + (left < PIECE ? left : PIECE);
    const uint8_t *const from = text.data + s->at;
    /* Python escapes a ' of a bytearray even where " are around it. */
    const uint8_t escaped = s->argument.kind == ARGUMENT_BYTEARRAY ? '\'' : s->quote;
    switch (s->argument.kind) {
    case ARGUMENT_BYTES:
    case ARGUMENT_BYTEARRAY:
        if (s->json)
            p += base64_encode(bytes_of(from, stop - s->at), p);
        else
            for (size_t i = s->at; i < stop; i++)
                p = repr_byte(p, text.data[i], escaped);
        s->at = stop;
        break;
    case ARGUMENT_LATIN1:
        while (s->at < stop)
            p = spell_code(s, p, text.data[s->at++]);
        break;
    case ARGUMENT_UTF8:
    case ARGUMENT_PAIR:
        while (s->at < stop)
            p = spell_code(s, p, utf8_next(text, &s->at));
        break;
    case ARGUMENT_NONE:
    case ARGUMENT_FALSE:
    case ARGUMENT_TRUE:
    case ARGUMENT_NUMBER:
    case ARGUMENT_WORD:
        memcpy(p, from, stop - s->at);
        p += stop - s->at;
        s->at = stop;
        break;
    }
    return p;
}

static bool put_piece(struct spelling *s, struct sink *out, struct error *err)
{
    uint8_t *const room = sink_reserve(out, (size_t)PIECE * LONGEST + LONGEST_CODE);
    if (room == NULL)
        return sink_fail(err);
    sink_commit(out, (size_t)(spell_piece(s, room) - room));
    return true;
}

/* What stands around each kind: in Python (with ' for either quote), and in JSON. */
static const struct {
    const char *open[2], *close[2], *whole[2];
} around[] = {
    [ARGUMENT_NONE] = {.whole = {"", "null"}},
    [ARGUMENT_FALSE] = {.whole = {"False", "false"}},
    [ARGUMENT_TRUE] = {.whole = {"True", "true"}},
    [ARGUMENT_NUMBER] = {{"", ""}, {"", ""}, {0}},
    [ARGUMENT_WORD] = {{"", "\""}, {"", "\""}, {0}},
    [ARGUMENT_UTF8] = {{"'", "\""}, {"'", "\""}, {0}},
    [ARGUMENT_LATIN1] = {{"'", "\""}, {"'", "\""}, {0}},
    [ARGUMENT_PAIR] = {{"'", "[\""}, {"'", "\"]"}, {0}},
    [ARGUMENT_BYTES] = {{"b'", "\""}, {"'", "\""}, {0}},
    [ARGUMENT_BYTEARRAY] = {{"bytearray(b'", "\""}, {"')", "\""}, {0}},
};

static bool put_around(const struct spelling *s, const char *const *text, struct sink *out, struct error *err)
{
    for (const char *p = text[s->json]; *p != '\0'; p++)
        if (!sink_byte(out, *p == '\'' ? s->quote : (uint8_t)*p, err))
            return false;
    return true;
}

/* Python prefers ' and takes " where that saves escapes: it has a ' in it and no ". */
static uint8_t quote_of(struct bytes text)
{
    return text.len > 0 && memchr(text.data, '\'', text.len) != NULL &&
                   memchr(text.data, '"', text.len) == NULL
               ? '"'
               : '\'';
}

void spelling_start(struct spelling *s, struct argument argument, bool json)
{
    *s = (struct spelling){.argument = argument, .json = json, .quote = json ? '"' : quote_of(argument.text)};
}

bool spelling_run(struct spelling *s, struct sink *out, struct error *err)
{
    const char *const *whole = around[s->argument.kind].whole;
    if (whole[0] != NULL)
        return s->closed = put_around(s, whole, out, err);
    if (!s->opened && !(s->opened = put_around(s, around[s->argument.kind].open, out, err)))
        return false;
    while (s->at < s->argument.text.len) {
        if (!put_piece(s, out, err))
            return false;
        if (sink_full(out))
            return true;
    }
    return s->closed = put_around(s, around[s->argument.kind].close, out, err);
}
