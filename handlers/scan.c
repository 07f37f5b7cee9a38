#include "answer.h"
#include "routes.h"
#include "scanner.h"

bool scan(const struct request *request, struct reply *reply, struct error *err)
{
    const struct policy *policy = request->policy;
    struct arena *arena = request->arena;
    struct scan_report report;
    struct bytes in;
    struct value *root;
    if (request->body.size == 0)
        return FAIL(err, ERR_SYNTAX, 0, "the body is empty");
    return (policy != NULL || policy_load(bytes_of(NULL, 0), arena, &policy, err)) &&
           input_bytes(&request->body, arena, &in, err) &&
           scan_document(in, policy, request->service->limits, arena, &report, err) &&
           scan_report_value(&report, request->body.size, arena, &root, err) &&
           answer_json(request, root, reply, err);
}
