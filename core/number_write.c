#include "number.h"

#include "number_table.h"

#include <stdlib.h>

static const uint64_t powers[] = {1,
                                  10,
                                  100,
                                  1000,
                                  10000,
                                  100000,
                                  1000000,
                                  10000000,
                                  100000000,
                                  1000000000,
                                  10000000000,
                                  100000000000,
                                  1000000000000,
                                  10000000000000,
                                  100000000000000,
                                  1000000000000000,
                                  10000000000000000,
                                  100000000000000000};

enum { DIGITS = 17 }; /* that the shortest decimal of a double has at most */

static const char pairs[] = "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
                            "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
                            "8081828384858687888990919293949596979899";

static const uint64_t zeros = 0x3030303030303030; /* as ASCII */

/*
 * The eight digits of v, as bytes in the order of the text: halves, quarters and eighths at once. Where q is
 * the quotient of x by d, (x << n) - q * ((d << n) - 1) is the quotient and, n bits higher, the remainder.
 */
static inline uint64_t eight_digits(uint32_t v)
{
    const uint64_t halves = ((uint64_t)v << 32) - v / 10000 * ((10000ULL << 32) - 1);
    const uint64_t hundreds = (halves * 10486 >> 20) & 0x0000007F0000007F;
    const uint64_t quarters = (halves << 16) - hundreds * ((100 << 16) - 1);
    const uint64_t tens = (quarters * 103 >> 10) & 0x000F000F000F000F;
    return (quarters << 8) - tens * ((10 << 8) - 1);
}

static inline void store(char *out, uint64_t bytes)
{
    memcpy(out, &bytes, sizeof bytes);
}

/* Below 10 ** 8, without leading zeros. Stores eight bytes. */
static inline size_t write_short(uint32_t v, char *out)
{
    if (v < 100) {
        const unsigned blank = v < 10;
        uint16_t pair;
        memcpy(&pair, &pairs[2 * (size_t)v], sizeof pair);
        store(out, pair >> 8 * blank);
        return 2 - blank;
    }
    const uint64_t digits = eight_digits(v);
    const unsigned blank = (unsigned)__builtin_ctzll(digits) / 8;
    store(out, (digits | zeros) >> 8 * blank);
    return 8 - blank;
}

size_t number_write_uint(uint64_t v, char *out)
{
    if (v < powers[8])
        return write_short((uint32_t)v, out);
    size_t n;
    if (v < powers[16]) {
        n = write_short((uint32_t)(v / powers[8]), out);
    } else {
        n = write_short((uint32_t)(v / powers[16]), out) + 8;
        store(out + n - 8, eight_digits((uint32_t)(v / powers[8] % powers[8])) | zeros);
    }
    store(out + n, eight_digits((uint32_t)(v % powers[8])) | zeros);
    return n + 8;
}

size_t number_write_int(int64_t v, char *out)
{
    *out = '-';
    return v < 0 ? 1 + number_write_uint(0 - (uint64_t)v, out + 1) : number_write_uint((uint64_t)v, out);
}

void number_write_hex(uint64_t v, char out[16])
{
    for (unsigned i = 0; i < 16; i++)
        out[i] = "0123456789abcdef"[v >> (60 - 4 * i) & 15];
}

/* digits * 10 ** exponent */
struct decimal {
    uint64_t digits;
    int exponent;
};

/* floor(g * c / 2 ** 128), whose last bit also says whether anything is cut off. */
static inline uint64_t scaled(struct power g, uint64_t c)
{
    const u128 low = (u128)g.low * c;
    const u128 high = (u128)g.high * c + (uint64_t)(low >> 64);
    return (uint64_t)(high >> 64) | ((uint64_t)high > 1);
}

/*
 * The shortest decimal between the neighbours' midpoints around c * 2 ** q, the closest one of that length:
 * Schubfach (Raffaello Giulietti, "The Schubfach way to render doubles", 2022, section 9). All is measured
 * in quarters of 10 ** k, where 10 ** k is the largest power of ten that is not wider than the interval.
 * near: the neighbour below is at half the distance.
 */
