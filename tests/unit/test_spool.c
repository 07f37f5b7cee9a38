#include "coding.h"
#include "spool.h"
#include "support.h"

#include <stdlib.h>

enum { MEMORY = 100, LIMIT = 1000 };

/* Writes n bytes in pieces, then holds what comes out against what went in. */
static void check_pieces(size_t n, size_t piece)
{
    uint8_t data[LIMIT];
    struct spool s;
    struct input in;
    struct error err = {0};
    for (size_t i = 0; i < n; i++)
        data[i] = (uint8_t)(i * 7);
    spool_init(&s, MEMORY, "body", LIMIT);
    for (size_t at = 0; at < n; at += piece)
        assert_true(spool_write(&s, data + at, n - at < piece ? n - at : piece, &err));
    assert_true(spool_finish(&s, &in, &err));
    assert_int_equal(in.size, n);
    assert_true(bytes_equal(in.bytes, bytes_of(data, n)));
    assert_int_equal(in.fd >= 0, n > MEMORY);
    spool_deinit(&s);
}

static void bytes_come_back_however_they_came(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 99, 100, 101, 999, 1000};
    for (size_t i = 0; i < ROWS(sizes); i++) {
        check_pieces(sizes[i], 1);
        check_pieces(sizes[i], 64);
        check_pieces(sizes[i], LIMIT);
    }
}

static void the_limit_is_named(void **state)
{
    (void)state;
    uint8_t data[LIMIT + 1] = {0};
    struct spool s;
    struct error err = {0};
    spool_init(&s, MEMORY, "body", LIMIT);
    assert_true(spool_write(&s, data, LIMIT, &err));
    assert_false(spool_write(&s, data, 1, &err));
    assert_int_equal(err.kind, ERR_LIMIT);
    assert_string_equal(err.limit, "body");
    assert_int_equal(err.limit_value, LIMIT);
    spool_deinit(&s);
}

/* Fills one block of a pool and lets it wait there. */
static void let_a_block_wait(struct arena_pool *pool)
{
    struct arena a;
    arena_pool_init(pool, 1, ARENA_BLOCK, NULL);
    arena_init(&a, SIZE_MAX);
    a.pool = pool;
    for (size_t n = 0; n < 2 * (size_t)ARENA_BLOCK; n += 1 << 20)
        assert_non_null(arena_alloc(&a, 1, 1 << 20));
    arena_free(&a);
    assert_int_equal(pool->count, 1);
}

/* Each byte says where it is, so that a block in the wrong place is seen. */
static uint8_t byte_at(size_t i)
{
    return (uint8_t)(i / 4099 + i);
}

/* A whole body of such bytes. */
static struct input keep_body(struct spool *s, struct arena_pool *pool, uint64_t expected, size_t size)
{
    static uint8_t piece[LIMIT];
    struct input in;
    struct error err = {0};
    spool_init(s, MEMORY, "body", UINT64_MAX);
    s->pool = pool;
    s->expected = expected;
    for (size_t at = 0, n; at < size; at += n) {
        for (n = 0; n < sizeof piece && at + n < size; n++)
            piece[n] = byte_at(at + n);
        assert_true(spool_write(s, piece, n, &err));
    }
    assert_true(spool_finish(s, &in, &err));
    assert_int_equal(in.size, size);
    for (size_t k = 0; k < size; k++)
        if (in.bytes.data[k] != byte_at(k))
            fail_msg("byte %zu of %zu", k, size);
    return in;
}

static void a_block_that_waits_is_taken_before_a_file(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint64_t expected;
        size_t size;
        bool file;
    } rows[] = {
        {"a body of unknown length", 0, LIMIT, false},
        {"a body that is said to fit", LIMIT, LIMIT, false},
        {"a body that is said not to fit", (uint64_t)ARENA_ROOM + 1, LIMIT, true},
        {"a body that turns out not to fit", 0, (size_t)ARENA_ROOM + 1, true},
    };
    struct arena_pool pool;
    let_a_block_wait(&pool);
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct spool s;
        const struct input in = keep_body(&s, &pool, rows[i].expected, rows[i].size);
        if ((in.fd >= 0) != rows[i].file)
            fail_msg("%s", rows[i].name);
        spool_deinit(&s);
        assert_int_equal(pool.count, 1);
    }
    arena_pool_deinit(&pool);
}

