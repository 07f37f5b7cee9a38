#include "statistics.h"

#include <math.h>

#include "magnitude.h"
#include "moments.h"
#include "number.h"
#include "value.h"

enum {
    PART = 512,    /* elements that are summed up around one mean: they stay in the nearest cache */
    LANES = 8,     /* sums that grow side by side, so that the compiler can use wide registers */
    ITEM_MAX = 32, /* bytes of the biggest element */
};

/* ---- elements as doubles ---- */

/* n little-endian numbers. */
typedef void real_reader(const uint8_t *in, size_t n, double *out);

#define REAL_READER(name, type)                                                                              \
    static void name(const uint8_t *in, size_t n, double *out)                                               \
    {                                                                                                        \
        for (size_t i = 0; i < n; i++) {                                                                     \
            type v;                                                                                          \
            memcpy(&v, in + i * sizeof v, sizeof v);                                                         \
            out[i] = (double)v;                                                                              \
        }                                                                                                    \
    }
REAL_READER(read_i1, int8_t)
REAL_READER(read_i2, int16_t)
REAL_READER(read_i4, int32_t)
REAL_READER(read_u1, uint8_t)
REAL_READER(read_u2, uint16_t)
REAL_READER(read_u4, uint32_t)
REAL_READER(read_f4, float)
REAL_READER(read_f8, double)

static void read_b1(const uint8_t *in, size_t n, double *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = in[i] != 0;
}

static void read_f2(const uint8_t *in, size_t n, double *out)
{
    for (size_t i = 0; i < n; i++) {
        uint16_t bits;
        memcpy(&bits, in + i * sizeof bits, sizeof bits);
        out[i] = number_of_half(bits);
    }
}

static void read_f16(const uint8_t *in, size_t n, double *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = number_of_extended(in + i * 16);
}

/* read is NULL for integers that a double does not hold; sign is what makes their order that of uint64. */
static const struct statistics_type {
    enum dtype_kind kind;
    size_t size;
    real_reader *read;
    uint64_t sign;
} types[] = {
    {DTYPE_BOOL, 1, read_b1, 0},
    {DTYPE_INT, 1, read_i1, 0},
    {DTYPE_INT, 2, read_i2, 0},
    {DTYPE_INT, 4, read_i4, 0},
    {DTYPE_INT, 8, NULL, 1ULL << 63},
    {DTYPE_UINT, 1, read_u1, 0},
    {DTYPE_UINT, 2, read_u2, 0},
    {DTYPE_UINT, 4, read_u4, 0},
    {DTYPE_UINT, 8, NULL, 0},
    {DTYPE_FLOAT, 2, read_f2, 0},
    {DTYPE_FLOAT, 4, read_f4, 0},
    {DTYPE_FLOAT, 8, read_f8, 0},
    {DTYPE_FLOAT, 16, read_f16, 0},
    {DTYPE_COMPLEX, 8, read_f4, 0},
    {DTYPE_COMPLEX, 16, read_f8, 0},
    {DTYPE_COMPLEX, 32, read_f16, 0},
    {DTYPE_DATETIME, 8, NULL, 1ULL << 63},
    {DTYPE_TIMEDELTA, 8, NULL, 1ULL << 63},
};

/* Counts of a unit, of which the least is none: NaT. */
static bool is_time(const struct statistics *s)
{
    return s->type->kind == DTYPE_DATETIME || s->type->kind == DTYPE_TIMEDELTA;
}

bool statistics_init(struct statistics *s, const struct dtype *dtype, struct error *err)
{
    for (size_t i = 0; i < ROWS(types); i++)
        if (types[i].kind == dtype->kind && types[i].size == dtype->itemsize) {
            *s = (struct statistics){.type = &types[i],
                                     .dtype = *dtype,
                                     .min = INFINITY,
                                     .max = -INFINITY,
                                     .positive_min = INFINITY,
                                     .strict_positive_min = INFINITY};
            s->whole.min = s->whole.positive_min = s->whole.strict_positive_min = UINT64_MAX;
            return true;
        }
    char name[48];
    dtype_typestr(dtype, name);
    return FAIL(
        err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET,
        "elements of type %s have no statistics; bool, integers, floats, complex numbers and times have%s",
        name, dtype->field_count > 0 ? ": name a field" : "");
}

/* ---- doubles ---- */

static void lower(double *least, double v)
{
    *least = v < *least ? v : *least;
}

static void note_positive(struct statistics *s, const double *x, size_t n)
{
    double least[LANES], strict[LANES];
    size_t i = 0;
    for (size_t k = 0; k < LANES; k++)
        least[k] = strict[k] = INFINITY;
    for (; i + LANES <= n; i += LANES)
        for (size_t k = 0; k < LANES; k++) {
            const double v = x[i + k] >= 0 ? x[i + k] : INFINITY;
            const double above = x[i + k] > 0 ? x[i + k] : INFINITY;
            least[k] = v < least[k] ? v : least[k];
            strict[k] = above < strict[k] ? above : strict[k];
        }
    for (; i < n; i++) {
        lower(&least[0], x[i] >= 0 ? x[i] : INFINITY);
        lower(&strict[0], x[i] > 0 ? x[i] : INFINITY);
    }
    for (size_t k = 0; k < LANES; k++) {
        lower(&s->positive_min, least[k]);
        lower(&s->strict_positive_min, strict[k]);
    }
}

