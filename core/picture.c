#include "picture.h"

#include <math.h>

#include "cast.h"

const char *const picture_maps[] = {
    [MAP_VIRIDIS] = "viridis", [MAP_GREY] = "grey",           [MAP_HEAT] = "heat",
    [MAP_OCEAN] = "ocean",     [MAP_DIVERGING] = "diverging", NULL,
};

/* ---- colours ---- */

enum { ANCHORS_MAX = 8 };

/* Colours at even distances, 0xRRGGBB. */
static const struct {
    unsigned count;
    uint32_t anchors[ANCHORS_MAX];
} maps[] = {
    [MAP_VIRIDIS] = {6, {0x440154, 0x414487, 0x2a788e, 0x22a884, 0x7ad151, 0xfde725}},
    [MAP_GREY] = {2, {0x000000, 0xffffff}},
    [MAP_HEAT] = {4, {0x000000, 0xc01000, 0xffb000, 0xffffff}},
    [MAP_OCEAN] = {4, {0x081040, 0x1060a0, 0x50c0c0, 0xf0fff0}},
    [MAP_DIVERGING] = {5, {0x2040a0, 0x80a8e0, 0xf4f4f4, 0xe89070, 0xa01828}},
};

static uint8_t channel(uint32_t colour, unsigned i)
{
    return (uint8_t)(colour >> (16 - 8 * i));
}

void picture_colours(enum picture_map map, uint8_t out[PICTURE_LEVELS][3])
{
    enum { STEPS = PICTURE_LEVELS - 2 };
    const unsigned gaps = maps[map].count - 1;
    for (unsigned level = 1; level < PICTURE_LEVELS; level++) {
        const unsigned at = (level - 1) * gaps, n = at / STEPS < gaps ? at / STEPS : gaps - 1;
        const unsigned part = at - n * STEPS;
        for (unsigned i = 0; i < 3; i++) {
            const unsigned low = channel(maps[map].anchors[n], i),
                           high = channel(maps[map].anchors[n + 1], i);
            out[level][i] = (uint8_t)((low * (STEPS - part) + high * part + STEPS / 2) / STEPS);
        }
    }
    memcpy(out[0], out[1], 3);
}

/* ---- from where to where ---- */

struct picture_range picture_range_of(const struct picture_look *look)
{
    return (struct picture_range){.log = look->log, .min = INFINITY, .max = -INFINITY};
}

void picture_range_add(struct picture_range *r, const double *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const double v = numbers[i];
        if (!isfinite(v) || (r->log && v <= 0))
            continue;
        r->min = v < r->min ? v : r->min;
        r->max = v > r->max ? v : r->max;
    }
}

void picture_settle(struct picture_look *look, const struct picture_range *r)
{
    const bool none = r->min > r->max;
    if (!look->has_min)
        look->min = !none ? r->min : look->log ? 1 : 0;
    if (!look->has_max)
        look->max = !none ? r->max : look->log ? 10 : 1;
    look->has_min = look->has_max = true;
}

/* ---- levels ---- */

/* 0 at the lower end, 1 at the upper one. Halves, because the distance of the ends may be no double. */
static double place(double v, double min, double max)
{
    if (v >= max)
        return 1;
    return v <= min ? 0 : (v / 2 - min / 2) / (max / 2 - min / 2);
}

/* The ends as they are compared with. */
static double measured(const struct picture_look *look, double v)
{
    return look->log ? log(v) : v;
}

void picture_levels(const struct picture_look *look, const double *numbers, size_t count, uint8_t *out)
{
    const double min = measured(look, look->min), max = measured(look, look->max);
    for (size_t i = 0; i < count; i++) {
        const double v = measured(look, numbers[i]);
        const bool shown = !isnan(v) && !(look->log && numbers[i] <= 0);
        out[i] = shown ? (uint8_t)(1 + (int)(place(v, min, max) * (PICTURE_LEVELS - 2) + 0.5)) : 0;
    }
}

bool picture_numbers(const struct array *a, struct arena *arena, const double **out, size_t *count,
                     struct error *err)
{
    const struct dtype real = dtype_make(DTYPE_FLOAT, sizeof(double));
    struct array cast;
    const uint8_t *packed;
    uint64_t n;
    if (!array_cast(a, &real, arena, &cast, err) || !array_pack(&cast, arena, &packed, err))
        return false;
    if (!array_count(&cast, &n))
        return arena_fail(arena, err);
    *out = (const double *)(const void *)packed; /* the arena's, so it is aligned */
    *count = (size_t)n;
    return true;
}

/* ---- a curve ---- */

static size_t row_of(const struct picture_look *look, double v, size_t height)
{
    const double min = measured(look, look->min), max = measured(look, look->max);
    const double at = place(measured(look, v), min, max);
    return height - 1 - (size_t)(at * (double)(height - 1) + 0.5);
}

static bool is_drawn(const struct picture_look *look, double v)
{
    return isfinite(v) && !(look->log && v <= 0);
}

bool picture_plot(const struct picture_look *look, const double *numbers, size_t count, size_t height,
                  struct arena *arena, struct array *out, struct error *err)
{
    size_t cells;
    uint64_t *shape = arena_alloc(arena, 2, sizeof *shape);
    double *all = checked_mul(count, height, &cells) ? arena_alloc(arena, cells, sizeof *all) : NULL;
    if (shape == NULL || all == NULL)
        return arena_fail(arena, err);
    for (size_t i = 0; i < cells; i++)
        all[i] = NAN;
    for (size_t x = 0; x < count; x++) {
        if (!is_drawn(look, numbers[x]))
            continue;
        const bool joined = x > 0 && is_drawn(look, numbers[x - 1]);
        const size_t to = row_of(look, numbers[x], height);
        const size_t from = joined ? row_of(look, numbers[x - 1], height) : to;
        const size_t top = from < to ? from : to, bottom = from < to ? to : from;
        for (size_t y = top; y <= bottom; y++)
            all[y * count + x] = numbers[x];
    }
    shape[0] = height;
    shape[1] = count;
    *out = array_of_memory(dtype_make(DTYPE_FLOAT, sizeof(double)), 2, shape, (const uint8_t *)all);
    return true;
}
