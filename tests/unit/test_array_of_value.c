#include "support.h"

#include "array_of_value.h"

static struct arena arena;

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, 16 << 20);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

/* ---- values from a few letters ---- */

static struct value *numpy_value(char kind, size_t itemsize, unsigned ndim)
{
    static const uint64_t shape[] = {2};
    static const uint8_t one[64] = {1};
    struct array a = array_of_memory(dtype_make((enum dtype_kind)kind, itemsize), ndim, shape, one);
    a.scalar = ndim == 0;
    return value_array(&arena, &a);
}

static struct value *element(char letter)
{
    static const uint8_t big[] = {0, 0, 0, 0, 0, 0, 0, 128, 0}, bigger[] = {0, 0, 0, 0, 0, 0, 0, 0, 1};
    struct value *v = NULL;
    switch (letter) {
    case 't':
        return value_bool(&arena, true);
    case '1':
        return value_int(&arena, 1);
    case '-':
        return value_int(&arena, -1);
    case 'B': /* 2**63 */
        return value_integer(&arena, bytes_of(big, sizeof big));
    case 'X': /* 2**64 */
        return value_integer(&arena, bytes_of(bigger, sizeof bigger));
    case 'f':
        return value_float(&arena, 2.5);
    case 'c':
        return value_complex(&arena, 0, 1);
    case 'e':
        return value_text(&arena, "");
    case 's':
        return value_text(&arena, "a\u20acb");
    case 'y':
        return value_bytes(&arena, bytes_text("ab"));
    case 'F':
        return numpy_value('f', 4, 0);
    case 'h':
        return numpy_value('f', 2, 0);
    case 'i':
        return numpy_value('i', 1, 0);
    case 'I':
        return numpy_value('i', 2, 0);
    case 'u':
        return numpy_value('u', 1, 0);
    case 'U':
        return numpy_value('u', 8, 0);
    case 'C':
        return numpy_value('c', 8, 0);
    case 'A': /* numpy.array([1, 0]) */
        return numpy_value('i', 8, 1);
    case 'D':
        return value_new(&arena, VALUE_DICT);
    case 'n':
        return value_new(&arena, VALUE_NONE);
    default:
        fail_msg("no value is called %c", letter);
    }
    return v;
}

/* "[1[f]]" */
static struct value *value_of(const char *text)
{
    struct value *open[64], *v = NULL;
    size_t depth = 0;
    for (; *text != '\0'; text++) {
        if (*text == '[') {
            open[depth++] = value_new(&arena, VALUE_LIST);
            continue;
        }
        v = *text == ']' ? open[--depth] : element(*text);
        if (depth > 0)
            assert_true(value_append(&arena, &open[depth - 1]->list, v));
    }
    return v;
}

/* The dtype and shape that numpy.array() gives; NULL: it refuses, or makes objects, or changes values. */
static const struct {
    const char *value, *dtype;
    unsigned ndim;
    uint64_t shape[3];
    const char *pointer; /* of what is refused */
} rows[] = {
    {"1", "<i8", 0, {0}, NULL},
    {"s", "<U3", 0, {0}, NULL},
    {"[]", "<f8", 1, {0}, NULL},
    {"[[][]]", "<f8", 2, {2, 0}, NULL},
    {"[tt]", "|b1", 1, {2}, NULL},
    {"[t1]", "<i8", 1, {2}, NULL},
    {"[tf]", "<f8", 1, {2}, NULL},
    {"[1c]", "<c16", 1, {2}, NULL},
    {"[1f1]", "<f8", 1, {3}, NULL},
    {"[Bf]", "<f8", 1, {2}, NULL},
    {"[B]", "<u8", 1, {1}, NULL},
    {"[1B]", "<u8", 1, {2}, NULL}, /* NumPy: float64 */
    {"[e]", "<U1", 1, {1}, NULL},
    {"[es]", "<U3", 1, {2}, NULL},
    {"[yy]", "|S2", 1, {2}, NULL},
    {"[F1]", "<f8", 1, {2}, NULL},
    {"[Fi]", "<f4", 1, {2}, NULL},
    {"[iu]", "<i2", 1, {2}, NULL},
    {"[it]", "|i1", 1, {2}, NULL},
    {"[U1]", "<f8", 1, {2}, NULL},
    {"[hI]", "<f4", 1, {2}, NULL},
    {"[Cf]", "<c16", 1, {2}, NULL},
    {"[CF]", "<c8", 1, {2}, NULL},
    {"[C1]", "<c16", 1, {2}, NULL},
    {"[AA]", "<i8", 2, {2, 2}, NULL},
    {"[A[1f]]", "<f8", 2, {2, 2}, NULL},
    {"[[[1][1]][[1][1]][[1][f]]]", "<f8", 3, {3, 2, 1}, NULL},
    {"[-B]", NULL, 0, {0}, ""},
    {"[1X]", NULL, 0, {0}, "/1"},
    {"[1s]", NULL, 0, {0}, "/1"},
    {"[ys]", NULL, 0, {0}, "/1"},
    {"[1n]", NULL, 0, {0}, "/1"},
    {"D", NULL, 0, {0}, ""},
    {"[[1][D]]", NULL, 0, {0}, "/1/0"},
    {"[[1][11]]", NULL, 0, {0}, "/1/0"},
    {"[[11][1]]", NULL, 0, {0}, "/1/0"},
    {"[[1]1]", NULL, 0, {0}, "/1"},
    {"[1[1]]", NULL, 0, {0}, "/1/0"},
    {"[[][1]]", NULL, 0, {0}, "/1/0"},
    {"[[1][]]", NULL, 0, {0}, "/1"},
    {"[A1]", NULL, 0, {0}, "/1"},
    {"[A[111]]", NULL, 0, {0}, "/1/0"},
    {"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", NULL, 0, {0}, ""},
};

