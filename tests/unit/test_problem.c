#include "support.h"

#include "problem.h"

#include <cjson/cJSON.h>
#include <stdlib.h>

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

static cJSON *document_of(const struct error *err, struct reply *reply)
{
    problem_reply(err, &(struct request){.id = "request-1", .arena = &arena}, reply);
    assert_int_equal(reply->kind, REPLY_BYTES);
    assert_string_equal(reply->headers[0].name, "Content-Type");
    assert_string_equal(reply->headers[0].value, "application/problem+json");
    cJSON *document = cJSON_ParseWithLength((const char *)reply->bytes.data, reply->bytes.len);
    assert_non_null(document);
    return document;
}

static void assert_text(const cJSON *document, const char *name, const char *expect)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(document, name));
    assert_non_null(text);
    assert_string_equal(text, expect);
}

static void every_kind_has_a_row(void **state)
{
    (void)state;
    for (enum error_kind kind = ERR_NONE; kind < ERR_KIND_COUNT; kind++) {
        assert_in_range(problems[kind].status, 400, 599);
        assert_non_null(problems[kind].slug);
        assert_non_null(problems[kind].title);
        assert_int_equal(problem_status(kind), problems[kind].status);
        assert_true(kind == ERR_NONE || problem_advice[kind].meaning != NULL);
        assert_true(kind == ERR_NONE || problem_advice[kind].remedy != NULL);
    }
}

static void a_limit_is_named(void **state)
{
    (void)state;
    struct error err = {0};
    struct reply reply = {.kind = REPLY_FILE, .fd = 7};
    error_set_limit(&err, "depth", 10000, "too deep");
    error_set_pointer(&err, "/a/0");
    cJSON *document = document_of(&err, &reply);
    assert_int_equal(reply.status, 413);
    assert_text(document, "type", "/problems/too-large");
    assert_text(document, "instance", "request-1");
    assert_text(document, "detail", "too deep");
    assert_text(document, "pointer", "/a/0");
    assert_text(document, "limit", "depth");
    assert_true(cJSON_GetNumberValue(cJSON_GetObjectItem(document, "limit_value")) == 10000);
    assert_true(cJSON_GetNumberValue(cJSON_GetObjectItem(document, "status")) == 413);
    assert_null(cJSON_GetObjectItem(document, "offset"));
    cJSON_Delete(document);
}

static void the_first_byte_is_an_offset_too(void **state)
{
    (void)state;
    struct error err = {0};
    struct reply reply;
    error_set(&err, ERR_SYNTAX, 0, "no");
    cJSON *document = document_of(&err, &reply);
    assert_int_equal(reply.status, 400);
    assert_true(cJSON_GetNumberValue(cJSON_GetObjectItem(document, "offset")) == 0);
    assert_null(cJSON_GetObjectItem(document, "limit"));
    assert_null(cJSON_GetObjectItem(document, "pointer"));
    cJSON_Delete(document);
}

static void what_a_client_sent_is_escaped_and_made_valid(void **state)
{
    (void)state;
    struct error err = {0};
    struct reply reply;
    error_set(&err, ERR_ARGUMENT, ERROR_NO_OFFSET, "a \"quote\", \x01, \xc3\xa9, \xff and \xc3");
    cJSON *document = document_of(&err, &reply);
    assert_text(document, "detail", "a \"quote\", \x01, \xc3\xa9, ? and ?");
    cJSON_Delete(document);
}

static void formats_are_listed(void **state)
{
    (void)state;
    const enum error_kind kinds[] = {ERR_FORMAT, ERR_NOT_ACCEPTABLE};
    for (size_t i = 0; i < ROWS(kinds); i++) {
        struct error err = {0};
        struct reply reply;
        error_set(&err, kinds[i], ERROR_NO_OFFSET, "no");
        cJSON *document = document_of(&err, &reply);
        assert_true(cJSON_IsArray(cJSON_GetObjectItem(document, "formats")));
        cJSON_Delete(document);
    }
}

