#include "answer.h"
#include "routes.h"

bool health(const struct request *request, struct reply *reply, struct error *err)
{
    struct value *root;
    struct dict d = dict_make(request->arena);
    dict_text(&d, "status", "ok");
    dict_text(&d, "version", request->service->version);
    return dict_done(&d, &root, err) && answer_json(request, root, reply, err);
}

/* Why this process should get no requests now, or NULL. */
static const char *not_ready(const struct service *service)
{
    if (service->ready != NULL && !service->ready(service))
        return "draining";
    if (service->store != NULL && !store_ready(service->store))
        return "the data folder cannot be listed";
    return NULL;
}

bool ready(const struct request *request, struct reply *reply, struct error *err)
{
    const char *reason = not_ready(request->service);
    struct value *root;
    struct dict d = dict_make(request->arena);
    dict_text(&d, "status", reason == NULL ? "ready" : "not ready");
    if (reason != NULL)
        dict_text(&d, "reason", reason);
    if (!dict_done(&d, &root, err) || !answer_json(request, root, reply, err))
        return false;
    reply->status = reason == NULL ? 200 : 503;
    return true;
}
