#include "golden.h"

#include "utf8.h"

#include <stdlib.h>

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

static size_t decimal(struct bytes field)
{
    size_t v = 0;
    for (size_t i = 0; i < field.len; i++)
        v = v * 10 + (field.data[i] - (size_t)'0');
    return v;
}

static bool has_surrogate(struct bytes valid)
{
    for (size_t at = 0; at < valid.len;) {
        const uint32_t code = utf8_next(valid, &at);
        if (code >= 0xD800 && code <= 0xDFFF)
            return true;
    }
    return false;
}

/* Behind `before` ASCII bytes, in memory of its own so that reading on is seen by the sanitizer. */
static void check_prefix(struct bytes text, size_t before, size_t strict, size_t pass)
{
    bool surrogates;
    const size_t len = before + text.len;
    uint8_t *copy = malloc(len);
    assert_non_null(copy);
    memset(copy, 'x', before);
    memcpy(copy + before, text.data, text.len);
    assert_int_equal(utf8_valid(bytes_of(copy, len)), before + strict);
    assert_int_equal(utf8_valid_surrogatepass(bytes_of(copy, len), &surrogates), before + pass);
    assert_int_equal(surrogates, has_surrogate(bytes_of(copy, before + pass)));
    free(copy);
}

/* bytes, where the strict decoder stops, where surrogatepass does */
static void validity_ends_where_pythons_does(void **state)
{
    (void)state;
    struct bytes text = test_file("tests/golden/utf8/prefixes.txt", &arena), fields[3];
    uint8_t room[256];
    while (golden_next(&text, fields, 3)) {
        const struct bytes bytes = golden_bytes(fields[0], room);
        for (size_t before = 0; before < 18; before++)
            check_prefix(bytes, before, decimal(fields[1]), decimal(fields[2]));
    }
}

/* 128 ** 3 of ASCII, 1920 codes of two bytes beside one of ASCII, 63488 codes of three, 2048 surrogates. */
static void three_bytes_are_valid_as_often_as_they_should(void **state)
{
    (void)state;
    size_t strict = 0, pass = 0, with_surrogates = 0;
    for (uint32_t i = 0; i < 1 << 24; i++) {
        const uint8_t bytes[] = {(uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i};
        bool surrogates;
        if (i % 256 == 0xC0) /* as bad a third byte as the 63 behind it */
            i += 63;
        strict += utf8_valid(bytes_of(bytes, 3)) == 3;
        pass += utf8_valid_surrogatepass(bytes_of(bytes, 3), &surrogates) == 3;
        with_surrogates += surrogates;
    }
    assert_int_equal(strict, 128 * 128 * 128 + 2 * 128 * 1920 + 65536 - 2048 - 2048);
    assert_int_equal(pass, strict + 2048);
    assert_int_equal(with_surrogates, 2048);
}

static void every_code_point_is_written_and_read(void **state)
{
    (void)state;
    for (uint32_t code = 0; code <= 0x10FFFF; code++) {
        uint8_t out[4];
        size_t at = 0;
        bool surrogates;
        const size_t n = utf8_put(code, out);
        const struct bytes text = bytes_of(out, n);
        assert_int_equal(n, code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4);
        if (utf8_valid_surrogatepass(text, &surrogates) != n ||
            surrogates != (code >= 0xD800 && code <= 0xDFFF) || utf8_next(text, &at) != code || at != n ||
            utf8_count(text) != 1)
            fail_msg("U+%X", code);
    }
    uint8_t out[4];
    assert_int_equal(utf8_put(0x110000, out), 0);
    assert_int_equal(utf8_put(UINT32_MAX, out), 0);
}

static void code_points_are_counted_at_any_place(void **state)
{
    (void)state;
    static const char text[] = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80";
    uint8_t bytes[10 * 9];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)text[i % 10];
    for (size_t from = 0; from < 30; from += 10)
        for (size_t codes = 0; codes < 7; codes++)
            assert_int_equal(utf8_count(bytes_of(bytes + from, codes * 10)), codes * 4);
}

static void one_high_byte_is_not_ascii(void **state)
{
    (void)state;
    uint8_t bytes[40];
    memset(bytes, 0x7F, sizeof bytes);
    for (size_t len = 0; len <= sizeof bytes; len++) {
        assert_true(utf8_is_ascii(bytes_of(bytes, len)));
        for (size_t i = 0; i < len; i++) {
            bytes[i] = 0x80;
            assert_false(utf8_is_ascii(bytes_of(bytes, len)));
            bytes[i] = 0x7F;
        }
    }
    assert_true(utf8_is_ascii(bytes_of(NULL, 0)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(validity_ends_where_pythons_does, setup, teardown),
        cmocka_unit_test(three_bytes_are_valid_as_often_as_they_should),
        cmocka_unit_test(every_code_point_is_written_and_read),
        cmocka_unit_test(code_points_are_counted_at_any_place),
        cmocka_unit_test(one_high_byte_is_not_ascii),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