static void lists_are_what_numpy_makes_of_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct array a;
        struct error err = {0};
        char typestr[48] = "";
        const bool ok = array_of_value(value_of(rows[i].value), &arena, &a, &err);
        if (ok)
            dtype_typestr(&a.dtype, typestr);
        if (ok != (rows[i].dtype != NULL) || (ok && strcmp(typestr, rows[i].dtype) != 0))
            fail_msg("%s: %s", rows[i].value, ok ? typestr : err.detail);
        if (ok && (a.ndim != rows[i].ndim || memcmp(a.shape, rows[i].shape, a.ndim * sizeof *a.shape) != 0))
            fail_msg("%s: the shape is wrong", rows[i].value);
        if (!ok && (err.kind != ERR_UNREPRESENTABLE || strcmp(err.pointer, rows[i].pointer) != 0))
            fail_msg("%s: kind %d at '%s'", rows[i].value, (int)err.kind, err.pointer);
    }
}

static void check_elements(const char *text, const void *expected, size_t size)
{
    struct array a;
    struct error err = {0};
    uint64_t bytes;
    assert_true(array_of_value(value_of(text), &arena, &a, &err));
    assert_true(array_size(&a, &bytes));
    assert_int_equal(bytes, size);
    assert_memory_equal(a.data, expected, size);
}

static void elements_are_converted(void **state)
{
    (void)state;
    check_elements("[t1-]", (const int64_t[]){1, 1, -1}, 24);
    check_elements("[t1f]", (const double[]){1, 1, 2.5}, 24);
    check_elements("[-Bf]", (const double[]){-1, 9223372036854775808.0, 2.5}, 24);
    check_elements("[1B]", (const uint64_t[]){1, 1ULL << 63}, 16);
    check_elements("[cf]", (const double[]){0, 1, 2.5, 0}, 32);
    check_elements("[es]", (const uint32_t[]){0, 0, 0, 'a', 0x20ac, 'b'}, 24);
    check_elements("[A[f-]]", (const double[]){1, 0, 2.5, -1}, 32);
    check_elements("[iI]", (const int16_t[]){1, 1}, 4);
    check_elements("[if]", (const double[]){1, 2.5}, 16);
}

static void big_endian_parts_become_little(void **state)
{
    (void)state;
    static const uint8_t big[] = {0, 1, 0, 2};
    static const uint64_t shape[] = {2};
    struct dtype t = dtype_make(DTYPE_INT, 2);
    struct error err = {0};
    struct array a = array_of_memory((t.order = '>', t), 1, shape, big), out;
    struct value *list = value_of("[]");
    assert_true(value_append(&arena, &list->list, value_array(&arena, &a)));
    assert_true(array_of_value(list, &arena, &out, &err));
    assert_int_equal(out.dtype.order, '<');
    assert_memory_equal(out.data, ((const int16_t[]){1, 2}), 4);
}

static void shared_lists_are_not_counted_out(void **state)
{
    (void)state;
    struct array a;
    struct error err = {0};
    struct value *v = value_of("[]");
    for (int i = 0; i < 31; i++) {
        struct value *outer = value_new(&arena, VALUE_LIST);
        for (int n = 0; n < 10; n++)
            assert_true(value_append(&arena, &outer->list, v));
        v = outer;
    }
    assert_false(array_of_value(v, &arena, &a, &err));
    assert_int_equal(err.kind, ERR_LIMIT);
}

static void a_list_in_itself_is_too_deep(void **state)
{
    (void)state;
    struct array a;
    struct error err = {0};
    struct value *v = value_of("[]");
    assert_true(value_append(&arena, &v->list, v));
    assert_false(array_of_value(v, &arena, &a, &err));
    assert_int_equal(err.kind, ERR_UNREPRESENTABLE);
}

static bool attempt(struct arena *small, void *arg, struct error *err)
{
    struct array a;
    return array_of_value(arg, small, &a, err);
}

static void every_failing_allocation_is_an_error(void **state)
{
    (void)state;
    test_failing_arena(attempt, value_of("[[AA][AA][AA]]"), 16, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lists_are_what_numpy_makes_of_them, setup, teardown),
        cmocka_unit_test_setup_teardown(elements_are_converted, setup, teardown),
        cmocka_unit_test_setup_teardown(big_endian_parts_become_little, setup, teardown),
        cmocka_unit_test_setup_teardown(shared_lists_are_not_counted_out, setup, teardown),
        cmocka_unit_test_setup_teardown(a_list_in_itself_is_too_deep, setup, teardown),
        cmocka_unit_test_setup_teardown(every_failing_allocation_is_an_error, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
