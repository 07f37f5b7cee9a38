#include "number.h"

#include "digits.h"
#include "number_round.h"
#include "number_table.h"

#include <stdlib.h>

/* Bigger exponents are not told apart: no text in memory is long enough to make up for this one. */
static const int64_t most_read = 1000000000000000;

enum {
    DIGITS = 19,                /* that 64 bits hold */
    MOST_EXPONENT = 308,        /* 1e309 is infinite */
    LEAST_EXPONENT = POWER_MIN, /* DIGITS digits times less round to 0 */
};

/* The parts of a number: all digits of whole and fraction, as one integer, times 10 ** exponent. */
struct parts {
    struct bytes whole, fraction;
    uint64_t value; /* of all digits, modulo 2 ** 64 */
    int64_t exponent;
    bool negative;
};

static inline struct bytes after(struct bytes text, size_t n)
{
    return bytes_of(text.data + n, text.len - n);
}

static inline bool is_digit(struct bytes text, size_t at)
{
    return at < text.len && text.data[at] >= '0' && text.data[at] <= '9';
}

static inline size_t sign_length(struct bytes text, size_t at)
{
    return at < text.len && (text.data[at] == '-' || text.data[at] == '+');
}

/* The length of (e|E)[-+]digits, if that is what stands at `at`, else 0; adds it to *exponent. */
static size_t read_exponent(struct bytes text, size_t at, int64_t *exponent)
{
    if (at == text.len || (text.data[at] | 0x20) != 'e')
        return 0;
    size_t digit = at + 1 + sign_length(text, at + 1);
    if (!is_digit(text, digit))
        return 0;
    const bool negative = text.data[at + 1] == '-';
    int64_t v = 0;
    for (; is_digit(text, digit); digit++)
        if (v < most_read)
            v = v * 10 + (text.data[digit] - '0');
    *exponent += negative ? -v : v;
    return digit - at;
}

/* What follows the whole digits, which end at `at`; parts has them. Bytes consumed; 0: no number. */
static inline size_t read_rest(struct bytes text, size_t at, struct parts *parts)
{
    parts->fraction = bytes_of(text.data + at, 0);
    if (at < text.len && text.data[at] == '.' && (parts->whole.len > 0 || is_digit(text, at + 1))) {
        parts->fraction.data = text.data + at + 1;
        parts->fraction.len = digits_read(after(text, at + 1), &parts->value);
        at += 1 + parts->fraction.len;
    }
    if (parts->whole.len + parts->fraction.len == 0)
        return 0;
    parts->exponent = -(int64_t)parts->fraction.len;
    return at + read_exponent(text, at, &parts->exponent);
}

static struct bytes without_zeros(struct bytes digits)
{
    while (digits.len > 0 && digits.data[0] == '0')
        digits = bytes_of(digits.data + 1, digits.len - 1);
    return digits;
}

static bool all_zeros(struct bytes digits)
{
    return without_zeros(digits).len == 0;
}

static struct bytes first_of(struct bytes digits, size_t most)
{
    return bytes_of(digits.data, digits.len < most ? digits.len : most);
}

/* digits * 10 ** exponent; when cut, more than that and less than with one digit more. */
struct decimal {
    uint64_t digits;
    int64_t exponent;
    bool cut;
};

/* The digits that count, up to DIGITS; where there are more, parts loses its leading zeros. */
static struct decimal cut_digits(struct parts *parts)
{
    if (parts->whole.len + parts->fraction.len <= DIGITS)
        return (struct decimal){parts->value, parts->exponent, false};
    parts->whole = without_zeros(parts->whole);
    if (parts->whole.len == 0)
        parts->fraction = without_zeros(parts->fraction);
    const size_t n = parts->whole.len + parts->fraction.len;
    if (n <= DIGITS)
        return (struct decimal){parts->value, parts->exponent, false};
    const struct bytes whole = first_of(parts->whole, DIGITS);
    const struct bytes fraction = first_of(parts->fraction, DIGITS - whole.len);
    struct decimal d = {.exponent = parts->exponent + (int64_t)(n - DIGITS)};
    digits_read(whole, &d.digits);
    digits_read(fraction, &d.digits);
    d.cut = !all_zeros(after(parts->whole, whole.len)) || !all_zeros(after(parts->fraction, fraction.len));
    return d;
}

/*
 * v * 2 ** exponent as a double, where it is a normal one and what stands behind its last bit is not all
 * zeros or all ones in the first 64 bits of v: then a few units more or less of v round to the same.
 */
static inline bool round_clearly(u128 v, int exponent, uint64_t *bits)
{
    enum { WORD = 64 };
    const uint64_t high = (uint64_t)(v >> WORD);
    const int drop = WORD - (DOUBLE_FRACTION_BITS + 1) - __builtin_clzll(high);
    const int unit = exponent + WORD + drop;
    const uint64_t half = 1ULL << (drop - 1), rest = high & (half - 1);
    if (unit <= DOUBLE_LEAST_UNIT || unit > 1022 - DOUBLE_FRACTION_BITS || rest == 0 || rest == half - 1)
        return false;
    *bits = ((uint64_t)(unit - DOUBLE_LEAST_UNIT) << DOUBLE_FRACTION_BITS) + ((high + half) >> drop);
    return true;
}

/*
 * The product with the table's power, 128 bits of it, and how far the truth may be below and above: when
 * both ends round to the same double, that is the answer. After Daniel Lemire, "Number parsing at a gigabyte
 * per second" (2021), which bounds the product more cleverly. False: *bits is the double below.
 */