/* Moves the finite ones to the front; returns how many they are. */
static size_t keep_finite(struct statistics *s, double *x, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (isfinite(x[i]))
            x[kept++] = x[i];
        else if (isnan(x[i]))
            s->nan++;
        else
            s->infinite++;
    return kept;
}

static void add_reals(struct statistics *s, double *x, size_t n)
{
    struct sums sums = sum_up(x, n);
    if (!isfinite(sums.total)) {
        n = keep_finite(s, x, n);
        if (n == 0)
            return;
        sums = sum_up(x, n);
    }
    lower(&s->min, sums.min);
    s->max = sums.max > s->max ? sums.max : s->max;
    if (sums.min > 0) {
        lower(&s->positive_min, sums.min);
        lower(&s->strict_positive_min, sums.min);
    } else if (sums.max >= 0)
        note_positive(s, x, n);
    moments_add(&s->real, x, n, &sums);
}

/* n pairs. */
static void add_complex(struct statistics *s, const double *pairs, size_t n)
{
    double real[PART], imaginary[PART];
    size_t kept = 0;
    for (size_t i = 0; i < n; i++, pairs += 2) {
        if (isnan(pairs[0]) || isnan(pairs[1]))
            s->nan++;
        else if (isinf(pairs[0]) || isinf(pairs[1]))
            s->infinite++;
        else {
            real[kept] = pairs[0];
            imaginary[kept++] = pairs[1];
        }
    }
    if (kept == 0)
        return;
    const struct sums sums[] = {sum_up(real, kept), sum_up(imaginary, kept)};
    moments_add(&s->real, real, kept, &sums[0]);
    moments_add(&s->imaginary, imaginary, kept, &sums[1]);
}

/* ---- 64-bit integers ---- */

static void raise_to(uint64_t *most, uint64_t v)
{
    *most = v > *most ? v : *most;
}

static void lower_to(uint64_t *least, uint64_t v)
{
    *least = v < *least ? v : *least;
}

/* Extremes of numbers whose order is that of their values. */
struct span {
    uint64_t least, most;
};

static struct span span_of(const uint64_t *x, size_t n)
{
    struct span span = {x[0], x[0]};
    for (size_t i = 1; i < n; i++) {
        lower_to(&span.least, x[i]);
        raise_to(&span.most, x[i]);
    }
    return span;
}

static void note_span(struct statistics *s, const uint64_t *x, size_t n, struct span span)
{
    const uint64_t zero = s->type->sign;
    lower_to(&s->whole.min, span.least);
    raise_to(&s->whole.max, span.most);
    if (span.least > zero)
        x = &span.least, n = 1;
    uint64_t positive = UINT64_MAX, strict = UINT64_MAX;
    for (size_t i = 0; span.most >= zero && i < n; i++) {
        const uint64_t at = x[i] >= zero ? x[i] : UINT64_MAX, above = x[i] > zero ? x[i] : UINT64_MAX;
        positive = at < positive ? at : positive;
        strict = above < strict ? above : strict;
    }
    lower_to(&s->whole.positive_min, positive);
    lower_to(&s->whole.strict_positive_min, strict);
}

/* From the least they are exact where the numbers lie close together, wherever they lie. */
static void distances_of(const uint64_t *x, size_t n, struct span span, double *out)
{
    const bool is_signed = span.most - span.least <= INT64_MAX; /* which processors convert at once */
    for (size_t i = 0; is_signed && i < n; i++)
        out[i] = (double)(int64_t)(x[i] - span.least);
    for (size_t i = 0; !is_signed && i < n; i++)
        out[i] = (double)(x[i] - span.least);
}

/* Moves the times that are any to the front; returns how many they are. In their order NaT is 0. */
static size_t keep_times(struct statistics *s, uint64_t *x, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (x[i] != 0)
            x[kept++] = x[i];
    s->nan += n - kept;
    return kept;
}

static void add_wholes(struct statistics *s, const uint8_t *in, size_t n)
{
    uint64_t x[PART];
    double distances[PART];
    for (size_t i = 0; i < n; i++) {
        memcpy(&x[i], in + i * sizeof *x, sizeof *x);
        x[i] ^= s->type->sign;
    }
    if (is_time(s) && (n = keep_times(s, x, n)) == 0)
        return;
    for (size_t i = 0; i < n; i++)
        s->whole.total_high += __builtin_add_overflow(s->whole.total, x[i], &s->whole.total);
    const struct span span = span_of(x, n);
    note_span(s, x, n, span);
    distances_of(x, n, span, distances);
    const struct sums sums = sum_up(distances, n);
    struct moments m = moments_of(distances, n, &sums, 0);
    if (s->real.count == 0)
        s->whole.origin = span.least;
    m.mean += span.least >= s->whole.origin ? (long double)(span.least - s->whole.origin)
                                            : -(long double)(s->whole.origin - span.least);
    moments_merge(&s->real, m);
}

