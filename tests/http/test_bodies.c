/* Bodies: where they are kept, how they may be encoded, and where they end. */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <zlib.h>
#include <zstd.h>

enum { LIMIT = 8 << 20, INFLATED = 16 << 20, IN_MEMORY = 1 << 20, ROOM = 32 << 20 };

static int start_limited(void **state)
{
    static const char *const arguments[] = {"--limit-body=8M", "--limit-inflated=16M",
                                            "--limit-body-memory=1M", NULL};
    *state = malloc(sizeof(struct server_process));
    assert_non_null(*state);
    server_start(*state, TEST_MECHANICS, arguments);
    return 0;
}

/* n bytes that are not all the same; free() them. */
static uint8_t *pattern(size_t n)
{
    uint8_t *data = malloc(n + 1);
    assert_non_null(data);
    for (size_t i = 0; i < n; i++)
        data[i] = (uint8_t)(i % 251 + i / 4096);
    return data;
}

static void check_echo(void **state, size_t n, bool chunked)
{
    uint8_t *data = pattern(n);
    struct answer a;
    char text[256];
    const struct call call = {
        .method = "POST", .path = "/echo", .body = bytes_of(data, n), .chunked = chunked};
    http(*state, &call, &a);
    assert_int_equal(a.status, 200);
    assert_int_equal(a.len, n);
    assert_memory_equal(a.body, data, n);
    assert_string_equal(answer_header(&a, "X-Kept", text), n > IN_MEMORY ? "file" : "memory");
    answer_free(&a);
    free(data);
}

static void bodies_of_any_size_arrive(void **state)
{
    static const size_t sizes[] = {0, 1, 4095, 4097, IN_MEMORY, IN_MEMORY + 1, LIMIT};
    for (size_t i = 0; i < ROWS(sizes); i++) {
        check_echo(state, sizes[i], false);
        check_echo(state, sizes[i], true);
    }
}

static void no_body_is_an_empty_body(void **state)
{
    struct answer a;
    http(*state, &(struct call){.method = "POST", .path = "/echo"}, &a);
    assert_int_equal(a.status, 200);
    assert_int_equal(a.len, 0);
    answer_free(&a);
}

static void check_limit(const struct answer *a, const char *limit, const char *value)
{
    char text[256];
    assert_problem(a, 413, "too-large");
    assert_string_equal(answer_problem(a, "limit", text), limit);
    assert_string_equal(answer_problem(a, "limit_value", text), value);
}

static void a_body_over_the_limit_is_refused(void **state)
{
    uint8_t *data = pattern(LIMIT + 1);
    struct answer a;
    for (int chunked = 0; chunked <= 1; chunked++) {
        const struct call call = {.method = "POST",
                                  .path = "/echo",
                                  .body = bytes_of(data, LIMIT + 1),
                                  .chunked = chunked != 0,
                                  .headers = {chunked != 0 ? "Expect:" : NULL}};
        http(*state, &call, &a);
        check_limit(&a, "body", "8388608");
        answer_free(&a);
    }
    free(data);
}

/* curl without Expect sends on while the answer is already there: it must not be lost by a reset. */
static void a_client_that_sends_on_still_gets_the_answer(void **state)
{
    uint8_t *data = pattern(ROOM);
    for (int chunked = 0; chunked <= 1; chunked++) {
        struct answer a;
        const struct call call = {.method = "POST",
                                  .path = "/echo",
                                  .body = bytes_of(data, ROOM),
                                  .chunked = chunked != 0,
                                  .headers = {"Expect:"}};
        http(*state, &call, &a);
        check_limit(&a, "body", "8388608");
        answer_free(&a);
    }
    free(data);
}

