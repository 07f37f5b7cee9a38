#include <math.h>
#include <stdio.h>

#include "answer.h"
#include "array_of_value.h"
#include "params.h"
#include "part.h"
#include "routes.h"
#include "sample.h"
#include "selection.h"
#include "stored.h"

enum {
    SIDE = 512,        /* pixels, unless the request says */
    SIDE_MAX = 2048,   /* ... and at most */
    BUDGET = 64 << 20, /* bytes of the storage that are read for a picture */
    LIGHT = 1 << 20,   /* bytes that are no work to wait for a place for */
    NUMBER_TEXT = 32,
};

/* What is shown: at most so many pixels. */
struct size {
    uint64_t width, height;
};

/* Of more than two dimensions, the first place along all but the last two. */
static bool plane_of(const struct array *a, struct arena *arena, struct array *out, struct error *err)
{
    static const struct limits none = {.elements = UINT64_MAX}; /* little of it is read */
    const struct selection_part part = {.kind = SELECT_INDEX};
    struct selection_part parts[DTYPE_MAX_NDIM];
    uint64_t count;
    *out = *a;
    if (a->ndim == 0)
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "one element makes no picture");
    if (!array_count(a, &count) || count == 0)
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "there is nothing to make a picture of");
    for (unsigned i = 0; i < DTYPE_MAX_NDIM; i++)
        parts[i] = part;
    const struct selection selection = {.parts = parts, .count = a->ndim - 2};
    return a->ndim <= 2 || array_select(a, &selection, &none, arena, out, err);
}

/* How the dataset is cut into chunks, where it is: one number for each axis of the storage. */
static bool chunks_of(const struct document *document, struct bytes path, const struct array *a,
                      struct arena *arena, const uint64_t **out, struct error *err)
{
    struct node node;
    *out = NULL;
    if (a->source == NULL)
        return true;
    if (!document->ops->node(document->self, path, arena, &node, err))
        return false;
    if (node.storage != NULL && node.storage->chunks != NULL && node.ndim == a->storage_ndim)
        *out = node.storage->chunks;
    return true;
}

static bool admit(const struct request *request, const struct array *a, struct error *err)
{
    uint64_t size;
    const bool light = array_size(a, &size) && size <= LIGHT;
    return light || request->service->admit == NULL || request->service->admit(request, err);
}

/* *out: the numbers that are shown, in memory; *shape: how many rows and columns (one dimension: of those) */
static bool sample(const struct request *request, const struct stored *s, const struct part *part,
                   struct size most, struct array *out, struct error *err)
{
    const struct limits *limits = request->service->limits;
    struct arena *arena = request->arena;
    struct array whole, plane, few;
    const uint64_t *chunks;
    const uint8_t *packed;
    struct value *v;
    if (!part_value(request, &s->document, part, &v, err) ||
        !array_of_value(value_meaning(v), arena, &whole, err) ||
        !chunks_of(&s->document, part->path, &whole, arena, &chunks, err) ||
        !plane_of(&whole, arena, &plane, err))
        return false;
    const uint64_t sides[] = {plane.ndim == 1 ? most.width : most.height, most.width};
    if (!array_sample(&plane, sides, chunks, BUDGET, limits, arena, &few, err) ||
        !admit(request, &plane, err) || !array_pack(&few, arena, &packed, err))
        return false;
    *out = array_of_memory(few.dtype, few.ndim, few.shape, packed);
    return true;
}

/* The ends of the scale, so that a picture can be given a legend. */
static bool put_ends(const struct picture_look *look, struct arena *arena, struct reply *reply,
                     struct error *err)
{
    char *text = arena_alloc(arena, 2, NUMBER_TEXT);
    if (text == NULL)
        return arena_fail(arena, err);
    snprintf(text, NUMBER_TEXT, "%.17g", look->min);
    snprintf(text + NUMBER_TEXT, NUMBER_TEXT, "%.17g", look->max);
    reply_header(reply, "X-Mandoline-Min", text);
    reply_header(reply, "X-Mandoline-Max", text + NUMBER_TEXT);
    return true;
}

/* Numbers, and the ends of their scale; one dimension as a curve. */
static bool picture_of(const struct request *request, const struct array *few, struct size most,
                       struct picture_look *look, struct array *out, struct error *err)
{
    const double *numbers;
    size_t count;
    struct picture_range range = picture_range_of(look);
    if (!picture_numbers(few, request->arena, &numbers, &count, err))
        return false;
    picture_range_add(&range, numbers, count);
    picture_settle(look, &range);
    if (few->ndim == 1)
        return picture_plot(look, numbers, count, (size_t)most.height, request->arena, out, err);
    *out = array_of_memory(dtype_make(DTYPE_FLOAT, sizeof(double)), few->ndim, few->shape,
                           (const uint8_t *)numbers);
    return true;
}

bool get_preview(const struct request *request, struct reply *reply, struct error *err)
{
    const struct codec *png = codec_by_name(bytes_text("png"));
    const struct codec_options *given;
    struct size most = {SIDE, SIDE};
    struct stored s;
    struct part part;
    struct array few, picture;
    bool done = false;
    if (!param_options(request, &given, err) || !part_of_request(request, &part, err) ||
        !param_number(request, "width", 1, SIDE_MAX, &most.width, err) ||
        !param_number(request, "height", 1, SIDE_MAX, &most.height, err) ||
        !stored_check(request, png, false, &s, reply, &done, err) || done)
        return done;
    part.sampled = true;
    struct codec_options *options = arena_alloc(request->arena, 1, sizeof *options);
    if (options == NULL)
        return arena_fail(request->arena, err);
    *options = *given;
    if (!stored_open(request, &s, reply, err) || !sample(request, &s, &part, most, &few, err) ||
        !picture_of(request, &few, most, &options->picture, &picture, err) ||
        !put_ends(&options->picture, request->arena, reply, err))
        return false;
    struct value *v = value_array(request->arena, &picture);
    if (v == NULL)
        return arena_fail(request->arena, err);
    return answer_value(request, png, v, options, reply, err);
}