static void bodies_of_several_blocks_lie_in_one_piece(void **state)
{
    (void)state;
    enum { BLOCKS = 3 };
    static const struct {
        uint64_t expected;
        size_t size, waiting; /* blocks that wait afterwards */
        bool file;
    } rows[] = {
        {0, LIMIT, 0, true}, /* a new block is not for what may be small */
        {ARENA_BLOCK / 2 - 1, LIMIT, 0, true},
        {ARENA_BLOCK / 2, LIMIT, 1, false}, /* then one more beside it; then all that there may be */
        {ARENA_BLOCK + 5, ARENA_BLOCK + 5, 2, false},
        {2 * (uint64_t)ARENA_BLOCK + 1, 2 * (uint64_t)ARENA_BLOCK + 1, 3, false},
        {ARENA_ROOM, ARENA_ROOM, 3, false},
        {UINT64_MAX, LIMIT, 3, true},
        {BLOCKS * (uint64_t)ARENA_BLOCK - 15, LIMIT, 3, true},
    };
    struct account account = {.most = (2 * BLOCKS + 1) * (size_t)ARENA_BLOCK};
    struct arena_pool pool;
    arena_pool_init(&pool, BLOCKS, ARENA_BLOCK, &account);
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct spool s;
        assert_int_equal(keep_body(&s, &pool, rows[i].expected, rows[i].size).fd >= 0, rows[i].file);
        spool_deinit(&s);
        assert_int_equal(pool.count, rows[i].waiting);
        assert_int_equal(pool.lent, 0);
        assert_int_equal(account.used, rows[i].waiting * ARENA_BLOCK);
    }
    arena_pool_deinit(&pool);
    assert_int_equal(account.used, 0);
}

static void new_blocks_leave_half_of_the_memory_to_others(void **state)
{
    (void)state;
    struct account account = {.used = ARENA_BLOCK, .most = 3 * (size_t)ARENA_BLOCK};
    struct arena_pool pool;
    size_t capacity;
    arena_pool_init(&pool, 2, ARENA_BLOCK, &account);
    assert_null(arena_pool_borrow(&pool, ARENA_ROOM, &capacity));
    assert_int_equal(account.used, ARENA_BLOCK);
    assert_int_equal(pool.lent, 0);
    account.used = 0;
    void *room = arena_pool_borrow(&pool, ARENA_ROOM, &capacity);
    assert_non_null(room);
    assert_null(arena_pool_borrow(&pool, ARENA_ROOM, &capacity));
    arena_pool_return(&pool, room, capacity);
    arena_pool_deinit(&pool);
}

static void no_folder_to_write_in_is_no_matter(void **state)
{
    (void)state;
    setenv("TMPDIR", "/nonexistent", 1);
    check_pieces(LIMIT, 64);
    unsetenv("TMPDIR");
}

static void codings_have_names(void **state)
{
    (void)state;
    static const char *const known[] = {NULL, "", "identity", "gzip", "GZIP", "x-gzip", "deflate", "zstd"};
    static const char *const unknown[] = {"br", "gzip, gzip", "gzip ", "compress"};
    for (size_t i = 0; i < ROWS(known); i++)
        assert_non_null(coding_find(known[i]));
    for (size_t i = 0; i < ROWS(unknown); i++)
        assert_null(coding_find(unknown[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_come_back_however_they_came),
        cmocka_unit_test(the_limit_is_named),
        cmocka_unit_test(a_block_that_waits_is_taken_before_a_file),
        cmocka_unit_test(bodies_of_several_blocks_lie_in_one_piece),
        cmocka_unit_test(new_blocks_leave_half_of_the_memory_to_others),
        cmocka_unit_test(no_folder_to_write_in_is_no_matter),
        cmocka_unit_test(codings_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
