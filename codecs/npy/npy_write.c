#include <stdio.h>

#include "array_of_value.h"
#include "literal.h"
#include "npy.h"
#include "reader.h"
#include "utf8.h"

/* What npy_step has still to write. */
struct writer {
    struct bytes header;
    struct array array;
    bool texts; /* the array has text of any length; dtype is what it becomes */
    struct dtype dtype;
    struct array_cursor cursor;
    bool started; /* the header is written */
};

enum { WINDOW = 256 << 10 };

/* ---- text of any length becomes text of the greatest ---- */

static size_t width_of(const struct array *a, struct bytes text)
{
    return a->dtype.text_is_bytes ? text.len : utf8_count(text);
}

static bool text_is_fine(const struct array *a, struct bytes text)
{
    bool surrogates;
    return a->dtype.text_is_bytes || utf8_valid_surrogatepass(text, &surrogates) == text.len;
}

static bool find_width(const struct array *a, struct array_cursor *c, struct arena *arena, size_t *width,
                       struct error *err)
{
    const uint8_t *block;
    size_t count;
    *width = 1;
    if (!array_cursor_init(c, a, WINDOW, arena, err))
        return false;
    while (array_cursor_next(c, &block, &count, err)) {
        if (count == 0)
            return true;
        for (size_t i = 0; i < count; i++) {
            struct bytes text;
            memcpy(&text, block + i * sizeof text, sizeof text);
            if (!text_is_fine(a, text))
                return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET,
                            "a text of the array is not UTF-8; HDF5 can hold it");
            if (width_of(a, text) > *width)
                *width = width_of(a, text);
        }
    }
    return false;
}

static bool find_dtype(struct writer *w, struct arena *arena, struct error *err)
{
    size_t width, size;
    w->dtype = w->array.dtype;
    w->texts = w->array.dtype.kind == DTYPE_TEXT;
    if (!w->texts)
        return dtype_is_flat(&w->dtype) || FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET,
                                                "npy holds elements of one size; JSON, pickle and HDF5 can "
                                                "hold objects and text in records");
    if (!find_width(&w->array, &w->cursor, arena, &width, err))
        return false;
    const bool raw = w->array.dtype.text_is_bytes;
    if (!checked_mul(width, raw ? 1 : 4, &size) || size > INT32_MAX)
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "the longest text is too long for npy");
    w->dtype = dtype_make(raw ? DTYPE_BYTES : DTYPE_UNICODE, size);
    return true;
}

static void widen(struct bytes text, const struct dtype *t, uint8_t *to)
{
    memset(to, 0, t->itemsize);
    if (t->kind == DTYPE_BYTES) {
        if (text.len > 0)
            memcpy(to, text.data, text.len);
        return;
    }
    for (size_t at = 0; at < text.len; to += 4)
        store_u32_le(to, utf8_next(text, &at));
}

/* ---- the header ---- */

/* The elements lie in Fortran order, and not in C order as well: they can be written as they lie. */
static bool is_fortran(const struct array *a)
{
    unsigned long_axes = 0;
    uint64_t count;
    for (unsigned i = 0; i < a->ndim; i++)
        long_axes += a->shape[i] != 1;
    return a->source == NULL && a->fortran && a->axes == NULL && a->strides == NULL && long_axes > 1 &&
           array_count(a, &count) && count > 0;
}

/* NumPy leaves room for the axis that may grow to have 21 digits. */
static bool add_growth(struct literal_text *text, const struct array *a, bool fortran)
{
    static const char blanks[] = "                     "; /* 21 */
    char digits[24];
    if (a->ndim == 0)
        return true;
    const uint64_t n = a->shape[fortran ? a->ndim - 1 : 0];
    const int used = snprintf(digits, sizeof digits, "%llu", (unsigned long long)n);
    return literal_add(text, bytes_of(blanks, sizeof blanks - 1 - (size_t)used));
}

static struct value *shape_value(const struct array *a, struct arena *arena)
{
    struct value *shape = value_new(arena, VALUE_TUPLE);
    for (unsigned i = 0; shape != NULL && i < a->ndim; i++) {
        struct value *n = value_uint(arena, a->shape[i]);
        if (n == NULL || !value_append(arena, &shape->list, n))
            return NULL;
    }
    return shape;
}

