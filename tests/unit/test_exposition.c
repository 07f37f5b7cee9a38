#include "support.h"

#include "exposition.h"

static void check(const struct sink *out, const char *expected)
{
    if (!bytes_is(bytes_of(out->data, out->len), expected))
        fail_msg("%.*s", (int)out->len, (const char *)out->data);
}

static void families_and_labels(void **state)
{
    (void)state;
    struct sink out = {0};
    struct error err = {0};
    struct exposition e = exposition_make(&out, &err);
    exposition_counter(&e, "a_total", "What it is.", 18446744073709551615U);
    exposition_family(&e, "b", "gauge", "Another.");
    exposition_count(&e, &(const struct exposition_labels){{"x", "y"}, {"1", "a\\b\"c\nd"}}, 0);
    exposition_real(&e, NULL, 0.25);
    assert_true(exposition_done(&e));
    check(&out, "# HELP a_total What it is.\n# TYPE a_total counter\na_total 18446744073709551615\n"
                "# HELP b Another.\n# TYPE b gauge\nb{x=\"1\",y=\"a\\\\b\\\"c\\nd\"} 0\nb 0.25\n");
    sink_deinit(&out);
}

static void a_histogram_is_cumulative(void **state)
{
    (void)state;
    static const struct {
        uint64_t us;
        size_t bucket;
    } rows[] = {{0, 0},    {100, 0},       {101, 1},       {1000, 3},
                {1001, 4}, {60000000, 16}, {60000001, 17}, {UINT64_MAX / 2, 17}};
    static struct histogram h;
    struct histogram_total total = {0};
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct histogram one = {0};
        struct histogram_total seen = {0};
        histogram_add(&one, rows[i].us);
        histogram_collect(&one, &seen);
        assert_int_equal(seen.counts[rows[i].bucket], 1);
        assert_int_equal(seen.sum, rows[i].us);
    }
    for (int i = 0; i < 3; i++)
        histogram_add(&h, 2000);
    histogram_add(&h, 70000000);
    histogram_collect(&h, &total);
    histogram_collect(&h, &total); /* twice: two histograms in one */
    struct sink out = {0};
    struct error err = {0};
    struct exposition e = exposition_make(&out, &err);
    exposition_family(&e, "t", "histogram", "Times.");
    exposition_histogram(&e, &(const struct exposition_labels){{"route"}, {"r"}}, &total);
    assert_true(exposition_done(&e));
    assert_int_equal(sink_byte(&out, 0, &err), true);
    const char *text = (const char *)out.data;
    static const char *const lines[] = {
        "# TYPE t histogram\nt_bucket{route=\"r\",le=\"0.0001\"} 0\n",
        "t_bucket{route=\"r\",le=\"0.001\"} 0\n", "t_bucket{route=\"r\",le=\"0.0025\"} 6\n",
        "t_bucket{route=\"r\",le=\"60.0\"} 6\n",
        "t_bucket{route=\"r\",le=\"+Inf\"} 8\nt_sum{route=\"r\"} 140.012\nt_count{route=\"r\"} 8\n"};
    for (size_t i = 0; i < ROWS(lines); i++)
        if (strstr(text, lines[i]) == NULL)
            fail_msg("%s is not in\n%s", lines[i], text);
    sink_deinit(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(families_and_labels),
        cmocka_unit_test(a_histogram_is_cumulative),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
