/* The command line: settings, start-up failures, health. */
#include "harness.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cjson/cJSON.h>

enum { TEXT = 1 << 16 };

static char file_path[] = "/tmp/mandoline-config.XXXXXX";

static void write_config(const char *text)
{
    FILE *f = fopen(file_path, "we");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

static int make_config(void **state)
{
    (void)state;
    const int fd = mkostemp(file_path, O_CLOEXEC);
    return fd < 0 ? -1 : close(fd);
}

static int drop_config(void **state)
{
    (void)state;
    return unlink(file_path);
}

/* The member ("value" or "origin") of a setting, as `mandoline config` with these flags says. */
static void check_setting(const char *const *flags, const char *setting, const char *value,
                          const char *origin)
{
    static char out[TEXT], err[TEXT];
    const char *argv[8] = {TEST_MANDOLINE, "config", "--config", file_path};
    for (size_t n = 4; flags != NULL && *flags != NULL; flags++)
        argv[n++] = *flags;
    assert_int_equal(run_program(argv, NULL, out, err, TEXT), 0);
    cJSON *all = cJSON_Parse(out);
    const cJSON *row = cJSON_GetObjectItem(all, setting);
    const cJSON *seen = cJSON_GetObjectItem(row, "value");
    char number[64];
    snprintf(number, sizeof number, "%.0f", cJSON_IsNumber(seen) ? seen->valuedouble : -1);
    assert_string_equal(cJSON_IsString(seen) ? seen->valuestring : number, value);
    assert_non_null(strstr(cJSON_GetObjectItem(row, "origin")->valuestring, origin));
    cJSON_Delete(all);
}

static void each_source_is_over_the_one_before(void **state)
{
    (void)state;
    const char *const flags[] = {"--limit-body=7k", NULL};
    write_config("{}");
    check_setting(NULL, "limit-body", "1073741824", "default");
    write_config("{\"limit-body\": \"5M\", \"limit-depth\": 77, \"log\": \"errors\"}");
    check_setting(NULL, "limit-body", "5242880", "file /tmp/");
    check_setting(NULL, "limit-depth", "77", "file /tmp/");
    check_setting(NULL, "log", "errors", "file /tmp/");
    setenv("MANDOLINE_LIMIT_BODY", "6", 1);
    check_setting(NULL, "limit-body", "6", "environment MANDOLINE_LIMIT_BODY");
    check_setting(flags, "limit-body", "7168", "flag --limit-body");
    unsetenv("MANDOLINE_LIMIT_BODY");
}

/* Exit status 1 or 2, and one line on stderr that says these words. */
static void check_failure(const char *const *argv, const char *says, const char *says_too)
{
    static char out[TEXT], err[TEXT];
    const int status = run_program(argv, NULL, out, err, TEXT);
    assert_true(status == 1 || status == 2);
    if (strstr(err, says) == NULL || strstr(err, says_too) == NULL)
        print_error("%s", err);
    assert_non_null(strstr(err, says));
    assert_non_null(strstr(err, says_too));
    assert_ptr_equal(strchr(err, '\n'), err + strlen(err) - 1);
    assert_string_equal(out, "");
}

static void wrong_settings_name_setting_value_and_origin(void **state)
{
    (void)state;
    static const struct {
        const char *argument, *says, *says_too;
    } rows[] = {
        {"--limit-body=12x", "limit-body: \"12x\"", "flag --limit-body"},
        {"--limit-body=", "limit-body: \"\"", "flag --limit-body"},
        {"--limit-body=-1", "limit-body: \"-1\"", "flag --limit-body"},
        {"--limit-body=1kk", "limit-body: \"1kk\"", "flag --limit-body"},
        {"--limit-body=99999999999999999999", "limit-body: \"99999999999999999999\"", "flag"},
        {"--limit-body=17179869184G", "limit-body: \"17179869184G\"", "flag"},
        {"--limit-body=0", "limit-body: 0 is below the minimum of 1", "flag --limit-body"},
        {"--log=loud", "log: \"loud\"", "off|errors|all|debug"},
        {"--limit-nothing=1", "there is no flag --limit-nothing", "config --help"},
        {"--limit-body", "--limit-body needs a value", ""},
        {"surplus", "\"surplus\" is one argument too many", ""},
        {"--config=/nonexistent", "/nonexistent cannot be opened", "No such file"},
    };
    for (size_t i = 0; i < ROWS(rows); i++)
        check_failure((const char *const[]){TEST_MANDOLINE, "config", rows[i].argument, NULL}, rows[i].says,
                      rows[i].says_too);
}

static void wrong_files_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"", "not one JSON object"},
        {"[]", "not one JSON object"},
        {"{} x", "not one JSON object"},
        {"{\"limit-bodi\": 1}", "there is no setting \"limit-bodi\""},
        {"{\"limit-body\": true}", "limit-body must be a text or a whole number"},
        {"{\"limit-body\": 1.5}", "limit-body: \"1.5\""},
        {"{\"limit-body\": -1}", "limit-body must be"},
        {"{\"limit-body\": \"none\"}", "limit-body: \"none\""},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        write_config(rows[i].text);
        check_failure((const char *const[]){TEST_MANDOLINE, "config", "--config", file_path, NULL},
                      rows[i].says, "file /tmp/");
    }
}

