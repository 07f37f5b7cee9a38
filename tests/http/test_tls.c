/* TLS: what it may speak, whom it knows by their certificates, and new certificates while it runs. */
#include "certificates.h"
#include "harness.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <curl/curl.h>

enum {
    PATH_ROOM = 256,
    BIG = 3000000,
    CALLERS = 4,
    CALLS = 40,
    RELOADS = 20,
    TRIES = 200,
    TRY_US = 50000,
    SHORT_S = 2,
    LONG_S = 86400
};

static char folder[] = "/tmp/mandoline-tls.XXXXXX";

/* The paths of files in the folder. */
static struct {
    char server[PATH_ROOM], server_key[PATH_ROOM], authority[PATH_ROOM], clients[PATH_ROOM],
        tokens[PATH_ROOM];
} at;

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

static void make_server_certificate(int days)
{
    make_certificate(&(struct certificate_wish){.folder = folder,
                                                .file = "server",
                                                .issuer = "authority",
                                                .common_name = "mandoline",
                                                .address = "127.0.0.1",
                                                .days = days});
}

static int make_all(void **state)
{
    (void)state;
    static const char *const authorities[] = {"authority", "clients", "strangers"};
    if (mkdtemp(folder) == NULL)
        return -1;
    for (size_t i = 0; i < ROWS(authorities); i++)
        make_certificate(&(struct certificate_wish){.folder = folder,
                                                    .file = authorities[i],
                                                    .common_name = authorities[i],
                                                    .authority = true,
                                                    .days = 10});
    make_server_certificate(10);
    snprintf(at.server, PATH_ROOM, "%s/server.pem", folder);
    snprintf(at.server_key, PATH_ROOM, "%s/server.key", folder);
    snprintf(at.authority, PATH_ROOM, "%s/authority.pem", folder);
    snprintf(at.clients, PATH_ROOM, "%s/clients.pem", folder);
    snprintf(at.tokens, PATH_ROOM, "%s/tokens", folder);
    return 0;
}

static int drop_all(void **state)
{
    (void)state;
    DIR *d = opendir(folder);
    for (const struct dirent *e; d != NULL && (e = readdir(d)) != NULL;)
        unlinkat(dirfd(d), e->d_name, 0);
    if (d != NULL)
        closedir(d);
    return rmdir(folder);
}

static void start(struct server_process *s, const char *program, const char *const *more)
{
    const char *arguments[12] = {"--tls-cert", at.server, "--tls-key", at.server_key};
    for (size_t n = 4; more != NULL && *more != NULL; more++)
        arguments[n++] = *more;
    server_start(s, program, arguments);
    assert_true(s->secure);
}

static long status_of(const struct server_process *s, const struct call *call)
{
    struct answer a;
    struct call with = *call;
    with.authority = at.authority;
    http(s, &with, &a);
    if (a.status >= 400)
        assert_string_equal(answer_header(&a, "Content-Type", (char[256]){""}), "application/problem+json");
    const long status = a.status;
    answer_free(&a);
    return status;
}

static void answers_are_the_same_as_without(void **state)
{
    (void)state;
    struct server_process s;
    struct answer a;
    start(&s, TEST_MECHANICS, NULL);
    struct client *c = client_new(&s);
    static const struct {
        const char *path;
        long status;
        size_t len;
    } rows[] = {{"/stream?bytes=3000000", 200, 3000000},
                {"/file?offset=251&size=1000000", 206, 1000000},
                {"/file?offset=0&size=5", 206, 5},
                {"/stream?bytes=10", 200, 10}};
    for (size_t i = 0; i < ROWS(rows); i++) {
        client_call(c, &(struct call){.path = rows[i].path, .authority = at.authority}, &a);
        assert_int_equal(a.status, rows[i].status);
        assert_int_equal(a.connects, i == 0);
        assert_false(a.cut);
        assert_int_equal(a.len, rows[i].len);
        for (size_t k = 0; k < a.len; k++)
            assert_int_equal(a.body[k], k % 251);
        answer_free(&a);
    }
    uint8_t *body = calloc(1, BIG);
    for (int chunked = 0; chunked < 2; chunked++) {
        const struct call call = {.method = "POST",
                                  .path = "/echo",
                                  .body = bytes_of(body, BIG),
                                  .chunked = chunked == 1,
                                  .authority = at.authority};
        client_call(c, &call, &a);
        assert_int_equal(a.status, 200);
        assert_int_equal(a.len, BIG);
        assert_memory_equal(a.body, body, BIG);
        answer_free(&a);
    }
    free(body);
    client_free(c);
    server_stop(&s);
}

