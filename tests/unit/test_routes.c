#include "support.h"

#include "exchange.h"

static const struct {
    const char *name, *method, *path;
    const char *operation; /* NULL: no route */
    const char *rest;      /* what {name} matched */
    const char *allow;     /* told where there is no route */
} rows[] = {
    {"a path is found", "GET", "/healthz", "health", "", ""},
    {"HEAD is served by GET", "HEAD", "/healthz", "health", "", ""},
    {"another method says what is allowed", "POST", "/healthz", NULL, "", "GET, HEAD, OPTIONS"},
    {"OPTIONS has no route and an answer", "OPTIONS", "/healthz", NULL, "", "GET, HEAD, OPTIONS"},
    {"two methods, and what comes with them", "PUT", "/v1/data/x", NULL, "x", "GET, HEAD, POST, OPTIONS"},
    {"the second of two methods", "POST", "/v1/data/x", "pickData", "x", ""},
    {"methods are upper case", "get", "/healthz", NULL, "", "GET, HEAD, OPTIONS"},
    {"nothing by that name", "GET", "/nope", NULL, "", ""},
    {"a name may have slashes", "GET", "/v1/meta/a/b.h5", "getMeta", "a/b.h5", ""},
    {"a name has a character at least", "GET", "/v1/meta/", NULL, "", ""},
    {"the list of files is not a file", "GET", "/v1/files", "listFiles", "", ""},
    {"a file is not the list", "GET", "/v1/files/x", "getFile", "x", ""},
    {"what is posted cannot be got", "GET", "/v1/convert", NULL, "", "POST, OPTIONS"},
    {"a prefix is not the path", "GET", "/health", NULL, "", ""},
    {"a longer path is not the path", "GET", "/healthz/", NULL, "", ""},
    {"the root", "GET", "/", "welcome", "", ""},
    {"the page of a problem", "GET", "/problems/busy", "getProblem", "busy", ""},
    {"the empty path is nothing", "GET", "", NULL, "", ""},
};

static void paths_and_methods_meet_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        print_message("%s\n", rows[i].name);
        const struct route_match match = route_find(rows[i].method, bytes_text(rows[i].path));
        assert_string_equal(match.allow, rows[i].allow);
        assert_int_equal(match.route == NULL, rows[i].operation == NULL);
        if (match.route != NULL)
            assert_string_equal(match.route->operation_id, rows[i].operation);
        assert_true(bytes_is(match.name, rows[i].rest));
    }
}

static void every_row_is_complete(void **state)
{
    (void)state;
    for (const struct route *r = routes; r->method != NULL; r++) {
        assert_non_null(r->path);
        assert_non_null(r->operation_id);
        assert_non_null(r->handle);
        assert_non_null(r->parameters);
        assert_int_not_equal(r->scope, 0); /* nobody could use it */
        for (const struct route *other = r + 1; other->method != NULL; other++)
            assert_string_not_equal(r->operation_id, other->operation_id);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_and_methods_meet_the_table),
        cmocka_unit_test(every_row_is_complete),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
