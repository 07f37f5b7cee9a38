#include "support.h"

#include <stdlib.h>

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

static const struct codec *csv(void)
{
    return codec_by_name(bytes_text("csv"));
}

static void check(const char *name, struct value *v, const struct codec_options *options,
                  const char *expected)
{
    static const size_t chunks[] = {1, 4096};
    for (size_t i = 0; i < ROWS(chunks); i++) {
        struct bytes out;
        struct error err = {0};
        if (!test_encode(csv(), v, options, chunks[i], &arena, &out, &err))
            fail_msg("%s: %s", name, err.detail);
        if (!bytes_is(out, expected))
            fail_msg("%s: %.*s", name, (int)out.len, (const char *)out.data);
    }
}

/* ---- elements: data is numpy.array(...).tobytes(), each line what str() makes of an element ---- */

static const struct {
    const char *dtype, *data;
    uint64_t count;
    const char *expected;
} elements[] = {
    {"|b1", "\1\0", 2, "True\nFalse\n"},
    {"|i1", "\x80\x7f", 2, "-128\n127\n"},
    {">i2", "\xff\xfe\0\1", 2, "-2\n1\n"},
    {"<i4", "\0\0\0\x80", 1, "-2147483648\n"},
    {"<i8", "\0\0\0\0\0\0\0\x80", 1, "-9223372036854775808\n"},
    {"<u8", "\xff\xff\xff\xff\xff\xff\xff\xff", 1, "18446744073709551615\n"},
    {">u4", "\xff\xff\xff\xfe", 1, "4294967294\n"},
    {"<f2", "\x66\x2e\0\x7c", 2, "0.1\ninf\n"},
    {"<f4", "\xcd\xcc\xcc\x3d\xab\xaa\xaa\x3e\0\0\x40\x40", 3, "0.1\n0.33333334\n3.0\n"},
    {">f8", "\x3f\xb9\x99\x99\x99\x99\x99\x9a\xff\xf0\0\0\0\0\0\0\x7f\xf8\0\0\0\0\0\0\x80\0\0\0\0\0\0\0", 4,
     "0.1\n-inf\nnan\n-0.0\n"},
    {"<f16", "\0\0\0\0\0\0\0\xc0\xff\x3f\0\0\0\0\0\0", 1, "1.5\n"},
    {"<c8", "\0\0\x80\x3f\0\0\0\x40\0\0\x80\x3f\0\0\0\xc0", 2, "1+2j\n1-2j\n"},
    {"<c8", "\0\0\0\0\0\0\0\x40\0\0\0\x80\0\0\xc0\x3f\0\0\xc0\x7f\0\0\x80\x7f\0\0\0\0\0\0\0\0", 4,
     "2j\n-0+1.5j\nnan+infj\n0j\n"},
    {"|S2", "a\0b,\0\0\"\0", 4, "a\n\"b,\"\n\"\"\n\"\"\"\"\n"},
    {"<U2", "\xe9\0\0\0\0\xf6\1\0\n\0\0\0\0\0\0\0", 2, "\u00e9\U0001f600\n\"\n\"\n"},
    {">U1", "\0\0\0\"\0\0\0\0", 2, "\"\"\"\"\n\"\"\n"},
    {"<M8[s]", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x80", 2, "1970-01-01T00:00:00\nNaT\n"},
    {"<m8[s]", "\x19\0\0\0\0\0\0\0", 1, "25\n"},
};

static void every_element_is_spelled_as_python_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(elements); i++) {
        struct dtype t;
        struct error err = {0};
        assert_true(dtype_parse(bytes_text(elements[i].dtype), &t, &err));
        const struct array a = array_of_memory(t, 1, &elements[i].count, (const uint8_t *)elements[i].data);
        check(elements[i].dtype, value_array(&arena, &a), &codec_options_default, elements[i].expected);
    }
}

/* ---- tables: what Python's csv.writer and pandas.DataFrame.to_csv write ---- */

static const struct {
    const char *json, *expected;
} tables[] = {
    {"[1, 2.5]", "1.0\n2.5\n"},
    {"[[1, 2], [3, 4], [5, 6]]", "1,2\n3,4\n5,6\n"},
    {"[[\"a\", \"\"], [\"b,c\", \"d\\\"e\"]]", "a,\n\"b,c\",\"d\"\"e\"\n"},
    {"[\"a\", \"\", \"f\\ng\", \"h\\ri\"]", "a\n\"\"\n\"f\ng\"\n\"h\ri\"\n"},
    {"7", "7\n"},
    {"[]", ""},
    {"{\"x\": [1, 2], \"na,me\": [\"p\", \"q\\\"r\"]}", "x,\"na,me\"\n1,p\n2,\"q\"\"r\"\n"},
    {"{\"x\": [], \"y\": []}", "x,y\n"},
    {"{\"x\": [\"\", \"a\"]}", "x\n\"\"\na\n"},
};

