#include "coordinate.h"
#include "support.h"

/* The days that NumPy counts: numpy.datetime64("...") - numpy.datetime64("1970-01-01"). */
static const struct {
    const char *units;
    long double unit_us, start_s;
} clocks[] = {
    {"days since 1970-01-01", 86400e6L, 0},
    {"days since 1990-01-01 00:00:00", 86400e6L, 7305 * 86400.0L},
    {"hours since 1900-01-01 00:00:0.0", 3600e6L, -25567 * 86400.0L},
    {"seconds since 2020-02-29T12:30:15Z", 1e6L, 18321 * 86400.0L + 45015},
    {"minutes since 2000-3-1 01:00 +02:00", 60e6L, 11017 * 86400.0L - 3600},
    {"days since 0001-01-01", 86400e6L, -719162 * 86400.0L},
};

static void units_are_clocks(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(clocks); i++) {
        struct coordinate_clock c;
        struct error err = {0};
        if (!coordinate_clock_of(bytes_text(clocks[i].units), bytes_text(""), &c, &err))
            fail_msg("%s: %s", clocks[i].units, err.detail);
        if (!c.is_time || c.unit_us != clocks[i].unit_us || c.start_us != clocks[i].start_s * 1e6L)
            fail_msg("%s: %Lf", clocks[i].units, c.start_us / 1e6L);
    }
}

static void other_units_are_none(void **state)
{
    (void)state;
    struct coordinate_clock c;
    struct error err = {0};
    assert_true(coordinate_clock_of(bytes_text("degrees_north"), bytes_text(""), &c, &err) && !c.is_time);
    assert_true(coordinate_clock_of(bytes_text(""), bytes_text(""), &c, &err) && !c.is_time);
    static const char *const refused[] = {"months since 2000-01-01",     "days since then",
                                          "days since 2000-02-30",       "days since ",
                                          "days since 2000-01-01 25:00", "days since 2000-01-01 12:61"};
    for (size_t i = 0; i < ROWS(refused); i++) {
        struct error why = {0};
        if (coordinate_clock_of(bytes_text(refused[i]), bytes_text(""), &c, &why))
            fail_msg("%s: is accepted", refused[i]);
        assert_int_equal(why.kind, ERR_UNREPRESENTABLE);
    }
    assert_false(coordinate_clock_of(bytes_text("days since 2000-01-01"), bytes_text("360_day"), &c, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(units_are_clocks),
        cmocka_unit_test(other_units_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
