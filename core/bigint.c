#include "bigint.h"

#include "magnitude.h"

static bool is_negative(struct bytes n)
{
    return n.len > 0 && (n.data[n.len - 1] & 0x80) != 0;
}

struct bytes bigint_trim(struct bytes twos_complement)
{
    struct bytes n = twos_complement;
    const uint8_t sign = is_negative(n) ? 0xFF : 0;
    while (n.len > 1 && n.data[n.len - 1] == sign && ((n.data[n.len - 2] ^ sign) & 0x80) == 0)
        n.len--;
    return n.len == 1 && n.data[0] == 0 ? bytes_of(n.data, 0) : n;
}

static void negate(uint64_t *limbs, size_t len)
{
    bool carry = true;
    for (size_t i = 0; i < len; i++) {
        limbs[i] = ~limbs[i] + carry;
        carry = carry && limbs[i] == 0;
    }
}

/* The limbs in memory are the bytes of the number. There is a zero limb behind m for the sign. */
static struct bytes twos_complement_of(const struct magnitude *m, bool negative)
{
    if (negative)
        negate(m->limbs, m->len + 1);
    return bigint_trim(bytes_of(m->limbs, (m->len + 1) * sizeof *m->limbs));
}

static size_t limbs_for(struct bytes n)
{
    return (n.len + sizeof(uint64_t) - 1) / sizeof(uint64_t);
}

/* limbs has room for limbs_for(n). */
static struct magnitude magnitude_of(struct bytes n, uint64_t *limbs)
{
    struct magnitude m = {.limbs = limbs, .len = limbs_for(n)};
    if (m.len == 0)
        return m;
    limbs[m.len - 1] = is_negative(n) ? UINT64_MAX : 0;
    memcpy(limbs, n.data, n.len);
    if (is_negative(n))
        negate(limbs, m.len);
    while (m.len > 0 && limbs[m.len - 1] == 0)
        m.len--;
    return m;
}

/* Zeroed room for a number of this many digits, `piece` of which fit in a limb, and its sign. */
static bool room_for(size_t digits, size_t piece, struct arena *arena, struct magnitude *out,
                     struct error *err)
{
    *out = (struct magnitude){.limbs = arena_alloc(arena, digits / piece + 3, sizeof *out->limbs)};
    return out->limbs != NULL || arena_fail(arena, err);
}

bool bigint_of_decimal(struct bytes digits, bool negative, struct arena *arena, struct bytes *out,
                       struct error *err)
{
    struct magnitude m;
    if (!room_for(digits.len, DECIMAL_DIGITS, arena, &m, err))
        return false;
    magnitude_append_decimal(&m, digits);
    *out = twos_complement_of(&m, negative);
    return true;
}

static unsigned digit_value(uint8_t c)
{
    return c <= '9' ? c - (unsigned)'0' : (c | 0x20U) - 'a' + 10;
}

bool bigint_of_digits(struct bytes digits, unsigned base, bool negative, struct arena *arena,
                      struct bytes *out, struct error *err)
{
    static const uint8_t bits[] = {[2] = 1, [8] = 3, [16] = 4};
    if (base == 10)
        return bigint_of_decimal(digits, negative, arena, out, err);
    const size_t width = bits[base];
    struct magnitude m;
    if (!room_for(digits.len, 64 / width, arena, &m, err))
        return false;
    /* From the last digit on: each has its place, and may reach into the next limb. */
    for (size_t i = 0; i < digits.len; i++) {
        const uint64_t digit = digit_value(digits.data[digits.len - 1 - i]);
        const size_t limb = i * width / 64, shift = i * width % 64;
        m.limbs[limb] |= digit << shift;
        if (shift + width > 64)
            m.limbs[limb + 1] |= digit >> (64 - shift);
    }
    m.len = digits.len * width / 64 + 1;
    *out = twos_complement_of(&m, negative);
    return true;
}

bool bigint_to_int64(struct bytes twos_complement, int64_t *out)
{
    const struct bytes n = bigint_trim(twos_complement);
    if (n.len > sizeof *out)
        return false;
    *out = is_negative(n) ? -1 : 0;
    if (n.len > 0)
        memcpy(out, n.data, n.len);
    return true;
}

bool bigint_to_uint64(struct bytes twos_complement, uint64_t *out)
{
    const struct bytes n = bigint_trim(twos_complement);
    if (is_negative(n) || n.len > sizeof *out + 1 || (n.len == sizeof *out + 1 && n.data[n.len - 1] != 0))
        return false;
    *out = 0;
    if (n.len > 0)
        memcpy(out, n.data, n.len < sizeof *out ? n.len : sizeof *out);
    return true;
}

