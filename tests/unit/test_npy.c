#include "support.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "selection.h"

static struct arena arena;

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, 64 << 20);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static const struct codec *npy(void)
{
    return codec_by_name(bytes_text("npy"));
}

static const struct codec *bin(void)
{
    return codec_by_name(bytes_text("bin"));
}

/* ---- NumPy's files ---- */

static void check_encoding(const char *name, const struct codec *codec, struct value *v,
                           struct bytes expected)
{
    static const size_t chunks[] = {1, 7, 4096};
    for (size_t i = 0; i < ROWS(chunks); i++) {
        struct bytes out;
        struct error err = {0};
        if (!test_encode(codec, v, &codec_options_default, chunks[i], &arena, &out, &err))
            fail_msg("%s: %s", name, err.detail);
        if (!bytes_equal(out, expected))
            fail_msg("%s: %s gives other bytes", name, codec->name);
    }
}

static void check_file(const char *name, void (*check)(const char *name, const char *path,
                                                       struct bytes npy_file, struct bytes bin_file))
{
    const char *path = arena_printf(&arena, "tests/golden/npy/%s.npy", name);
    const char *raw = arena_printf(&arena, "tests/golden/npy/%s.bin", name);
    check(name, path, test_file(path, &arena), test_file(raw, &arena));
}

static void each_file(void (*check)(const char *name, const char *path, struct bytes npy_file,
                                    struct bytes bin_file))
{
    char name[64];
    size_t count = 0;
    FILE *names = fopen("tests/golden/npy/names.txt", "r");
    assert_non_null(names);
    for (; fscanf(names, "%63s", name) == 1; count++) {
        check_file(name, check);
        arena_free(&arena);
    }
    fclose(names);
    assert_true(count > 30);
}

static void in_memory(const char *name, const char *path, struct bytes file, struct bytes raw)
{
    struct value *v;
    struct error err = {0};
    (void)path;
    if (!test_decode(npy(), file, &arena, &v, &err))
        fail_msg("%s: %s", name, err.detail);
    check_encoding(name, npy(), v, file);
    check_encoding(name, bin(), v, raw);
}

static void what_numpy_saves_is_read_and_written(void **state)
{
    (void)state;
    each_file(in_memory);
}

static struct value *decode_stored(const char *path, int *fd, size_t size)
{
    struct value *v;
    struct error err = {0};
    *fd = open(path, O_RDONLY);
    assert_true(*fd >= 0);
    const struct input in = input_of_fd(*fd, size);
    assert_true(npy()->decode(&in, &codec_options_default, &limits_default, &arena, &v, &err));
    return v;
}

/* All of it; every other element backwards; the packed run, if the file has one. */
static void in_a_file(const char *name, const char *path, struct bytes file, struct bytes raw)
{
    int fd, extent_fd;
    struct value *stored = decode_stored(path, &fd, file.len), *v;
    struct error err = {0};
    struct bytes left, right;
    uint64_t offset, size;
    check_encoding(name, bin(), stored, raw);
    assert_true(test_decode(npy(), file, &arena, &v, &err));
    if (stored->array->ndim > 0) {
        struct selection s;
        struct array a, b;
        assert_true(selection_parse(bytes_text("::-2,..."), &arena, &s, &err));
        assert_true(array_select(stored->array, &s, &limits_default, &arena, &a, &err));
        assert_true(array_select(v->array, &s, &limits_default, &arena, &b, &err));
        assert_true(
            test_encode(bin(), value_array(&arena, &a), &codec_options_default, 4096, &arena, &left, &err));
        assert_true(
            test_encode(bin(), value_array(&arena, &b), &codec_options_default, 4096, &arena, &right, &err));
        assert_true(bytes_equal(left, right));
    }
    if (array_extent(stored->array, &extent_fd, &offset, &size)) {
        assert_int_equal(extent_fd, fd);
        assert_int_equal(offset + size, file.len);
        assert_false(v->array->fortran && v->array->ndim > 1);
    }
    close(fd);
}