static void what_is_refused_in_the_middle_is_answered(void **state)
{
    (void)state;
    static const char *const limit[] = {"--limit-body=100k", NULL};
    struct server_process s;
    struct answer a;
    uint8_t *body = calloc(1, BIG);
    start(&s, TEST_MECHANICS, limit);
    for (int chunked = 0; chunked < 2; chunked++) {
        const struct call call = {.method = "POST",
                                  .path = "/echo",
                                  .body = bytes_of(body, BIG),
                                  .chunked = chunked == 1,
                                  .authority = at.authority};
        http(&s, &call, &a);
        assert_problem(&a, 413, "too-large");
        answer_free(&a);
    }
    free(body);
    server_stop(&s);
}

static void old_versions_are_refused(void **state)
{
    (void)state;
    static const struct {
        long version, status;
    } rows[] = {{CURL_SSLVERSION_TLSv1_0, 0},
                {CURL_SSLVERSION_TLSv1_1, 0},
                {CURL_SSLVERSION_TLSv1_2, 200},
                {CURL_SSLVERSION_TLSv1_3, 200}};
    struct server_process s;
    start(&s, TEST_MANDOLINE, NULL);
    for (size_t i = 0; i < ROWS(rows); i++)
        assert_int_equal(status_of(&s, &(struct call){.path = "/healthz", .tls = rows[i].version}),
                         rows[i].status);
    server_stop(&s);
}

static void what_is_no_tls_ends(void **state)
{
    (void)state;
    static const char *const texts[] = {"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n", "\x16\x03\x01\x02",
                                        "\x16\x03\x01\xff\xff\xff\xff\xff\xff", "\x80\x80\x01\x03\x01"};
    static const char *const limit[] = {"--limit-header-time=2", NULL};
    struct server_process s;
    start(&s, TEST_MANDOLINE, limit);
    for (size_t i = 0; i < ROWS(texts); i++) {
        const int fd = raw_connect(&s);
        raw_send(fd, texts[i]);
        char *got = raw_read(fd);
        assert_null(strstr(got, "200"));
        free(got);
    }
    assert_int_equal(status_of(&s, &(struct call){.path = "/healthz"}), 200);
    server_stop(&s);
}

static void health_asks_over_tls(void **state)
{
    (void)state;
    static char out[4096], err[4096];
    struct server_process s;
    char listen[64];
    start(&s, TEST_MANDOLINE, (const char *const[]){"--tls-client-ca", at.clients, NULL});
    snprintf(listen, sizeof listen, "0.0.0.0:%u", s.port);
    const char *const argv[] = {TEST_MANDOLINE, "health",    "--listen",    listen, "--tls-cert",
                                at.server,      "--tls-key", at.server_key, NULL};
    assert_int_equal(run_program(argv, NULL, out, err, sizeof out), 0);
    const char *const plain[] = {TEST_MANDOLINE, "health", "--listen", listen, NULL};
    assert_int_equal(run_program(plain, NULL, out, err, sizeof out), 1);
    make_server_certificate(9); /* renewed, and not read yet */
    assert_int_equal(run_program(argv, NULL, out, err, sizeof out), 0);
    server_stop(&s);
    assert_int_equal(run_program(argv, NULL, out, err, sizeof out), 1);
}

/* ---- who the client is ---- */

static void make_client(const char *file, const char *issuer, const char *name, const char *uri,
                        const char *host, const char *purpose, int days)
{
    make_certificate(&(struct certificate_wish){.folder = folder,
                                                .file = file,
                                                .issuer = issuer,
                                                .common_name = name,
                                                .uri = uri,
                                                .host = host,
                                                .purpose = purpose,
                                                .days = days});
}

