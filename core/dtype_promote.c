#include "dtype_promote.h"

#include "number.h"

/* The float that holds the integers of a size, as NumPy has it: beyond 32 bits only nearly. */
static size_t float_size(const struct dtype *t)
{
    if (t->kind == DTYPE_COMPLEX)
        return t->itemsize / 2;
    if (t->kind == DTYPE_FLOAT)
        return t->itemsize;
    return t->kind == DTYPE_BOOL || t->itemsize == 1 ? 2 : t->itemsize == 2 ? 4 : 8;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* NumPy's order: bool, integers, floats, complex. */
static int rank(const struct dtype *t)
{
    return t->kind == DTYPE_BOOL ? 0 : t->kind == DTYPE_COMPLEX ? 3 : t->kind == DTYPE_FLOAT ? 2 : 1;
}

/* Signed and unsigned: the next bigger signed one, for 64 bits a float. */
static struct dtype promote_signs(const struct dtype *i, const struct dtype *u)
{
    if (u->itemsize < i->itemsize)
        return dtype_make(DTYPE_INT, i->itemsize);
    return u->itemsize == 8 ? dtype_make(DTYPE_FLOAT, 8) : dtype_make(DTYPE_INT, u->itemsize * 2);
}

static struct dtype promote_numbers(const struct dtype *a, const struct dtype *b)
{
    const int most = rank(a) > rank(b) ? rank(a) : rank(b);
    const size_t real = larger(rank(a) == 0 ? 0 : float_size(a), rank(b) == 0 ? 0 : float_size(b));
    if (most == 3)
        return dtype_make(DTYPE_COMPLEX, 2 * larger(real, 4));
    if (most == 2)
        return dtype_make(DTYPE_FLOAT, real);
    if (rank(a) == 0 || rank(b) == 0 || a->kind == b->kind)
        return dtype_make(rank(a) == 0 ? b->kind : a->kind, larger(a->itemsize, b->itemsize));
    return a->kind == DTYPE_INT ? promote_signs(a, b) : promote_signs(b, a);
}

bool dtype_promote(const struct dtype *a, const struct dtype *b, struct dtype *out)
{
    if (dtype_equal(a, b)) {
        *out = *a;
        return true;
    }
    const bool text = a->kind == b->kind && (a->kind == DTYPE_UNICODE || a->kind == DTYPE_BYTES);
    if (text)
        *out = dtype_make(a->kind, larger(a->itemsize, b->itemsize));
    else if (dtype_is_numeric(a) && dtype_is_numeric(b))
        *out = promote_numbers(a, b);
    return text || (dtype_is_numeric(a) && dtype_is_numeric(b));
}

/* ---- elements ---- */

static int64_t load_int(const uint8_t *in, size_t size)
{
    uint64_t bits = 0;
    memcpy(&bits, in, size);
    const unsigned unused = 64 - 8 * (unsigned)size;
    return (int64_t)(bits << unused) >> unused;
}

static uint64_t load_uint(const uint8_t *in, size_t size)
{
    uint64_t v = 0;
    memcpy(&v, in, size);
    return v;
}

static long double load_real(const uint8_t *in, size_t size)
{
    uint16_t half;
    float single;
    double real;
    long double extended;
    if (size == 2)
        return memcpy(&half, in, size), number_of_half(half);
    if (size == 4)
        return memcpy(&single, in, size), single;
    if (size == 8)
        return memcpy(&real, in, size), real;
    return memcpy(&extended, in, sizeof extended), extended;
}

static void store_real(long double v, size_t size, uint8_t *out)
{
    const uint16_t half = number_to_half((double)v);
    const float single = (float)v;
    const double real = (double)v;
    if (size == 2)
        memcpy(out, &half, size);
    else if (size == 4)
        memcpy(out, &single, size);
    else if (size == 8)
        memcpy(out, &real, size);
    else
        memcpy(out, &v, 10); /* the rest is padding */
}

static long double real_of(const struct dtype *from, const uint8_t *in)
{
    if (from->kind == DTYPE_COMPLEX)
        return load_real(in, from->itemsize / 2);
    if (from->kind == DTYPE_FLOAT)
        return load_real(in, from->itemsize);
    return from->kind == DTYPE_INT ? (long double)load_int(in, from->itemsize)
                                   : (long double)load_uint(in, from->itemsize);
}

static void convert_number(const struct dtype *from, const uint8_t *in, const struct dtype *to, uint8_t *out)
{
    const size_t half = to->itemsize / 2;
    if (to->kind == DTYPE_FLOAT)
        store_real(real_of(from, in), to->itemsize, out);
    else if (to->kind == DTYPE_COMPLEX) {
        const bool pair = from->kind == DTYPE_COMPLEX;
        store_real(real_of(from, in), half, out);
        store_real(pair ? load_real(in + from->itemsize / 2, from->itemsize / 2) : 0, half, out + half);
    } else {
        const uint64_t bits =
            from->kind == DTYPE_INT ? (uint64_t)load_int(in, from->itemsize) : load_uint(in, from->itemsize);
        memcpy(out, &bits, to->itemsize);
    }
}

void dtype_convert(const struct dtype *from, const uint8_t *in, const struct dtype *to, uint8_t *out)
{
    if (from->kind == to->kind && from->itemsize <= to->itemsize &&
        (from->itemsize == to->itemsize || !dtype_is_numeric(to))) {
        memcpy(out, in, from->itemsize); /* text is padded with zeros */
        memset(out + from->itemsize, 0, to->itemsize - from->itemsize);
    } else
        convert_number(from, in, to, out);
}
