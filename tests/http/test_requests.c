/* Requests as they come: targets, methods, ids, connections. */
#include "harness.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <curl/curl.h>

static void probes_answer(void **state)
{
    static const char *const paths[] = {"/healthz", "/readyz"};
    for (size_t i = 0; i < ROWS(paths); i++) {
        struct answer a;
        http(*state, &(struct call){.path = paths[i]}, &a);
        assert_int_equal(a.status, 200);
        answer_free(&a);
    }
}

static void methods_follow_the_table(void **state)
{
    static const struct {
        const char *method, *path;
        long status;
        const char *allow;
    } rows[] = {
        {"GET", "/nowhere", 404, NULL},
        {"OPTIONS", "/nowhere", 404, NULL},
        {"GET", "/problems/nothing", 404, NULL},
        {"GET", "/docs/nothing.js", 404, NULL},
        {"POST", "/", 405, "GET, HEAD, OPTIONS"},
        {"POST", "/healthz", 405, "GET, HEAD, OPTIONS"},
        {"DELETE", "/healthz", 405, "GET, HEAD, OPTIONS"},
        {"BREW", "/healthz", 405, "GET, HEAD, OPTIONS"},
        {"OPTIONS", "/healthz", 204, "GET, HEAD, OPTIONS"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct answer a;
        char text[256];
        http(*state, &(struct call){.method = rows[i].method, .path = rows[i].path}, &a);
        if (rows[i].status == 204)
            assert_int_equal(a.len, 0);
        else
            assert_problem(&a, rows[i].status, rows[i].status == 404 ? "not-found" : "method-not-allowed");
        assert_int_equal(a.status, rows[i].status);
        const char *allow = answer_header(&a, "Allow", text);
        assert_true((allow == NULL) == (rows[i].allow == NULL));
        if (allow != NULL)
            assert_string_equal(allow, rows[i].allow);
        answer_free(&a);
    }
}

static void head_is_get_without_the_body(void **state)
{
    static const char *const paths[] = {"/healthz", "/nowhere"};
    for (size_t i = 0; i < ROWS(paths); i++) {
        struct answer get, head;
        char a[256], b[256];
        const struct call call = {.path = paths[i], .headers = {"X-Request-Id: same"}};
        const struct call bodiless = {.method = "HEAD", .path = paths[i], .headers = {"X-Request-Id: same"}};
        http(*state, &call, &get);
        http(*state, &bodiless, &head);
        assert_int_equal(head.status, get.status);
        assert_int_equal(head.len, 0);
        assert_string_equal(answer_header(&head, "Content-Length", a),
                            answer_header(&get, "Content-Length", b));
        assert_string_equal(answer_header(&head, "Content-Type", a), answer_header(&get, "Content-Type", b));
        answer_free(&get);
        answer_free(&head);
    }
}

static void request_ids_are_kept_when_they_are_sound(void **state)
{
    char longest[160] = "X-Request-Id: ", too_long[160] = "X-Request-Id: ";
    memset(longest + 14, 'x', 128);
    memset(too_long + 14, 'x', 129);
    const struct {
        const char *header;
        bool kept;
    } rows[] = {
        {"X-Request-Id: a", true}, {"X-Request-Id: 7f-{\"\\", true},   {longest, true},
        {too_long, false},         {"X-Request-Id: two words", false}, {"X-Request-Id: caf\xc3\xa9", false},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct answer a;
        char id[256], text[256];
        http(*state, &(struct call){.path = "/nowhere", .headers = {rows[i].header}}, &a);
        assert_non_null(answer_header(&a, "X-Request-Id", id));
        assert_int_equal(strcmp(id, rows[i].header + 14) == 0, rows[i].kept);
        assert_string_equal(answer_problem(&a, "instance", text), id);
        answer_free(&a);
    }
}

static void generated_request_ids_differ(void **state)
{
    struct answer a, b;
    char one[256], other[256];
    http(*state, &(struct call){.path = "/healthz"}, &a);
    http(*state, &(struct call){.path = "/healthz"}, &b);
    assert_string_not_equal(answer_header(&a, "X-Request-Id", one), answer_header(&b, "X-Request-Id", other));
    answer_free(&a);
    answer_free(&b);
}

static void every_answer_says_how_long_it_took(void **state)
{
    struct answer a;
    char text[256];
    http(*state, &(struct call){.path = "/healthz"}, &a);
    assert_non_null(strstr(answer_header(&a, "Server-Timing", text), "total;dur="));
    assert_string_equal(answer_header(&a, "X-Content-Type-Options", text), "nosniff");
    answer_free(&a);
}

static void targets_that_are_wrong_are_problems(void **state)
{
    static const struct {
        const char *path, *offset;
    } rows[] = {
        {"/healthz?a=%zz", "11"}, {"/healthz?a=%4", "11"}, {"/healthz?%", "9"}, {"/%", "1"},
        {"/a%00b", "2"},          {"/%ff", "0"},           {"/a?b=%c3", "5"},   {"/%ed%a0%80", "0"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct answer a;
        char text[256];
        http(*state, &(struct call){.path = rows[i].path}, &a);
        assert_problem(&a, 400, "bad-parameter");
        assert_string_equal(answer_problem(&a, "offset", text), rows[i].offset);
        answer_free(&a);
    }
}

static void unknown_parameters_are_problems(void **state)
{
    struct answer a;
    http(*state, &(struct call){.path = "/healthz?colour=red"}, &a);
    assert_problem(&a, 400, "bad-parameter");
    answer_free(&a);
}

static void targets_are_decoded_once(void **state)
{
    static const struct {
        const char *path, *seen;
    } rows[] = {
        {"/target/a?b=c", "b=c\na"},
        {"/target/a%2Fb/c", "a/b/c"},
        {"/target/a+b?c+d=e+f", "c d=e f\na+b"},
        {"/target/%2541", "%41"},
        {"/target/x?a=1&a=2&&b&=c", "a=1\na=2\nb=\n=c\nx"},
        {"/target/x?a=b=c", "a=b=c\nx"},
        {"/target/x?%26=%3D", "&==\nx"},
        {"/target/%C3%A9?%E2%82%AC=%F0%9F%98%80", "\xe2\x82\xac=\xf0\x9f\x98\x80\n\xc3\xa9"},
        {"/target/a?", "a"},
        {"/target/../a", "../a"},
        {"/target/a?x=a?b/c", "x=a?b/c\na"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct answer a;
        http(*state, &(struct call){.path = rows[i].path}, &a);
        assert_int_equal(a.status, 200);
        assert_string_equal((char *)a.body, rows[i].seen);
        answer_free(&a);
    }
}

static void a_proxy_may_send_the_absolute_form(void **state)
{
    const int fd = raw_connect(*state);
    raw_send(
        fd, "GET http://example.org/target/a?b=c HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n\r\n");
    char *answer = raw_read(fd);
    assert_non_null(strstr(answer, "\r\n\r\nb=c\na"));
    free(answer);
}

static void a_connection_is_used_again(void **state)
{
    struct client *c = client_new(*state);
    for (int i = 0; i < 5; i++) {
        struct answer a;
        client_call(c, &(struct call){.path = i % 2 == 0 ? "/status?code=204" : "/nowhere"}, &a);
        assert_int_equal(a.status, i % 2 == 0 ? 204 : 404);
        assert_int_equal(a.connects, i == 0);
        answer_free(&a);
    }
    client_free(c);
}

static void http_1_0_is_spoken(void **state)
{
    struct answer a;
    http(*state, &(struct call){.path = "/stream?bytes=200000", .http = CURL_HTTP_VERSION_1_0}, &a);
    assert_int_equal(a.status, 200);
    assert_int_equal(a.len, 200000);
    assert_false(a.cut);
    answer_free(&a);
}

static void requests_may_be_pipelined(void **state)
{
    const int fd = raw_connect(*state);
    raw_send(fd, "GET /target/1 HTTP/1.1\r\nHost: a\r\n\r\nGET /target/2 HTTP/1.1\r\nHost: a\r\n"
                 "Connection: close\r\n\r\n");
    char *answer = raw_read(fd);
    const char *first = strstr(answer, "\r\n\r\n1");
    assert_non_null(first);
    assert_non_null(strstr(first, "\r\n\r\n2"));
    free(answer);
}

static void a_request_may_come_byte_by_byte(void **state)
{
    static const char request[] =
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";
    const int fd = raw_connect(*state);
    for (const char *c = request; *c != '\0'; c++) {
        raw_send(fd, (const char[]){*c, '\0'});
        usleep(200);
    }
    char *answer = raw_read(fd);
    assert_non_null(strstr(answer, "\r\n\r\nhello"));
    free(answer);
}

/* What the parser of HTTP itself refuses: whatever it says, the server lives. */
static void broken_requests_do_no_harm(void **state)
{
    static const char *const rows[] = {
        "\r\n\r\n\r\n",
        "GET\r\n\r\n",
        "GET /healthz HTTP/9.9\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nno colon\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf",
        "\x16\x03\x01\x02",
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        const int fd = raw_connect(*state);
        raw_send(fd, rows[i]);
        shutdown(fd, SHUT_WR);
        free(raw_read(fd));
    }
    struct answer a;
    http(*state, &(struct call){.path = "/status"}, &a);
    assert_int_equal(a.status, 204);
    answer_free(&a);
}

/* Nothing of what comes behind is taken for a request. */
static void a_body_that_may_end_elsewhere_is_refused(void **state)
{
    static const char *const rows[] = {
        "Content-Length: 5\r\nContent-Length: 7\r\n\r\nhello",
        "Content-Length: 7\r\nContent-Length: 5\r\n\r\nhello",
        "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "Transfer-Encoding: gzip, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "Transfer-Encoding: identity\r\n\r\nhello",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        char request[512];
        const int fd = raw_connect(*state);
        snprintf(request, sizeof request,
                 "POST /echo HTTP/1.1\r\nHost: a\r\n%sGET /status HTTP/1.1\r\nHost: a\r\n\r\n", rows[i]);
        raw_send(fd, request);
        char *answer = raw_read(fd);
        if (strncmp(answer, "HTTP/1.1 400 ", 13) != 0 || strstr(answer, "Connection: close") == NULL ||
            strstr(answer + 13, "HTTP/1.1 ") != NULL)
            fail_msg("%s: %s", rows[i], answer);
        free(answer);
    }
}

static void a_head_that_is_too_long_is_refused(void **state)
{
    const int fd = raw_connect(*state);
    char *line = malloc(200000);
    assert_non_null(line);
    memset(line, 'a', 199999);
    memcpy(line, "GET /", 5);
    line[199999] = '\0';
    send(fd, line, 199999, MSG_NOSIGNAL);
    free(line);
    char *answer = raw_read(fd);
    assert_true(answer[0] == '\0' || strstr(answer, " 414 ") != NULL || strstr(answer, " 431 ") != NULL);
    free(answer);
}

/* Small answers are kept by ETag: a second one is the same, and a changed file is told anew. */
static void answers_follow_the_file(void **state)
{
    static const char *const documents[] = {"{\"a\": 1}", "{\"b\": 1, \"c\": 2}"};
    static const char *const names[] = {"\"a\"", "\"c\""};
    const struct timespec past[2] = {{.tv_sec = 1700000000}, {.tv_sec = 1700000000}};
    const struct server_process *s = *state;
    char path[256];
    snprintf(path, sizeof path, "%s/data/doc.json", s->folder);
    for (size_t i = 0; i < ROWS(documents); i++) {
        char first[1024] = "", tag[256] = "", other[256];
        server_put_file(s, "doc.json", bytes_text(documents[i]));
        assert_int_equal(utimensat(AT_FDCWD, path, past, 0), 0);
        for (int again = 0; again < 3; again++) {
            struct answer a;
            http(s, &(struct call){.path = "/v1/tree/doc.json"}, &a);
            assert_int_equal(a.status, 200);
            assert_non_null(strstr((char *)a.body, names[i]));
            if (again == 0) {
                snprintf(first, sizeof first, "%s", (char *)a.body);
                answer_header(&a, "ETag", tag);
            }
            assert_string_equal((char *)a.body, first);
            assert_string_equal(answer_header(&a, "ETag", other), tag);
            assert_string_equal(answer_header(&a, "Content-Type", other), "application/json");
            answer_free(&a);
        }
    }
}

int main(void)
{
    const struct CMUnitTest real[] = {
        cmocka_unit_test(probes_answer),
        cmocka_unit_test(methods_follow_the_table),
        cmocka_unit_test(head_is_get_without_the_body),
        cmocka_unit_test(request_ids_are_kept_when_they_are_sound),
        cmocka_unit_test(generated_request_ids_differ),
        cmocka_unit_test(every_answer_says_how_long_it_took),
        cmocka_unit_test(targets_that_are_wrong_are_problems),
        cmocka_unit_test(unknown_parameters_are_problems),
        cmocka_unit_test(answers_follow_the_file),
    };
    const struct CMUnitTest mechanics[] = {
        cmocka_unit_test(targets_are_decoded_once),
        cmocka_unit_test(a_proxy_may_send_the_absolute_form),
        cmocka_unit_test(a_connection_is_used_again),
        cmocka_unit_test(http_1_0_is_spoken),
        cmocka_unit_test(requests_may_be_pipelined),
        cmocka_unit_test(a_request_may_come_byte_by_byte),
        cmocka_unit_test(broken_requests_do_no_harm),
        cmocka_unit_test(a_head_that_is_too_long_is_refused),
        cmocka_unit_test(a_body_that_may_end_elsewhere_is_refused),
        cmocka_unit_test(a_head_that_is_too_long_is_refused),
    };
    return cmocka_run_group_tests(real, start_mandoline, stop_server) +
           cmocka_run_group_tests(mechanics, start_mechanics, stop_server);
}
