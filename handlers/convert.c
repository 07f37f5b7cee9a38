#include "answer.h"
#include "negotiate.h"
#include "params.h"
#include "part.h"
#include "routes.h"

bool convert(const struct request *request, struct reply *reply, struct error *err)
{
    const struct codec_options *options;
    const struct codec *target;
    struct source source;
    struct document document;
    struct part part;
    struct value *value;
    bool varies;
    if (!param_options(request, &options, err) || !part_of_request(request, &part, err) ||
        !negotiate_target(request, "to", &target, &varies, err) || !negotiate_source(request, &source, err))
        return false;
    if (varies)
        reply_header(reply, "Vary", "Accept");
    return source_open(&source, options, request, &document, reply, err) &&
           part_for(request, &document, &part, target, &value, err) &&
           answer_value(request, target, value, options, reply, err);
}
