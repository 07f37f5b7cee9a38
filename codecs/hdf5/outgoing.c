/*
 * Texts, sequences and references on their way into a file: to places in a heap (sandbox.h). What slots.c
 * does, the other way. Types nest at most SANDBOX_TYPE_DEPTH levels, which bounds the calls below.
 */
#include "outgoing.h"
#include "elements.h"

#include "array_of_value.h"

bool h5_put_text(struct h5_room *room, struct bytes text, uint8_t *slot, struct error *err)
{
    if (text.len > 0 && memchr(text.data, 0, text.len) != NULL)
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET,
                    "a text in an array has a NUL: HDF5 cannot hold it");
    store_u64_le(slot, room->heap.len);
    store_u64_le(slot + 8, text.len);
    return sink_bytes(&room->heap, text, err) && sink_byte(&room->heap, 0, err);
}

static bool misfit(const struct value *v, const char *what, struct error *err)
{
    const struct bytes kind = value_type_name(v);
    return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "a value of kind %.*s is no %s",
                (int)(kind.len < 40 ? kind.len : 40), (const char *)kind.data, what);
}

/* ---- sequences ---- */

/* Elements as arrays have them, in the form of a window. */
static bool put_elements(struct h5_room *room, const struct dtype *t, const uint8_t *packed, uint64_t count,
                         struct bytes *out, struct error *err)
{
    struct h5_slots slots = {0};
    *out = bytes_of(packed, (size_t)count * t->itemsize);
    if (dtype_is_flat(t))
        return true;
    *out = arena_copy(room->arena, *out);
    if (out->data == NULL)
        return arena_fail(room->arena, err);
    if (!wire_slots(t, room->arena, &slots.items, &slots.count, err))
        return false;
    uint8_t *elements = (uint8_t *)(uintptr_t)out->data;
    for (uint64_t i = 0; i < count; i++)
        if (!h5_put_slots(room, &slots, elements + i * t->itemsize, err))
            return false;
    return true;
}

/* An array of the elements of a sequence; of a sequence of sub-arrays it has more dimensions. */
static bool put_array(struct h5_room *room, const struct dtype *t, const struct array *a, uint64_t *count,
                      struct bytes *out, struct error *err)
{
    const struct dtype *element = t->base == NULL ? t : t->base;
    const uint8_t *packed;
    uint64_t size;
    if (!dtype_equal(element, &a->dtype) || !array_size(a, &size) || size % t->itemsize != 0)
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "a sequence has elements of another type");
    *count = size / t->itemsize;
    return array_pack(a, room->arena, &packed, err) && put_elements(room, t, packed, *count, out, err);
}

/* The elements come before the sequence: what they are made of is in the heap by then. */
static bool put_sequence(struct h5_room *room, const struct dtype *t, const struct value *v, uint8_t *slot,
                         struct error *err)
{
    struct bytes elements;
    uint64_t count = v->kind == VALUE_LIST ? v->list.count : 0;
    uint8_t head[8];
    if (v->kind != VALUE_LIST && (v->kind != VALUE_ARRAY || v->array == NULL))
        return misfit(v, "sequence", err);
    if (!(v->kind == VALUE_LIST ? h5_list_elements(room, v, t, &elements, err)
                                : put_array(room, t, v->array, &count, &elements, err)))
        return false;
    store_u64_le(slot, room->heap.len);
    store_u64_le(head, count);
    return sink_write(&room->heap, head, sizeof head, err) && sink_bytes(&room->heap, elements, err);
}

/* ---- references ---- */

/* run path, u64 object */
static bool put_target(struct h5_room *room, struct bytes name, struct error *err)
{
    struct bytes path = name;
    uint64_t object = 0;
    if (room->names == NULL)
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "a reference leads into another file");
    room->names->find(room->names->self, name, &path, &object);
    return wire_put_run(&room->heap, path, err) && wire_put_u64(&room->heap, object, err);
}

static bool put_object_reference(struct h5_room *room, const struct value *v, struct error *err)
{
    return v->kind == VALUE_STR ? put_target(room, v->text, err) : misfit(v, "reference", err);
}

