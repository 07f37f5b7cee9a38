#include "elements.h"

#include "datetime64.h"
#include "number.h"
#include "put.h"
#include "utf8.h"

#include <math.h>

enum {
    NUMBERS_AT_ONCE = 256, /* for so many the room is reserved once */
    MOST_LEVELS = 64,      /* of records and sub-arrays in one element's dtype */
    MOST_EMPTY = 1 << 16,  /* empty lists of one array */
};

/* ---- brackets ---- */

/* How many of the innermost axes begin at the index-th element: all of them at 0. */
static unsigned axes_at(const struct array *a, uint64_t index)
{
    unsigned axes = 0;
    while (axes < a->ndim) {
        const uint64_t length = a->shape[a->ndim - 1 - axes];
        if (index % length != 0)
            break;
        index /= length;
        axes++;
    }
    return axes;
}

static bool put_comma(const struct elements *e, bool more, struct sink *out, struct error *err)
{
    return put_byte(out, ',', err) && (!more || !e->pretty || put_byte(out, ' ', err));
}

bool elements_open(const struct elements *e, uint64_t index, struct sink *out, struct error *err)
{
    const struct array *a = e->array;
    const unsigned axes = axes_at(a, index), first = a->ndim - axes;
    if (index > 0 && !put_comma(e, axes == 0, out, err))
        return false;
    for (unsigned axis = first; axis < a->ndim; axis++) {
        if (e->pretty && axis > 0 && !put_line(out, e->depth + axis, err))
            return false;
        if (!put_byte(out, '[', err))
            return false;
    }
    return true;
}

bool elements_close(const struct elements *e, uint64_t index, struct sink *out, struct error *err)
{
    const struct array *a = e->array;
    const unsigned axes = axes_at(a, index + 1);
    for (unsigned i = 0; i < axes; i++) {
        if (e->pretty && i > 0 && !put_line(out, e->depth + a->ndim - 1 - i, err))
            return false;
        if (!put_byte(out, ']', err))
            return false;
    }
    return true;
}

/* Every list down to the first axis of length 0 is written; those inside of it are not there. */
bool elements_put_empty(const struct elements *e, struct sink *out, struct error *err)
{
    struct array visible = *e->array;
    uint64_t lists = 1;
    for (visible.ndim = 0; e->array->shape[visible.ndim] != 0; visible.ndim++) {
        const uint64_t length = e->array->shape[visible.ndim];
        if (length > MOST_EMPTY || (lists *= length) > MOST_EMPTY)
            return FAIL(
                err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET,
                "an array without elements would be more than %d empty lists; typed JSON, npy and hdf5 "
                "can hold it",
                MOST_EMPTY);
    }
    const struct elements rows = {.array = &visible, .pretty = e->pretty, .depth = e->depth};
    for (uint64_t i = 0; i < lists; i++)
        if (!elements_open(&rows, i, out, err) || !sink_text(out, "[]", err) ||
            !elements_close(&rows, i, out, err))
            return false;
    return true;
}

/* ---- numbers ---- */

static uint64_t load(const uint8_t *p, size_t size, bool swap)
{
    uint64_t raw = 0;
    memcpy(&raw, p, size);
    return swap ? __builtin_bswap64(raw) >> (64 - 8 * size) : raw;
}

/* One number as text; 0: it is not finite, and *odd is what it is. swap: it is big-endian. */
typedef size_t number_writer(const uint8_t *p, bool swap, char *out, double *odd);

/* NOLINTBEGIN(readability-non-const-parameter): integers are never odd, and all writers have one type */
static size_t write_bool(const uint8_t *p, bool swap, char *out, double *odd)
{
    (void)swap, (void)odd;
    memcpy(out, *p ? "true" : "false", 5);
    return *p ? 4 : 5;
}

#define INT_WRITER(name, type, size)                                                                         \
    static size_t name(const uint8_t *p, bool swap, char *out, double *odd)                                  \
    {                                                                                                        \
        (void)odd;                                                                                           \
        return number_write_int((type)load(p, size, swap), out);                                             \
    }
INT_WRITER(write_i1, int8_t, 1)
INT_WRITER(write_i2, int16_t, 2)
INT_WRITER(write_i4, int32_t, 4)
INT_WRITER(write_i8, int64_t, 8)
INT_WRITER(write_u1, uint8_t, 1)
INT_WRITER(write_u2, uint16_t, 2)
INT_WRITER(write_u4, uint32_t, 4)

static size_t write_u8(const uint8_t *p, bool swap, char *out, double *odd)
{
    (void)odd;
    return number_write_uint(load(p, 8, swap), out);
}

/* NOLINTEND(readability-non-const-parameter) */

