#include "openapi.h"

#include "conditions.h"
#include "routes.h"

bool openapi(const struct request *request, struct reply *reply, struct error *err)
{
    bool done = false;
    if (!conditions_check(request, openapi_etag, NULL, reply, &done, err) || done)
        return done;
    reply->status = 200;
    reply->kind = REPLY_BYTES;
    reply->bytes = openapi_json;
    reply_header(reply, "Content-Type", "application/json");
    return true;
}
