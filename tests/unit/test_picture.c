#include <math.h>

#include "picture.h"
#include "sample.h"
#include "support.h"

/* Levels: 1 + floor(t * 254 + 0.5), which NumPy computes in tests/clients/test_preview.py. */
static const struct {
    const char *name;
    struct picture_look look;
    double number;
    unsigned level;
} levels[] = {
    {"the lower end", {.min = 2, .max = 4}, 2, 1},
    {"the upper end", {.min = 2, .max = 4}, 4, 255},
    {"the middle", {.min = 2, .max = 4}, 3, 128},
    {"below", {.min = 2, .max = 4}, -1e300, 1},
    {"above", {.min = 2, .max = 4}, 1e300, 255},
    {"infinity", {.min = 2, .max = 4}, INFINITY, 255},
    {"minus infinity", {.min = 2, .max = 4}, -INFINITY, 1},
    {"NaN", {.min = 2, .max = 4}, NAN, 0},
    {"ends whose distance is no double", {.min = -1.7e308, .max = 1.7e308}, 0, 128},
    {"equal ends", {.min = 3, .max = 3}, 3, 255},
    {"below equal ends", {.min = 3, .max = 3}, 2, 1},
    {"a power between powers", {.log = true, .min = 1, .max = 100}, 10, 128},
    {"zero has no logarithm", {.log = true, .min = 1, .max = 100}, 0, 0},
    {"nor has what is below it", {.log = true, .min = 1, .max = 100}, -1, 0},
};

static void numbers_have_levels(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(levels); i++) {
        uint8_t level;
        picture_levels(&levels[i].look, &levels[i].number, 1, &level);
        if (level != levels[i].level)
            fail_msg("%s: %u", levels[i].name, level);
    }
}

static void ends_are_those_of_finite_numbers(void **state)
{
    (void)state;
    static const double numbers[] = {NAN, 5, -3, INFINITY, 0, 2, -INFINITY};
    struct picture_look look = {0}, logarithmic = {.log = true}, given = {.has_min = true, .min = -9};
    struct picture_look *const looks[] = {&look, &logarithmic, &given};
    for (size_t i = 0; i < ROWS(looks); i++) {
        struct picture_range r = picture_range_of(looks[i]);
        picture_range_add(&r, numbers, 3);
        picture_range_add(&r, numbers + 3, ROWS(numbers) - 3);
        picture_settle(looks[i], &r);
    }
    assert_true(look.min == -3 && look.max == 5);
    assert_true(logarithmic.min == 2 && logarithmic.max == 5);
    assert_true(given.min == -9 && given.max == 5);
    struct picture_look none = {0};
    const struct picture_range nothing = picture_range_of(&none);
    picture_settle(&none, &nothing);
    assert_true(none.min == 0 && none.max == 1);
}

static void curves_have_gaps(void **state)
{
    (void)state;
    static const double numbers[] = {0, 2, NAN, 1};
    static const char *const rows[] = {" x  ", " x x", "xx  "};
    const struct picture_look look = {.has_min = true, .has_max = true, .min = 0, .max = 2};
    struct arena arena;
    struct array plot;
    struct error err = {0};
    arena_init(&arena, 1 << 20);
    assert_true(picture_plot(&look, numbers, ROWS(numbers), ROWS(rows), &arena, &plot, &err));
    const double *at = (const double *)(const void *)plot.data;
    for (size_t y = 0; y < ROWS(rows); y++)
        for (size_t x = 0; x < ROWS(numbers); x++, at++)
            assert_true(rows[y][x] == 'x' ? *at == numbers[x] : isnan(*at));
    arena_free(&arena);
}

/* ---- samples ---- */

/* A source that counts what is read of it. */
struct counted {
    struct array_source source;
    uint64_t chunk[2], bytes, calls;
};

