#include "keyset.h"

#include "support.h"

#include <math.h>

static struct arena arena;
static struct keyset set;

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, 1 << 30);
    keyset_init(&set, &arena);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static struct value *collection(enum value_kind kind, struct value *a, struct value *b)
{
    struct value *v = value_new(&arena, kind);
    if (a != NULL)
        assert_true(value_append(&arena, &v->list, a));
    if (b != NULL)
        assert_true(value_append(&arena, &v->list, b));
    return v;
}

static struct value *tuple(struct value *a, struct value *b)
{
    return collection(VALUE_TUPLE, a, b);
}

static struct value *integer(int64_t n)
{
    return value_int(&arena, n);
}

static struct value *real(double n)
{
    return value_float(&arena, n);
}

static struct value *big(const char *bytes, size_t len)
{
    return value_integer(&arena, bytes_of(bytes, len));
}

static struct value *range(int64_t start, int64_t stop, int64_t step)
{
    struct value *v = collection(VALUE_RANGE, integer(start), integer(stop));
    assert_true(value_append(&arena, &v->list, integer(step)));
    return v;
}

static struct value *scalar(enum dtype_kind kind, size_t size, const void *data)
{
    struct array a = array_of_memory(dtype_make(kind, size), 0, NULL, data);
    a.scalar = true;
    return value_array(&arena, &a);
}

static bool equal(const struct value *a, const struct value *b)
{
    struct error err = {0};
    size_t found;
    keyset_clear(&set);
    assert_true(keyset_add(&set, a, 0, &found, &err));
    assert_int_equal(found, 0);
    assert_true(keyset_add(&set, b, 1, &found, &err));
    return found == 0;
}

static bool hashable(const struct value *v)
{
    struct error err = {0};
    size_t found;
    keyset_clear(&set);
    const bool ok = keyset_add(&set, v, 0, &found, &err);
    assert_true(ok || err.kind == ERR_SYNTAX);
    return ok;
}

/* What Python 3.11 says of a == b (and of hash(a) == hash(b)). */
static void numbers_are_equal_across_types(void **state)
{
    (void)state;
    assert_true(equal(integer(1), real(1.0)));
    assert_true(equal(integer(1), value_bool(&arena, true)));
    assert_true(equal(real(0.0), real(-0.0)));
    assert_true(equal(integer(0), value_complex(&arena, -0.0, 0)));
    assert_true(equal(real(0.5), value_complex(&arena, 0.5, -0.0)));
    assert_true(equal(value_complex(&arena, 0.0, 2), value_complex(&arena, -0.0, 2)));
    assert_true(equal(real(-0x1p63), integer(INT64_MIN)));
    assert_true(equal(real(0x1p63), big("\0\0\0\0\0\0\0\x80\0", 9)));
    assert_true(equal(real(-0x1p71), big("\0\0\0\0\0\0\0\0\x80", 9)));
    assert_true(equal(real(0x1p100), big("\0\0\0\0\0\0\0\0\0\0\0\0\x10", 13)));
    assert_true(equal(real(0x1.8p64), big("\0\0\0\0\0\0\0\x80\x01", 9)));
    assert_false(equal(integer(1), real(1.5)));
    assert_false(equal(integer(INT64_MAX), real(0x1p63)));
    assert_false(equal(integer(9007199254740993), real(9007199254740992.0)));
    assert_false(equal(real(INFINITY), real(-INFINITY)));
    assert_false(equal(integer(0), value_new(&arena, VALUE_NONE)));
    assert_false(equal(value_complex(&arena, 1, 2), value_complex(&arena, 2, 1)));
}

static void nan_is_itself_only(void **state)
{
    (void)state;
    const struct value *nan = real(NAN);
    assert_true(equal(nan, nan));
    assert_false(equal(nan, real(NAN)));
    assert_true(equal(tuple(integer(1), (struct value *)nan), tuple(integer(1), (struct value *)nan)));
}

static void numpy_scalars_are_numbers(void **state)
{
    (void)state;
    const float half = 0.5f;
    const double one = 1;
    const int8_t minus = -1;
    const uint64_t most = UINT64_MAX;
    assert_true(equal(scalar(DTYPE_FLOAT, 4, &half), real(0.5)));
    assert_true(equal(scalar(DTYPE_FLOAT, 8, &one), integer(1)));
    assert_true(equal(scalar(DTYPE_INT, 1, &minus), integer(-1)));
    assert_true(equal(scalar(DTYPE_UINT, 8, &most), big("\xff\xff\xff\xff\xff\xff\xff\xff\0", 9)));
    assert_false(equal(scalar(DTYPE_UINT, 8, &most), real(0x1p64)));
}

