/* Finding the bytes that end or interrupt a JSON string, eight at a time (RFC 8259 section 7). */
#ifndef MANDOLINE_JSON_SCAN_H
#define MANDOLINE_JSON_SCAN_H

#include "reader.h"

#define SCAN_ONES  0x0101010101010101U
#define SCAN_HIGHS 0x8080808080808080U

/*
 * The high bit of each byte that is '"', '\' or a control character. Only the lowest one is exact: a borrow
 * may set others above it. Bytes over 127 are never marked.
 */
static inline uint64_t scan_special(uint64_t w)
{
    const uint64_t quote = w ^ SCAN_ONES * '"', backslash = w ^ SCAN_ONES * '\\';
    const uint64_t marks = ((quote - SCAN_ONES) & ~quote) | ((backslash - SCAN_ONES) & ~backslash) |
                           ((w - SCAN_ONES * 0x20) & ~w);
    return marks & SCAN_HIGHS;
}

static inline bool scan_is_special(uint8_t c)
{
    return c < 0x20 || c == '"' || c == '\\';
}

/* The first special byte from p on, or end. *wide is set when a byte over 127 comes before it. */
static inline const uint8_t *scan_plain(const uint8_t *p, const uint8_t *end, bool *wide)
{
    uint64_t seen = 0;
    while (end - p >= 8) {
        const uint64_t w = load_u64_le(p), special = scan_special(w);
        if (special != 0) {
            const unsigned bit = (unsigned)__builtin_ctzll(special) & ~7U;
            seen |= w & ((1ULL << bit) - 1);
            *wide |= (seen & SCAN_HIGHS) != 0;
            return p + bit / 8;
        }
        seen |= w;
        p += 8;
    }
    for (; p < end && !scan_is_special(*p); p++)
        seen |= *p;
    *wide |= (seen & SCAN_HIGHS) != 0;
    return p;
}

#endif
