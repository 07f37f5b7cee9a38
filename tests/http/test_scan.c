/* Scans over HTTP and on the command line. What is dangerous, and how it hides, is held against Python's own
 * pickles in tests/clients. */
#include "harness.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cjson/cJSON.h>

enum { TEXT = 1 << 16 };

static void scan(void **state, const char *path, struct bytes body, struct answer *out)
{
    http(*state, &(struct call){.method = "POST", .path = path, .body = body}, out);
}

#define BODY(text)                                                                                           \
    {                                                                                                        \
        (const uint8_t *)(text), sizeof(text) - 1                                                            \
    }

/* os.system('id') in protocol 0, a zip member with it (no checksum, none is believed), and gzip of it. */
#define SYSTEM  "cos\nsystem\n(S'id'\ntR."
#define GZIPPED BODY("\x1f\x8b\x08\0\0\0\0\0\2\xff\x01\x15\0\xea\xff" SYSTEM "\xbe\x45\xb8\x27\x15\0\0\0")
#define LOCAL(name)                                                                                          \
    "PK\3\4\x14\0\0\0\0\0\0\0\0\0\0\0\0\0"                                                                   \
    "\x15\0\0\0\x15\0\0\0\x05\0\0\0" name
#define CENTRAL(name)                                                                                        \
    "PK\1\2\x14\0\x14\0\0\0\0\0\0\0\0\0\0\0\0\0"                                                             \
    "\x15\0\0\0\x15\0\0\0\x05\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" name
#define END "PK\5\6\0\0\0\0\1\0\1\0\x33\0\0\0\x38\0\0\0\0\0"

static const struct {
    const char *name;
    struct bytes body;
    const char *verdict, *rule, *member; /* of the first finding; NULL: there is none */
} documents[] = {
    {"plain data",
     BODY("\x80\x04]\x94(K\x01K\x02"
          "e."),
     "safe", NULL, NULL},
    {"a harmless class",
     BODY("\x80\x02"
          "ccollections\nOrderedDict\n)R."),
     "safe", NULL, NULL},
    {"a class that nobody knows", BODY("cmine\nThing\n)\x81."), "suspicious", "unknown-import", ""},
    {"a command", BODY(SYSTEM), "dangerous", "dangerous-import", ""},
    {"a command that is named and not called", BODY("cos\nsystem\n."), "dangerous", "dangerous-import", ""},
    {"a command before damage", BODY("cos\nsystem\n(S'id'\ntR\xff"), "dangerous", "dangerous-import", ""},
    {"a command behind damage", BODY("\x80\x04]\xff" SYSTEM), "dangerous", "dangerous-import", ""},
    {"a command behind a whole pickle", BODY("N." SYSTEM), "dangerous", "dangerous-import", ""},
    {"a pickle that is cut off", BODY("\x80\x04]\x94(K\x01"), "unreadable", NULL, NULL},
    {"a cut pickle behind a whole one", BODY("\x80\x04N.\x80\x04]\x94(K\x01"), "unreadable", NULL, NULL},
    {"junk behind a whole one", BODY("\x80\x04N.\0\0\0\0"), "safe", NULL, NULL},
    {"what is no document", BODY("hello, world"), "unreadable", NULL, NULL},
    {"a command in gzip", GZIPPED, "dangerous", "dangerous-import", "gzip"},
    {"gzip that is cut off", BODY("\x1f\x8b\x08\0\0\0\0\0\2\xff\x01\x15\0\xea\xff" SYSTEM), "dangerous",
     "dangerous-import", "gzip"},
    {"a command in a zip", BODY(LOCAL("a.pkl") SYSTEM CENTRAL("a.pkl") END), "dangerous", "dangerous-import",
     "a.pkl"},
    {"a zip with two names for it", BODY(LOCAL("a.txt") SYSTEM CENTRAL("b.txt") END), "dangerous",
     "archive-disagrees", ""},
    {"a zip without a directory", BODY(LOCAL("a.txt") SYSTEM), "dangerous", "archive-disagrees", ""},
    {"a layer that is code", BODY("{\"class_name\": \"Lambda\"}"), "dangerous", "keras-lambda", ""},
};

static const char *text_of(const cJSON *object, const char *key)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItem(object, key));
    return text == NULL ? "(none)" : text;
}

