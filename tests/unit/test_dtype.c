#include "dtype.h"

#include <stdio.h>

#include "array.h"
#include "golden.h"

extern const struct codec json_codec;

enum { TEXT_MAX = 1024, BYTES_MAX = 1024, ELEMENTS = 3 };

/* ---- NumPy's answers ---- */

static void typestrs_are_read_as_numpy_reads_them(void **state)
{
    (void)state;
    struct arena arena;
    struct bytes fields[2];
    arena_init(&arena, 1 << 20);
    struct bytes text = test_file("tests/golden/dtype/parse.txt", &arena);
    while (golden_next(&text, fields, ROWS(fields))) {
        struct error err = {0};
        struct dtype t;
        char typestr[48] = "error";
        if (dtype_parse(fields[0], &t, &err))
            dtype_typestr(&t, typestr);
        else
            assert_int_equal(err.kind, ERR_ARGUMENT);
        if (!bytes_is(fields[1], typestr))
            fail_msg("%.*s: %s, not %.*s", (int)fields[0].len, (const char *)fields[0].data, typestr,
                     (int)fields[1].len, (const char *)fields[1].data);
    }
    arena_free(&arena);
}

/* NumPy's sizes wrap around here, or its words are of a later version, or it would count units that are none.
 */
static void typestrs_that_are_ours_to_decide(void **state)
{
    static const struct {
        const char *text, *expect; /* NULL: no dtype */
    } rows[] = {{"T", "|T"},
                {"|T", "|T"},
                {"S-1", NULL},
                {"i+4", NULL},
                {"U-2", NULL},
                {"M8[0s]", NULL},
                {"S99999999999", NULL},
                {"U999999999", NULL},
                {"i4294967300", NULL},
                {"M8[99999999999s]", NULL},
                {"", NULL}};
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct error err = {0};
        struct dtype t;
        char typestr[48];
        const bool ok = dtype_parse(bytes_text(rows[i].text), &t, &err);
        print_message("%s\n", rows[i].text);
        assert_int_equal(ok, rows[i].expect != NULL);
        if (!ok)
            continue;
        dtype_typestr(&t, typestr);
        assert_string_equal(typestr, rows[i].expect);
    }
}

/* The dtype of a description in JSON. */
static bool read_descr(struct bytes json, struct arena *arena, struct dtype *out, struct error *err)
{
    struct value *descr;
    assert_true(test_decode(&json_codec, json, arena, &descr, err));
    return dtype_of_descr(descr, arena, out, err);
}

static void assert_descr(const struct dtype *t, struct bytes expect, struct arena *arena)
{
    const struct codec_options options = codec_options_default;
    struct error err = {0};
    struct bytes json;
    struct value *descr = dtype_descr(t, arena);
    assert_non_null(descr);
    assert_true(test_encode(&json_codec, descr, &options, TEXT_MAX, arena, &json, &err));
    if (!bytes_equal(json, expect))
        fail_msg("%.*s, not %.*s", (int)json.len, (const char *)json.data, (int)expect.len,
                 (const char *)expect.data);
}

static void check_descr(const struct bytes *fields)
{
    struct arena arena;
    struct error err = {0};
    struct dtype t;
    char size[24];
    uint8_t elements[BYTES_MAX], expect[BYTES_MAX];
    arena_init(&arena, 1 << 20);
    assert_true(read_descr(fields[0], &arena, &t, &err));
    assert_true(dtype_check(&t, &err));
    snprintf(size, sizeof size, "%zu", t.itemsize);
    assert_true(bytes_is(fields[1], size));
    assert_descr(&t, fields[2], &arena);
    const struct bytes in = golden_bytes(fields[3], elements), out = golden_bytes(fields[4], expect);
    assert_int_equal(in.len, ELEMENTS * t.itemsize);
    dtype_swap(&t, elements, ELEMENTS);
    if (!bytes_equal(in, out))
        fail_msg("%.*s is swapped wrongly", (int)fields[0].len, (const char *)fields[0].data);
    const struct dtype *little = dtype_little(&t, &arena);
    assert_non_null(little);
    dtype_swap(little, elements, ELEMENTS); /* nothing is left to do */
    assert_true(bytes_equal(in, out));
    arena_free(&arena);
}