static inline struct decimal shortest(uint64_t c, int q, bool near)
{
    const int k = (q * 1262611 - (near ? 524031 : 0)) >> 22; /* floor(log10 of the interval's width) */
    const int shift = q + power_log2(-k) + 1;
    const struct power g = power_of_ten(-k);
    const uint64_t odd = c & 1; /* to even: only then do the midpoints themselves round to c */
    const uint64_t low = scaled(g, (4 * c - 2 + near) << shift) + odd;
    const uint64_t value = scaled(g, 4 * c << shift);
    const uint64_t high = scaled(g, (4 * c + 2) << shift) - odd;

    /* The nearest fits, unless it is below and the interval is short there. Branches would be coin tosses. */
    const uint64_t s = value / 4, tens = value / 40;
    const bool nearest_above = (value & 3) + (s & 1) > 2, s_fits = low <= 4 * s;
    const uint64_t long_digits = s + (nearest_above | !s_fits);
    const bool tens_fit = low <= 40 * tens, next_tens_fit = 40 * tens + 40 <= high;
    const uint64_t short_mask = 0 - (uint64_t)((tens_fit | next_tens_fit) & (tens > 0));
    const uint64_t short_digits = 10 * (tens + next_tens_fit);
    return (struct decimal){long_digits ^ ((long_digits ^ short_digits) & short_mask), k};
}

/*
 * Doubles that are written together. Each step of one waits for the step before, so a processor has little
 * to do but for the same steps of others beside it: all lanes take a step, then the next.
 */
enum { LANES = 4 };
#define EACH_LANE _Pragma("GCC unroll 4") for (unsigned i = 0; i < lanes; i++)

/*
 * The same for most doubles, at a third of the cost: one product, as units of 10 ** k, and the interval's
 * half beside it, in steps of 2 ** -60. A multiple of ten is taken when it lies inside, else the nearest
 * unit. What comes so close to one of these bounds that the product's cut tail might decide is left to
 * shortest(), and so are doubles that are not normal, powers of two, whose neighbours are not equally far,
 * and what does not have 16 or 17 digits. False: one of them is there.
 */
static inline bool shortest_mostly(const uint64_t *bits, unsigned lanes, struct decimal *out)
{
    enum { STEP_BITS = 60, UNSURE = 4, UNSURE_SPAN = 2 * UNSURE };
    const uint64_t hidden = 1ULL << 52;
    uint64_t units[LANES], part[LANES], tens[LANES], above[LANES], below[LANES], half[LANES];
    bool sure = true;
    EACH_LANE
    {
        const uint64_t fraction = bits[i] & (hidden - 1);
        const unsigned exponent = (unsigned)(bits[i] >> 52) & 0x7FF;
        const int q = (int)exponent - 1023 - 52, k = (q * 1262611) >> 22, shift = q + power_log2(-k) + 1;
        const struct power g = power_of_ten(-k);
        const uint64_t c = (fraction | hidden) << shift;
        const u128 v = (u128)g.high * c + (uint64_t)((u128)g.low * c >> 64);
        units[i] = (uint64_t)(v >> 64);
        part[i] = (uint64_t)v;
        half[i] = g.high >> (64 - STEP_BITS + 1 - shift);
        out[i].exponent = k;
        sure &= exponent - 1 < 0x7FE && fraction != 0;
    }
    EACH_LANE tens[i] = units[i] / 10;
    EACH_LANE
    {
        above[i] = (units[i] - 10 * tens[i]) << STEP_BITS | part[i] >> (64 - STEP_BITS);
        below[i] = (10ULL << STEP_BITS) - above[i];
        sure &= above[i] - half[i] + UNSURE > UNSURE_SPAN && below[i] - half[i] + UNSURE > UNSURE_SPAN &&
                part[i] - (1ULL << 63) + UNSURE > UNSURE_SPAN;
    }
    EACH_LANE
    {
        const bool tens_fit = above[i]<half[i], next_tens_fit = below[i]<half[i], up = part[i]>> 63;
        const uint64_t long_digits = units[i] + up, short_digits = 10 * (tens[i] + next_tens_fit);
        const uint64_t short_mask =
            0 - (uint64_t)(tens_fit | next_tens_fit); /* a branch would be a coin toss */
        out[i].digits = long_digits ^ ((long_digits ^ short_digits) & short_mask);
        sure &= out[i].digits - powers[DIGITS - 2] < powers[DIGITS] - powers[DIGITS - 2];
    }
    return sure;
}

