#include "bigint.h"

#include <math.h>

__extension__ typedef unsigned __int128 u128;

/* The largest power of ten in a limb: decimal text is cut into pieces of 19 digits. */
static const uint64_t ten_19 = 10000000000000000000ULL;
enum { PIECE = 19 };

/* A magnitude: limbs from the least significant; limbs[len - 1] is not 0. */
struct magnitude {
    uint64_t *limbs;
    size_t len;
};

/* m = m * factor + term; there is room for one more limb. */
static void multiply_add(struct magnitude *m, uint64_t factor, uint64_t term)
{
    uint64_t carry = term;
    for (size_t i = 0; i < m->len; i++) {
        const u128 v = (u128)m->limbs[i] * factor + carry;
        m->limbs[i] = (uint64_t)v;
        carry = (uint64_t)(v >> 64);
    }
    if (carry != 0)
        m->limbs[m->len++] = carry;
}

static unsigned digit_value(uint8_t c)
{
    return c <= '9' ? c - (unsigned)'0' : ((unsigned)c | 0x20) - 'a' + 10;
}

/* The value of n digits, where base to the n fits in 64 bits. */
static uint64_t piece_value(const uint8_t *digits, size_t n, unsigned base)
{
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++)
        v = v * base + digit_value(digits[i]);
    return v;
}

