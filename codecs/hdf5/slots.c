/* Texts, sequences and references as the sandbox gives them: places in a heap (sandbox.h). All is checked. */
#include "h5.h"
#include "utf8.h"

/* ---- text ---- */

bool h5_text(struct bytes raw, struct arena *arena, struct bytes *out, struct error *err)
{
    *out = raw;
    if (utf8_valid(raw) == raw.len)
        return true;
    uint8_t *text = arena_alloc(arena, raw.len, 2);
    if (text == NULL)
        return arena_fail(arena, err);
    *out = bytes_of(text, utf8_of_latin1(raw, text));
    return true;
}

static bool outside(struct error *err)
{
    return FAIL(err, ERR_INTERNAL, ERROR_NO_OFFSET, "an element lies outside of its heap");
}

static bool latin1_to_heap(struct sink *heap, uint8_t *slot, struct error *err)
{
    const uint64_t at = load_u64_le(slot), len = load_u64_le(slot + 8);
    if (at > heap->len || len > heap->len - at)
        return outside(err);
    if (utf8_valid(bytes_of(heap->data + at, len)) == len)
        return true;
    uint8_t *room = sink_reserve(heap, 2 * len);
    if (room == NULL)
        return sink_fail(err);
    const size_t n = utf8_of_latin1(bytes_of(heap->data + at, len), room);
    store_u64_le(slot, heap->len);
    store_u64_le(slot + 8, n);
    sink_commit(heap, n);
    return true;
}

/* ---- values ---- */

struct objects {
    struct bytes heap;
    struct arena *arena;
    struct value *none; /* one for all */
};

static bool put(struct objects *o, struct value *dict, const char *key, struct value *value,
                struct error *err)
{
    struct value *name = value_text(o->arena, key);
    return (name != NULL && value != NULL && value_put(o->arena, &dict->dict, name, value)) ||
           arena_fail(o->arena, err);
}

static bool path_value(struct objects *o, struct reader *r, struct value **out, struct error *err)
{
    struct bytes path;
    if (!wire_get_run(r, &path, err))
        return false;
    path = arena_copy(o->arena, path);
    if (path.data == NULL)
        return arena_fail(o->arena, err);
    if (!h5_text(path, o->arena, &path, err))
        return false;
    *out = value_str(o->arena, path);
    return *out != NULL || arena_fail(o->arena, err);
}

/* Numbers of the reply as an array of int64. */
static bool numbers_value(struct objects *o, struct reader *r, unsigned ndim, const uint64_t *shape,
                          struct value **out, struct error *err)
{
    struct bytes raw;
    uint64_t *own = arena_alloc(o->arena, ndim, sizeof *own);
    size_t size = 8;
    for (unsigned i = 0; i < ndim; i++)
        if (!checked_mul(size, (size_t)shape[i], &size))
            return outside(err);
    if (own == NULL)
        return arena_fail(o->arena, err);
    if (!reader_take(r, size, &raw, err))
        return false;
    memcpy(own, shape, ndim * sizeof *own);
    raw = arena_copy(o->arena, raw);
    if (raw.data == NULL)
        return arena_fail(o->arena, err);
    const struct array a = array_of_memory(dtype_make(DTYPE_INT, 8), ndim, own, raw.data);
    *out = value_array(o->arena, &a);
    return *out != NULL || arena_fail(o->arena, err);
}

/* "0:4:2,3" of start, step and count along each axis. */
static bool slice_value(struct objects *o, struct reader *r, uint32_t axes, struct value **out,
                        struct error *err)
{
    char *text = arena_printf(o->arena, "%s", axes == 0 ? "..." : "");
    for (uint32_t i = 0; i < axes; i++) {
        uint64_t start, step, count;
        if (!reader_u64_le(r, &start, err) || !reader_u64_le(r, &step, err) || !reader_u64_le(r, &count, err))
            return false;
        const unsigned long long from = start, by = step,
                                 to = start + (count == 0 ? 0 : count - 1) * step + 1;
        if (text != NULL)
            text = by == 1
                       ? arena_printf(o->arena, "%s%s%llu:%llu", text, i == 0 ? "" : ",", from, to)
                       : arena_printf(o->arena, "%s%s%llu:%llu:%llu", text, i == 0 ? "" : ",", from, to, by);
    }
    *out = text == NULL ? NULL : value_text(o->arena, text);
    return *out != NULL || arena_fail(o->arena, err);
}

