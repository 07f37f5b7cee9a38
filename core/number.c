#include "number.h"

#include "number_round.h"

static const uint64_t sign_bit = 1ULL << 63;
enum {
    HALF_DROPPED = DOUBLE_FRACTION_BITS - 10, /* fraction bits that a double has more */
    HALF_BIAS = 1023 - 15,                    /* by which its exponent field is bigger */
};

static double double_of(uint64_t bits)
{
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

static uint64_t bits_of(double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    return bits;
}

double number_of_half(uint16_t bits)
{
    const uint64_t exponent = bits >> 10 & 31, fraction = bits & 1023;
    const uint64_t sign = (uint64_t)(bits & 0x8000) << 48;
    if (exponent == 0)
        return double_of(bits_of((double)fraction * 0x1p-24) | sign);
    const uint64_t field = exponent == 31 ? 0x7FF : exponent + HALF_BIAS;
    return double_of(sign | field << DOUBLE_FRACTION_BITS | fraction << HALF_DROPPED);
}

uint16_t number_to_half(double v)
{
    const uint64_t bits = bits_of(v), magnitude = bits & ~sign_bit;
    const uint16_t sign = (uint16_t)((bits & sign_bit) >> 48);
    if (magnitude > DOUBLE_INFINITE)
        return sign | 0x7E00;
    if (magnitude >= bits_of(65520))
        return sign | 0x7C00;
    /* Below 2 ** -14, one unit is 2 ** -24: the processor rounds to it where its own unit is as big. */
    if (magnitude < bits_of(0x1p-14))
        return sign | (uint16_t)(bits_of(double_of(magnitude) + 0x1p28) - bits_of(0x1p28));
    const uint64_t to_even = (1ULL << (HALF_DROPPED - 1)) - 1 + (magnitude >> HALF_DROPPED & 1);
    return sign | (uint16_t)(((magnitude + to_even) >> HALF_DROPPED) - (HALF_BIAS << 10));
}

/* Intel 64 and IA-32 Architectures Software Developer's Manual, volume 1, section 8.2 */
double number_of_extended(const uint8_t *bytes)
{
    uint64_t fraction;
    uint16_t head;
    memcpy(&fraction, bytes, sizeof fraction);
    memcpy(&head, bytes + sizeof fraction, sizeof head);
    const uint64_t sign = (uint64_t)(head & 0x8000) << 48;
    const int exponent = head & 0x7FFF;
    const uint64_t leading = 1ULL << 63;
    if (exponent == 0x7FFF && fraction == leading)
        return double_of(sign | DOUBLE_INFINITE);
    if (exponent != 0 && (exponent == 0x7FFF || fraction < leading))
        return double_of(sign | DOUBLE_INFINITE | 1ULL << (DOUBLE_FRACTION_BITS - 1));
    if (exponent == 0) /* all of these are below the smallest double */
        return double_of(sign);
    return double_of(sign | round_to_double((u128)fraction << 64, exponent - 16383 - 63 - 64));
}
