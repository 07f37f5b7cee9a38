/*
 * Values of HDF5/JSON as elements. A value nests as its shape and dtype do, and those nest at most
 * DTYPE_MAX_NDIM and SANDBOX_TYPE_DEPTH levels: that bounds the calls below. Memory follows the values that
 * are there.
 */
#include "elements.h"
#include "base64.h"
#include "bigint.h"
#include "number.h"
#include "outgoing.h"
#include "utf8.h"

#include <math.h>

enum { TEXT_SHOWN = 40 };

struct packing {
    struct h5_room *room;
    uint8_t *elements; /* len of capacity bytes */
    size_t len, capacity;
    struct error *err;
};

static bool misfit(struct packing *p, const struct value *v, const struct dtype *t)
{
    char name[48];
    const struct bytes kind = value_type_name(v);
    dtype_typestr(t, name);
    return FAIL(p->err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "a value of kind %.*s is no element of type %s",
                (int)(kind.len < TEXT_SHOWN ? kind.len : TEXT_SHOWN), (const char *)kind.data, name);
}

/* Zeroed room at the end. */
static bool grow(struct packing *p, size_t size, size_t *at)
{
    size_t need;
    if (!checked_add(p->len, size, &need) || need > SIZE_MAX / 2)
        return arena_fail(p->room->arena, p->err);
    if (need > p->capacity) {
        const size_t capacity = need < 64 ? 64 : need * 2;
        uint8_t *elements = arena_grow(p->room->arena, p->elements, p->capacity, capacity);
        if (elements == NULL)
            return arena_fail(p->room->arena, p->err);
        p->elements = elements;
        p->capacity = capacity;
    }
    *at = p->len;
    p->len = need;
    return true;
}

/* ---- plain elements; at is an offset, since the memory moves ---- */

static void store(struct packing *p, size_t at, const struct dtype *t, uint64_t bits, size_t size)
{
    for (size_t i = 0; i < size; i++)
        p->elements[at + (t->order == '>' ? size - 1 - i : i)] = (uint8_t)(bits >> (8 * i));
}

/* Integers of 64 bits, signed or not, where v is one. */
static bool integer_of(const struct value *v, int64_t *low, bool *above)
{
    *above = false;
    if (v->kind == VALUE_BOOL)
        *low = v->boolean;
    else if (v->kind == VALUE_INT)
        *low = v->integer;
    else if (v->kind == VALUE_BIGINT && v->text.len == 9 && v->text.data[8] == 0)
        *low = (int64_t)load_u64_le(v->text.data), *above = true;
    else
        return false;
    return true;
}

static bool put_integer(struct packing *p, const struct value *v, const struct dtype *t, size_t at)
{
    int64_t low;
    bool above;
    const unsigned bits = (unsigned)(8 * t->itemsize);
    if (!integer_of(v, &low, &above))
        return misfit(p, v, t);
    const bool fits = t->kind == DTYPE_BOOL ? !above && (low == 0 || low == 1)
                      : t->kind == DTYPE_UINT
                          ? (above || low >= 0) && (bits == 64 || (!above && low >> bits == 0))
                          : !above && (bits == 64 || (low >> (bits - 1) == 0 || low >> (bits - 1) == -1));
    if (!fits)
        return FAIL(p->err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "an integer does not fit its %u bits",
                    bits);
    store(p, at, t, (uint64_t)low, t->itemsize);
    return true;
}

/* JSON has no NaN and no infinities: null, and the words that the json format writes for them. */
static bool real_of(const struct value *v, double *out)
{
    static const struct {
        const char *word;
        double value;
    } odd[] = {{"NaN", NAN}, {"Infinity", INFINITY}, {"-Infinity", -INFINITY}};
    int64_t low;
    bool above;
    if (v->kind == VALUE_FLOAT || v->kind == VALUE_NONE)
        return *out = v->kind == VALUE_NONE ? (double)NAN : v->real, true;
    for (size_t i = 0; v->kind == VALUE_STR && i < ROWS(odd); i++)
        if (bytes_is(v->text, odd[i].word))
            return *out = odd[i].value, true;
    if (v->kind == VALUE_BOOL || !integer_of(v, &low, &above))
        return false;
    *out = above ? (double)(uint64_t)low : (double)low;
    return true;
}

/* x87 extended: 64 bits with the leading one, an exponent of 15 bits. */
static void put_extended(struct packing *p, size_t at, double v)
{
    const long double wide = v;
    memcpy(p->elements + at, &wide, 10);
}

static bool put_float(struct packing *p, const struct value *v, const struct dtype *t, size_t at, size_t size)
{
    double real;
    uint64_t bits = 0;
    if (!real_of(v, &real))
        return misfit(p, v, t);
    const float narrow = (float)real;
    uint32_t narrow_bits;
    memcpy(&narrow_bits, &narrow, sizeof narrow_bits);
    if (size == 8)
        memcpy(&bits, &real, sizeof bits);
    else if (size == 16)
        put_extended(p, at, real);
    else
        bits = size == 4 ? narrow_bits : number_to_half(real);
    if (size <= 8)
        store(p, at, t, bits, size);
    return true;
}

static bool put_complex(struct packing *p, const struct value *v, const struct dtype *t, size_t at)
{
    const size_t half = t->itemsize / 2;
    if (v->kind != VALUE_LIST || v->list.count != 2)
        return misfit(p, v, t);
    return put_float(p, v->list.items[0], t, at, half) && put_float(p, v->list.items[1], t, at + half, half);
}

