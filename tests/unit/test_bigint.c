#include "golden.h"

#include "bigint.h"

#include <math.h>

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

static bool take_sign(struct bytes *decimal)
{
    const bool negative = decimal->data[0] == '-';
    *decimal = bytes_of(decimal->data + negative, decimal->len - negative);
    return negative;
}

static void check_bytes(struct bytes got, struct bytes expect)
{
    assert_int_equal(got.len, expect.len);
    if (expect.len > 0)
        assert_memory_equal(got.data, expect.data, expect.len);
}

/* decimal, pickle.encode_long() as hexadecimal digits, float() as bits */
static void integers_are_what_python_says(void **state)
{
    (void)state;
    struct bytes text = test_file("tests/golden/number/integers.txt", &arena), fields[3];
    uint8_t room[512];
    while (golden_next(&text, fields, 3)) {
        struct error err = {0};
        struct bytes decimal = fields[0], got;
        const struct bytes expect = golden_bytes(fields[1], room);
        const bool negative = take_sign(&decimal);
        assert_true(bigint_of_decimal(decimal, negative, &arena, &got, &err));
        check_bytes(got, expect);
        assert_true(bigint_to_decimal(expect, decimal.len, &arena, &got, &err));
        check_bytes(got, fields[0]);
    }
}

static void a_limit_of_digits_is_kept_exactly(void **state)
{
    (void)state;
    struct bytes text = test_file("tests/golden/number/integers.txt", &arena), fields[3];
    uint8_t room[512];
    while (golden_next(&text, fields, 3)) {
        struct error err = {0};
        struct bytes decimal = fields[0], got;
        take_sign(&decimal);
        assert_false(bigint_to_decimal(golden_bytes(fields[1], room), decimal.len - 1, &arena, &got, &err));
        assert_int_equal(err.kind, ERR_LIMIT);
        assert_string_equal(err.limit, "digits");
        assert_int_equal(err.limit_value, decimal.len - 1);
    }
}

static void a_number_far_over_the_limit_is_refused_unread(void **state)
{
    (void)state;
    struct arena empty;
    struct error err = {0};
    struct bytes out;
    arena_init(&empty, 0);
    uint8_t *bytes = arena_alloc(&arena, 1, 32 << 20);
    assert_non_null(bytes);
    bytes[(32 << 20) - 1] = 1;
    assert_false(bigint_to_decimal(bytes_of(bytes, 32 << 20), 100000, &empty, &out, &err));
    assert_string_equal(err.limit, "digits");
    arena_free(&empty);
}

static void a_hundred_thousand_digits_come_back(void **state)
{
    (void)state;
    enum { N = 100000 };
    struct error err = {0};
    struct bytes number, back;
    uint8_t *digits = arena_alloc(&arena, 1, N);
    assert_non_null(digits);
    uint32_t seed = 1;
    for (size_t i = 0; i < N; i++) {
        seed = seed * 1664525 + 1013904223;
        digits[i] = (uint8_t)('0' + (i == 0) + (seed >> 16) % 9);
    }
    assert_true(bigint_of_decimal(bytes_of(digits, N), true, &arena, &number, &err));
    assert_true(bigint_to_decimal(number, N, &arena, &back, &err));
    assert_int_equal(back.data[0], '-');
    check_bytes(bytes_of(back.data + 1, back.len - 1), bytes_of(digits, N));
}

/* Expected bytes: pickle.encode_long(int(digits, base)) */
static void digits_of_other_bases_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *digits;
        unsigned base;
        bool negative;
        const char *expect;
    } rows[] = {
        {"0", 16, false, "-"},
        {"00000000000000000000000000000000000000", 2, true, "-"},
        {"ff", 16, false, "ff00"},
        {"80", 16, true, "80"},
        {"DeadBeefCafeBabe0123456789", 16, false, "8967452301bebafecaefbeadde00"},
        {"DeadBeefCafeBabe0123456789", 16, true, "7798badcfe4145013510415221ff"},
        {"777777777777777777777777777777777777777777", 8, false, "ffffffffffffffffffffffffffffff3f"},
        {"1234567012345670123456701234567", 8, true, "89c6fa88c6fa88c6fa88c6fa"},
        {"10000000000000000000000000000000000000000000000000000000000000000", 2, false, "000000000000000001"},
        {"1111111111111111111111111111111111111111111111111111111111111111111", 2, true,
         "0100000000000000f8"},
        {"123456789012345678901234567890", 10, false, "d20a3f4eeee073c3f60fe98e01"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct error err = {0};
        struct bytes got;
        uint8_t room[64];
        assert_true(
            bigint_of_digits(bytes_text(rows[i].digits), rows[i].base, rows[i].negative, &arena, &got, &err));
        check_bytes(got, golden_bytes(bytes_text(rows[i].expect), room));
    }
}

