#include "docs.h"

#include <strings.h>

#include "conditions.h"
#include "packing.h"
#include "routes.h"

/* Whether Accept-Encoding names gzip, without a q of 0. */
static bool takes_gzip(const struct request *request)
{
    const char *at = request->header(request->headers, "Accept-Encoding");
    while (at != NULL && *at != '\0') {
        at += strspn(at, " \t,");
        const size_t n = strcspn(at, ",");
        const size_t name = strcspn(at, " \t,;");
        const char *q = memchr(at, '=', n);
        if (name == 4 && strncasecmp(at, "gzip", name) == 0)
            return q == NULL || strspn(q + 1, "0.") < n - (size_t)(q + 1 - at);
        at += n;
    }
    return false;
}

static bool answer(const struct docs_file *file, const struct request *request, struct reply *reply,
                   struct error *err)
{
    const bool packed = takes_gzip(request);
    bool done = false;
    reply_header(reply, "Vary", "Accept-Encoding");
    if (!conditions_check(request, packed ? file->etag_of_gzip : file->etag, NULL, reply, &done, err) || done)
        return done;
    reply->status = 200;
    reply->kind = REPLY_BYTES;
    reply->bytes = file->gzip;
    reply_header(reply, "Content-Type", file->type);
    if (file->policy != NULL)
        reply_header(reply, "Content-Security-Policy", file->policy);
    if (packed)
        reply_header(reply, "Content-Encoding", "gzip");
    return packed || packing_open(packing_by_name("gzip"), file->gzip, request->service->limits,
                                  request->arena, &reply->bytes, err);
}

bool docs_file(const struct request *request, struct reply *reply, struct error *err)
{
    for (const struct docs_file *file = docs_files; file->name != NULL; file++)
        if (bytes_is(request->name, file->name))
            return answer(file, request, reply, err);
    return FAIL(err, ERR_NOT_FOUND, ERROR_NO_OFFSET, "the documentation has no such file");
}

/* Its links are relative to the place that it is at, so it is sent there. */
bool docs(const struct request *request, struct reply *reply, struct error *err)
{
    const char *path = arena_printf(request->arena, "/docs/%s", docs_files[0].name);
    const char *link = path == NULL ? NULL : link_to(request, path);
    if (link == NULL)
        return arena_fail(request->arena, err);
    reply->status = 302;
    reply->kind = REPLY_EMPTY;
    reply_header(reply, "Location", link);
    return true;
}
