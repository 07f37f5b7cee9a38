#include <stdio.h>

#include "support.h"
#include "target.h"

#include <stdlib.h>

static const struct {
    const char *name, *text;
    const char *path;  /* NULL: must fail */
    const char *query; /* name=value, each with ';' behind it */
    size_t offset;     /* of the error */
} rows[] = {
    {"the root", "/", "/", "", 0},
    {"an encoded slash is a letter", "/a%2fb", "/a/b", "", 0},
    {"plus stays in a path", "/a+b", "/a+b", "", 0},
    {"plus is a blank in a query", "/?a+b=c+d", "/", "a b=c d;", 0},
    {"an encoded plus stays", "/?a=%2B", "/", "a=+;", 0},
    {"a value may hold '='", "/?a=b=c", "/", "a=b=c;", 0},
    {"a parameter without '='", "/?a", "/", "a=;", 0},
    {"empty parameters are left out", "/?&&a=1&", "/", "a=1;", 0},
    {"an empty query", "/?", "/", "", 0},
    {"a second '?' is a letter", "/?a=?", "/", "a=?;", 0},
    {"decoded once", "/%2541", "/%41", "", 0},
    {"the absolute form", "https://host:1/a?b=1", "/a", "b=1;", 0},
    {"the absolute form without path", "http://host", "", "", 0},
    {"UTF-8", "/%e2%82%ac", "/\xe2\x82\xac", "", 0},
    {"nothing", "", "", "", 0},
    {"'%' at the end", "/a%", NULL, "", 2},
    {"'%' with one digit", "/a%4", NULL, "", 2},
    {"'%' with no digit", "/a%4g", NULL, "", 2},
    {"NUL", "/a%00", NULL, "", 2},
    {"half a letter", "/a%e2%82", NULL, "", 0},
    {"a surrogate", "/?a=%ed%a0%80", NULL, "", 4},
    {"an error behind the first parameter", "/?a=1&b=%", NULL, "", 8},
};

static void append(char *to, struct bytes b)
{
    snprintf(to + strlen(to), b.len + 1, "%.*s", (int)b.len, b.len == 0 ? "" : (const char *)b.data);
}

static void check_row(size_t i)
{
    char *text = strdup(rows[i].text);
    struct arena arena;
    struct target t;
    struct error err = {0};
    char query[256] = "";
    arena_init(&arena, SIZE_MAX);
    const bool ok = target_parse(text, strlen(text), &arena, &t, &err);
    if (ok != (rows[i].path != NULL))
        print_error("%s\n", rows[i].name);
    assert_int_equal(ok, rows[i].path != NULL);
    for (size_t j = 0; ok && j < t.query_count; j++) {
        append(query, t.query[j].name);
        append(query, bytes_text("="));
        append(query, t.query[j].value);
        append(query, bytes_text(";"));
    }
    if (ok) {
        assert_true(bytes_is(t.path, rows[i].path));
        assert_string_equal(query, rows[i].query);
    } else {
        assert_int_equal(err.kind, ERR_ARGUMENT);
        assert_int_equal(err.offset, rows[i].offset);
    }
    arena_free(&arena);
    free(text);
}

static void targets(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++)
        check_row(i);
}

static bool attempt(struct arena *arena, void *arg, struct error *err)
{
    struct target t;
    char text[64];
    strcpy(text, arg);
    return target_parse(text, strlen(text), arena, &t, err);
}

static void memory_may_end_anywhere(void **state)
{
    (void)state;
    test_failing_arena(attempt, (char[]){"/a?b=c&d=e&f=%20"}, 1, 100000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets),
        cmocka_unit_test(memory_may_end_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
