/* Answers: how they are framed, and what happens when they fail on the way. */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cjson/cJSON.h>

static void check_stream(const struct answer *a, size_t from, size_t n)
{
    assert_int_equal(a->len, n);
    for (size_t i = 0; i < n; i++)
        if (a->body[i] != (from + i) % 251)
            fail_msg("byte %zu is wrong", i);
}

static void short_answers_have_a_length_and_long_ones_chunks(void **state)
{
    static const struct {
        const char *path;
        size_t bytes;
        bool chunked;
    } rows[] = {
        {"/stream?bytes=0", 0, false},
        {"/stream?bytes=1", 1, false},
        {"/stream?bytes=65536", 65536, false},
        {"/stream?bytes=65537", 65537, true},
        {"/stream?bytes=5000000", 5000000, true},
        {"/stream?bytes=5000000&size=5000000", 5000000, false},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct answer a;
        char text[256];
        http(*state, &(struct call){.path = rows[i].path}, &a);
        assert_int_equal(a.status, 200);
        assert_false(a.cut);
        check_stream(&a, 0, rows[i].bytes);
        assert_int_equal(answer_header(&a, "Transfer-Encoding", text) != NULL, rows[i].chunked);
        assert_int_equal(answer_header(&a, "Content-Length", text) == NULL, rows[i].chunked);
        answer_free(&a);
    }
}

static void head_of_a_stream_sends_nothing(void **state)
{
    static const char *const paths[] = {"/stream?bytes=100", "/stream?bytes=5000000"};
    struct client *c = client_new(*state);
    for (size_t i = 0; i < ROWS(paths); i++) {
        struct answer a;
        char text[256];
        client_call(c, &(struct call){.method = "HEAD", .path = paths[i]}, &a);
        assert_int_equal(a.status, 200);
        assert_int_equal(a.len, 0);
        assert_false(a.cut);
        if (i == 0)
            assert_string_equal(answer_header(&a, "Content-Length", text), "100");
        answer_free(&a);
    }
    client_free(c);
}

static void an_early_failure_is_a_problem(void **state)
{
    static const char *const paths[] = {"/stream?bytes=100&fail=0", "/stream?bytes=100&fail=99",
                                        "/stream?bytes=5000000&fail=65535"};
    for (size_t i = 0; i < ROWS(paths); i++) {
        struct answer a;
        http(*state, &(struct call){.path = paths[i]}, &a);
        assert_problem(&a, 422, "unrepresentable");
        answer_free(&a);
    }
}

static void a_late_failure_ends_the_connection_and_is_logged(void **state)
{
    struct answer a;
    http(*state,
         &(struct call){.path = "/stream?bytes=5000000&fail=3000000",
                        .headers = {"X-Request-Id: late-failure"}},
         &a);
    assert_int_equal(a.status, 200);
    assert_true(a.cut);
    assert_true(a.len <= 3000000);
    answer_free(&a);
    char *log = server_log(*state, "late-failure");
    const char *line = strstr(log, "late-failure");
    assert_non_null(line);
    assert_non_null(
        strstr(line, "\"cut\":true,\"error\":\"unrepresentable\",\"detail\":\"the stream fails here\""));
    free(log);
}

/* An encoder that gives less than it promised: the client must notice. */
static void a_broken_promise_of_length_is_a_cut(void **state)
{
    struct answer a;
    http(*state, &(struct call){.path = "/stream?bytes=4000000&size=5000000"}, &a);
    assert_int_equal(a.status, 200);
    assert_true(a.cut);
    answer_free(&a);
}

static void the_output_limit_is_kept(void **state)
{
    (void)state;
    static const char *const arguments[] = {"--limit-output=60000", NULL};
    struct server_process s;
    struct answer a;
    char text[256];
    server_start(&s, TEST_MECHANICS, arguments);
    http(&s, &(struct call){.path = "/stream?bytes=60001"}, &a);
    assert_problem(&a, 413, "too-large");
    assert_string_equal(answer_problem(&a, "limit", text), "output");
    answer_free(&a);
    server_stop(&s);
}

