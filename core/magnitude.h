/* Natural numbers of any size. The caller gives the room. */
#ifndef MANDOLINE_MAGNITUDE_H
#define MANDOLINE_MAGNITUDE_H

#include "bytes.h"

__extension__ typedef unsigned __int128 u128;

/* From the least significant limb on; the last one is not 0. Zero has no limbs. */
struct magnitude {
    uint64_t *limbs;
    size_t len;
};

/* Base 10: the digits of the largest power of ten that a limb holds, and that power. */
#define DECIMAL_DIGITS 19
#define DECIMAL_UNIT   10000000000000000000ULL

/* m = m with the ASCII digits appended in decimal. There is room for digits.len / 19 + 1 limbs more. */
void magnitude_append_decimal(struct magnitude *m, struct bytes digits);

/* m = m * 5 ** exponent, and m * 2 ** exponent. There is room for the product and one limb more. */
void magnitude_multiply_five(struct magnitude *m, unsigned exponent);
void magnitude_shift(struct magnitude *m, unsigned exponent);

/* Below, equal or above 0. */
int magnitude_compare(const struct magnitude *a, const struct magnitude *b);

#endif