static size_t write_f2(const uint8_t *p, bool swap, char *out, double *odd)
{
    const uint16_t bits = (uint16_t)load(p, 2, swap);
    *odd = number_of_half(bits);
    return isfinite(*odd) ? number_write_half(bits, out) : 0;
}

static size_t write_f4(const uint8_t *p, bool swap, char *out, double *odd)
{
    const uint32_t bits = (uint32_t)load(p, 4, swap);
    float v;
    memcpy(&v, &bits, sizeof v);
    *odd = v;
    return isfinite(v) ? number_write_float(v, out) : 0;
}

static size_t write_f8(const uint8_t *p, bool swap, char *out, double *odd)
{
    const uint64_t bits = load(p, 8, swap);
    memcpy(odd, &bits, sizeof *odd);
    return isfinite(*odd) ? number_write_double(*odd, out) : 0;
}

static size_t write_f16(const uint8_t *p, bool swap, char *out, double *odd)
{
    uint8_t little[16];
    for (size_t i = 0; i < sizeof little; i++)
        little[i] = p[swap ? sizeof little - 1 - i : i];
    *odd = number_of_extended(little);
    return isfinite(*odd) ? number_write_double(*odd, out) : 0;
}

static const struct {
    enum dtype_kind kind;
    size_t size;
    number_writer *write;
} number_writers[] = {
    {DTYPE_FLOAT, 8, write_f8},   {DTYPE_FLOAT, 4, write_f4}, {DTYPE_FLOAT, 2, write_f2},
    {DTYPE_FLOAT, 16, write_f16}, {DTYPE_INT, 8, write_i8},   {DTYPE_INT, 4, write_i4},
    {DTYPE_INT, 2, write_i2},     {DTYPE_INT, 1, write_i1},   {DTYPE_UINT, 8, write_u8},
    {DTYPE_UINT, 4, write_u4},    {DTYPE_UINT, 2, write_u2},  {DTYPE_UINT, 1, write_u1},
    {DTYPE_BOOL, 1, write_bool},
};

static number_writer *writer_of(enum dtype_kind kind, size_t size)
{
    for (size_t i = 0; i < ROWS(number_writers); i++)
        if (number_writers[i].kind == kind && number_writers[i].size == size)
            return number_writers[i].write;
    return NULL;
}

static bool no_such_size(const struct dtype *t, struct error *err)
{
    char name[48];
    dtype_typestr(t, name);
    return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "numbers of dtype %s cannot be written as JSON",
                name);
}

/* p at the place of the number; moves it behind. False: refused. */
static inline bool write_number(number_writer *write, const uint8_t *element, bool swap,
                                enum nan_spelling nan, uint8_t **p, struct error *err)
{
    double odd = 0;
    const size_t n = write(element, swap, (char *)*p, &odd);
    *p += n;
    if (n != 0)
        return true;
    const char *text = put_nan_text(odd, nan, err);
    if (text == NULL)
        return false;
    *p = (uint8_t *)stpcpy((char *)*p, text);
    return true;
}

/* Those that the block begins with and that are finite, up to NUMBERS_AT_ONCE; how many. Room is there. */
static size_t write_doubles(const struct elements *e, const uint8_t *block, size_t count, uint8_t **p)
{
    double some[NUMBERS_AT_ONCE];
    size_t n = 0;
    for (; n < count; n++, block += sizeof(double)) {
        const uint64_t bits = load(block, sizeof bits, e->array->dtype.order == '>');
        memcpy(&some[n], &bits, sizeof bits);
        if (!isfinite(some[n]))
            break;
    }
    *p += number_write_doubles(some, n, e->pretty, (char *)*p);
    return n;
}

/* One, behind a separator unless it begins a row. */
static bool write_next(const struct elements *e, number_writer *write, const uint8_t *element, bool begins,
                       uint8_t **p, struct error *err)
{
    if (!begins) {
        memcpy(*p, ", ", 2);
        *p += 1 + e->pretty;
    }
    return write_number(write, element, e->array->dtype.order == '>', e->nan, p, err);
}

/* count numbers of one row; the first is preceded by a separator unless it begins the row. */
static bool put_numbers(const struct elements *e, const uint8_t *block, size_t count, bool begins,
                        struct sink *out, struct error *err)
{
    const struct dtype *t = &e->array->dtype;
    number_writer *const write = writer_of(t->kind, t->itemsize);
    const bool doubles = write == write_f8;
    if (write == NULL)
        return no_such_size(t, err);
    for (size_t done = 0; done < count;) {
        const size_t left = count - done, end = done + (left < NUMBERS_AT_ONCE ? left : NUMBERS_AT_ONCE);
        uint8_t *const start = sink_reserve(out, (end - done) * (NUMBER_MAX + 2)), *p = start;
        if (start == NULL)
            return sink_fail(err);
        while (done < end) {
            const uint8_t *next = block + done * t->itemsize;
            const size_t run = doubles && done > 0 ? write_doubles(e, next, end - done, &p) : 0;
            if (run == 0 && !write_next(e, write, next, begins && done == 0, &p, err))
                return false;
            done += run == 0 ? 1 : run;
        }
        sink_commit(out, (size_t)(p - start));
    }
    return true;
}