static void stored_files_are_read_box_by_box(void **state)
{
    (void)state;
    each_file(in_a_file);
}

static void version_2_is_read(void **state)
{
    (void)state;
    struct value *v;
    struct error err = {0};
    assert_true(test_decode(npy(), test_file("tests/golden/npy/version_2.npy", &arena), &arena, &v, &err));
    check_encoding("version 2", bin(), v, bytes_of((const int16_t[]){0, 1, 2, 3}, 8));
}

static void a_header_over_16_bits_is_version_2(void **state)
{
    (void)state;
    static const uint64_t shape[] = {1};
    const struct dtype byte = dtype_make(DTYPE_UINT, 1);
    uint8_t *name = arena_alloc(&arena, 1, 70000);
    memset(name, 'n', 70000);
    const struct dtype_field field = {.name = bytes_of(name, 70000), .dtype = &byte};
    const struct dtype record = {
        .kind = DTYPE_VOID, .order = '|', .itemsize = 1, .fields = &field, .field_count = 1};
    const struct array a = array_of_memory(record, 1, shape, (const uint8_t *)"x");
    struct bytes out;
    struct value *v;
    struct error err = {0};
    assert_true(
        test_encode(npy(), value_array(&arena, &a), &codec_options_default, 4096, &arena, &out, &err));
    assert_int_equal(out.data[6], 2);
    assert_int_equal((out.len - 1) % 64, 0);
    assert_true(test_decode(npy(), out, &arena, &v, &err));
    assert_true(dtype_equal(&v->array->dtype, &record));
}

/* ---- what is not an array ---- */

static void lists_and_text_become_arrays(void **state)
{
    (void)state;
    static const struct bytes texts[] = {
        {(const uint8_t *)"a", 1}, {(const uint8_t *)"", 0}, {(const uint8_t *)"\u20ac\U0001d11e", 7}};
    static const uint64_t shape[] = {3};
    const struct array a =
        array_of_memory(dtype_make(DTYPE_TEXT, sizeof(struct bytes)), 1, shape, (const uint8_t *)texts);
    struct value *list = value_new(&arena, VALUE_LIST);
    assert_true(value_append(&arena, &list->list, value_text(&arena, "a")));
    assert_true(value_append(&arena, &list->list, value_text(&arena, "")));
    assert_true(value_append(&arena, &list->list, value_text(&arena, "\u20ac\U0001d11e")));
    const struct bytes expected = test_file("tests/golden/npy/unicode.npy", &arena);
    check_encoding("text of any length", npy(), value_array(&arena, &a), expected);
    check_encoding("a list of strings", npy(), list, expected);
    check_encoding("a number", npy(), value_float(&arena, 2.5),
                   test_file("tests/golden/npy/zero_d.npy", &arena));
}

static void what_no_array_holds_is_refused(void **state)
{
    (void)state;
    static const uint64_t shape[] = {1};
    struct value *none = value_new(&arena, VALUE_NONE);
    const struct array objects =
        array_of_memory(dtype_make(DTYPE_OBJECT, sizeof none), 1, shape, (const uint8_t *)&none);
    struct value *values[] = {none, value_new(&arena, VALUE_DICT), value_array(&arena, &objects)};
    for (size_t i = 0; i < ROWS(values); i++) {
        struct bytes out;
        struct error err = {0};
        assert_false(test_encode(npy(), values[i], &codec_options_default, 4096, &arena, &out, &err));
        assert_int_equal(err.kind, ERR_UNREPRESENTABLE);
        err = (struct error){0};
        assert_false(test_encode(bin(), values[i], &codec_options_default, 4096, &arena, &out, &err));
        assert_int_equal(err.kind, ERR_UNREPRESENTABLE);
    }
}

/* ---- hostile bytes ---- */

