/* What is known of a connection: its TLS session, and who is at the other end. */
#ifndef MANDOLINE_PEER_H
#define MANDOLINE_PEER_H

#include "server.h"
#include "tls.h"

struct peer {
    void *session;
    struct generation *generation; /* whose certificate it was shown */
    uint64_t judged_by;            /* the number of the generation that said what follows; 0: none yet */
    uint64_t judged_s;             /* when */
    enum tls_peer state;
    char name[PRINCIPAL_MAX + 1];
};

/* A connection whose handshake has not begun. NULL: no memory; it will fail. */
struct peer *peer_new(struct server *server, void *session);
void peer_free(struct server *server, struct peer *p);

/*
 * The name in the client's certificate, as that generation's authorities see it; NULL: none. *refused: there
 * is one, which is no good. Verified once for each generation, and again after a minute: it may end.
 */
const char *peer_name(struct peer *p, const struct generation *generation, bool *refused);

#endif
