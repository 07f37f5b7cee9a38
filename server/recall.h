/*
 * Small answers of stored files, kept to be given again: the same path, the same query, the same strong ETag.
 * A changed file has another ETag, so nothing here is ever wrong, only unused. Bounded: a table of slots,
 * each with its own lock, where a newer answer takes the place of an older one.
 */
#ifndef MANDOLINE_RECALL_H
#define MANDOLINE_RECALL_H

#include <pthread.h>
#include <stdatomic.h>

#include "exchange.h"

enum { RECALL_SLOTS = 512, RECALL_BODY_MAX = 8 << 10 };

struct kept;

struct recall {
    struct {
        pthread_mutex_t lock;
        struct kept *kept;
    } slots[RECALL_SLOTS];
    atomic_uint_fast64_t hits, misses;
};

void recall_init(struct recall *r);
void recall_deinit(struct recall *r);

/* Keeps an answer whose headers (an ETag among them) are those of the handler. Does nothing where it can't.
 */
void recall_put(struct recall *r, const struct request *request, const struct reply *reply,
                struct bytes body);

/* The answer with that ETag, copied into the request's arena. False: there is none; *reply is as it was. */
bool recall_find(struct recall *r, const struct request *request, const char *etag, struct reply *reply);

#endif
