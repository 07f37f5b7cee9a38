#include "support.h"

#include "access.h"
#include "base64.h"

enum { NOW = 1700000000, LONG_AGO = 1000 };

static void durations_have_units(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t seconds; /* 0: it is none */
    } rows[] = {
        {"90", 90},       {"90s", 90},
        {"15m", 900},     {"12h", 43200},
        {"30d", 2592000}, {"36525d", 3155760000},
        {"", 0},          {"0", 0},
        {"0d", 0},        {"36526d", 0},
        {"1w", 0},        {"1 d", 0},
        {"-1d", 0},       {"1dd", 0},
        {"d", 0},         {"99999999999999999", 0},
        {"1e3", 0},       {"9999999999999999999999s", 0},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        int64_t seconds = 0;
        assert_int_equal(duration_read(rows[i].text, &seconds), rows[i].seconds != 0);
        assert_int_equal(seconds, rows[i].seconds);
    }
}

/* Tokens made here, and the rows that know them, read back. */
static void a_token_opens_what_its_row_says(void **state)
{
    (void)state;
    static const struct token_row rows[] = {
        {"alice", SCOPE_READ, "team%2fa,b%20c,", 0},
        {"alice", SCOPE_READ | SCOPE_WRITE, NULL, NOW + 10},
        {"a.b_c-d", SCOPE_ADMIN, NULL, 0},
        {"old", SCOPE_READ, NULL, LONG_AGO},
    };
    char text[4096] = "# rows\n\n  bob read * - - -\r\n";
    const char *tokens[ROWS(rows)], *line;
    struct arena arena;
    struct error err = {0};
    struct access access = {.jwt_issuer = "", .jwt_audience = ""};
    arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < ROWS(rows); i++) {
        assert_true(token_make(&rows[i], &arena, &tokens[i], &line, &err));
        strcat(text, line);
    }
    assert_true(tokens_read(bytes_text(text), &arena, &access.tokens, &err));
    for (size_t i = 0; i < ROWS(rows); i++) {
        const struct credentials c = {.authorization = arena_printf(&arena, "Bearer %s", tokens[i])};
        const bool ended = rows[i].expires == LONG_AGO;
        struct grant g = {0};
        err = (struct error){0};
        assert_int_equal(access_judge(&access, &c, NOW, &arena, &g, &err), !ended);
        assert_int_equal(err.kind, ended ? ERR_UNAUTHORIZED : ERR_NONE);
        assert_int_equal(g.scopes, ended ? 0 : rows[i].scopes);
        assert_int_equal(g.prefix_count, rows[i].paths == NULL ? 0 : 2);
        assert_true(i > 0 || (bytes_is(g.prefixes[0], "team/a") && bytes_is(g.prefixes[1], "b c")));
    }
    const struct credentials late = {.authorization = arena_printf(&arena, "Bearer %s", tokens[1])};
    struct grant g;
    assert_false(access_judge(&access, &late, NOW + 10, &arena, &g, &err));
    arena_free(&arena);
}

static void a_name_that_no_header_could_hold_gets_no_token(void **state)
{
    (void)state;
    static const char *const names[] = {"", "a b", "a:b", "a/b", "\xc3\xa9", "a\n"};
    const char *token, *line;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < ROWS(names); i++) {
        struct error err = {0};
        const struct token_row row = {names[i], SCOPE_READ, NULL, 0};
        assert_false(token_make(&row, &arena, &token, &line, &err));
        assert_int_equal(err.kind, ERR_ARGUMENT);
    }
    static const char *const paths[] = {"a b", "%0", "%zz", "%00", "a\nb read * - - -", "%ff"};
    for (size_t i = 0; i < ROWS(paths); i++) {
        struct error err = {0};
        const struct token_row row = {"a", SCOPE_READ, paths[i], 0};
        assert_false(token_make(&row, &arena, &token, &line, &err));
    }
    arena_free(&arena);
}

/* ---- all that can be said, with too little memory to understand it ---- */

struct claim {
    struct access access;
    const struct signing_keys *signing_keys;
    const char *authorization;
};

static bool judge(struct arena *arena, void *arg, struct error *err)
{
    const struct claim *c = arg;
    const struct credentials credentials = {.authorization = c->authorization};
    struct grant g;
    return access_judge(&c->access, &credentials, NOW, arena, &g, err);
}

static bool check_link(struct arena *arena, void *arg, struct error *err)
{
    const struct claim *c = arg;
    const char *signature;
    struct signed_param query[] = {
        {bytes_text("expires"), bytes_text("1700000001")}, {bytes_text("a"), bytes_text("b&c")}, {{0}, {0}}};
    struct signed_link link = {bytes_text("/v1/files/x"), query, 2};
    if (!signed_link_sign(c->signing_keys, &link, arena, &signature, err))
        return false;
    query[2] = (struct signed_param){bytes_text("signature"), bytes_text(signature)};
    link.query_count = 3;
    return signed_link_check(c->signing_keys, &link, NOW, arena, err);
}

/* HS256 over {"alg":"HS256"}.{"sub":"x","scope":"read","paths":["a"],"exp":1700000001} with 32 times 'k'. */
static const char web_token[] =
    "Bearer "
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4Iiwic2NvcGUiOiJyZWFkIiwicGF0aHMiOlsiYSJdLCJleHAiOjE3MDAwMDAwMDF9."
    "e_DpEkRHgdo_F7HtwosRSHamdXm8J9NKuC0KxH6vPUM";

static void too_little_memory_is_a_limit(void **state)
{
    (void)state;
    struct arena arena;
    struct error err = {0};
    struct claim c = {.access = {.jwt_issuer = "", .jwt_audience = ""}};
    const char *token, *line;
    arena_init(&arena, 4 << 20);
    assert_true(token_make(&(struct token_row){"x", SCOPE_READ, "a,b", 0}, &arena, &token, &line, &err));
    const struct bytes keys =
        bytes_text("{\"keys\":[{\"kty\":\"oct\",\"k\":\"a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s\"}]}");
    assert_true(tokens_read(bytes_text(line), &arena, &c.access.tokens, &err));
    assert_true(
        signing_keys_read(bytes_text("0123456789abcdef0123456789abcdef\n"), &arena, &c.signing_keys, &err));
    const char *pair = arena_printf(&arena, "x:%s", token);
    char *basic = arena_alloc(&arena, 1, 2 * strlen(pair) + 8);
    memcpy(basic, "Basic ", 6);
    base64_encode(bytes_text(pair), (uint8_t *)basic + 6);
    c.authorization = basic;
    test_failing_arena(judge, &c, 64, 10000);
    test_failing_arena(check_link, &c, 1024, 10000);
    assert_true(jwt_keys_read(keys, &arena, &c.access.jwt_keys, &err));
    c.authorization = web_token;
    test_failing_arena(judge, &c, 64, 10000);
    test_failing_arena(judge, &c, 64, 10000); /* now it is remembered */
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_have_units),
        cmocka_unit_test(a_token_opens_what_its_row_says),
        cmocka_unit_test(a_name_that_no_header_could_hold_gets_no_token),
        cmocka_unit_test(too_little_memory_is_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
