/* Whatever is there of a document when: what comes out is what comes out of all of it. */
#include "arrival.h"

#include <glob.h>
#include <stdlib.h>

#include "golden.h"
#include "support.h"

extern const struct codec json_codec, typed_codec, pickle_codec;

enum { MOST = 1500, NOT_YET = 0xA5 };

/* A value as typed JSON, or what is wrong. */
struct outcome {
    struct bytes text;
    struct error error;
};

static struct outcome outcome_of(const struct codec *codec, const struct input *in, struct arena *arena)
{
    struct outcome o = {0};
    struct value *v;
    if (codec->decode(in, &codec_options_default, &limits_default, arena, &v, &o.error))
        test_encode(&typed_codec, v, &codec_options_default, 1 << 20, arena, &o.text, &o.error);
    return o;
}

/* Up to `here`, and then up to the half of what is left; false: it would all be done again. */
static bool arrive(struct arrival *a, struct bytes document, uint8_t *memory, size_t here)
{
    memset(memory, NOT_YET, document.len);
    for (int half = 0; half < 2; half++, here += (document.len - here) / 2) {
        memcpy(memory, document.data, here);
        a->here = here;
        if (!a->codec->ahead(a))
            return false;
    }
    memcpy(memory, document.data, document.len);
    return true;
}

static void check(const struct codec *codec, struct bytes document, size_t behind, size_t *resumed)
{
    uint8_t *memory = malloc(document.len + 1);
    struct arena kept;
    arena_init(&kept, SIZE_MAX);
    const struct input whole = input_of_bytes(document);
    const struct outcome expected = outcome_of(codec, &whole, &kept);
    for (size_t here = 0; here <= document.len; here++) {
        struct arena arena;
        arena_init(&arena, SIZE_MAX);
        struct arrival a = {.codec = codec,
                            .options = &codec_options_default,
                            .limits = &limits_default,
                            .arena = &arena,
                            .whole = bytes_of(memory, document.len),
                            .behind = behind};
        if (arrive(&a, document, memory, here)) {
            const struct input in = {.bytes = a.whole, .fd = -1, .size = document.len, .arrival = &a};
            const struct outcome o = outcome_of(codec, &in, &arena);
            if (!bytes_equal(o.text, expected.text) || strcmp(o.error.detail, expected.error.detail) != 0 ||
                o.error.kind != expected.error.kind || o.error.offset != expected.error.offset)
                fail_msg("%s of %zu bytes, %zu there: \"%.*s\" %s, and not \"%.*s\" %s", codec->name,
                         document.len, here, (int)o.text.len, (const char *)o.text.data, o.error.detail,
                         (int)expected.text.len, (const char *)expected.text.data, expected.error.detail);
            ++*resumed;
        }
        arena_free(&arena);
    }
    arena_free(&kept);
    free(memory);
}

/* What is left for later does not decide what comes out, only what need not be done again. */
static void check_all(const struct codec *codec, struct bytes document, size_t *resumed)
{
    static const size_t behinds[] = {0, 1, 4, 30};
    for (size_t i = 0; i < ROWS(behinds); i++)
        check(codec, document, behinds[i], resumed);
}

/* The first words of the lines are pickles. */
static void check_pickles(const char *path, size_t *resumed)
{
    struct arena arena;
    arena_init(&arena, SIZE_MAX);
    struct bytes text = test_file(path, &arena);
    while (text.len > 0) {
        const uint8_t *const space = memchr(text.data, ' ', text.len), *const end =
                                                                           memchr(text.data, '\n', text.len);
        assert_true(space != NULL && end != NULL);
        const struct bytes hex = bytes_of(text.data, (size_t)(space - text.data));
        text = bytes_of(end + 1, text.len - (size_t)(end + 1 - text.data));
        uint8_t *bytes = arena_alloc(&arena, 1, hex.len);
        const struct bytes document = golden_bytes(hex, bytes);
        if (document.len <= MOST)
            check_all(&pickle_codec, document, resumed);
    }
    arena_free(&arena);
}

static void pickles_come_out_the_same(void **state)
{
    (void)state;
    size_t resumed = 0;
    check_pickles("tests/golden/pickle/read.txt", &resumed);
    check_pickles("tests/golden/pickle/joblib.txt", &resumed);
    assert_true(resumed > 1000);
}

static void check_texts(const struct codec *codec, const char *pattern, size_t *resumed)
{
    glob_t found;
    struct arena arena;
    arena_init(&arena, SIZE_MAX);
    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        const struct bytes document = test_file(found.gl_pathv[i], &arena);
        if (document.len <= MOST)
            check_all(codec, document, resumed);
    }
    globfree(&found);
    arena_free(&arena);
}

static void texts_come_out_the_same(void **state)
{
    (void)state;
    size_t resumed = 0;
    check_texts(&json_codec, "tests/golden/json/*.in", &resumed);
    check_texts(&typed_codec, "tests/golden/typed/*.in", &resumed);
    assert_true(resumed > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pickles_come_out_the_same),
        cmocka_unit_test(texts_come_out_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
