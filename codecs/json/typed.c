#include "typed.h"

const char *const typed_made[TYPED_MADE_COUNT] = {
    [OBJECT_REDUCE] = "reduce", [OBJECT_NEWOBJ] = "newobj",     [OBJECT_NEWOBJ_EX] = "newobj_ex",
    [OBJECT_BARE] = "bare",     [OBJECT_INSTANCE] = "instance", [OBJECT_SETTER] = "setter",
};

const char *const typed_external[TYPED_EXTERNAL_COUNT] = {
    [EXTERNAL_PERSISTENT_ID] = "persistent_id",
    [EXTERNAL_EXTENSION] = "extension",
    [EXTERNAL_BUFFER] = "buffer",
    [EXTERNAL_SOFT_LINK] = "soft_link",
    [EXTERNAL_LINK] = "external_link",
};

static bool typed_decode(const struct input *in, const struct codec_options *options,
                         const struct limits *limits, struct arena *arena, struct value **out,
                         struct error *err)
{
    (void)options;
    struct bytes text;
    return input_bytes(in, arena, &text, err) && typed_read(text, in->arrival, limits, arena, out, err);
}

const struct codec typed_codec = {
    .name = "typed",
    .title = "typed JSON",
    .media_types = (const char *const[]){"application/vnd.mandoline.typed+json", NULL},
    .extensions = (const char *const[]){NULL},
    .decode = typed_decode,
    .ahead = typed_ahead,
    .begin = typed_begin,
    .step = typed_step,
};
