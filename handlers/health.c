/* Probes: nothing here waits for work, however much there is. */
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

static bool answer_status(const struct request *request, struct dict *d, bool good, struct reply *reply,
                          struct error *err)
{
    struct value *root;
    if (!dict_done(d, &root, err) || !answer_json(request, root, reply, err))
        return false;
    reply->status = good ? 200 : 503;
    return true;
}

bool ready(const struct request *request, struct reply *reply, struct error *err)
{
    const struct service *service = request->service;
    struct check checks[CHECKS_MAX];
    const size_t count = service->checks == NULL ? 0 : service->checks(service, checks);
    const char *reason = NULL;
    struct value *list = NULL;
    struct dict d = dict_make(request->arena), named = dict_make(request->arena);
    for (size_t i = 0; i < count; i++) {
        dict_text(&named, checks[i].name, checks[i].ok ? "ok" : "failed");
        if (!checks[i].ok && reason == NULL)
            reason = checks[i].reason;
    }
    if (!dict_done(&named, &list, err))
        return false;
    dict_text(&d, "status", reason == NULL ? "ready" : "not ready");
    if (reason != NULL)
        dict_text(&d, "reason", reason);
    dict_put(&d, "checks", list);
    return answer_status(request, &d, reason == NULL, reply, err);
}

bool started(const struct request *request, struct reply *reply, struct error *err)
{
    const struct service *service = request->service;
    const bool done = service->started == NULL || service->started(service);
    struct dict d = dict_make(request->arena);
    dict_text(&d, "status", done ? "started" : "starting");
    return answer_status(request, &d, done, reply, err);
}
