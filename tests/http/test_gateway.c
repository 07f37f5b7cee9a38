/* Behind proxies, under a path, asked by browsers: what links and headers say. */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>

static int start_with(void **state, const char *const *arguments)
{
    struct server_process *s = malloc(sizeof *s);
    assert_non_null(s);
    server_start(s, TEST_MANDOLINE, arguments);
    server_put_file(s, "page.html", bytes_text("<script>alert(1)</script>"));
    server_put_file(s, "a.json", bytes_text("[1]"));
    *state = s;
    return 0;
}

static int start_plain(void **state)
{
    return start_with(state, NULL);
}

static int start_trusting(void **state)
{
    return start_with(state,
                      (const char *const[]){"--trust-proxy", "127.0.0.0/8,::1", "--base-path", "/svc", NULL});
}

static int start_shared(void **state)
{
    return start_with(state,
                      (const char *const[]){"--cors-origin", "https://a.example, http://b.example:3000",
                                            "--cors-credentials", "true", "--cors-max-age", "60", NULL});
}

static int start_open(void **state)
{
    return start_with(state, (const char *const[]){"--cors-origin", "*", NULL});
}

/* A header of the answer to one call. "" when it is not there. */
static const char *header_of(void *server, const struct call *call, const char *name, char out[256])
{
    struct answer a;
    http(server, call, &a);
    if (answer_header(&a, name, out) == NULL)
        out[0] = '\0';
    answer_free(&a);
    return out;
}

static void assert_holds(void *server, const struct call *call, long status, const char *text)
{
    struct answer a;
    http(server, call, &a);
    print_message("%s\n", call->path);
    assert_int_equal(a.status, status);
    assert_non_null(a.body);
    if (strstr((const char *)a.body, text) == NULL)
        fail_msg("%s is not in %s", text, (const char *)a.body);
    answer_free(&a);
}

/* ---- problems ---- */

/* type leads to a page that explains it. */
static void the_type_of_a_problem_leads_to_its_page(void **state)
{
    static const char *const requests[] = {"/nowhere", "/v1/formats?nothing=1", "/v1/data/a.json?path=/7",
                                           "/v1/data/page.html", "/%"};
    for (size_t i = 0; i < ROWS(requests); i++) {
        struct answer a;
        char type[256], title[256];
        http(*state, &(struct call){.path = requests[i]}, &a);
        answer_problem(&a, "type", type);
        answer_problem(&a, "title", title);
        answer_free(&a);
        assert_holds(*state, &(struct call){.path = type}, 200, title);
        assert_holds(*state, &(struct call){.path = type, .headers = {"Accept: text/html"}}, 200, "<h1>");
        assert_holds(*state, &(struct call){.path = "/problems"}, 200, type);
        assert_holds(*state, &(struct call){.path = "/problems?format=html"}, 200, type);
    }
    struct answer a;
    http(*state, &(struct call){.path = "/problems/nothing"}, &a);
    assert_problem(&a, 404, "not-found");
    answer_free(&a);
}

static void the_root_says_what_this_is(void **state)
{
    assert_holds(*state, &(struct call){.path = "/"}, 200, "\"documentation\":\"/docs\"");
    assert_holds(*state, &(struct call){.path = "/", .headers = {"Accept: text/html,*/*;q=0.8"}}, 200,
                 "<a href=\"/docs\">");
    assert_holds(*state, &(struct call){.path = "/", .headers = {"Accept: image/png"}}, 406,
                 "not-acceptable");
    assert_holds(*state, &(struct call){.path = "/docs/reference.html"}, 200, "/v1/convert");
}

/* ---- behind proxies ---- */

