#include "golden.h"

#include "number.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static struct arena arena;

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, 16 << 20);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

/* Marsaglia's xorshift: the same numbers in every run. */
static uint64_t random_next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static double double_of(uint64_t bits)
{
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

static float float_of(uint32_t bits)
{
    float v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

static uint64_t bits_of(double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    return bits;
}

static void check_text(struct bytes expect, const char *text, size_t n)
{
    if (!bytes_equal(expect, bytes_of(text, n)))
        fail_msg("\"%.*s\", and not \"%.*s\"", (int)n, text, (int)expect.len, (const char *)expect.data);
}

static void doubles_are_spelled_as_python_does(void **state)
{
    (void)state;
    char out[NUMBER_MAX];
    struct bytes text = test_file("tests/golden/number/doubles.txt", &arena), fields[2];
    while (golden_next(&text, fields, 2))
        check_text(fields[1], out, number_write_double(double_of(golden_number(fields[0])), out));
}

static void check_together(const double *v, size_t count, bool blank)
{
    char together[16 * (NUMBER_MAX + 2)], alone[sizeof together];
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        n += (size_t)sprintf(alone + n, blank ? ", " : ",");
        n += number_write_double(v[i], alone + n);
    }
    check_text(bytes_of(alone, n), together, number_write_doubles(v, count, blank, together));
}

/* Those of the golden file lie at the edges of what is written the short way. */
static void doubles_are_spelled_beside_others_as_alone(void **state)
{
    (void)state;
    enum { MOST = 11 };
    double v[MOST] = {0};
    uint64_t seed = 88172645463325252;
    struct bytes text = test_file("tests/golden/number/doubles.txt", &arena), fields[2];
    for (size_t i = 0; golden_next(&text, fields, 2); i++) {
        v[i % MOST] = double_of(golden_number(fields[0]));
        check_together(v, i % (MOST + 1), i % 2 == 0);
        for (size_t k = 0; k < MOST; k++) {
            const double other = (double)(int64_t)random_next(&seed) * 0x1p-60;
            if (k != i % MOST)
                v[k] = other;
        }
        check_together(v, MOST, i % 2 == 0);
    }
}

static void floats_are_spelled_as_numpy_does(void **state)
{
    (void)state;
    char out[NUMBER_MAX];
    struct bytes text = test_file("tests/golden/number/floats.txt", &arena), fields[2];
    while (golden_next(&text, fields, 2))
        check_text(fields[1], out, number_write_float(float_of((uint32_t)golden_number(fields[0])), out));
}

static uint32_t crc32_update(uint32_t crc, const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        crc ^= (uint8_t)p[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320 : 0);
    }
    return crc;
}

static void every_half_is_spelled_as_numpy_does(void **state)
{
    (void)state;
    char out[NUMBER_MAX];
    struct bytes text = test_file("tests/golden/number/halves.txt", &arena), field;
    uint32_t crc = UINT32_MAX;
    for (uint32_t bits = 0; bits < 65536; bits++) {
        const size_t n = number_write_half((uint16_t)bits, out);
        out[n] = '\n';
        crc = crc32_update(crc, out, n + 1);
    }
    assert_true(golden_next(&text, &field, 1));
    assert_int_equal(~crc, golden_number(field));
}

static void decimals_are_read_as_python_does(void **state)
{
    (void)state;
    struct bytes text = test_file("tests/golden/number/decimals.txt", &arena), fields[2];
    while (golden_next(&text, fields, 2)) {
        double v;
        assert_int_equal(number_read_double(fields[0], &v), fields[0].len);
        if (bits_of(v) != golden_number(fields[1]))
            fail_msg("%.*s is %.17g, and not %.17g", (int)fields[0].len, (const char *)fields[0].data, v,
                     double_of(golden_number(fields[1])));
    }
}

static void any_double_reads_back_the_same(void **state)
{
    (void)state;
    uint64_t seed = 88172645463325252;
    for (int i = 0; i < 1000000; i++) {
        const uint64_t random = random_next(&seed),
                       bits = i % 2 == 0 ? random : bits_of((double)(random >> 11) * 0x1p-53);
        const double v = double_of(bits);
        char out[NUMBER_MAX];
        double back;
        if (!isfinite(v))
            continue;
        const size_t n = number_write_double(v, out);
        if (n > 24 || number_read_double(bytes_of(out, n), &back) != n || bits_of(back) != bits)
            fail_msg("%.17g is spelled \"%.*s\"", v, (int)n, out);
    }
}

