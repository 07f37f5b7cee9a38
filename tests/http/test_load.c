/* What clients may make the server wait for: turns, work, and their own slowness. */
#include "harness.h"

#include <cjson/cJSON.h>

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { SETTLE_US = 200000, TRIES = 200, TRY_US = 10000, CALLERS = 6 };

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- turns ---- */

struct caller {
    pthread_t thread;
    const struct server_process *server;
    const char *path, *from;
    struct answer answer;
    double end;
};

static void *run_caller(void *arg)
{
    struct caller *c = arg;
    http(c->server, &(struct call){.path = c->path, .from = c->from}, &c->answer);
    c->end = now_s();
    return NULL;
}

static void call_later(struct caller *c, const struct server_process *s, const char *path, const char *from)
{
    *c = (struct caller){.server = s, .path = path, .from = from};
    assert_int_equal(pthread_create(&c->thread, NULL, run_caller, c), 0);
    usleep(SETTLE_US);
}

static void nobody_takes_all_places_of_the_queue(void **state)
{
    (void)state;
    static const char *const arguments[] = {"--limit-heavy=1", "--limit-queue=3", NULL};
    struct server_process s;
    struct caller greedy[CALLERS], other;
    size_t refused = 0, later = 0;
    char text[256];
    server_start(&s, TEST_MECHANICS, arguments);
    for (size_t i = 0; i < 4; i++) /* one at work, and the queue is full */
        call_later(&greedy[i], &s, "/hold?ms=1500", "127.0.0.2");
    call_later(&other, &s, "/hold?ms=1", "127.0.0.3");
    pthread_join(other.thread, NULL);
    assert_int_equal(other.answer.status, 200);
    for (size_t i = 0; i < 4; i++) {
        pthread_join(greedy[i].thread, NULL);
        if (greedy[i].answer.status != 200) {
            assert_problem(&greedy[i].answer, 429, "busy");
            assert_string_equal(answer_problem(&greedy[i].answer, "limit", text), "queue");
            assert_non_null(answer_header(&greedy[i].answer, "Retry-After", text));
            refused++;
        } else {
            later += greedy[i].end > other.end;
        }
        answer_free(&greedy[i].answer);
    }
    assert_int_equal(refused, 1);
    assert_true(later >= 1); /* and it did not wait for all who came before */
    answer_free(&other.answer);
    server_stop(&s);
}

static void retry_after_follows_what_work_takes(void **state)
{
    (void)state;
    static const char *const arguments[] = {"--limit-heavy=1", "--limit-queue=0", NULL};
    struct server_process s;
    struct caller holder;
    struct answer a;
    char text[256];
    server_start(&s, TEST_MECHANICS, arguments);
    for (int i = 0; i < 2; i++) {
        http(&s, &(struct call){.path = "/hold?ms=6000"}, &a);
        assert_int_equal(a.status, 200);
        answer_free(&a);
    }
    call_later(&holder, &s, "/hold?ms=1000", NULL);
    http(&s, &(struct call){.path = "/hold?ms=1"}, &a);
    assert_problem(&a, 429, "busy");
    assert_true(atoi(answer_header(&a, "Retry-After", text)) >= 2);
    answer_free(&a);
    pthread_join(holder.thread, NULL);
    answer_free(&holder.answer);
    server_stop(&s);
}

/* ---- work ---- */

static void work_that_takes_too_long_is_ended_and_says_what_it_was(void **state)
{
    (void)state;
    static const char *const arguments[] = {"--limit-request-time=1", NULL};
    struct server_process s;
    struct answer a;
    char text[256];
    server_start(&s, TEST_MECHANICS, arguments);
    const double start = now_s();
    http(&s, &(struct call){.path = "/work?ms=30000"}, &a);
    assert_true(now_s() - start < 20);
    assert_problem(&a, 504, "request-time");
    assert_string_equal(answer_problem(&a, "limit", text), "request-time");
    assert_string_equal(answer_problem(&a, "limit_value", text), "1");
    assert_non_null(strstr(answer_problem(&a, "detail", text), "grinding numbers for work"));
    answer_free(&a);
    server_stop(&s);
}

