#include "utf8.h"

#define HIGH_BITS 0x8080808080808080ULL

/* The index of the first byte over 127 from at on, or text.len; eight bytes at a time. */
static size_t skip_ascii(struct bytes text, size_t at)
{
    uint64_t word;
    for (; text.len - at >= sizeof word; at += sizeof word) {
        memcpy(&word, text.data + at, sizeof word);
        if ((word & HIGH_BITS) != 0)
            break;
    }
    while (at < text.len && text.data[at] < 0x80)
        at++;
    return at;
}

static bool is_continuation(uint8_t byte)
{
    return (byte & 0xC0) == 0x80;
}

/* Bytes of the sequence that starts with this byte over 127; 0: none does. */
static size_t sequence_length(uint8_t first)
{
    if (first >= 0xC2 && first <= 0xDF)
        return 2;
    if (first >= 0xE0 && first <= 0xEF)
        return 3;
    return first >= 0xF0 && first <= 0xF4 ? 4 : 0;
}

/* RFC 3629 section 4: the second byte keeps out overlong forms, surrogates and what is over U+10FFFF. */
static bool second_fits(uint8_t first, uint8_t second, bool surrogates_pass)
{
    switch (first) {
    case 0xE0:
        return second >= 0xA0 && second <= 0xBF;
    case 0xED:
        return second >= 0x80 && second <= (surrogates_pass ? 0xBF : 0x9F);
    case 0xF0:
        return second >= 0x90 && second <= 0xBF;
    case 0xF4:
        return second >= 0x80 && second <= 0x8F;
    default:
        return is_continuation(second);
    }
}

/* The length of the valid sequence at p, which has left bytes; 0: not valid. */
static size_t sequence(const uint8_t *p, size_t left, bool surrogates_pass)
{
    const size_t n = sequence_length(p[0]);
    if (n == 0 || n > left || !second_fits(p[0], p[1], surrogates_pass))
        return 0;
    for (size_t i = 2; i < n; i++)
        if (!is_continuation(p[i]))
            return 0;
    return n;
}

size_t utf8_valid(struct bytes text)
{
    size_t at = skip_ascii(text, 0);
    while (at < text.len) {
        const size_t n = sequence(text.data + at, text.len - at, false);
        if (n == 0)
            break;
        at += n;
        if (at < text.len && text.data[at] < 0x80)
            at = skip_ascii(text, at);
    }
    return at;
}

size_t utf8_valid_surrogatepass(struct bytes text, bool *surrogates)
{
    *surrogates = false;
    size_t at = skip_ascii(text, 0);
    while (at < text.len) {
        const uint8_t *p = text.data + at;
        const size_t n = sequence(p, text.len - at, true);
        if (n == 0)
            break;
        *surrogates |= p[0] == 0xED && p[1] >= 0xA0;
        at += n;
        if (at < text.len && text.data[at] < 0x80)
            at = skip_ascii(text, at);
    }
    return at;
}

bool utf8_is_ascii(struct bytes text)
{
    return skip_ascii(text, 0) == text.len;
}

size_t utf8_put(uint32_t code, uint8_t *out)
{
    if (code < 0x80) {
        out[0] = (uint8_t)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (uint8_t)(0xC0 | code >> 6);
        out[1] = (uint8_t)(0x80 | (code & 0x3F));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (uint8_t)(0xE0 | code >> 12);
        out[1] = (uint8_t)(0x80 | (code >> 6 & 0x3F));
        out[2] = (uint8_t)(0x80 | (code & 0x3F));
        return 3;
    }
    if (code > 0x10FFFF)
        return 0;
    out[0] = (uint8_t)(0xF0 | code >> 18);
    out[1] = (uint8_t)(0x80 | (code >> 12 & 0x3F));
    out[2] = (uint8_t)(0x80 | (code >> 6 & 0x3F));
    out[3] = (uint8_t)(0x80 | (code & 0x3F));
    return 4;
}

uint32_t utf8_next(struct bytes text, size_t *at)
{
    const uint8_t *p = text.data + *at;
    if (p[0] < 0x80) {
        *at += 1;
        return p[0];
    }
    if (p[0] < 0xE0) {
        *at += 2;
        return (uint32_t)(p[0] & 0x1F) << 6 | (p[1] & 0x3F);
    }
    if (p[0] < 0xF0) {
        *at += 3;
        return (uint32_t)(p[0] & 0x0F) << 12 | (uint32_t)(p[1] & 0x3F) << 6 | (p[2] & 0x3F);
    }
    *at += 4;
    return (uint32_t)(p[0] & 0x07) << 18 | (uint32_t)(p[1] & 0x3F) << 12 | (uint32_t)(p[2] & 0x3F) << 6 |
           (p[3] & 0x3F);
}

size_t utf8_of_latin1(struct bytes latin1, uint8_t *out)
{
    size_t n = 0;
    for (size_t i = 0; i < latin1.len; i++)
        n += utf8_put(latin1.data[i], out + n);
    return n;
}

/* Every byte that is not a continuation starts a code point: bit 7 clear or bit 6 set. */
size_t utf8_count(struct bytes text)
{
    size_t at = 0, continuations = 0;
    uint64_t word;
    for (; text.len - at >= sizeof word; at += sizeof word) {
        memcpy(&word, text.data + at, sizeof word);
        continuations += (size_t)__builtin_popcountll(word & ~(word << 1) & HIGH_BITS);
    }
    for (; at < text.len; at++)
        continuations += is_continuation(text.data[at]);
    return text.len - continuations;
}

bool utf8_has_surrogates(struct bytes text)
{
    enum { LEAD = 0xED }; /* of U+D000 to U+DFFF */
    bool surrogates = false;
    return text.len > 0 && memchr(text.data, LEAD, text.len) != NULL &&
           utf8_valid_surrogatepass(text, &surrogates) == text.len && surrogates;
}
