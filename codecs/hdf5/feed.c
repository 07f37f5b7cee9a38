/* Elements on their way into a file: from a list's leaves or from an array, in blocks of bounded size. */
#include "outgoing.h"
#include "utf8.h"

enum {
    WINDOW = 1 << 20,
    WINDOW_OF_OBJECTS = 32 << 10
}; /* bytes; an object's are few, and what it holds is more */

static bool window_fit(struct h5_room *room, size_t size, struct error *err)
{
    if (size <= room->window_size)
        return true;
    room->window = arena_alloc(room->arena, 1, size);
    room->window_size = size;
    return room->window != NULL || arena_fail(room->arena, err);
}

/* ---- leaves ---- */

bool h5_feed_leaves(struct h5_feed *f, const struct dtype *dtype, struct value *const *leaves, uint64_t count,
                    struct error *err)
{
    f->dtype = *dtype;
    f->leaves = leaves;
    f->count = count;
    f->most = WINDOW / dtype->itemsize;
    const size_t one = count < 64 ? 64 : count < f->most ? (size_t)count : f->most;
    return window_fit(f->room, one * dtype->itemsize, err);
}

static bool put_leaf(struct h5_feed *f, const struct value *v, uint8_t *out, struct error *err)
{
    const double real = v->kind == VALUE_INT ? (double)v->integer : v->real;
    if (f->ones)
        *out = v->kind == VALUE_INT;
    else if (f->dtype.kind == DTYPE_BOOL)
        *out = v->boolean;
    else if (f->dtype.kind == DTYPE_INT)
        memcpy(out, &v->integer, sizeof v->integer);
    else if (f->dtype.kind == DTYPE_FLOAT)
        memcpy(out, &real, sizeof real);
    else if (f->dtype.kind == DTYPE_COMPLEX)
        memcpy(out, v->complex, 2 * sizeof *v->complex);
    else
        return h5_put_text(f->room, v->text, out, err);
    return true;
}

static bool next_leaves(struct h5_feed *f, size_t *count, struct error *err)
{
    const size_t size = f->dtype.itemsize;
    size_t n = 0;
    for (; n < f->most && f->at < f->count && f->room->heap.len < WINDOW; n++, f->at++)
        if (!put_leaf(f, f->leaves[f->at], f->room->window + n * size, err))
            return false;
    *count = n;
    return true;
}

/* ---- arrays ---- */

static bool has_objects(const struct h5_slots *slots)
{
    for (size_t i = 0; i < slots->count; i++)
        if (slots->items[i].type->kind == DTYPE_OBJECT)
            return true;
    return false;
}

bool h5_feed_array(struct h5_feed *f, const struct dtype *dtype, const struct array *a, struct error *err)
{
    f->dtype = *dtype;
    f->from = &a->dtype;
    if (!array_count(a, &f->count))
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "the array is too big");
    if (!wire_slots(dtype, f->room->arena, &f->slots.items, &f->slots.count, err))
        return false;
    const size_t window = has_objects(&f->slots) ? WINDOW_OF_OBJECTS : WINDOW;
    return array_cursor_init(&f->room->cursor, a, window, f->room->arena, err);
}

/* The values of a block last until the next one only: memory does not grow with the dataset. */
static bool read_objects(struct h5_feed *f, const uint8_t **block, size_t *count, struct error *err)
{
    struct arena *objects = &f->room->objects, *whole = f->room->arena;
    arena_free(objects);
    arena_init(objects, whole->budget - whole->used);
    objects->pool = whole->pool;
    objects->watch = whole->watch;
    h5_objects_into(f->room->cursor.array, objects);
    const bool ok = array_cursor_next(&f->room->cursor, block, count, err);
    h5_objects_into(f->room->cursor.array, NULL);
    return ok;
}

/* Where the objects of a block are too much, those of half of it may not be. */
static bool read_next(struct h5_feed *f, const uint8_t **block, size_t *count, struct error *err)
{
    struct array_cursor *c = &f->room->cursor;
    if (!has_objects(&f->slots))
        return array_cursor_next(c, block, count, err);
    while (!read_objects(f, block, count, err)) {
        if (err->kind != ERR_LIMIT || c->block_elements < 2)
            return false;
        *err = (struct error){0};
        c->block_elements /= 2;
    }
    return true;
}