static void an_answer_may_be_longer_than_the_time_of_a_piece(void **state)
{
    (void)state;
    static const char *const arguments[] = {"--limit-request-time=2", NULL};
    struct server_process s;
    struct answer a;
    server_start(&s, TEST_MECHANICS, arguments);
    http(&s, &(struct call){.path = "/stream?bytes=3000000&pause=400"}, &a); /* 12 pieces */
    assert_int_equal(a.status, 200);
    assert_false(a.cut);
    assert_int_equal(a.len, 3000000);
    answer_free(&a);
    server_stop(&s);
}

/* A .npy of so many int8 zeros that takes no room. */
static void put_zeros(const struct server_process *s, const char *name, uint64_t count)
{
    char head[128], path[256];
    const int n = snprintf(head, sizeof head, "{'descr': '|i1', 'fortran_order': False, 'shape': (%llu,)}",
                           (unsigned long long)count);
    assert_true(snprintf(path, sizeof path, "%s/data/%s", s->folder, name) < (int)sizeof path);
    FILE *f = fopen(path, "wbe");
    assert_non_null(f);
    assert_true(fprintf(f, "\x93NUMPY\x01%c%c%c%-117s\n", 0, 118, 0, head) > 0);
    assert_true(n < 117);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(truncate(path, (off_t)(128 + count)), 0);
}

static const char *const long_work[] = {
    "/v1/stats/zeros.npy",
    "/v1/data/zeros.npy?where=value%20%3E%201&format=json",
};

static void reading_a_long_array_ends_in_time(void **state)
{
    (void)state;
    static const char *const arguments[] = {"--limit-request-time=1", "--limit-elements=1T",
                                            "--limit-output=1T", NULL};
    struct server_process s;
    struct answer a;
    server_start(&s, TEST_MANDOLINE, arguments);
    put_zeros(&s, "zeros.npy", 100ULL << 30);
    for (size_t i = 0; i < ROWS(long_work); i++) {
        print_message("%s\n", long_work[i]);
        http(&s, &(struct call){.path = long_work[i]}, &a);
        assert_problem(&a, 504, "request-time");
        answer_free(&a);
    }
    server_stop(&s);
}

/* ---- clients that leave ---- */

/* Whether a heavy request finds the only place free. */
static bool place_is_free(const struct server_process *s)
{
    struct answer a;
    static const char pickle[] = "N.";
    http(s, &(struct call){.path = "/v1/convert?from=pickle&to=json", .body = bytes_of(pickle, 2)}, &a);
    const bool free_now = a.status == 200;
    assert_true(free_now || a.status == 429);
    answer_free(&a);
    return free_now;
}

static void work_stops_when_its_client_leaves(void **state)
{
    (void)state;
    static const char *const arguments[] = {"--limit-heavy=1", "--limit-queue=0", "--limit-elements=1T",
                                            "--limit-output=1T", NULL};
    struct server_process s;
    server_start(&s, TEST_MANDOLINE, arguments);
    put_zeros(&s, "zeros.npy", 100ULL << 30);
    for (size_t i = 0; i < ROWS(long_work); i++) {
        char text[256];
        const int fd = raw_connect(&s);
        snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", long_work[i]);
        raw_send(fd, text);
        usleep(2 * SETTLE_US);
        assert_false(place_is_free(&s));
        close(fd);
        const double left = now_s();
        int tries = 0;
        while (!place_is_free(&s) && tries++ < TRIES)
            usleep(TRY_US);
        const double took = now_s() - left;
        print_message("%s: free after %.0f ms\n", long_work[i], took * 1000);
        assert_true(took < 1.5); /* 0.1 on a machine that has nothing else to do */
    }
    free(server_log(&s, "the client closed the connection"));
    server_stop(&s);
}

static void who_leaves_the_queue_takes_no_place(void **state)
{
    (void)state;
    static const char *const arguments[] = {"--limit-heavy=1", "--limit-queue=1", NULL};
    struct server_process s;
    struct caller holder, other;
    server_start(&s, TEST_MECHANICS, arguments);
    call_later(&holder, &s, "/hold?ms=2500", NULL);
    const int fd = raw_connect(&s);
    raw_send(fd, "GET /hold?ms=60000 HTTP/1.1\r\nHost: a\r\n\r\n");
    usleep(SETTLE_US);
    close(fd);
    usleep(2 * SETTLE_US);
    call_later(&other, &s, "/hold?ms=1", NULL);
    pthread_join(other.thread, NULL);
    assert_int_equal(other.answer.status, 200);
    pthread_join(holder.thread, NULL);
    answer_free(&holder.answer);
    answer_free(&other.answer);
    server_stop(&s);
}