/* ---- one element of any dtype ---- */

static bool put_number(const struct elements *e, const struct dtype *t, const uint8_t *p, struct sink *out,
                       struct error *err)
{
    const bool complex = t->kind == DTYPE_COMPLEX, swap = t->order == '>';
    const size_t size = complex ? t->itemsize / 2 : t->itemsize;
    number_writer *const write = writer_of(complex ? DTYPE_FLOAT : t->kind, size);
    uint8_t *const start = sink_reserve(out, 2 * (size_t)NUMBER_MAX + 4);
    if (write == NULL)
        return no_such_size(t, err);
    if (start == NULL)
        return sink_fail(err);
    uint8_t *at = start;
    if (complex)
        *at++ = '[';
    if (!write_number(write, p, swap, e->nan, &at, err))
        return false;
    if (complex) {
        *at++ = ',';
        if (!write_number(write, p + size, swap, e->nan, &at, err))
            return false;
        *at++ = ']';
    }
    sink_commit(out, (size_t)(at - start));
    return true;
}

static bool put_unicode(const struct dtype *t, const uint8_t *p, struct sink *out, struct error *err)
{
    size_t count = t->itemsize / 4;
    while (count > 0 && load(p + 4 * (count - 1), 4, false) == 0)
        count--;
    AUTO(arena_free) struct arena scratch;
    arena_init(&scratch, SIZE_MAX);
    uint8_t *text = arena_alloc(&scratch, count + 1, 4);
    if (text == NULL)
        return sink_fail(err);
    size_t n = 0;
    bool surrogates = false;
    for (size_t i = 0; i < count; i++) {
        const uint32_t code = (uint32_t)load(p + 4 * i, 4, t->order == '>');
        const size_t put = utf8_put(code, text + n);
        if (put == 0)
            return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "0x%x is no code point of Unicode", code);
        surrogates |= code >= 0xD800 && code < 0xE000;
        n += put;
    }
    return put_string(out, bytes_of(text, n), surrogates, err);
}

static bool put_padded(const struct dtype *t, const uint8_t *p, struct sink *out, struct error *err)
{
    size_t n = t->itemsize;
    while (n > 0 && p[n - 1] == 0)
        n--;
    return put_text_or_base64(out, bytes_of(p, n), err);
}

static bool put_time(const struct dtype *t, const uint8_t *p, struct sink *out, struct error *err)
{
    const int64_t count = (int64_t)load(p, 8, t->order == '>');
    char text[DATETIME64_MAX];
    if (count == DATETIME64_NAT)
        return sink_text(out, "null", err);
    const size_t n = t->kind == DTYPE_DATETIME ? datetime64_write(count, t->unit, text) : 0;
    return n == 0 ? put_int(out, count, err) : put_string(out, bytes_of(text, n), false, err);
}

static bool put_leaf(const struct elements *e, const struct dtype *t, const uint8_t *p, struct sink *out,
                     struct error *err)
{
    struct value *object;
    struct bytes text;
    switch (t->kind) {
    case DTYPE_BOOL:
    case DTYPE_INT:
    case DTYPE_UINT:
    case DTYPE_FLOAT:
    case DTYPE_COMPLEX:
        return put_number(e, t, p, out, err);
    case DTYPE_BYTES:
        return put_padded(t, p, out, err);
    case DTYPE_UNICODE:
        return put_unicode(t, p, out, err);
    case DTYPE_VOID:
        return put_base64(out, bytes_of(p, t->itemsize), err);
    case DTYPE_DATETIME:
    case DTYPE_TIMEDELTA:
        return put_time(t, p, out, err);
    case DTYPE_OBJECT:
        memcpy(&object, p, sizeof object);
        return e->put_object(e->self, object, out, err);
    case DTYPE_TEXT:
        memcpy(&text, p, sizeof text);
        return put_text_or_base64(out, text, err);
    }
    return true;
}

/* A record or sub-array that is being written: its next part. */
struct level {
    const struct dtype *dtype;
    const uint8_t *at;
    uint64_t next, count;
};