static const struct {
    const char *name, *header;
    enum error_kind kind;
} rows[] = {
    {"a good one", "{'descr': '<i2', 'fortran_order': False, 'shape': (2,), }", ERR_NONE},
    {"keys in any order", "{\"shape\":(2,),'fortran_order':True,\n'descr':'\\x3ci2'}", ERR_NONE},
    {"Python 2's long", "{'descr': '<i2', 'fortran_order': False, 'shape': (2L,), }", ERR_NONE},
    {"trailing bytes are ignored", "{'descr': '<i2', 'fortran_order': False, 'shape': (1,), }", ERR_NONE},
    {"more than there is", "{'descr': '<i2', 'fortran_order': False, 'shape': (3,), }", ERR_SYNTAX},
    {"an overflow", "{'descr': '<i2', 'fortran_order': False, 'shape': (4611686018427387904, 4), }",
     ERR_SYNTAX},
    {"an overflow and nothing",
     "{'descr': '<i2', 'fortran_order': False, 'shape': (4611686018427387904, 4, 0), }", ERR_NONE},
    {"endless elements without bytes",
     "{'descr': '|S0', 'fortran_order': False, 'shape': (4611686018427387904,), }", ERR_LIMIT},
    {"a negative length", "{'descr': '<i2', 'fortran_order': False, 'shape': (-1,), }", ERR_SYNTAX},
    {"a length of 65 bits", "{'descr': '<i2', 'fortran_order': False, 'shape': (18446744073709551616,), }",
     ERR_SYNTAX},
    {"a shape without a comma", "{'descr': '<i2', 'fortran_order': False, 'shape': (2), }", ERR_SYNTAX},
    {"a list as shape", "{'descr': '<i2', 'fortran_order': False, 'shape': [2], }", ERR_SYNTAX},
    {"a missing key", "{'descr': '<i2', 'shape': (2,), }", ERR_SYNTAX},
    {"another key", "{'descr': '<i2', 'fortran_order': False, 'shape': (2,), 'x': 1}", ERR_SYNTAX},
    {"an order that is a number", "{'descr': '<i2', 'fortran_order': 0, 'shape': (2,), }", ERR_SYNTAX},
    {"objects", "{'descr': '|O', 'fortran_order': False, 'shape': (2,), }", ERR_UNSUPPORTED},
    {"objects in records", "{'descr': [('a', '|O')], 'fortran_order': False, 'shape': (2,), }",
     ERR_UNSUPPORTED},
    {"an unknown dtype", "{'descr': '<i3', 'fortran_order': False, 'shape': (2,), }", ERR_SYNTAX},
    {"a call", "{'descr': '<i2', 'fortran_order': False, 'shape': exit(), }", ERR_SYNTAX},
    {"two documents", "{'descr': '<i2', 'fortran_order': False, 'shape': (2,)} {}", ERR_SYNTAX},
    {"a string without an end", "{'descr': '<i2", ERR_SYNTAX},
    {"an escape without an end", "{'descr': '<i2\\", ERR_SYNTAX},
    {"a bracket of another kind", "{'descr': '<i2', 'fortran_order': False, 'shape': (2,]}", ERR_SYNTAX},
    {"a key without a value", "{'descr'}", ERR_SYNTAX},
    {"nothing", "", ERR_SYNTAX},
    {"a list", "[]", ERR_SYNTAX},
    {"many brackets",
     "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
     "["
     "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
     ERR_LIMIT},
    {"a record in a record, 33 times",
     "{'descr':[('a',[('a',[('a',[('a',[('a',[('a',[('a',[('a',[('a',[('a',[('a',[('a',[('a',[('"
     "a',[('a',[('a',[('a',[('a',[('a',[('a',[('a',[('a',[('a',[('a',[('a',[('a',[('a',[('a',[('"
     "a',[('a',[('a',[('a',[('a','u1')])])])])])])])])])])])])])])])])])])])])])])])])])])])])])"
     "])])])],'fortran_order':False,'shape':()}",
     ERR_LIMIT},
};

