/* Points in time as people write them: ISO 8601, in UTC. */
#ifndef MANDOLINE_TIME_TEXT_H
#define MANDOLINE_TIME_TEXT_H

#include "bytes.h"

enum { TIME_TEXT_MAX = 40 };

/* "2030-12-31" or "2030-12-31T23:59:59Z"; seconds since 1970. */
bool time_read(struct bytes text, int64_t *out);
void time_write(int64_t seconds, char out[TIME_TEXT_MAX]);

#endif