/* {"path": ..., and "slice", "points" or "blocks": ...} */
static bool region_value(struct objects *o, struct reader *r, struct value **out, struct error *err)
{
    struct value *dict = value_new(o->arena, VALUE_DICT), *path, *what = NULL;
    uint8_t kind, ndim;
    uint32_t count;
    if (dict == NULL)
        return arena_fail(o->arena, err);
    *out = dict;
    if (!path_value(o, r, &path, err) || !put(o, dict, "path", path, err) || !reader_u8(r, &kind, err) ||
        !reader_u8(r, &ndim, err) || !reader_u32_le(r, &count, err))
        return false;
    if (ndim > DTYPE_MAX_NDIM)
        return outside(err);
    switch ((enum sandbox_region)kind) {
    case REGION_NONE:
        return numbers_value(o, r, 2, (const uint64_t[]){0, ndim}, &what, err) &&
               put(o, dict, "points", what, err);
    case REGION_ALL:
        return put(o, dict, "slice", value_text(o->arena, "..."), err);
    case REGION_POINTS:
        return numbers_value(o, r, 2, (const uint64_t[]){count, ndim}, &what, err) &&
               put(o, dict, "points", what, err);
    case REGION_BLOCKS:
        return numbers_value(o, r, 3, (const uint64_t[]){count, 2, ndim}, &what, err) &&
               put(o, dict, "blocks", what, err);
    case REGION_GRID:
        return count == ndim ? slice_value(o, r, count, &what, err) && put(o, dict, "slice", what, err)
                             : outside(err);
    }
    return outside(err);
}

static bool resolve_objects(struct objects *o, const struct h5_slots *slots, size_t itemsize,
                            uint8_t *elements, uint64_t count, struct error *err);

/* Texts of a sequence live as long as the arena, like all of it. */
static bool resolve_texts(const struct objects *o, const struct h5_slots *slots, size_t itemsize,
                          uint8_t *elements, uint64_t count, struct error *err)
{
    for (uint64_t e = 0; e < count; e++)
        for (size_t i = 0; i < slots->count; i++) {
            uint8_t *slot = elements + e * itemsize + slots->items[i].offset;
            const uint64_t at = load_u64_le(slot), len = load_u64_le(slot + 8);
            if (slots->items[i].type->kind != DTYPE_TEXT)
                continue;
            if (at > o->heap.len || len > o->heap.len - at)
                return outside(err);
            struct bytes text = arena_copy(o->arena, bytes_of(o->heap.data + at, len));
            if (text.data == NULL)
                return arena_fail(o->arena, err);
            if (!h5_text(text, o->arena, &text, err))
                return false;
            memcpy(slot, &text, sizeof text);
        }
    return true;
}

/* A sequence of sub-arrays is an array of more dimensions, as NumPy sees it. */
static bool sequence_array(struct objects *o, const struct dtype *t, uint64_t count, const uint8_t *elements,
                           struct value **out, struct error *err)
{
    const unsigned inner = t->base == NULL ? 0 : t->ndim;
    uint64_t *shape = arena_alloc(o->arena, inner + 1, sizeof *shape);
    if (shape == NULL)
        return arena_fail(o->arena, err);
    shape[0] = count;
    for (unsigned i = 0; i < inner; i++)
        shape[i + 1] = t->shape[i];
    const struct array a = array_of_memory(inner == 0 ? *t : *t->base, inner + 1, shape, elements);
    *out = value_array(o->arena, &a);
    return *out != NULL || arena_fail(o->arena, err);
}