static void runs_of_files_are_sent(void **state)
{
    static const struct {
        const char *path;
        size_t offset, size;
    } rows[] = {
        {"/file?offset=0&size=1000000", 0, 1000000},
        {"/file?offset=12345&size=1", 12345, 1},
        {"/file?offset=251&size=500000", 251, 500000},
        {"/file?offset=5&size=0", 5, 0},
    };
    struct client *c = client_new(*state);
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct answer a;
        client_call(c, &(struct call){.path = rows[i].path}, &a);
        assert_int_equal(a.status, 206);
        check_stream(&a, rows[i].offset, rows[i].size);
        answer_free(&a);
        client_call(c, &(struct call){.method = "HEAD", .path = rows[i].path}, &a);
        assert_int_equal(a.len, 0);
        answer_free(&a);
    }
    client_free(c);
}

static void answers_without_body_have_none(void **state)
{
    static const long codes[] = {204, 304};
    struct client *c = client_new(*state);
    for (size_t i = 0; i < ROWS(codes); i++) {
        struct answer a;
        char path[64];
        snprintf(path, sizeof path, "/status?code=%ld", codes[i]);
        client_call(c, &(struct call){.path = path}, &a);
        assert_int_equal(a.status, codes[i]);
        assert_int_equal(a.len, 0);
        assert_int_equal(a.connects, i == 0);
        answer_free(&a);
    }
    client_free(c);
}

/* The server must notice, free everything (the sanitizers look at its exit) and go on. */
static void clients_may_leave_in_the_middle(void **state)
{
    static const char *const requests[] = {
        "GET /stream?bytes=100000000 HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /file?size=1000000 HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /hold?ms=50 HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nbeginning",
        "GET /stre",
    };
    for (size_t i = 0; i < ROWS(requests); i++) {
        const int fd = raw_connect(*state);
        char start[100];
        raw_send(fd, requests[i]);
        if (i < 2)
            assert_true(recv(fd, start, sizeof start, 0) > 0);
        close(fd);
    }
    struct answer a;
    http(*state, &(struct call){.path = "/status"}, &a);
    assert_int_equal(a.status, 204);
    answer_free(&a);
}

static void a_slow_reader_gets_all_of_it(void **state)
{
    const int fd = raw_connect(*state);
    const int small = 16384;
    size_t total = 0;
    uint8_t piece[5000];
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    raw_send(fd, "GET /stream?bytes=1000000 HTTP/1.0\r\n\r\n");
    for (ssize_t n; (n = recv(fd, piece, sizeof piece, 0)) > 0; total += (size_t)n)
        if (total % 7 == 0)
            usleep(200);
    close(fd);
    assert_true(total > 1000000 && total < 1001000);
}

#define TRACE "0af7651916cd43dd8448eb211c80319c"

/* A member of the line that has the id, as text; "" when it is not there. */
static void check_member(const struct server_process *s, const char *id, const char *member,
                         const char *expected)
{
    char sought[64];
    snprintf(sought, sizeof sought, "\"id\":\"%s\"", id);
    char *log = server_log(s, sought);
    char *line = strstr(log, sought);
    while (line > log && line[-1] != '\n')
        line--;
    *strchr(line, '\n') = '\0';
    cJSON *document = cJSON_Parse(line);
    assert_non_null(document);
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(document, member);
    char *text = item == NULL || cJSON_IsString(item) ? NULL : cJSON_PrintUnformatted(item);
    const char *seen = item == NULL ? "" : cJSON_IsString(item) ? item->valuestring : text;
    if (strcmp(expected, "*") == 0 ? item == NULL : strcmp(seen, expected) != 0)
        fail_msg("%s is \"%s\" in %s", member, seen, line);
    cJSON_free(text);
    cJSON_Delete(document);
    free(log);
}