struct bytes bigint_trim(struct bytes n)
{
    if (n.len == 0)
        return n;
    const uint8_t sign = n.data[n.len - 1] & 0x80 ? 0xFF : 0;
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

/* Limbs in memory are the little-endian bytes of the number. There is a zero limb after m for the sign. */
static struct bytes twos_complement_of(struct magnitude *m, bool negative)
{
    if (negative)
        negate(m->limbs, m->len + 1);
    return bigint_trim(bytes_of(m->limbs, (m->len + 1) * sizeof *m->limbs));
}

/* Digits of base, in pieces of `piece` digits that are below `unit` = base to the piece. */
static bool convert(struct bytes digits, unsigned base, size_t piece, bool negative, struct arena *arena,
                    struct bytes *out, struct error *err)
{
    struct magnitude m = {.limbs = arena_alloc(arena, digits.len / piece + 3, sizeof *m.limbs)};
    if (m.limbs == NULL)
        return arena_fail(arena, err);
    uint64_t unit = 1;
    for (size_t i = 0; i < piece; i++)
        unit *= base;
    size_t n = digits.len % piece;
    for (size_t at = 0; at < digits.len; at += n, n = piece) {
        n = n == 0 ? piece : n;
        multiply_add(&m, unit, piece_value(digits.data + at, n, base));
    }
    *out = twos_complement_of(&m, negative);
    return true;
}

bool bigint_of_decimal(struct bytes digits, bool negative, struct arena *arena, struct bytes *out,
                       struct error *err)
{
    return convert(digits, 10, PIECE, negative, arena, out, err);
}

bool bigint_of_digits(struct bytes digits, unsigned base, bool negative, struct arena *arena,
                      struct bytes *out, struct error *err)
{
    static const uint8_t pieces[17] = {[2] = 63, [8] = 21, [10] = PIECE, [16] = 15};
    return convert(digits, base, pieces[base], negative, arena, out, err);
}

bool bigint_to_int64(struct bytes n, int64_t *out)
{
    n = bigint_trim(n);
    if (n.len > sizeof(int64_t))
        return false;
    uint64_t v = n.len > 0 && n.data[n.len - 1] & 0x80 ? UINT64_MAX : 0;
    if (n.len > 0)
        memcpy(&v, n.data, n.len);
    *out = (int64_t)v;
    return true;
}

bool bigint_to_uint64(struct bytes n, uint64_t *out)
{
    n = bigint_trim(n);
    if (n.len > sizeof(uint64_t) + 1 || (n.len > 0 && n.data[n.len - 1] & 0x80) ||
        (n.len == sizeof(uint64_t) + 1 && n.data[sizeof(uint64_t)] != 0))
        return false;
    uint64_t v = 0;
    if (n.len > 0)
        memcpy(&v, n.data, n.len < sizeof v ? n.len : sizeof v);
    *out = v;
    return true;
}

static size_t limbs_of_bytes(struct bytes n, uint64_t *limbs)
{
    const bool negative = n.len > 0 && n.data[n.len - 1] & 0x80;
    size_t len = (n.len + 7) / 8;
    if (len == 0)
        return 0;
    limbs[len - 1] = negative ? UINT64_MAX : 0;
    memcpy(limbs, n.data, n.len);
    if (negative)
        negate(limbs, len);
    while (len > 0 && limbs[len - 1] == 0)
        len--;
    return len;
}

double bigint_to_double(struct bytes n)
{
    enum { ROOM = 17 }; /* 1024 bits and a sign bit: more is infinite */
    uint64_t limbs[ROOM];
    n = bigint_trim(n);
    const bool negative = n.len > 0 && n.data[n.len - 1] & 0x80;
    if (n.len > sizeof limbs)
        return negative ? -INFINITY : INFINITY;
    const size_t len = limbs_of_bytes(n, limbs);
    if (len == 0)
        return 0;
    uint64_t top = limbs[len - 1];
    int exponent = (int)(len - 1) * 64;
    if (len > 1) {
        const int shift = __builtin_clzll(top);
        const uint64_t next = limbs[len - 2];
        bool sticky = (next << shift) != 0;
        if (shift > 0)
            top = top << shift | next >> (64 - shift);
        for (size_t i = 0; i + 2 < len; i++)
            sticky = sticky || limbs[i] != 0;
        top |= sticky;
        exponent -= shift;
    }
    const double v = ldexp((double)top, exponent);
    return negative ? -v : v;
}

/* d = d * 2^64 + limb, in base 10^19; returns the new length. */
static size_t decimal_shift_in(uint64_t *d, size_t len, uint64_t limb)
{
    uint64_t carry = limb;
    for (size_t i = 0; i < len; i++) {
        const u128 v = (u128)d[i] << 64 | carry;
        d[i] = (uint64_t)(v % ten_19);
        carry = (uint64_t)(v / ten_19);
    }
    for (; carry != 0; carry /= ten_19)
        d[len++] = carry % ten_19;
    return len;
}

static bool too_long(uint64_t max_digits, struct error *err)
{
    return FAIL_LIMIT(err, "digits", max_digits, "an integer of more than %llu digits",
                      (unsigned long long)max_digits);
}

bool bigint_to_decimal(struct bytes n, uint64_t max_digits, struct arena *arena, struct bytes *out,
                       struct error *err)
{
    n = bigint_trim(n);
    const bool negative = n.len > 0 && n.data[n.len - 1] & 0x80;
    /* 2 ** (8 * len - 9) is the smallest of this length; 0.3 is below log10(2) */
    if (n.len > 8 && (n.len * 8 - 9) / 10 * 3 > max_digits)
        return too_long(max_digits, err);
    uint64_t *limbs = arena_alloc(arena, n.len / 8 + 1, sizeof *limbs);
    uint64_t *d = arena_alloc(arena, n.len / 7 + 2, sizeof *d);
    uint8_t *text = arena_alloc(arena, n.len / 7 + 2, PIECE);
    if (limbs == NULL || d == NULL || text == NULL)
        return arena_fail(arena, err);
    size_t len = 0;
    for (size_t i = limbs_of_bytes(n, limbs); i-- > 0;)
        len = decimal_shift_in(d, len, limbs[i]);
    uint8_t *t = text + (len + 1) * PIECE, *const end = t;
    for (size_t i = 0; i < len; i++)
        for (int j = 0; j < PIECE; j++, d[i] /= 10)
            *--t = (uint8_t)('0' + d[i] % 10);
    while (t < end && *t == '0')
        t++;
    if (t == end)
        *--t = '0';
    if ((uint64_t)(end - t) > max_digits)
        return too_long(max_digits, err);
    if (negative)
        *--t = '-';
    *out = bytes_of(t, (size_t)(end - t));
    return true;
}