static bool wrong_region(struct error *err)
{
    return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET,
                "a region reference has a path, and a slice, points or blocks");
}

static bool put_head(struct h5_room *room, enum sandbox_region kind, uint64_t ndim, uint64_t count,
                     struct error *err)
{
    if (ndim > DTYPE_MAX_NDIM || count > UINT32_MAX)
        return wrong_region(err);
    return wire_put_u8(&room->heap, (uint8_t)kind, err) && wire_put_u8(&room->heap, (uint8_t)ndim, err) &&
           wire_put_u32(&room->heap, (uint32_t)count, err);
}

static bool read_number(struct bytes text, size_t *at, uint64_t *out)
{
    const size_t start = *at;
    *out = 0;
    for (; *at < text.len && text.data[*at] >= '0' && text.data[*at] <= '9'; ++*at)
        if (__builtin_mul_overflow(*out, 10, out) || __builtin_add_overflow(*out, text.data[*at] - '0', out))
            return false;
    return *at > start;
}

static bool read_char(struct bytes text, size_t *at, char c)
{
    const bool is = *at < text.len && text.data[*at] == (uint8_t)c;
    *at += is;
    return is;
}

/* "0:4:2,3:4" as start, step and count along each axis; "..." is all. */
static bool put_slice(struct h5_room *room, struct bytes text, struct error *err)
{
    uint64_t numbers[3 * DTYPE_MAX_NDIM];
    size_t ndim = 0, at = 0;
    if (bytes_is(text, "..."))
        return put_head(room, REGION_ALL, 0, 0, err);
    do {
        uint64_t start, stop, step = 1;
        if (ndim == DTYPE_MAX_NDIM || !read_number(text, &at, &start) || !read_char(text, &at, ':') ||
            !read_number(text, &at, &stop) ||
            (read_char(text, &at, ':') && (!read_number(text, &at, &step) || step == 0)))
            return wrong_region(err);
        numbers[3 * ndim] = start;
        numbers[3 * ndim + 1] = step;
        numbers[3 * ndim++ + 2] = stop <= start ? 0 : (stop - start - 1) / step + 1;
    } while (read_char(text, &at, ','));
    if (at != text.len || !put_head(room, REGION_GRID, ndim, ndim, err))
        return wrong_region(err);
    for (size_t i = 0; i < 3 * ndim; i++)
        if (!wire_put_u64(&room->heap, numbers[i], err))
            return false;
    return true;
}

/* The last places of blocks from those behind them. */
static bool step_back(struct h5_room *room, struct bytes *numbers, size_t ndim, struct error *err)
{
    *numbers = arena_copy(room->arena, *numbers);
    uint8_t *at = (uint8_t *)(uintptr_t)numbers->data;
    if (at == NULL)
        return arena_fail(room->arena, err);
    for (size_t i = 0; i < numbers->len / 8; i++)
        if (i / ndim % 2 == 1)
            store_u64_le(at + 8 * i, load_u64_le(at + 8 * i) - 1);
    return true;
}

/*
 * Points are an array of two dimensions, blocks of three: lists of lists, or as they were read. ends: blocks
 * end in front of what is said.
 */
static bool put_places(struct h5_room *room, enum sandbox_region kind, const struct value *v, bool ends,
                       struct error *err)
{
    const unsigned ndim = kind == REGION_POINTS ? 2 : 3;
    const uint8_t *numbers;
    struct array a;
    uint64_t size;
    if (v->kind == VALUE_LIST && v->list.count == 0)
        return put_head(room, REGION_NONE, 0, 0, err);
    if (!array_of_value(v, room->arena, &a, err))
        return false;
    if (a.dtype.kind != DTYPE_INT || a.dtype.itemsize != 8 || a.dtype.order == '>' || a.ndim != ndim ||
        !array_size(&a, &size) || (kind == REGION_BLOCKS && a.shape[1] != 2))
        return wrong_region(err);
    if (size == 0)
        return put_head(room, REGION_NONE, 0, 0, err);
    if (!array_pack(&a, room->arena, &numbers, err))
        return false;
    struct bytes raw = bytes_of(numbers, (size_t)size);
    return (!ends || step_back(room, &raw, (size_t)a.shape[ndim - 1], err)) &&
           put_head(room, kind, a.shape[ndim - 1], a.shape[0], err) && sink_bytes(&room->heap, raw, err);
}

