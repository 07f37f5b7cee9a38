/* numpy.promote_types, and the conversion of elements that follows from it. */
#ifndef MANDOLINE_DTYPE_PROMOTE_H
#define MANDOLINE_DTYPE_PROMOTE_H

#include "dtype.h"

/* The smallest little-endian dtype that holds both: numbers with numbers, text with text of its kind; else
 * equal ones only. False: there is none. out may be a or b. */
bool dtype_promote(const struct dtype *a, const struct dtype *b, struct dtype *out);

/* One element of from (its bytes little-endian, whatever from->order) as one of to, which holds it. */
void dtype_convert(const struct dtype *from, const uint8_t *in, const struct dtype *to, uint8_t *out);

#endif
