/* The life of the server: admission, draining, and ends. */
#include "harness.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { CALLERS_MAX = 8, SETTLE_US = 200000, TRIES = 100 };

/* A call in a thread of its own. */
struct caller {
    pthread_t thread;
    const struct server_process *server;
    const char *path;
    struct answer answer;
};

static void *run_caller(void *arg)
{
    struct caller *c = arg;
    http(c->server, &(struct call){.path = c->path}, &c->answer);
    return NULL;
}

static void start_callers(struct caller *callers, size_t count, const struct server_process *s,
                          const char *path)
{
    for (size_t i = 0; i < count; i++) {
        callers[i] = (struct caller){.server = s, .path = path};
        assert_int_equal(pthread_create(&callers[i].thread, NULL, run_caller, &callers[i]), 0);
    }
}

/* How many had that status. */
static size_t join_callers(struct caller *callers, size_t count, long status)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        pthread_join(callers[i].thread, NULL);
        found += callers[i].answer.status == status;
        answer_free(&callers[i].answer);
    }
    return found;
}

static void the_queue_for_heavy_work_is_bounded(void **state)
{
    (void)state;
    static const char *const arguments[] = {"--limit-heavy=1", "--limit-queue=1", NULL};
    struct server_process s;
    struct caller callers[2];
    struct answer a;
    char text[256];
    server_start(&s, TEST_MECHANICS, arguments);
    start_callers(callers, 2, &s, "/hold?ms=1500"); /* one at work, one waiting */
    usleep(2 * SETTLE_US);
    http(&s, &(struct call){.path = "/hold?ms=0"}, &a);
    assert_problem(&a, 429, "busy");
    assert_non_null(answer_header(&a, "Retry-After", text));
    answer_free(&a);
    http(&s, &(struct call){.path = "/healthz"}, &a); /* probes never wait */
    assert_int_equal(a.status, 200);
    answer_free(&a);
    assert_int_equal(join_callers(callers, 2, 200), 2);
    http(&s, &(struct call){.path = "/hold?ms=0"}, &a); /* and the place is free again */
    assert_int_equal(a.status, 200);
    answer_free(&a);
    server_stop(&s);
}

/* A place is taken, or free again, a while after the client thinks so. */
static void await_status(const struct server_process *s, const char *path, long status)
{
    struct answer a = {0};
    for (int i = 0; i < TRIES && a.status != status; i++) {
        usleep(i == 0 ? 0 : SETTLE_US);
        answer_free(&a);
        http(s, &(struct call){.path = path}, &a);
    }
    assert_int_equal(a.status, status);
    answer_free(&a);
}

/* Holds a place: an answer of gigabytes that nobody reads. Close the descriptor. */
static int start_endless_answer(const struct server_process *s)
{
    const int fd = raw_connect(s);
    raw_send(fd, "POST /v1/convert?from=pickle&to=json HTTP/1.1\r\nHost: a\r\nContent-Length: 39\r\n\r\n"
                 "c__builtin__\nxrange\n(I0\nI1000000000\ntR.");
    return fd;
}

static void a_stored_pickle_is_decoded_in_turn(void **state)
{
    (void)state;
    static const char *const arguments[] = {"--limit-heavy=1", "--limit-queue=0", NULL};
    static const struct {
        const char *path;
        long busy; /* while the place is taken */
    } rows[] = {
        {"/v1/data/a.pickle?format=json", 429},
        {"/v1/meta/a.pickle", 429},
        {"/v1/attrs/a.pickle", 429},
        {"/v1/files/a.pickle", 200},
        {"/v1/data/a.npy?format=json", 200}, /* read part by part */
    };
    static const char npy[] =
        "\x93NUMPY\x01\0\x38\0{'descr': '<i1', 'fortran_order': False, 'shape': (2,)}\n\1\2";
    struct server_process s;
    server_start(&s, TEST_MANDOLINE, arguments);
    server_put_file(&s, "a.pickle", bytes_text("(lp0\nI1\na."));
    server_put_file(&s, "a.npy", bytes_of(npy, sizeof npy - 1));
    for (int busy = 1; busy >= 0; busy--) {
        const int fd = busy ? start_endless_answer(&s) : -1;
        await_status(&s, "/v1/meta/a.pickle", busy ? 429 : 200);
        for (size_t i = 0; i < ROWS(rows); i++) {
            struct answer a;
            print_message("%s, %s\n", rows[i].path, busy ? "busy" : "free");
            http(&s, &(struct call){.path = rows[i].path}, &a);
            assert_int_equal(a.status, busy ? rows[i].busy : 200);
            answer_free(&a);
        }
        if (fd >= 0)
            close(fd);
    }
    server_stop(&s);
}

