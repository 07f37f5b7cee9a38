#include "put.h"

#include "bigint.h"
#include "datetime64.h"
#include "number.h"
#include "utf8.h"

#include <math.h>

/* ---- text ---- */

static bool is_special(uint32_t code)
{
    return code == ',' || code == '"' || code == '\r' || code == '\n';
}

static bool not_text(struct error *err)
{
    return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET,
                "CSV holds text in UTF-8 only; npy, pickle and JSON can hold these bytes");
}

static bool put_quoted(struct bytes text, struct sink *out, struct error *err)
{
    uint8_t *const room = sink_reserve(out, 2 * text.len + 2);
    if (room == NULL)
        return sink_fail(err);
    uint8_t *p = room;
    *p++ = '"';
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '"')
            *p++ = '"';
        *p++ = text.data[i];
    }
    *p++ = '"';
    sink_commit(out, (size_t)(p - room));
    return true;
}

bool csv_put_text(struct bytes text, bool lonely, struct sink *out, struct error *err)
{
    bool quoted = lonely && text.len == 0;
    if (utf8_valid(text) != text.len)
        return not_text(err);
    for (size_t i = 0; i < text.len && !quoted; i++)
        quoted = is_special(text.data[i]);
    return quoted ? put_quoted(text, out, err) : sink_bytes(out, text, err);
}

static uint64_t load(const uint8_t *p, size_t size, bool swap)
{
    uint64_t raw = 0;
    memcpy(&raw, p, size);
    return swap ? __builtin_bswap64(raw) >> (64 - 8 * size) : raw;
}

static bool put_unicode(const struct dtype *t, const uint8_t *p, bool lonely, struct sink *out,
                        struct error *err)
{
    const bool swap = t->order == '>';
    size_t count = t->itemsize / 4;
    while (count > 0 && load(p + 4 * (count - 1), 4, false) == 0)
        count--;
    bool quoted = lonely && count == 0;
    for (size_t i = 0; i < count && !quoted; i++)
        quoted = is_special((uint32_t)load(p + 4 * i, 4, swap));
    uint8_t *const room = sink_reserve(out, 4 * count + 2);
    if (room == NULL)
        return sink_fail(err);
    uint8_t *at = room;
    if (quoted)
        *at++ = '"';
    for (size_t i = 0; i < count; i++) {
        const uint32_t code = (uint32_t)load(p + 4 * i, 4, swap);
        if (code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
            return not_text(err);
        if (code == '"')
            *at++ = '"';
        at += utf8_put(code, at);
    }
    if (quoted)
        *at++ = '"';
    sink_commit(out, (size_t)(at - room));
    return true;
}

static bool put_padded(const struct dtype *t, const uint8_t *p, bool lonely, struct sink *out,
                       struct error *err)
{
    size_t n = t->itemsize;
    while (n > 0 && p[n - 1] == 0)
        n--;
    return csv_put_text(bytes_of(p, n), lonely, out, err);
}

/* ---- numbers ---- */

static size_t write_int(const uint8_t *p, size_t size, bool swap, char *out)
{
    const unsigned unused = 64 - 8 * (unsigned)size;
    return number_write_int((int64_t)(load(p, size, swap) << unused) >> unused, out);
}

static size_t write_extended(const uint8_t *p, bool swap, char *out)
{
    uint8_t little[16];
    for (size_t i = 0; i < sizeof little; i++)
        little[i] = p[swap ? sizeof little - 1 - i : i];
    return number_write_double(number_of_extended(little), out);
}

static size_t write_float(const uint8_t *p, size_t size, bool swap, char *out)
{
    if (size == 16)
        return write_extended(p, swap, out);
    const uint64_t bits = load(p, size, swap);
    const uint32_t narrow = (uint32_t)bits;
    float single;
    double real;
    memcpy(&single, &narrow, sizeof single);
    memcpy(&real, &bits, sizeof real);
    return size == 2   ? number_write_half((uint16_t)bits, out)
           : size == 4 ? number_write_float(single, out)
                       : number_write_double(real, out);
}

/* Python spells the parts of complex numbers without ".0". */
static size_t write_part(const uint8_t *p, size_t size, bool swap, char *out)
{
    const size_t n = write_float(p, size, swap, out);
    return n > 2 && out[n - 2] == '.' && out[n - 1] == '0' ? n - 2 : n;
}

/* Python leaves a real part of 0 out, but not one of -0. */
static size_t write_complex(const uint8_t *p, size_t size, bool swap, char *out)
{
    char imaginary[NUMBER_MAX];
    const size_t len = write_part(p + size / 2, size / 2, swap, imaginary);
    size_t n = write_part(p, size / 2, swap, out);
    if (n == 1 && out[0] == '0')
        n = 0;
    else if (imaginary[0] != '-')
        out[n++] = '+';
    memcpy(out + n, imaginary, len);
    out[n + len] = 'j';
    return n + len + 1;
}

static bool put_number(const struct dtype *t, const uint8_t *p, struct sink *out, struct error *err)
{
    const bool swap = t->order == '>';
    char *const room = (char *)sink_reserve(out, 2 * (size_t)NUMBER_MAX + 2);
    size_t n = 0;
    if (room == NULL)
        return sink_fail(err);
    if (t->kind == DTYPE_INT)
        n = write_int(p, t->itemsize, swap, room);
    else if (t->kind == DTYPE_UINT)
        n = number_write_uint(load(p, t->itemsize, swap), room);
    else if (t->kind == DTYPE_FLOAT)
        n = write_float(p, t->itemsize, swap, room);
    else
        n = write_complex(p, t->itemsize, swap, room);
    sink_commit(out, n);
    return true;
}

/* Without a calendar: the count. */
static bool put_time(const struct dtype *t, const uint8_t *p, struct sink *out, struct error *err)
{
    const int64_t count = (int64_t)load(p, 8, t->order == '>');
    char text[(size_t)DATETIME64_MAX + NUMBER_MAX];
    if (count == DATETIME64_NAT)
        return sink_text(out, "NaT", err);
    size_t n = t->kind == DTYPE_DATETIME ? datetime64_write(count, t->unit, text) : 0;
    if (n == 0)
        n = number_write_int(count, text);
    return sink_write(out, text, n, err);
}

/* ---- any element ---- */

static bool put_bool(bool v, struct sink *out, struct error *err)
{
    return sink_text(out, v ? "True" : "False", err);
}

/* What an object is that stands for another: a NumPy scalar's element is one of its array. */
static struct value *load_object(const uint8_t *p)
{
    struct value *object;
    memcpy(&object, p, sizeof object);
    return value_meaning(object);
}

static bool is_scalar(const struct value *v)
{
    const struct array *a = v->kind == VALUE_ARRAY && v->array->ndim == 0 ? v->array : NULL;
    const struct dtype *t = a == NULL || a->source != NULL || a->axes != NULL ? NULL : &a->dtype;
    return t != NULL && t->kind != DTYPE_OBJECT && t->kind != DTYPE_VOID && t->base == NULL;
}

bool csv_check_object(const uint8_t *p, struct error *err)
{
    const struct value *v = load_object(p);
    const struct bytes name = value_type_name(v);
    return v->kind == VALUE_STR || v->kind == VALUE_NONE || v->kind == VALUE_BOOL || v->kind == VALUE_INT ||
           v->kind == VALUE_BIGINT || v->kind == VALUE_FLOAT || is_scalar(v) ||
           FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET,
                "a cell of CSV is a number or text, and this is a %.*s; pickle and JSON can hold it",
                (int)name.len, (const char *)name.data);
}

