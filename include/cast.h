/*
 * An array seen as another number type, as numpy.ndarray.astype does it: integers wrap, floats are cut
 * towards zero, anything but 0 is True. What C leaves open is decided here: a float that does not fit the
 * integer type becomes the smallest int64 first (as x86-64 does it), and NaN does too.
 */
#ifndef MANDOLINE_CAST_H
#define MANDOLINE_CAST_H

#include "array.h"

/*
 * *out reads from a (which lives as long as the arena) and converts block by block; nothing is read yet. Only
 * numbers can be cast (b i u f c): else ERR_UNREPRESENTABLE; complex to real would drop a part, so it is
 * refused too.
 */
bool array_cast(const struct array *a, const struct dtype *to, struct arena *arena, struct array *out,
                struct error *err);

#endif