/* Decimal text is made in pieces of 18 digits: with 56 bits more, their quotient needs no division. */
enum { PIECE = 18, SHIFT = 56 };
static const uint64_t piece_unit = 1000000000000000000;

/*
 * d = d * 2 ** SHIFT + carry, in base piece_unit; returns the new length. A multiplication estimates the
 * quotient, at most one too small, before the carry is known: so no step waits for the one before it. What
 * is left over is below 2 * piece_unit and therefore exact modulo 2 ** 64.
 */
static size_t decimal_shift_in(uint64_t *d, size_t len, uint64_t carry)
{
    const uint64_t reciprocal = (uint64_t)(((u128)1 << (64 + SHIFT)) / piece_unit);
    for (size_t i = 0; i < len; i++) {
        const uint64_t quotient = (uint64_t)((u128)d[i] * reciprocal >> 64);
        const uint64_t rest = (d[i] << SHIFT) - quotient * piece_unit + carry;
        const bool more = rest >= piece_unit;
        d[i] = more ? rest - piece_unit : rest;
        carry = quotient + more;
    }
    if (carry != 0)
        d[len++] = carry;
    return len;
}

/* m in base piece_unit; returns the length. d has room for it. */
static size_t decimal_of(const struct magnitude *m, uint64_t *d)
{
    enum { BYTES = SHIFT / 8 };
    const uint8_t *bytes = (const uint8_t *)m->limbs;
    size_t len = 0;
    for (size_t left = m->len * sizeof *m->limbs; left > 0;) {
        const size_t n = left % BYTES != 0 ? left % BYTES : BYTES;
        uint64_t chunk = 0;
        left -= n;
        memcpy(&chunk, bytes + left, n);
        len = decimal_shift_in(d, len, chunk);
    }
    return len;
}

/* All digits of d, the last at end[-1], without leading zeros; returns where they start. */
static uint8_t *decimal_text(const uint64_t *d, size_t len, uint8_t *end)
{
    uint8_t *start = end;
    for (size_t i = 0; i < len; i++) {
        uint64_t v = d[i];
        for (int j = 0; j < PIECE; j++, v /= 10)
            *--start = (uint8_t)('0' + v % 10);
    }
    while (start < end && *start == '0')
        start++;
    if (start == end)
        *--start = '0';
    return start;
}

static bool too_long(uint64_t max_digits, struct error *err)
{
    return FAIL_LIMIT(err, "digits", max_digits, "an integer has more than %llu digits",
                      (unsigned long long)max_digits);
}

bool bigint_to_decimal(struct bytes twos_complement, uint64_t max_digits, struct arena *arena,
                       struct bytes *out, struct error *err)
{
    const struct bytes n = bigint_trim(twos_complement);
    /* It is at least 2 ** (8 * len - 9), and 0.3 is less than log10(2): before the work, which is quadratic
     */
    if (n.len > 2 && (8 * n.len - 9) / 10 * 3 > max_digits)
        return too_long(max_digits, err);
    const size_t pieces = n.len / 7 + 2; /* 18 digits are more than 7 bytes */
    uint64_t *limbs = arena_alloc(arena, limbs_for(n), sizeof *limbs);
    uint64_t *d = arena_alloc(arena, pieces, sizeof *d);
    uint8_t *text = arena_alloc(arena, pieces, PIECE);
    if (limbs == NULL || d == NULL || text == NULL)
        return arena_fail(arena, err);
    const struct magnitude m = magnitude_of(n, limbs);
    const size_t len = decimal_of(&m, d);
    uint8_t *const end = text + pieces * PIECE;
    uint8_t *start = decimal_text(d, len, end);
    if ((uint64_t)(end - start) > max_digits)
        return too_long(max_digits, err);
    if (is_negative(n))
        *--start = '-';
    *out = bytes_of(start, (size_t)(end - start));
    return true;
}

bool bigint_put(struct sink *out, struct bytes twos_complement, const struct limits *limits,
                struct error *err)
{
    AUTO(arena_free) struct arena scratch;
    arena_init(&scratch, limits->memory);
    struct bytes text;
    return bigint_to_decimal(twos_complement, limits->digits, &scratch, &text, err) &&
           sink_bytes(out, text, err);
}