/* GET path with the certificate of that file; NULL: with none. */
static long get_as(const struct server_process *s, const char *path, const char *file)
{
    char certificate[PATH_ROOM], key[PATH_ROOM];
    struct call call = {.path = path};
    if (file != NULL) {
        snprintf(certificate, PATH_ROOM, "%s/%s.pem", folder, file);
        snprintf(key, PATH_ROOM, "%s/%s.key", folder, file);
        call.certificate = certificate;
        call.key = key;
    }
    return status_of(s, &call);
}

static const char client_purpose[] = "1.3.6.1.5.5.7.3.2", server_purpose[] = "1.3.6.1.5.5.7.3.1";

static void make_clients(void)
{
    static const char row[] = "%s %s * %s - -\n";
    char text[1024];
    int n = snprintf(text, sizeof text, row, "spiffe://example/reader", "read", "-");
    n += snprintf(text + n, sizeof text - (size_t)n, row, "ended", "read", "2020-01-01");
    snprintf(text + n, sizeof text - (size_t)n, row, "host.example", "convert", "-");
    write_file(at.tokens, text);
    make_client("reader", "clients", "ended", "spiffe://example/reader", "host.example", client_purpose, 5);
    make_client("host", "clients", "ended", NULL, "host.example", client_purpose, 5);
    make_client("other", "clients", "other", NULL, NULL, NULL, 5);
    make_client("ended", "clients", "ended", NULL, NULL, client_purpose, 5);
    make_client("expired", "clients", "other", NULL, NULL, client_purpose, -1);
    make_client("server-like", "clients", "other", NULL, NULL, server_purpose, 5);
    make_client("nameless", "clients", NULL, NULL, NULL, client_purpose, 5);
    make_client("stranger", "strangers", "other", "spiffe://example/reader", NULL, client_purpose, 5);
    make_client("own", NULL, "other", "spiffe://example/reader", NULL, client_purpose, 5);
}

static void a_certificate_says_who_it_is(void **state)
{
    (void)state;
    static const struct {
        const char *name, *file;
        long status; /* of a list of files */
    } rows[] = {
        {"the first alternative name has a row", "reader", 200},
        {"a row without that scope", "host", 403},
        {"no row: what all certificates may do", "other", 200},
        {"a row that has ended", "ended", 403},
        {"a certificate that has ended", "expired", 401},
        {"one for servers", "server-like", 401},
        {"one without a name", "nameless", 401},
        {"another authority", "stranger", 401},
        {"its own authority", "own", 401},
        {"none", NULL, 401},
    };
    struct server_process s;
    make_clients();
    start(&s, TEST_MANDOLINE,
          (const char *const[]){"--tls-client-ca", at.clients, "--tokens", at.tokens, NULL});
    for (size_t i = 0; i < ROWS(rows); i++) {
        print_message("%s\n", rows[i].name);
        assert_int_equal(get_as(&s, "/v1/files", rows[i].file), rows[i].status);
        assert_int_equal(get_as(&s, "/healthz", rows[i].file), 200);
    }
    server_stop(&s);
    start(&s, TEST_MANDOLINE,
          (const char *const[]){"--tls-client-ca", at.clients, "--tls-client-scopes", "convert", NULL});
    assert_int_equal(get_as(&s, "/v1/files", "other"), 403);
    server_stop(&s);
}

/* ---- new files while it runs ---- */

/* Whether a server whose certificate is of that authority answers. */
static long get_trusting(const struct server_process *s, const char *authority)
{
    struct answer a;
    http(s, &(struct call){.path = "/healthz", .authority = authority}, &a);
    const long status = a.status;
    answer_free(&a);
    return status;
}

static void await_trust(const struct server_process *s, const char *authority)
{
    long status = 0;
    for (int i = 0; i < TRIES && status != 200; i++) {
        usleep(i == 0 ? 0 : TRY_US);
        status = get_trusting(s, authority);
    }
    assert_int_equal(status, 200);
}

