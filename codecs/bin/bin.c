#include "array_of_value.h"
#include "codec.h"

/* One array on its way to the sink, where big-endian parts are swapped. */
struct writer {
    struct array array;
    struct array_cursor cursor;
    bool swaps; /* some part of an element is big-endian */
};

enum { WINDOW = 256 << 10 };

static bool bin_begin(struct encoder *e, struct error *err)
{
    bool crosses;
    struct writer *w = arena_alloc(e->arena, 1, sizeof *w);
    if (w == NULL)
        return arena_fail(e->arena, err);
    if (!array_of_value(value_meaning(e->root), e->arena, &w->array, err))
        return false;
    if (!dtype_is_flat(&w->array.dtype))
        return FAIL(
            err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET,
            "raw elements have one size; JSON, pickle and HDF5 can hold objects and text of any length");
    const struct dtype *little = dtype_little(&w->array.dtype, e->arena);
    if (little == NULL)
        return arena_fail(e->arena, err);
    w->swaps = !dtype_equal(little, &w->array.dtype);
    if (!dtype_crosses(&w->array.dtype, e->arena, &crosses, err))
        return false;
    if (crosses)
        return FAIL(
            err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET,
            "big-endian fields that overlap have no little-endian bytes; JSON and pickle can hold them");
    e->state = w;
    return array_cursor_init(&w->cursor, &w->array, WINDOW, e->arena, err);
}

static bool put_block(const struct writer *w, const uint8_t *block, size_t count, struct sink *out,
                      struct error *err)
{
    const size_t size = count * w->array.dtype.itemsize;
    if (size == 0)
        return true;
    uint8_t *room = sink_reserve(out, size);
    if (room == NULL)
        return sink_fail(err);
    if (room != block)
        memcpy(room, block, size);
    if (w->swaps)
        dtype_swap(&w->array.dtype, room, count);
    sink_commit(out, size);
    return true;
}

/* A block that is put together anyway is put together where it goes. */
static bool aim(struct array_cursor *c, struct sink *out, struct error *err)
{
    const size_t size = c->block_elements * c->array->dtype.itemsize;
    if (c->packed || c->at >= c->total)
        return true;
    uint8_t *room = sink_reserve(out, size);
    if (room == NULL)
        return sink_fail(err);
    c->window = room;
    c->window_size = size;
    return true;
}

static enum step bin_step(struct encoder *e, struct sink *out, struct error *err)
{
    struct writer *w = e->state;
    const uint8_t *block;
    size_t count;
    while (!sink_full(out)) {
        if (!aim(&w->cursor, out, err) || !array_cursor_next(&w->cursor, &block, &count, err))
            return STEP_FAIL;
        if (count == 0)
            return STEP_DONE;
        if (!put_block(w, block, count, out, err))
            return STEP_FAIL;
    }
    return STEP_MORE;
}

const struct codec bin_codec = {
    .name = "bin",
    .title = "raw elements, little-endian, C order",
    .media_types = (const char *const[]){"application/octet-stream", NULL},
    .extensions = (const char *const[]){"bin", NULL},
    .begin = bin_begin,
    .step = bin_step,
};