/* As the HDF Group writes it: "id" of a dataset, "select_type" and "selection"; a block is its first place
 * and the one behind its last. */
static bool put_region_of_id(struct h5_room *room, const struct value *v, const struct value *id,
                             struct error *err)
{
    const struct value *type = value_get(v, "select_type"), *chosen = value_get(v, "selection");
    if (type == NULL || type->kind != VALUE_STR || id->kind != VALUE_STR)
        return wrong_region(err);
    const char *name =
        arena_printf(room->arena, "datasets/%.*s", (int)(id->text.len < 100 ? id->text.len : 100),
                     (const char *)id->text.data);
    if (name == NULL)
        return arena_fail(room->arena, err);
    if (!put_target(room, bytes_text(name), err))
        return false;
    if (bytes_is(type->text, "H5S_SEL_ALL"))
        return put_head(room, REGION_ALL, 0, 0, err);
    if (bytes_is(type->text, "H5S_SEL_NONE"))
        return put_head(room, REGION_NONE, 0, 0, err);
    const bool points = bytes_is(type->text, "H5S_SEL_POINTS");
    if (chosen == NULL || !(points || bytes_is(type->text, "H5S_SEL_HYPERSLABS")))
        return wrong_region(err);
    return put_places(room, points ? REGION_POINTS : REGION_BLOCKS, chosen, !points, err);
}

static bool put_region(struct h5_room *room, const struct value *v, struct error *err)
{
    if (v->kind != VALUE_DICT)
        return misfit(v, "region reference", err);
    const struct value *path = value_get(v, "path"), *slice = value_get(v, "slice"), *id = value_get(v, "id");
    const struct value *points = value_get(v, "points"), *blocks = value_get(v, "blocks");
    if (path == NULL && id != NULL)
        return put_region_of_id(room, v, id, err);
    if (path == NULL || path->kind != VALUE_STR || v->dict.count != 2)
        return wrong_region(err);
    if (!put_target(room, path->text, err))
        return false;
    if (slice != NULL && slice->kind == VALUE_STR)
        return put_slice(room, slice->text, err);
    if (points != NULL)
        return put_places(room, REGION_POINTS, points, false, err);
    return blocks != NULL ? put_places(room, REGION_BLOCKS, blocks, false, err) : wrong_region(err);
}

/* ---- objects ---- */

bool h5_put_object(struct h5_room *room, const struct dtype *t, const struct value *v, uint8_t *slot,
                   struct error *err)
{
    if (v->kind == VALUE_NONE) {
        store_u64_le(slot, SANDBOX_NULL);
        return true;
    }
    if (t->sequence != NULL)
        return put_sequence(room, t->sequence, v, slot, err);
    store_u64_le(slot, room->heap.len);
    if (t->reference == 'o')
        return put_object_reference(room, v, err);
    return t->reference == 'r' ? put_region(room, v, err) : misfit(v, "element of HDF5", err);
}

bool h5_put_slots(struct h5_room *room, const struct h5_slots *slots, uint8_t *element, struct error *err)
{
    for (size_t i = 0; i < slots->count; i++) {
        const struct sandbox_slot *slot = &slots->items[i];
        uint8_t *at = element + slot->offset;
        const struct value *v;
        struct bytes text = {0};
        const bool is_text = slot->type->kind == DTYPE_TEXT;
        memcpy(&v, at, sizeof v);
        if (is_text)
            memcpy(&text, at, sizeof text);
        if (!(is_text ? h5_put_text(room, text, at, err) : h5_put_object(room, slot->type, v, at, err)))
            return false;
    }
    return true;
}

bool h5_has_references(const struct dtype *t)
{
    if (t->reference != 0)
        return true;
    if (t->sequence != NULL)
        return h5_has_references(t->sequence);
    if (t->base != NULL)
        return h5_has_references(t->base);
    for (size_t i = 0; i < t->field_count; i++)
        if (h5_has_references(t->fields[i].dtype))
            return true;
    return false;
}
