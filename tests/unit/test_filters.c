#include "filters.h"

#include <glob.h>
#include <stdlib.h>

#include "reader.h"
#include "support.h"

enum { PIPELINE_MOST = 4, CASES_MOST = 32, MUTATIONS = 2000 };

static struct arena arena;

/* What tests/golden/filters/make.py wrote. */
struct chunk_case {
    const char *name;
    struct filter_use uses[PIPELINE_MOST];
    size_t count;
    struct bytes stored, chunk;
};

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

static uint32_t number(struct reader *r)
{
    struct error err = {0};
    uint32_t v = 0;
    assert_true(reader_u32_le(r, &v, &err));
    return v;
}

static struct chunk_case load(const char *path)
{
    struct chunk_case c = {.name = path};
    struct error err = {0};
    struct reader r = reader_make(test_file(path, &arena));
    c.count = number(&r);
    assert_true(c.count <= PIPELINE_MOST);
    for (size_t i = 0; i < c.count; i++) {
        const uint32_t id = number(&r), count = number(&r);
        unsigned *values = arena_alloc(&arena, count, sizeof *values);
        for (uint32_t v = 0; v < count; v++)
            values[v] = number(&r);
        c.uses[i] = (struct filter_use){id, values, count};
    }
    assert_true(reader_take(&r, number(&r), &c.stored, &err));
    assert_true(reader_take(&r, reader_left(&r), &c.chunk, &err));
    return c;
}

static size_t load_all(struct chunk_case *cases)
{
    glob_t found;
    assert_int_equal(glob("tests/golden/filters/*.chunk", 0, NULL, &found), 0);
    assert_true(found.gl_pathc > 0 && found.gl_pathc <= CASES_MOST);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        const struct bytes name = arena_copy(&arena, bytes_text(found.gl_pathv[i]));
        cases[i] = load((const char *)name.data);
    }
    const size_t count = found.gl_pathc;
    globfree(&found);
    return count;
}

/* From memory and into memory of exactly the sizes that are told, so that a byte too many is found. */
static bool undo(const struct chunk_case *c, struct bytes stored, size_t size, uint8_t **out)
{
    struct filter_room room = {0};
    struct error err = {0};
    uint8_t *in = malloc(stored.len + (stored.len == 0));
    *out = malloc(size + (size == 0));
    assert_true(in != NULL && *out != NULL);
    memset(*out, 0, size);
    if (stored.len > 0)
        memcpy(in, stored.data, stored.len);
    const bool ok = filters_undo(c->uses, c->count, 0, bytes_of(in, stored.len), *out, size, &room, &err);
    assert_true(ok || err.kind == ERR_SYNTAX);
    filter_room_deinit(&room);
    free(in);
    return ok;
}

static void what_encoders_wrote_is_undone(void **state)
{
    struct chunk_case cases[CASES_MOST];
    const size_t count = load_all(cases);
    (void)state;
    for (size_t i = 0; i < count; i++) {
        uint8_t *out;
        assert_true(filters_known(cases[i].uses, cases[i].count));
        if (!undo(&cases[i], cases[i].stored, cases[i].chunk.len, &out))
            fail_msg("%s", cases[i].name);
        assert_memory_equal(out, cases[i].chunk.data, cases[i].chunk.len);
        free(out);
    }
}

static void a_chunk_of_another_size_is_refused(void **state)
{
    struct chunk_case cases[CASES_MOST];
    const size_t count = load_all(cases);
    (void)state;
    for (size_t i = 0; i < count; i++) {
        const size_t sizes[] = {0, 1, cases[i].chunk.len - 1, cases[i].chunk.len + 1, cases[i].chunk.len * 2};
        for (size_t n = 0; n < ROWS(sizes); n++) {
            uint8_t *out;
            assert_false(undo(&cases[i], cases[i].stored, sizes[n], &out));
            free(out);
        }
    }
}

static void chunks_that_are_cut_short_are_refused(void **state)
{
    struct chunk_case cases[CASES_MOST];
    const size_t count = load_all(cases);
    (void)state;
    for (size_t i = 0; i < count; i++)
        for (size_t n = 0; n < cases[i].stored.len; n++) {
            uint8_t *out;
            /* szip pads: its last byte may be missed by nobody */
            if (undo(&cases[i], bytes_of(cases[i].stored.data, n), cases[i].chunk.len, &out))
                assert_memory_equal(out, cases[i].chunk.data, cases[i].chunk.len);
            free(out);
        }
}

