#include "recall.h"
#include "support.h"

#include <stdlib.h>

static const struct param one[] = {{{(const uint8_t *)"path", 4}, {(const uint8_t *)"/a", 2}}};
static const struct param shifted[] = {{{(const uint8_t *)"path/", 5}, {(const uint8_t *)"a", 1}}};
static const struct param two[] = {{{(const uint8_t *)"path", 4}, {(const uint8_t *)"/a", 2}},
                                   {{(const uint8_t *)"b", 1}, {NULL, 0}}};

static struct request request_of(const char *path, const struct param *query, size_t count,
                                 struct arena *arena)
{
    return (struct request){.path = bytes_text(path), .query = query, .query_count = count, .arena = arena};
}

static struct reply reply_of(const char *etag)
{
    struct reply reply = {.status = 200};
    reply_header(&reply, "Content-Type", "application/json");
    reply_header(&reply, "ETag", etag);
    return reply;
}

static struct recall *recall_new(void)
{
    struct recall *r = malloc(sizeof *r);
    assert_non_null(r);
    recall_init(r);
    return r;
}

static void recall_free(struct recall *r)
{
    recall_deinit(r);
    free(r);
}

static void only_the_same_is_recalled(void **state)
{
    (void)state;
    static const struct {
        const char *name, *path, *etag;
        const struct param *query;
        size_t count;
        bool found;
    } rows[] = {
        {"the same", "/v1/meta/x", "\"1\"", one, 1, true},
        {"another ETag", "/v1/meta/x", "\"2\"", one, 1, false},
        {"another path", "/v1/meta/y", "\"1\"", one, 1, false},
        {"no query", "/v1/meta/x", "\"1\"", NULL, 0, false},
        {"a longer query", "/v1/meta/x", "\"1\"", two, 2, false},
        {"the same letters, cut elsewhere", "/v1/meta/x", "\"1\"", shifted, 1, false},
    };
    struct recall *r = recall_new();
    struct arena arena;
    arena_init(&arena, SIZE_MAX);
    const struct request request = request_of("/v1/meta/x", one, 1, &arena);
    const struct reply reply = reply_of("\"1\"");
    recall_put(r, &request, &reply, bytes_text("body"));
    for (size_t i = 0; i < ROWS(rows); i++) {
        const struct request other = request_of(rows[i].path, rows[i].query, rows[i].count, &arena);
        struct reply out = {.status = 77};
        const bool found = recall_find(r, &other, rows[i].etag, &out);
        if (found != rows[i].found)
            print_error("%s\n", rows[i].name);
        assert_int_equal(found, rows[i].found);
        assert_int_equal(out.status, found ? 200 : 77);
        if (!found)
            continue;
        assert_true(bytes_is(out.bytes, "body"));
        assert_int_equal(out.header_count, 2);
        assert_string_equal(out.headers[0].name, "Content-Type");
        assert_string_equal(out.headers[1].value, "\"1\"");
    }
    arena_free(&arena);
    recall_free(r);
}

static void a_newer_answer_takes_the_place(void **state)
{
    (void)state;
    struct recall *r = recall_new();
    struct arena arena;
    struct reply out;
    arena_init(&arena, SIZE_MAX);
    const struct request request = request_of("/x", NULL, 0, &arena);
    const struct reply reply = reply_of("\"1\"");
    recall_put(r, &request, &reply, bytes_text("old"));
    recall_put(r, &request, &reply, bytes_text(""));
    assert_true(recall_find(r, &request, "\"1\"", &out));
    assert_int_equal(out.bytes.len, 0);
    arena_free(&arena);
    recall_free(r);
}

static void what_is_too_long_is_not_kept(void **state)
{
    (void)state;
    static uint8_t body[RECALL_BODY_MAX + 1];
    static char path[10000];
    memset(path, 'x', sizeof path - 1);
    struct recall *r = recall_new();
    struct arena arena;
    struct reply out;
    arena_init(&arena, SIZE_MAX);
    const struct request request = request_of("/x", NULL, 0, &arena), far = request_of(path, NULL, 0, &arena);
    const struct reply reply = reply_of("\"1\""), nameless = {.status = 200};
    recall_put(r, &request, &reply, bytes_of(body, sizeof body));
    assert_false(recall_find(r, &request, "\"1\"", &out));
    recall_put(r, &request, &nameless, bytes_text("body"));
    assert_false(recall_find(r, &request, "", &out));
    recall_put(r, &far, &reply, bytes_text("body"));
    assert_false(recall_find(r, &far, "\"1\"", &out));
    arena_free(&arena);
    recall_free(r);
}

static void without_memory_nothing_is_recalled(void **state)
{
    (void)state;
    struct recall *r = recall_new();
    struct arena arena;
    struct reply out = {.status = 77};
    arena_init(&arena, 0);
    const struct request request = request_of("/x", NULL, 0, &arena);
    const struct reply reply = reply_of("\"1\"");
    recall_put(r, &request, &reply, bytes_text("body"));
    assert_false(recall_find(r, &request, "\"1\"", &out));
    assert_int_equal(out.status, 77);
    arena_free(&arena);
    recall_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_same_is_recalled),
        cmocka_unit_test(a_newer_answer_takes_the_place),
        cmocka_unit_test(what_is_too_long_is_not_kept),
        cmocka_unit_test(without_memory_nothing_is_recalled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
