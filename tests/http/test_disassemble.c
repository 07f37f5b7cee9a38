/* Disassembly over HTTP and on the command line. What good pickles look like is held against Python in
 * tests/clients. */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cjson/cJSON.h>

enum { TEXT = 1 << 16 };

static void disassemble(void **state, const char *query, const char *header, struct bytes body,
                        struct answer *out)
{
    char path[128];
    snprintf(path, sizeof path, "/v1/disassemble%s", query);
    http(*state, &(struct call){.method = "POST", .path = path, .body = body, .headers = {header}}, out);
}

static const struct {
    const char *name, *query, *header, *type, *begins;
    bool varies;
} forms[] = {
    {"nothing said", "", "", "text/plain; charset=utf-8", "    0: N    NONE\n", true},
    {"anything", "", "Accept: */*", "text/plain; charset=utf-8", "    0: N", true},
    {"a browser", "", "Accept: text/html, application/xml;q=0.9, */*;q=0.8", "text/plain; charset=utf-8",
     "    0: N", true},
    {"JSON", "", "Accept: application/json", "application/json", "{\"pickles\":[", true},
    {"rather JSON", "", "Accept: text/plain;q=0.5, application/*", "application/json", "{\"pickles\":[",
     true},
    {"no JSON", "", "Accept: application/json;q=0, */*", "text/plain; charset=utf-8", "    0: N", true},
    {"the parameter", "?format=json", "Accept: text/plain", "application/json", "{\"pickles\":[", false},
    {"a body of another type", "?format=text", "Content-Type: application/json", "text/plain; charset=utf-8",
     "    0: N", false},
};

static void the_form_is_negotiated(void **state)
{
    for (size_t i = 0; i < ROWS(forms); i++) {
        struct answer a;
        char text[256];
        print_message("%s\n", forms[i].name);
        disassemble(state, forms[i].query, forms[i].header, bytes_text("N."), &a);
        assert_int_equal(a.status, 200);
        assert_string_equal(answer_header(&a, "Content-Type", text), forms[i].type);
        assert_int_equal(answer_header(&a, "Vary", text) != NULL, forms[i].varies);
        assert_memory_equal(a.body, forms[i].begins, strlen(forms[i].begins));
        answer_free(&a);
    }
}

static const struct {
    const char *name, *query, *header, *body;
    long status;
    const char *slug;
} refused[] = {
    {"an empty body", "", "", "", 400, "malformed-input"},
    {"a form that is none", "?format=xml", "", "N.", 400, "bad-parameter"},
    {"an index below 0", "?index=-1", "", "N.", 400, "bad-parameter"},
    {"an index that no pickle has", "?index=1", "", "N.", 400, "bad-parameter"},
    {"an index behind damage", "?index=1", "", "t.N.", 400, "malformed-input"},
    {"no width", "?width=0", "", "N.", 400, "bad-parameter"},
    {"an unknown parameter", "?from=pickle", "", "N.", 400, "bad-parameter"},
    {"neither of the forms", "", "Accept: image/png", "N.", 406, "not-acceptable"},
};

static void what_is_wrong_is_a_problem(void **state)
{
    for (size_t i = 0; i < ROWS(refused); i++) {
        struct answer a;
        print_message("%s\n", refused[i].name);
        disassemble(state, refused[i].query, refused[i].header, bytes_text(refused[i].body), &a);
        assert_problem(&a, refused[i].status, refused[i].slug);
        answer_free(&a);
    }
}

/* The answer as JSON is well-formed, and says whether all of it is there. */
static void check_json(void **state, struct bytes body, bool complete)
{
    struct answer a;
    disassemble(state, "?format=json", "", body, &a);
    assert_int_equal(a.status, 200);
    cJSON *document = cJSON_Parse((const char *)a.body);
    assert_non_null(document);
    assert_int_equal(cJSON_IsTrue(cJSON_GetObjectItem(document, "complete")), complete);
    const cJSON *pickle = cJSON_GetArrayItem(cJSON_GetObjectItem(document, "pickles"), 0);
    assert_int_equal(cJSON_GetObjectItem(pickle, "problem") == NULL, complete);
    cJSON_Delete(document);
    answer_free(&a);
}

static void a_pickle_is_cut_at_every_byte(void **state)
{
    static const char pickle[] = "\x80\x04\x95\x29\0\0\0\0\0\0\0}\x94(\x8c\x01"
                                 "a\x94](K\x01M\x00\x01G?\xf8\0\0\0\0\0\0e\x8c\x01"
                                 "b\x94\x8a\x09\xff\xff\xff\xff\xff\xff\xff\xff\x01u.";
    const struct bytes body = bytes_of(pickle, sizeof pickle - 1);
    check_json(state, body, true);
    for (size_t n = 1; n < body.len; n++) {
        struct answer a;
        check_json(state, bytes_of(body.data, n), false);
        disassemble(state, "", "", bytes_of(body.data, n), &a);
        assert_int_equal(a.status, 200);
        assert_non_null(strstr((const char *)a.body, "damaged at byte "));
        answer_free(&a);
    }
}

