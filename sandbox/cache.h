/* Descriptions of objects that were asked for lately, this side of the boundary: a listing that is asked for
 * again costs a copy. */
#ifndef MANDOLINE_SANDBOX_CACHE_H
#define MANDOLINE_SANDBOX_CACHE_H

#include "sandbox.h"

/* True: the reply to the same question was appended to *reply. Safe from any thread. */
bool cache_get(const struct sandbox_request *q, struct sink *reply);
void cache_put(const struct sandbox_request *q, struct bytes reply);

/* Of cache_get(), since the process began. */
void cache_count(uint64_t *hits, uint64_t *misses);

#endif