/* ---- elements ---- */

/* At most PART elements. */
static void add_part(struct statistics *s, const uint8_t *in, size_t n)
{
    uint8_t swapped[PART * ITEM_MAX];
    double x[2 * PART];
    if (s->dtype.order == '>') {
        memcpy(swapped, in, n * s->dtype.itemsize);
        dtype_swap(&s->dtype, swapped, n);
        in = swapped;
    }
    if (s->type->read == NULL) {
        add_wholes(s, in, n);
        return;
    }
    const bool pairs = s->type->kind == DTYPE_COMPLEX;
    s->type->read(in, pairs ? 2 * n : n, x);
    if (pairs)
        add_complex(s, x, n);
    else
        add_reals(s, x, n);
}

void statistics_add(struct statistics *s, const uint8_t *elements, size_t count)
{
    s->count += count;
    for (size_t n; count > 0; count -= n, elements += n * s->dtype.itemsize) {
        n = count < PART ? count : PART;
        add_part(s, elements, n);
    }
}

/* ---- what came out ---- */

/* A scalar of the dtype, so that it is written as all others are. */
static struct value *time_value(const struct statistics *s, int64_t count, struct arena *arena)
{
    struct dtype type = dtype_make(s->type->kind, sizeof count);
    type.unit = s->dtype.unit;
    const struct bytes kept = arena_copy(arena, bytes_of((const uint8_t *)&count, sizeof count));
    if (kept.data == NULL)
        return NULL;
    struct array a = array_of_memory(type, 0, NULL, kept.data);
    a.scalar = true;
    return value_array(arena, &a);
}

/* An extreme: a double, a whole number, or a time. */
static struct value *number_of(const struct statistics *s, bool defined, double real, uint64_t whole,
                               struct arena *arena)
{
    if (!defined)
        return value_new(arena, VALUE_NONE);
    if (s->type->read != NULL)
        return s->type->kind == DTYPE_FLOAT ? value_float(arena, real) : value_int(arena, (int64_t)real);
    if (is_time(s))
        return time_value(s, (int64_t)(whole ^ s->type->sign), arena);
    return s->type->kind == DTYPE_UINT ? value_uint(arena, whole)
                                       : value_int(arena, (int64_t)(whole ^ s->type->sign));
}

static struct value *mean_value(const struct statistics *s, struct arena *arena)
{
    if (s->real.count == 0)
        return value_new(arena, VALUE_NONE);
    if (s->type->kind == DTYPE_COMPLEX)
        return value_complex(arena, moments_mean(&s->real), moments_mean(&s->imaginary));
    if (s->type->read != NULL)
        return value_float(arena, moments_mean(&s->real));
    const u128 zeros = (u128)s->type->sign * s->real.count,
               total = (u128)s->whole.total_high << 64 | s->whole.total;
    if (is_time(s)) { /* as NumPy divides them: towards zero */
        const u128 whole = (total >= zeros ? total - zeros : zeros - total) / s->real.count;
        return time_value(s, total >= zeros ? (int64_t)whole : -(int64_t)whole, arena);
    }
    const long double sum = total >= zeros ? (long double)(total - zeros) : -(long double)(zeros - total);
    return value_float(arena, (double)(sum / (long double)s->real.count));
}

static struct value *std_value(const struct statistics *s, struct arena *arena)
{
    if (s->real.count == 0 || is_time(s))
        return value_new(arena, VALUE_NONE);
    const long double squares = s->real.squares + s->imaginary.squares;
    return value_float(arena, (double)sqrtl(squares / (long double)s->real.count));
}

bool statistics_summary(const struct statistics *s, struct arena *arena, struct summary *out,
                        struct error *err)
{
    const bool any = s->real.count > 0 && s->type->kind != DTYPE_COMPLEX, whole = s->type->read == NULL;
    const bool sided = any && s->type->kind != DTYPE_DATETIME; /* zero means something */
    const bool positive = sided && (whole ? s->whole.max >= s->type->sign : s->max >= 0);
    const bool strict = sided && (whole ? s->whole.max > s->type->sign : s->max > 0);
    const struct summary made = {
        .count = s->count,
        .finite = s->count - s->nan - s->infinite,
        .nan = s->nan,
        .infinite = s->infinite,
        .min = number_of(s, any, s->min, s->whole.min, arena),
        .max = number_of(s, any, s->max, s->whole.max, arena),
        .positive_min = number_of(s, positive, s->positive_min, s->whole.positive_min, arena),
        .strict_positive_min =
            number_of(s, strict, s->strict_positive_min, s->whole.strict_positive_min, arena),
        .mean = mean_value(s, arena),
        .std = std_value(s, arena),
    };
    if (made.min == NULL || made.max == NULL || made.positive_min == NULL ||
        made.strict_positive_min == NULL || made.mean == NULL || made.std == NULL)
        return arena_fail(arena, err);
    *out = made;
    return true;
}