static void text_and_bytes_are_never_equal(void **state)
{
    (void)state;
    assert_true(equal(value_text(&arena, "a"), value_text(&arena, "a")));
    assert_false(equal(value_text(&arena, "a"), value_bytes(&arena, bytes_text("a"))));
    assert_false(equal(value_text(&arena, ""), value_bytes(&arena, bytes_text(""))));
    assert_false(equal(value_text(&arena, "a"), value_str(&arena, bytes_of("a\0", 2))));
    assert_false(equal(value_text(&arena, "1"), integer(1)));
}

static void collections_are_compared_by_their_parts(void **state)
{
    (void)state;
    struct value *x = value_text(&arena, "x");
    assert_true(equal(tuple(integer(1), x), tuple(real(1), value_text(&arena, "x"))));
    assert_false(equal(tuple(integer(1), x), tuple(x, integer(1))));
    assert_false(equal(tuple(NULL, NULL), tuple(tuple(NULL, NULL), NULL)));
    assert_false(equal(tuple(tuple(x, NULL), x), tuple(x, tuple(x, NULL))));
    assert_true(equal(collection(VALUE_FROZENSET, integer(1), x), collection(VALUE_FROZENSET, x, real(1))));
    assert_false(equal(collection(VALUE_FROZENSET, x, NULL), tuple(x, NULL)));
    assert_true(equal(range(0, 0, 1), range(5, 2, 3)));
    assert_true(equal(range(0, 3, 2), range(0, 4, 2)));
    assert_true(equal(range(7, 8, 1), range(7, 1, -9)));
    assert_false(equal(range(0, 3, 2), range(0, 3, 1)));
    assert_true(equal(value_global(&arena, bytes_text("m"), bytes_text("n")),
                      value_global(&arena, bytes_text("m"), bytes_text("n"))));
    assert_false(equal(value_global(&arena, bytes_text("m"), bytes_text("n.o")),
                       value_global(&arena, bytes_text("m.n"), bytes_text("o"))));
}

static void objects_are_themselves_only(void **state)
{
    (void)state;
    struct value *a = value_new(&arena, VALUE_OBJECT), *b = value_new(&arena, VALUE_OBJECT);
    assert_true(equal(a, a));
    assert_false(equal(a, b));
    assert_true(equal(tuple(a, b), tuple(a, b)));
    assert_false(equal(tuple(a, b), tuple(b, a)));
}

static void what_can_change_is_no_key(void **state)
{
    (void)state;
    const uint64_t shape[] = {0};
    const struct array array = array_of_memory(dtype_make(DTYPE_FLOAT, 8), 1, shape, NULL);
    assert_false(hashable(collection(VALUE_LIST, NULL, NULL)));
    assert_false(hashable(collection(VALUE_SET, NULL, NULL)));
    assert_false(hashable(value_new(&arena, VALUE_DICT)));
    assert_false(hashable(value_new(&arena, VALUE_BYTEARRAY)));
    assert_false(hashable(value_array(&arena, &array)));
    assert_false(hashable(tuple(integer(1), tuple(collection(VALUE_LIST, NULL, NULL), NULL))));
    struct value *loop = tuple(integer(1), NULL);
    assert_true(value_append(&arena, &loop->list, loop));
    assert_false(hashable(loop));
    assert_true(hashable(tuple(value_new(&arena, VALUE_OBJECT), NULL)));
}

/* {1: 'a', 1.0: 'b', 'x': 'c', True: 'd'} is {1: 'd', 'x': 'c'}. */
static void the_first_key_and_the_last_value_stay(void **state)
{
    (void)state;
    struct error err = {0};
    struct value_pairs pairs = {0};
    struct value *keys[] = {integer(1), real(1), value_text(&arena, "x"), value_bool(&arena, true)};
    for (size_t i = 0; i < ROWS(keys); i++)
        assert_true(value_put(&arena, &pairs, keys[i], integer((int64_t)i)));
    assert_true(keyset_unite_pairs(&set, &pairs, &err));
    assert_int_equal(pairs.count, 2);
    assert_ptr_equal(pairs.items[0].key, keys[0]);
    assert_int_equal(pairs.items[0].value->integer, 3);
    assert_ptr_equal(pairs.items[1].key, keys[2]);
    assert_int_equal(pairs.items[1].value->integer, 2);

    struct value_list items = {0};
    for (size_t i = 0; i < ROWS(keys); i++)
        assert_true(value_append(&arena, &items, keys[i]));
    assert_true(keyset_unite_items(&set, &items, &err));
    assert_int_equal(items.count, 2);
    assert_ptr_equal(items.items[0], keys[0]);
    assert_ptr_equal(items.items[1], keys[2]);
}