static void a_request_is_one_line_in_the_log(void **state)
{
    static const struct {
        const char *path, *id, *member, *expected; /* "*": anything */
    } rows[] = {
        {"/target/x%22%0ay?q=1", "found", "level", "info"},
        {NULL, "found", "path", "/target/x\"\ny"},
        {NULL, "found", "method", "GET"},
        {NULL, "found", "route", "target"},
        {NULL, "found", "status", "200"},
        {NULL, "found", "in", "0"},
        {NULL, "found", "out", "8"},
        {NULL, "found", "trace_id", TRACE},
        {NULL, "found", "span_id", "*"},
        {NULL, "found", "time", "*"},
        {NULL, "found", "ms", "*"},
        {NULL, "found", "wait_ms", "0"},
        {NULL, "found", "decode_ms", "*"},
        {NULL, "found", "encode_ms", "0"},
        {NULL, "found", "remote", "127.0.0.1"},
        {NULL, "found", "principal", ""},
        {NULL, "found", "error", ""},
        {NULL, "found", "cut", ""},
        {"/nowhere", "lost", "level", "warning"},
        {NULL, "lost", "status", "404"},
        {NULL, "lost", "route", ""},
        {NULL, "lost", "error", "not-found"},
        {NULL, "lost", "detail", "there is no such endpoint"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        char id[80];
        struct answer a;
        snprintf(id, sizeof id, "X-Request-Id: %s", rows[i].id);
        if (rows[i].path != NULL) {
            http(*state,
                 &(struct call){.path = rows[i].path,
                                .headers = {id, "traceparent: 00-" TRACE "-b7ad6b7169203331-01"}},
                 &a);
            answer_free(&a);
        }
        check_member(*state, rows[i].id, rows[i].member, rows[i].expected);
    }
}

static void a_trace_that_is_not_understood_is_a_new_one(void **state)
{
    static const struct {
        const char *id, *first, *second;
        bool kept;
    } rows[] = {
        {"once", "traceparent: 00-" TRACE "-b7ad6b7169203331-01", NULL, true},
        {"twice", "traceparent: 00-" TRACE "-b7ad6b7169203331-01",
         "traceparent: 00-" TRACE "-b7ad6b7169203331-01", false},
        {"upper", "traceparent: 00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", NULL, false},
        {"short", "traceparent: 00-" TRACE "-b7ad6b7169203331", NULL, false},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        char id[80];
        struct answer a;
        snprintf(id, sizeof id, "X-Request-Id: %s", rows[i].id);
        http(*state, &(struct call){.path = "/target/x", .headers = {id, rows[i].first, rows[i].second}}, &a);
        assert_int_equal(a.status, 200);
        answer_free(&a);
        check_member(*state, rows[i].id, "trace_id", rows[i].kept ? TRACE : "*");
        char *log = server_log(*state, rows[i].id);
        const char *line = strstr(log, rows[i].id);
        assert_int_equal(strncmp(strstr(line, "\"trace_id\":\"") + 12, TRACE, 32) == 0, rows[i].kept);
        free(log);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_answers_have_a_length_and_long_ones_chunks),
        cmocka_unit_test(head_of_a_stream_sends_nothing),
        cmocka_unit_test(an_early_failure_is_a_problem),
        cmocka_unit_test(a_late_failure_ends_the_connection_and_is_logged),
        cmocka_unit_test(a_broken_promise_of_length_is_a_cut),
        cmocka_unit_test(the_output_limit_is_kept),
        cmocka_unit_test(runs_of_files_are_sent),
        cmocka_unit_test(answers_without_body_have_none),
        cmocka_unit_test(clients_may_leave_in_the_middle),
        cmocka_unit_test(a_slow_reader_gets_all_of_it),
        cmocka_unit_test(a_request_is_one_line_in_the_log),
        cmocka_unit_test(a_trace_that_is_not_understood_is_a_new_one),
    };
    return cmocka_run_group_tests(tests, start_mechanics, stop_server);
}
