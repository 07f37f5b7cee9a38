/*
 * An answer that is encoded while somebody takes it away. Its first queueful is encoded before anything is
 * said to the client, so that an error there can still be told in full. Of a longer answer the next queueful
 * is encoded by the crew while the client takes the one before it.
 */
#ifndef MANDOLINE_PULL_H
#define MANDOLINE_PULL_H

#include "codec.h"

struct pull {
    struct encoder *encoder;
    struct crew *crew;
    struct sink sink;    /* what is taken away */
    bool done;           /* what the sink holds is all that is left */
    bool at_work;        /* the job was offered and is not finished */
    struct crew_job job; /* fills next */
    struct sink next;    /* the job's, with the encoder, while it is at work */
    bool next_done;      /* nothing comes behind next */
    bool failed;         /* the encoder did, as failure says */
    struct error failure;
};

/* Encodes the first queueful. crew may be NULL. False: nothing has to be freed but the pull. */
bool pull_start(struct pull *p, struct encoder *encoder, struct crew *crew, struct error *err);

/* The next bytes, at most n. *got is 0 at the end only. p must stay where it is from the first call on. */
bool pull_read(struct pull *p, void *out, size_t n, size_t *got, struct error *err);

/* A zeroed pull is accepted. */
void pull_deinit(struct pull *p);

#endif
