#include "base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

enum { VALID = 64 }; /* a bit that every sextet below has, so that 0 is a byte outside the alphabet */

static const uint8_t sextets[256] = {
    ['A'] = VALID | 0,  ['B'] = VALID | 1,  ['C'] = VALID | 2,  ['D'] = VALID | 3,  ['E'] = VALID | 4,
    ['F'] = VALID | 5,  ['G'] = VALID | 6,  ['H'] = VALID | 7,  ['I'] = VALID | 8,  ['J'] = VALID | 9,
    ['K'] = VALID | 10, ['L'] = VALID | 11, ['M'] = VALID | 12, ['N'] = VALID | 13, ['O'] = VALID | 14,
    ['P'] = VALID | 15, ['Q'] = VALID | 16, ['R'] = VALID | 17, ['S'] = VALID | 18, ['T'] = VALID | 19,
    ['U'] = VALID | 20, ['V'] = VALID | 21, ['W'] = VALID | 22, ['X'] = VALID | 23, ['Y'] = VALID | 24,
    ['Z'] = VALID | 25, ['a'] = VALID | 26, ['b'] = VALID | 27, ['c'] = VALID | 28, ['d'] = VALID | 29,
    ['e'] = VALID | 30, ['f'] = VALID | 31, ['g'] = VALID | 32, ['h'] = VALID | 33, ['i'] = VALID | 34,
    ['j'] = VALID | 35, ['k'] = VALID | 36, ['l'] = VALID | 37, ['m'] = VALID | 38, ['n'] = VALID | 39,
    ['o'] = VALID | 40, ['p'] = VALID | 41, ['q'] = VALID | 42, ['r'] = VALID | 43, ['s'] = VALID | 44,
    ['t'] = VALID | 45, ['u'] = VALID | 46, ['v'] = VALID | 47, ['w'] = VALID | 48, ['x'] = VALID | 49,
    ['y'] = VALID | 50, ['z'] = VALID | 51, ['0'] = VALID | 52, ['1'] = VALID | 53, ['2'] = VALID | 54,
    ['3'] = VALID | 55, ['4'] = VALID | 56, ['5'] = VALID | 57, ['6'] = VALID | 58, ['7'] = VALID | 59,
    ['8'] = VALID | 60, ['9'] = VALID | 61, ['+'] = VALID | 62, ['/'] = VALID | 63,
};

size_t base64_encode(struct bytes in, uint8_t *out)
{
    uint8_t *o = out;
    size_t i = 0;
    for (; in.len - i >= 3; i += 3, o += 4) {
        const uint32_t v = (uint32_t)in.data[i] << 16 | (uint32_t)in.data[i + 1] << 8 | in.data[i + 2];
        o[0] = (uint8_t)alphabet[v >> 18];
        o[1] = (uint8_t)alphabet[v >> 12 & 63];
        o[2] = (uint8_t)alphabet[v >> 6 & 63];
        o[3] = (uint8_t)alphabet[v & 63];
    }
    const size_t left = in.len - i;
    if (left == 0)
        return (size_t)(o - out);
    const uint32_t v = (uint32_t)in.data[i] << 16 | (left == 2 ? (uint32_t)in.data[i + 1] << 8 : 0);
    o[0] = (uint8_t)alphabet[v >> 18];
    o[1] = (uint8_t)alphabet[v >> 12 & 63];
    o[2] = left == 2 ? (uint8_t)alphabet[v >> 6 & 63] : '=';
    o[3] = '=';
    return (size_t)(o + 4 - out);
}

/* Four sextets at p as three bytes. False: not all of the alphabet. */
static bool decode_group(const uint8_t *p, uint8_t *out)
{
    const uint32_t a = sextets[p[0]], b = sextets[p[1]], c = sextets[p[2]], d = sextets[p[3]];
    const uint32_t v = (a & 63) << 18 | (b & 63) << 12 | (c & 63) << 6 | (d & 63);
    out[0] = (uint8_t)(v >> 16);
    out[1] = (uint8_t)(v >> 8);
    out[2] = (uint8_t)v;
    return (a & b & c & d & VALID) != 0;
}

static size_t padding(struct bytes text)
{
    if (text.len == 0 || text.data[text.len - 1] != '=')
        return 0;
    return text.data[text.len - 2] == '=' ? 2 : 1;
}

static size_t first_bad(struct bytes text)
{
    size_t at = 0;
    while (at < text.len && sextets[text.data[at]] != 0)
        at++;
    return at;
}

/* As decode_group for the last group, in which padding bytes stand for zeros that are not written. */
static bool decode_last(const uint8_t *p, size_t pad, uint8_t *out)
{
    uint8_t group[4], three[3];
    memcpy(group, p, sizeof group);
    memset(group + sizeof group - pad, 'A', pad);
    if (!decode_group(group, three))
        return false;
    memcpy(out, three, sizeof three - pad);
    return true;
}

bool base64_decode(struct bytes text, struct arena *arena, struct bytes *out, struct error *err)
{
    if (text.len % 4 != 0)
        return FAIL(err, ERR_SYNTAX, text.len, "base64 text has %zu bytes, which 4 does not divide",
                    text.len);
    const size_t pad = padding(text), len = text.len / 4 * 3 - pad;
    uint8_t *data = arena_alloc(arena, 1, len);
    if (data == NULL)
        return arena_fail(arena, err);
    uint8_t *o = data;
    bool valid = true;
    size_t at = 0;
    for (; valid && text.len - at > 4; at += 4, o += 3)
        valid = decode_group(text.data + at, o);
    if (valid && text.len > 0)
        valid = decode_last(text.data + at, pad, o);
    if (!valid)
        return FAIL(err, ERR_SYNTAX, first_bad(text), "a byte that is not of the base64 alphabet");
    *out = bytes_of(data, len);
    return true;
}