static void links_are_right_behind_a_base_path(void **state)
{
    static const struct {
        const char *name, *path, *header;
        long status;
        const char *text;
    } rows[] = {
        {"an endpoint", "/svc/v1/formats", NULL, 200, "\"formats\""},
        {"not without it", "/v1/formats", NULL, 404, "\"/svc/problems/not-found\""},
        {"nor with half of it", "/svcx/v1/formats", NULL, 404, "\"/svc/problems/not-found\""},
        {"the root", "/svc", NULL, 200, "\"/svc/openapi.json\""},
        {"the root with a slash", "/svc/", NULL, 200, "\"/svc/openapi.json\""},
        {"probes below it", "/svc/healthz", NULL, 200, "ok"},
        {"and at the root", "/healthz", NULL, 200, "ok"},
        {"the page of a problem", "/svc/problems/busy", NULL, 200, "\"/svc/problems/busy\""},
        {"the server of the API", "/svc/openapi.json", NULL, 200, "\"servers\":[{\"url\":\"/svc\""},
        {"a prefix that a proxy took away", "/svc/problems/busy", "X-Forwarded-Prefix: /team", 200,
         "\"/team/svc/problems/busy\""},
        {"in the server of the API too", "/svc/openapi.json", "X-Forwarded-Prefix: /team", 200,
         "\"servers\":[{\"url\":\"/team/svc\""},
        {"and in pages", "/svc/?format=html", "X-Forwarded-Prefix: /team", 200,
         "href=\"/team/svc/docs/page.css\""},
        {"a prefix that is none", "/svc/problems/busy", "X-Forwarded-Prefix: //evil.example", 200,
         "\"/svc/problems/busy\""},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        print_message("%s: ", rows[i].name);
        assert_holds(*state, &(struct call){.path = rows[i].path, .headers = {rows[i].header}},
                     rows[i].status, rows[i].text);
    }
    char text[256];
    assert_non_null(
        strstr(header_of(*state, &(struct call){.path = "/svc/docs"}, "Location", text), "/svc/docs/"));
}

static void strangers_change_no_link(void **state)
{
    assert_holds(*state, &(struct call){.path = "/problems/busy", .headers = {"X-Forwarded-Prefix: /team"}},
                 200, "\"/problems/busy\"");
    char text[256];
    assert_string_equal(header_of(*state,
                                  &(struct call){.path = "/", .headers = {"X-Forwarded-Proto: https"}},
                                  "Strict-Transport-Security", text),
                        "");
}

static void https_is_kept_to(void **state)
{
    static const struct {
        const char *header;
        bool https;
    } rows[] = {
        {NULL, false},
        {"X-Forwarded-Proto: https", true},
        {"X-Forwarded-Proto: http", false},
        {"Forwarded: for=192.0.2.1;proto=https", true},
        {"Forwarded: for=\"192.0.2.1", false},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        char text[256];
        const struct call call = {.path = "/svc/", .headers = {rows[i].header}};
        assert_string_equal(header_of(*state, &call, "Strict-Transport-Security", text),
                            rows[i].https ? "max-age=31536000" : "");
    }
}

/* Two lines of a header are one list, whose end the nearest proxy wrote. */
static void lines_of_a_header_are_one_list(void **state)
{
    char text[256];
    const struct call call = {.path = "/svc/",
                              .headers = {"Forwarded: proto=https", "Forwarded: proto=http"}};
    const struct call other = {.path = "/svc/",
                               .headers = {"Forwarded: proto=http", "Forwarded: proto=https"}};
    assert_string_equal(header_of(*state, &call, "Strict-Transport-Security", text), "");
    assert_string_equal(header_of(*state, &other, "Strict-Transport-Security", text), "max-age=31536000");
}

static void health_finds_it_under_a_base_path(void **state)
{
    const struct server_process *s = *state;
    char listen[32], out[1024], err[1024];
    snprintf(listen, sizeof listen, "127.0.0.1:%u", s->port);
    const char *const argv[] = {TEST_MANDOLINE, "health", "--listen", listen, "--base-path", "/svc", NULL};
    assert_int_equal(run_program(argv, NULL, out, err, sizeof out), 0);
}

/* ---- browsers ---- */

