/* Hexadecimal digits. */
#ifndef MANDOLINE_HEX_H
#define MANDOLINE_HEX_H

#include "bytes.h"

/* The value of a digit of either case; -1: it is none. */
static inline int hex_digit(uint8_t c)
{
    const uint8_t lower = c | 0x20;
    return c >= '0' && c <= '9' ? c - '0' : lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* The byte that two digits are; -1: they are not two. */
int hex_byte(const void *digits);

/* Lower case, with a NUL behind it: out has 2 * n + 1 bytes. */
void hex_write(const uint8_t *in, size_t n, char *out);

/* Exactly n bytes, in lower case. */
bool hex_read(struct bytes text, uint8_t *out, size_t n);

#endif
