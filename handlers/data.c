#include "answer.h"
#include "negotiate.h"
#include "params.h"
#include "part.h"
#include "routes.h"
#include "stored.h"

bool get_data(const struct request *request, struct reply *reply, struct error *err)
{
    const struct codec_options *options;
    const struct codec *format;
    struct stored s;
    struct part part;
    struct value *v;
    bool varies, done = false;
    if (!param_options(request, &options, err) || !part_of_request(request, &part, err) ||
        !negotiate_target(request, "format", &format, &varies, err) ||
        !stored_check(request, format, varies, &s, reply, &done, err) || done)
        return done;
    if (!stored_open(request, &s, reply, err) || !part_for(request, &s.document, &part, format, &v, err))
        return false;
    const bool ok = answer_selected(request, format, v, options, reply, err);
    stored_guard(&s, reply);
    return ok;
}

/* The body: a mask, or index arrays, in any format that can be read. */
static bool index_of_body(const struct request *request, struct reply *reply, const struct value **out,
                          struct error *err)
{
    struct source source;
    struct document document;
    struct value *v;
    if (!negotiate_source(request, &source, err) ||
        !source_open(&source, &codec_options_default, request, &document, reply, err) ||
        !document.ops->value(document.self, bytes_text("/"), request->arena, &v, err))
        return false;
    *out = v;
    return true;
}

bool post_data(const struct request *request, struct reply *reply, struct error *err)
{
    const struct codec_options *options;
    const struct codec *format;
    struct stored s;
    struct part part;
    struct value *v;
    bool varies;
    if (!param_options(request, &options, err) || !part_of_request(request, &part, err) ||
        !negotiate_target(request, "format", &format, &varies, err) || !stored_find(request, &s, err) ||
        !index_of_body(request, reply, &part.index, err))
        return false;
    if (varies)
        reply_header(reply, "Vary", "Accept");
    const bool ok = stored_open(request, &s, reply, err) &&
                    part_for(request, &s.document, &part, format, &v, err) &&
                    answer_selected(request, format, v, options, reply, err);
    stored_guard(&s, reply);
    return ok;
}
