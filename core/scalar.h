/* Numbers of any size as they lie in arrays, in either order of bytes; inline, for they are read one by one.
 */
#ifndef MANDOLINE_SCALAR_H
#define MANDOLINE_SCALAR_H

#include "number.h"

/* 1 to 8 bytes. */
static inline uint64_t scalar_load(const uint8_t *at, size_t size, bool swap)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < size; i++)
        bits |= (uint64_t)at[swap ? size - 1 - i : i] << (8 * i);
    return bits;
}

static inline void scalar_store(uint8_t *at, size_t size, bool swap, uint64_t bits)
{
    for (size_t i = 0; i < size; i++)
        at[swap ? size - 1 - i : i] = (uint8_t)(bits >> (8 * i));
}

/* A float of 2, 4, 8 or (x87 extended, little-endian alone) 16 bytes. */
static inline double scalar_load_real(const uint8_t *at, size_t size, bool swap)
{
    if (size == 16)
        return number_of_extended(at);
    const uint64_t bits = scalar_load(at, size, swap);
    const uint32_t low = (uint32_t)bits;
    float single;
    double real;
    if (size == 2)
        return number_of_half((uint16_t)bits);
    memcpy(&single, &low, sizeof single);
    memcpy(&real, &bits, sizeof real);
    return size == 4 ? (double)single : real;
}

/* A float of 2, 4 or 8 bytes. */
static inline void scalar_store_real(uint8_t *at, size_t size, bool swap, double real)
{
    const float single = (float)real;
    uint32_t low;
    uint64_t bits;
    memcpy(&low, &single, sizeof low);
    memcpy(&bits, &real, sizeof bits);
    scalar_store(at, size, swap, size == 2 ? number_to_half(real) : size == 4 ? low : bits);
}

#endif