static void a_wrong_variable_is_refused(void **state)
{
    (void)state;
    setenv("MANDOLINE_LIMIT_BODY", "much", 1);
    check_failure((const char *const[]){TEST_MANDOLINE, "config", NULL}, "limit-body: \"much\"",
                  "environment MANDOLINE_LIMIT_BODY");
    unsetenv("MANDOLINE_LIMIT_BODY");
}

static void a_server_that_cannot_start_says_why(void **state)
{
    (void)state;
    static const struct {
        const char *flag, *value, *says;
    } rows[] = {
        {"--listen", "nonsense", "nonsense"},
        {"--listen", "127.0.0.1:99999", "127.0.0.1:99999"},
        {"--listen", "300.0.0.1:80", "300.0.0.1:80"},
        {"--listen", "[::1", "[::1"},
        {"--listen", "192.0.2.1:8080", "cannot listen on 192.0.2.1:8080"},
        {"--data", "/nonexistent", "/nonexistent"},
        {"--tokens", "/nonexistent", "the tokens /nonexistent cannot be opened"},
        {"--jwt-keys", "/dev/null", "no JWK Set"},
        {"--signing-key-file", "/dev/null", "there is no signing key"},
    };
    setenv("MANDOLINE_ALLOW_ANONYMOUS", "all", 1);
    for (size_t i = 0; i < ROWS(rows); i++)
        check_failure((const char *const[]){TEST_MANDOLINE, "serve", rows[i].flag, rows[i].value, NULL},
                      rows[i].says, "");
    unsetenv("MANDOLINE_ALLOW_ANONYMOUS");
}

static void nobody_is_open_to_the_world_by_accident(void **state)
{
    (void)state;
    static const char *const flags[] = {"--listen=0.0.0.0:0", "--listen=:0", "--listen=[::]:0",
                                        "--listen=192.0.2.1:0"};
    for (size_t i = 0; i < ROWS(flags); i++)
        check_failure((const char *const[]){TEST_MANDOLINE, "serve", flags[i], NULL}, "allow-anonymous",
                      "where others can come from");
    check_failure((const char *const[]){TEST_MANDOLINE, "serve", "--allow-anonymous=none", NULL},
                  "nobody could do anything", "");
}

static void a_port_that_is_taken_is_one_line(void **state)
{
    (void)state;
    struct server_process s;
    char listen[64];
    server_start(&s, TEST_MANDOLINE, NULL);
    snprintf(listen, sizeof listen, "--listen=127.0.0.1:%u", s.port);
    check_failure((const char *const[]){TEST_MANDOLINE, "serve", listen, NULL},
                  "cannot listen on 127.0.0.1:", "Address already in use");
    server_stop(&s);
}

static void health_tells_the_truth(void **state)
{
    (void)state;
    static char out[TEXT], err[TEXT];
    struct server_process s;
    char listen[64];
    server_start(&s, TEST_MECHANICS, NULL);
    snprintf(listen, sizeof listen, "0.0.0.0:%u", s.port);
    const char *const argv[] = {TEST_MANDOLINE, "health", "--listen", listen, NULL};
    assert_int_equal(run_program(argv, NULL, out, err, TEXT), 0);
    server_stop(&s);
    check_failure(argv, "nobody answers at 0.0.0.0:", "");
}

/* Which a server that has all the connections it takes still answers. */
static void health_asks_the_listener_for_probes(void **state)
{
    (void)state;
    static char out[TEXT], err[TEXT];
    const char *const flags[] = {"--admin-listen=127.0.0.1:0", "--log=off", NULL};
    struct server_process s;
    char admin[64] = "";
    server_start(&s, TEST_MANDOLINE, flags);
    char *log = server_log(&s, "for probes and metrics");
    assert_int_equal(sscanf(strstr(log, "for probes and metrics"), "%*[^/]//%40[0-9.:]", admin), 1);
    free(log);
    /* the main one is nowhere, and TLS is not its concern */
    const char *const argv[] = {TEST_MANDOLINE,   "health",       "--listen",  "127.0.0.1:1",
                                "--tls-cert",     "/nonexistent", "--tls-key", "/nonexistent",
                                "--admin-listen", admin,          NULL};
    assert_int_equal(run_program(argv, NULL, out, err, TEXT), 0);
    server_stop(&s);
    check_failure(argv, "nobody answers at 127.0.0.1:", "");
}

