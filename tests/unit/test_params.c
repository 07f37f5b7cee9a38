#include "support.h"

#include "params.h"

static struct arena arena;

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, 1 << 16);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static struct request request_of(struct param *param, const char *name, const char *value)
{
    *param = (struct param){.name = bytes_text(name), .value = bytes_text(value)};
    return (struct request){.arena = &arena, .query = param, .query_count = 1};
}

static void truths_have_many_words(void **state)
{
    (void)state;
    static const char *const words[] = {"false", "true", "0", "1", "no", "yes", "off", "on"};
    for (size_t i = 0; i < ROWS(words); i++) {
        struct param p;
        struct error err = {0};
        const struct request r = request_of(&p, "pretty", words[i]);
        bool out = i % 2 == 0;
        assert_true(param_bool(&r, "pretty", &out, &err));
        assert_int_equal(out, i % 2 == 1);
    }
    static const char *const wrong[] = {"", "TRUE", "2", "maybe", "true "};
    for (size_t i = 0; i < ROWS(wrong); i++) {
        struct param p;
        struct error err = {0};
        const struct request r = request_of(&p, "pretty", wrong[i]);
        bool out = true;
        assert_false(param_bool(&r, "pretty", &out, &err));
        assert_int_equal(err.kind, ERR_ARGUMENT);
        assert_non_null(strstr(err.detail, "false, true, 0, 1, no, yes, off and on"));
        assert_true(out);
    }
}

static void numbers_have_bounds(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool ok;
    } rows[] = {{"0", true}, {"5", true},    {"6", false},  {"-1", false},
                {"", false}, {"1.0", false}, {" 1", false}, {"99999999999999999999", false}};
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct param p;
        struct error err = {0};
        const struct request r = request_of(&p, "protocol", rows[i].text);
        uint64_t out = 77;
        assert_int_equal(param_number(&r, "protocol", 0, 5, &out, &err), rows[i].ok);
        assert_int_equal(err.kind, rows[i].ok ? ERR_NONE : ERR_ARGUMENT);
        assert_int_equal(out == 77, !rows[i].ok);
    }
}

static void lists_have_no_empty_names(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t count; /* 0: refused */
        size_t offset;
    } rows[] = {{"a", 1, 0},  {"a,b", 2, 0}, {"a b,\xc3\xa9,c", 3, 0}, {"", 0, 0}, {"a,", 0, 2},
                {",a", 0, 0}, {"a,,b", 0, 2}};
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct param p;
        struct error err = {0};
        const struct request r = request_of(&p, "fields", rows[i].text);
        const struct bytes *list;
        size_t count;
        assert_int_equal(param_list(&r, "fields", &list, &count, &err), rows[i].count > 0);
        if (rows[i].count > 0)
            assert_int_equal(count, rows[i].count);
        else
            assert_int_equal(err.offset, rows[i].offset);
    }
}

static void options_start_from_the_defaults(void **state)
{
    (void)state;
    struct error err = {0};
    const struct codec_options *o;
    const struct service service = {0};
    const struct request nothing = {.service = &service, .arena = &arena};
    assert_true(param_options(&nothing, &o, &err));
    assert_int_equal(o->protocol, codec_options_default.protocol);
    assert_int_equal(o->nan, codec_options_default.nan);
    const struct param query[] = {{bytes_text("nan"), bytes_text("literal")},
                                  {bytes_text("protocol"), bytes_text("2")},
                                  {bytes_text("header"), bytes_text("off")}};
    const struct request some = {
        .service = &service, .arena = &arena, .query = query, .query_count = ROWS(query)};
    assert_true(param_options(&some, &o, &err));
    assert_int_equal(o->protocol, 2);
    assert_int_equal(o->nan, NAN_LITERAL);
    assert_false(o->header);
    assert_false(o->pretty);
}

static void unknown_and_repeated_parameters_are_refused(void **state)
{
    (void)state;
    static const char *const known[] = {"path", "name*", NULL};
    static const struct {
        const char *first, *second;
        const char *says; /* NULL: fine */
    } rows[] = {
        {"path", "name", NULL},
        {"name", "name", NULL},
        {"path", "path", "path is there twice"},
        {"path", "paths", "'paths' is not a parameter here; known are path and name"},
        {"pat", "path", "'pat' is not"},
        {"name*", "path", "'name*' is not"},
        {"", "path", "'' is not"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct error err = {0};
        const struct param query[] = {{.name = bytes_text(rows[i].first)},
                                      {.name = bytes_text(rows[i].second)}};
        const struct request r = {.arena = &arena, .query = query, .query_count = 2};
        assert_int_equal(params_check(&r, known, &err), rows[i].says == NULL);
        if (rows[i].says != NULL) {
            assert_int_equal(err.kind, ERR_ARGUMENT);
            assert_non_null(strstr(err.detail, rows[i].says));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(truths_have_many_words, setup, teardown),
        cmocka_unit_test_setup_teardown(numbers_have_bounds, setup, teardown),
        cmocka_unit_test_setup_teardown(lists_have_no_empty_names, setup, teardown),
        cmocka_unit_test_setup_teardown(options_start_from_the_defaults, setup, teardown),
        cmocka_unit_test_setup_teardown(unknown_and_repeated_parameters_are_refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