static void a_wait_for_a_place_ends(void **state)
{
    (void)state;
    static const char *const arguments[] = {"--limit-heavy=1", "--limit-queue-time=1", NULL};
    struct server_process s;
    struct caller holder;
    struct answer a;
    server_start(&s, TEST_MECHANICS, arguments);
    start_callers(&holder, 1, &s, "/hold?ms=3000");
    usleep(SETTLE_US);
    http(&s, &(struct call){.path = "/hold?ms=0"}, &a);
    assert_problem(&a, 429, "busy");
    answer_free(&a);
    assert_int_equal(join_callers(&holder, 1, 200), 1); /* work may be longer than the wait for it */
    server_stop(&s);
}

/* Until the server is at work for so many: callers are threads that begin when it suits the machine. */
static void await_active(const struct server_process *s, int wanted)
{
    for (int i = 0; i < TRIES; i++) {
        struct answer a;
        http(s, &(struct call){.path = "/active"}, &a);
        const bool there = strtol((const char *)a.body, NULL, 10) > wanted; /* the one that asks is another */
        answer_free(&a);
        if (there)
            return;
        usleep(SETTLE_US / 4);
    }
    fail_msg("there are never %d at work", wanted);
}

static void sigterm_lets_open_answers_finish(void **state)
{
    (void)state;
    static const char *const paths[] = {"/hold?ms=2000", "/stream?bytes=9000000&pause=20"};
    for (size_t i = 0; i < ROWS(paths); i++) {
        struct server_process s;
        struct caller callers[CALLERS_MAX];
        server_start(&s, TEST_MECHANICS, NULL);
        start_callers(callers, 3, &s, paths[i]);
        await_active(&s, 3);
        assert_int_equal(kill(s.pid, SIGTERM), 0);
        assert_int_equal(join_callers(callers, 3, 200), 3);
        server_wait(&s);
    }
}

static void a_draining_server_says_so_on_open_connections(void **state)
{
    (void)state;
    struct server_process s;
    struct caller holder;
    struct answer a;
    char text[256];
    server_start(&s, TEST_MECHANICS, NULL);
    struct client *c = client_new(&s);
    client_call(c, &(struct call){.path = "/healthz"}, &a);
    assert_int_equal(a.status, 200);
    answer_free(&a);
    start_callers(&holder, 1, &s, "/hold?ms=6000"); /* longer than a busy machine takes for what follows */
    await_active(&s, 1);
    assert_int_equal(kill(s.pid, SIGTERM), 0);
    usleep(SETTLE_US);
    client_call(c, &(struct call){.path = "/healthz"}, &a);
    assert_int_equal(a.status, 503);
    assert_string_equal(answer_header(&a, "Connection", text), "close");
    answer_free(&a);
    client_free(c);
    assert_int_equal(join_callers(&holder, 1, 200), 1);
    server_wait(&s);
}

static void draining_has_an_end(void **state)
{
    (void)state;
    static const char *const arguments[] = {"--limit-drain-time=1", NULL};
    struct server_process s;
    struct caller holder;
    server_start(&s, TEST_MECHANICS, arguments);
    start_callers(&holder, 1, &s, "/hold?ms=20000");
    await_active(&s, 1);
    const time_t start = time(NULL);
    assert_int_equal(kill(s.pid, SIGTERM), 0);
    server_wait(&s);
    assert_true(time(NULL) - start < 10);
    assert_int_equal(join_callers(&holder, 1, 0), 1);
}

