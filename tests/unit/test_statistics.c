#include "statistics.h"

#include <math.h>
#include <stdlib.h>

#include "support.h"
#include "value.h"

static struct bytes unhex(struct arena *arena, const char *text)
{
    const size_t n = strcmp(text, "-") == 0 ? 0 : strlen(text) / 2;
    uint8_t *out = arena_alloc(arena, 1, n);
    assert_non_null(out);
    for (size_t i = 0; i < n; i++) {
        const char pair[3] = {text[2 * i], text[2 * i + 1], '\0'};
        out[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return bytes_of(out, n);
}

/* The next part of a row, which is cut there. */
static char *cut(char **row, const char *at)
{
    char *start = *row;
    char *end = strstr(start, at);
    *row = end == NULL ? start + strlen(start) : end + strlen(at);
    if (end != NULL)
        *end = '\0';
    return start;
}

static bool near(double a, double b)
{
    return fabs(a - b) <= 1e-12 * fmax(fabs(a), fabs(b));
}

static bool is_number(const struct value *v, const char *expect)
{
    if (strcmp(expect, "none") == 0)
        return v->kind == VALUE_NONE;
    if (v->kind == VALUE_INT)
        return v->integer == strtoll(expect, NULL, 10);
    if (v->kind == VALUE_BIGINT) {
        uint64_t bits = 0;
        memcpy(&bits, v->text.data, v->text.len < sizeof bits ? v->text.len : sizeof bits);
        return bits == strtoull(expect, NULL, 10);
    }
    return v->kind == VALUE_FLOAT && near(v->real, strtod(expect, NULL));
}

/* mean and std */
static bool are_moments(const struct summary *s, char *expect)
{
    const char *mean = cut(&expect, " "), *imaginary = cut(&expect, " ");
    if (*expect == '\0')
        return is_number(s->mean, mean) && is_number(s->std, imaginary);
    if (s->mean->kind != VALUE_COMPLEX)
        return s->mean->kind == VALUE_NONE && is_number(s->mean, mean) && is_number(s->std, expect);
    return near(s->mean->complex[0], strtod(mean, NULL)) &&
           near(s->mean->complex[1], strtod(imaginary, NULL)) && is_number(s->std, expect);
}

/* The elements in runs of that many. */
static struct summary summary_of(const struct dtype *dtype, struct bytes elements, size_t run,
                                 struct arena *arena)
{
    struct statistics s;
    struct summary out;
    struct error err = {0};
    const size_t count = elements.len / dtype->itemsize;
    assert_true(statistics_init(&s, dtype, &err));
    for (size_t i = 0; i < count; i += run)
        statistics_add(&s, elements.data + i * dtype->itemsize, count - i < run ? count - i : run);
    assert_true(statistics_summary(&s, arena, &out, &err));
    return out;
}

static void check_row(const char *row, size_t run)
{
    struct arena arena;
    struct error err = {0};
    struct dtype dtype;
    arena_init(&arena, 1 << 22);
    char *text = (char *)(uintptr_t)arena_copy(&arena, bytes_of(row, strlen(row) + 1)).data;
    const char *type = cut(&text, " | ");
    const struct bytes elements = unhex(&arena, cut(&text, " | "));
    char *counts = cut(&text, " | "), *extremes = cut(&text, " | ");
    assert_true(dtype_parse(bytes_text(type), &dtype, &err));
    const struct summary s = summary_of(&dtype, elements, run, &arena);
    if (s.count != elements.len / dtype.itemsize || s.finite != strtoull(cut(&counts, " "), NULL, 10) ||
        s.nan != strtoull(cut(&counts, " "), NULL, 10) || s.infinite != strtoull(counts, NULL, 10))
        fail_msg("other counts, %zu at a time: %s", run, row);
    if (!is_number(s.min, cut(&extremes, " ")) || !is_number(s.max, cut(&extremes, " ")) ||
        !is_number(s.positive_min, cut(&extremes, " ")) || !is_number(s.strict_positive_min, extremes))
        fail_msg("other extremes, %zu at a time: %s", run, row);
    if (!are_moments(&s, text))
        fail_msg("other moments, %zu at a time: %s", run, row);
    arena_free(&arena);
}

static void numbers_come_to_what_exact_fractions_do(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 22);
    const struct bytes file = test_file("tests/golden/statistics/cases.txt", &arena);
    char *text = (char *)(uintptr_t)arena_copy(&arena, file).data;
    size_t rows = 0;
    for (char *save, *row = strtok_r(text, "\n", &save); row != NULL;
         row = strtok_r(NULL, "\n", &save), rows++) {
        check_row(row, 1000);
        check_row(row, 1);
        check_row(row, 3);
    }
    assert_in_range(rows, 150, 1000);
    arena_free(&arena);
}

/* 0, 1, 2 ... n - 1: their mean is (n - 1) / 2, their variance (n * n - 1) / 12. */
static void many_parts_are_as_exact_as_one(void **state)
{
    enum { COUNT = 100003 };
    static const struct {
        const char *type;
        double start;
    } rows[] = {{"<f8", 0}, {"<f8", 1e9},   {"<f8", -3e12}, {"<f4", 0},
                {"<i8", 0}, {"<i8", -4e18}, {"<u8", 1.8e19}};
    (void)state;
    for (size_t r = 0; r < ROWS(rows); r++) {
        struct arena arena;
        struct error err = {0};
        struct dtype dtype;
        arena_init(&arena, 4 << 20);
        assert_true(dtype_parse(bytes_text(rows[r].type), &dtype, &err));
        uint8_t *elements = arena_alloc(&arena, COUNT, dtype.itemsize);
        assert_non_null(elements);
        for (size_t i = 0; i < COUNT; i++) {
            const double real = rows[r].start + (double)i;
            const float single = (float)real;
            const uint64_t whole =
                (rows[r].start < 0 ? (uint64_t)(int64_t)rows[r].start : (uint64_t)rows[r].start) + i;
            const void *from = dtype.kind != DTYPE_FLOAT ? (const void *)&whole
                               : dtype.itemsize == 4     ? (const void *)&single
                                                         : (const void *)&real;
            memcpy(elements + i * dtype.itemsize, from, dtype.itemsize);
        }
        const struct summary s = summary_of(&dtype, bytes_of(elements, COUNT * dtype.itemsize), 777, &arena);
        assert_int_equal(s.finite, COUNT);
        assert_true(near(s.mean->real, rows[r].start + (COUNT - 1) / 2.0));
        assert_true(near(s.std->real, sqrt(((double)COUNT * COUNT - 1) / 12)));
        arena_free(&arena);
    }
}

static void what_is_no_number_is_refused(void **state)
{
    static const char *const types[] = {"S3", "<U4", "|V8", "O"};
    (void)state;
    for (size_t i = 0; i < ROWS(types); i++) {
        struct statistics s;
        struct dtype dtype;
        struct error err = {0};
        assert_true(dtype_parse(bytes_text(types[i]), &dtype, &err));
        assert_false(statistics_init(&s, &dtype, &err));
        assert_int_equal(err.kind, ERR_UNREPRESENTABLE);
    }
}

static bool summarize(struct arena *arena, void *arg, struct error *err)
{
    struct summary out;
    return statistics_summary(arg, arena, &out, err);
}

static void without_memory_it_fails_cleanly(void **state)
{
    (void)state;
    const struct dtype dtype = dtype_make(DTYPE_UINT, 8);
    const uint64_t elements[] = {UINT64_MAX, 1};
    struct statistics s;
    struct error err = {0};
    assert_true(statistics_init(&s, &dtype, &err));
    statistics_add(&s, (const uint8_t *)elements, ROWS(elements));
    test_failing_arena(summarize, &s, 8, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_come_to_what_exact_fractions_do),
        cmocka_unit_test(many_parts_are_as_exact_as_one),
        cmocka_unit_test(what_is_no_number_is_refused),
        cmocka_unit_test(without_memory_it_fails_cleanly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
