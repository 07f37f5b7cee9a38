#include "archive.h"
#include "golden.h"

#include <stdlib.h>

/* A field of hexadecimal digits, on the heap; "-" is nothing. */
static struct bytes bytes_in(struct bytes field)
{
    uint8_t *out = malloc(field.len / 2 + 1);
    return golden_bytes(field, out);
}

static void release(struct bytes b)
{
    free((void *)(uintptr_t)b.data);
}

/* ---- streams ---- */

struct stream_case {
    const struct packing *packing;
    struct bytes packed, plain;
    size_t rest;
};

static void each_stream(void (*check)(const struct stream_case *c))
{
    struct arena arena;
    arena_init(&arena, 1 << 24);
    struct bytes text = test_file("tests/golden/packing/streams.txt", &arena), f[4];
    size_t count = 0;
    for (; golden_next(&text, f, 4); count++) {
        const struct bytes packed = bytes_in(f[1]), plain = bytes_in(f[2]);
        const struct packing *p = packing_find(packed);
        assert_non_null(p);
        assert_true(bytes_is(f[0], packing_name(p)));
        check(&(struct stream_case){p, packed, plain, (size_t)golden_number(f[3])});
        release(packed);
        release(plain);
    }
    assert_true(count > 30);
    arena_free(&arena);
}

static void check_whole(const struct stream_case *c)
{
    struct arena arena;
    struct error err = {0};
    struct unpacked u;
    struct bytes out;
    arena_init(&arena, 1 << 24);
    assert_true(packing_unpack(c->packing, c->packed, &limits_default, &arena, &u, &err));
    assert_int_equal(u.damage.kind, ERR_NONE);
    assert_true(bytes_equal(u.bytes, c->plain));
    assert_int_equal(u.used, c->packed.len - c->rest);
    assert_true(packing_open(c->packing, c->packed, &limits_default, &arena, &out, &err));
    assert_true(bytes_equal(out, c->plain));
    arena_free(&arena);
}

static void streams_are_undone(void **state)
{
    (void)state;
    each_stream(check_whole);
}

/* Cut anywhere: a prefix of what was in it, and damage where it was cut, or a whole stream before it. */
static void check_cut(const struct stream_case *c)
{
    for (size_t n = 0; n < c->packed.len - c->rest; n++) {
        struct arena arena;
        struct error err = {0};
        struct unpacked u;
        uint8_t *copy = malloc(n + 1); /* so that reading on is seen */
        memcpy(copy, c->packed.data, n);
        copy = realloc(copy, n == 0 ? 1 : n);
        arena_init(&arena, 1 << 20);
        assert_true(packing_unpack(c->packing, bytes_of(copy, n), &limits_default, &arena, &u, &err));
        assert_true(u.bytes.len <= c->plain.len);
        assert_memory_equal(u.bytes.len == 0 ? c->plain.data : u.bytes.data, c->plain.data, u.bytes.len);
        assert_true(u.used <= n);
        if (u.damage.kind != ERR_NONE)
            assert_int_equal(u.damage.kind, ERR_SYNTAX);
        if (u.damage.kind != ERR_NONE)
            assert_true(u.damage.offset <= n);
        arena_free(&arena);
        free(copy);
    }
}

static void cut_streams_give_what_was_before(void **state)
{
    (void)state;
    each_stream(check_cut);
}

static void check_flips(const struct stream_case *c)
{
    uint8_t *copy = malloc(c->packed.len + 1);
    for (size_t i = 0; i < c->packed.len; i++) {
        struct arena arena;
        struct error err = {0};
        struct unpacked u;
        struct limits limits = limits_default;
        limits.inflated = 1 << 16;
        limits.memory = 1 << 24;
        memcpy(copy, c->packed.data, c->packed.len);
        copy[i] ^= (uint8_t)(1 + i * 37);
        arena_init(&arena, 1 << 20);
        if (!packing_unpack(c->packing, bytes_of(copy, c->packed.len), &limits, &arena, &u, &err))
            assert_int_equal(err.kind, ERR_LIMIT);
        arena_free(&arena);
    }
    free(copy);
}

static void broken_streams_are_damage(void **state)
{
    (void)state;
    each_stream(check_flips);
}

static void check_bomb(const struct stream_case *c)
{
    struct arena arena;
    struct error err = {0};
    struct unpacked u;
    struct limits limits = limits_default;
    if (c->plain.len < 2)
        return;
    limits.inflated = c->plain.len - 1;
    arena_init(&arena, 1 << 20);
    assert_false(packing_unpack(c->packing, c->packed, &limits, &arena, &u, &err));
    assert_int_equal(err.kind, ERR_LIMIT);
    assert_string_equal(err.limit, "inflated");
    arena_free(&arena);
}

static void more_than_the_limit_is_refused(void **state)
{
    (void)state;
    each_stream(check_bomb);
}

static void other_bytes_are_no_stream(void **state)
{
    (void)state;
    static const char *const others[] = {
        "",       "(S'abc'\np0\n.", "{\"a\": 1}", "BZh9 is how bzip2 begins", "x\x9c no zlib",
        "ZF0x10", "]\x94.",         "PK\3\4"};
    for (size_t i = 0; i < ROWS(others); i++)
        assert_null(packing_find(bytes_text(others[i])));
    static const int64_t numbers[] = {0x15d, 77, 512, 3, 999, 14, 650, 8}; /* as an lzma file's header */
    assert_null(packing_find(bytes_of(numbers, sizeof numbers)));
    assert_non_null(packing_by_name("deflate"));
    assert_null(packing_by_name("br"));
}

