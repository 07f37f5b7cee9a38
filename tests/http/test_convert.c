/* convert and inspect: the same answers as over HTTP, without a socket. */
#include "harness.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TEXT = 1 << 16 };

struct folder {
    char path[64], in[80], out[80];
};

static int make_folder(void **state)
{
    struct folder *f = calloc(1, sizeof *f);
    assert_non_null(f);
    snprintf(f->path, sizeof f->path, "/tmp/mandoline-convert.XXXXXX");
    assert_non_null(mkdtemp(f->path));
    snprintf(f->in, sizeof f->in, "%s/in.json", f->path);
    snprintf(f->out, sizeof f->out, "%s/out.json", f->path);
    *state = f;
    return 0;
}

static int drop_folder(void **state)
{
    struct folder *f = *state;
    unlink(f->in);
    unlink(f->out);
    assert_int_equal(rmdir(f->path), 0); /* nothing else was left in it */
    free(f);
    return 0;
}

static void write_input(const struct folder *f, const char *text)
{
    FILE *file = fopen(f->in, "we");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void check_output(const char *const *argv, const char *input, const char *expected)
{
    static char out[TEXT], err[TEXT];
    assert_int_equal(run_program(argv, input, out, err, TEXT), 0);
    assert_string_equal(err, "");
    assert_string_equal(out, expected);
}

static void a_file_goes_to_standard_output(void **state)
{
    const struct folder *f = *state;
    write_input(f, "{\"a\": [1, 2.5, null], \"b\": \"\\u00e9\"}");
    check_output((const char *const[]){TEST_MANDOLINE, "convert", f->in, "--to", "json", NULL}, NULL,
                 "{\"a\":[1,2.5,null],\"b\":\"\xc3\xa9\"}");
    check_output((const char *const[]){TEST_MANDOLINE, "convert", f->in, "--to=json", "--path", "/a", NULL},
                 NULL, "[1,2.5,null]");
}

static void standard_input_is_a_document_too(void **state)
{
    (void)state;
    check_output((const char *const[]){TEST_MANDOLINE, "convert", "-", "--from=json", "--to=json", NULL},
                 "[ 1 , 2 ]", "[1,2]");
}

static void the_extension_of_the_output_says_the_format(void **state)
{
    const struct folder *f = *state;
    struct stat st;
    char text[64] = "";
    write_input(f, "[1,  2]");
    check_output((const char *const[]){TEST_MANDOLINE, "convert", f->in, "-o", f->out, NULL}, NULL, "");
    assert_int_equal(stat(f->out, &st), 0);
    const mode_t mask = umask(0);
    umask(mask);
    assert_int_equal(st.st_mode & 0777, 0666 & ~mask);
    const int fd = open(f->out, O_RDONLY | O_CLOEXEC);
    assert_int_equal(read(fd, text, sizeof text - 1), 5);
    close(fd);
    assert_string_equal(text, "[1,2]");
}

static void inspect_describes(void **state)
{
    const struct folder *f = *state;
    static char out[TEXT], err[TEXT];
    write_input(f, "{\"a\": [1, 2]}");
    const char *const argv[] = {TEST_MANDOLINE, "inspect", f->in, NULL};
    assert_int_equal(run_program(argv, NULL, out, err, TEXT), 0);
    assert_non_null(strstr(out, "\"format\":\"json\""));
    assert_non_null(strstr(out, "\"tree\":"));
}

/* One line that says these words, exit status 1 (2: the command line), and no output file. */
static void check_failure(const struct folder *f, const char *const *argv, int status, const char *says)
{
    static char out[TEXT], err[TEXT];
    unlink(f->out);
    assert_int_equal(run_program(argv, NULL, out, err, TEXT), status);
    if (strstr(err, says) == NULL)
        print_error("%s", err);
    assert_non_null(strstr(err, says));
    assert_ptr_equal(strchr(err, '\n'), err + strlen(err) - 1);
    assert_string_equal(out, "");
    assert_int_not_equal(access(f->out, F_OK), 0);
}

static void failures_are_one_line_and_leave_no_file(void **state)
{
    const struct folder *f = *state;
    static const struct {
        const char *flag;
        int status;
        const char *says;
    } rows[] = {
        {"--to=json", 1, "(at byte 4)"},
        {"--to=nonsense", 1, "nonsense"},
        {"--from=nonsense", 1, "nonsense"},
        {"--limit-depth=1", 1, "(--limit-depth is 1)"},
        {"--colour", 2, "there is no flag --colour"},
    };
    write_input(f, "[[1,]]");
    for (size_t i = 0; i < ROWS(rows); i++)
        check_failure(
            f, (const char *const[]){TEST_MANDOLINE, "convert", f->in, "-o", f->out, rows[i].flag, NULL},
            rows[i].status, rows[i].says);
    check_failure(f, (const char *const[]){TEST_MANDOLINE, "convert", NULL}, 2, "IN is missing");
    check_failure(f, (const char *const[]){TEST_MANDOLINE, "convert", f->path, "--to=json", NULL}, 1,
                  "not a regular file");
    check_failure(f, (const char *const[]){TEST_MANDOLINE, "convert", "/nonexistent", "--to=json", NULL}, 1,
                  "No such file");
}

static void an_output_that_cannot_be_written_is_told(void **state)
{
    const struct folder *f = *state;
    write_input(f, "[]");
    check_failure(f,
                  (const char *const[]){TEST_MANDOLINE, "convert", f->in, "-o", "/nonexistent/x.json", NULL},
                  1, "/nonexistent/x.json cannot be written");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_file_goes_to_standard_output, make_folder, drop_folder),
        cmocka_unit_test_setup_teardown(standard_input_is_a_document_too, make_folder, drop_folder),
        cmocka_unit_test_setup_teardown(the_extension_of_the_output_says_the_format, make_folder,
                                        drop_folder),
        cmocka_unit_test_setup_teardown(inspect_describes, make_folder, drop_folder),
        cmocka_unit_test_setup_teardown(failures_are_one_line_and_leave_no_file, make_folder, drop_folder),
        cmocka_unit_test_setup_teardown(an_output_that_cannot_be_written_is_told, make_folder, drop_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