static void every_answer_has_the_headers_of_security(void **state)
{
    static const char *const paths[] = {"/v1/formats", "/nowhere", "/v1/files/a.json", "/problems/busy",
                                        "/v1/files/nothing"};
    static const char *const headers[][2] = {
        {"X-Content-Type-Options", "nosniff"},
        {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
        {"Referrer-Policy", "no-referrer"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {"Access-Control-Allow-Origin", ""},
    };
    for (size_t i = 0; i < ROWS(paths) * ROWS(headers); i++) {
        char text[256];
        const struct call call = {.path = paths[i / ROWS(headers)], .headers = {"Origin: https://a.example"}};
        const char *const *header = headers[i % ROWS(headers)];
        assert_string_equal(header_of(*state, &call, header[0], text), header[1]);
    }
}

static void pages_have_a_policy_of_their_own(void **state)
{
    static const char *const paths[] = {"/?format=html", "/problems?format=html", "/docs/reference.html"};
    for (size_t i = 0; i < ROWS(paths); i++) {
        char text[256];
        const char *policy =
            header_of(*state, &(struct call){.path = paths[i]}, "Content-Security-Policy", text);
        assert_ptr_equal(strstr(policy, "default-src 'none'; style-src 'self'"), policy);
        assert_null(strstr(policy, "script"));
        assert_null(strstr(policy, "unsafe"));
    }
}

/* What a browser might run is saved, not shown. */
static void stored_files_of_no_known_format_are_saved(void **state)
{
    char text[256];
    assert_string_equal(
        header_of(*state, &(struct call){.path = "/v1/files/page.html"}, "Content-Disposition", text),
        "attachment");
    assert_string_equal(
        header_of(*state, &(struct call){.path = "/v1/files/page.html"}, "Content-Type", text),
        "application/octet-stream");
    assert_string_equal(
        header_of(*state, &(struct call){.path = "/v1/files/a.json"}, "Content-Disposition", text), "");
}

static void assert_headers(const struct answer *a, const char *const (*rows)[2], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char text[256] = "";
        if (answer_header(a, rows[i][0], text) == NULL)
            text[0] = '\0';
        print_message("%s: %s\n", rows[i][0], text);
        assert_string_equal(text, rows[i][1]);
    }
}

static void a_preflight_is_answered_from_the_routes(void **state)
{
    static const char *const yes[][2] = {
        {"Access-Control-Allow-Origin", "http://b.example:3000"},
        {"Access-Control-Allow-Methods", "GET, HEAD, POST, OPTIONS"},
        {"Access-Control-Allow-Credentials", "true"},
        {"Access-Control-Max-Age", "60"},
        {"Vary", "Origin"},
    };
    static const char *const no[][2] = {
        {"Access-Control-Allow-Origin", ""}, {"Access-Control-Allow-Methods", ""}, {"Vary", "Origin"}};
    struct answer a;
    http(*state,
         &(struct call){.method = "OPTIONS",
                        .path = "/v1/data/a.json",
                        .headers = {"Origin: http://b.example:3000", "Access-Control-Request-Method: POST",
                                    "Access-Control-Request-Headers: content-type"}},
         &a);
    assert_int_equal(a.status, 204);
    assert_headers(&a, yes, ROWS(yes));
    assert_non_null(strstr(a.head, "Content-Type"));
    answer_free(&a);
    http(*state,
         &(struct call){.method = "OPTIONS",
                        .path = "/v1/data/a.json",
                        .headers = {"Origin: http://b.example", "Access-Control-Request-Method: POST"}},
         &a);
    assert_int_equal(a.status, 204);
    assert_headers(&a, no, ROWS(no));
    answer_free(&a);
}

static void listed_origins_may_read_answers(void **state)
{
    static const char *const yes[][2] = {{"Access-Control-Allow-Origin", "https://a.example"},
                                         {"Access-Control-Allow-Credentials", "true"},
                                         {"Cross-Origin-Resource-Policy", "same-origin"},
                                         {"Vary", "Accept, Origin"}};
    static const char *const origins[] = {"Origin: https://a.example.evil", "Origin: null",
                                          "Origin:", "Origin: https://a.example, http://b.example:3000",
                                          "Origin: *"};
    struct answer a;
    http(*state, &(struct call){.path = "/v1/data/a.json", .headers = {"Origin: https://a.example"}}, &a);
    assert_int_equal(a.status, 200);
    assert_headers(&a, yes, ROWS(yes));
    assert_non_null(strstr(a.head, "X-Mandoline-Dtype"));
    answer_free(&a);
    for (size_t i = 0; i < ROWS(origins); i++) {
        char text[256];
        const struct call call = {.path = "/v1/data/a.json", .headers = {origins[i]}};
        assert_string_equal(header_of(*state, &call, "Access-Control-Allow-Origin", text), "");
    }
    char text[256]; /* problems can be read as well */
    const struct call missing = {.path = "/nowhere", .headers = {"Origin: https://a.example"}};
    assert_string_equal(header_of(*state, &missing, "Access-Control-Allow-Origin", text),
                        "https://a.example");
}

static void all_origins_may_where_it_is_said(void **state)
{
    static const char *const rows[][2] = {{"Access-Control-Allow-Origin", "*"},
                                          {"Access-Control-Allow-Credentials", ""},
                                          {"Cross-Origin-Resource-Policy", "cross-origin"},
                                          {"Vary", "Accept"}};
    struct answer a;
    http(*state, &(struct call){.path = "/v1/data/a.json", .headers = {"Origin: null"}}, &a);
    assert_headers(&a, rows, ROWS(rows));
    answer_free(&a);
}

static void settings_that_are_wrong_end_the_start(void **state)
{
    static const char *const rows[][3] = {
        {"--trust-proxy", "10.0.0.0/99", "networks"},
        {"--trust-proxy", "proxy.example", "networks"},
        {"--base-path", "svc", "base-path"},
        {"--base-path", "/svc/", "base-path"},
        {"--base-path", "//svc", "base-path"},
        {"--base-path", "/a b", "base-path"},
        {"--cors-origin", "a.example", "cors-origin"},
        {"--cors-origin", "https://a.example/x", "cors-origin"},
        {"--cors-origin", "https://*.example", "cors-origin"},
        {"--cors-credentials", "maybe", "cors-credentials"},
        {"--hsts", "soon", "hsts"},
    };
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        char out[1024], err[1024];
        const char *const argv[] = {TEST_MANDOLINE, "serve",    "--listen", "127.0.0.1:0",
                                    rows[i][0],     rows[i][1], NULL};
        print_message("%s %s\n", rows[i][0], rows[i][1]);
        assert_int_not_equal(run_program(argv, NULL, out, err, sizeof out), 0);
        assert_non_null(strstr(err, rows[i][2]));
    }
    char out[1024], err[1024];
    const char *const both[] = {TEST_MANDOLINE,       "serve",         "--listen",
                                "127.0.0.1:0",        "--cors-origin", "*",
                                "--cors-credentials", "true",          NULL};
    assert_int_not_equal(run_program(both, NULL, out, err, sizeof out), 0);
}

