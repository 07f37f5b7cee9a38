/* One POST after the other to the same place, by libcurl. For one thread. */
#ifndef MANDOLINE_TELEMETRY_POST_H
#define MANDOLINE_TELEMETRY_POST_H

#include "exporter.h"

struct post;

/* NULL: no memory. */
struct post *post_new(const struct exporter_settings *settings);
void post_free(struct post *p);

enum post_end { POST_TAKEN, POST_AGAIN, POST_REFUSED };

/*
 * POST_AGAIN: it is worth another try, after *wait_ms where the other side said so (else it is left). Asks
 * now and then whether it is to give up.
 */
enum post_end post_send(struct post *p, struct bytes body, uint64_t timeout_ms, bool (*give_up)(void *arg),
                        void *arg, uint64_t *wait_ms);

#endif