static struct bytes document(const char *header, size_t declared)
{
    const size_t len = strlen(header);
    uint8_t *data = arena_alloc(&arena, 1, 10 + len + 4);
    memcpy(data, "\x93NUMPY\1\0", 8);
    data[8] = (uint8_t)declared;
    data[9] = (uint8_t)(declared >> 8);
    memcpy(data + 10, header, len);
    return bytes_of(data, 10 + len + 4);
}

static void headers_are_checked(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct value *v;
        struct error err = {0};
        const bool ok =
            test_decode(npy(), document(rows[i].header, strlen(rows[i].header)), &arena, &v, &err);
        if (ok != (rows[i].kind == ERR_NONE) || err.kind != rows[i].kind)
            fail_msg("%s: kind %d, %s", rows[i].name, (int)err.kind, err.detail);
    }
    struct value *v;
    struct error err = {0};
    assert_false(test_decode(npy(), document(rows[0].header, 60000), &arena, &v, &err));
    assert_int_equal(err.offset, 10);
}

/* Exactly n bytes in memory of their own, so that reading on is found by the sanitizer. */
static bool decode_exactly(const uint8_t *data, size_t n, struct error *err)
{
    uint8_t *copy = test_malloc(n == 0 ? 1 : n);
    struct value *v;
    struct arena own;
    arena_init(&own, 16 << 20);
    memcpy(copy, data, n);
    const bool ok = test_decode(npy(), bytes_of(n == 0 ? NULL : copy, n), &own, &v, err);
    arena_free(&own);
    test_free(copy);
    return ok;
}

static void truncated_documents_are_errors(void **state)
{
    (void)state;
    const struct bytes file = test_file("tests/golden/npy/nested.npy", &arena);
    for (size_t n = 0; n < file.len; n++) {
        struct error err = {0};
        assert_false(decode_exactly(file.data, n, &err));
        assert_int_equal(err.kind, ERR_SYNTAX);
    }
}

static void changed_headers_are_errors_or_arrays(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0, 'u', '\\', '\'', '(', ')', '[', '9', ',', ' ', 0xff};
    const struct bytes file = test_file("tests/golden/npy/nested.npy", &arena);
    uint8_t *copy = arena_alloc(&arena, 1, file.len);
    for (size_t i = 0; i < file.len; i++)
        for (size_t k = 0; k < ROWS(bytes); k++) {
            struct error err = {0};
            memcpy(copy, file.data, file.len);
            copy[i] = bytes[k];
            if (decode_exactly(copy, file.len, &err) != (err.kind == ERR_NONE))
                fail_msg("byte %zu as %d: kind %d", i, bytes[k], (int)err.kind);
        }
}

static bool attempt(struct arena *small, void *arg, struct error *err)
{
    struct value *v;
    struct bytes out;
    const struct bytes *file = arg;
    return test_decode(npy(), *file, small, &v, err) &&
           test_encode(npy(), v, &codec_options_default, 4096, &arena, &out, err);
}

static void every_failing_allocation_is_an_error(void **state)
{
    (void)state;
    struct bytes file = test_file("tests/golden/npy/nested.npy", &arena);
    test_failing_arena(attempt, &file, 64, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_numpy_saves_is_read_and_written, setup, teardown),
        cmocka_unit_test_setup_teardown(stored_files_are_read_box_by_box, setup, teardown),
        cmocka_unit_test_setup_teardown(version_2_is_read, setup, teardown),
        cmocka_unit_test_setup_teardown(a_header_over_16_bits_is_version_2, setup, teardown),
        cmocka_unit_test_setup_teardown(lists_and_text_become_arrays, setup, teardown),
        cmocka_unit_test_setup_teardown(what_no_array_holds_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(headers_are_checked, setup, teardown),
        cmocka_unit_test_setup_teardown(truncated_documents_are_errors, setup, teardown),
        cmocka_unit_test_setup_teardown(changed_headers_are_errors_or_arrays, setup, teardown),
        cmocka_unit_test_setup_teardown(every_failing_allocation_is_an_error, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
