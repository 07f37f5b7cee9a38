#include "support.h"

#include <stdio.h>

bool test_encode(const struct codec *codec, struct value *root, const struct codec_options *options,
                 size_t chunk, struct arena *arena, struct bytes *out, struct error *err)
{
    struct encoder *e;
    struct sink sink;
    if (!encoder_new(codec, root, options, &limits_default, arena, &e, err) || !sink_init(&sink, chunk))
        return false;
    uint8_t *all = NULL;
    size_t len = 0, capacity = 0;
    enum step step;
    do {
        step = encoder_run(e, &sink, err);
        while (sink.len > sink.taken && step != STEP_FAIL) {
            if (len + chunk > capacity) {
                const size_t wanted = (len + chunk) * 2;
                all = arena_grow(arena, all, capacity, wanted);
                assert_non_null(all);
                capacity = wanted;
            }
            len += sink_drain(&sink, all + len, chunk);
        }
    } while (step == STEP_MORE);
    sink_deinit(&sink);
    *out = bytes_of(all, len);
    return step == STEP_DONE;
}

bool test_decode(const struct codec *codec, struct bytes in, struct arena *arena, struct value **out,
                 struct error *err)
{
    const struct input input = input_of_bytes(in);
    return codec->decode(&input, &codec_options_default, &limits_default, arena, out, err);
}

struct bytes test_file(const char *path, struct arena *arena)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    fseek(f, 0, SEEK_END);
    const long size = ftell(f);
    rewind(f);
    uint8_t *data = arena_alloc(arena, 1, (size_t)size);
    assert_non_null(data);
    assert_int_equal(fread(data, 1, (size_t)size, f), size);
    fclose(f);
    return bytes_of(data, (size_t)size);
}

void test_failing_arena(bool (*attempt)(struct arena *arena, void *arg, struct error *err), void *arg,
                        size_t step, size_t most)
{
    for (size_t i = 0; i < most; i++) {
        struct arena arena;
        struct error err = {0};
        arena_init(&arena, i * step);
        const bool ok = attempt(&arena, arg, &err);
        arena_free(&arena);
        if (ok)
            return;
        assert_int_equal(err.kind, ERR_LIMIT);
        assert_string_equal(err.limit, "memory");
    }
    fail_msg("never succeeded");
}