/* Whatever comes out, nothing is read or written beyond what is there. */
static void mutations_do_no_harm(void **state)
{
    struct chunk_case cases[CASES_MOST];
    const size_t count = load_all(cases);
    uint32_t random = 12345;
    (void)state;
    for (size_t i = 0; i < count; i++)
        for (size_t n = 0; n < MUTATIONS; n++) {
            struct bytes stored = arena_copy(&arena, cases[i].stored);
            uint8_t *bytes = (uint8_t *)(uintptr_t)stored.data, *out;
            for (size_t m = 0; m <= n % 4; m++) {
                random = random * 1664525 + 1013904223;
                /* half of them in the headers */
                const size_t range = n % 2 == 0 || stored.len < 32 ? stored.len : 32;
                bytes[(random >> 8) % range] = (uint8_t)(random >> 24);
            }
            undo(&cases[i], stored, cases[i].chunk.len, &out);
            free(out);
        }
}

static void values_that_lie_do_no_harm(void **state)
{
    static const unsigned lies[] = {0, 1, 3, 7, 255, 0x7fffffff, 0x80000000, 0xffffffff};
    struct chunk_case cases[CASES_MOST];
    const size_t count = load_all(cases);
    (void)state;
    for (size_t i = 0; i < count; i++)
        for (size_t u = 0; u < cases[i].count; u++)
            for (size_t v = 0; v < cases[i].uses[u].count; v++)
                for (size_t l = 0; l < ROWS(lies); l++) {
                    struct chunk_case c = cases[i];
                    unsigned values[64];
                    uint8_t *out;
                    assert_true(c.uses[u].count <= ROWS(values));
                    memcpy(values, c.uses[u].values, c.uses[u].count * sizeof *values);
                    values[v] = lies[l];
                    c.uses[u].values = values;
                    undo(&c, c.stored, c.chunk.len, &out);
                    c.uses[u].count = v; /* and values that are missing */
                    free(out);
                    undo(&c, c.stored, c.chunk.len, &out);
                    free(out);
                }
}

static void elements_of_any_size_are_put_together(void **state)
{
    const struct filter *shuffle = filter_find(2);
    (void)state;
    for (unsigned size = 1; size <= 20; size++)
        for (size_t len = 0; len < 200; len++) {
            const struct filter_use use = {2, &size, 1};
            uint8_t *in = malloc(len + 1), *out = malloc(len + 1);
            size_t made;
            const size_t n = len / size;
            for (size_t i = 0; i < len; i++)
                in[i] = (uint8_t)(i * 7 + 1);
            assert_true(shuffle->undo(&use, bytes_of(in, len), out, len, &made));
            assert_int_equal(made, len);
            for (size_t i = 0; i < len; i++) {
                const size_t from = i < n * size ? i % size * n + i / size : i;
                assert_int_equal(out[i], in[from]);
            }
            free(in);
            free(out);
        }
}

static void a_filter_that_was_not_applied_is_not_undone(void **state)
{
    const unsigned size = 4;
    const struct filter_use uses[] = {{2, &size, 1}, {1, NULL, 0}};
    const uint8_t stored[] = {1, 2, 3, 4, 5, 6, 7, 8};
    const uint8_t together[] = {1, 3, 5, 7, 2, 4, 6, 8};
    struct filter_room room = {0};
    struct error err = {0};
    uint8_t out[8];
    (void)state;
    assert_true(filters_undo(uses, 2, 2, bytes_of(stored, 8), out, 8, &room, &err));
    assert_memory_equal(out, together, 8);
    assert_true(filters_undo(uses, 2, 3, bytes_of(stored, 8), out, 8, &room, &err));
    assert_memory_equal(out, stored, 8);
    assert_false(filters_undo(uses, 2, 0, bytes_of(stored, 8), out, 8, &room, &err));
    filter_room_deinit(&room);
}

static void filters_that_nobody_knows_are_not_known(void **state)
{
    const struct filter_use uses[] = {{1, NULL, 0}, {32013, NULL, 0}};
    (void)state;
    assert_true(filters_known(uses, 1));
    assert_false(filters_known(uses, 2));
    assert_null(filter_find(0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_encoders_wrote_is_undone, setup, teardown),
        cmocka_unit_test_setup_teardown(a_chunk_of_another_size_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(chunks_that_are_cut_short_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(mutations_do_no_harm, setup, teardown),
        cmocka_unit_test_setup_teardown(values_that_lie_do_no_harm, setup, teardown),
        cmocka_unit_test(elements_of_any_size_are_put_together),
        cmocka_unit_test(a_filter_that_was_not_applied_is_not_undone),
        cmocka_unit_test(filters_that_nobody_knows_are_not_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
