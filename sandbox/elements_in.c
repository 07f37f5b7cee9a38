/*
 * Elements that are not flat: from the form of a window and a heap (sandbox.h) to that of the library, with
 * its pointers. Types nest at most SANDBOX_TYPE_DEPTH levels: that bounds the calls below.
 */
#include "write.h"

struct input {
    const struct session *session;
    struct bytes heap;
    struct arena *arena;
    struct error *err;
};

static bool outside(const struct input *in)
{
    return FAIL(in->err, ERR_INTERNAL, ERROR_NO_OFFSET, "an element lies outside of its heap");
}

/* The text stays in the heap, with its NUL. */
static bool take_text(const struct input *in, const uint8_t *from, uint8_t *memory)
{
    const uint64_t at = load_u64_le(from), len = load_u64_le(from + 8);
    if (at >= in->heap.len || len >= in->heap.len - at || in->heap.data[at + len] != 0)
        return outside(in);
    const uint8_t *text = in->heap.data + at;
    memcpy(memory, &text, sizeof text);
    return true;
}

static bool take_element(const struct input *in, const struct move *moves, size_t count, const uint8_t *from,
                         uint8_t *memory);

static bool take_sequence(const struct input *in, const struct move *m, struct reader *r, uint8_t *memory)
{
    const struct dtype *t = m->object->sequence;
    const size_t size = m->inner == NULL ? t->itemsize : m->inner_memory;
    struct bytes raw;
    uint64_t count;
    hvl_t v = {0};
    if (!reader_u64_le(r, &count, in->err))
        return false;
    if (t->itemsize == 0 || count > reader_left(r) / t->itemsize)
        return outside(in);
    if (!reader_take(r, (size_t)count * t->itemsize, &raw, in->err))
        return false;
    v.len = (size_t)count;
    v.p = arena_alloc(in->arena, v.len, size);
    if (v.p == NULL)
        return arena_fail(in->arena, in->err);
    if (m->inner == NULL && raw.len > 0)
        memcpy(v.p, raw.data, raw.len);
    for (size_t i = 0; m->inner != NULL && i < v.len; i++)
        if (!take_element(in, m->inner, m->inner_count, raw.data + i * t->itemsize,
                          (uint8_t *)v.p + i * size))
            return false;
    memcpy(memory, &v, sizeof v);
    return true;
}

/* What was zeroed is no elements, and a reference to nothing. */
static bool take_object(const struct input *in, const struct move *m, const uint8_t *from, uint8_t *memory)
{
    const uint64_t at = load_u64_le(from);
    if (at == SANDBOX_NULL)
        return true;
    if (at > in->heap.len)
        return outside(in);
    struct reader r = reader_make(bytes_of(in->heap.data + at, in->heap.len - at));
    if (m->object->sequence != NULL)
        return take_sequence(in, m, &r, memory);
    return m->object->reference == 'o' ? object_reference_in(in->session, &r, in->arena, memory, in->err)
                                       : region_reference_in(in->session, &r, in->arena, memory, in->err);
}

static bool take_element(const struct input *in, const struct move *moves, size_t count, const uint8_t *from,
                         uint8_t *memory)
{
    for (const struct move *m = moves; m < moves + count; m++) {
        bool ok = true;
        if (m->text)
            ok = take_text(in, from + m->window, memory + m->memory);
        else if (m->object != NULL)
            ok = take_object(in, m, from + m->window, memory + m->memory);
        else
            memcpy(memory + m->memory, from + m->window, m->size);
        if (!ok)
            return false;
    }
    return true;
}

static uint8_t *take_all(const struct input *in, const struct type *t, const uint8_t *from, size_t count)
{
    struct move *moves;
    size_t n;
    uint8_t *memory = arena_alloc(in->arena, count, t->memory_size);
    if (memory == NULL)
        arena_fail(in->arena, in->err);
    if (memory == NULL || !type_moves(t, in->arena, &moves, &n, in->err))
        return NULL;
    for (size_t i = 0; i < count; i++)
        if (!take_element(in, moves, n, from + i * t->dtype.itemsize, memory + i * t->memory_size))
            return NULL;
    return memory;
}

const uint8_t *elements_in(const struct session *s, const struct type *t, struct bytes window, size_t count,
                           struct bytes heap, struct arena *arena, struct error *err)
{
    const struct input in = {s, heap, arena, err};
    size_t need;
    if (!checked_mul(count, t->dtype.itemsize, &need) || need != window.len) {
        error_set(err, ERR_INTERNAL, ERROR_NO_OFFSET, "the window has a wrong size");
        return NULL;
    }
    return t->flat ? window.data : take_all(&in, t, window.data, count);
}