static void small_ones_fit_machine_integers(void **state)
{
    (void)state;
    static const struct {
        const char *bytes; /* int.to_bytes(..., "little", signed=True) as hexadecimal digits */
        bool is_int64;
        int64_t as_int64;
        bool is_uint64;
        uint64_t as_uint64;
    } rows[] = {
        {"-", true, 0, true, 0},
        {"00", true, 0, true, 0},
        {"0000000000000000000000000000", true, 0, true, 0},
        {"7f", true, 127, true, 127},
        {"80", true, -128, false, 0},
        {"8000", true, 128, true, 128},
        {"ffffffffffffffffffffffff", true, -1, false, 0},
        {"ffffffffffffff7f", true, INT64_MAX, true, INT64_MAX},
        {"ffffffffffffff7f0000", true, INT64_MAX, true, INT64_MAX},
        {"000000000000008000", false, 0, true, 1ULL << 63},
        {"ffffffffffffffff00", false, 0, true, UINT64_MAX},
        {"ffffffffffffffff000000", false, 0, true, UINT64_MAX},
        {"000000000000000001", false, 0, false, 0},
        {"0000000000000080", true, INT64_MIN, false, 0},
        {"0000000000000080ff", true, INT64_MIN, false, 0},
        {"ffffffffffffff7fff", false, 0, false, 0},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        uint8_t room[32];
        const struct bytes bytes = golden_bytes(bytes_text(rows[i].bytes), room);
        int64_t v = 0;
        uint64_t u = 0;
        assert_int_equal(bigint_to_int64(bytes, &v), rows[i].is_int64);
        assert_true(v == rows[i].as_int64);
        assert_int_equal(bigint_to_uint64(bytes, &u), rows[i].is_uint64);
        assert_true(u == rows[i].as_uint64);
    }
}

static void redundant_sign_bytes_are_trimmed(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *expect;
    } rows[] = {
        {"-", "-"},       {"00", "-"},      {"0000", "-"},      {"ff", "ff"},           {"ffff", "ff"},
        {"7f00", "7f"},   {"8000", "8000"}, {"80ff", "80"},     {"7fffff", "7fff"},     {"00ff", "00ff"},
        {"0080", "0080"}, {"ff00", "ff00"}, {"ff0000", "ff00"}, {"0001000000", "0001"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        uint8_t in[8], out[8];
        const struct bytes bytes = golden_bytes(bytes_text(rows[i].bytes), in);
        const struct bytes trimmed = bigint_trim(bytes);
        assert_ptr_equal(trimmed.data, bytes.data);
        check_bytes(trimmed, golden_bytes(bytes_text(rows[i].expect), out));
    }
}

static bool there_and_back(struct arena *small, void *arg, struct error *err)
{
    struct bytes number, back;
    const struct bytes *digits = arg;
    return bigint_of_decimal(*digits, false, small, &number, err) &&
           bigint_of_digits(*digits, 16, false, small, &back, err) &&
           bigint_to_decimal(number, digits->len, small, &back, err);
}

static void running_out_of_memory_is_said(void **state)
{
    (void)state;
    uint8_t digits[20000];
    memset(digits, '7', sizeof digits);
    struct bytes view = bytes_of(digits, sizeof digits);
    test_failing_arena(there_and_back, &view, 1000, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(integers_are_what_python_says, setup, teardown),
        cmocka_unit_test_setup_teardown(a_limit_of_digits_is_kept_exactly, setup, teardown),
        cmocka_unit_test_setup_teardown(a_number_far_over_the_limit_is_refused_unread, setup, teardown),
        cmocka_unit_test_setup_teardown(a_hundred_thousand_digits_come_back, setup, teardown),
        cmocka_unit_test_setup_teardown(digits_of_other_bases_are_read, setup, teardown),
        cmocka_unit_test(small_ones_fit_machine_integers),
        cmocka_unit_test(redundant_sign_bytes_are_trimmed),
        cmocka_unit_test(running_out_of_memory_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
