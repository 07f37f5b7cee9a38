#include "sandbox.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
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
    assert_int_equal(err.kind, ERR_DIED);
    close(fd);
}

/* ---- what is longer than a message, or than the window ---- */

enum { MANY = 1 << 20 };

static uint64_t make(const struct dtype *t, uint64_t session, uint64_t root, const char *name,
                     struct bytes heap, uint8_t *window)
{
    const uint64_t dims[] = {MANY};
    AUTO(sink_deinit) struct sink payload = {0};
    assert_true(wire_put_dtype(&payload, t, &err) && wire_put_space(&payload, SPACE_SIMPLE, 1, dims, &err) &&
                wire_put_run(&payload, heap, &err));
    assert_true(call((struct sandbox_request){.op = SANDBOX_DATASET,
                                              .session = session,
                                              .base = root,
                                              .path = bytes_text(name),
                                              .payload = bytes_of(payload.data, payload.len),
                                              .window = window,
                                              .window_size = MANY * t->itemsize}));
    return load_u64_le(reply.data);
}

static void much_crosses_in_both_directions(void **state)
{
    (void)state;
    const struct dtype number = dtype_make(DTYPE_INT, 8), text = dtype_make(DTYPE_TEXT, 16);
    AUTO(sink_deinit) struct sink heap = {0};
    uint8_t *numbers = test_malloc(MANY * 8), *texts = test_malloc(MANY * 16), *back = test_malloc(MANY * 16);
    for (size_t i = 0; i < MANY; i++) {
        char word[16];
        const int n = snprintf(word, sizeof word, "text %zu", i);
        store_u64_le(numbers + 8 * i, i * i);
        store_u64_le(texts + 16 * i, heap.len);
        store_u64_le(texts + 16 * i + 8, (uint64_t)n);
        assert_true(sink_write(&heap, word, (size_t)n + 1, &err));
    }
    const int fd = memfd_create("test", MFD_CLOEXEC);
    assert_true(call((struct sandbox_request){.op = SANDBOX_BEGIN, .fd = fd, .most = UINT64_MAX}));
    const uint64_t session = load_u64_le(reply.data), root = load_u64_le(reply.data + 8);
    const uint64_t a = make(&number, session, root, "numbers", bytes_of(NULL, 0), numbers);
    const uint64_t b = make(&text, session, root, "texts", bytes_of(heap.data, heap.len), texts);
    assert_true(call((struct sandbox_request){.op = SANDBOX_FINISH, .session = session}));

    const struct box box = {.ndim = 1, .step = {1}, .count = {MANY}};
    struct sandbox_request q = request_of(SANDBOX_READ, fd, "numbers");
    q.target = a;
    q.box = &box;
    q.window = back;
    q.window_size = MANY * 8;
    assert_true(call(q));
    assert_memory_equal(back, numbers, MANY * 8);
    q.path = bytes_text("texts");
    q.target = b;
    q.window_size = MANY * 16;
    assert_true(call(q));
    assert_int_equal(reply.len, heap.len);
    assert_memory_equal(reply.data, heap.data, heap.len);
    assert_memory_equal(back, texts, MANY * 16);
    q.op = SANDBOX_FORGET;
    assert_true(call(q));
    test_free(numbers);
    test_free(texts);
    test_free(back);
    close(fd);
}

/* Also where there is no room left: what they are copied to was asked for. */
static void windows_are_taken_from_the_account(void **state)
{
    enum { WINDOW = 4 << 20 };
    static struct account account = {.most = 1};
    sandbox_charge(&account);
    much_crosses_in_both_directions(state);
    assert_true(account.used > 0 && account.used % WINDOW == 0); /* of those that run: one a process */
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
        cmocka_unit_test_setup_teardown(windows_are_taken_from_the_account, setup,
                                        teardown), /* before any runs */
        cmocka_unit_test_setup_teardown(a_dtype_crosses_the_boundary, setup, teardown),
        cmocka_unit_test_setup_teardown(a_box_is_checked, setup, teardown),
        cmocka_unit_test_setup_teardown(an_object_that_is_none_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(much_crosses_in_both_directions, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_that_changes_is_read_again, setup, teardown),
        cmocka_unit_test_setup_teardown(files_without_a_name_are_never_the_same, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
