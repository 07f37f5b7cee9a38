/*
 * What SIGHUP reads again. Each exchange holds the generation that it began with to its end; a new one takes
 * over, file by file, what could not be read.
 */
#ifndef MANDOLINE_GENERATION_H
#define MANDOLINE_GENERATION_H

#include <pthread.h>

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
    struct generation *now;
};

/* The first one: all files must be good. generations_deinit() is due either way. */
bool generations_init(struct generations *all, const struct config *config, struct error *err);

/* No exchange holds one any more. */
void generations_deinit(struct generations *all);

/* Reads the files again. tell(arg, sentence) is called for each that could not be read: the old one stays. */
void generations_renew(struct generations *all, const struct config *config,
                       void (*tell)(void *arg, const char *sentence), void *arg);

/* The newest. Give it back. */
struct generation *generation_take(struct generations *all);
void generation_return(struct generations *all, struct generation *generation);

#endif
