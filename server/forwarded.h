/*
 * What proxies say of the client that they ask for: Forwarded (RFC 7239) and the older X-Forwarded-For,
 * -Proto, -Host and -Prefix. Only the word of a trusted peer counts: the lists are read from their right end,
 * where the nearest proxy wrote, up to the first address that is no trusted proxy. That is the client.
 */
#ifndef MANDOLINE_FORWARDED_H
#define MANDOLINE_FORWARDED_H

#include "exchange.h"
#include "network.h"

/* Headers as they were sent, several lines of one joined with commas. NULL: not sent. */
struct forwarding {
    const char *forwarded;
    const char *x_for, *x_proto, *x_host, *x_prefix;
};

/*
 * *origin holds what the connection itself says (remote: the text of peer), and becomes what is said by
 * trusted proxies; what is malformed counts as not sent. Where both families of headers say different things,
 * neither counts: a proxy writes one of them and may pass on the client's other one. Texts are in the arena.
 */
void forwarded_apply(const struct networks *trusted, const struct ip *peer, const struct forwarding *sent,
                     struct arena *arena, struct origin *origin);

/* "example.org:8080", "[::1]": letters, digits and -._:[]. */
bool host_is_valid(struct bytes host);

/* A path that may stand before ours: "" or "/a/b", of letters, digits and -._~. */
bool base_is_valid(struct bytes base);

#endif
