#include "describe.h"
#include "negotiate.h"
#include "params.h"
#include "routes.h"
#include "stored.h"

/* What of a document is shown. */
struct view {
    struct bytes path;
    uint64_t depth;
};

static bool view_of_request(const struct request *request, struct view *out, struct error *err)
{
    *out = (struct view){.path = bytes_text("/"), .depth = UINT64_MAX};
    param_text(request, "path", &out->path);
    return param_number(request, "depth", 0, INT64_MAX, &out->depth, err);
}

/* {"name": ..., "format": ..., "size": ..., "tree": ...}; no name for a body. */
static bool answer_tree(const struct request *request, const struct view *view, const struct codec *codec,
                        uint64_t size, const struct document *document, struct reply *reply,
                        struct error *err)
{
    struct value *tree, *root;
    if (!describe_tree(document, view->path, view->depth, request->service->limits, request->arena, &tree,
                       err))
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
    const struct codec_options *options;
    struct source source;
    struct document document;
    struct view view;
    return view_of_request(request, &view, err) && param_options(request, &options, err) &&
           negotiate_source(request, &source, err) &&
           source_open(&source, options, request, &document, reply, err) &&
           answer_tree(request, &view, source.codec, request->body.size, &document, reply, err);
}

bool get_tree(const struct request *request, struct reply *reply, struct error *err)
{
    struct stored s;
    struct view view;
    bool done = false;
    if (!view_of_request(request, &view, err) ||
        !stored_check(request, json_format(), false, &s, reply, &done, err) || done)
        return done;
    return stored_open(request, &s, reply, err) &&
           answer_tree(request, &view, s.source.codec, s.file.input.size, &s.document, reply, err);
}
