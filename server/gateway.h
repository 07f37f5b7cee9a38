/*
 * How this server looks from outside: the proxies before it, the path that it lives under, and what browsers
 * are told about its answers. Const once it serves.
 */
#ifndef MANDOLINE_GATEWAY_H
#define MANDOLINE_GATEWAY_H

#include "cors.h"
#include "forwarded.h"

struct gateway {
    struct networks trusted;
    struct cors cors;
    const char *base; /* "" or "/x" */
    char hsts[40];    /* "": not sent */
};

bool gateway_init(struct gateway *gateway, const struct config *config, struct error *err);

/* All lines of a header, joined with commas; NULL: it was not sent, or no memory. */
typedef const char *join_fn(const void *headers, const char *name, struct arena *arena);

/* Completes request->origin, whose remote and scheme are those of the connection. peer: the other end of the
 * connection, NULL when it has no address. */
void gateway_origin(const struct gateway *gateway, const struct ip *peer, join_fn *join,
                    struct request *request);

/* The path without the base path; probes have none to lose. data is NULL when it is not below it. */
struct bytes gateway_path(const struct gateway *gateway, struct bytes path);

/* What every answer says to browsers; what the handler said already stays. */
void gateway_headers(const struct gateway *gateway, const struct request *request, const char *allow,
                     struct reply *reply);

#endif
