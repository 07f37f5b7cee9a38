#include "points.h"

#include "array_of_value.h"
#include "cast.h"
#include "number.h"
#include "value.h"

/* ---- places ---- */

/* One coordinate along an axis; from the end when it is negative. */
static bool coordinate(int64_t i, uint64_t length, unsigned axis, size_t at, uint64_t *out, struct error *err)
{
    const bool ok = i < 0 ? (uint64_t) - (i + 1) < length : (uint64_t)i < length;
    if (!ok)
        return FAIL(err, ERR_ARGUMENT, at, "index %lld is out of bounds for axis %u with size %llu",
                    (long long)i, axis, (unsigned long long)length);
    *out = i < 0 ? length - (uint64_t) - (i + 1) - 1 : (uint64_t)i;
    return true;
}

/* That a place is a number of 64 bits. */
static bool check_axes(unsigned axes, unsigned ndim, const uint64_t *shape, struct error *err)
{
    size_t product = 1;
    if (axes > ndim)
        return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "too many indices: the array has %u dimensions",
                    ndim);
    for (unsigned i = 0; i < axes; i++)
        if (!checked_mul(product, shape[i], &product))
            return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "the array is too big to pick points of");
    return true;
}

/* Room for count places, which is also the shape of the answer. */
static uint64_t *places_new(struct points *p, uint64_t count, struct arena *arena)
{
    uint64_t *shape = arena_alloc(arena, 1, sizeof *shape);
    uint64_t *places =
        count > SIZE_MAX / sizeof *places ? NULL : arena_alloc(arena, (size_t)count, sizeof *places);
    if (shape == NULL || places == NULL)
        return NULL;
    shape[0] = count;
    p->ndim = 1;
    p->shape = shape;
    p->count = count;
    p->places = places;
    return places;
}

/* ---- as text ---- */

struct parser {
    struct bytes text;
    size_t at;
    unsigned ndim;
    const uint64_t *shape;
};

static char peek(struct parser *p)
{
    while (p->at < p->text.len && (p->text.data[p->at] == ' ' || p->text.data[p->at] == '\t'))
        p->at++;
    return p->at < p->text.len ? (char)p->text.data[p->at] : '\0';
}

static bool accept(struct parser *p, char c)
{
    if (peek(p) != c || p->at == p->text.len)
        return false;
    p->at++;
    return true;
}

/* The next integer as a coordinate along the axis, added to the place. */
static bool read_coordinate(struct parser *p, unsigned axis, uint64_t *place, struct error *err)
{
    peek(p);
    const size_t at = p->at;
    int64_t number;
    uint64_t i;
    p->at += p->at < p->text.len && (p->text.data[p->at] == '-' || p->text.data[p->at] == '+');
    while (p->at < p->text.len && p->text.data[p->at] >= '0' && p->text.data[p->at] <= '9')
        p->at++;
    if (!number_read_int(bytes_of(p->text.data + at, p->at - at), &number))
        return FAIL(err, ERR_ARGUMENT, at, "an integer is expected here");
    if (axis >= p->ndim)
        return FAIL(err, ERR_ARGUMENT, at, "too many indices: the array has %u dimensions", p->ndim);
    if (!coordinate(number, p->shape[axis], axis, at, &i, err))
        return false;
    *place = *place * p->shape[axis] + i;
    return true;
}

/* (i, j), [i, j], or i. */
static bool read_point(struct parser *p, unsigned *axes, uint64_t *place, struct error *err)
{
    const char close = accept(p, '(') ? ')' : accept(p, '[') ? ']' : '\0';
    *place = 0;
    *axes = 0;
    if (close == '\0')
        return read_coordinate(p, (*axes)++, place, err);
    do {
        if (!read_coordinate(p, (*axes)++, place, err))
            return false;
    } while (accept(p, ','));
    return accept(p, close) || FAIL(err, ERR_ARGUMENT, p->at, "',' or '%c' is expected here", close);
}

/* Whether a bracket is around all of the points. */
static bool has_outer(struct parser *p)
{
    struct parser inner = *p;
    if (!accept(&inner, '['))
        return false;
    const char next = peek(&inner);
    if (next == '[' || next == '(' || next == ']')
        return true;
    /* [1, 2, 3]: places along one axis, as JSON writes them */
    const uint8_t *comma = memchr(p->text.data, '[', inner.at - 1);
    const uint8_t *close = memchr(inner.text.data + inner.at, ']', inner.text.len - inner.at);
    return comma == NULL && close != NULL && close + 1 == inner.text.data + inner.text.len;
}