static void sighup_and_lost_clients_do_not_end_it(void **state)
{
    (void)state;
    struct server_process s;
    struct answer a;
    server_start(&s, TEST_MECHANICS, NULL);
    assert_int_equal(kill(s.pid, SIGHUP), 0);
    assert_int_equal(kill(s.pid, SIGPIPE), 0);
    http(&s, &(struct call){.path = "/healthz"}, &a);
    assert_int_equal(a.status, 200);
    answer_free(&a);
    server_stop(&s);
}

static void put(const char *folder, const char *name, const char *text, char path[64])
{
    snprintf(path, 64, "%s/%s", folder, name);
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

/* Not even that file: another process opens it, and no other. */
static void the_folder_of_a_setting_stays_out_of_reach(void **state)
{
    (void)state;
    char folder[] = "/tmp/mandoline-life.XXXXXX", tokens[64], beside[64], served[256], target[512];
    const char *const arguments[] = {"--tokens", tokens, "--allow-anonymous=all", NULL};
    struct server_process s;
    struct answer a;
    assert_non_null(mkdtemp(folder));
    put(folder, "tokens", "# none\n", tokens);
    put(folder, "beside", "secret\n", beside);
    setenv("TMPDIR", "/var/tmp", 1);
    server_start(&s, TEST_MECHANICS, arguments);
    unsetenv("TMPDIR");
    server_put_file(&s, "served", bytes_text("x"));
    snprintf(served, sizeof served, "%s/data/served", s.folder);
    char *log = server_log(&s, "listening");
    const bool confined = strstr(log, "sandbox: ") == NULL; /* where the kernel and the build can do it */
    free(log);
    const struct {
        const char *path;
        long status;
    } rows[] = {{served, 200}, {tokens, 403}, {beside, 403}, {"/etc/passwd", 403}};
    for (size_t i = 0; i < ROWS(rows) && confined; i++) {
        snprintf(target, sizeof target, "/reach?name=%s", rows[i].path);
        http(&s, &(struct call){.path = target}, &a);
        assert_int_equal(a.status, rows[i].status);
        answer_free(&a);
    }
    assert_int_equal(kill(s.pid, SIGHUP), 0); /* and yet it is read again */
    log = server_log(&s, "were read again");
    assert_null(strstr(log, "cannot be opened"));
    free(log);
    server_stop(&s);
    unlink(tokens);
    unlink(beside);
    rmdir(folder);
}

static void over_the_limit_of_connections_only_small_things_are_done(void **state)
{
    (void)state;
    static const char *const arguments[] = {"--limit-connections=2", "--limit-heavy=8", NULL};
    struct server_process s;
    struct caller callers[2];
    struct answer a;
    char text[256];
    server_start(&s, TEST_MECHANICS, arguments);
    start_callers(callers, 2, &s, "/hold?ms=1000");
    usleep(SETTLE_US);
    http(&s, &(struct call){.path = "/hold?ms=0"}, &a);
    assert_problem(&a, 429, "busy");
    assert_string_equal(answer_problem(&a, "limit", text), "connections");
    assert_string_equal(answer_problem(&a, "limit_value", text), "2");
    answer_free(&a);
    http(&s, &(struct call){.path = "/healthz"}, &a);
    assert_int_equal(a.status, 200);
    assert_string_equal(answer_header(&a, "Connection", text), "close");
    answer_free(&a);
    assert_int_equal(join_callers(callers, 2, 200), 2);
    server_stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_queue_for_heavy_work_is_bounded),
        cmocka_unit_test(a_stored_pickle_is_decoded_in_turn),
        cmocka_unit_test(a_wait_for_a_place_ends),
        cmocka_unit_test(sigterm_lets_open_answers_finish),
        cmocka_unit_test(a_draining_server_says_so_on_open_connections),
        cmocka_unit_test(draining_has_an_end),
        cmocka_unit_test(sighup_and_lost_clients_do_not_end_it),
        cmocka_unit_test(the_folder_of_a_setting_stays_out_of_reach),
        cmocka_unit_test(over_the_limit_of_connections_only_small_things_are_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