int main(void)
{
    const struct CMUnitTest plain[] = {
        cmocka_unit_test(the_type_of_a_problem_leads_to_its_page),
        cmocka_unit_test(the_root_says_what_this_is),
        cmocka_unit_test(strangers_change_no_link),
        cmocka_unit_test(every_answer_has_the_headers_of_security),
        cmocka_unit_test(pages_have_a_policy_of_their_own),
        cmocka_unit_test(stored_files_of_no_known_format_are_saved),
        cmocka_unit_test(settings_that_are_wrong_end_the_start),
    };
    const struct CMUnitTest trusting[] = {
        cmocka_unit_test(links_are_right_behind_a_base_path),
        cmocka_unit_test(https_is_kept_to),
        cmocka_unit_test(lines_of_a_header_are_one_list),
        cmocka_unit_test(health_finds_it_under_a_base_path),
    };
    const struct CMUnitTest shared[] = {
        cmocka_unit_test(a_preflight_is_answered_from_the_routes),
        cmocka_unit_test(listed_origins_may_read_answers),
    };
    const struct CMUnitTest open[] = {cmocka_unit_test(all_origins_may_where_it_is_said)};
    return cmocka_run_group_tests(plain, start_plain, stop_server) +
           cmocka_run_group_tests(trusting, start_trusting, stop_server) +
           cmocka_run_group_tests(shared, start_shared, stop_server) +
           cmocka_run_group_tests(open, start_open, stop_server);
}