static void a_scan_exits_with_its_verdict(void **state)
{
    (void)state;
    static char out[TEXT], err[TEXT];
    static const struct {
        const char *input;
        int status;
        const char *says;
    } rows[] = {
        {"N.", 0, "-: safe\n"},
        {"cos\nsystem\n(S'id'\ntR.", 1, "os.system('id')"},
        {"cmine\nThing\n.", 1, "suspicious unknown-import mine.Thing"},
        {"hello, world", 2, "-: unreadable\n"},
        {"c\xc2\x9bm\x1b[2J\xc3\xa9\nT\n.", 1,
         " ?m?[2J\xc3\xa9.T "}, /* what a terminal would act upon is not shown */
        {"", 2, "-: unreadable\n"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        const char *const argv[] = {TEST_MANDOLINE, "scan", "-", NULL};
        assert_int_equal(run_program(argv, rows[i].input, out, err, TEXT), rows[i].status);
        assert_non_null(strstr(out, rows[i].says));
        assert_string_equal(err, "");
    }
    const char *const argv[] = {TEST_MANDOLINE, "scan", "/nonexistent", NULL};
    assert_int_equal(run_program(argv, NULL, out, err, TEXT), 2);
    assert_non_null(strstr(err, "cannot be opened"));
}

static void a_scan_policy_is_read_or_refused(void **state)
{
    (void)state;
    static char out[TEXT], err[TEXT];
    static const struct {
        const char *text;
        int status;
        const char *says;
    } rows[] = {
        {"name mine:Thing\n", 0, "-: safe\n"},
        {"dangerous mine.*:* is ours\n", 1, "dangerous dangerous-import"},
        {"# fine\nallow mine:Thing\n", 2, "line 2 of the scan policy"},
        {"name mine.Thing\n", 2, "line 1 of the scan policy"},
        {"call mine:Thing\n", 2, "line 1 of the scan policy"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        const char *const argv[] = {TEST_MANDOLINE, "scan", "-", "--scan-policy", file_path, NULL};
        write_config(rows[i].text);
        assert_int_equal(run_program(argv, "cmine\nThing\n.", out, err, TEXT), rows[i].status);
        assert_non_null(strstr(rows[i].status == 2 ? err : out, rows[i].says));
    }
    check_failure((const char *const[]){TEST_MANDOLINE, "serve", "--scan-policy", file_path, NULL},
                  "line 1 of the scan policy", "");
    check_failure((const char *const[]){TEST_MANDOLINE, "scan", "-", "--scan-policy", "/nonexistent", NULL},
                  "/nonexistent cannot be opened", "");
}

static void help_and_version_are_there(void **state)
{
    (void)state;
    static char out[TEXT], err[TEXT];
    static const char *const rows[][2] = {
        {"--help", NULL},      {"serve", "--help"},   {"config", "--help"},      {"health", "--help"},
        {"convert", "--help"}, {"inspect", "--help"}, {"disassemble", "--help"}, {"scan", "--help"},
        {"token", "--help"},   {"sign", "--help"},    {"--version", NULL}};
    for (size_t i = 0; i < ROWS(rows); i++) {
        const char *const argv[] = {TEST_MANDOLINE, rows[i][0], rows[i][1], NULL};
        assert_int_equal(run_program(argv, NULL, out, err, TEXT), 0);
        assert_non_null(strstr(out, "mandoline"));
        assert_string_equal(err, "");
    }
    assert_int_equal(run_program((const char *const[]){TEST_MANDOLINE, NULL}, NULL, out, err, TEXT), 2);
    assert_non_null(strstr(err, "usage: mandoline COMMAND"));
    assert_int_equal(run_program((const char *const[]){TEST_MANDOLINE, "slice", NULL}, NULL, out, err, TEXT),
                     2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_source_is_over_the_one_before),
        cmocka_unit_test(wrong_settings_name_setting_value_and_origin),
        cmocka_unit_test(wrong_files_are_refused),
        cmocka_unit_test(a_wrong_variable_is_refused),
        cmocka_unit_test(a_server_that_cannot_start_says_why),
        cmocka_unit_test(nobody_is_open_to_the_world_by_accident),
        cmocka_unit_test(a_port_that_is_taken_is_one_line),
        cmocka_unit_test(health_tells_the_truth),
        cmocka_unit_test(health_asks_the_listener_for_probes),
        cmocka_unit_test(a_scan_exits_with_its_verdict),
        cmocka_unit_test(a_scan_policy_is_read_or_refused),
        cmocka_unit_test(help_and_version_are_there),
    };
    return cmocka_run_group_tests(tests, make_config, drop_config);
}