static void a_new_certificate_is_shown_to_new_connections(void **state)
{
    (void)state;
    char strangers[PATH_ROOM];
    struct server_process s;
    struct answer a;
    snprintf(strangers, PATH_ROOM, "%s/strangers.pem", folder);
    start(&s, TEST_MECHANICS, NULL);
    struct client *old = client_new(&s);
    const struct call call = {.path = "/healthz", .authority = at.authority};
    client_call(old, &call, &a);
    assert_int_equal(a.status, 200);
    answer_free(&a);
    make_certificate(&(struct certificate_wish){
        .folder = folder, .file = "server", .issuer = "strangers", .address = "127.0.0.1", .days = 3});
    assert_int_equal(get_trusting(&s, strangers), 0);
    assert_int_equal(kill(s.pid, SIGHUP), 0);
    await_trust(&s, strangers);
    assert_int_equal(get_trusting(&s, at.authority), 0);
    client_call(old, &call, &a); /* its connection goes on */
    assert_int_equal(a.status, 200);
    assert_int_equal(a.connects, 0);
    answer_free(&a);
    write_file(at.server_key, "no key at all\n");
    assert_int_equal(kill(s.pid, SIGHUP), 0);
    free(server_log(&s, "server.pem: its key cannot be used"));
    assert_int_equal(get_trusting(&s, strangers), 200);
    make_server_certificate(10);
    assert_int_equal(kill(s.pid, SIGHUP), 0);
    await_trust(&s, at.authority);
    client_free(old);
    server_stop(&s);
}

static void an_authority_that_is_gone_is_trusted_no_more(void **state)
{
    (void)state;
    char certificate[PATH_ROOM], key[PATH_ROOM];
    struct server_process s;
    struct answer a = {0};
    make_clients();
    snprintf(certificate, PATH_ROOM, "%s/other.pem", folder);
    snprintf(key, PATH_ROOM, "%s/other.key", folder);
    start(&s, TEST_MANDOLINE, (const char *const[]){"--tls-client-ca", at.clients, NULL});
    struct client *c = client_new(&s);
    const struct call call = {
        .path = "/v1/files", .authority = at.authority, .certificate = certificate, .key = key};
    client_call(c, &call, &a);
    assert_int_equal(a.status, 200);
    make_certificate(&(struct certificate_wish){
        .folder = folder, .file = "clients", .common_name = "clients", .authority = true, .days = 10});
    assert_int_equal(kill(s.pid, SIGHUP), 0);
    for (int i = 0; i < TRIES && a.status == 200; i++) {
        usleep(TRY_US);
        answer_free(&a);
        client_call(c, &call, &a);
    }
    assert_problem(&a, 401, "unauthorized"); /* on the connection that was open */
    assert_int_equal(a.connects, 0);
    answer_free(&a);
    client_free(c);
    server_stop(&s);
}

static void await_status(const struct server_process *s, const char *file, long wanted)
{
    long status = 0;
    for (int i = 0; i < TRIES && status != wanted; i++) {
        usleep(i == 0 ? 0 : TRY_US);
        status = get_as(s, "/v1/files", file);
    }
    assert_int_equal(status, wanted);
}

static void what_is_revoked_counts_no_more(void **state)
{
    (void)state;
    char list[PATH_ROOM];
    struct server_process s;
    make_clients();
    snprintf(list, PATH_ROOM, "%s/list.pem", folder);
    make_revocation(folder, "list", "clients", NULL, LONG_S);
    start(&s, TEST_MANDOLINE,
          (const char *const[]){"--tls-client-ca", at.clients, "--tls-client-crl", list, NULL});
    assert_int_equal(get_as(&s, "/v1/files", "other"), 200);
    make_revocation(folder, "list", "clients", "other", LONG_S);
    assert_int_equal(kill(s.pid, SIGHUP), 0);
    await_status(&s, "other", 401);
    assert_int_equal(get_as(&s, "/v1/files", "reader"), 200);
    make_revocation(folder, "list", "strangers", NULL, LONG_S); /* not theirs to say */
    assert_int_equal(kill(s.pid, SIGHUP), 0);
    free(server_log(&s, "no list of one of these authorities"));
    assert_int_equal(get_as(&s, "/v1/files", "other"), 401);
    assert_int_equal(get_as(&s, "/v1/files", "reader"), 200);
    for (int i = 0; i < TRIES && get_as(&s, "/v1/files", "reader") == 200; i++) {
        make_revocation(folder, "list", "clients", NULL, SHORT_S); /* then nobody knows any more */
        assert_int_equal(kill(s.pid, SIGHUP), 0);
        sleep(SHORT_S + 1);
    }
    assert_int_equal(get_as(&s, "/v1/files", "reader"), 401);
    make_revocation(folder, "list", "clients", NULL, LONG_S);
    assert_int_equal(kill(s.pid, SIGHUP), 0);
    await_status(&s, "other", 200);
    server_stop(&s);
}

