#include "points.h"
#include "support.h"
#include "where.h"

static struct arena arena;

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, 16 << 20);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

/* What conditions find is compared with NumPy in tests/clients/test_picked.py. */
static const struct {
    const char *name, *text;
    size_t offset; /* of the character that is wrong */
} wrong[] = {
    {"nothing", "", 0},
    {"no right side", "a >", 3},
    {"no left side", "> 1", 0},
    {"two comparisons without a word", "a > 1 b < 2", 6},
    {"a parenthesis that is not closed", "(a > 1", 6},
    {"a parenthesis that was not opened", "a > 1)", 5},
    {"a quote that is not closed", "a == 'x", 5},
    {"a number alone", "1", 1},
    {"a word where a field is expected", "a > or", 4},
    {"a sign alone", "a == -", 5},
    {"an operator that there is not", "a ** 2", 2},
};

static void errors_point_at_the_character(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(wrong); i++) {
        struct where *w;
        struct error err = {0};
        if (where_parse(bytes_text(wrong[i].text), &arena, &w, &err))
            fail_msg("%s: is accepted", wrong[i].name);
        if (err.kind != ERR_ARGUMENT || err.offset != wrong[i].offset)
            fail_msg("%s: at %zu: %s", wrong[i].name, err.offset, err.detail);
    }
}

static bool find(struct arena *a, void *arg, struct error *err)
{
    static const int32_t numbers[] = {5, -1, 7, 3, 9};
    static const uint64_t shape[] = {ROWS(numbers)};
    const struct array array = array_of_memory(dtype_make(DTYPE_INT, 4), 1, shape, (const uint8_t *)numbers);
    struct where *w;
    struct points p = {.axes = 1, .ndim = 1};
    uint64_t *places;
    struct array out;
    const uint8_t *packed;
    (void)arg;
    if (!where_parse(bytes_text("not value <= 4 and 6 < value or `value` == 5"), a, &w, err) ||
        !where_places(w, &array, a, &places, &p.count, err))
        return false;
    p.shape = &p.count;
    p.places = places;
    if (!array_points(&array, &p, &limits_default, a, &out, err) || !array_pack(&out, a, &packed, err))
        return false;
    static const int32_t expected[] = {5, 7, 9};
    assert_int_equal(p.count, ROWS(expected));
    assert_memory_equal(packed, expected, sizeof expected);
    return true;
}

static void memory_that_runs_out_is_told(void **state)
{
    (void)state;
    test_failing_arena(find, NULL, 1024, 1000);
}

static const struct {
    const char *text;
    unsigned axes;
    size_t count;
    uint64_t places[3]; /* in a (4, 5) array */
} points[] = {
    {"(0,1),(3,-1)", 2, 2, {1, 19}},
    {"[[0, 1], [3, 4]]", 2, 2, {1, 19}},
    {"3,0,-4", 1, 3, {3, 0, 0}},
    {"[3,0]", 1, 2, {3, 0}},
    {"[[3],[0]]", 1, 2, {3, 0}},
    {"[]", 1, 0, {0}},
    {"", 1, 0, {0}},
};

static void points_are_read(void **state)
{
    (void)state;
    static const uint64_t shape[] = {4, 5};
    for (size_t i = 0; i < ROWS(points); i++) {
        struct points p;
        struct error err = {0};
        if (!points_parse(bytes_text(points[i].text), 2, shape, &arena, &p, &err))
            fail_msg("%s: %s", points[i].text, err.detail);
        assert_int_equal(p.count, points[i].count);
        assert_int_equal(p.shape[0], points[i].count);
        assert_int_equal(p.axes, points[i].axes);
        for (size_t k = 0; k < p.count; k++)
            assert_int_equal(p.places[k], points[i].places[k]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_point_at_the_character),
        cmocka_unit_test(memory_that_runs_out_is_told),
        cmocka_unit_test(points_are_read),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
