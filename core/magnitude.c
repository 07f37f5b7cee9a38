#include "magnitude.h"

/* m = m * factor + term. There is room for one limb more. factor is not 0. */
static void multiply_add(struct magnitude *m, uint64_t factor, uint64_t term)
{
    uint64_t carry = term;
    for (size_t i = 0; i < m->len; i++) {
        const u128 v = (u128)m->limbs[i] * factor + carry;
        m->limbs[i] = (uint64_t)v;
        carry = (uint64_t)(v >> 64);
    }
    if (carry != 0)
        m->limbs[m->len++] = carry;
}

void magnitude_append_decimal(struct magnitude *m, struct bytes digits)
{
    for (size_t at = 0; at < digits.len;) {
        uint64_t unit = 1, value = 0;
        for (int i = 0; i < DECIMAL_DIGITS && at < digits.len; i++, at++) {
            unit *= 10;
            value = value * 10 + (digits.data[at] - (uint64_t)'0');
        }
        multiply_add(m, unit, value);
    }
}

void magnitude_multiply_five(struct magnitude *m, unsigned exponent)
{
    enum { MOST = 27 }; /* 5 ** 27 is the largest that fits */
    while (exponent > 0) {
        uint64_t power = 1;
        for (int i = 0; i < MOST && exponent > 0; i++, exponent--)
            power *= 5;
        multiply_add(m, power, 0);
    }
}

void magnitude_shift(struct magnitude *m, unsigned exponent)
{
    if (m->len == 0)
        return;
    multiply_add(m, 1ULL << exponent % 64, 0);
    const size_t limbs = exponent / 64;
    memmove(m->limbs + limbs, m->limbs, m->len * sizeof *m->limbs);
    memset(m->limbs, 0, limbs * sizeof *m->limbs);
    m->len += limbs;
}

int magnitude_compare(const struct magnitude *a, const struct magnitude *b)
{
    if (a->len != b->len)
        return a->len < b->len ? -1 : 1;
    for (size_t i = a->len; i-- > 0;)
        if (a->limbs[i] != b->limbs[i])
            return a->limbs[i] < b->limbs[i] ? -1 : 1;
    return 0;
}
