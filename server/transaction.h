/*
 * One request and its answer, from the request line to the last byte: what happens in which order, without
 * a word of the HTTP library. Everything it owns is freed in transaction_deinit().
 */
#ifndef MANDOLINE_TRANSACTION_H
#define MANDOLINE_TRANSACTION_H

#include "ahead.h"
#include "coding.h"
#include "generation.h"
#include "pull.h"
#include "server.h"
#include "target.h"

enum { REQUEST_ID_MAX = 128, TIMING_MAX = 160 };

/* What a connection keeps for its requests, which come one after the other. Zeroed at first. */
struct seat {
    struct generation *generation;      /* of the last one; or NULL */
    _Alignas(16) uint8_t room[4 << 10]; /* what is small needs no other memory */
};

struct transaction {
    struct server *server;
    struct arena arena;
    struct watch watch; /* from when everything was received */
    char *target;       /* as sent; decoded in place */
    size_t target_len;
    struct target parsed;
    struct ip address;        /* the other end of the connection, */
    bool has_address;         /* where it has one */
    char remote[IP_TEXT_MAX]; /* as text, or "" */
    join_fn *join;            /* of the server's headers */
    struct route_match match;
    struct request request;
    const struct coding *coding;
    struct spool body;             /* as it arrived */
    struct spool inflated;         /* what was in it */
    struct ahead ahead;            /* what is made of the body while it arrives */
    struct generation *generation; /* that it began with; its seat holds it */
    struct grant grant;            /* of who is asking */
    const char *principal;         /* their name; "": nobody in particular */
    const char *certificate;       /* the name in their certificate, which is verified; NULL: none */
    bool certificate_refused;      /* there is one, and it is no good */
    bool wrong_token;              /* they did send something to say who they are */
    struct reply reply;
    struct pull pull;
    struct sink coded; /* a short answer, compressed */
    struct error error;
    char id[REQUEST_ID_MAX + 1];
    char timing[TIMING_MAX];
    char spare[PROBLEM_BRIEF];            /* for a last problem document */
    const char *traceparent;              /* as it was sent, or NULL; set before transaction_begin() */
    struct trace trace;                   /* from transaction_begin() on */
    uint64_t started, received, admitted; /* microseconds of the monotonic clock */
    uint64_t wait_us;                     /* for a place */
    uint64_t decode_us;                   /* until the answer was described: reading, decoding, finding */
    uint64_t encode_us;                   /* in the encoder, which reads what is read part by part */
    pthread_t thread;                     /* that answers */
    uint64_t computed;                    /* its processor time when it was looked at first; 0: not yet */
    size_t held;                          /* bytes of the account that the answer's own buffers take */
    bool secure;                          /* came in by TLS */
    bool unframed;                        /* it is not certain where it ends: nothing is read behind it */
    bool admin;                           /* came in by the admin listener */
    bool has_place;                       /* in admission */
    int socket;                           /* the client's */
    bool crowded;                         /* there are more connections than the limit */
    bool uninvited;                       /* ... than the limit of one address */
};

void seat_deinit(struct seat *seat, struct server *server);

/* Remembers the request line. The seat is taken until transaction_deinit(). False: no memory; nothing has to
 * be freed. */
bool transaction_init(struct transaction *t, const struct entrance *entrance, struct seat *seat,
                      const char *target);
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

/*
 * The answer needs a buffer of n bytes until transaction_deinit(). False: it is a problem document now, which
 * needs none.
 */
bool transaction_hold(struct transaction *t, size_t n);

/* The next bytes of a REPLY_ENCODER, at most n; *got is 0 at the end only. False: t->error is set. */
bool transaction_read(struct transaction *t, void *out, size_t n, size_t *got);

/* For struct service: request is that of a transaction, whose socket is set. */
bool transaction_admit(const struct request *request, struct error *err);

/* Decoded; as it was sent where that could not be done. */
struct bytes transaction_path(const struct transaction *t);

/* Microseconds since it began. */
uint64_t transaction_age(const struct transaction *t);

#endif
