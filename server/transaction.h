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
    char *target; /* as sent; decoded in place */
    size_t target_len;
    struct target parsed;
    struct ip address;        /* the other end of the connection, */
    bool has_address;         /* where it has one */
    char remote[IP_TEXT_MAX]; /* as text, or "" */
    join_fn *join;            /* of the server's headers */
    struct route_match match;
    struct request request;
    const struct coding *coding;
    struct spool body;     /* as it arrived */
    struct spool inflated; /* what was in it */
    struct reply reply;
    struct pull pull;
    struct error error;
    char id[REQUEST_ID_MAX + 1];
    char timing[TIMING_MAX];
    uint64_t started, received, admitted; /* microseconds of the monotonic clock */
    bool has_place;                       /* in admission */
    int socket;                           /* the client's */
    bool crowded;                         /* there are more connections than the limit */
};

/* Remembers the request line. False: no memory; nothing has to be freed. */
bool transaction_init(struct transaction *t, struct server *server, const char *target);
void transaction_deinit(struct transaction *t);

/* The other end of the connection. */
void transaction_peer(struct transaction *t, const struct sockaddr *socket);

/*
 * The headers are there: t->join, t->request.headers and .header must be set. False: t->error says what is
 * wrong with them, and no body is wanted; transaction_answer() then tells.
 */
bool transaction_begin(struct transaction *t, const char *method);

/* A piece of the body. False: t->error is set. */
bool transaction_receive(struct transaction *t, const void *data, size_t n);

/*
 * Everything was received, or t->error is set: fills t->reply, headers and all. When it is a REPLY_ENCODER,
 * t->pull holds the first queueful. May take as long as the work takes.
 */
void transaction_answer(struct transaction *t);

/* The next bytes of a REPLY_ENCODER, at most n; *got is 0 at the end only. False: t->error is set. */
bool transaction_read(struct transaction *t, void *out, size_t n, size_t *got);

/* For struct service: request is that of a transaction, whose socket is set. */
bool transaction_admit(const struct request *request, struct error *err);

bool transaction_gone(const struct request *request);

/* Microseconds since it began. */
uint64_t transaction_age(const struct transaction *t);

#endif