static void descriptions_and_orders_are_those_of_numpy(void **state)
{
    (void)state;
    struct arena arena;
    struct bytes fields[5];
    arena_init(&arena, 1 << 20);
    struct bytes text = test_file("tests/golden/dtype/descr.txt", &arena);
    while (golden_next(&text, fields, ROWS(fields)))
        check_descr(fields);
    arena_free(&arena);
}

static void descriptions_that_numpy_refuses_are_malformed(void **state)
{
    (void)state;
    struct arena arena;
    struct bytes field;
    arena_init(&arena, 1 << 20);
    struct bytes text = test_file("tests/golden/dtype/bad.txt", &arena);
    while (golden_next(&text, &field, 1)) {
        struct error err = {0};
        struct dtype t;
        if (read_descr(field, &arena, &t, &err))
            fail_msg("%.*s is read", (int)field.len, (const char *)field.data);
        assert_int_equal(err.kind, ERR_SYNTAX);
    }
    arena_free(&arena);
}

/* [["a", [["a", ... "<f8" ... ]]]] */
static void descriptions_have_a_depth(void **state)
{
    (void)state;
    static const struct {
        size_t levels;
        bool reads;
    } rows[] = {{DTYPE_MAX_DEPTH, true}, {DTYPE_MAX_DEPTH + 1, false}, {1000, false}};
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct arena arena;
        struct error err = {0};
        struct dtype t;
        arena_init(&arena, 1 << 22);
        struct value *descr = value_text(&arena, "<f8");
        for (size_t n = 0; n < rows[i].levels; n++) {
            struct value *field = value_new(&arena, VALUE_TUPLE), *record = value_new(&arena, VALUE_LIST);
            assert_true(value_append(&arena, &field->list, value_text(&arena, "a")));
            assert_true(value_append(&arena, &field->list, descr));
            assert_true(value_append(&arena, &record->list, field));
            descr = record;
        }
        assert_int_equal(dtype_of_descr(descr, &arena, &t, &err), rows[i].reads);
        assert_int_equal(err.kind, rows[i].reads ? ERR_NONE : ERR_LIMIT);
        arena_free(&arena);
    }
}

/* ---- fields ---- */

/* Elements that a file would give. */
static bool read_elements(void *self, const struct box *box, uint8_t *window, size_t capacity,
                          struct error *err)
{
    const struct array *a = self;
    (void)err;
    assert_int_equal(box->ndim, 1);
    assert_true(box->count[0] * a->dtype.itemsize <= capacity);
    for (uint64_t i = 0; i < box->count[0]; i++)
        memcpy(window + i * a->dtype.itemsize,
               a->data + (box->start[0] + i * box->step[0]) * a->dtype.itemsize, a->dtype.itemsize);
    return true;
}

static size_t split_names(struct bytes text, struct bytes *names)
{
    size_t count = 0;
    for (size_t start = 0, i = 0; i <= text.len; i++)
        if (i == text.len || text.data[i] == ',') {
            names[count++] = bytes_of(text.data + start, i - start);
            start = i + 1;
        }
    return count;
}

static void check_selected(const struct array *a, const struct bytes *fields, struct arena *arena)
{
    struct error err = {0};
    struct bytes names[8];
    struct array part;
    uint8_t expect[BYTES_MAX];
    const uint8_t *elements;
    uint64_t size;
    assert_true(array_select_fields(a, names, split_names(fields[2], names), arena, &part, &err));
    assert_descr(&part.dtype, fields[3], arena);
    const struct bytes out = golden_bytes(fields[4], expect);
    assert_true(array_size(&part, &size));
    assert_true(array_pack(&part, arena, &elements, &err));
    if (!bytes_equal(bytes_of(elements, size), out))
        fail_msg("%.*s of %.*s", (int)fields[2].len, (const char *)fields[2].data, (int)fields[0].len,
                 (const char *)fields[0].data);
}

