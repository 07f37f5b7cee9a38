/*
 * An answer that is encoded while somebody takes it away. Its first queueful is encoded before anything is
 * said to the client, so that an error there can still be told in full.
 */
#ifndef MANDOLINE_PULL_H
#define MANDOLINE_PULL_H

#include "codec.h"

struct pull {
    struct encoder *encoder;
    struct sink sink;
    bool done; /* what the sink holds is all that is left */
};

/* Encodes the first queueful. False: nothing has to be freed but the pull. */
bool pull_start(struct pull *p, struct encoder *encoder, struct error *err);

/* The next bytes, at most n. *got is 0 at the end only. */
bool pull_read(struct pull *p, void *out, size_t n, size_t *got, struct error *err);

/* A zeroed pull is accepted. */
void pull_deinit(struct pull *p);

#endif
