#include "disassemble.h"

#include "negotiate.h"
#include "params.h"
#include "routes.h"
#include "unpack.h"

/* By enum disassemble_form. */
static const char *const names[] = {"text", "json", NULL};
static const char *const types[] = {"text/plain", "application/json", NULL};
static const char *const content_types[] = {"text/plain; charset=utf-8", "application/json"};

bool disassemble(const struct request *request, struct reply *reply, struct error *err)
{
    struct disassemble_options options = {.index = DISASSEMBLE_ALL};
    struct source source = {.codec = codec_by_name(bytes_text("pickle")), .input = request->body};
    struct bytes body;
    unsigned form;
    bool varies;
    if (!negotiate_choice(request, "format", names, types, &form, &varies, err) ||
        !param_number(request, "index", 0, INT64_MAX, &options.index, err) ||
        !param_number(request, "width", 1, INT64_MAX, &options.width, err) ||
        !unpack_source(&source, bytes_of(NULL, 0), request->service->limits, request->arena, err) ||
        !input_bytes(&source.input, request->arena, &body, err))
        return false;
    options.form = form;
    if (!disassemble_new(body, &options, request->service->limits, request->arena, &reply->encoder, err))
        return false;
    reply->status = 200;
    reply->kind = REPLY_ENCODER;
    reply_header(reply, "Content-Type", content_types[form]);
    if (source.unpacked != NULL)
        reply_header(reply, "X-Mandoline-Unpacked", source.unpacked);
    if (varies)
        reply_header(reply, "Vary", "Accept");
    return true;
}