static bool counted_read(void *self, const struct box *box, uint8_t *window, size_t capacity,
                         struct error *err)
{
    struct counted *c = self;
    uint64_t touched = 1;
    (void)capacity, (void)err;
    for (unsigned i = 0; i < 2; i++) {
        const uint64_t last = box->start[i] + (box->count[i] - 1) * box->step[i];
        const uint64_t span = last / c->chunk[i] - box->start[i] / c->chunk[i] + 1;
        touched *= span < box->count[i] ? span : box->count[i];
    }
    c->calls++;
    c->bytes += touched * c->chunk[0] * c->chunk[1] * 8;
    memset(window, 0, box->count[0] * box->count[1] * 8);
    return true;
}

static const struct {
    const char *name;
    uint64_t shape[2], chunk[2], most[2];
    bool even;
} samples[] = {
    {"all of a small one", {5, 7}, {2, 3}, {9, 9}, true},
    {"one row of chunks", {10, 100000}, {10, 1000}, {512, 512}, true},
    {"as many pixels as elements", {512, 512}, {100, 100}, {512, 512}, true},
    {"more chunks than may be read", {100000, 100000}, {100, 100}, {512, 512}, false},
    {"one vast chunk", {1000, 1000}, {1000, 1000}, {10, 10}, true},
    {"chunks over the budget", {4000, 4000}, {2000, 2000}, {512, 512}, false},
    {"as long as can be", {1ULL << 61, 3}, {1 << 20, 1}, {512, 512}, false},
    {"a pixel", {1000, 1000}, {10, 10}, {1, 1}, true},
};

/* Ascending, inside, and evenly spaced where the budget allows it. */
static void check_axis(const char *name, const struct axis *axis, uint64_t length, bool even)
{
    if (even && axis->indices != NULL)
        fail_msg("%s: not even", name);
    for (uint64_t i = 0; axis->indices != NULL && i < axis->count; i++)
        if (axis->indices[i] >= length || (i > 0 && axis->indices[i] <= axis->indices[i - 1]))
            fail_msg("%s: %llu is out of place", name, (unsigned long long)axis->indices[i]);
    if (axis->indices == NULL && axis->start + (axis->count - 1) * (uint64_t)axis->step >= length)
        fail_msg("%s: beyond the end", name);
}

static void samples_read_little(void **state)
{
    (void)state;
    enum { BUDGET = 8 << 20 };
    for (size_t i = 0; i < ROWS(samples); i++) {
        const uint64_t *shape = samples[i].shape, *most = samples[i].most, *chunk = samples[i].chunk;
        const struct limits unlimited = {.elements = UINT64_MAX};
        struct counted c = {.source = {.self = &c, .read = counted_read}, .chunk = {chunk[0], chunk[1]}};
        const struct array a = array_of_source(dtype_make(DTYPE_FLOAT, 8), 2, shape, &c.source);
        struct arena arena;
        struct array few;
        const uint8_t *packed;
        struct error err = {0};
        arena_init(&arena, 64 << 20);
        assert_true(array_sample(&a, most, chunk, BUDGET, &unlimited, &arena, &few, &err));
        assert_true(array_pack(&few, &arena, &packed, &err));
        for (unsigned axis = 0; axis < 2; axis++)
            if (few.shape[axis] > most[axis] || few.shape[axis] == 0)
                fail_msg("%s: %llu", samples[i].name, (unsigned long long)few.shape[axis]);
        const uint64_t one = chunk[0] * chunk[1] * 8;
        if (c.bytes > (one > BUDGET ? one : BUDGET))
            fail_msg("%s: %llu bytes", samples[i].name, (unsigned long long)c.bytes);
        assert_true(c.calls <= 2 + c.bytes / one);
        for (unsigned axis = 0; axis < 2; axis++)
            check_axis(samples[i].name, &few.axes[axis], shape[axis], samples[i].even);
        arena_free(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_have_levels),
        cmocka_unit_test(ends_are_those_of_finite_numbers),
        cmocka_unit_test(curves_have_gaps),
        cmocka_unit_test(samples_read_little),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
