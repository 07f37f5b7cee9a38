/*
 * One format: decodes, looks into it as the tree endpoint does, encodes to every format that can be written,
 * and decodes again what the lossless ones wrote. FUZZ_CODEC names the codec. With FUZZ_TEXT_ONLY it is
 * JSON, typed JSON and pickle that are encoded to: the others take many times as long. With FUZZ_DECODE_ONLY
 * nothing is encoded.
 */
#include "codec.h"

#include <stdlib.h>

extern const struct codec FUZZ_CODEC, json_codec, typed_codec, pickle_codec;

#if defined(FUZZ_DECODE_ONLY)
static const struct codec *const targets[] = {NULL};
#elif defined(FUZZ_TEXT_ONLY)
static const struct codec *const targets[] = {&json_codec, &typed_codec, &pickle_codec, NULL};
#else
#define targets codecs
#endif

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Small enough that a run is fast, and that a limit is met at all. */
static struct limits fuzz_limits(void)
{
    struct limits limits = limits_default;
    limits.memory = 16 << 20;
    limits.output = 1 << 20;
    limits.elements = 1 << 20;
    limits.depth = 1000;
    limits.nodes = 100000;
    limits.digits = 2000;
    return limits;
}

/* False: the format cannot hold it, or a limit was met. */
static bool encode_all(const struct codec *codec, struct value *root, const struct limits *limits,
                       struct arena *arena, struct sink *all)
{
    struct error err = {0};
    struct encoder *encoder;
    if (!encoder_new(codec, root, &codec_options_default, limits, arena, &encoder, &err))
        return false;
    enum step step;
    while ((step = encoder_run(encoder, all, &err)) == STEP_MORE)
        all->limit = all->total + 4096;
    return step == STEP_DONE;
}

/* What we wrote, we read. */
static void decode_again(const struct codec *codec, struct bytes bytes, const struct limits *limits)
{
    struct arena arena;
    arena_init(&arena, limits->memory * 4);
    const struct input in = input_of_bytes(bytes);
    struct value *again;
    struct error err = {0};
    if (!codec->decode(&in, &codec_options_default, limits, &arena, &again, &err) && err.kind != ERR_LIMIT)
        abort();
    arena_free(&arena);
}

static bool decode(struct bytes bytes, const struct limits *limits, struct arena *arena, struct value **root)
{
    const struct input in = input_of_bytes(bytes);
    struct error err = {0};
    const bool decoded = FUZZ_CODEC.decode(&in, &codec_options_default, limits, arena, root, &err);
    if (decoded != (err.kind == ERR_NONE))
        abort(); /* a failure says why */
    return decoded;
}

/* Each time from the start: an encoder that gave up leaves its marks in the graph. */
static void encode(const struct codec *codec, struct bytes bytes, const struct limits *limits)
{
    struct arena arena;
    arena_init(&arena, limits->memory);
    struct value *root;
    struct sink sink;
    if (decode(bytes, limits, &arena, &root) && sink_init(&sink, 4096)) {
        if (encode_all(codec, root, limits, &arena, &sink) &&
            (codec == &typed_codec || codec == &pickle_codec))
            decode_again(codec, bytes_of(sink.data + sink.taken, sink.len - sink.taken), limits);
        sink_deinit(&sink);
    }
    arena_free(&arena);
}

static void look(struct value *root, const struct limits *limits, struct arena *arena)
{
    struct error err = {0};
    struct document document;
    struct node node;
    struct node_child first;
    if (!document_of_value(root, limits, arena, &document, &err) ||
        !document.ops->node(document.self, bytes_of(NULL, 0), arena, &node, &err) || node.child_count == 0 ||
        !node_child(&node, 0, arena, &first, &err))
        return;
    (void)document.ops->node(document.self, first.name, arena, &node, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (FUZZ_CODEC.decode == NULL)
        return 0;
    const struct limits limits = fuzz_limits();
    const struct bytes bytes = bytes_of(data, size);
    struct arena arena;
    arena_init(&arena, limits.memory);
    struct value *root;
    if (FUZZ_CODEC.sniff != NULL)
        (void)FUZZ_CODEC.sniff(bytes);
    const bool decoded = decode(bytes, &limits, &arena, &root);
    if (decoded)
        look(root, &limits, &arena);
    arena_free(&arena);
    for (const struct codec *const *c = targets; decoded && *c != NULL; c++)
        if ((*c)->begin != NULL)
            encode(*c, bytes, &limits);
    return 0;
}
