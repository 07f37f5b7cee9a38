#include "support.h"

#include "hex.h"

static void both_ends_are_trimmed(void **state)
{
    (void)state;
    static const struct {
        const char *text, *blanks, *expect;
    } rows[] = {
        {"", " ", ""},        {" \t ", " \t", ""}, {"a", " ", "a"}, {"\t a b \t", " \t", "a b"},
        {" a\r", " ", "a\r"},
    };
    for (size_t i = 0; i < ROWS(rows); i++)
        assert_true(bytes_is(bytes_trim(bytes_text(rows[i].text), rows[i].blanks), rows[i].expect));
    const struct bytes zeros = bytes_of("\0 \0", 3);
    assert_int_equal(bytes_trim(zeros, " ").len, 3);
}

static void an_end_is_an_end(void **state)
{
    (void)state;
    assert_true(bytes_ends(bytes_text("a/data.pkl"), "/data.pkl"));
    assert_true(bytes_ends(bytes_text("x"), "x"));
    assert_true(bytes_ends(bytes_text(""), ""));
    assert_false(bytes_ends(bytes_text("kl"), "pkl"));
    assert_false(bytes_ends(bytes_text("a.pkl "), "pkl"));
}

static void two_digits_are_a_byte(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int expect;
    } rows[] = {
        {"00", 0},  {"fF", 0xFF}, {"A9", 0xA9}, {"+5", -1}, {" 5", -1}, {"5", -1},
        {"0x", -1}, {"g0", -1},   {"0G", -1},   {"/0", -1}, {":0", -1}, {"`0", -1},
    };
    for (size_t i = 0; i < ROWS(rows); i++)
        assert_int_equal(hex_byte(rows[i].text), rows[i].expect);
}

static void hex_is_read_as_it_is_written(void **state)
{
    (void)state;
    const uint8_t bytes[] = {0x00, 0x1f, 0xab, 0xff};
    uint8_t back[sizeof bytes];
    char text[2 * sizeof bytes + 1];
    hex_write(bytes, sizeof bytes, text);
    assert_string_equal(text, "001fabff");
    assert_true(hex_read(bytes_text(text), back, sizeof back));
    assert_memory_equal(back, bytes, sizeof bytes);
    assert_false(hex_read(bytes_text("001fABff"), back, sizeof back));
    assert_false(hex_read(bytes_text("001fab"), back, sizeof back));
    assert_false(hex_read(bytes_text("001fabfg"), back, sizeof back));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ends_are_trimmed),
        cmocka_unit_test(an_end_is_an_end),
        cmocka_unit_test(two_digits_are_a_byte),
        cmocka_unit_test(hex_is_read_as_it_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
