#include "support.h"

static void memory_is_zeroed_and_aligned(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 64 << 20);
    for (size_t size = 1; size < 5000000; size = size * 3 + 1) {
        const uint8_t *p = arena_alloc(&a, 1, size);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % 16, 0);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(p[i], 0);
        memset((void *)p, 0xff, size);
    }
    arena_free(&a);
}

static void sizes_that_wrap_are_refused(void **state)
{
    static const struct {
        size_t count, size;
    } rows[] = {{SIZE_MAX, 2}, {SIZE_MAX, 1}, {SIZE_MAX / 2, 3}, {1, SIZE_MAX - 8}};
    (void)state;
    struct arena a;
    arena_init(&a, SIZE_MAX);
    for (size_t i = 0; i < ROWS(rows); i++)
        assert_null(arena_alloc(&a, rows[i].count, rows[i].size));
    arena_free(&a);
}

static void the_budget_is_kept(void **state)
{
    (void)state;
    struct arena a;
    struct error err = {0};
    arena_init(&a, 1 << 20);
    size_t held = 0;
    while (arena_alloc(&a, 1, 1000) != NULL)
        held += 1000;
    assert_in_range(held, 900000, 1 << 20);
    assert_true(a.used <= a.budget);
    assert_false(arena_fail(&a, &err));
    assert_string_equal(err.limit, "memory");
    assert_int_equal(err.limit_value, 1 << 20);
    arena_free(&a);
}

static void growing_keeps_what_was_there(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 64 << 20);
    uint32_t *items = NULL;
    size_t capacity = 0;
    for (size_t n = 0; n < 100000; n++) {
        if (n == capacity) {
            const size_t wanted = capacity == 0 ? 1 : capacity * 2;
            items = arena_grow(&a, items, capacity * sizeof *items, wanted * sizeof *items);
            assert_non_null(items);
            assert_int_equal(items[n], 0);
            capacity = wanted;
            if (n % 3 == 0)
                assert_non_null(arena_alloc(&a, 1, 1)); /* something lies behind it: it must move */
        }
        items[n] = (uint32_t)n;
    }
    for (size_t n = 0; n < 100000; n++)
        assert_int_equal(items[n], n);
    arena_free(&a);
}

static void blocks_are_as_big_as_the_pool_has_them(void **state)
{
    (void)state;
    enum { SMALL = 4096 };
    struct account account = {.most = 64 * (size_t)ARENA_BLOCK_LEAST};
    struct arena_pool pool;
    struct arena a;
    arena_pool_init(&pool, 3, ARENA_BLOCK_LEAST, &account);
    arena_init(&a, SIZE_MAX);
    a.pool = &pool;
    for (size_t held = 0; held < 20 * (size_t)ARENA_BLOCK_LEAST; held += SMALL) {
        assert_non_null(arena_alloc(&a, 1, SMALL));
        assert_true(a.used <= held + 2 * (size_t)ARENA_BLOCK_LEAST); /* hardly more than was asked for */
        assert_int_equal(account.used, a.used);
    }
    arena_free(&a);
    assert_int_equal(pool.count, 3);
    assert_int_equal(account.used, 3 * (size_t)ARENA_BLOCK_LEAST);
    arena_pool_deinit(&pool);
    assert_int_equal(account.used, 0);
}

static void memory_from_the_pool_is_zeroed_too(void **state)
{
    (void)state;
    struct arena_pool pool;
    arena_pool_init(&pool, 2, ARENA_BLOCK, NULL);
    for (int round = 0; round < 3; round++) {
        struct arena a;
        arena_init(&a, 512 << 20);
        a.pool = &pool;
        size_t held = 0;
        for (size_t n = 1000; held < 200 << 20; n = n < 100000 ? n * 2 : n) {
            uint8_t *p = arena_alloc(&a, 1, n);
            assert_non_null(p);
            p = arena_grow(&a, p, n, n + 5000);
            assert_non_null(p);
            for (size_t i = 0; i < n + 5000; i++)
                if (p[i] != 0)
                    fail_msg("round %d: a byte is not zero", round);
            memset(p, 0xff, n + 5000);
            held += n + 5000;
        }
        arena_free(&a);
        assert_int_equal(pool.count, 2);
    }
    arena_pool_deinit(&pool);
}

static void lent_room_comes_first(void **state)
{
    (void)state;
    _Alignas(16) uint8_t room[256];
    struct arena a;
    memset(room, 0xff, sizeof room);
    arena_init(&a, 1 << 20);
    arena_lend(&a, room, sizeof room);
    const uint8_t *small = arena_alloc(&a, 1, 100), *big = arena_alloc(&a, 1, 1000);
    assert_ptr_equal(small, room);
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(small[i], 0);
    assert_non_null(big);
    assert_true(big + 1000 <= room || big >= room + sizeof room);
    arena_free(&a);
    assert_ptr_not_equal(arena_alloc(&a, 1, 1), room); /* it was lent once */
    arena_free(&a);
}

static void note(void *arg)
{
    char **at = arg;
    *(*at)++ = 'x';
}

static void note_last(void *arg)
{
    char **at = arg;
    *(*at)++ = 'y';
}

static void the_last_deferred_runs_first(void **state)
{
    (void)state;
    char order[4] = {0}, *at = order;
    struct arena a;
    arena_init(&a, 1 << 16);
    assert_true(arena_defer(&a, note, &at));
    assert_true(arena_defer(&a, note_last, &at));
    arena_free(&a);
    assert_string_equal(order, "yx");
    arena_free(&a); /* freed twice is freed once */
    assert_string_equal(order, "yx");
}

static void count_run(void *arg)
{
    ++*(int *)arg;
}

/* What was there stays as it was; what came later is gone, and its room is given again, zeroed. */
static void rewinding_undoes_what_came_later(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 100, 100000, 3 << 20, 70 << 20};
    for (size_t i = 0; i < ROWS(sizes); i++) {
        struct arena a;
        int before = 0, later = 0;
        _Alignas(16) uint8_t room[256];
        arena_init(&a, 100 << 20);
        arena_lend(&a, room, sizeof room);
        char *kept = arena_printf(&a, "kept %zu", sizes[i]);
        assert_true(arena_defer(&a, count_run, &before));
        const struct arena_mark mark = arena_mark(&a);
        for (int round = 0; round < 3; round++) { /* the budget would not do for two */
            uint8_t *p = arena_alloc(&a, 1, sizes[i]);
            assert_non_null(p);
            for (size_t k = 0; k < sizes[i]; k++)
                assert_int_equal(p[k], 0);
            memset(p, 0xff, sizes[i]);
            assert_true(arena_defer(&a, count_run, &later));
            arena_rewind(&a, mark);
            assert_int_equal(later, round + 1);
            assert_int_equal(a.used, mark.used);
        }
        assert_int_equal(before, 0);
        assert_string_equal(kept, arena_printf(&a, "kept %zu", sizes[i]));
        arena_free(&a);
        assert_int_equal(before, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_zeroed_and_aligned),
        cmocka_unit_test(sizes_that_wrap_are_refused),
        cmocka_unit_test(the_budget_is_kept),
        cmocka_unit_test(growing_keeps_what_was_there),
        cmocka_unit_test(blocks_are_as_big_as_the_pool_has_them),
        cmocka_unit_test(memory_from_the_pool_is_zeroed_too),
        cmocka_unit_test(lent_room_comes_first),
        cmocka_unit_test(the_last_deferred_runs_first),
        cmocka_unit_test(rewinding_undoes_what_came_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
