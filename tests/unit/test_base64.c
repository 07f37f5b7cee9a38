#include "support.h"

#include "base64.h"

static struct arena arena;

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, 1 << 20);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

/* RFC 4648 section 10, and what Python's base64.b64encode gives */
static void texts_are_those_of_the_rfc(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *text;
    } rows[] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
        {"\xFF\xFE\xFD\xFB\xEF\xBE", "//79++++"},
        {"\xFB\xF0\x3E\x3F", "+/A+Pw=="},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct error err = {0};
        struct bytes back;
        uint8_t out[16];
        const size_t n = base64_encode(bytes_text(rows[i].bytes), out);
        assert_int_equal(n, strlen(rows[i].text));
        assert_memory_equal(out, rows[i].text, n);
        assert_true(base64_decode(bytes_text(rows[i].text), &arena, &back, &err));
        assert_true(bytes_is(back, rows[i].bytes));
    }
}

/* base64.b64encode(bytes(range(256))) */
static void every_byte_is_encoded(void **state)
{
    (void)state;
    static const char expect[] =
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+P0BBQk"
        "NERUZHSElKS0xNTk9QUVJTVFVWV1hZWltcXV5fYGFiY2RlZmdoaWprbG1ub3BxcnN0dXZ3eHl6e3x9fn+AgYKDhIWG"
        "h4iJiouMjY6PkJGSk5SVlpeYmZqbnJ2en6ChoqOkpaanqKmqq6ytrq+wsbKztLW2t7i5uru8vb6/wMHCw8TFxsfIyc"
        "rLzM3Oz9DR0tPU1dbX2Nna29zd3t/g4eLj5OXm5+jp6uvs7e7v8PHy8/T19vf4+fr7/P3+/w==";
    struct error err = {0};
    struct bytes back;
    uint8_t all[256], out[344];
    for (size_t i = 0; i < sizeof all; i++)
        all[i] = (uint8_t)i;
    assert_int_equal(base64_encode(bytes_of(all, sizeof all), out), sizeof out);
    assert_int_equal(sizeof expect - 1, sizeof out);
    assert_memory_equal(out, expect, sizeof out);
    assert_true(base64_decode(bytes_text(expect), &arena, &back, &err));
    assert_true(bytes_equal(back, bytes_of(all, sizeof all)));
}

static void text_that_is_not_base64_is_refused_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t offset;
    } rows[] = {
        {"Z", 1},    {"Zg", 2},   {"Zg=", 3},      {"Zg==Z", 5},    {"====", 0},     {"Z===", 1},
        {"=Zg=", 0}, {"Z=g=", 1}, {"Zm9v====", 4}, {"Zg==Zg==", 2}, {"Zm9=Zm9v", 3}, {"Zm9v\nZm9", 4},
        {"Zm 9", 2}, {"Zm-_", 2}, {"Zm9\xC3", 3},  {"Zm9v!m9v", 4}, {"Z m9Zm9v", 1}, {"\xFFm9v", 0},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct error err = {0};
        struct bytes out = bytes_of(NULL, 17);
        assert_false(base64_decode(bytes_text(rows[i].text), &arena, &out, &err));
        assert_int_equal(err.kind, ERR_SYNTAX);
        assert_int_equal(err.offset, rows[i].offset);
        assert_int_equal(out.len, 17);
    }
}

static void a_byte_outside_the_alphabet_is_found_anywhere(void **state)
{
    (void)state;
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (unsigned byte = 0; byte < 256; byte++)
        for (size_t place = 0; place < 12; place++) {
            struct error err = {0};
            struct bytes out;
            uint8_t text[12];
            memset(text, 'A', sizeof text);
            text[place] = (uint8_t)byte;
            const bool fits =
                (byte != 0 && strchr(alphabet, (int)byte) != NULL) || (byte == '=' && place == 11);
            assert_int_equal(base64_decode(bytes_of(text, sizeof text), &arena, &out, &err), fits);
            if (!fits)
                assert_int_equal(err.offset, place);
        }
}

static bool decode(struct arena *small, void *arg, struct error *err)
{
    struct bytes out;
    return base64_decode(*(struct bytes *)arg, small, &out, err);
}

static void running_out_of_memory_is_said(void **state)
{
    (void)state;
    uint8_t text[40000];
    memset(text, 'A', sizeof text);
    struct bytes view = bytes_of(text, sizeof text);
    test_failing_arena(decode, &view, 1000, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(texts_are_those_of_the_rfc, setup, teardown),
        cmocka_unit_test_setup_teardown(every_byte_is_encoded, setup, teardown),
        cmocka_unit_test_setup_teardown(text_that_is_not_base64_is_refused_with_its_place, setup, teardown),
        cmocka_unit_test_setup_teardown(a_byte_outside_the_alphabet_is_found_anywhere, setup, teardown),
        cmocka_unit_test(running_out_of_memory_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
