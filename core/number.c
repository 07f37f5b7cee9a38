#include "number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static size_t write_with(double v, char *out, bool (*same)(double a, double b))
{
    if (isnan(v))
        return (size_t)sprintf(out, "nan");
    if (isinf(v))
        return (size_t)sprintf(out, v < 0 ? "-inf" : "inf");
    char text[64];
    int precision = 0;
    do
        snprintf(text, sizeof text, "%.*e", precision, v);
    while (!same(strtod(text, NULL), v) && ++precision < 17);
    const char *e = strchr(text, 'e');
    const int exponent = atoi(e + 1);
    if (exponent >= -4 && exponent < 16)
        return (size_t)sprintf(out, "%.*f", precision - exponent < 1 ? 1 : precision - exponent,
                               exponent > precision ? strtod(text, NULL) : v);
    memcpy(out, text, (size_t)(e - text));
    return (size_t)(e - text) + (size_t)sprintf(out + (e - text), "e%+03d", exponent);
}

static bool same_double(double a, double b)
{
    return a == b;
}

static bool same_float(double a, double b)
{
    return (float)a == (float)b;
}

static bool same_half(double a, double b)
{
    return number_to_half(a) == number_to_half(b);
}

size_t number_write_double(double v, char *out)
{
    return write_with(v, out, same_double);
}

size_t number_write_float(float v, char *out)
{
    return write_with((double)v, out, same_float);
}

size_t number_write_half(uint16_t bits, char *out)
{
    return write_with(number_of_half(bits), out, same_half);
}

size_t number_write_uint(uint64_t v, char *out)
{
    char digits[20];
    size_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + v % 10);
    while ((v /= 10) != 0);
    memcpy(out, digits + at, sizeof digits - at);
    return sizeof digits - at;
}

size_t number_write_int(int64_t v, char *out)
{
    if (v >= 0)
        return number_write_uint((uint64_t)v, out);
    *out = '-';
    return 1 + number_write_uint(0 - (uint64_t)v, out + 1);
}

static bool is_digit(struct bytes text, size_t at)
{
    return at < text.len && text.data[at] >= '0' && text.data[at] <= '9';
}

size_t number_read_double(struct bytes text, double *out)
{
    size_t at = text.len > 0 && (text.data[0] == '-' || text.data[0] == '+');
    const size_t start = at;
    while (is_digit(text, at))
        at++;
    size_t digits = at - start;
    if (at < text.len && text.data[at] == '.' && (digits > 0 || is_digit(text, at + 1)))
        for (at++; is_digit(text, at); at++)
            digits++;
    if (digits == 0)
        return 0;
    if (at < text.len && (text.data[at] | 0x20) == 'e') {
        const size_t sign = at + 1 < text.len && (text.data[at + 1] == '-' || text.data[at + 1] == '+');
        if (is_digit(text, at + 1 + sign))
            for (at += 1 + sign; is_digit(text, at); at++)
                ;
    }
    char local[128], *copy = at < sizeof local ? local : malloc(at + 1);
    memcpy(copy, text.data, at);
    copy[at] = '\0';
    *out = strtod(copy, NULL);
    if (copy != local)
        free(copy);
    return at;
}

bool number_read_int(struct bytes text, int64_t *out)
{
    size_t at = text.len > 0 && (text.data[0] == '-' || text.data[0] == '+');
    const bool negative = at > 0 && text.data[0] == '-';
    const uint64_t most = (uint64_t)INT64_MAX + negative;
    if (at == text.len)
        return false;
    uint64_t v = 0;
    for (; at < text.len; at++) {
        if (!is_digit(text, at))
            return false;
        const uint64_t digit = text.data[at] - (uint64_t)'0';
        if (v > (most - digit) / 10)
            return false;
        v = v * 10 + digit;
    }
    *out = (int64_t)(negative ? 0 - v : v);
    return true;
}

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
