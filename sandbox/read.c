/* Reading a box of a dataset into a window. */
#include "worker.h"

enum { READ_MAX = 256 << 20 };

/* ---- the box ---- */

/* The box as the dataset's own dimensions, and how many elements that is. */
static bool choose(const struct open_dataset *d, const struct box *box, hid_t *memory_space, size_t *count,
                   struct error *err)
{
    hsize_t start[H5S_MAX_RANK], step[H5S_MAX_RANK], counts[H5S_MAX_RANK];
    *count = 1;
    for (unsigned i = 0; i < d->ndim; i++) {
        start[i] = box->start[i];
        step[i] = box->step[i] == 0 ? 1 : box->step[i];
        counts[i] = box->count[i];
        if (!checked_mul(*count, (size_t)counts[i], count))
            return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "the box is too big");
        if (counts[i] > 0 &&
            (start[i] >= d->shape[i] || (d->shape[i] - 1 - start[i]) / step[i] < counts[i] - 1))
            return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "the box lies outside of the dataset");
    }
    if (*count == 0)
        return true;
    *memory_space = H5Screate_simple((int)d->ndim, counts, NULL);
    if (d->ndim > 0 && H5Sselect_hyperslab(d->space, H5S_SELECT_SET, start, step, counts, NULL) < 0)
        return library_fail(err, ERR_SYNTAX, "the dataset cannot be read");
    return true;
}

static bool read_raw(const struct open_dataset *d, hid_t space, hid_t transfer, void *out, struct error *err)
{
    const hid_t whole = d->ndim == 0;
    if (H5Dread(d->id, d->type.memory, whole ? H5S_ALL : space, whole ? H5S_ALL : d->space, transfer, out) <
        0)
        return library_fail(err, ERR_SYNTAX, "the dataset cannot be read");
    return true;
}

/* The part of an array type's elements that the box names. */
static void pick(const struct box *box, unsigned from, const struct dtype *t, const uint8_t *in, size_t count,
                 uint8_t *out)
{
    const unsigned ndim = t->ndim;
    const size_t size = t->base->itemsize;
    for (size_t e = 0; e < count; e++, in += t->itemsize) {
        uint64_t at[DTYPE_MAX_NDIM] = {0};
        for (unsigned axis = ndim; axis != UINT32_MAX;) {
            uint64_t element = 0;
            for (unsigned i = 0; i < ndim; i++)
                element = element * t->shape[i] + box->start[from + i] + at[i] * box->step[from + i];
            memcpy(out, in + element * size, size);
            out += size;
            for (axis = ndim - 1; axis != UINT32_MAX && ++at[axis] == box->count[from + axis]; axis--)
                at[axis] = 0;
        }
    }
}

/* Checks the box's trailing axes against the array type; *picked elements of it are wanted of each. */
static bool choose_inside(const struct box *box, unsigned from, const struct dtype *t, size_t *picked,
                          bool *whole, struct error *err)
{
    *picked = 1;
    *whole = true;
    for (unsigned i = 0; i < t->ndim; i++) {
        const uint64_t start = box->start[from + i], step = box->step[from + i], count = box->count[from + i];
        if (count > 0 &&
            (start >= t->shape[i] || (t->shape[i] - 1 - start) / (step == 0 ? 1 : step) < count - 1))
            return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "the box lies outside of the dataset");
        *whole &= count == t->shape[i];
        *picked *= (size_t)count;
    }
    return true;
}

static void room_deinit(struct room *room)
{
    arena_free(&room->arena);
}

/* What the library says of it is not what the matter is. */
static bool no_room(const struct room *room, struct error *err)
{
    *err = (struct error){0};
    return arena_fail(&room->arena, err);
}

/* Elements that are not flat, or of which only a part is wanted: through memory of our own. */
static bool read_through(const struct open_dataset *d, const struct sandbox_request *q, hid_t space,
                         size_t count, bool whole, struct sink *reply, struct error *err)
{
    AUTO(room_deinit) struct room room = {0};
    const struct type *t = &d->type;
    size_t size, window_size;
    arena_init(&room.arena, q->most < HEAP_MAX ? q->most : HEAP_MAX);
    AUTO(close_plist) hid_t transfer = room_transfer(&room, d->id, t, count);
    if (!checked_mul(count, t->memory_size, &size) || !checked_mul(count, t->dtype.itemsize, &window_size) ||
        window_size > READ_MAX)
        return FAIL_LIMIT(err, "memory", READ_MAX, "one element holds too much");
    uint8_t *memory = arena_alloc(&room.arena, 1, size);
    uint8_t *window = whole ? q->window : arena_alloc(&room.arena, 1, window_size);
    if (memory == NULL || window == NULL)
        return arena_fail(&room.arena, err);
    if (!read_raw(d, space, transfer, memory, err)) {
        if (room.full)
            return no_room(&room, err);
        if (!has_unwritten(d))
            return false;
        *err = (struct error){0};
        if (!read_written(d, q->box, space, transfer, memory, count, &room.arena, err))
            return room.full ? no_room(&room, err) : false;
    }
    if (t->flat)
        memcpy(window, memory, size);
    else if (!elements_out(d->file, t, memory, count, window, reply, err))
        return false;
    if (!whole)
        pick(q->box, d->ndim, &t->dtype, window, count, q->window);
    return true;
}

bool read_box(struct worker *w, const struct sandbox_request *q, struct sink *reply, struct error *err)
{
    struct open_file *file;
    struct open_dataset *d;
    if (!file_open(w, q, &file, err) || !dataset_open(w, file, q, &d, err))
        return false;
    const struct dtype *t = &d->type.dtype;
    const unsigned inside = t->base == NULL ? 0 : t->ndim;
    AUTO(close_space) hid_t space = -1;
    size_t count, picked = 1, size;
    bool whole = true;
    if (q->box->ndim != d->ndim + inside)
        return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "the box has %u dimensions, the dataset %u",
                    q->box->ndim, d->ndim + inside);
    if (!choose(d, q->box, &space, &count, err) ||
        (inside > 0 && !choose_inside(q->box, d->ndim, t, &picked, &whole, err)))
        return false;
    const size_t element = inside > 0 ? t->base->itemsize : t->itemsize;
    if (!checked_mul(count, picked, &size) || !checked_mul(size, element, &size) || size > q->window_size)
        return FAIL(err, ERR_INTERNAL, ERROR_NO_OFFSET, "the window is too small for the box");
    if (count == 0 || picked == 0)
        return true;
    const bool direct = d->type.flat && whole;
    if (direct ? !read_raw(d, space, H5P_DEFAULT, q->window, err)
               : !read_through(d, q, space, count, whole, reply, err))
        return false;
    /* The library leaves in the holes between fields whatever its buffers held. */
    AUTO(arena_free) struct arena arena;
    arena_init(&arena, HEAP_MAX);
    return dtype_clear_holes(inside > 0 ? t->base : t, q->window, count * picked, &arena, err);
}
