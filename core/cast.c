#include "cast.h"

#include "limits.h"
#include "scalar.h"
#include "selection.h"

#include <assert.h>

enum { CAST_WINDOW = 128 << 10 };

/* A number of any type. Integers are exact; text for the compiler: kind says which member holds it. */
struct number {
    enum dtype_kind kind; /* DTYPE_INT, DTYPE_UINT or DTYPE_FLOAT */
    int64_t integer;
    uint64_t natural;
    double real, imaginary;
};

static int64_t int_of_double(double v)
{
    return v >= -0x1p63 && v < 0x1p63 ? (int64_t)v : INT64_MIN;
}

static uint64_t uint_of_double(double v)
{
    return v >= 0x1p63 && v < 0x1p64 ? (uint64_t)v : (uint64_t)int_of_double(v);
}

static int64_t extend_sign(uint64_t bits, size_t size)
{
    assert(size >= 1 && size <= 8); /* as dtype.h has it for integers */
    const unsigned unused = 64 - 8 * (unsigned)size;
    return (int64_t)(bits << unused) >> unused;
}

static struct number load(const struct dtype *t, const uint8_t *at)
{
    const bool swap = t->order == '>';
    const size_t half = t->itemsize / 2;
    struct number n = {.kind = t->kind};
    switch (t->kind) {
    case DTYPE_BOOL:
        n.kind = DTYPE_UINT;
        n.natural = at[0] != 0;
        break;
    case DTYPE_UINT:
        n.natural = scalar_load(at, t->itemsize, swap);
        break;
    case DTYPE_INT:
        n.integer = extend_sign(scalar_load(at, t->itemsize, swap), t->itemsize);
        break;
    case DTYPE_COMPLEX:
        n.kind = DTYPE_FLOAT;
        n.real = scalar_load_real(at, half, swap);
        n.imaginary = scalar_load_real(at + half, half, swap);
        break;
    case DTYPE_FLOAT:
    case DTYPE_BYTES:
    case DTYPE_UNICODE:
    case DTYPE_VOID:
    case DTYPE_DATETIME:
    case DTYPE_TIMEDELTA:
    case DTYPE_OBJECT:
    case DTYPE_TEXT:
        n.real = scalar_load_real(at, t->itemsize, swap);
        break;
    }
    return n;
}

static double as_real(const struct number *n)
{
    return n->kind == DTYPE_INT ? (double)n->integer : n->kind == DTYPE_UINT ? (double)n->natural : n->real;
}

static uint64_t as_bits(const struct number *n, enum dtype_kind to)
{
    if (n->kind == DTYPE_INT)
        return (uint64_t)n->integer;
    if (n->kind == DTYPE_UINT)
        return n->natural;
    return to == DTYPE_UINT ? uint_of_double(n->real) : (uint64_t)int_of_double(n->real);
}

static bool is_true(const struct number *n)
{
    return n->kind == DTYPE_INT    ? n->integer != 0
           : n->kind == DTYPE_UINT ? n->natural != 0
                                   : n->real != 0 || n->imaginary != 0;
}

static void store(const struct dtype *t, uint8_t *at, const struct number *n)
{
    const bool swap = t->order == '>';
    const size_t half = t->itemsize / 2;
    switch (t->kind) {
    case DTYPE_BOOL:
        at[0] = is_true(n);
        break;
    case DTYPE_INT:
    case DTYPE_UINT:
        scalar_store(at, t->itemsize, swap, as_bits(n, t->kind));
        break;
    case DTYPE_COMPLEX:
        scalar_store_real(at, half, swap, as_real(n));
        scalar_store_real(at + half, half, swap, n->imaginary);
        break;
    case DTYPE_FLOAT:
    case DTYPE_BYTES:
    case DTYPE_UNICODE:
    case DTYPE_VOID:
    case DTYPE_DATETIME:
    case DTYPE_TIMEDELTA:
    case DTYPE_OBJECT:
    case DTYPE_TEXT:
        scalar_store_real(at, t->itemsize, swap, as_real(n));
        break;
    }
}

struct cast {
    const struct array *from;
    struct dtype to;
    struct arena *arena;
    struct array_cursor cursor; /* its window is used for every read */
};

/* The box of the array, as a view of it. */
static bool view_of(const struct cast *c, const struct box *box, struct array *out, struct error *err)
{
    struct selection_part parts[DTYPE_MAX_NDIM];
    for (unsigned i = 0; i < box->ndim; i++)
        parts[i] = (struct selection_part){
            .kind = SELECT_SLICE,
            .has_start = true,
            .has_stop = true,
            .start = (int64_t)box->start[i],
            .stop = box->count[i] == 0 ? (int64_t)box->start[i]
                                       : (int64_t)(box->start[i] + (box->count[i] - 1) * box->step[i] + 1),
            .step = (int64_t)box->step[i],
        };
    const struct selection selection = {.parts = parts, .count = box->ndim};
    struct limits none = limits_default;
    none.elements = UINT64_MAX;
    return array_select(c->from, &selection, &none, c->arena, out, err);
}

static bool read_cast(void *self, const struct box *box, uint8_t *window, size_t capacity, struct error *err)
{
    struct cast *c = self;
    struct array view;
    if (!view_of(c, box, &view, err) || !array_cursor_init(&c->cursor, &view, CAST_WINDOW, c->arena, err))
        return false;
    const struct dtype *from = &c->from->dtype;
    uint8_t *at = window;
    const uint8_t *block;
    for (size_t count;;) {
        if (!array_cursor_next(&c->cursor, &block, &count, err))
            return false;
        if (count == 0)
            return true;
        if (count > (capacity - (size_t)(at - window)) / c->to.itemsize)
            return FAIL(err, ERR_INTERNAL, ERROR_NO_OFFSET, "the window is too small for the box");
        for (size_t i = 0; i < count; i++, block += from->itemsize, at += c->to.itemsize) {
            const struct number n = load(from, block);
            store(&c->to, at, &n);
        }
    }
}

static bool castable(const struct dtype *from, const struct dtype *to, struct error *err)
{
    char names[2][48];
    dtype_typestr(from, names[0]);
    dtype_typestr(to, names[1]);
    const bool extended =
        (to->kind == DTYPE_FLOAT && to->itemsize > 8) || (to->kind == DTYPE_COMPLEX && to->itemsize > 16);
    const bool drops = from->kind == DTYPE_COMPLEX && to->kind != DTYPE_COMPLEX && to->kind != DTYPE_BOOL;
    if (!dtype_is_numeric(from) || !dtype_is_numeric(to) || extended || drops)
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "elements of type %s cannot be cast to %s",
                    names[0], names[1]);
    return true;
}

bool array_cast(const struct array *a, const struct dtype *to, struct arena *arena, struct array *out,
                struct error *err)
{
    if (!castable(&a->dtype, to, err))
        return false;
    struct cast *c = arena_alloc(arena, 1, sizeof *c);
    struct array_source *source = arena_alloc(arena, 1, sizeof *source);
    struct array *from = arena_alloc(arena, 1, sizeof *from);
    if (c == NULL || source == NULL || from == NULL)
        return arena_fail(arena, err);
    *from = *a;
    *c = (struct cast){.from = from, .to = *to, .arena = arena};
    *source = (struct array_source){.self = c, .read = read_cast};
    *out = array_of_source(*to, a->ndim, a->shape, source);
    out->scalar = a->scalar;
    return true;
}
