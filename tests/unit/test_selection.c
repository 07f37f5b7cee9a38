#include "support.h"

#include "selection.h"

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

/* What NumPy answers to a selection is tested with arrays, in test_array.c. */
static const struct {
    const char *name, *text;
    size_t offset; /* of the character that is wrong, in text or when it meets a (4, 5) array */
} rows[] = {
    {"a letter", "a", 0},
    {"a letter after blanks", "1, x", 3},
    {"an empty part", "1,,2", 2},
    {"a comma alone", ",", 0},
    {"two numbers without a comma", "1 2", 2},
    {"a sign without digits", "2,-", 3},
    {"two signs", "--1", 1},
    {"a fraction", "1.5", 1},
    {"two points", "1,..", 2},
    {"four points", "....", 3},
    {"a second ellipsis", "...,...", 4},
    {"a second list", "[0],[1]", 4},
    {"a list without its end", "[1,2", 4},
    {"a list of slices", "[1:2]", 2},
    {"a list that begins with a comma", "[,1]", 1},
    {"three colons", "1:2:3:4", 5},
    {"a step of zero", ":,::0", 4},
    {"an index of 65 bits", "0,9223372036854775808", 2},
    {"an index of 65 bits in a list", "[0, 9223372036854775808]", 4},
    {"an index behind the end", ":,5", 2},
    {"an index before the begin", "-5", 0},
    {"an index of a list behind the end", "1,[0,5]", 2},
    {"a third part for two dimensions", "0,0, 0", 5},
    {"a third part beside an ellipsis", "...,0,0,0", 8},
    {"a bracket that was not opened", "1]", 1},
    {"a letter after a number", "3b", 1},
};

static void errors_point_at_the_character(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct selection s;
        struct axis *axes;
        struct error err = {0};
        const bool ok = selection_parse(bytes_text(rows[i].text), &arena, &s, &err) &&
                        selection_resolve(&s, 2, (const uint64_t[]){4, 5}, &arena, &axes, &err);
        if (ok || err.kind != ERR_ARGUMENT || err.offset != rows[i].offset)
            fail_msg("%s: %s, kind %d, offset %zu", rows[i].name, ok ? "accepted" : err.detail, (int)err.kind,
                     err.offset);
    }
}

static void bytes_that_end_anywhere_are_an_error_or_a_selection(void **state)
{
    (void)state;
    static const char text[] = " -1 : 20 : 3 , ... , [ 4 , -5 , +6 ] ";
    for (size_t n = 0; n < sizeof text; n++) {
        struct selection s;
        struct error err = {0};
        uint8_t *exact = arena_alloc(&arena, 1, n); /* ends where the text ends */
        memcpy(exact, text, n);
        if (!selection_parse(bytes_of(exact, n), &arena, &s, &err))
            assert_int_equal(err.kind, ERR_ARGUMENT);
    }
}

static void a_nul_is_not_the_end(void **state)
{
    (void)state;
    struct selection s;
    struct error err = {0};
    assert_false(selection_parse(bytes_of("1\0", 2), &arena, &s, &err));
    assert_int_equal(err.offset, 1);
}

static bool attempt(struct arena *small, void *arg, struct error *err)
{
    struct selection s;
    struct axis *axes;
    return selection_parse(bytes_text(arg), small, &s, err) &&
           selection_resolve(&s, 2, (const uint64_t[]){4, 5}, small, &axes, err);
}

static void every_failing_allocation_is_an_error(void **state)
{
    (void)state;
    char text[] = "::-1,[0,1,2,3,0,1,2,3]";
    test_failing_arena(attempt, text, 64, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(errors_point_at_the_character, setup, teardown),
        cmocka_unit_test_setup_teardown(bytes_that_end_anywhere_are_an_error_or_a_selection, setup, teardown),
        cmocka_unit_test_setup_teardown(a_nul_is_not_the_end, setup, teardown),
        cmocka_unit_test(every_failing_allocation_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
