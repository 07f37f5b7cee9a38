/*
 * Two dimensions of numbers as a picture of one byte a pixel: levels (picture.h) that index a table of
 * colours (PNG's PLTE), of which the first is transparent (tRNS). The numbers are read once for their range,
 * unless that is given, and once for their rows.
 */
#include "array_of_value.h"
#include "cast.h"
#include "codec.h"
#include "write.h"

enum { WINDOW = 256 << 10, SIDE_MAX = 1 << 16 };

struct writer {
    struct png_writer *png;
    struct arena *arena;
    struct picture_look look;
    struct array numbers; /* as float64 */
    struct array_cursor cursor;
    size_t width, height;
    uint8_t *row;  /* its filter type, then width levels */
    size_t filled; /* levels of the row */
    bool started;
};

/* ---- the codec's two functions ---- */

static bool find_range(struct writer *w, struct error *err)
{
    struct picture_range range = picture_range_of(&w->look);
    const uint8_t *block;
    size_t count;
    if (w->look.has_min && w->look.has_max)
        return true;
    if (!array_cursor_init(&w->cursor, &w->numbers, WINDOW, w->arena, err))
        return false;
    do {
        if (!array_cursor_next(&w->cursor, &block, &count, err))
            return false;
        picture_range_add(&range, (const double *)(const void *)block, count);
    } while (count > 0);
    picture_settle(&w->look, &range);
    return true;
}

/* One dimension is a picture of one row. */
static bool set_size(struct writer *w, struct error *err)
{
    const struct array *a = &w->numbers;
    if (a->ndim < 1 || a->ndim > 2)
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET,
                    "a picture has two dimensions, and this has %u; slice= can select them", a->ndim);
    const uint64_t width = a->shape[a->ndim - 1], height = a->ndim == 1 ? 1 : a->shape[0];
    if (width == 0 || height == 0)
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "there is nothing to make a picture of");
    if (width > SIDE_MAX || height > SIDE_MAX)
        return FAIL(
            err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET,
            "a picture is at most %d pixels wide and high; slice= with steps makes it smaller, and so "
            "does /v1/preview",
            SIDE_MAX);
    w->width = (size_t)width;
    w->height = (size_t)height;
    return true;
}

static bool start_writer(struct writer *w, struct error *err)
{
    w->png = arena_alloc(w->arena, 1, sizeof *w->png);
    w->row = arena_alloc(w->arena, w->width + 1, 1);
    if (w->png == NULL || w->row == NULL)
        return arena_fail(w->arena, err);
    return png_writer_init(w->png, w->arena, err);
}

static bool png_begin(struct encoder *e, struct error *err)
{
    const struct dtype real = dtype_make(DTYPE_FLOAT, sizeof(double));
    struct writer *w = arena_alloc(e->arena, 1, sizeof *w);
    struct array array;
    if (w == NULL)
        return arena_fail(e->arena, err);
    w->arena = e->arena;
    w->look = e->options->picture;
    if (!array_of_value(value_meaning(e->root), e->arena, &array, err) ||
        !array_cast(&array, &real, e->arena, &w->numbers, err) || !set_size(w, err) || !find_range(w, err) ||
        !start_writer(w, err))
        return false;
    e->state = w;
    return array_cursor_init(&w->cursor, &w->numbers, WINDOW, e->arena, err);
}

static bool put_start(struct writer *w, struct sink *out, struct error *err)
{
    uint8_t colours[PICTURE_LEVELS][3];
    if (w->started)
        return true;
    w->started = true;
    picture_colours(w->look.map, colours);
    return png_write_start((uint32_t)w->width, (uint32_t)w->height, colours, out, err);
}

static bool put_numbers(struct writer *w, const double *numbers, size_t count, struct sink *out,
                        struct error *err)
{
    while (count > 0) {
        const size_t left = w->width - w->filled, n = count < left ? count : left;
        picture_levels(&w->look, numbers, n, w->row + 1 + w->filled);
        w->filled += n;
        numbers += n;
        count -= n;
        if (w->filled < w->width)
            return true;
        w->filled = 0;
        if (!png_write_row(w->png, bytes_of(w->row, w->width + 1), out, err))
            return false;
    }
    return true;
}

static enum step png_step(struct encoder *e, struct sink *out, struct error *err)
{
    struct writer *w = e->state;
    const uint8_t *block;
    size_t count;
    if (!put_start(w, out, err))
        return STEP_FAIL;
    while (!sink_full(out)) {
        if (!array_cursor_next(&w->cursor, &block, &count, err))
            return STEP_FAIL;
        if (count == 0)
            return png_write_end(w->png, out, err) ? STEP_DONE : STEP_FAIL;
        if (!put_numbers(w, (const double *)(const void *)block, count, out, err))
            return STEP_FAIL;
    }
    return STEP_MORE;
}

const struct codec png_codec = {
    .name = "png",
    .title = "a picture of two dimensions of numbers",
    .media_types = (const char *const[]){"image/png", NULL},
    .extensions = (const char *const[]){"png", NULL},
    .by_name_only = true,
    .begin = png_begin,
    .step = png_step,
};