static void a_declared_length_is_refused_before_the_body(void **state)
{
    static const char *const lengths[] = {"10737418240", "9223372036854775807", "9223372036854775808",
                                          "18446744073709551614"};
    for (size_t i = 0; i < ROWS(lengths); i++)
        for (int expect = 0; expect <= 1; expect++) {
            char request[256];
            snprintf(request, sizeof request,
                     "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: %s\r\n%s\r\n", lengths[i],
                     expect != 0 ? "Expect: 100-continue\r\n" : "");
            const int fd = raw_connect(*state);
            raw_send(fd, request);
            char *answer = raw_read(fd);
            assert_int_equal(strncmp(answer, "HTTP/1.1 413 ", 13), 0);
            assert_non_null(strstr(answer, "Connection: close"));
            assert_null(strstr(answer, "100 Continue"));
            free(answer);
        }
}

static void expect_100_continue_is_answered(void **state)
{
    const int fd = raw_connect(*state);
    char start[64] = "";
    raw_send(fd, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n"
                 "Connection: close\r\n\r\n");
    assert_true(recv(fd, start, sizeof start - 1, 0) > 0);
    assert_int_equal(strncmp(start, "HTTP/1.1 100 Continue\r\n\r\n", 25), 0);
    raw_send(fd, "hello");
    char *answer = raw_read(fd);
    assert_non_null(strstr(answer, "\r\n\r\nhello"));
    free(answer);
}