/* ---- archives ---- */

static void check_member(struct archive *a, const struct archive_member *m, const struct bytes *f,
                         struct arena *arena)
{
    struct error err = {0};
    struct unpacked u;
    const struct bytes central = bytes_in(f[0]), local = bytes_in(f[1]);
    assert_true(bytes_equal(archive_name(m), central));
    assert_true(bytes_equal(m->local.name, local));
    assert_int_equal(m->facts, golden_number(f[3]));
    const struct archive_header *by = m->central.there ? &m->central : &m->local;
    assert_true(archive_open(a, m, by, &limits_default, arena, &u, &err));
    if (bytes_is(f[2], "?")) {
        assert_int_equal(u.damage.kind, ERR_SYNTAX);
    } else {
        const struct bytes plain = bytes_in(f[2]);
        assert_int_equal(u.damage.kind, ERR_NONE);
        assert_true(bytes_equal(u.bytes, plain));
        if (m->facts == 0)
            assert_true(archive_crc_holds(by, u.bytes));
        release(plain);
    }
    release(central);
    release(local);
}

static void members_are_found_by_both_headers(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 24);
    struct bytes text = test_file("tests/golden/packing/zips.txt", &arena), f[4];
    size_t count = 0;
    for (; golden_next(&text, f, 4); count++) {
        struct archive a;
        struct error err = {0};
        const struct bytes in = bytes_in(f[1]);
        if (!bytes_is(f[0], "prefixed"))
            assert_true(archive_begins(in));
        assert_true(archive_read(in, &limits_default, &arena, &a, &err));
        assert_int_equal(a.count, golden_number(f[2]));
        assert_int_equal(a.facts, golden_number(f[3]));
        for (size_t i = 0; i < a.count; i++) {
            assert_true(golden_next(&text, f, 4));
            check_member(&a, &a.members[i], f, &arena);
        }
        release(in);
    }
    assert_true(count > 18);
    arena_free(&arena);
}

/* Reads all that can be read, in whatever way. */
static void read_all(struct bytes in, const struct limits *limits)
{
    struct arena arena;
    struct archive a;
    struct error err = {0};
    arena_init(&arena, 1 << 20);
    if (!archive_read(in, limits, &arena, &a, &err)) {
        assert_int_not_equal(err.kind, ERR_NONE);
        a.count = 0;
    }
    for (size_t i = 0; i < a.count; i++) {
        struct unpacked u;
        struct error one = {0}, two = {0};
        (void)archive_open(&a, &a.members[i], &a.members[i].central, limits, &arena, &u, &one);
        (void)archive_open(&a, &a.members[i], &a.members[i].local, limits, &arena, &u, &two);
    }
    arena_free(&arena);
}

static void damaged_archives_do_no_harm(void **state)
{
    (void)state;
    struct arena arena;
    struct limits limits = limits_default;
    limits.inflated = 1 << 16;
    arena_init(&arena, 1 << 24);
    struct bytes text = test_file("tests/golden/packing/zips.txt", &arena), f[4];
    while (golden_next(&text, f, 4)) {
        if (f[1].len < 60)
            continue; /* a member's line */
        const struct bytes in = bytes_in(f[1]);
        for (size_t i = 0; i < in.len; i++) {
            uint8_t *copy = malloc(in.len);
            memcpy(copy, in.data, in.len);
            copy[i] ^= (uint8_t)(255 - i % 3 * 100);
            read_all(bytes_of(copy, in.len), &limits);
            copy = realloc(copy, i == 0 ? 1 : i);
            memcpy(copy, in.data, i);
            read_all(bytes_of(copy, i), &limits);
            free(copy);
        }
        release(in);
    }
    arena_free(&arena);
}

static void members_have_limits(void **state)
{
    (void)state;
    struct arena arena;
    struct archive a;
    struct unpacked u;
    struct error err = {0};
    struct limits limits = limits_default;
    arena_init(&arena, 1 << 24);
    struct bytes text = test_file("tests/golden/packing/zips.txt", &arena), f[4];
    while (golden_next(&text, f, 4) && !bytes_is(f[0], "two"))
        ;
    const struct bytes in = bytes_in(f[1]);
    limits.members = 1;
    assert_false(archive_read(in, &limits, &arena, &a, &err));
    assert_string_equal(err.limit, "members");
    err = (struct error){0};
    limits = limits_default;
    limits.inflated = 1000; /* one fits, twice the same does not */
    assert_true(archive_read(in, &limits, &arena, &a, &err));
    assert_true(archive_open(&a, &a.members[1], &a.members[1].central, &limits, &arena, &u, &err));
    assert_false(archive_open(&a, &a.members[1], &a.members[1].central, &limits, &arena, &u, &err));
    assert_string_equal(err.limit, "inflated");
    assert_int_equal(err.limit_value, 1000);
    assert_ptr_equal(archive_find(&a, bytes_text("a")), &a.members[0]);
    assert_null(archive_find(&a, bytes_text("b")));
    release(in);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_are_undone),          cmocka_unit_test(cut_streams_give_what_was_before),
        cmocka_unit_test(broken_streams_are_damage),   cmocka_unit_test(more_than_the_limit_is_refused),
        cmocka_unit_test(other_bytes_are_no_stream),   cmocka_unit_test(members_are_found_by_both_headers),
        cmocka_unit_test(damaged_archives_do_no_harm), cmocka_unit_test(members_have_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
