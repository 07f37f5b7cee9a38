#include "describe.h"
#include "negotiate.h"
#include "params.h"
#include "routes.h"
#include "stored.h"

/* {"name": ..., "format": ..., "size": ..., "tree": ...}; no name for a body. */
static bool answer_tree(const struct request *request, const struct codec *codec, uint64_t size,
                        const struct document *document, struct reply *reply, struct error *err)
{
    struct bytes path = bytes_text("/");
    uint64_t depth = UINT64_MAX;
    struct value *tree, *root;
    param_text(request, "path", &path);
    if (!param_number(request, "depth", 0, INT64_MAX, &depth, err) ||
        !describe_tree(document, path, depth, request->service->limits, request->arena, &tree, err))
        return false;
    struct dict d = dict_make(request->arena);
    if (request->name.len > 0)
        dict_str(&d, "name", request->name);
    dict_text(&d, "format", codec->name);
    dict_uint(&d, "size", size);
    dict_put(&d, "tree", tree);
    return dict_done(&d, &root, err) && answer_json(request, root, reply, err);
}

bool inspect(const struct request *request, struct reply *reply, struct error *err)
{
    const struct codec *codec;
    struct document document;
    return negotiate_source(request, &codec, err) &&
           codec_open(codec, &request->body, &codec_options_default, request->service->limits, request->arena,
                      &document, err) &&
           answer_tree(request, codec, request->body.size, &document, reply, err);
}

bool get_tree(const struct request *request, struct reply *reply, struct error *err)
{
    struct stored s;
    bool done;
    if (!stored_check(request, json_format(), false, &s, reply, &done, err) || done)
        return done;
    return stored_open(request, NULL, &s, err) &&
           answer_tree(request, s.codec, s.file.input.size, &s.document, reply, err);
}
