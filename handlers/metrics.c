#include "routes.h"

/* What Prometheus collects. */
bool metrics(const struct request *request, struct reply *reply, struct error *err)
{
    const struct service *service = request->service;
    struct sink text = {0};
    const bool written = service->metrics == NULL || service->metrics(service, &text, err);
    const struct bytes copy =
        written ? arena_copy(request->arena, bytes_of(text.data, text.len)) : bytes_of("", 0);
    sink_deinit(&text);
    if (!written || copy.data == NULL)
        return written ? arena_fail(request->arena, err) : false;
    *reply = (struct reply){.status = 200, .kind = REPLY_BYTES, .fd = -1, .bytes = copy};
    return reply_header(reply, "Content-Type", "text/plain; version=0.0.4; charset=utf-8") &&
           reply_header(reply, "Cache-Control", "no-store");
}