static void busy_says_when_to_come_back(void **state)
{
    (void)state;
    struct error err = {0};
    struct reply reply;
    error_set(&err, ERR_BUSY, ERROR_NO_OFFSET, "busy");
    cJSON_Delete(document_of(&err, &reply));
    assert_string_equal(reply.headers[1].name, "Retry-After");
}

static void a_spent_budget_is_still_told(void **state)
{
    (void)state;
    struct arena small;
    arena_init(&small, 0);
    struct error err = {0};
    struct reply reply;
    assert_false(arena_fail(&small, &err));
    problem_reply(&err, &(struct request){.id = "r", .arena = &small}, &reply);
    assert_int_equal(reply.status, 413);
    assert_non_null(strstr((const char *)reply.bytes.data, "\"limit\":\"memory\""));
    arena_free(&small);
}

static void *no_memory(size_t n)
{
    (void)n;
    return NULL;
}

static void without_memory_the_document_is_short_but_whole(void **state)
{
    (void)state;
    static const struct {
        const char *name, *base, *id, *expect;
    } rows[] = {
        {"nothing is known", NULL, NULL,
         "{\"type\":\"/problems/out-of-memory\",\"title\":\"The server has no memory left\",\"status\":503}"},
        {"behind a gateway", "/b", "7\"\\",
         "{\"type\":\"/b/problems/out-of-memory\",\"title\":\"The server has no memory left\",\"status\":503,"
         "\"instance\":\"7\\\"\\\\\"}"},
    };
    cJSON_InitHooks(&(cJSON_Hooks){.malloc_fn = no_memory, .free_fn = free});
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct arena none;
        struct error err = {0};
        struct reply reply;
        char spare[PROBLEM_BRIEF];
        const struct request request = {
            .id = rows[i].id, .arena = &none, .origin.base = rows[i].base, .spare = spare};
        arena_init(&none, 0);
        error_set(&err, ERR_SYNTAX, 0, "no");
        problem_reply(&err, &request, &reply);
        assert_int_equal(reply.status, 503);
        if (!bytes_is(reply.bytes, rows[i].expect))
            fail_msg("%s: %.*s", rows[i].name, (int)reply.bytes.len, (const char *)reply.bytes.data);
        arena_free(&none);
    }
    cJSON_InitHooks(NULL);
}

static void a_budget_without_end_is_not_spent_by_an_allowance(void **state)
{
    (void)state;
    struct arena endless;
    struct error err = {0};
    struct reply reply;
    arena_init(&endless, SIZE_MAX);
    error_set(&err, ERR_SYNTAX, 0, "no");
    problem_reply(&err, &(struct request){.id = "r", .arena = &endless}, &reply);
    assert_int_equal(reply.status, 400);
    arena_free(&endless);
}

static void headers_have_an_end(void **state)
{
    (void)state;
    struct reply reply = {0};
    for (unsigned i = 0; i < REPLY_HEADERS_MAX; i++)
        assert_true(reply_header(&reply, "A", "b"));
    assert_false(reply_header(&reply, "A", "b"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_has_a_row),
        cmocka_unit_test_setup_teardown(a_limit_is_named, setup, teardown),
        cmocka_unit_test_setup_teardown(the_first_byte_is_an_offset_too, setup, teardown),
        cmocka_unit_test_setup_teardown(what_a_client_sent_is_escaped_and_made_valid, setup, teardown),
        cmocka_unit_test_setup_teardown(formats_are_listed, setup, teardown),
        cmocka_unit_test_setup_teardown(busy_says_when_to_come_back, setup, teardown),
        cmocka_unit_test(a_spent_budget_is_still_told),
        cmocka_unit_test(without_memory_the_document_is_short_but_whole),
        cmocka_unit_test(a_budget_without_end_is_not_spent_by_an_allowance),
        cmocka_unit_test(headers_have_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