struct caller {
    pthread_t thread;
    const struct server_process *server;
    size_t good;
};

static void *call_often(void *arg)
{
    struct caller *c = arg;
    for (int i = 0; i < CALLS; i++)
        c->good += get_as(c->server, "/v1/files", "reader") == 200;
    return NULL;
}

static void reading_files_again_disturbs_nobody(void **state)
{
    (void)state;
    struct server_process s;
    struct caller callers[CALLERS];
    make_clients();
    start(&s, TEST_MANDOLINE,
          (const char *const[]){"--tls-client-ca", at.clients, "--tokens", at.tokens, NULL});
    for (size_t i = 0; i < CALLERS; i++) {
        callers[i] = (struct caller){.server = &s};
        assert_int_equal(pthread_create(&callers[i].thread, NULL, call_often, &callers[i]), 0);
    }
    for (int i = 0; i < RELOADS; i++) {
        assert_int_equal(kill(s.pid, SIGHUP), 0);
        usleep(TRY_US);
    }
    for (size_t i = 0; i < CALLERS; i++) {
        pthread_join(callers[i].thread, NULL);
        assert_int_equal(callers[i].good, CALLS);
    }
    server_stop(&s);
}

static void files_that_are_wrong_are_refused_at_start(void **state)
{
    (void)state;
    static char out[4096], err[4096];
    char other_key[PATH_ROOM], bad[PATH_ROOM];
    snprintf(other_key, PATH_ROOM, "%s/clients.key", folder);
    snprintf(bad, PATH_ROOM, "%s/bad", folder);
    write_file(bad, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    const struct {
        const char *certificate, *key, *authority, *revoked, *says;
    } rows[] = {
        {at.server, other_key, "", "", "is not that of the certificate"},
        {at.server, "", "", "", "tls-cert and tls-key go together"},
        {"", at.server_key, "", "", "tls-cert and tls-key go together"},
        {"", "", at.clients, "", "tls-client-ca means nothing without"},
        {"/nonexistent", at.server_key, "", "", "/nonexistent cannot be opened"},
        {bad, at.server_key, "", "", "cannot be used"},
        {at.server, bad, "", "", "cannot be used"},
        {"/dev/null", at.server_key, "", "", "cannot be used"},
        {at.server, at.server_key, bad, "", "no certificate of an authority"},
        {at.server, at.server_key, "/dev/null", "", "no certificate of an authority"},
        {at.server, at.server_key, "", bad, "tls-client-crl means nothing without"},
        {at.server, at.server_key, at.clients, bad, "no list of one of these authorities"},
        {at.server, at.server_key, at.clients, "/dev/null", "no list of one of these authorities"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        const char *const argv[] = {
            TEST_MANDOLINE,      "serve",         "--listen",  "127.0.0.1:0",     "--tls-cert",
            rows[i].certificate, "--tls-key",     rows[i].key, "--tls-client-ca", rows[i].authority,
            "--tls-client-crl",  rows[i].revoked, NULL};
        assert_int_equal(run_program(argv, NULL, out, err, sizeof out), 1);
        if (strstr(err, rows[i].says) == NULL)
            print_error("%s", err);
        assert_non_null(strstr(err, rows[i].says));
        assert_ptr_equal(strchr(err, '\n'), err + strlen(err) - 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_the_same_as_without),
        cmocka_unit_test(what_is_refused_in_the_middle_is_answered),
        cmocka_unit_test(old_versions_are_refused),
        cmocka_unit_test(what_is_no_tls_ends),
        cmocka_unit_test(health_asks_over_tls),
        cmocka_unit_test(a_certificate_says_who_it_is),
        cmocka_unit_test(a_new_certificate_is_shown_to_new_connections),
        cmocka_unit_test(an_authority_that_is_gone_is_trusted_no_more),
        cmocka_unit_test(what_is_revoked_counts_no_more),
        cmocka_unit_test(reading_files_again_disturbs_nobody),
        cmocka_unit_test(files_that_are_wrong_are_refused_at_start),
    };
    return cmocka_run_group_tests(tests, make_all, drop_all);
}
