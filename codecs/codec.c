#include "codec.h"

#include <strings.h>

extern const struct codec json_codec, typed_codec, pickle_codec, hdf5_codec, h5json_codec, npy_codec,
    npz_codec, csv_codec, bin_codec, png_codec;

const struct codec *const codecs[] = {
    &json_codec, &typed_codec, &pickle_codec, &hdf5_codec, &h5json_codec, &npy_codec,
    &npz_codec,  &csv_codec,   &bin_codec,    &png_codec,  NULL,
};

const struct codec_options codec_options_default = {.nan = NAN_NULL, .protocol = 4, .header = true};

const struct codec *codec_by_name(struct bytes name)
{
    for (const struct codec *const *c = codecs; *c != NULL; c++)
        if (bytes_is(name, (*c)->name))
            return *c;
    return NULL;
}

static bool same_word(struct bytes a, const char *b)
{
    return a.len == strlen(b) && strncasecmp((const char *)a.data, b, a.len) == 0;
}

static bool has_word(const char *const *words, struct bytes word)
{
    for (; *words != NULL; words++)
        if (same_word(word, *words))
            return true;
    return false;
}

const struct codec *codec_by_media_type(struct bytes type)
{
    size_t n = 0;
    while (n < type.len && type.data[n] != ';' && type.data[n] != ' ')
        n++;
    for (const struct codec *const *c = codecs; *c != NULL; c++)
        if (has_word((*c)->media_types, bytes_of(type.data, n)))
            return *c;
    return NULL;
}

const struct codec *codec_by_file_name(struct bytes name)
{
    const size_t dot = bytes_behind(name, '.');
    if (dot == 0)
        return NULL;
    for (const struct codec *const *c = codecs; *c != NULL; c++)
        if (has_word((*c)->extensions, bytes_of(name.data + dot, name.len - dot)))
            return *c;
    return NULL;
}

const struct codec *codec_by_content(struct bytes head)
{
    const struct codec *best = NULL;
    int most = 0;
    for (const struct codec *const *c = codecs; *c != NULL; c++) {
        const int sure = (*c)->sniff == NULL ? 0 : (*c)->sniff(head);
        if (sure > most) {
            most = sure;
            best = *c;
        }
    }
    return best;
}

bool codec_open(const struct codec *codec, const struct input *in, const struct codec_options *options,
                const struct limits *limits, struct arena *arena, struct document *out, struct error *err)
{
    watch_doing(arena->watch, "reading", codec->name);
    if (codec->open != NULL)
        return codec->open(in, options, limits, arena, out, err);
    if (codec->decode == NULL)
        return FAIL(err, ERR_FORMAT, ERROR_NO_OFFSET, "%s can be written, not read", codec->name);
    struct value *root;
    return codec->decode(in, options, limits, arena, &root, err) &&
           document_of_value(root, limits, arena, out, err);
}

bool encoder_new(const struct codec *codec, struct value *root, const struct codec_options *options,
                 const struct limits *limits, struct arena *arena, struct encoder **out, struct error *err)
{
    if (codec->begin == NULL)
        return FAIL(err, ERR_NOT_ACCEPTABLE, ERROR_NO_OFFSET, "%s can be read, not written", codec->name);
    struct encoder *e = arena_alloc(arena, 1, sizeof *e);
    if (e == NULL)
        return arena_fail(arena, err);
    *e = (struct encoder){.codec = codec, .options = options, .limits = limits, .arena = arena, .root = root};
    watch_doing(arena->watch, "writing", codec->name);
    if (!codec->begin(e, err))
        return false;
    *out = e;
    return true;
}

enum step encoder_run(struct encoder *e, struct sink *out, struct error *err)
{
    if (!watch_check(e->arena->watch, err))
        return STEP_FAIL;
    const enum step step = e->codec->step(e, out, err);
    if (step != STEP_FAIL && out->total > e->limits->output) {
        error_set_limit(err, "output", e->limits->output, "the answer would be longer than %llu bytes",
                        (unsigned long long)e->limits->output);
        return STEP_FAIL;
    }
    return step;
}
