/*
 * What is long is cut into shares that a crew writes beside each other. The text is the same as if one had
 * written it from end to end.
 */
#ifndef MANDOLINE_JSON_SHARES_H
#define MANDOLINE_JSON_SHARES_H

#include "codec.h"

/*
 * Writes the parts [from, to), or as many of the first of them as it can, each whole. It runs in any thread:
 * it may read what work points at, and write nothing but out and *done, how many it wrote; *nodes are the
 * values in them.
 */
typedef void share_fn(const void *work, size_t from, size_t to, struct sink *out, size_t *done,
                      uint64_t *nodes);

struct shares;

/* For one encoder, which may use it as often as it likes. *out is NULL where nobody would help. */
bool shares_new(struct crew *crew, struct arena *arena, struct shares **out, struct error *err);

/* How many write at once; 1 for NULL. */
size_t shares_count(const struct shares *s);

/* The first parts of count, as many as come without a gap, to out in their order. False: no memory. */
bool shares_put(struct shares *s, share_fn *put, const void *work, size_t count, struct sink *out,
                size_t *done, uint64_t *nodes, struct error *err);

#endif
