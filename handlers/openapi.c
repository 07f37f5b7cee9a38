#include "openapi.h"

#include "conditions.h"
#include "routes.h"

/* The document with the base path as the address of the server. */
static bool with_base(const char *base, struct arena *arena, struct bytes *out)
{
    const size_t n = strlen(base), behind = openapi_server + 1;
    uint8_t *text = arena_alloc(arena, 1, openapi_json.len + n);
    if (text == NULL)
        return false;
    memcpy(text, openapi_json.data, openapi_server);
    memcpy(text + openapi_server, base, n);
    memcpy(text + openapi_server + n, openapi_json.data + behind, openapi_json.len - behind);
    *out = bytes_of(text, openapi_json.len + n - 1);
    return true;
}

bool openapi(const struct request *request, struct reply *reply, struct error *err)
{
    const char *base = request->origin.base;
    const char *etag = arena_printf(request->arena, "\"%s%s\"", openapi_tag, base);
    bool done = false;
    reply->bytes = openapi_json;
    if (etag == NULL || (base[0] != '\0' && !with_base(base, request->arena, &reply->bytes)))
        return arena_fail(request->arena, err);
    if (!conditions_check(request, etag, NULL, reply, &done, err) || done)
        return done;
    reply->status = 200;
    reply->kind = REPLY_BYTES;
    reply_header(reply, "Content-Type", "application/json");
    return true;
}