static inline bool approximate(const struct decimal *d, uint64_t *bits)
{
    const int k = (int)d->exponent, shift = __builtin_clzll(d->digits);
    const struct power g = power_of_ten(k);
    const uint64_t n = d->digits << shift;
    const u128 v = (u128)g.high * n + (uint64_t)((u128)g.low * n >> 64);
    const int exponent = power_log2(k) - 127 + 64 - shift;
    if (k >= 0 && k <= POWER_EXACT && !d->cut) {
        *bits = round_to_double(v, exponent);
        return true;
    }
    if (!d->cut && round_clearly(v, exponent, bits))
        return true;
    /* The power is up to one unit too big, the cut digits up to one digit, and both products lost a part. */
    const u128 above = v + 1 + (d->cut ? ((u128)g.high + 1) << shift : 0);
    *bits = round_to_double(v - 1, exponent);
    return *bits == round_to_double(above, exponent);
}

/* Compares the digits with m * 2 ** exponent, exactly. Digits far behind can only say that there is more. */
static int compare(const struct parts *parts, uint64_t m, int exponent)
{
    /* The middle between two doubles has at most 767 digits; no number here has over 2800 bits. */
    enum { MOST_DIGITS = 800, LIMBS = 64 };
    uint64_t left_limbs[LIMBS], right_limbs[LIMBS] = {m};
    struct magnitude left = {.limbs = left_limbs}, right = {.limbs = right_limbs, .len = 1};
    const struct bytes whole = first_of(parts->whole, MOST_DIGITS);
    const struct bytes fraction = first_of(parts->fraction, MOST_DIGITS - whole.len);
    magnitude_append_decimal(&left, whole);
    magnitude_append_decimal(&left, fraction);
    const struct bytes whole_rest = after(parts->whole, whole.len);
    const struct bytes fraction_rest = after(parts->fraction, fraction.len);
    const int ten = (int)(parts->exponent + (int64_t)(whole_rest.len + fraction_rest.len)),
              two = exponent - ten;
    magnitude_multiply_five(ten > 0 ? &left : &right, (unsigned)abs(ten));
    magnitude_shift(two > 0 ? &right : &left, (unsigned)abs(two));
    const int order = magnitude_compare(&left, &right);
    return order != 0 ? order : !all_zeros(whole_rest) || !all_zeros(fraction_rest);
}

/* The double that is nearest when it is `below` or the one after. */
static uint64_t decide(const struct parts *parts, uint64_t below)
{
    const int field = (int)(below >> DOUBLE_FRACTION_BITS);
    const uint64_t hidden = 1ULL << DOUBLE_FRACTION_BITS, fraction = below & (hidden - 1);
    const uint64_t m = field == 0 ? fraction : fraction | hidden;
    const int unit = (field == 0 ? 1 : field) - 1 + DOUBLE_LEAST_UNIT;
    const int order = compare(parts, 2 * m + 1, unit - 1);
    return below + (order > 0 || (order == 0 && (below & 1) == 1));
}

static uint64_t bits_of(struct parts *parts)
{
    const struct decimal d = cut_digits(parts);
    uint64_t bits;
    if (d.digits == 0 || d.exponent < LEAST_EXPONENT)
        return 0;
    if (d.exponent > MOST_EXPONENT)
        return DOUBLE_INFINITE;
    return approximate(&d, &bits) ? bits : decide(parts, bits);
}

/*
 * Both factors are doubles, so one multiplication or division rounds once (William Clinger, 1990). It would
 * be right up to 2 ** 53, but the digits of a random double are above as often as below: nobody could predict
 * it.
 */
static inline bool read_small(const struct parts *parts, double *out)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    const int64_t most = ROWS(powers) - 1;
    if (parts->whole.len + parts->fraction.len > DIGITS || parts->value > UINT32_MAX ||
        parts->exponent > most || parts->exponent < -most)
        return false;
    const double v = (double)parts->value;
    *out = parts->exponent < 0 ? v / powers[-parts->exponent] : v * powers[parts->exponent];
    return true;
}

static inline double value_of(struct parts *parts)
{
    double v;
    if (!read_small(parts, &v)) {
        const uint64_t bits = bits_of(parts);
        memcpy(&v, &bits, sizeof v);
    }
    return parts->negative ? -v : v;
}

size_t number_read_fraction(struct bytes text, struct bytes whole, uint64_t value, double *out)
{
    struct parts parts = {.whole = whole, .value = value, .negative = text.data[0] == '-'};
    const size_t n = read_rest(text, (size_t)(whole.data - text.data) + whole.len, &parts);
    if (n > 0)
        *out = value_of(&parts);
    return n;
}

size_t number_read_double(struct bytes text, double *out)
{
    if (text.len == 0)
        return 0;
    uint64_t value = 0;
    const struct bytes digits = after(text, sign_length(text, 0));
    const struct bytes whole = first_of(digits, digits_read(digits, &value));
    return number_read_fraction(text, whole, value, out);
}

bool number_read_int(struct bytes text, int64_t *out)
{
    size_t at = sign_length(text, 0);
    const bool negative = at > 0 && text.data[0] == '-';
    const uint64_t most = (uint64_t)INT64_MAX + negative;
    if (at == text.len)
        return false;
    uint64_t v = 0;
    for (; is_digit(text, at); at++) {
        const uint64_t digit = text.data[at] - (uint64_t)'0';
        if (v > (most - digit) / 10)
            return false;
        v = v * 10 + digit;
    }
    if (at < text.len)
        return false;
    *out = (int64_t)(negative ? 0 - v : v);
    return true;
}
