#include "support.h"

#include "datetime64.h"

static const struct {
    int64_t count;
    const char *unit, *expect; /* of numpy.datetime_as_string; "": no calendar */
} rows[] = {
    {0, "Y", "1970"},
    {50, "Y", "2020"},
    {-2000, "Y", "-030"},
    {20000, "Y", "21970"},
    {1, "M", "1970-02"},
    {-1, "M", "1969-12"},
    {-24001, "M", "-031-12"},
    {0, "W", "1970-01-01"},
    {-3, "W", "1969-12-11"},
    {2600, "W", "2019-10-31"},
    {0, "D", "1970-01-01"},
    {-1, "D", "1969-12-31"},
    {18321, "D", "2020-02-29"},
    {11016, "D", "2000-02-29"},
    {11017, "D", "2000-03-01"},
    {-25509, "D", "1900-02-28"},
    {-719529, "D", "-001-12-31"},
    {10000000, "D", "29349-01-26"},
    {-1, "h", "1969-12-31T23"},
    {123456, "h", "1984-02-01T00"},
    {-61, "m", "1969-12-31T22:59"},
    {86399, "s", "1970-01-01T23:59:59"},
    {-1, "s", "1969-12-31T23:59:59"},
    {4611686018427387904, "s", "146138514283-06-19T07:45:04"},
    {1, "25s", "1970-01-01T00:00:25"},
    {7, "10D", "1970-03-12"},
    {1234, "ms", "1970-01-01T00:00:01.234"},
    {-1, "ms", "1969-12-31T23:59:59.999"},
    {1600000000123456, "us", "2020-09-13T12:26:40.123456"},
    {1600000000123456789, "ns", "2020-09-13T12:26:40.123456789"},
    {-1, "ns", "1969-12-31T23:59:59.999999999"},
    {INT64_MIN + 1, "ns", "1677-09-21T00:12:43.145224193"},
    {INT64_MAX, "ns", "2262-04-11T23:47:16.854775807"},
    {5, "ps", "1970-01-01T00:00:00.000000000005"},
    {-5, "fs", "1969-12-31T23:59:59.999999999999995"},
    {INT64_MIN + 1, "as", "1969-12-31T23:59:50.776627963145224193"},
    {INT64_MAX, "D", "25252734927768524-07-27"},
    {INT64_MIN, "s", "NaT"},
    {INT64_MIN, "", "NaT"},
    {5, "", ""},
    {5, "parsec", ""},
    {INT64_MAX, "2s", ""},
    {INT64_MAX, "W", ""},
    {INT64_MAX, "Y", ""},
};

static void dates_are_spelled_as_numpy_spells_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        char out[DATETIME64_MAX];
        const size_t n = datetime64_write(rows[i].count, bytes_text(rows[i].unit), out);
        if (!bytes_is(bytes_of(out, n), rows[i].expect))
            fail_msg("%lld %s: %.*s, not %s", (long long)rows[i].count, rows[i].unit, (int)n, out,
                     rows[i].expect);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(dates_are_spelled_as_numpy_spells_them)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
