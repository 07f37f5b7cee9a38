/* Numbers as text, without locale: shortest that reads back the same, and correctly rounded. */
#ifndef MANDOLINE_NUMBER_H
#define MANDOLINE_NUMBER_H

#include "bytes.h"

/* Room that every writer below needs: they store whole words, also behind what they return. */
enum { NUMBER_MAX = 40 };

/*
 * The shortest decimal that reads back the same, spelled as Python's repr: "1.0", "0.1", "1e-07", "1e+16",
 * "-0.0", "inf", "-inf", "nan". Returns the length; no NUL is written. The second is for values that were
 * float32, the third float16 (bits), each shortest for its own width.
 */
size_t number_write_double(double v, char *out);
size_t number_write_float(float v, char *out);
size_t number_write_half(uint16_t bits, char *out);
/* count of them, each behind a comma and, if so said, a blank; with room for NUMBER_MAX + 2 for each. */
size_t number_write_doubles(const double *v, size_t count, bool blank, char *out);

size_t number_write_int(int64_t v, char *out);
size_t number_write_uint(uint64_t v, char *out);
/* Sixteen digits, lower case. */
void number_write_hex(uint64_t v, char out[16]);

/*
 * Reads [-+]digits[.digits][(e|E)[-+]digits] at the start of text, correctly rounded (ties to even); too big
 * is infinity, too small 0. At least one digit is needed on either side of the point. Returns the bytes
 * consumed, 0: no number. Neither blanks nor "inf" and "nan" are read here.
 */
size_t number_read_double(struct bytes text, double *out);
/* The same for who has read the whole digits (of text, behind its sign; may be none): value is theirs, modulo
 * 2 ** 64. */
size_t number_read_fraction(struct bytes text, struct bytes whole, uint64_t value, double *out);

/* The whole of text as [-+]digits. False: not an integer, or it does not fit. */
bool number_read_int(struct bytes text, int64_t *out);

double number_of_half(uint16_t bits);
uint16_t number_to_half(double v); /* ties to even */
/* x87 80-bit extended (the first 10 of 16 bytes, little-endian) to the nearest double. */
double number_of_extended(const uint8_t *bytes);

#endif