/* ---- slow clients ---- */

/* Until the server says that it is over, at most `seconds`; what it sent, which the caller frees. */
static char *wait_for_end(int fd, const char *drip, double seconds)
{
    char *text = calloc(1, 4096);
    size_t n = 0;
    const double end = now_s() + seconds;
    assert_non_null(text);
    while (now_s() < end) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (poll(&p, 1, 100) > 0) {
            const ssize_t got = recv(fd, text + n, 4095 - n, 0);
            if (got <= 0) {
                close(fd);
                return text;
            }
            n += (size_t)got;
        } else if (drip != NULL && send(fd, drip, strlen(drip), MSG_NOSIGNAL) < 0) {
            drip = NULL;
        }
    }
    fail_msg("the connection was never closed");
    return NULL;
}

/* The document is whole, can be followed, and has the id of its header. */
static void check_408(const char *text)
{
    const char *header = strstr(text, "X-Request-Id: "), *end = strstr(text, "\r\n\r\n");
    assert_true(header != NULL && end != NULL && header < end);
    cJSON *document = cJSON_Parse(end + 4);
    const char *type = cJSON_GetStringValue(cJSON_GetObjectItem(document, "type"));
    const char *id = cJSON_GetStringValue(cJSON_GetObjectItem(document, "instance"));
    const char *length = strstr(text, "Content-Length: ");
    assert_non_null(length);
    assert_int_equal(strtol(length + strlen("Content-Length: "), NULL, 10), strlen(end + 4));
    assert_non_null(type);
    assert_non_null(id);
    assert_string_equal(type, "/b/problems/too-slow");
    assert_true(strlen(id) > 0);
    header += strlen("X-Request-Id: ");
    assert_int_equal(strncmp(header, id, strlen(id)), 0);
    assert_int_equal(header[strlen(id)], '\r');
    cJSON_Delete(document);
}

static void slow_clients_are_cut_by_the_name_of_a_limit(void **state)
{
    (void)state;
    static const char *const arguments[] = {"--limit-header-time=1", "--limit-body-time=1",
                                            "--limit-idle-time=1", "--base-path=/b", NULL};
    static const struct {
        const char *name, *first, *drip, *log;
        bool told;
    } rows[] = {
        {"says nothing", NULL, NULL, NULL, false},
        {"half a request line", "GET /he", NULL, "limit-header-time", true},
        {"headers that never end, bit by bit", "GET /healthz HTTP/1.1\r\n", "A: b\r\n", "limit-header-time",
         true},
        {"a body that stops", "POST /b/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nhalf", NULL,
         "limit-body-time", true},
        {"a body that stops, of a request with a name",
         "POST /b/echo HTTP/1.1\r\nHost: a\r\nX-Request-Id: mine-\"7\r\nContent-Length: 100000\r\n\r\nhalf",
         NULL, "mine-", true},
        {"a body that drips", "POST /b/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nhalf", "x",
         "limit-body-time", true},
    };
    struct server_process s;
    server_start(&s, TEST_MECHANICS, arguments);
    for (size_t i = 0; i < ROWS(rows); i++) {
        print_message("%s\n", rows[i].name);
        const int fd = raw_connect(&s);
        if (rows[i].first != NULL)
            raw_send(fd, rows[i].first);
        char *text = wait_for_end(fd, rows[i].drip, 20);
        assert_int_equal(strstr(text, "408") != NULL, rows[i].told);
        if (rows[i].told)
            check_408(text);
        free(text);
        if (rows[i].log != NULL)
            free(server_log(&s, rows[i].log));
    }
    server_stop(&s);
}

