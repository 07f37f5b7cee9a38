#include "cast.h"

#include <stdlib.h>

#include "selection.h"
#include "support.h"

static struct bytes unhex(struct arena *arena, const char *text)
{
    const size_t n = strlen(text) / 2;
    uint8_t *out = arena_alloc(arena, 1, n);
    assert_non_null(out);
    for (size_t i = 0; i < n; i++) {
        const char pair[3] = {text[2 * i], text[2 * i + 1], '\0'};
        out[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return bytes_of(out, n);
}

/* The next column of a row, which is cut there; NULL at the end. */
static char *column(char **row)
{
    char *start = *row;
    char *end = strstr(start, " | ");
    if (end != NULL) {
        *end = '\0';
        *row = end + 3;
    }
    return start;
}

static struct array numbers(struct arena *arena, const char *type, struct bytes data)
{
    struct error err = {0};
    struct dtype dtype;
    assert_true(dtype_parse(bytes_text(type), &dtype, &err));
    uint64_t *shape = arena_alloc(arena, 1, sizeof *shape);
    assert_non_null(shape);
    shape[0] = data.len / dtype.itemsize;
    return array_of_memory(dtype, 1, shape, data.data);
}

static void check_row(char *row)
{
    struct arena arena;
    struct error err = {0};
    arena_init(&arena, 1 << 22);
    const char *from = column(&row), *in = column(&row), *to = column(&row), *expect = column(&row);
    const struct array a = numbers(&arena, from, unhex(&arena, in));
    struct dtype dtype;
    struct array cast;
    const uint8_t *elements;
    uint64_t size;
    assert_true(dtype_parse(bytes_text(to), &dtype, &err));
    assert_true(array_cast(&a, &dtype, &arena, &cast, &err));
    assert_true(array_pack(&cast, &arena, &elements, &err));
    assert_true(array_size(&cast, &size));
    if (!bytes_equal(bytes_of(elements, size), unhex(&arena, expect)))
        fail_msg("%s to %s", from, to);
    arena_free(&arena);
}

static void every_pair_of_types_is_cast_as_numpy_does(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 24);
    const struct bytes file = test_file("tests/golden/cast/cases.txt", &arena);
    char *text = (char *)arena_copy(&arena, file).data;
    size_t rows = 0;
    for (char *save, *row = strtok_r(text, "\n", &save); row != NULL;
         row = strtok_r(NULL, "\n", &save), rows++)
        check_row(row);
    assert_in_range(rows, 400, 1000);
    arena_free(&arena);
}

static void a_cast_can_be_sliced(void **state)
{
    (void)state;
    struct arena arena;
    struct error err = {0};
    arena_init(&arena, 1 << 22);
    static const uint8_t data[] = {1, 2, 3, 4, 5, 6, 7, 8};
    const struct array a = numbers(&arena, "u1", bytes_of(data, sizeof data));
    const struct dtype real = dtype_make(DTYPE_FLOAT, 8);
    struct array cast, part;
    struct selection selection;
    const uint8_t *elements;
    assert_true(array_cast(&a, &real, &arena, &cast, &err));
    assert_true(selection_parse(bytes_text("6:0:-2"), &arena, &selection, &err));
    assert_true(array_select(&cast, &selection, &limits_default, &arena, &part, &err));
    assert_true(array_pack(&part, &arena, &elements, &err));
    static const double expect[] = {7, 5, 3};
    assert_memory_equal(elements, expect, sizeof expect);
    arena_free(&arena);
}

static void what_is_no_number_is_refused(void **state)
{
    static const struct {
        const char *from, *to;
    } rows[] = {{"S8", "f8"}, {"f8", "S8"}, {"M8[s]", "i8"}, {"c16", "f8"}, {"f8", "f16"}, {"O", "i4"}};
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct arena arena;
        struct error err = {0};
        arena_init(&arena, 1 << 16);
        static const uint8_t data[16] = {0};
        const struct array a = numbers(&arena, rows[i].from, bytes_of(data, sizeof data));
        struct dtype to;
        struct array out;
        assert_true(dtype_parse(bytes_text(rows[i].to), &to, &err));
        assert_false(array_cast(&a, &to, &arena, &out, &err));
        assert_int_equal(err.kind, ERR_UNREPRESENTABLE);
        arena_free(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_of_types_is_cast_as_numpy_does),
        cmocka_unit_test(a_cast_can_be_sliced),
        cmocka_unit_test(what_is_no_number_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