static void fields_are_selected_as_numpy_selects_them(void **state)
{
    (void)state;
    struct arena arena;
    struct bytes fields[5];
    arena_init(&arena, 1 << 22);
    struct bytes text = test_file("tests/golden/dtype/fields.txt", &arena);
    while (golden_next(&text, fields, ROWS(fields))) {
        static const uint64_t shape[] = {ELEMENTS};
        struct error err = {0};
        struct dtype t;
        uint8_t elements[BYTES_MAX];
        assert_true(read_descr(fields[0], &arena, &t, &err));
        golden_bytes(fields[1], elements);
        struct array in_memory = array_of_memory(t, 1, shape, elements);
        const struct array_source source = {.self = &in_memory, .read = read_elements};
        const struct array in_file = array_of_source(t, 1, shape, &source);
        check_selected(&in_memory, fields, &arena);
        check_selected(&in_file, fields, &arena);
    }
    arena_free(&arena);
}

static void fields_that_cannot_be_selected(void **state)
{
    static const char *const rows[] = {"z", "x,z", "", "x,x", "x,y,x,y"};
    (void)state;
    struct arena arena;
    struct error err = {0};
    struct dtype t;
    static const uint64_t shape[] = {1};
    static const uint8_t data[10] = {0};
    arena_init(&arena, 1 << 20);
    assert_true(read_descr(bytes_text("[[\"x\",\">i2\"],[\"y\",\"<f8\"]]"), &arena, &t, &err));
    const struct array records = array_of_memory(t, 1, shape, data);
    const struct array plain = array_of_memory(dtype_make(DTYPE_UINT, 1), 1, shape, data);
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct bytes names[8];
        struct array part;
        print_message("%s\n", rows[i]);
        const size_t count = split_names(bytes_text(rows[i]), names);
        assert_false(array_select_fields(&records, names, count, &arena, &part, &err));
        assert_false(array_select_fields(&plain, names, count, &arena, &part, &err));
    }
    arena_free(&arena);
}

/* ---- holes ---- */

/* {'i': '<i2' at 0, 'j': '<i4' at 4}, 8 bytes; twice in a record of 20 bytes, at 2. */
static void the_holes_of_records_are_cleared(void **state)
{
    (void)state;
    struct arena arena;
    struct error err = {0};
    arena_init(&arena, 1 << 16);
    const struct dtype two = dtype_make(DTYPE_INT, 2), four = dtype_make(DTYPE_INT, 4);
    const struct dtype_field inner_fields[] = {{.name = bytes_text("i"), .offset = 0, .dtype = &two},
                                               {.name = bytes_text("j"), .offset = 4, .dtype = &four}};
    const struct dtype inner = {
        .kind = DTYPE_VOID, .order = '|', .itemsize = 8, .fields = inner_fields, .field_count = 2};
    static const uint64_t shape[] = {2};
    const struct dtype pair = {
        .kind = DTYPE_VOID, .order = '|', .itemsize = 16, .base = &inner, .ndim = 1, .shape = shape};
    const struct dtype_field field = {.name = bytes_text("pair"), .offset = 2, .dtype = &pair};
    const struct dtype outer = {
        .kind = DTYPE_VOID, .order = '|', .itemsize = 20, .fields = &field, .field_count = 1};
    uint8_t elements[40];
    memset(elements, 'x', sizeof elements);
    assert_true(dtype_clear_holes(&outer, elements, 2, &arena, &err));
    static const char expect[] = "\0\0xx\0\0xxxxxx\0\0xxxx\0\0";
    assert_memory_equal(elements, expect, 20);
    assert_memory_equal(elements + 20, expect, 20);
    arena_free(&arena);
}

static void a_type_without_fields_is_left_alone(void **state)
{
    (void)state;
    struct arena arena;
    struct error err = {0};
    arena_init(&arena, 0);
    const struct dtype raw = {.kind = DTYPE_VOID, .order = '|', .itemsize = 3};
    uint8_t elements[3] = "xyz";
    assert_true(dtype_clear_holes(&raw, elements, 1, &arena, &err));
    assert_memory_equal(elements, "xyz", 3);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(typestrs_are_read_as_numpy_reads_them),
        cmocka_unit_test(typestrs_that_are_ours_to_decide),
        cmocka_unit_test(descriptions_and_orders_are_those_of_numpy),
        cmocka_unit_test(descriptions_that_numpy_refuses_are_malformed),
        cmocka_unit_test(descriptions_have_a_depth),
        cmocka_unit_test(fields_are_selected_as_numpy_selects_them),
        cmocka_unit_test(fields_that_cannot_be_selected),
        cmocka_unit_test(the_holes_of_records_are_cleared),
        cmocka_unit_test(a_type_without_fields_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
