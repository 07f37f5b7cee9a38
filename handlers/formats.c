#include "answer.h"
#include "routes.h"

static struct value *texts(struct arena *arena, const char *const *words)
{
    struct value *list = value_new(arena, VALUE_LIST);
    for (; list != NULL && *words != NULL; words++) {
        struct value *word = value_text(arena, *words);
        if (word == NULL || !value_append(arena, &list->list, word))
            return NULL;
    }
    return list;
}

static struct value *describe(const struct codec *codec, struct arena *arena)
{
    struct dict d = dict_make(arena);
    dict_text(&d, "name", codec->name);
    dict_text(&d, "title", codec->title);
    dict_put(&d, "media_types", texts(arena, codec->media_types));
    dict_put(&d, "extensions", texts(arena, codec->extensions));
    dict_put(&d, "read", value_bool(arena, codec_reads(codec)));
    dict_put(&d, "write", value_bool(arena, codec_writes(codec)));
    return d.failed ? NULL : d.value;
}

bool list_formats(const struct request *request, struct reply *reply, struct error *err)
{
    struct value *list = value_new(request->arena, VALUE_LIST), *root;
    for (const struct codec *const *c = codecs; list != NULL && *c != NULL; c++) {
        struct value *format = describe(*c, request->arena);
        if (format == NULL || !value_append(request->arena, &list->list, format))
            list = NULL;
    }
    struct dict d = dict_make(request->arena);
    dict_put(&d, "formats", list);
    return dict_done(&d, &root, err) && answer_json(request, root, reply, err);
}
