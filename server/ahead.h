/*
 * Decoding while the body arrives: the crew decodes what is there, so that little is left to do once all is.
 * Only big bodies whose length was said; only as many at a time as there are hands, since a slow client keeps
 * what was made for it; not where memory is short.
 */
#ifndef MANDOLINE_AHEAD_H
#define MANDOLINE_AHEAD_H

#include "exchange.h"
#include "spool.h"

struct server;

/* Zeroed at first. */
struct ahead {
    struct arrival arrival;
    struct crew_job job;
    struct arena_mark mark; /* of the request's arena, from before */
    uint64_t next;          /* bytes of the body at which there is something to do */
    bool begun, over;
    bool failed;         /* written by the crew, as long as it is at work */
    atomic_bool at_work; /* it has the arena, too */
};

/* More of the body is there. From the first call to ahead_end() the request's arena is the crew's. */
void ahead_news(struct ahead *a, struct server *server, const struct route *route,
                const struct request *request, const struct spool *body);

/* No more comes. May be called again. */
void ahead_end(struct ahead *a, struct server *server);

/* After that: what was made, to be used, or NULL: nothing. */
const struct arrival *ahead_made(const struct ahead *a, struct server *server);

#endif
