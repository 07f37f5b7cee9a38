#include "sandbox.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "support.h"

static struct arena arena;
static struct sink reply;
static struct error err;

static int setup(void **state)
{
    (void)state;
    err = (struct error){0};
    arena_init(&arena, 64 << 20);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(&arena);
    sink_deinit(&reply);
    return 0;
}

static bool call(struct sandbox_request q)
{
    err = (struct error){0};
    reply.len = 0;
    return sandbox_call(&q, &reply, &err);
}

static struct sandbox_request request_of(enum sandbox_op op, int fd, const char *path)
{
    struct sandbox_request q = {.op = op, .fd = fd, .path = bytes_text(path), .most = UINT64_MAX};
    assert_true(sandbox_identify(fd, &q.identity, &err));
    return q;
}

static uint64_t object_of(int fd, const char *path)
{
    assert_true(call(request_of(SANDBOX_DESCRIBE, fd, path)));
    return load_u64_le(reply.data + 1);
}

/* ---- encodings ---- */

static void a_dtype_crosses_the_boundary(void **state)
{
    static const uint64_t shape[] = {2, 3};
    static const struct dtype_label labels[] = {{{(const uint8_t *)"no", 2}, -1}};
    struct dtype text = dtype_make(DTYPE_TEXT, 16), number = dtype_make(DTYPE_INT, 2), inner = number, out;
    (void)state;
    number.labels = labels;
    number.label_count = 1;
    inner = (struct dtype){
        .kind = DTYPE_VOID, .order = '|', .itemsize = 12, .base = &number, .ndim = 2, .shape = shape};
    const struct dtype_field fields[] = {{.name = {(const uint8_t *)"t", 1}, .dtype = &text},
                                         {.name = {(const uint8_t *)"s", 1}, .offset = 20, .dtype = &inner}};
    const struct dtype record = {
        .kind = DTYPE_VOID, .order = '|', .itemsize = 32, .fields = fields, .field_count = 2};
    assert_true(wire_put_dtype(&reply, &record, &err));
    const struct bytes whole = bytes_of(reply.data, reply.len);
    struct reader r = reader_make(whole);
    assert_true(wire_get_dtype(&r, &arena, &out, &err));
    assert_int_equal(reader_left(&r), 0);
    assert_true(dtype_equal(&record, &out));
    assert_int_equal(out.fields[1].dtype->base->labels[0].value, -1);
    for (size_t n = 0; n < whole.len; n++) {
        r = reader_make(bytes_of(whole.data, n));
        assert_false(wire_get_dtype(&r, &arena, &out, &err));
    }
}

/* ---- reading ---- */

static void a_box_is_checked(void **state)
{
    (void)state;
    const int fd = open("tests/golden/hdf5/layouts.h5", O_RDONLY | O_CLOEXEC);
    int32_t window[4];
    struct box box = {.ndim = 2, .start = {3, 5}, .step = {16, 20}, .count = {2, 2}};
    struct sandbox_request q = request_of(SANDBOX_READ, fd, "gzip");
    q.target = object_of(fd, "gzip");
    q.box = &box;
    q.window = (uint8_t *)window;
    q.window_size = sizeof window;
    assert_true(call(q));
    const int32_t expect[] = {95, 115, 575, 595}; /* 30 * row + column */
    assert_memory_equal(window, expect, sizeof expect);
    q.window_size = 15;
    assert_false(call(q));
    q.window_size = sizeof window;
    box.step[0] = 17;
    assert_false(call(q));
    assert_int_equal(err.kind, ERR_ARGUMENT);
    box.step[0] = UINT64_MAX;
    assert_false(call(q));
    box.ndim = 1;
    assert_false(call(q));
    assert_int_equal(err.kind, ERR_ARGUMENT);
    close(fd);
}

static void an_object_that_is_none_is_refused(void **state)
{
    (void)state;
    const int fd = open("tests/golden/hdf5/layouts.h5", O_RDONLY | O_CLOEXEC);
    struct sandbox_request q = request_of(SANDBOX_DESCRIBE, fd, "");
    q.base = 12345;
    assert_false(call(q));
    assert_int_equal(err.kind, ERR_SYNTAX);
    assert_false(
        call((struct sandbox_request){.op = SANDBOX_GROUP, .session = 999, .path = bytes_text("a")}));
    assert_int_equal(err.kind, ERR_INTERNAL);
    close(fd);
}

/* ---- identity ---- */

static void copy(const char *from, int to)
{
    const struct bytes b = test_file(from, &arena);
    assert_int_equal(ftruncate(to, 0), 0);
    assert_int_equal(pwrite(to, b.data, b.len, 0), b.len);
}

static void a_file_that_changes_is_read_again(void **state)
{
    (void)state;
    char path[] = "/tmp/test_sandbox_XXXXXX";
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    copy("tests/golden/hdf5/numbers.h5", fd);
    assert_true(call(request_of(SANDBOX_DESCRIBE, fd, "scalar")));
    assert_true(call(request_of(SANDBOX_DESCRIBE, fd, "scalar"))); /* from the cache */
    assert_false(call(request_of(SANDBOX_DESCRIBE, fd, "gzip")));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    copy("tests/golden/hdf5/layouts.h5", fd);
    assert_false(call(request_of(SANDBOX_DESCRIBE, fd, "scalar")));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    assert_true(call(request_of(SANDBOX_DESCRIBE, fd, "gzip")));
    unlink(path);
    close(fd);
}

static void files_without_a_name_are_never_the_same(void **state)
{
    (void)state;
    char path[] = "/tmp/test_sandbox_XXXXXX";
    const int fd = mkstemp(path);
    struct sandbox_identity a, b;
    unlink(path);
    assert_true(sandbox_identify(fd, &a, &err) && sandbox_identify(fd, &b, &err));
    assert_true(a.serial != 0 && b.serial != 0 && a.serial != b.serial);
    close(fd);
    assert_false(sandbox_identify(-1, &a, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_dtype_crosses_the_boundary, setup, teardown),
        cmocka_unit_test_setup_teardown(a_box_is_checked, setup, teardown),
        cmocka_unit_test_setup_teardown(an_object_that_is_none_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_that_changes_is_read_again, setup, teardown),
        cmocka_unit_test_setup_teardown(files_without_a_name_are_never_the_same, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
