#include "support.h"

#include "range.h"

/* A file of 100 bytes. */
static const struct {
    const char *header;
    enum range_result result;
    uint64_t start, length;
} rows[] = {
    {"bytes=0-0", RANGE_PART, 0, 1},
    {"bytes=0-99", RANGE_PART, 0, 100},
    {"bytes=10-19", RANGE_PART, 10, 10},
    {"bytes=90-", RANGE_PART, 90, 10},
    {"bytes=90-1000", RANGE_PART, 90, 10},
    {"bytes=-1", RANGE_PART, 99, 1},
    {"bytes=-100", RANGE_PART, 0, 100},
    {"bytes=-1000", RANGE_PART, 0, 100},
    {"BYTES= 5-6 ", RANGE_PART, 5, 2},
    {"bytes=99-99999999999999999999999", RANGE_PART, 99, 1},
    {"bytes=100-", RANGE_NONE, 0, 0},
    {"bytes=100-200", RANGE_NONE, 0, 0},
    {"bytes=18446744073709551616-", RANGE_NONE, 0, 0},
    {"bytes=-0", RANGE_NONE, 0, 0},
    {"bytes=0-1,5-6", RANGE_WHOLE, 0, 0},
    {"bytes=5-4", RANGE_WHOLE, 0, 0},
    {"bytes=-", RANGE_WHOLE, 0, 0},
    {"bytes=", RANGE_WHOLE, 0, 0},
    {"bytes", RANGE_WHOLE, 0, 0},
    {"", RANGE_WHOLE, 0, 0},
    {"bytes=a-b", RANGE_WHOLE, 0, 0},
    {"bytes=1", RANGE_WHOLE, 0, 0},
    {"bytes=1-2x", RANGE_WHOLE, 0, 0},
    {"items=0-1", RANGE_WHOLE, 0, 0},
};

static void headers_become_ranges(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct range range = {0};
        print_message("%s\n", rows[i].header);
        assert_int_equal(range_parse(rows[i].header, 100, &range), rows[i].result);
        assert_int_equal(range.start, rows[i].start);
        assert_int_equal(range.length, rows[i].length);
    }
}

static void an_empty_file_has_no_ranges(void **state)
{
    (void)state;
    struct range range;
    assert_int_equal(range_parse("bytes=0-0", 0, &range), RANGE_NONE);
    assert_int_equal(range_parse("bytes=-5", 0, &range), RANGE_NONE);
}

static void the_largest_file_does_not_overflow(void **state)
{
    (void)state;
    struct range range;
    assert_int_equal(range_parse("bytes=0-18446744073709551615", UINT64_MAX, &range), RANGE_PART);
    assert_int_equal(range.length, UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_become_ranges),
        cmocka_unit_test(an_empty_file_has_no_ranges),
        cmocka_unit_test(the_largest_file_does_not_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
