/*
 * What SIGHUP reads again. Each exchange has the generation that it began with to its end: its connection
 * holds it until the next begins, or is closed as idle. A new one takes over, file by file, what could not be
 * read and what says the same as before.
 */
#ifndef MANDOLINE_GENERATION_H
#define MANDOLINE_GENERATION_H

#include <pthread.h>
#include <stdatomic.h>

#include "access.h"
#include "config.h"
#include "tls.h"

enum part {
    PART_TOKENS,
    PART_JWT_KEYS,
    PART_SIGNING_KEYS,
    PART_IDENTITY,
    PART_AUTHORITIES,
    PART_POLICY,
    PART_COUNT
};

struct held;

struct generation {
    uint64_t number; /* from 1 */
    struct access access;
    const struct signing_keys *signing_keys;   /* NULL: no links are signed */
    const struct tls_identity *identity;       /* NULL: no TLS */
    const struct tls_authorities *authorities; /* NULL: certificates of clients are not asked for */
    const struct policy *policy;               /* of scans */
    struct held *held[PART_COUNT];
    size_t holders; /* under the lock */
};

struct generations {
    pthread_mutex_t lock;
    struct generation *_Atomic now; /* changes under the lock */
};

/* The first one: all files must be good. generations_deinit() is due either way. */
bool generations_init(struct generations *all, const struct config *config, struct error *err);

/* No exchange holds one any more. */
void generations_deinit(struct generations *all);

/* Reads the files again. tell(arg, sentence) is called for each that could not be read: the old one stays,
 * and the result is false. */
bool generations_renew(struct generations *all, const struct config *config,
                       void (*tell)(void *arg, const char *sentence), void *arg);

/* The newest. Give it back. */
struct generation *generation_take(struct generations *all);
/* The newest, in place of one that was taken, or of NULL. No lock is taken where that is still the newest. */
struct generation *generation_follow(struct generations *all, struct generation *held);
void generation_return(struct generations *all, struct generation *generation);

#endif