/* The same number with exactly DIGITS digits: of a double they are nearly always one less, or as many. */
static inline struct decimal align_mostly(struct decimal d)
{
    const bool all = d.digits >= powers[DIGITS - 1];
    return (struct decimal){d.digits * (10 - 9 * (uint64_t)all), d.exponent - !all};
}

static inline struct decimal align(struct decimal d)
{
    if (d.digits >= powers[DIGITS - 2] && d.digits < powers[DIGITS])
        return align_mostly(d);
    if (d.digits == powers[DIGITS])
        return (struct decimal){powers[DIGITS - 1], d.exponent + 1};
    const int about = (64 - __builtin_clzll(d.digits)) * 1233 >> 12; /* bits times log10(2) */
    const int missing = DIGITS - about - (d.digits >= powers[about]);
    return (struct decimal){d.digits * powers[missing], d.exponent - missing};
}

/* "e-07", "e+16", "e-324". Stores eight bytes; without branches, as nobody can predict them. */
static inline size_t write_exponent(int exponent, char *out)
{
    const unsigned size = (unsigned)abs(exponent), hundreds = size / 100, three = size >= 100;
    const unsigned negative = exponent < 0;
    uint16_t pair;
    memcpy(&pair, &pairs[2 * (size_t)(size - 100 * hundreds)], sizeof pair);
    const uint32_t digits = (uint32_t)pair << 8 * three | ('0' + hundreds) * three;
    store(out, (uint64_t)digits << 16 | ('+' + ('-' - '+') * negative) << 8 | 'e');
    return 4 + three;
}

/* Seventeen digits as text; count of them up to the last that is not 0. */
struct digits {
    u128 rest; /* all after the first, in the order of the text */
    char first;
    unsigned count;
};

static inline void digits_of(const struct decimal *aligned, unsigned lanes, struct digits *out)
{
    uint32_t first[LANES], middle[LANES], last[LANES];
    EACH_LANE
    {
        const uint64_t seventeen = aligned[i].digits;
        const uint32_t nine = (uint32_t)(seventeen / powers[8]);
        last[i] = (uint32_t)(seventeen - nine * powers[8]);
        first[i] = nine / (uint32_t)powers[8];
        middle[i] = nine - first[i] * (uint32_t)powers[8];
    }
    EACH_LANE
    {
        const uint64_t high = eight_digits(middle[i]), low = eight_digits(last[i]);
        const unsigned zeros_after = low != 0    ? (unsigned)__builtin_clzll(low)
                                     : high != 0 ? 64 + (unsigned)__builtin_clzll(high)
                                                 : 128;
        out[i].rest = (u128)(low | zeros) << 64 | (high | zeros);
        out[i].first = (char)('0' + first[i]);
        out[i].count = 17 - zeros_after / 8;
    }
}

/* The first digit, a point after `point` digits, 1 to 16, and at least one digit behind it. */
static inline size_t write_around_point(struct digits d, unsigned point, char *out)
{
    const u128 fraction = d.rest >> 8 * (point - 1);
    out[0] = d.first;
    memcpy(out + 1, &d.rest, sizeof d.rest);
    out[point] = '.';
    memcpy(out + point + 1, &fraction, sizeof fraction);
    return d.count > point ? d.count + 1 : point + 2;
}

/* "0.", zeros, all digits. */
static inline size_t write_after_point(struct digits d, unsigned blank, char *out)
{
    store(out, zeros);
    out[1] = '.';
    out[2 + blank] = d.first;
    memcpy(out + 3 + blank, &d.rest, sizeof d.rest);
    return 2 + blank + d.count;
}