static bool is_nan(const uint8_t *p, size_t size, bool swap)
{
    static const struct {
        size_t size;
        unsigned fraction; /* bits */
    } kinds[] = {{2, 10}, {4, 23}, {8, 52}};
    const uint64_t bits = size <= 8 ? load(p, size, swap) : 0;
    for (size_t i = 0; i < ROWS(kinds); i++) {
        const uint64_t infinity = ((UINT64_C(1) << (8 * size - 1 - kinds[i].fraction)) - 1)
                                  << kinds[i].fraction;
        if (size == kinds[i].size)
            return (bits & ((UINT64_C(1) << (8 * size - 1)) - 1)) > infinity;
    }
    return false;
}

bool csv_is_gap(const struct dtype *t, const uint8_t *p)
{
    const struct value *object;
    switch (t->kind) {
    case DTYPE_FLOAT:
        return is_nan(p, t->itemsize, t->order == '>');
    case DTYPE_DATETIME:
    case DTYPE_TIMEDELTA:
        return (int64_t)load(p, 8, t->order == '>') == DATETIME64_NAT;
    case DTYPE_OBJECT:
        object = load_object(p); /* pandas.NaT means None */
        return object->kind == VALUE_FLOAT && isnan(object->real);
    case DTYPE_BOOL:
    case DTYPE_INT:
    case DTYPE_UINT:
    case DTYPE_COMPLEX:
    case DTYPE_BYTES:
    case DTYPE_UNICODE:
    case DTYPE_TEXT:
    case DTYPE_VOID:
        break;
    }
    return false;
}

static bool put_plain(const struct dtype *t, const uint8_t *p, bool lonely, struct sink *out,
                      struct error *err)
{
    struct bytes text;
    switch (t->kind) {
    case DTYPE_BOOL:
        return put_bool(*p != 0, out, err);
    case DTYPE_INT:
    case DTYPE_UINT:
    case DTYPE_FLOAT:
    case DTYPE_COMPLEX:
        return put_number(t, p, out, err);
    case DTYPE_BYTES:
        return put_padded(t, p, lonely, out, err);
    case DTYPE_UNICODE:
        return put_unicode(t, p, lonely, out, err);
    case DTYPE_DATETIME:
    case DTYPE_TIMEDELTA:
        return put_time(t, p, out, err);
    case DTYPE_TEXT:
        memcpy(&text, p, sizeof text);
        return csv_put_text(text, lonely, out, err);
    case DTYPE_OBJECT:
    case DTYPE_VOID:
        break;
    }
    return not_text(err);
}

/* Arrays of objects most often hold text with gaps, or numbers: None is an empty cell, as pandas writes it.
 */
static bool put_object(const struct value *v, bool lonely, const struct limits *limits, struct sink *out,
                       struct error *err)
{
    char text[NUMBER_MAX];
    if (v->kind == VALUE_STR)
        return csv_put_text(v->text, lonely, out, err);
    if (v->kind == VALUE_NONE)
        return csv_put_text(bytes_of(NULL, 0), lonely, out, err);
    if (v->kind == VALUE_BOOL)
        return put_bool(v->boolean, out, err);
    if (v->kind == VALUE_INT)
        return sink_write(out, text, number_write_int(v->integer, text), err);
    if (v->kind == VALUE_BIGINT)
        return bigint_put(out, v->text, limits, err);
    if (v->kind == VALUE_FLOAT)
        return sink_write(out, text, number_write_double(v->real, text), err);
    return put_plain(&v->array->dtype, v->array->data, lonely, out, err);
}

bool csv_put_cell(const struct dtype *t, const uint8_t *p, bool lonely, const struct limits *limits,
                  struct sink *out, struct error *err)
{
    return t->kind == DTYPE_OBJECT ? put_object(load_object(p), lonely, limits, out, err)
                                   : put_plain(t, p, lonely, out, err);
}