static void expect_100_continue_is_refused_where_nothing_is(void **state)
{
    const int fd = raw_connect(*state);
    raw_send(fd, "POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    char *answer = raw_read(fd);
    assert_int_equal(strncmp(answer, "HTTP/1.1 404 ", 13), 0);
    free(answer);
}

static void a_small_body_that_nobody_wants_keeps_the_connection(void **state)
{
    struct client *c = client_new(*state);
    for (int i = 0; i < 3; i++) {
        struct answer a;
        client_call(c, &(struct call){.method = "POST", .path = "/nowhere", .body = bytes_text("hello")}, &a);
        assert_problem(&a, 404, "not-found");
        assert_int_equal(a.connects, i == 0);
        answer_free(&a);
    }
    client_free(c);
}

/* Compresses with zlib in the framing that window_bits names, behind what out holds already. */
static size_t zlib_pack(int window_bits, struct bytes in, uint8_t *out)
{
    z_stream z = {.next_in = (uint8_t *)(uintptr_t)in.data,
                  .avail_in = (unsigned)in.len,
                  .next_out = out,
                  .avail_out = ROOM};
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    const size_t n = z.total_out;
    deflateEnd(&z);
    return n;
}

static size_t pack(const char *how, struct bytes in, uint8_t *out)
{
    if (strcmp(how, "zstd") == 0)
        return ZSTD_compress(out, ROOM, in.data, in.len, 3);
    if (strcmp(how, "raw") == 0)
        return zlib_pack(-MAX_WBITS, in, out);
    return zlib_pack(strcmp(how, "deflate") == 0 ? MAX_WBITS : MAX_WBITS + 16, in, out);
}

static const struct {
    const char *how, *header;
} codings[] = {
    {"gzip", "Content-Encoding: gzip"},       {"gzip", "Content-Encoding: X-GZIP"},
    {"deflate", "Content-Encoding: deflate"}, {"raw", "Content-Encoding: deflate"},
    {"zstd", "Content-Encoding: zstd"},
};

static void post(void **state, const char *header, struct bytes body, struct answer *a)
{
    http(*state,
         &(struct call){.method = "POST", .path = "/echo", .body = body, .headers = {header, "Expect:"}}, a);
}

static void codings_are_undone(void **state)
{
    static const size_t sizes[] = {1, 65536, 3 << 20};
    uint8_t *packed = malloc(ROOM);
    for (size_t i = 0; i < ROWS(codings) * ROWS(sizes); i++) {
        const size_t n = sizes[i / ROWS(codings)];
        uint8_t *data = pattern(n);
        struct answer a;
        const size_t len = pack(codings[i % ROWS(codings)].how, bytes_of(data, n), packed);
        post(state, codings[i % ROWS(codings)].header, bytes_of(packed, len), &a);
        assert_int_equal(a.status, 200);
        assert_int_equal(a.len, n);
        assert_memory_equal(a.body, data, n);
        answer_free(&a);
        free(data);
    }
    free(packed);
}

static void members_and_frames_follow_each_other(void **state)
{
    uint8_t *packed = malloc(ROOM);
    static const char *const headers[] = {"Content-Encoding: gzip", "Content-Encoding: zstd"};
    static const char *const how[] = {"gzip", "zstd"};
    for (size_t i = 0; i < ROWS(how); i++) {
        struct answer a;
        size_t n = pack(how[i], bytes_text("hello "), packed);
        n += pack(how[i], bytes_text("world"), packed + n);
        post(state, headers[i], bytes_of(packed, n), &a);
        assert_string_equal((char *)a.body, "hello world");
        answer_free(&a);
    }
    free(packed);
}

static void truncated_codings_are_malformed(void **state)
{
    uint8_t *packed = malloc(ROOM);
    struct client *c = client_new(*state);
    for (size_t i = 0; i < ROWS(codings); i++) {
        const size_t n = pack(codings[i].how, bytes_text("hello hello hello hello"), packed);
        for (size_t cut = 1; cut < n; cut++) {
            struct answer a;
            client_call(c,
                        &(struct call){.method = "POST",
                                       .path = "/echo",
                                       .body = bytes_of(packed, cut),
                                       .headers = {codings[i].header}},
                        &a);
            assert_problem(&a, 400, "malformed-input");
            answer_free(&a);
        }
    }
    client_free(c);
    free(packed);
}

static void what_follows_a_coding_is_malformed(void **state)
{
    uint8_t *packed = malloc(ROOM);
    for (size_t i = 0; i < ROWS(codings); i++) {
        struct answer a;
        const size_t n = pack(codings[i].how, bytes_text("hello"), packed);
        memcpy(packed + n, "garbage", 7);
        post(state, codings[i].header, bytes_of(packed, n + 7), &a);
        assert_problem(&a, 400, "malformed-input");
        answer_free(&a);
    }
    free(packed);
}

static void bombs_do_not_go_off(void **state)
{
    uint8_t *packed = malloc(ROOM), *zeros = calloc(1, INFLATED + 1);
    for (size_t i = 0; i < ROWS(codings); i++) {
        struct answer a;
        size_t n = pack(codings[i].how, bytes_of(zeros, INFLATED + 1), packed);
        post(state, codings[i].header, bytes_of(packed, n), &a);
        check_limit(&a, "inflated", "16777216");
        answer_free(&a);
        n = pack(codings[i].how, bytes_of(zeros, INFLATED), packed);
        post(state, codings[i].header, bytes_of(packed, n), &a);
        assert_int_equal(a.status, 200);
        assert_int_equal(a.len, INFLATED);
        answer_free(&a);
    }
    free(packed);
    free(zeros);
}

static void unknown_codings_are_refused(void **state)
{
    static const char *const headers[] = {"Content-Encoding: br", "Content-Encoding: gzip, zstd"};
    for (size_t i = 0; i < ROWS(headers); i++) {
        struct answer a;
        char text[256];
        post(state, headers[i], bytes_text("hello"), &a);
        assert_problem(&a, 415, "unknown-format");
        assert_string_equal(answer_header(&a, "Accept-Encoding", text), "gzip, deflate, zstd");
        answer_free(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_of_any_size_arrive),
        cmocka_unit_test(no_body_is_an_empty_body),
        cmocka_unit_test(a_body_over_the_limit_is_refused),
        cmocka_unit_test(a_client_that_sends_on_still_gets_the_answer),
        cmocka_unit_test(a_declared_length_is_refused_before_the_body),
        cmocka_unit_test(expect_100_continue_is_answered),
        cmocka_unit_test(expect_100_continue_is_refused_where_nothing_is),
        cmocka_unit_test(a_small_body_that_nobody_wants_keeps_the_connection),
        cmocka_unit_test(codings_are_undone),
        cmocka_unit_test(members_and_frames_follow_each_other),
        cmocka_unit_test(truncated_codings_are_malformed),
        cmocka_unit_test(what_follows_a_coding_is_malformed),
        cmocka_unit_test(bombs_do_not_go_off),
        cmocka_unit_test(unknown_codings_are_refused),
    };
    return cmocka_run_group_tests(tests, start_limited, stop_server);
}