static struct value *json_value(const char *text, struct arena *a)
{
    struct value *v;
    struct error err = {0};
    assert_true(test_decode(codec_by_name(bytes_text("json")), bytes_text(text), a, &v, &err));
    return v;
}

static void lists_and_columns_are_tables(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(tables); i++)
        check(tables[i].json, json_value(tables[i].json, &arena), &codec_options_default, tables[i].expected);
}

static struct array record_array(void)
{
    static const uint64_t shape[] = {2};
    static struct dtype types[2];
    static struct dtype_field fields[2];
    types[0] = dtype_make(DTYPE_INT, 2);
    types[1] = dtype_make(DTYPE_BYTES, 2);
    fields[0] = (struct dtype_field){.name = bytes_text("a"), .dtype = &types[0]};
    fields[1] = (struct dtype_field){.name = bytes_text("b\"c"), .offset = 3, .dtype = &types[1]};
    const struct dtype record = {
        .kind = DTYPE_VOID, .order = '|', .itemsize = 5, .fields = fields, .field_count = 2};
    return array_of_memory(record, 1, shape, (const uint8_t *)"\1\0?xy\xff\xff?\0\0");
}

static void records_have_a_line_of_names_unless_told_otherwise(void **state)
{
    (void)state;
    const struct array a = record_array();
    struct codec_options bare = codec_options_default;
    bare.header = false;
    check("records", value_array(&arena, &a), &codec_options_default, "a,\"b\"\"c\"\n1,xy\n-1,\n");
    check("records alone", value_array(&arena, &a), &bare, "1,xy\n-1,\n");
    check("columns alone", json_value("{\"x\": [1]}", &arena), &bare, "1\n");
}

static void objects_are_cells_where_they_are_text_or_numbers(void **state)
{
    (void)state;
    static const uint64_t shape[] = {5};
    struct value *values[] = {value_new(&arena, VALUE_NONE), value_text(&arena, "a,b"), value_int(&arena, -3),
                              value_float(&arena, 0.5), value_bool(&arena, true)};
    const struct dtype t = dtype_make(DTYPE_OBJECT, sizeof values[0]);
    const struct array a = array_of_memory(t, 1, shape, (const uint8_t *)values);
    check("objects", value_array(&arena, &a), &codec_options_default, "\"\"\n\"a,b\"\n-3\n0.5\nTrue\n");
}

static void what_is_no_table_is_refused(void **state)
{
    (void)state;
    static const char *const documents[] = {"null",
                                            "{}",
                                            "[[[1]]]",
                                            "[[], []]",
                                            "[1, \"a\"]",
                                            "{\"x\": 1}",
                                            "{\"x\": [1], \"y\": [1, 2]}",
                                            "{\"x\": [[1]]}"};
    static const uint64_t one[] = {1};
    const struct array raw = array_of_memory(dtype_make(DTYPE_VOID, 2), 1, one, (const uint8_t *)"ab");
    const struct array latin = array_of_memory(dtype_make(DTYPE_BYTES, 1), 1, one, (const uint8_t *)"\xe9");
    struct value *values[ROWS(documents) + 2] = {value_array(&arena, &raw), value_array(&arena, &latin)};
    for (size_t i = 0; i < ROWS(documents); i++)
        values[i + 2] = json_value(documents[i], &arena);
    for (size_t i = 0; i < ROWS(values); i++) {
        struct bytes out;
        struct error err = {0};
        if (test_encode(csv(), values[i], &codec_options_default, 4096, &arena, &out, &err))
            fail_msg("%zu gives %.*s", i, (int)out.len, (const char *)out.data);
        assert_int_equal(err.kind, ERR_UNREPRESENTABLE);
    }
}

static bool attempt(struct arena *small, void *arg, struct error *err)
{
    struct encoder *e;
    return encoder_new(csv(), arg, &codec_options_default, &limits_default, small, &e, err);
}

static void every_failing_allocation_is_an_error(void **state)
{
    (void)state;
    test_failing_arena(attempt, json_value("{\"x\": [1, 2], \"y\": [\"a\", \"b\"]}", &arena), 64, 1000);
}

/* ---- reading ---- */