static struct level level_of(const struct dtype *t, const uint8_t *at)
{
    struct level l = {.dtype = t, .at = at, .count = t->field_count};
    if (t->base != NULL) {
        l.count = 1;
        for (unsigned i = 0; i < t->ndim; i++)
            l.count *= t->shape[i];
    }
    return l;
}

/* What stands around the next part of a level; *part is its dtype, *at where it lies. */
static bool put_before_part(const struct elements *e, struct level *l, const struct dtype **part,
                            const uint8_t **at, struct sink *out, struct error *err)
{
    if (l->dtype->base != NULL) {
        const struct array shape = {.ndim = l->dtype->ndim, .shape = l->dtype->shape};
        const struct elements brackets = {.array = &shape};
        *part = l->dtype->base;
        *at = l->at + l->next * l->dtype->base->itemsize;
        return elements_open(&brackets, l->next++, out, err);
    }
    const struct dtype_field *f = &l->dtype->fields[l->next];
    *part = f->dtype;
    *at = l->at + f->offset;
    if (!(l->next++ == 0 ? put_byte(out, e->record_lists ? '[' : '{', err) : put_comma(e, true, out, err)))
        return false;
    if (e->record_lists)
        return true;
    return put_label(out, f->name, err) && sink_text(out, e->pretty ? ": " : ":", err);
}

static bool put_behind_part(const struct elements *e, struct level *l, struct sink *out, struct error *err)
{
    if (l->dtype->base == NULL)
        return l->next < l->count || put_byte(out, e->record_lists ? ']' : '}', err);
    const struct array shape = {.ndim = l->dtype->ndim, .shape = l->dtype->shape};
    const struct elements brackets = {.array = &shape};
    return elements_close(&brackets, l->next - 1, out, err);
}

static bool is_leaf(const struct dtype *t)
{
    return t->base == NULL && t->field_count == 0;
}

/* A part is complete: so may be the level that it belongs to, and the levels around that one. */
static bool close_levels(const struct elements *e, struct level *levels, size_t *depth, struct sink *out,
                         struct error *err)
{
    for (; *depth > 0; --*depth) {
        struct level *l = &levels[*depth - 1];
        if (!put_behind_part(e, l, out, err))
            return false;
        if (l->next < l->count)
            return true;
    }
    return true;
}

/* Records and sub-arrays nest as the client says, so the levels are a stack of our own. */
static bool put_element(const struct elements *e, const struct dtype *t, const uint8_t *at, struct sink *out,
                        struct error *err)
{
    struct level levels[MOST_LEVELS];
    size_t depth = 0;
    for (;;) {
        const struct level level = level_of(t, at);
        if (!is_leaf(t) && level.count > 0) {
            if (depth == MOST_LEVELS)
                return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET,
                            "a dtype is nested deeper than %d levels", MOST_LEVELS);
            levels[depth++] = level;
        } else {
            if (!(is_leaf(t) ? put_leaf(e, t, at, out, err) : sink_text(out, "[]", err)) ||
                !close_levels(e, levels, &depth, out, err))
                return false;
            if (depth == 0)
                return true;
        }
        if (!put_before_part(e, &levels[depth - 1], &t, &at, out, err))
            return false;
    }
}

/* ---- blocks ---- */

static bool is_number(const struct dtype *t)
{
    return dtype_is_numeric(t) && t->kind != DTYPE_COMPLEX;
}

/* The elements up to the end of the row, or of the block. */
static bool put_row(const struct elements *e, uint64_t index, const uint8_t *block, size_t count,
                    struct sink *out, struct error *err)
{
    if (is_number(&e->array->dtype)) {
        const bool begins = axes_at(e->array, index) > 0 || index == 0;
        return (!begins || elements_open(e, index, out, err)) &&
               put_numbers(e, block, count, begins, out, err) &&
               elements_close(e, index + count - 1, out, err);
    }
    for (size_t i = 0; i < count; i++, block += e->array->dtype.itemsize)
        if (!elements_open(e, index + i, out, err) || !put_element(e, &e->array->dtype, block, out, err) ||
            !elements_close(e, index + i, out, err))
            return false;
    return true;
}

bool elements_put(const struct elements *e, uint64_t index, const uint8_t *block, size_t count,
                  struct sink *out, struct error *err)
{
    const struct array *a = e->array;
    const uint64_t row = a->ndim == 0 ? 1 : a->shape[a->ndim - 1];
    while (count > 0) {
        const uint64_t left = row - index % row;
        const size_t n = left < count ? (size_t)left : count;
        if (!put_row(e, index, block, n, out, err))
            return false;
        index += n;
        block += n * a->dtype.itemsize;
        count -= n;
    }
    return true;
}
