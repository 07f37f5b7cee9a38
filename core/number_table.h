/* Powers of ten to 128 bits, for reading and writing decimals. */
#ifndef MANDOLINE_NUMBER_TABLE_H
#define MANDOLINE_NUMBER_TABLE_H

#include "magnitude.h"

/* Writing needs -292 to 324, reading -342 to 308. */
enum { POWER_MIN = -342, POWER_MAX = 324, POWER_EXACT = 27 };

struct power {
    uint64_t high, low;
};

/*
 * 10 ** k rounded up to 128 bits, the first of them set: 10 ** k = g * 2 ** (power_log2(k) - 127), less at
 * most one unit of g. From 0 to POWER_EXACT, low is 0 and g exact. Made by number_table.py.
 */
extern const struct power number_powers[POWER_MAX - POWER_MIN + 1];

static inline struct power power_of_ten(int k)
{
    return number_powers[k - POWER_MIN];
}

/* floor(log2(10 ** k)), for k from -1233 to 1233. */
static inline int power_log2(int k)
{
    return k * 1741647 >> 19;
}

#endif
