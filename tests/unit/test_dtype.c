#include "dtype.h"

#include "support.h"

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
        cmocka_unit_test(the_holes_of_records_are_cleared),
        cmocka_unit_test(a_type_without_fields_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