static bool write_literal(const struct writer *w, struct literal_text *text, struct error *err)
{
    const bool fortran = is_fortran(&w->array);
    const struct value *descr = dtype_descr(&w->dtype, text->arena);
    const struct value *shape = shape_value(&w->array, text->arena);
    if (descr != NULL && descr->kind == VALUE_DICT)
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET,
                    "npy cannot describe records whose fields overlap or are out of order");
    const bool ok = descr != NULL && shape != NULL && literal_add(text, bytes_text("{'descr': ")) &&
                    literal_write(text, descr) && literal_add(text, bytes_text(", 'fortran_order': ")) &&
                    literal_add(text, bytes_text(fortran ? "True" : "False")) &&
                    literal_add(text, bytes_text(", 'shape': ")) && literal_write(text, shape) &&
                    literal_add(text, bytes_text(", }")) && add_growth(text, &w->array, fortran);
    return ok || arena_fail(text->arena, err);
}

/* In place. False: some character is not in latin-1; the text is untouched. */
static bool to_latin1(struct literal_text *text)
{
    const struct bytes utf8 = bytes_of(text->data, text->len);
    size_t n = 0;
    for (size_t at = 0; at < utf8.len;)
        if (utf8_next(utf8, &at) > 0xff)
            return false;
    for (size_t at = 0; at < utf8.len;)
        text->data[n++] = (uint8_t)utf8_next(utf8, &at);
    text->len = n;
    return true;
}

/* Version 1 where the length fits 16 bits, 3 where the text needs UTF-8, else 2. */
static bool frame_header(struct writer *w, struct literal_text *text, struct error *err)
{
    const bool latin1 = to_latin1(text);
    uint8_t start[NPY_MAGIC + 2 + 4] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0};
    size_t start_len = NPY_MAGIC + 2 + 2;
    size_t padding = NPY_ALIGN - (start_len + text->len + 1) % NPY_ALIGN;
    if (!latin1 || text->len + 1 + padding > UINT16_MAX) {
        start[NPY_MAGIC] = latin1 ? 2 : 3;
        start_len = NPY_MAGIC + 2 + 4;
        padding = NPY_ALIGN - (start_len + text->len + 1) % NPY_ALIGN;
    }
    const size_t len = text->len + padding + 1;
    if (start_len == sizeof start)
        store_u32_le(start + NPY_MAGIC + 2, (uint32_t)len);
    else
        store_u16_le(start + NPY_MAGIC + 2, (uint16_t)len);
    uint8_t *header = arena_alloc(text->arena, 1, start_len + len);
    if (header == NULL)
        return arena_fail(text->arena, err);
    memcpy(header, start, start_len);
    memcpy(header + start_len, text->data, text->len);
    memset(header + start_len + text->len, ' ', padding);
    header[start_len + len - 1] = '\n';
    w->header = bytes_of(header, start_len + len);
    return true;
}

/* ---- the codec's two functions ---- */

bool npy_begin(struct encoder *e, struct error *err)
{
    struct writer *w = arena_alloc(e->arena, 1, sizeof *w);
    struct literal_text text = {.arena = e->arena};
    if (w == NULL)
        return arena_fail(e->arena, err);
    if (!array_of_value(value_meaning(e->root), e->arena, &w->array, err) || !find_dtype(w, e->arena, err) ||
        !write_literal(w, &text, err) || !frame_header(w, &text, err))
        return false;
    if (is_fortran(&w->array)) { /* the same memory, read from its start to its end */
        uint64_t *count = arena_alloc(e->arena, 1, sizeof *count);
        if (count == NULL || !array_count(&w->array, count))
            return arena_fail(e->arena, err);
        w->array = array_of_memory(w->dtype, 1, count, w->array.data);
    }
    e->state = w;
    return array_cursor_init(&w->cursor, &w->array, WINDOW, e->arena, err);
}

static bool put_texts(const struct writer *w, const uint8_t *block, size_t count, struct sink *out,
                      struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        struct bytes text;
        memcpy(&text, block + i * sizeof text, sizeof text);
        uint8_t *room = sink_reserve(out, w->dtype.itemsize);
        if (room == NULL)
            return sink_fail(err);
        widen(text, &w->dtype, room);
        sink_commit(out, w->dtype.itemsize);
    }
    return true;
}

enum step npy_step(struct encoder *e, struct sink *out, struct error *err)
{
    struct writer *w = e->state;
    const uint8_t *block;
    size_t count;
    if (!w->started && !sink_bytes(out, w->header, err))
        return STEP_FAIL;
    w->started = true;
    while (!sink_full(out)) {
        if (!array_cursor_next(&w->cursor, &block, &count, err))
            return STEP_FAIL;
        if (count == 0)
            return STEP_DONE;
        const bool ok = w->texts ? put_texts(w, block, count, out, err)
                                 : sink_write(out, block, count * w->dtype.itemsize, err);
        if (!ok)
            return STEP_FAIL;
    }
    return STEP_MORE;
}