static uint32_t code_at(const uint8_t *at, char order)
{
    const uint32_t code = load_u32_le(at);
    return order == '>' ? __builtin_bswap32(code) : code;
}

/* UCS-4 without its padding, as UTF-8. out: room for as many bytes as itemsize. False: not plain text. */
static bool of_ucs4(const uint8_t *element, const struct dtype *t, uint8_t *out, size_t *len)
{
    size_t n = t->itemsize / 4, at = 0;
    while (n > 0 && load_u32_le(element + 4 * (n - 1)) == 0)
        n--;
    for (size_t i = 0; i < n; i++) {
        const uint32_t code = code_at(element + 4 * i, t->order);
        if (code == 0 || (code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff)
            return false;
        at += utf8_put(code, out + at);
    }
    *len = at;
    return true;
}

static bool put_unicode(struct h5_feed *f, const uint8_t *element, uint8_t *slot, struct error *err)
{
    size_t len = 0;
    uint8_t *room = sink_reserve(&f->room->heap, f->from->itemsize + 1);
    if (room == NULL)
        return sink_fail(err);
    if (!of_ucs4(element, f->from, room, &len))
        return FAIL(err, ERR_INTERNAL, ERROR_NO_OFFSET, "the array changed while it was written");
    room[len] = 0;
    store_u64_le(slot, f->room->heap.len);
    store_u64_le(slot + 8, len);
    sink_commit(&f->room->heap, len + 1);
    return true;
}

static bool put_object(struct h5_feed *f, const uint8_t *element, uint8_t *slot, struct error *err)
{
    const struct value *v;
    memcpy(&v, element, sizeof v);
    return h5_put_text(f->room, v->text, slot, err);
}

static bool convert(struct h5_feed *f, const uint8_t *block, size_t count, struct error *err)
{
    if (!window_fit(f->room, count * f->dtype.itemsize, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *element = block + i * f->from->itemsize;
        uint8_t *out = f->room->window + i * f->dtype.itemsize;
        bool ok;
        if (f->from->kind == DTYPE_UNICODE) {
            ok = put_unicode(f, element, out, err);
        } else if (f->from->kind == DTYPE_OBJECT && f->dtype.kind == DTYPE_TEXT) {
            ok = put_object(f, element, out, err);
        } else {
            memcpy(out, element, f->dtype.itemsize);
            ok = h5_put_slots(f->room, &f->slots, out, err);
        }
        if (!ok)
            return false;
    }
    return true;
}

bool h5_feed_next(struct h5_feed *f, const uint8_t **block, size_t *count, struct error *err)
{
    f->room->heap.len = 0;
    *block = f->room->window;
    if (f->from == NULL)
        return next_leaves(f, count, err);
    if (!read_next(f, block, count, err))
        return false;
    if (f->slots.count == 0 || *count == 0)
        return true;
    if (!convert(f, *block, *count, err))
        return false;
    *block = f->room->window;
    return true;
}

/* ---- is it text? ---- */

static bool element_is_text(const struct dtype *t, const uint8_t *element, uint8_t *scratch)
{
    size_t len;
    const struct value *v;
    if (t->kind == DTYPE_UNICODE)
        return of_ucs4(element, t, scratch, &len);
    memcpy(&v, element, sizeof v);
    return h5_plain_text(v);
}

bool h5_all_text(const struct array *a, struct h5_room *room, bool *out, struct error *err)
{
    struct array_cursor *c = &room->cursor;
    const uint8_t *block;
    size_t count;
    if (!window_fit(room, a->dtype.itemsize, err) || !array_cursor_init(c, a, WINDOW, room->arena, err))
        return false;
    *out = true;
    while (*out) {
        if (!array_cursor_next(c, &block, &count, err))
            return false;
        if (count == 0)
            break;
        for (size_t i = 0; i < count && *out; i++)
            *out = element_is_text(&a->dtype, block + i * a->dtype.itemsize, room->window);
    }
    return true;
}