static void any_float_reads_back_the_same(void **state)
{
    (void)state;
    uint64_t seed = 88172645463325252;
    for (int i = 0; i < 500000; i++) {
        const float v = float_of((uint32_t)random_next(&seed));
        char out[NUMBER_MAX];
        double back;
        if (!isfinite(v))
            continue;
        const size_t n = number_write_float(v, out);
        if (n > 24 || number_read_double(bytes_of(out, n), &back) != n || (float)back != v)
            fail_msg("%.9g is spelled \"%.*s\"", (double)v, (int)n, out);
    }
}

static void a_number_ends_where_its_grammar_does(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t used;
        double value;
    } rows[] = {
        {"", 0, 0},
        {"-", 0, 0},
        {"+", 0, 0},
        {".", 0, 0},
        {"-.", 0, 0},
        {".e5", 0, 0},
        {"e5", 0, 0},
        {" 1", 0, 0},
        {"inf", 0, 0},
        {"nan", 0, 0},
        {"--1", 0, 0},
        {"+-1", 0, 0},
        {"1 ", 1, 1},
        {"1,2", 1, 1},
        {"1.", 2, 1},
        {"1..2", 2, 1},
        {"1.e2", 4, 100},
        {".5", 2, 0.5},
        {"1e", 1, 1},
        {"1e+", 1, 1},
        {"1e-", 1, 1},
        {"1e5", 3, 1e5},
        {"1e+5x", 4, 1e5},
        {"1E-5", 4, 1e-5},
        {"1e5.5", 3, 1e5},
        {"0x10", 1, 0},
        {"1_000", 1, 1},
        {"12345678a", 8, 12345678},
        {"-7]", 2, -7},
        {"1.23456789:", 10, 1.23456789},
        {"0.12345678/", 10, 0.12345678},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        /* Without a terminator, so that reading on is seen by the sanitizer. */
        const size_t len = strlen(rows[i].text);
        char *copy = malloc(len + 1);
        assert_non_null(copy);
        memmove(copy + 1, rows[i].text, len);
        double v = 0;
        assert_int_equal(number_read_double(bytes_of(copy + 1, len), &v), rows[i].used);
        assert_true(v == rows[i].value);
        free(copy);
    }
}

static void a_million_digits_are_read_exactly(void **state)
{
    (void)state;
    enum { N = 1000000 };
    char *text = arena_alloc(&arena, 1, N + 64);
    assert_non_null(text);
    double v;
    memset(text, '3', N);
    text[1] = '.';
    assert_int_equal(number_read_double(bytes_of(text, N), &v), N);
    assert_true(v == 10.0 / 3);
    memset(text, '0', N);
    text[0] = '7';
    memcpy(text + N, "e-999999", 8);
    assert_int_equal(number_read_double(bytes_of(text, N + 8), &v), N + 8);
    assert_true(v == 7);
    text[0] = '0';
    text[1] = '.';
    memcpy(text + N, "25e999998", 9);
    assert_int_equal(number_read_double(bytes_of(text, N + 9), &v), N + 9);
    assert_true(v == 2.5e-1);
    /* The middle of 1 and the double above it, and a last digit that makes it more. */
    static const char middle[] = "1.00000000000000011102230246251565404236316680908203125";
    memset(text, '0', N);
    memcpy(text, middle, sizeof middle - 1);
    assert_int_equal(number_read_double(bytes_of(text, N), &v), N);
    assert_true(v == 1);
    text[N - 1] = '1';
    assert_int_equal(number_read_double(bytes_of(text, N), &v), N);
    assert_true(v == 1 + DBL_EPSILON);
}

static void check_int(int64_t v)
{
    char out[NUMBER_MAX], expect[NUMBER_MAX];
    const int n = snprintf(expect, sizeof expect, "%lld", (long long)v);
    check_text(bytes_of(expect, (size_t)n), out, number_write_int(v, out));
    int64_t back;
    assert_true(number_read_int(bytes_of(expect, (size_t)n), &back));
    assert_true(back == v);
    const int m = snprintf(expect, sizeof expect, "%llu", (unsigned long long)v);
    check_text(bytes_of(expect, (size_t)m), out, number_write_uint((uint64_t)v, out));
}