static bool read_points(struct parser *p, char close, struct points *out, uint64_t *places, struct error *err)
{
    while (p->at < p->text.len && !(close != '\0' && peek(p) == close)) {
        unsigned axes;
        peek(p);
        const size_t at = p->at;
        if (!read_point(p, &axes, &places[out->count], err))
            return false;
        if (out->count > 0 && axes != out->axes)
            return FAIL(err, ERR_ARGUMENT, at, "this point has %u coordinates, those before it have %u", axes,
                        out->axes);
        out->axes = axes;
        out->count++;
        if (!accept(p, ',') && peek(p) != close)
            return FAIL(err, ERR_ARGUMENT, p->at, "',' is expected here");
    }
    return true;
}

bool points_parse(struct bytes text, unsigned ndim, const uint64_t *shape, struct arena *arena,
                  struct points *out, struct error *err)
{
    struct parser p = {.text = text, .ndim = ndim, .shape = shape};
    struct points points = {.axes = 1};
    size_t most = 1;
    for (size_t i = 0; i < text.len; i++)
        most += text.data[i] == ',';
    uint64_t *places = places_new(&points, most, arena);
    uint64_t *count = arena_alloc(arena, 1, sizeof *count);
    if (places == NULL || count == NULL)
        return arena_fail(arena, err);
    if (!check_axes(ndim == 0 ? 1 : ndim, ndim, shape, err))
        return false;
    const char close = has_outer(&p) && accept(&p, '[') ? ']' : '\0';
    points.count = 0;
    if (!read_points(&p, close, &points, places, err))
        return false;
    if ((close != '\0' && !accept(&p, close)) || peek(&p) != '\0' || p.at < text.len)
        return FAIL(err, ERR_ARGUMENT, p.at,
                    close == '\0' ? "this is not expected here" : "']' is expected here");
    *count = points.count;
    points.shape = count;
    *out = points;
    return true;
}

/* ---- as values ---- */

static bool same_shape(const struct array *mask, unsigned ndim, const uint64_t *shape, struct error *err)
{
    if (mask->ndim > ndim || mask->ndim == 0)
        return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "the mask has %u dimensions, the array %u",
                    mask->ndim, ndim);
    for (unsigned i = 0; i < mask->ndim; i++)
        if (mask->shape[i] != shape[i])
            return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET,
                        "the mask has the size %llu along axis %u, the array %llu",
                        (unsigned long long)mask->shape[i], i, (unsigned long long)shape[i]);
    return true;
}

static bool points_of_mask(const struct array *mask, unsigned ndim, const uint64_t *shape,
                           struct arena *arena, struct points *out, struct error *err)
{
    const uint8_t *truths;
    uint64_t total, count = 0;
    if (!same_shape(mask, ndim, shape, err) || !array_pack(mask, arena, &truths, err))
        return false;
    if (!array_count(mask, &total))
        return arena_fail(arena, err);
    for (uint64_t i = 0; i < total; i++)
        count += truths[i] != 0;
    *out = (struct points){.axes = mask->ndim};
    uint64_t *places = places_new(out, count, arena);
    if (places == NULL)
        return arena_fail(arena, err);
    for (uint64_t i = 0, n = 0; i < total; i++)
        if (truths[i] != 0)
            places[n++] = i;
    return true;
}

/* Index arrays, one for each leading axis. */
struct indices {
    unsigned count;
    struct array arrays[DTYPE_MAX_NDIM];
    const int64_t *numbers[DTYPE_MAX_NDIM];
};

static bool load_indices(struct indices *x, struct arena *arena, struct error *err)
{
    const struct dtype whole = dtype_make(DTYPE_INT, 8);
    for (unsigned i = 0; i < x->count; i++) {
        struct array cast, *a = &x->arrays[i];
        uint64_t n;
        const uint8_t *packed;
        const bool none = array_count(a, &n) && n == 0 && dtype_is_numeric(&a->dtype); /* [] is of floats */
        if (!none && a->dtype.kind != DTYPE_INT && a->dtype.kind != DTYPE_UINT)
            return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "indices are integers, or one mask of bool");
        if (!array_cast(a, &whole, arena, &cast, err) || !array_pack(&cast, arena, &packed, err))
            return false;
        x->numbers[i] = (const int64_t *)(const void *)packed;
    }
    return true;
}

