/* Integers beyond 64 bits between decimal text and little-endian two's complement (pickle's LONG1, section
 * "long"). */
#ifndef MANDOLINE_BIGINT_H
#define MANDOLINE_BIGINT_H

#include "arena.h"
#include "limits.h"
#include "sink.h"

/*
 * digits: ASCII decimal digits only, as many as limits.digits allows (the caller checks). *out: two's
 * complement, shortest as CPython's pickle.encode_long writes it (0 is no bytes), in the arena.
 */
bool bigint_of_decimal(struct bytes digits, bool negative, struct arena *arena, struct bytes *out,
                       struct error *err);

/* The same from digits of base 2, 8, 10 or 16 (either case). */
bool bigint_of_digits(struct bytes digits, unsigned base, bool negative, struct arena *arena,
                      struct bytes *out, struct error *err);

/* Decimal text with '-' where negative. More than max_digits digits is ERR_LIMIT "digits". */
bool bigint_to_decimal(struct bytes twos_complement, uint64_t max_digits, struct arena *arena,
                       struct bytes *out, struct error *err);

/* The same into a sink; the limits are of digits, and of memory meanwhile. */
bool bigint_put(struct sink *out, struct bytes twos_complement, const struct limits *limits,
                struct error *err);

/* True, and *out, when it fits. */
bool bigint_to_int64(struct bytes twos_complement, int64_t *out);
bool bigint_to_uint64(struct bytes twos_complement, uint64_t *out);

/* Without redundant sign bytes: a view into the input. */
struct bytes bigint_trim(struct bytes twos_complement);

#endif
