/* NumPy's datetime64 as ISO 8601 text, as numpy.datetime_as_string spells it. */
#ifndef MANDOLINE_DATETIME64_H
#define MANDOLINE_DATETIME64_H

#include "bytes.h"

enum { DATETIME64_MAX = 64 }; /* room that the writer needs */

#define DATETIME64_NAT INT64_MIN

/*
 * count units since 1970-01-01T00:00 in the proleptic Gregorian calendar: "2020-02-29T12:00:00.250", as
 * precise as the unit ("Y" gives "2020"). unit may have a factor ("25s"). Returns the length; no NUL is
 * written. 0: the unit has no calendar (generic, or unknown). NaT is "NaT".
 */
size_t datetime64_write(int64_t count, struct bytes unit, char *out);

#endif
