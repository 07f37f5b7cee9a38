/*
 * Tokens whose signature was verified, by their digest: a signature takes a hundred times as long. Bounded: a
 * table of slots, each with its own lock, where a newer token takes the place of an older one. It belongs to
 * the keys that verified them, and goes with them.
 */
#ifndef MANDOLINE_REMEMBERED_H
#define MANDOLINE_REMEMBERED_H

#include <pthread.h>

#include "access.h"
#include "digest.h"

enum { REMEMBERED_SLOTS = 256, REMEMBERED_TEXT = 512 };

struct remembered {
    struct remembered_slot {
        pthread_mutex_t lock;
        bool used;
        uint8_t digest[DIGEST_SIZE];
        int64_t expires;
        unsigned scopes;
        bool everywhere; /* no prefixes were said */
        size_t prefix_count, text_len;
        char text[REMEMBERED_TEXT]; /* the name, then the prefixes, each with a NUL behind it */
    } slots[REMEMBERED_SLOTS];
};

void remembered_init(struct remembered *r);
void remembered_deinit(struct remembered *r);

/* Does nothing where the grant is too long. expires: seconds since 1970. */
void remembered_put(struct remembered *r, const uint8_t digest[DIGEST_SIZE], const struct grant *grant,
                    int64_t expires);

/* A copy in the arena. False: it is not there, or has expired. */
bool remembered_find(struct remembered *r, const uint8_t digest[DIGEST_SIZE], int64_t now,
                     struct arena *arena, struct grant *out);

#endif