static const struct {
    const char *csv, *json;
} documents[] = {
    {"1,2\r\n3,4\r\n", "[[1,2],[3,4]]"},
    {"1\n\n-2", "[1,-2]"},
    {"\xef\xbb\xbf"
     "1, 2.5\r1e3,-0.0\n",
     "[[1.0,2.5],[1000.0,-0.0]]"},
    {"nan\ninf\n", "[null,null]"},
    {"a,\"b\"\"c\"\n1,\"x,\ny\"\n2,\n", "[{\"a\":1,\"b\\\"c\":\"x,\\ny\"},{\"a\":2,\"b\\\"c\":null}]"},
    {"a,b,c\n1,,True\n,x,False\n",
     "[{\"a\":1.0,\"b\":null,\"c\":true},{\"a\":null,\"b\":\"x\",\"c\":false}]"},
    {"a,b\n1,\n2,\n", "[{\"a\":1,\"b\":null},{\"a\":2,\"b\":null}]"},
    {"a,b\n,\n,\n", "[{\"a\":null,\"b\":null},{\"a\":null,\"b\":null}]"},
    {"a,b\n1,\"\"\n", "[{\"a\":1,\"b\":\"\"}]"},
    {"a,a\n1,2\n", "[{\"a\":1,\"a.1\":2}]"},
    {"a,b\nc,d\n", "[{\"a\":\"c\",\"b\":\"d\"}]"},
    {"a,b\n", "[]"},
    {"1,b\n2,c\n", "[{\"1\":2,\"b\":\"c\"}]"},
    {"a\n\"1\"\n", "[{\"a\":\"1\"}]"},
    {"9223372036854775807\n", "[9223372036854775807]"},
    {"9223372036854775808\n", "[[\"9223372036854775808\"]]"},
    {"9007199254740993\n0.5\n", "[[\"9007199254740993\"],[\"0.5\"]]"},
    {"\"\"", "[]"},
    {",\n1,2", "[{\"Unnamed: 0\":1,\"Unnamed: 1\":2}]"},
    {"\n", "[]"},
};

static void documents_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(documents); i++) {
        struct value *v;
        struct bytes out;
        struct error err = {0};
        if (!test_decode(csv(), bytes_text(documents[i].csv), &arena, &v, &err))
            fail_msg("%s: %s", documents[i].csv, err.detail);
        assert_true(test_encode(codec_by_name(bytes_text("json")), v, &codec_options_default, 4096, &arena,
                                &out, &err));
        if (!bytes_is(out, documents[i].json))
            fail_msg("%s: %.*s", documents[i].csv, (int)out.len, (const char *)out.data);
    }
}

static const struct {
    const char *csv;
    size_t offset;
} broken[] = {
    {"1,2\n3\n", 4}, {"1\n2,3\n", 2}, {"a\"b\n", 1},  {"1,\"abc", 2},
    {"\"a\"b", 3},   {"a\n\xff", 2},  {"\"a\"\"", 0},
};

static void broken_documents_are_errors_with_a_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(broken); i++) {
        struct value *v;
        struct error err = {0};
        assert_false(test_decode(csv(), bytes_text(broken[i].csv), &arena, &v, &err));
        assert_int_equal(err.kind, ERR_SYNTAX);
        assert_int_equal(err.offset, broken[i].offset);
    }
}

static const char whole[] = "a,\"b\"\"c\"\n1,\"x,\ny\"\n2.5,\"\"\"\"\n";

/* Each in memory of its own, where one byte too far is seen. */
static void truncated_documents_are_values_or_errors(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof whole; n++) {
        struct value *v;
        struct error err = {0};
        uint8_t *copy = malloc(n + (n == 0));
        memcpy(copy, whole, n);
        if (!test_decode(csv(), bytes_of(copy, n), &arena, &v, &err))
            assert_int_equal(err.kind, ERR_SYNTAX);
        free(copy);
    }
}

static bool read_attempt(struct arena *small, void *arg, struct error *err)
{
    struct value *v;
    return test_decode(csv(), bytes_text(arg), small, &v, err);
}

static void every_failing_allocation_of_reading_is_an_error(void **state)
{
    (void)state;
    char copy[sizeof whole];
    memcpy(copy, whole, sizeof whole);
    test_failing_arena(read_attempt, copy, 64, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_element_is_spelled_as_python_does, setup, teardown),
        cmocka_unit_test_setup_teardown(lists_and_columns_are_tables, setup, teardown),
        cmocka_unit_test_setup_teardown(records_have_a_line_of_names_unless_told_otherwise, setup, teardown),
        cmocka_unit_test_setup_teardown(objects_are_cells_where_they_are_text_or_numbers, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_table_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(every_failing_allocation_is_an_error, setup, teardown),
        cmocka_unit_test_setup_teardown(documents_are_read, setup, teardown),
        cmocka_unit_test_setup_teardown(broken_documents_are_errors_with_a_place, setup, teardown),
        cmocka_unit_test_setup_teardown(truncated_documents_are_values_or_errors, setup, teardown),
        cmocka_unit_test_setup_teardown(every_failing_allocation_of_reading_is_an_error, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