static void each_has_its_verdict(void **state)
{
    for (size_t i = 0; i < ROWS(documents); i++) {
        struct answer a;
        print_message("%s\n", documents[i].name);
        scan(state, "/v1/scan", documents[i].body, &a);
        assert_int_equal(a.status, 200);
        cJSON *report = cJSON_Parse((const char *)a.body);
        assert_non_null(report);
        assert_string_equal(text_of(report, "verdict"), documents[i].verdict);
        const cJSON *findings = cJSON_GetObjectItem(report, "findings");
        assert_int_equal(cJSON_GetArraySize(findings) > 0, documents[i].rule != NULL);
        if (documents[i].rule != NULL) {
            assert_string_equal(text_of(cJSON_GetArrayItem(findings, 0), "rule"), documents[i].rule);
            assert_string_equal(text_of(cJSON_GetArrayItem(findings, 0), "member"), documents[i].member);
        }
        cJSON_Delete(report);
        answer_free(&a);
    }
}

/* Cut anywhere, what is left is never safe: it is not whole. */
static void cut_at_every_byte_it_is_not_safe(void **state)
{
    static const char whole[] = "\x80\x04\x95\x0a\0\0\0\0\0\0\0]\x94(K\x01K\x02"
                                "e.";
    for (size_t n = 1; n < sizeof whole - 1; n++) {
        struct answer a;
        scan(state, "/v1/scan", bytes_of(whole, n), &a);
        assert_int_equal(a.status, 200);
        assert_non_null(strstr((const char *)a.body, "\"verdict\":\"unreadable\""));
        answer_free(&a);
    }
}

static void what_is_wrong_is_a_problem(void **state)
{
    struct answer a;
    char allow[256];
    scan(state, "/v1/scan", bytes_text(""), &a);
    assert_problem(&a, 400, "malformed-input");
    answer_free(&a);
    scan(state, "/v1/scan?strict=true", bytes_text("N."), &a);
    assert_problem(&a, 400, "bad-parameter");
    answer_free(&a);
    http(*state, &(struct call){.path = "/v1/scan"}, &a);
    assert_int_equal(a.status, 405);
    assert_non_null(strstr(answer_header(&a, "Allow", allow), "POST"));
    answer_free(&a);
    http(*state, &(struct call){.method = "HEAD", .path = "/v1/scan"}, &a);
    assert_int_equal(a.status, 405);
    assert_int_equal(a.len, 0);
    answer_free(&a);
}

static void a_body_over_the_limit_is_refused(void **state)
{
    (void)state;
    struct server_process s;
    struct answer a;
    char limit[256];
    server_start(&s, TEST_MANDOLINE, (const char *const[]){"--limit-body=8", NULL});
    http(&s, &(struct call){.method = "POST", .path = "/v1/scan", .body = bytes_text("(lp0\n0N.")}, &a);
    assert_int_equal(a.status, 200);
    answer_free(&a);
    http(&s, &(struct call){.method = "POST", .path = "/v1/scan", .body = bytes_text("(lp0\n00N.")}, &a);
    assert_problem(&a, 413, "too-large");
    assert_string_equal(answer_problem(&a, "limit", limit), "body");
    answer_free(&a);
    server_stop(&s);
}

/* Streams in streams share a limit: each alone would be under it. */
static void a_limit_is_of_all_streams_together(void **state)
{
    (void)state;
    static const char outer[] =
        "\x1f\x8b\x08\0\0\0\0\0\2\xff\x01\x2c\0\xd3\xff"; /* 44 bytes follow as they are */
    static const struct bytes inner = GZIPPED;
    static const char *const rows[][2] = {{"--limit-inflated=65", NULL}, {"--limit-inflated=64", "inflated"}};
    uint8_t body[256];
    assert_int_equal(inner.len, 44);
    memcpy(body, outer, sizeof outer - 1);
    memcpy(body + sizeof outer - 1, inner.data, inner.len);
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct server_process s;
        struct answer a;
        server_start(&s, TEST_MANDOLINE, (const char *const[]){rows[i][0], NULL});
        http(&s,
             &(struct call){
                 .method = "POST", .path = "/v1/scan", .body = bytes_of(body, sizeof outer - 1 + inner.len)},
             &a);
        assert_int_equal(a.status, 200);
        cJSON *report = cJSON_Parse((const char *)a.body);
        assert_string_equal(text_of(report, "limit"), rows[i][1] == NULL ? "(none)" : rows[i][1]);
        assert_string_equal(text_of(report, "verdict"), rows[i][1] == NULL ? "dangerous" : "unreadable");
        cJSON_Delete(report);
        answer_free(&a);
        server_stop(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_has_its_verdict),
        cmocka_unit_test(cut_at_every_byte_it_is_not_safe),
        cmocka_unit_test(what_is_wrong_is_a_problem),
        cmocka_unit_test(a_body_over_the_limit_is_refused),
        cmocka_unit_test(a_limit_is_of_all_streams_together),
    };
    return cmocka_run_group_tests(tests, start_mandoline, stop_server);
}
