#include "number.h"

#include <math.h>

double number_of_half(uint16_t bits)
{
    const unsigned exponent = bits >> 10 & 31, fraction = bits & 1023;
    double v;
    if (exponent == 31)
        v = fraction == 0 ? INFINITY : NAN;
    else if (exponent == 0)
        v = fraction * 0x1p-24;
    else
        v = ldexp(fraction + 1024, (int)exponent - 25);
    return bits & 0x8000 ? -v : v;
}

uint16_t number_to_half(double v)
{
    const uint16_t sign = signbit(v) ? 0x8000 : 0;
    const double magnitude = fabs(v);
    if (isnan(v))
        return sign | 0x7E00;
    if (magnitude >= 65520)
        return sign | 0x7C00;
    /* Adding this much leaves as many bits as a half has at this size: the processor rounds. */
    int exponent;
    frexp(magnitude, &exponent);
    const double unit = ldexp(1, (exponent < -13 ? -13 : exponent) - 11);
    const double units = magnitude / unit + 0x1p52 - 0x1p52;
    const double rounded = units * unit;
    if (rounded < 0x1p-14)
        return sign | (uint16_t)(rounded * 0x1p24);
    const double fraction = frexp(rounded, &exponent);
    return (uint16_t)(sign | (unsigned)(exponent + 14) << 10 | ((unsigned)(fraction * 2048) & 1023));
}

double number_of_extended(const uint8_t *bytes)
{
    uint64_t fraction;
    uint16_t head;
    memcpy(&fraction, bytes, sizeof fraction);
    memcpy(&head, bytes + sizeof fraction, sizeof head);
    const int exponent = head & 0x7FFF;
    double v;
    if (exponent == 0x7FFF)
        v = fraction << 1 == 0 ? INFINITY : NAN;
    else
        v = (double)ldexpl((long double)fraction, (exponent == 0 ? 1 : exponent) - 16383 - 63);
    return head & 0x8000 ? -v : v;
}
