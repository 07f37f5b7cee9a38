/* Decimal digits, eight at a time. */
#ifndef MANDOLINE_DIGITS_H
#define MANDOLINE_DIGITS_H

#include "reader.h"

/* The top bit of each byte that is no digit, exact up to the first of them. zeroed: text ^ '0' in each byte.
 */
static inline uint64_t digits_odd(uint64_t zeroed)
{
    return ((zeroed + 0x7676767676767676) | zeroed) & 0x8080808080808080;
}

/* The value of eight digits, each less '0', in the order of the text: pairs, then quarters, then all. */
static inline uint64_t digits_value(uint64_t zeroed)
{
    const uint64_t pairs = zeroed * 10 + (zeroed >> 8), mask = 0x000000FF000000FF;
    return ((pairs & mask) * (100 + (1000000ULL << 32)) + (pairs >> 16 & mask) * (1 + (10000ULL << 32))) >>
           32;
}

/* How many digits text begins with; they are appended to *value, modulo 2 ** 64. */
static inline size_t digits_read(struct bytes text, uint64_t *value)
{
    static const uint32_t powers[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000};
    size_t at = 0;
    uint64_t v = *value;
    for (; text.len - at >= 8; at += 8) {
        const uint64_t zeroed = load_u64_le(text.data + at) ^ 0x3030303030303030, odd = digits_odd(zeroed);
        if (odd != 0) {
            /* The digits move to the end of the word, behind zeros. */
            const unsigned n = (unsigned)__builtin_ctzll(odd) / 8;
            *value = v * powers[n] + (n == 0 ? 0 : digits_value(zeroed << (64 - 8 * n)));
            return at + n;
        }
        v = v * 100000000 + digits_value(zeroed);
    }
    for (; at < text.len && text.data[at] >= '0' && text.data[at] <= '9'; at++)
        v = v * 10 + (text.data[at] - (uint64_t)'0');
    *value = v;
    return at;
}

#endif
