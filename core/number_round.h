/* The one place where something wider becomes a double. */
#ifndef MANDOLINE_NUMBER_ROUND_H
#define MANDOLINE_NUMBER_ROUND_H

#include "magnitude.h"

#include <assert.h>

enum {
    DOUBLE_FRACTION_BITS = 52,
    DOUBLE_LEAST_UNIT = -1074, /* 2 ** -1074 is the smallest double */
};

#define DOUBLE_INFINITE (0x7FFULL << DOUBLE_FRACTION_BITS)

/* The double nearest to v * 2 ** exponent, ties to even, as bits. v is at least 2 ** 64. */
static inline uint64_t round_to_double(u128 v, int exponent)
{
    const int width = 128 - __builtin_clzll((uint64_t)(v >> 64));
    const int natural = exponent + width - (DOUBLE_FRACTION_BITS + 1);
    const int unit = natural < DOUBLE_LEAST_UNIT ? DOUBLE_LEAST_UNIT : natural;
    const int drop = unit - exponent;
    assert(drop > 0); /* v is wider than a double */
    if (drop > 128)
        return 0; /* less than half of the smallest */
    if (unit > 1023)
        return DOUBLE_INFINITE;
    const u128 half = (u128)1 << (drop - 1);
    uint64_t m = drop == 128 ? 0 : (uint64_t)(v >> drop);
    const u128 rest = drop == 128 ? v : v & (half * 2 - 1);
    m += rest > half || (rest == half && (m & 1) == 1);
    /* The leading bit of m adds 1 to the exponent field, as it should; and so does a carry. */
    const uint64_t bits = ((uint64_t)(unit - DOUBLE_LEAST_UNIT) << DOUBLE_FRACTION_BITS) + m;
    return bits < DOUBLE_INFINITE ? bits : DOUBLE_INFINITE;
}

#endif