static bool sequence_value(struct objects *o, struct reader *r, const struct dtype *t, struct value **out,
                           struct error *err)
{
    struct h5_slots slots = {0};
    struct bytes raw;
    uint64_t count;
    if (!reader_u64_le(r, &count, err))
        return false;
    if (count > reader_left(r) / t->itemsize || (t->base != NULL && t->ndim >= DTYPE_MAX_NDIM))
        return outside(err);
    if (!reader_take(r, count * t->itemsize, &raw, err))
        return false;
    raw = arena_copy(o->arena, raw);
    if (raw.data == NULL)
        return arena_fail(o->arena, err);
    uint8_t *elements = (uint8_t *)(uintptr_t)raw.data;
    if (!dtype_is_flat(t) && (!wire_slots(t, o->arena, &slots.items, &slots.count, err) ||
                              !resolve_texts(o, &slots, t->itemsize, elements, count, err) ||
                              !resolve_objects(o, &slots, t->itemsize, elements, count, err)))
        return false;
    return sequence_array(o, t, count, elements, out, err);
}

/* Types nest at most SANDBOX_TYPE_DEPTH levels, which bounds the calls below. */
static bool object_value(struct objects *o, const struct dtype *t, uint64_t at, struct value **out,
                         struct error *err)
{
    if (at == SANDBOX_NULL && t->sequence == NULL) {
        *out = o->none;
        return true;
    }
    if (at > o->heap.len)
        return outside(err);
    struct reader r = reader_make(bytes_of(o->heap.data + at, o->heap.len - at));
    return t->sequence != NULL   ? sequence_value(o, &r, t->sequence, out, err)
           : t->reference == 'o' ? path_value(o, &r, out, err)
                                 : region_value(o, &r, out, err);
}

static bool resolve_objects(struct objects *o, const struct h5_slots *slots, size_t itemsize,
                            uint8_t *elements, uint64_t count, struct error *err)
{
    for (uint64_t e = 0; e < count; e++)
        for (size_t i = 0; i < slots->count; i++) {
            uint8_t *slot = elements + e * itemsize + slots->items[i].offset;
            struct value *value;
            if (slots->items[i].type->kind != DTYPE_OBJECT)
                continue;
            if (!object_value(o, slots->items[i].type, load_u64_le(slot), &value, err))
                return false;
            memcpy(slot, &value, sizeof value);
        }
    return true;
}

/* ---- elements ---- */

static void view_texts(const struct h5_slots *slots, size_t itemsize, uint8_t *elements, uint64_t count,
                       const struct sink *heap)
{
    for (uint64_t e = 0; e < count; e++)
        for (size_t i = 0; i < slots->count; i++) {
            uint8_t *slot = elements + e * itemsize + slots->items[i].offset;
            if (slots->items[i].type->kind != DTYPE_TEXT)
                continue;
            const struct bytes text = bytes_of(heap->data + load_u64_le(slot), load_u64_le(slot + 8));
            memcpy(slot, &text, sizeof text);
        }
}

/* The heap may move while texts that are not UTF-8 are added to it: views come last. */
bool h5_resolve(const struct h5_slots *slots, size_t itemsize, uint8_t *elements, uint64_t count,
                struct sink *heap, struct arena *arena, struct error *err)
{
    struct objects o = {bytes_of(heap->data, heap->len), arena, value_new(arena, VALUE_NONE)};
    if (o.none == NULL)
        return arena_fail(arena, err);
    if (!resolve_objects(&o, slots, itemsize, elements, count, err))
        return false;
    for (uint64_t e = 0; e < count; e++)
        for (size_t i = 0; i < slots->count; i++)
            if (slots->items[i].type->kind == DTYPE_TEXT &&
                !latin1_to_heap(heap, elements + e * itemsize + slots->items[i].offset, err))
                return false;
    view_texts(slots, itemsize, elements, count, heap);
    return true;
}