static void what_is_no_pickle_is_answered_too(void **state)
{
    static const char *const bodies[] = {"{\"a\": 1}", "<html>",       "PK\x03\x04",
                                         "\xff\xfe",   "hello, world", "cos\nsystem\n(S'ls'\ntR"};
    for (size_t i = 0; i < ROWS(bodies); i++)
        check_json(state, bytes_text(bodies[i]), false);
    check_json(state, bytes_text("cos\nsystem\n(S'ls'\ntR."), true);
}

static void a_wrapper_is_undone_first(void **state)
{
    static const char wrapped[] =
        "\x1f\x8b\x08\0\0\0\0\0\x02\x03\xf3\xd3\x03\0\xbb}\xf5\xf3\x02\0\0\0"; /* "N." */
    struct answer a;
    disassemble(state, "", "", bytes_of(wrapped, sizeof wrapped - 1), &a);
    assert_int_equal(a.status, 200);
    assert_non_null(strstr((const char *)a.body, "NONE"));
    answer_free(&a);
    disassemble(state, "", "", bytes_text("\x1f\x8b\x08"), &a);
    assert_problem(&a, 400, "malformed-input");
    answer_free(&a);
}

/* A million open marks: the listing ends where the limit is, and names it. */
static void a_limit_is_named(void **state)
{
    enum { MARKS = 1000000 };
    uint8_t *marks = malloc(MARKS);
    struct answer a;
    assert_non_null(marks);
    memset(marks, '(', MARKS);
    disassemble(state, "?format=json", "", bytes_of(marks, MARKS), &a);
    assert_int_equal(a.status, 200);
    assert_non_null(strstr((const char *)a.body, "\"limit\":\"depth\",\"limit_value\":10000}"));
    answer_free(&a);
    free(marks);
}

static void the_command_says_the_same(void **state)
{
    (void)state;
    static char out[TEXT], err[TEXT];
    static const char text[] =
        "    0: I    INT        7\n    3: .    STOP\nhighest protocol among opcodes = 0\n";
    char path[] = "/tmp/mandoline-disassemble.XXXXXX";
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(
        run_program((const char *const[]){TEST_MANDOLINE, "disassemble", "-", NULL}, "I7\n.", out, err, TEXT),
        0);
    assert_string_equal(out, text);
    assert_int_equal(run_program((const char *const[]){TEST_MANDOLINE, "disassemble", "-", "-o", path, NULL},
                                 "I7\n.", out, err, TEXT),
                     0);
    assert_string_equal(out, "");
    assert_int_equal(run_program((const char *const[]){TEST_MANDOLINE, "disassemble", "-", "--format=json",
                                                       "--index=1", NULL},
                                 "I7\n.I8\n.", out, err, TEXT),
                     0);
    assert_non_null(strstr(out, "\"argument\":8"));
    assert_int_equal(
        run_program((const char *const[]){TEST_MANDOLINE, "disassemble", path, NULL}, NULL, out, err, TEXT),
        1);
    assert_string_equal(out, "damaged at byte 0: byte 0x20 is no opcode\n");
    assert_string_equal(err, "mandoline: byte 0x20 is no opcode (at byte 0)\n");
    assert_int_equal(
        run_program((const char *const[]){TEST_MANDOLINE, "disassemble", "-", "--format=json", NULL}, "I7\n",
                    out, err, TEXT),
        1);
    assert_non_null(strstr(out, "\"complete\":false"));
    assert_string_equal(err, "mandoline: the pickle ends before its STOP (at byte 3)\n");
    unlink(path);
    assert_int_equal(
        run_program((const char *const[]){TEST_MANDOLINE, "disassemble", path, NULL}, NULL, out, err, TEXT),
        1);
    assert_non_null(strstr(err, "cannot be opened"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_form_is_negotiated),        cmocka_unit_test(what_is_wrong_is_a_problem),
        cmocka_unit_test(a_pickle_is_cut_at_every_byte), cmocka_unit_test(what_is_no_pickle_is_answered_too),
        cmocka_unit_test(a_wrapper_is_undone_first),     cmocka_unit_test(a_limit_is_named),
        cmocka_unit_test(the_command_says_the_same),
    };
    return cmocka_run_group_tests(tests, start_mandoline, stop_server);
}