/* 2^60 nodes when written out, 61 in fact. */
static void shared_parts_are_read_once(void **state)
{
    (void)state;
    struct value *a = tuple(integer(1), NULL), *b = tuple(integer(1), NULL);
    for (int i = 0; i < 60; i++) {
        a = tuple(a, a);
        b = tuple(b, b);
    }
    assert_true(equal(a, b));
    struct value *f = collection(VALUE_FROZENSET, a, NULL), *g = collection(VALUE_FROZENSET, b, NULL);
    assert_true(equal(f, g));
}

static void a_long_text_is_read_once_however_often_it_is_a_key(void **state)
{
    (void)state;
    struct error err = {0};
    struct value_list items = {0};
    struct value *text =
        value_str(&arena, arena_copy(&arena, bytes_of(arena_alloc(&arena, 1 << 20, 1), 1 << 20)));
    for (int i = 0; i < 1 << 20; i++)
        assert_true(value_append(&arena, &items, text));
    assert_true(keyset_unite_items(&set, &items, &err));
    assert_int_equal(items.count, 1);
}

static void a_key_of_many_levels_needs_no_stack(void **state)
{
    (void)state;
    struct value *v = tuple(NULL, NULL), *w = tuple(NULL, NULL);
    for (int i = 0; i < 300000; i++) {
        v = tuple(v, NULL);
        w = tuple(w, NULL);
    }
    assert_true(equal(v, w));
}

/* Equal in their low 32 bits. */
static void many_keys_are_kept_apart(void **state)
{
    (void)state;
    struct error err = {0};
    struct value_list items = {0};
    for (int64_t i = 0; i < 300000; i++)
        assert_true(value_append(&arena, &items, integer((i % 100000) << 32)));
    assert_true(keyset_unite_items(&set, &items, &err));
    assert_int_equal(items.count, 100000);
    const struct value_list different = items;
    assert_true(keyset_unite_items(&set, &items, &err));
    assert_int_equal(items.count, 100000);
    assert_ptr_equal(items.items, different.items);
    for (size_t i = 0; i < items.count; i++)
        assert_int_equal(items.items[i]->integer, (int64_t)i << 32);
}

static bool unite(struct arena *a, void *arg, struct error *err)
{
    struct keyset k;
    keyset_init(&k, a);
    struct value_list items = *(struct value_list *)arg; /* all are distinct: nothing is moved */
    return keyset_unite_items(&k, &items, err);
}

static void running_out_of_memory_is_clean(void **state)
{
    (void)state;
    struct value_list items = {0};
    for (int64_t i = 0; i < 100; i++)
        assert_true(value_append(&arena, &items, tuple(tuple(integer(i), NULL), NULL)));
    test_failing_arena(unite, &items, 256, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(numbers_are_equal_across_types, setup, teardown),
        cmocka_unit_test_setup_teardown(nan_is_itself_only, setup, teardown),
        cmocka_unit_test_setup_teardown(numpy_scalars_are_numbers, setup, teardown),
        cmocka_unit_test_setup_teardown(text_and_bytes_are_never_equal, setup, teardown),
        cmocka_unit_test_setup_teardown(collections_are_compared_by_their_parts, setup, teardown),
        cmocka_unit_test_setup_teardown(objects_are_themselves_only, setup, teardown),
        cmocka_unit_test_setup_teardown(what_can_change_is_no_key, setup, teardown),
        cmocka_unit_test_setup_teardown(the_first_key_and_the_last_value_stay, setup, teardown),
        cmocka_unit_test_setup_teardown(shared_parts_are_read_once, setup, teardown),
        cmocka_unit_test_setup_teardown(a_long_text_is_read_once_however_often_it_is_a_key, setup, teardown),
        cmocka_unit_test_setup_teardown(a_key_of_many_levels_needs_no_stack, setup, teardown),
        cmocka_unit_test_setup_teardown(many_keys_are_kept_apart, setup, teardown),
        cmocka_unit_test_setup_teardown(running_out_of_memory_is_clean, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