/* As Python's repr: with an exponent where that is below -4 or over 15. point: digits before the point. */
static inline size_t write_digits(struct digits digits, int point, char *out)
{
    if (point > 0 && point <= 16)
        return write_around_point(digits, (unsigned)point, out);
    if (point <= 0 && point > -4)
        return write_after_point(digits, (unsigned)-point, out);
    const size_t n = digits.count == 1 ? 1 : digits.count + 1;
    out[0] = digits.first;
    out[1] = '.';
    memcpy(out + 2, &digits.rest, sizeof digits.rest);
    return n + write_exponent(point - 1, out + n);
}

static size_t write_decimal(struct decimal d, char *out)
{
    const struct decimal aligned = align(d);
    struct digits digits;
    digits_of(&aligned, 1, &digits);
    return write_digits(digits, DIGITS + aligned.exponent, out);
}

/* A binary floating-point format: IEEE 754 section 3.4. */
struct layout {
    int fraction_bits, exponent_bits;
};

static inline size_t write_bits(uint64_t bits, struct layout layout, char *out)
{
    const uint64_t hidden = 1ULL << layout.fraction_bits, fraction = bits & (hidden - 1);
    const int most = (1 << layout.exponent_bits) - 1, exponent = (int)(bits >> layout.fraction_bits) & most;
    const bool negative = bits >> (layout.fraction_bits + layout.exponent_bits) & 1;
    if (exponent == most && fraction != 0) {
        memcpy(out, "nan", 3);
        return 3;
    }
    *out = '-';
    out += negative;
    if (exponent == most) {
        memcpy(out, "inf", 3);
        return 3 + negative;
    }
    const uint64_t c = exponent == 0 ? fraction : fraction | hidden;
    const int q = (exponent == 0 ? 1 : exponent) - (most >> 1) - layout.fraction_bits;
    if (c == 0) {
        memcpy(out, "0.0", 3);
        return 3 + negative;
    }
    /* An integer no coarser than 1 is its own shortest decimal. */
    if (q <= 0 && -q <= layout.fraction_bits && (c & ((1ULL << -q) - 1)) == 0) {
        const size_t n = number_write_uint(c >> -q, out);
        memcpy(out + n, ".0", 2);
        return n + 2 + negative;
    }
    return negative + write_decimal(shortest(c, q, fraction == 0 && exponent > 1), out);
}

size_t number_write_double(double v, char *out)
{
    uint64_t bits;
    struct decimal d;
    memcpy(&bits, &v, sizeof bits);
    if (!shortest_mostly(&bits, 1, &d))
        return write_bits(bits, (struct layout){52, 11}, out);
    *out = '-';
    return (bits >> 63) + write_decimal(d, out + (bits >> 63));
}

static inline size_t write_comma(bool blank, char *out)
{
    memcpy(out, ", ", 2);
    return 1 + blank;
}

static size_t write_alone(double v, bool blank, char *out)
{
    const size_t n = write_comma(blank, out);
    return n + number_write_double(v, out + n);
}

static size_t write_together(const double v[LANES], bool blank, char *out)
{
    const unsigned lanes = LANES;
    uint64_t bits[LANES];
    struct decimal d[LANES];
    struct digits digits[LANES];
    char *p = out;
    memcpy(bits, v, sizeof bits);
    if (!shortest_mostly(bits, lanes, d)) {
        EACH_LANE p += write_alone(v[i], blank, p);
        return (size_t)(p - out);
    }
    EACH_LANE d[i] = align_mostly(d[i]);
    digits_of(d, lanes, digits);
    EACH_LANE
    {
        p += write_comma(blank, p);
        *p = '-';
        p += bits[i] >> 63;
        p += write_digits(digits[i], DIGITS + d[i].exponent, p);
    }
    return (size_t)(p - out);
}

size_t number_write_doubles(const double *v, size_t count, bool blank, char *out)
{
    char *p = out;
    size_t i = 0;
    for (; count - i >= LANES; i += LANES)
        p += write_together(v + i, blank, p);
    for (; i < count; i++)
        p += write_alone(v[i], blank, p);
    return (size_t)(p - out);
}

size_t number_write_float(float v, char *out)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    return write_bits(bits, (struct layout){23, 8}, out);
}

size_t number_write_half(uint16_t bits, char *out)
{
    return write_bits(bits, (struct layout){10, 5}, out);
}
