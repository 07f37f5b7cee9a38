#include "multipart.h"
#include "support.h"

#include <stdlib.h>

#define B "\r\n--b"
static const struct {
    const char *name, *type, *body;
    const char *expect; /* the parts joined with '|'; NULL: it is malformed */
} rows[] = {
    {"one part", "multipart/mixed; boundary=b", "--b\r\n\r\none" B "--", "one"},
    {"two with headers", "multipart/form-data; boundary=\"b\"",
     "--b\r\nA: 1\r\n\r\none" B "\r\nA: 2\r\nB: 3\r\n\r\ntwo" B "--\r\n", "one|two"},
    {"empty parts", "multipart/mixed;boundary=b", "--b\r\n\r\n" B "\r\n\r\n" B "--", "|"},
    {"line ends are content", "multipart/mixed; boundary=b", "--b\r\n\r\n\r\n\r\n" B "--", "\r\n\r\n"},
    {"text before and after", "multipart/mixed; boundary=b", "hello" B "\r\n\r\none" B "--\r\nbye", "one"},
    {"blanks after the boundary", "multipart/mixed; boundary=b", "--b \t\r\n\r\none" B " \r\n\r\ntwo" B "--",
     "one|two"},
    {"what only begins like the boundary", "multipart/mixed; boundary=b",
     "--b\r\n\r\none" B "x\r\ntwo" B "--", "one" B "x\r\ntwo"},
    {"other parameters", "Multipart/Mixed; charset=x; BOUNDARY=b; y=z", "--b\r\n\r\none" B "--", "one"},
    {"a parameter that ends in the name", "multipart/mixed; xboundary=c; boundary=b", "--b\r\n\r\none" B "--",
     "one"},
    {"a boundary in another value", "multipart/mixed; a=\"; boundary=c\"; boundary=b",
     "--b\r\n\r\none" B "--", "one"},
    {"a boundary behind an escaped quote", "multipart/mixed; a=\"\\\"; boundary=c\"; boundary=b",
     "--b\r\n\r\none" B "--", "one"},
    {"an escape in the boundary", "multipart/mixed; boundary=\"\\b\"", "--b\r\n\r\none" B "--", "one"},
    {"a boundary with blanks and a semicolon", "multipart/mixed; boundary=\"b; c\"",
     "--b; c\r\n\r\none\r\n--b; c--", "one"},
    {"the first of two", "multipart/mixed; boundary=b; boundary=c", "--b\r\n\r\none" B "--", "one"},
    {"blanks around the sign", "multipart/mixed ; boundary = b ", "--b\r\n\r\none" B "--", "one"},
    {"empty parameters", "multipart/mixed;;a;; boundary=b;", "--b\r\n\r\none" B "--", "one"},
    {"only in the subtype", "multipart/boundary=b", "--b\r\n\r\none" B "--", NULL},
    {"only in another name", "multipart/mixed; xboundary=b", "--b\r\n\r\none" B "--", NULL},
    {"only in another value", "multipart/mixed; a=\"boundary=b\"", "--b\r\n\r\none" B "--", NULL},
    {"one without an end quote", "multipart/mixed; boundary=\"b", "--b\r\n\r\none" B "--", "one"},
    {"one of 71 characters",
     "multipart/mixed; boundary=bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
     "--b\r\n\r\none" B "--", NULL},
    {"no boundary", "multipart/mixed", "--b\r\n\r\none" B "--", NULL},
    {"an empty one", "multipart/mixed; boundary=", "--b\r\n\r\none" B "--", NULL},
    {"another one", "multipart/mixed; boundary=c", "--b\r\n\r\none" B "--", NULL},
    {"a part without end", "multipart/mixed; boundary=b", "--b\r\n\r\none" B "\r\n\r\ntwo", NULL},
    {"headers without end", "multipart/mixed; boundary=b", "--b\r\nA: 1" B "--", NULL},
    {"no part", "multipart/mixed; boundary=b", "--b--", NULL},
    {"nothing", "multipart/mixed; boundary=b", "", NULL},
};

static void parts_are_what_is_between_boundaries(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct arena arena;
        struct error err = {0};
        const struct bytes *parts;
        size_t count;
        char joined[200] = "";
        const size_t len = strlen(rows[i].body);
        char *body = malloc(len == 0 ? 1 : len); /* of exactly this size: a read past it is seen */
        memcpy(body, rows[i].body, len);
        arena_init(&arena, 1 << 20);
        print_message("%s\n", rows[i].name);
        assert_true(multipart_is(rows[i].type));
        assert_int_equal(
            multipart_split(rows[i].type, bytes_of(body, len), &limits_default, &arena, &parts, &count, &err),
            rows[i].expect != NULL);
        assert_int_equal(err.kind, rows[i].expect == NULL ? ERR_SYNTAX : ERR_NONE);
        for (size_t k = 0; rows[i].expect != NULL && k < count; k++) {
            strcat(joined, k == 0 ? "" : "|");
            strncat(joined, (const char *)parts[k].data, parts[k].len);
        }
        assert_string_equal(joined, rows[i].expect == NULL ? "" : rows[i].expect);
        arena_free(&arena);
        free(body);
    }
    assert_false(multipart_is(NULL));
    assert_false(multipart_is("application/json"));
}

static void parts_have_a_limit(void **state)
{
    (void)state;
    struct arena arena;
    struct error err = {0};
    struct limits limits = limits_default;
    const struct bytes *parts;
    size_t count;
    limits.members = 2;
    arena_init(&arena, 1 << 20);
    assert_false(multipart_split("multipart/mixed; boundary=b",
                                 bytes_text("--b\r\n\r\n1" B "\r\n\r\n2" B "\r\n\r\n3" B "--"), &limits,
                                 &arena, &parts, &count, &err));
    assert_string_equal(err.limit, "members");
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_what_is_between_boundaries),
        cmocka_unit_test(parts_have_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
