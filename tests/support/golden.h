/* Expected values in text files: a line a case, fields divided by single blanks. */
#ifndef MANDOLINE_TEST_GOLDEN_H
#define MANDOLINE_TEST_GOLDEN_H

#include "support.h"

/* The next line of *text, n fields, and moves past it. False: no line is left. */
bool golden_next(struct bytes *text, struct bytes *fields, size_t n);

/* A field of hexadecimal digits as a number; as bytes, of which out has room for field.len / 2. "-": none. */
uint64_t golden_number(struct bytes field);
struct bytes golden_bytes(struct bytes field, uint8_t *out);

#endif
