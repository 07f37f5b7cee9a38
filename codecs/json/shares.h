/*
 * What is long is cut into shares that a crew writes beside each other. The text is the same as if one had
 * written it from end to end.
 */
#ifndef MANDOLINE_JSON_SHARES_H
#define MANDOLINE_JSON_SHARES_H

#include "codec.h"

enum { SHARES_FROM = 4096 }; /* parts, below which it is not worth it */

/*
 * Writes the parts [from, to). *done: how many of them were begun, the one that failed among them. Runs in
 * any thread, so it may read what work points at and write nothing but out, *done and *err.
 */
typedef bool share_fn(const void *work, size_t from, size_t to, struct sink *out, size_t *done,
                      struct error *err);

struct shares;

/* For one encoder, which may use it as often as it likes. NULL: no memory. */
struct shares *shares_new(struct crew *crew, struct arena *arena);

/* Writes count parts to out in their order. s may be NULL: nobody helps. *done as above, of all of them. */
bool shares_put(struct shares *s, share_fn *put, const void *work, size_t count, struct sink *out,
                size_t *done, struct error *err);

#endif
