/*
 * One request and its answer, from the request line to the last byte: what happens in which order, without
 * a word of the HTTP library. Everything it owns is freed in transaction_deinit().
 */
#ifndef MANDOLINE_TRANSACTION_H
#define MANDOLINE_TRANSACTION_H

#include "coding.h"
#include "pull.h"
#include "server.h"
#include "target.h"

enum { REQUEST_ID_MAX = 128, TIMING_MAX = 160 };

struct transaction {
    struct server *server;
    struct arena arena;
    struct watch watch; /* from when everything was received */
    char *target;       /* as sent; decoded in place */
    size_t target_len;
    struct target parsed;
    struct route_match match;
    struct request request;
    const struct coding *coding;
    struct spool body;     /* as it arrived */
    struct spool inflated; /* what was in it */
    struct reply reply;
    struct pull pull;
    struct sink coded; /* a short answer, compressed */
    struct error error;
    char id[REQUEST_ID_MAX + 1];
    char timing[TIMING_MAX];
    uint64_t started, received, admitted; /* microseconds of the monotonic clock */
    pthread_t thread;                     /* that answers */
    uint64_t computed;                    /* its processor time when it was looked at first; 0: not yet */
    size_t held;                          /* bytes of the account that the answer's own buffers take */
    bool has_place;                       /* in admission */
    int socket;                           /* the client's */
    const char *principal;                /* who asks, where that is known; else "" */
    const char *peer;                     /* the client's address as text, or "" */
    bool crowded;                         /* there are more connections than the limit */
    bool uninvited;                       /* ... than the limit of one address */
};

/* Remembers the request line. False: no memory; nothing has to be freed. */
bool transaction_init(struct transaction *t, struct server *server, const char *target);
void transaction_deinit(struct transaction *t);

/*
 * The headers are there: t->request.headers and .header must be set. False: t->error says what is wrong with
 * them, and no body is wanted; transaction_answer() then tells.
 */
bool transaction_begin(struct transaction *t, const char *method);

/* A piece of the body. False: t->error is set. */
bool transaction_receive(struct transaction *t, const void *data, size_t n);

/*
 * Everything was received, or t->error is set: fills t->reply, headers and all. When it is a REPLY_ENCODER,
 * t->pull holds the first queueful. May take as long as the work takes.
 */
void transaction_answer(struct transaction *t);

/*
 * The answer needs a buffer of n bytes until transaction_deinit(). False: it is a problem document now, which
 * needs none.
 */
bool transaction_hold(struct transaction *t, size_t n);

/* The next bytes of a REPLY_ENCODER, at most n; *got is 0 at the end only. False: t->error is set. */
bool transaction_read(struct transaction *t, void *out, size_t n, size_t *got);

/* For struct service: request is that of a transaction, whose socket is set. */
bool transaction_admit(const struct request *request, struct error *err);

/* Microseconds since it began. */
uint64_t transaction_age(const struct transaction *t);

#endif