static void integers_are_spelled_as_libc_does(void **state)
{
    (void)state;
    uint64_t power = 1, seed = 88172645463325252;
    for (int i = 0; i < 20; i++, power *= 10)
        for (int64_t d = -2; d <= 2; d++) {
            check_int((int64_t)(power + (uint64_t)d));
            check_int((int64_t)(0 - power + (uint64_t)d));
        }
    for (int i = 0; i < 64; i++)
        for (uint64_t d = 0; d < 3; d++)
            check_int((int64_t)((1ULL << i) - 1 + d));
    for (int i = 0; i < 100000; i++)
        check_int((int64_t)(random_next(&seed) >> (i % 64)));
}

static void an_integer_is_the_whole_text_and_fits(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool fits;
        int64_t value;
    } rows[] = {
        {"0", true, 0},
        {"-0", true, 0},
        {"+17", true, 17},
        {"0000000000000000000000000000000000000000012", true, 12},
        {"9223372036854775807", true, INT64_MAX},
        {"-9223372036854775808", true, INT64_MIN},
        {"9223372036854775808", false, 0},
        {"-9223372036854775809", false, 0},
        {"92233720368547758070", false, 0},
        {"18446744073709551617", false, 0},
        {"", false, 0},
        {"-", false, 0},
        {"+", false, 0},
        {"1 ", false, 0},
        {" 1", false, 0},
        {"1.0", false, 0},
        {"1_0", false, 0},
        {"--1", false, 0},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        int64_t v = 0;
        assert_int_equal(number_read_int(bytes_text(rows[i].text), &v), rows[i].fits);
        assert_true(v == rows[i].value);
    }
}

static void doubles_become_halves_as_numpy_does(void **state)
{
    (void)state;
    struct bytes text = test_file("tests/golden/number/to_half.txt", &arena), fields[2];
    while (golden_next(&text, fields, 2))
        assert_int_equal(number_to_half(double_of(golden_number(fields[0]))), golden_number(fields[1]));
}

static void halves_round_to_the_nearest(void **state)
{
    (void)state;
    for (uint16_t bits = 0; bits < 0x7C00; bits++) {
        const double v = number_of_half(bits), above = bits == 0x7BFF ? 65536 : number_of_half(bits + 1);
        const double middle = (v + above) / 2;
        assert_int_equal(number_to_half(v), bits);
        assert_int_equal(number_to_half(-v), bits | 0x8000);
        assert_int_equal(number_to_half(middle), bits + (bits & 1));
        assert_int_equal(number_to_half(double_of(bits_of(middle) - 1)), bits);
        assert_int_equal(number_to_half(double_of(bits_of(middle) + 1)), bits + 1);
    }
    assert_true(isnan(number_of_half(0x7E00)) && isnan(number_of_half(number_to_half(NAN))));
    assert_true(isinf(number_of_half(0x7C00)) && number_of_half(0xFC00) < 0);
}

static void extended_becomes_double_as_numpy_does(void **state)
{
    (void)state;
    struct bytes text = test_file("tests/golden/number/extended.txt", &arena), fields[2];
    while (golden_next(&text, fields, 2)) {
        uint8_t bytes[10];
        assert_int_equal(golden_bytes(fields[0], bytes).len, sizeof bytes);
        const double v = number_of_extended(bytes);
        if (bytes_is(fields[1], "nan"))
            assert_true(isnan(v));
        else if (bits_of(v) != golden_number(fields[1]))
            fail_msg("%.*s is %.17g", (int)fields[0].len, (const char *)fields[0].data, v);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(doubles_are_spelled_as_python_does, setup, teardown),
        cmocka_unit_test_setup_teardown(doubles_are_spelled_beside_others_as_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(floats_are_spelled_as_numpy_does, setup, teardown),
        cmocka_unit_test_setup_teardown(every_half_is_spelled_as_numpy_does, setup, teardown),
        cmocka_unit_test_setup_teardown(decimals_are_read_as_python_does, setup, teardown),
        cmocka_unit_test(any_double_reads_back_the_same),
        cmocka_unit_test(any_float_reads_back_the_same),
        cmocka_unit_test(a_number_ends_where_its_grammar_does),
        cmocka_unit_test_setup_teardown(a_million_digits_are_read_exactly, setup, teardown),
        cmocka_unit_test(integers_are_spelled_as_libc_does),
        cmocka_unit_test(an_integer_is_the_whole_text_and_fits),
        cmocka_unit_test_setup_teardown(doubles_become_halves_as_numpy_does, setup, teardown),
        cmocka_unit_test(halves_round_to_the_nearest),
        cmocka_unit_test_setup_teardown(extended_becomes_double_as_numpy_does, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
