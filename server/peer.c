#include "peer.h"

#include <stdlib.h>
#include <time.h>

enum { AGAIN_S = 60 };

struct peer *peer_new(struct server *server, void *session)
{
    struct peer *p = calloc(1, sizeof *p);
    if (p == NULL)
        return NULL;
    p->session = session;
    p->generation = generation_take(&server->generations);
    tls_begin(session, p->generation->identity, p->generation->authorities != NULL);
    return p;
}

void peer_free(struct server *server, struct peer *p)
{
    if (p != NULL)
        generation_return(&server->generations, p->generation);
    free(p);
}

static uint64_t now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec;
}

const char *peer_name(struct peer *p, const struct generation *generation, bool *refused)
{
    const uint64_t now = now_s();
    if (generation->authorities == NULL)
        return NULL;
    if (p->judged_by != generation->number || now - p->judged_s >= AGAIN_S) {
        p->state = tls_peer_name(p->session, generation->authorities, p->name);
        p->judged_by = generation->number;
        p->judged_s = now;
    }
    *refused = p->state == TLS_PEER_REFUSED;
    return p->state == TLS_PEER_KNOWN ? p->name : NULL;
}