/* The shape that all of them are stretched to. */
static bool broadcast(const struct indices *x, struct arena *arena, struct points *p, struct error *err)
{
    uint64_t *shape = arena_alloc(arena, DTYPE_MAX_NDIM, sizeof *shape);
    size_t count = 1;
    if (shape == NULL)
        return arena_fail(arena, err);
    for (unsigned i = 0; i < x->count; i++)
        p->ndim = x->arrays[i].ndim > p->ndim ? x->arrays[i].ndim : p->ndim;
    for (unsigned k = 0; k < p->ndim; k++) {
        shape[k] = 1;
        for (unsigned i = 0; i < x->count; i++) {
            const struct array *a = &x->arrays[i];
            const uint64_t n = k < p->ndim - a->ndim ? 1 : a->shape[k - (p->ndim - a->ndim)];
            if (n != 1 && shape[k] != 1 && n != shape[k])
                return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET,
                            "the index arrays have shapes that do not fit");
            shape[k] = n == 1 ? shape[k] : n;
        }
        if (!checked_mul(count, shape[k], &count))
            return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "there are too many indices");
    }
    p->shape = shape;
    p->count = count;
    return true;
}

/* The place in a of the n-th of all that it is stretched to. */
static uint64_t stretched(const struct array *a, const struct points *p, uint64_t n)
{
    uint64_t at = 0, stride = 1;
    for (unsigned k = p->ndim; k-- > 0; n /= p->shape[k]) {
        if (k < p->ndim - a->ndim)
            break;
        const uint64_t length = a->shape[k - (p->ndim - a->ndim)];
        at += length == 1 ? 0 : n % p->shape[k] * stride;
        stride *= length;
    }
    return at;
}

static bool points_of_indices(struct indices *x, unsigned ndim, const uint64_t *shape, struct arena *arena,
                              struct points *out, struct error *err)
{
    struct points p = {.axes = x->count};
    if (!check_axes(x->count, ndim, shape, err) || !load_indices(x, arena, err) ||
        !broadcast(x, arena, &p, err))
        return false;
    uint64_t *places = arena_alloc(arena, p.count, sizeof *places);
    if (places == NULL)
        return arena_fail(arena, err);
    for (uint64_t n = 0; n < p.count; n++)
        for (unsigned i = 0; i < x->count; i++) {
            uint64_t at;
            if (!coordinate(x->numbers[i][stretched(&x->arrays[i], &p, n)], shape[i], i, ERROR_NO_OFFSET, &at,
                            err))
                return false;
            places[n] = places[n] * shape[i] + at;
        }
    p.places = places;
    *out = p;
    return true;
}

/* The items of a tuple, or the values of a dict. */
static struct value *item_of(const struct value *v, size_t i)
{
    return v->kind == VALUE_DICT ? v->dict.items[i].value : v->list.items[i];
}

bool points_of_value(const struct value *v, unsigned ndim, const uint64_t *shape, struct arena *arena,
                     struct points *out, struct error *err)
{
    struct indices x = {.count = 1};
    v = value_meaning((struct value *)(uintptr_t)v);
    if (v->kind == VALUE_TUPLE || v->kind == VALUE_DICT) {
        const size_t count = v->kind == VALUE_DICT ? v->dict.count : v->list.count;
        if (count == 0 || count > ndim)
            return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "there are %zu index arrays for %u dimensions",
                        count, ndim);
        x.count = (unsigned)count;
        for (unsigned i = 0; i < x.count; i++)
            if (!array_of_value(value_meaning(item_of(v, i)), arena, &x.arrays[i], err))
                return false;
        return points_of_indices(&x, ndim, shape, arena, out, err);
    }
    if (!array_of_value(v, arena, &x.arrays[0], err))
        return false;
    if (x.arrays[0].dtype.kind == DTYPE_BOOL)
        return points_of_mask(&x.arrays[0], ndim, shape, arena, out, err);
    return points_of_indices(&x, ndim, shape, arena, out, err);
}
