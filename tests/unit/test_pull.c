#include "support.h"

#include <math.h>

#include "pull.h"

extern const struct codec json_codec;

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

/* A list of count numbers; a NaN at the place `at`, which JSON cannot hold. */
static struct encoder *encoder_of(int count, int at, struct crew *crew)
{
    struct codec_options *options = arena_alloc(&arena, 1, sizeof *options);
    struct value *list = value_new(&arena, VALUE_LIST);
    struct encoder *e;
    struct error err = {0};
    assert_non_null(options);
    assert_non_null(list);
    *options = codec_options_default;
    options->nan = NAN_ERROR;
    options->crew = crew;
    for (int i = 0; i < count; i++)
        assert_true(value_append(&arena, &list->list, value_float(&arena, i == at ? (double)INFINITY : i)));
    assert_true(encoder_new(&json_codec, list, options, &limits_default, &arena, &e, &err));
    return e;
}

/* Everything, in pieces. False: it failed on the way. */
static bool pull_all(struct pull *p, size_t piece, struct bytes *out, struct error *err)
{
    uint8_t *all = arena_alloc(&arena, 4, 1 << 20);
    size_t len = 0, got;
    assert_non_null(all);
    do {
        if (!pull_read(p, all + len, piece, &got, err))
            return false;
        len += got;
    } while (got > 0);
    *out = bytes_of(all, len);
    return true;
}

static void pieces_are_the_whole_whoever_encodes(void **state)
{
    (void)state;
    static const int counts[] = {0, 10, 20000, 200000};
    static const size_t pieces[] = {1000, 65536, 1 << 20};
    struct crew crew;
    crew_start(&crew, 2);
    for (size_t i = 0; i < ROWS(counts); i++)
        for (size_t j = 0; j < ROWS(pieces); j++) {
            struct pull alone, helped;
            struct bytes expect, out;
            struct error err = {0};
            assert_true(pull_start(&alone, encoder_of(counts[i], -1, NULL), NULL, &err));
            assert_true(pull_all(&alone, pieces[j], &expect, &err));
            assert_true(pull_start(&helped, encoder_of(counts[i], -1, &crew), &crew, &err));
            assert_true(pull_all(&helped, pieces[j], &out, &err));
            assert_true(expect.len > 0 && bytes_equal(expect, out));
            pull_deinit(&alone);
            pull_deinit(&helped);
            teardown(NULL);
            setup(NULL);
        }
    crew_stop(&crew);
}

static void what_fails_late_is_told_when_it_is_reached(void **state)
{
    (void)state;
    struct crew crew;
    struct pull p;
    struct bytes out;
    struct error err = {0};
    crew_start(&crew, 2);
    assert_false(pull_start(&p, encoder_of(100, 50, &crew), &crew, &err)); /* in the first queueful */
    assert_string_equal(err.pointer, "/50");
    pull_deinit(&p);
    err = (struct error){0};
    assert_true(pull_start(&p, encoder_of(200000, 190000, &crew), &crew, &err));
    assert_false(pull_all(&p, 4096, &out, &err));
    assert_string_equal(err.pointer, "/190000");
    pull_deinit(&p);
    crew_stop(&crew);
}

static void a_client_may_go_at_any_time(void **state)
{
    (void)state;
    struct crew crew;
    crew_start(&crew, 1);
    for (size_t reads = 0; reads < 20; reads++) {
        struct pull p;
        struct error err = {0};
        uint8_t piece[50000];
        size_t got;
        assert_true(pull_start(&p, encoder_of(100000, -1, &crew), &crew, &err));
        for (size_t i = 0; i < reads; i++)
            assert_true(pull_read(&p, piece, sizeof piece, &got, &err));
        pull_deinit(&p);
        teardown(NULL);
        setup(NULL);
    }
    crew_stop(&crew);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pieces_are_the_whole_whoever_encodes, setup, teardown),
        cmocka_unit_test_setup_teardown(what_fails_late_is_told_when_it_is_reached, setup, teardown),
        cmocka_unit_test_setup_teardown(a_client_may_go_at_any_time, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
