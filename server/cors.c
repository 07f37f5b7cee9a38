#include "cors.h"

#include <stdio.h>

/* What scripts may send beyond the few headers that are always allowed. */
static const char allowed_headers[] =
    "Accept, Authorization, Content-Encoding, Content-Type, If-Match, If-Modified-Since, If-None-Match, "
    "If-Range, If-Unmodified-Since, Range, X-Request-Id, traceparent, tracestate";

/* What scripts may read beyond those that they always may. */
static const char exposed_headers[] =
    "Accept-Ranges, Allow, Content-Disposition, Content-Encoding, Content-Range, ETag, Link, Location, "
    "Retry-After, Server-Timing, WWW-Authenticate, X-Request-Id, X-Mandoline-Dtype, X-Mandoline-Max, "
    "X-Mandoline-Min, X-Mandoline-Pickles, X-Mandoline-Shape, X-Mandoline-Trailing-Bytes, "
    "X-Mandoline-Unpacked";

/* Cuts the next item off a list with commas; blanks around it don't count. False: the list is over. */
static bool next_item(const char **list, struct bytes *item)
{
    const char *at = *list + strspn(*list, " ,");
    size_t n = strcspn(at, ",");
    *list = at + n;
    while (n > 0 && at[n - 1] == ' ')
        n--;
    *item = bytes_of(at, n);
    return n > 0;
}

/* "https://example.org" or "http://localhost:3000": what browsers send, without a path. */
static bool is_origin(struct bytes text)
{
    const size_t scheme = bytes_starts(text, "https://") ? 8 : bytes_starts(text, "http://") ? 7 : 0;
    for (size_t i = scheme; i < text.len; i++)
        if (text.data[i] <= ' ' || text.data[i] >= 0x7f || strchr("/?#*@", text.data[i]) != NULL)
            return false;
    return scheme > 0 && text.len > scheme;
}

bool cors_init(struct cors *cors, const struct config *config, struct error *err)
{
    const char *list = config->cors_origin;
    struct bytes item;
    *cors = (struct cors){.origins = list, .credentials = config->cors_credentials};
    snprintf(cors->max_age, sizeof cors->max_age, "%llu", (unsigned long long)config->cors_max_age);
    while (next_item(&list, &item)) {
        cors->on = true;
        cors->any = cors->any || bytes_is(item, "*");
        if (!bytes_is(item, "*") && !is_origin(item))
            return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET,
                        "cors-origin: \"%.*s\" is neither * nor an origin as https://example.org",
                        item.len > 80 ? 80 : (int)item.len, (const char *)item.data);
    }
    return !cors->any || !cors->credentials ||
           FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "cors-credentials needs a cors-origin that is not *");
}

static bool is_listed(const char *origins, const char *origin)
{
    struct bytes item;
    while (next_item(&origins, &item))
        if (bytes_is(item, origin))
            return true;
    return false;
}

/* Caches must not give one origin's answer to another. */
static void vary_by_origin(const struct request *request, struct reply *reply)
{
    for (size_t i = 0; i < reply->header_count; i++) {
        if (strcmp(reply->headers[i].name, "Vary") != 0)
            continue;
        const char *both = arena_printf(request->arena, "%s, Origin", reply->headers[i].value);
        if (both != NULL)
            reply->headers[i].value = both;
        return;
    }
    reply_header(reply, "Vary", "Origin");
}

static bool is_preflight(const struct request *request)
{
    return request->method != NULL && strcmp(request->method, "OPTIONS") == 0 &&
           request->header(request->headers, "Access-Control-Request-Method") != NULL;
}

void cors_headers(const struct cors *cors, const struct request *request, const char *allow,
                  struct reply *reply)
{
    if (!cors->on)
        return;
    const char *origin = request->header(request->headers, "Origin");
    if (!cors->any)
        vary_by_origin(request, reply);
    if (origin == NULL || (!cors->any && !is_listed(cors->origins, origin)))
        return;
    reply_header(reply, "Access-Control-Allow-Origin", cors->any ? "*" : origin);
    if (cors->credentials)
        reply_header(reply, "Access-Control-Allow-Credentials", "true");
    if (!is_preflight(request)) {
        reply_header(reply, "Access-Control-Expose-Headers", exposed_headers);
        return;
    }
    reply_header(reply, "Access-Control-Allow-Methods", allow);
    reply_header(reply, "Access-Control-Allow-Headers", allowed_headers);
    reply_header(reply, "Access-Control-Max-Age", cors->max_age);
}