static void a_connection_between_two_requests_has_its_own_time(void **state)
{
    (void)state;
    static const char *const arguments[] = {"--limit-header-time=1", "--limit-idle-time=8", NULL};
    struct server_process s;
    server_start(&s, TEST_MECHANICS, arguments);
    const int fd = raw_connect(&s);
    for (int i = 0; i < 2; i++) {
        raw_send(fd, "GET /status HTTP/1.1\r\nHost: a\r\n\r\n");
        char text[512];
        assert_true(recv(fd, text, sizeof text, 0) > 0);
        usleep(2000000); /* longer than headers may take */
    }
    const double start = now_s();
    free(wait_for_end(fd, NULL, 40));
    assert_true(now_s() - start > 1);
    server_stop(&s);
}

static void who_takes_nothing_of_an_answer_is_cut(void **state)
{
    (void)state;
    static const char *const arguments[] = {"--limit-answer-time=1", NULL};
    struct server_process s;
    server_start(&s, TEST_MECHANICS, arguments);
    const int fd = raw_connect_from(&s, "127.0.0.1", 4096);
    raw_send(fd, "GET /stream?bytes=100000000 HTTP/1.1\r\nHost: a\r\n\r\n");
    free(server_log(&s, "limit-answer-time"));
    close(fd);
    server_stop(&s);
}

static void slow_work_is_not_the_clients_fault(void **state)
{
    (void)state;
    static const char *const arguments[] = {"--limit-answer-time=1", "--limit-body-time=1",
                                            "--limit-header-time=1", "--limit-idle-time=1", NULL};
    struct server_process s;
    struct answer a;
    server_start(&s, TEST_MECHANICS, arguments);
    http(&s, &(struct call){.path = "/hold?ms=3000"}, &a);
    assert_int_equal(a.status, 200);
    answer_free(&a);
    http(&s, &(struct call){.path = "/stream?bytes=600000&pause=2500"}, &a);
    assert_int_equal(a.status, 200);
    assert_int_equal(a.len, 600000);
    answer_free(&a);
    server_stop(&s);
}

static void one_address_has_its_share_of_connections(void **state)
{
    (void)state;
    static const char *const arguments[] = {"--limit-peer-connections=2", NULL};
    struct server_process s;
    struct answer a;
    char text[256];
    int fds[2];
    server_start(&s, TEST_MECHANICS, arguments);
    for (size_t i = 0; i < ROWS(fds); i++)
        fds[i] = raw_connect_from(&s, "127.0.0.2", 0);
    usleep(SETTLE_US);
    http(&s, &(struct call){.path = "/status?code=200", .from = "127.0.0.2"}, &a);
    assert_problem(&a, 429, "busy");
    assert_string_equal(answer_problem(&a, "limit", text), "peer-connections");
    assert_string_equal(answer_header(&a, "Connection", text), "close");
    assert_non_null(answer_header(&a, "Retry-After", text));
    answer_free(&a);
    http(&s, &(struct call){.path = "/healthz", .from = "127.0.0.2"}, &a);
    assert_int_equal(a.status, 200);
    answer_free(&a);
    http(&s, &(struct call){.path = "/status?code=200", .from = "127.0.0.3"}, &a);
    assert_int_equal(a.status, 200);
    answer_free(&a);
    close(fds[0]);
    usleep(SETTLE_US);
    http(&s, &(struct call){.path = "/status?code=200", .from = "127.0.0.2"}, &a);
    assert_int_equal(a.status, 200);
    answer_free(&a);
    close(fds[1]);
    server_stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_takes_all_places_of_the_queue),
        cmocka_unit_test(retry_after_follows_what_work_takes),
        cmocka_unit_test(work_that_takes_too_long_is_ended_and_says_what_it_was),
        cmocka_unit_test(an_answer_may_be_longer_than_the_time_of_a_piece),
        cmocka_unit_test(reading_a_long_array_ends_in_time),
        cmocka_unit_test(work_stops_when_its_client_leaves),
        cmocka_unit_test(who_leaves_the_queue_takes_no_place),
        cmocka_unit_test(slow_clients_are_cut_by_the_name_of_a_limit),
        cmocka_unit_test(a_connection_between_two_requests_has_its_own_time),
        cmocka_unit_test(who_takes_nothing_of_an_answer_is_cut),
        cmocka_unit_test(slow_work_is_not_the_clients_fault),
        cmocka_unit_test(one_address_has_its_share_of_connections),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