static bool put_fixed(struct packing *p, const struct value *v, const struct dtype *t, size_t at)
{
    if (v->kind != VALUE_STR)
        return misfit(p, v, t);
    if (v->text.len > t->itemsize)
        return FAIL(p->err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "a text has %zu bytes, its type %zu",
                    v->text.len, t->itemsize);
    if (v->text.len > 0)
        memcpy(p->elements + at, v->text.data, v->text.len);
    return true;
}

/* Bytes of no other meaning, as base64. */
static bool put_opaque(struct packing *p, const struct value *v, const struct dtype *t, size_t at)
{
    struct bytes raw;
    if (v->kind != VALUE_STR)
        return misfit(p, v, t);
    struct error why = {0};
    if (!base64_decode(v->text, p->room->arena, &raw, &why) || raw.len != t->itemsize)
        return FAIL(p->err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "opaque elements are %zu bytes as base64",
                    t->itemsize);
    memcpy(p->elements + at, raw.data, raw.len);
    return true;
}

static bool put_text(struct packing *p, const struct value *v, const struct dtype *t, size_t at)
{
    if (v->kind != VALUE_STR)
        return misfit(p, v, t);
    if (!h5_plain_text(v))
        return FAIL(p->err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "a text has a NUL or surrogates");
    return h5_put_text(p->room, v->text, p->elements + at, p->err);
}

static bool put_plain(struct packing *p, const struct value *v, const struct dtype *t, size_t at)
{
    switch (t->kind) {
    case DTYPE_BOOL:
    case DTYPE_INT:
    case DTYPE_UINT:
        return put_integer(p, v, t, at);
    case DTYPE_FLOAT:
        return put_float(p, v, t, at, t->itemsize);
    case DTYPE_COMPLEX:
        return put_complex(p, v, t, at);
    case DTYPE_BYTES:
        return put_fixed(p, v, t, at);
    case DTYPE_TEXT:
        return put_text(p, v, t, at);
    case DTYPE_VOID:
    case DTYPE_DATETIME:
    case DTYPE_TIMEDELTA:
    case DTYPE_UNICODE:
        return put_opaque(p, v, t, at);
    case DTYPE_OBJECT:
        return h5_put_object(p->room, t, v, p->elements + at, p->err);
    }
    return misfit(p, v, t);
}

/* ---- shapes ---- */

static bool put_element(struct packing *p, const struct value *v, const struct dtype *t, size_t at);

static bool check_count(struct packing *p, const struct value *v, uint64_t count, const char *what)
{
    if (v->kind != VALUE_LIST)
        return FAIL(p->err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET,
                    "a value is no list where its %s has %llu parts", what, (unsigned long long)count);
    return v->list.count == count ||
           FAIL(p->err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "a list has %zu items where its %s has %llu",
                v->list.count, what, (unsigned long long)count);
}

/* An array inside of an element: its room is there. */
static bool put_inner(struct packing *p, const struct value *v, unsigned ndim, const uint64_t *dims,
                      const struct dtype *t, size_t *at)
{
    if (ndim == 0) {
        const size_t here = *at;
        *at += t->itemsize;
        return put_element(p, v, t, here);
    }
    if (!check_count(p, v, dims[0], "type"))
        return false;
    for (size_t i = 0; i < v->list.count; i++)
        if (!put_inner(p, v->list.items[i], ndim - 1, dims + 1, t, at))
            return false;
    return true;
}

static bool put_element(struct packing *p, const struct value *v, const struct dtype *t, size_t at)
{
    if (t->base != NULL)
        return put_inner(p, v, t->ndim, t->shape, t->base, &at);
    if (t->field_count == 0)
        return put_plain(p, v, t, at);
    if (!check_count(p, v, t->field_count, "type"))
        return false;
    for (size_t i = 0; i < t->field_count; i++)
        if (!put_element(p, v->list.items[i], t->fields[i].dtype, at + t->fields[i].offset))
            return false;
    return true;
}

static bool put_outer(struct packing *p, const struct value *v, unsigned ndim, const uint64_t *dims,
                      const struct dtype *t)
{
    size_t at;
    if (ndim == 0)
        return grow(p, t->itemsize, &at) && put_element(p, v, t, at);
    if (v->kind == VALUE_LIST && v->list.count == 0) /* no elements: in how many rows is not always said */
        for (unsigned i = 0; i < ndim; i++)
            if (dims[i] == 0)
                return true;
    if (!check_count(p, v, dims[0], "shape"))
        return false;
    for (size_t i = 0; i < v->list.count; i++)
        if (!put_outer(p, v->list.items[i], ndim - 1, dims + 1, t))
            return false;
    return true;
}

bool h5_elements(struct h5_room *room, const struct value *v, unsigned ndim, const uint64_t *dims,
                 const struct dtype *dtype, struct bytes *out, struct error *err)
{
    struct packing p = {.room = room, .err = err};
    room->heap.len = 0;
    if (!put_outer(&p, v, ndim, dims, dtype))
        return false;
    *out = bytes_of(p.elements, p.len);
    return true;
}

bool h5_list_elements(struct h5_room *room, const struct value *list, const struct dtype *t,
                      struct bytes *out, struct error *err)
{
    const uint64_t dims[] = {list->list.count};
    struct packing p = {.room = room, .err = err};
    if (!put_outer(&p, list, 1, dims, t))
        return false;
    *out = bytes_of(p.elements, p.len);
    return true;
}
