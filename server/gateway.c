#include "gateway.h"

#include <stdio.h>

/* Nothing in an answer is to be run, shown in a frame or asked for by it. */
static const char nothing[] = "default-src 'none'; frame-ancestors 'none'";

/* Those who look after the process ask it directly, not through the gateway. */
static const char *const at_root[] = {"/healthz", "/readyz", "/startupz", "/metrics"};

static bool set_base(struct gateway *g, const char *path, struct error *err)
{
    g->base = strcmp(path, "/") == 0 ? "" : path;
    return base_is_valid(bytes_text(g->base)) ||
           FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET,
                "base-path: \"%.80s\" is no path as /data/mandoline, of letters, digits and -._~", path);
}

bool gateway_init(struct gateway *g, const struct config *config, struct error *err)
{
    *g = (struct gateway){.base = ""};
    if (config->hsts > 0)
        snprintf(g->hsts, sizeof g->hsts, "max-age=%llu", (unsigned long long)config->hsts);
    return set_base(g, config->base_path, err) && networks_parse(config->trust_proxy, &g->trusted, err) &&
           cors_init(&g->cors, config, err);
}

void gateway_origin(const struct gateway *g, const struct ip *peer, join_fn *join, struct request *request)
{
    struct origin *origin = &request->origin;
    const char *host = request->header(request->headers, "Host");
    origin->host = host != NULL && host_is_valid(bytes_text(host)) ? host : "";
    origin->base = g->base;
    if (peer == NULL || g->trusted.count == 0)
        return;
    const void *headers = request->headers;
    struct arena *arena = request->arena;
    const struct forwarding sent = {.forwarded = join(headers, "Forwarded", arena),
                                    .x_for = join(headers, "X-Forwarded-For", arena),
                                    .x_proto = join(headers, "X-Forwarded-Proto", arena),
                                    .x_host = join(headers, "X-Forwarded-Host", arena),
                                    .x_prefix = join(headers, "X-Forwarded-Prefix", arena)};
    forwarded_apply(&g->trusted, peer, &sent, arena, origin);
}

struct bytes gateway_path(const struct gateway *g, struct bytes path)
{
    const size_t n = strlen(g->base);
    if (bytes_starts(path, g->base) && (n == path.len || path.data[n] == '/'))
        return n == path.len ? bytes_text("/") : bytes_of(path.data + n, path.len - n);
    for (size_t i = 0; i < ROWS(at_root); i++)
        if (bytes_is(path, at_root[i]))
            return path;
    return bytes_of(NULL, 0);
}

static bool says(const struct reply *reply, const char *name)
{
    for (size_t i = 0; i < reply->header_count; i++)
        if (strcmp(reply->headers[i].name, name) == 0)
            return true;
    return false;
}

void gateway_headers(const struct gateway *g, const struct request *request, const char *allow,
                     struct reply *reply)
{
    if (!says(reply, "Content-Security-Policy"))
        reply_header(reply, "Content-Security-Policy", nothing);
    reply_header(reply, "X-Content-Type-Options", "nosniff");
    reply_header(reply, "Referrer-Policy", "no-referrer");
    reply_header(reply, "Cross-Origin-Resource-Policy", g->cors.any ? "cross-origin" : "same-origin");
    if (g->hsts[0] != '\0' && strcmp(request->origin.scheme, "https") == 0)
        reply_header(reply, "Strict-Transport-Security", g->hsts);
    cors_headers(&g->cors, request, allow, reply);
}
