/*
 * Elements that are not flat: from the library's form, with its pointers, to that of a window and a heap
 * (sandbox.h). Types nest at most SANDBOX_TYPE_DEPTH levels: that bounds the calls below.
 */
#include "worker.h"

/* ---- memory of the library's ---- */

static void *room_alloc(size_t size, void *arg)
{
    struct room *room = arg;
    void *memory = arena_alloc(&room->arena, 1, size);
    room->full |= memory == NULL;
    return memory;
}

static void room_free(void *memory, void *arg)
{
    (void)memory, (void)arg;
}

hid_t transfer_of(hid_t dataset, const struct type *t, size_t count)
{
    enum { THEIR_BUFFER = 1 << 20 };
    AUTO(close_type) hid_t type = H5Dget_type(dataset);
    const size_t kept =
        type < 0 ? 0 : 2 * H5Tget_size(type); /* a place in the heap is longer than a pointer */
    const size_t size = kept > t->memory_size ? kept : t->memory_size;
    const hid_t list = H5Pcreate(H5P_DATASET_XFER);
    if (list >= 0 && kept > 0 && count > 0 && count < THEIR_BUFFER / size)
        H5Pset_buffer(list, count * size, NULL, NULL);
    return list;
}

hid_t room_transfer(struct room *room, hid_t dataset, const struct type *t, size_t count)
{
    const hid_t list = transfer_of(dataset, t, count);
    if (list >= 0)
        H5Pset_vlen_mem_manager(list, room_alloc, room, room_free, room);
    return list;
}

/* ---- the window and the heap ---- */

struct output {
    struct open_file *file;
    struct sink *heap;
    struct error *err;
};

/* Where an element goes: memory that stays, or a place in the heap, which may move while it grows. */
struct target {
    uint8_t *window; /* NULL: the heap */
    size_t at;
};

static uint8_t *target_at(const struct output *o, struct target to, size_t offset)
{
    return (to.window == NULL ? o->heap->data : to.window) + to.at + offset;
}

static bool heap_room(const struct output *o, size_t n)
{
    if (n > HEAP_MAX || o->heap->len > HEAP_MAX - n)
        return FAIL_LIMIT(o->err, "memory", HEAP_MAX, "the data of variable length takes over %llu bytes",
                          (unsigned long long)HEAP_MAX);
    return sink_reserve(o->heap, n + 1) != NULL || sink_fail(o->err);
}

/* One text: its place in the heap, and a NUL after it. */
static bool put_text(const struct output *o, const uint8_t *from, struct target to, size_t offset)
{
    const char *text;
    memcpy(&text, from, sizeof text);
    const size_t n = text == NULL ? 0 : strlen(text);
    uint8_t *slot = target_at(o, to, offset);
    store_u64_le(slot, o->heap->len);
    store_u64_le(slot + 8, n);
    return heap_room(o, n + 1) && sink_write(o->heap, text, n, o->err) && sink_byte(o->heap, 0, o->err);
}

static bool put_reference(const struct output *o, const struct move *m, const uint8_t *from, struct target to)
{
    const uint64_t at = o->heap->len;
    bool null = false;
    store_u64_le(target_at(o, to, m->window), at);
    if (!heap_room(o, 0) ||
        !(m->object->reference == 'o' ? object_reference_out(o->file, from, o->heap, &null, o->err)
                                      : region_reference_out(o->file, from, o->heap, &null, o->err)))
        return false;
    if (null)
        store_u64_le(target_at(o, to, m->window), SANDBOX_NULL);
    return true;
}

static bool put_element(const struct output *o, const struct move *moves, size_t count, const uint8_t *from,
                        struct target to);

/* u64 count, then the elements as in a window. */
static bool put_sequence(const struct output *o, const struct move *m, const uint8_t *from, struct target to)
{
    AUTO(arena_free) struct arena arena;
    const struct dtype *t = m->object->sequence;
    size_t size;
    hvl_t v;
    memcpy(&v, from, sizeof v);
    const size_t count = v.p == NULL ? 0 : v.len, at = o->heap->len;
    store_u64_le(target_at(o, to, m->window), at);
    if (!checked_mul(count, t->itemsize, &size) || size > HEAP_MAX)
        size = HEAP_MAX;
    if (!heap_room(o, 8 + size))
        return false;
    store_u64_le(o->heap->data + at, count);
    memset(o->heap->data + at + 8, 0, size);
    sink_commit(o->heap, 8 + size);
    arena_init(&arena, HEAP_MAX);
    if (m->inner == NULL) {
        if (count > 0)
            memcpy(o->heap->data + at + 8, v.p, size);
        return dtype_clear_holes(t, o->heap->data + at + 8, count, &arena, o->err);
    }
    const uint8_t *element = v.p;
    for (size_t i = 0; i < count; i++, element += m->inner_memory)
        if (!put_element(o, m->inner, m->inner_count, element,
                         (struct target){.at = at + 8 + i * t->itemsize}))
            return false;
    return dtype_clear_holes(t, o->heap->data + at + 8, count, &arena, o->err);
}

static bool put_element(const struct output *o, const struct move *moves, size_t count, const uint8_t *from,
                        struct target to)
{
    for (const struct move *m = moves; m < moves + count; m++) {
        const uint8_t *piece = from + m->memory;
        bool ok = true;
        if (m->text)
            ok = put_text(o, piece, to, m->window);
        else if (m->object == NULL)
            memcpy(target_at(o, to, m->window), piece, m->size);
        else if (m->object->sequence != NULL)
            ok = put_sequence(o, m, piece, to);
        else
            ok = put_reference(o, m, piece, to);
        if (!ok)
            return false;
    }
    return true;
}

bool elements_out(struct open_file *file, const struct type *t, const uint8_t *memory, size_t count,
                  uint8_t *window, struct sink *heap, struct error *err)
{
    AUTO(arena_free) struct arena arena;
    const struct output o = {file, heap, err};
    struct move *moves;
    size_t n;
    arena_init(&arena, 64 << 20);
    if (!type_moves(t, &arena, &moves, &n, err))
        return false;
    for (size_t i = 0; i < count; i++, memory += t->memory_size)
        if (!put_element(&o, moves, n, memory, (struct target){window, i * t->dtype.itemsize}))
            return false;
    return true;
}
