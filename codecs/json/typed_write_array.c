/* Arrays as typed JSON: their elements are the base64 of their bytes, or a list. */
#include "typed_writer.h"

#include "base64.h"
#include "number.h"

enum { RAW_AT_ONCE = 48 << 10 }; /* bytes of a Fortran array written before the sink is asked again */

static bool put_shape(struct typed_writer *w, const struct array *a, struct sink *out, struct error *err)
{
    if (!layout_member(&w->layout, "shape", out, err) || !put_byte(out, '[', err))
        return false;
    for (unsigned i = 0; i < a->ndim; i++) {
        uint8_t *room = sink_reserve(out, NUMBER_MAX + 1);
        if (room == NULL)
            return sink_fail(err);
        room[0] = ',';
        const size_t comma = i > 0 ? 1 : 0;
        sink_commit(out, comma + number_write_uint(a->shape[i], (char *)room + comma));
    }
    return put_byte(out, ']', err);
}

/* Whole groups of three bytes become base64; up to two bytes wait for what comes. */
static bool put_raw(struct typed_writer *w, struct bytes raw, struct sink *out, struct error *err)
{
    uint8_t *room = sink_reserve(out, (w->carried + raw.len + 2) / 3 * 4);
    if (room == NULL)
        return sink_fail(err);
    size_t written = 0;
    while (w->carried > 0 && w->carried < 3 && raw.len > 0) {
        w->carry[w->carried++] = *raw.data;
        raw = bytes_of(raw.data + 1, raw.len - 1);
    }
    if (w->carried == 3) {
        written = base64_encode(bytes_of(w->carry, 3), room);
        w->carried = 0;
    }
    const size_t whole = w->carried > 0 ? 0 : raw.len - raw.len % 3;
    if (whole > 0)
        written += base64_encode(bytes_of(raw.data, whole), room + written);
    sink_commit(out, written);
    for (size_t i = whole; i < raw.len; i++)
        w->carry[w->carried++] = raw.data[i];
    return true;
}

static bool end_raw(struct typed_writer *w, struct sink *out, struct error *err)
{
    uint8_t *room = sink_reserve(out, 4);
    if (room == NULL)
        return sink_fail(err);
    if (w->carried > 0)
        sink_commit(out, base64_encode(bytes_of(w->carry, w->carried), room));
    w->carried = 0;
    return put_byte(out, '"', err);
}

/* Variable-length text: one string, or bytes, for each element. */
static bool put_texts(struct typed_writer *w, const struct walk_event *ev, struct sink *out,
                      struct error *err)
{
    for (size_t i = 0; i < ev->elements; i++) {
        struct bytes text;
        memcpy(&text, ev->block + i * sizeof text, sizeof text);
        if (!layout_separate(&w->layout, out, err) ||
            !(ev->value->array->dtype.text_is_bytes ? put_base64(out, text, err) : put_name(out, text, err)))
            return false;
    }
    return true;
}

/* The elements lie in memory in Fortran order, all of them. */
static bool is_fortran(const struct array *a)
{
    return a->fortran && a->ndim > 1 && a->source == NULL && a->strides == NULL && a->axes == NULL;
}

static bool begin_raw(struct typed_writer *w, const struct array *a, struct sink *out, struct error *err)
{
    uint64_t size;
    if (is_fortran(a)) {
        if (!array_size(a, &size))
            return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "an array has more than 2^64 bytes");
        w->raw = bytes_of(a->data, (size_t)size);
        walk_skip(w->walk);
    }
    return put_byte(out, '"', err);
}

/* The elements are a list of values, not bytes. */
static bool is_list(const struct dtype *t)
{
    return !dtype_is_flat(t);
}

bool typed_enter_array(struct typed_writer *w, const struct array *a, struct sink *out, struct error *err)
{
    const bool list = is_list(&a->dtype);
    if (!typed_open(w, a->scalar ? "$scalar" : "$ndarray", '{', out, err) ||
        !layout_member(&w->layout, "dtype", out, err) || !typed_put_dtype(w, &a->dtype, out, err) ||
        (!a->scalar && !put_shape(w, a, out, err)))
        return false;
    if (is_fortran(a) && !(layout_member(&w->layout, "order", out, err) && sink_text(out, "\"F\"", err)))
        return false;
    if (!layout_member(&w->layout, "data", out, err))
        return false;
    return list ? layout_open(&w->layout, '[', out, err) : begin_raw(w, a, out, err);
}

bool typed_leave_array(struct typed_writer *w, const struct array *a, struct sink *out, struct error *err)
{
    return (is_list(&a->dtype) ? layout_close(&w->layout, ']', out, err) : end_raw(w, out, err)) &&
           typed_close(w, '}', out, err);
}

bool typed_put_more(struct typed_writer *w, struct sink *out, struct error *err)
{
    const size_t n = w->raw.len < RAW_AT_ONCE ? w->raw.len : RAW_AT_ONCE;
    const struct bytes now = bytes_of(w->raw.data, n);
    w->raw = bytes_of(w->raw.data + n, w->raw.len - n);
    return put_raw(w, now, out, err);
}

bool typed_put_block(struct typed_writer *w, const struct walk_event *ev, struct sink *out, struct error *err)
{
    const struct dtype *t = &ev->value->array->dtype;
    return t->kind == DTYPE_TEXT ? put_texts(w, ev, out, err)
                                 : put_raw(w, bytes_of(ev->block, ev->elements * t->itemsize), out, err);
}
