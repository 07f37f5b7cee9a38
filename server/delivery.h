/* A transaction and what the HTTP library has to do with it: what the files of its glue share. */
#ifndef MANDOLINE_DELIVERY_H
#define MANDOLINE_DELIVERY_H

#include "transaction.h"

struct MHD_Connection;
struct MHD_Response;

enum phase { PHASE_HEADERS, PHASE_BODY, PHASE_DISCARD, PHASE_ANSWERED };

struct delivery {
    struct transaction transaction;
    struct MHD_Connection *connection;
    struct guest *guest; /* NULL: the admin listener's */
    struct peer *peer;   /* or NULL */
    enum phase phase;
    bool linger; /* the client may still be sending what nobody will read */
    unsigned status;
    uint64_t sent;
};

bool delivery_wants_head_only(const struct delivery *d);

/* What t->reply says, ready to be queued; it reads on from the transaction. NULL: no memory. */
struct MHD_Response *delivery_response(struct delivery *d);
/* Bytes that it takes besides what the transaction has. */
size_t delivery_buffer(const struct delivery *d);

/* It is over: to the metrics, the log and the collector of spans. */
void delivery_tell(struct delivery *d, bool complete);

/* The header of that name, the last if there are several; NULL: none. headers is a struct MHD_Connection. */
const char *headers_find(const void *headers, const char *name);
/* One that means nothing when it is sent twice. NULL: it is not there once. */
const char *headers_only(const void *headers, const char *name);
/* What all lines of it say, one after the other, with commas. NULL: there is none, or no memory. */
const char *headers_join(const void *headers, const char *name, struct arena *arena);

#endif
