/* The flat encodings of sandbox.h. A dtype nests at most SANDBOX_TYPE_DEPTH levels: that bounds the calls
 * below. */
#include "sandbox.h"
#include "utf8.h"

enum {
    FOLLOWS_NOTHING,
    FOLLOWS_FIELDS,
    FOLLOWS_BASE,
    FOLLOWS_LABELS,
    FOLLOWS_UNIT,
    FOLLOWS_SEQUENCE,
    FOLLOWS_REFERENCE
};

enum { SLOTS_MAX = 1 << 20 }; /* texts, sequences and references in one element */

bool wire_put_u8(struct sink *s, uint8_t v, struct error *err)
{
    return sink_byte(s, v, err);
}

bool wire_put_u32(struct sink *s, uint32_t v, struct error *err)
{
    uint8_t raw[4];
    store_u32_le(raw, v);
    return sink_write(s, raw, sizeof raw, err);
}

bool wire_put_u64(struct sink *s, uint64_t v, struct error *err)
{
    uint8_t raw[8];
    store_u64_le(raw, v);
    return sink_write(s, raw, sizeof raw, err);
}

bool wire_put_run(struct sink *s, struct bytes b, struct error *err)
{
    if (b.len > UINT32_MAX)
        return FAIL(err, ERR_UNSUPPORTED, ERROR_NO_OFFSET, "a text or attribute is over 4 GB");
    return wire_put_u32(s, (uint32_t)b.len, err) && sink_bytes(s, b, err);
}

static bool put_dims(struct sink *s, unsigned ndim, const uint64_t *dims, struct error *err)
{
    for (unsigned i = 0; i < ndim; i++)
        if (!wire_put_u64(s, dims[i], err))
            return false;
    return true;
}

bool wire_put_space(struct sink *s, enum sandbox_space space, unsigned ndim, const uint64_t *dims,
                    struct error *err)
{
    return wire_put_u8(s, (uint8_t)space, err) && wire_put_u8(s, (uint8_t)ndim, err) &&
           put_dims(s, ndim, dims, err);
}

static bool put_dtype(struct sink *s, const struct dtype *t, unsigned depth, struct error *err);

static bool put_fields(struct sink *s, const struct dtype *t, unsigned depth, struct error *err)
{
    if (!wire_put_u8(s, FOLLOWS_FIELDS, err) || !wire_put_u32(s, (uint32_t)t->field_count, err))
        return false;
    for (size_t i = 0; i < t->field_count; i++) {
        const struct dtype_field *f = &t->fields[i];
        if (!wire_put_run(s, f->name, err) || !wire_put_u64(s, f->offset, err) ||
            !put_dtype(s, f->dtype, depth + 1, err))
            return false;
    }
    return true;
}

static bool put_labels(struct sink *s, const struct dtype *t, struct error *err)
{
    if (!wire_put_u8(s, FOLLOWS_LABELS, err) || !wire_put_u32(s, (uint32_t)t->label_count, err))
        return false;
    for (size_t i = 0; i < t->label_count; i++)
        if (!wire_put_run(s, t->labels[i].name, err) || !wire_put_u64(s, (uint64_t)t->labels[i].value, err))
            return false;
    return true;
}

static bool put_dtype(struct sink *s, const struct dtype *t, unsigned depth, struct error *err)
{
    if (depth > SANDBOX_TYPE_DEPTH)
        return FAIL(err, ERR_UNSUPPORTED, ERROR_NO_OFFSET, "the type nests deeper than %d levels",
                    SANDBOX_TYPE_DEPTH);
    const uint8_t head[] = {(uint8_t)t->kind, (uint8_t)t->order, t->text_is_bytes};
    if (!sink_write(s, head, sizeof head, err) || !wire_put_u64(s, t->itemsize, err))
        return false;
    if (t->field_count > 0)
        return put_fields(s, t, depth, err);
    if (t->base != NULL)
        return wire_put_u8(s, FOLLOWS_BASE, err) && wire_put_u8(s, (uint8_t)t->ndim, err) &&
               put_dims(s, t->ndim, t->shape, err) && put_dtype(s, t->base, depth + 1, err);
    if (t->label_count > 0)
        return put_labels(s, t, err);
    if (t->sequence != NULL)
        return wire_put_u8(s, FOLLOWS_SEQUENCE, err) && put_dtype(s, t->sequence, depth + 1, err);
    if (t->reference != 0)
        return wire_put_u8(s, FOLLOWS_REFERENCE, err) && wire_put_u8(s, (uint8_t)t->reference, err);
    if (t->unit.len > 0)
        return wire_put_u8(s, FOLLOWS_UNIT, err) && wire_put_run(s, t->unit, err);
    return wire_put_u8(s, FOLLOWS_NOTHING, err);
}

bool wire_put_dtype(struct sink *s, const struct dtype *t, struct error *err)
{
    return put_dtype(s, t, 0, err);
}

bool wire_get_run(struct reader *r, struct bytes *out, struct error *err)
{
    uint32_t n;
    return reader_u32_le(r, &n, err) && reader_take(r, n, out, err);
}

bool wire_get_name(struct reader *r, struct arena *arena, struct bytes *out, struct error *err)
{
    bool surrogates;
    if (!wire_get_run(r, out, err))
        return false;
    if (utf8_valid_surrogatepass(*out, &surrogates) == out->len)
        return true;
    uint8_t *name = arena_alloc(arena, out->len, 2);
    if (name == NULL)
        return arena_fail(arena, err);
    *out = bytes_of(name, utf8_of_latin1(*out, name));
    return true;
}

bool wire_get_dims(struct reader *r, unsigned ndim, struct arena *arena, const uint64_t **out,
                   struct error *err)
{
    if (ndim > DTYPE_MAX_NDIM)
        return FAIL(err, ERR_UNSUPPORTED, ERROR_NO_OFFSET, "there are more than %d dimensions",
                    DTYPE_MAX_NDIM);
    uint64_t *dims = arena_alloc(arena, ndim, sizeof *dims);
    if (dims == NULL)
        return arena_fail(arena, err);
    for (unsigned i = 0; i < ndim; i++)
        if (!reader_u64_le(r, &dims[i], err))
            return false;
    *out = dims;
    return true;
}

bool wire_get_space(struct reader *r, struct arena *arena, enum sandbox_space *space, unsigned *ndim,
                    const uint64_t **dims, struct error *err)
{
    uint8_t what, n;
    if (!reader_u8(r, &what, err) || !reader_u8(r, &n, err) || !wire_get_dims(r, n, arena, dims, err))
        return false;
    *space = what == SPACE_NULL ? SPACE_NULL : what == SPACE_SCALAR ? SPACE_SCALAR : SPACE_SIMPLE;
    *ndim = n;
    return true;
}

static bool get_dtype(struct reader *r, struct arena *arena, struct dtype *out, unsigned depth,
                      struct error *err);

static struct dtype *get_nested(struct reader *r, struct arena *arena, unsigned depth, struct error *err)
{
    struct dtype *t = arena_alloc(arena, 1, sizeof *t);
    if (t == NULL)
        arena_fail(arena, err);
    return t != NULL && get_dtype(r, arena, t, depth, err) ? t : NULL;
}

/* A count of parts that take at least `least` bytes each: memory follows what is there. */
static bool get_count(struct reader *r, size_t least, uint32_t *out, struct error *err)
{
    if (!reader_u32_le(r, out, err))
        return false;
    return *out <= reader_left(r) / least ||
           FAIL(err, ERR_INTERNAL, ERROR_NO_OFFSET, "the reply is cut short");
}

static bool get_fields(struct reader *r, struct arena *arena, struct dtype *out, unsigned depth,
                       struct error *err)
{
    uint32_t count;
    if (!get_count(r, 24, &count, err))
        return false;
    struct dtype_field *fields = arena_alloc(arena, count, sizeof *fields);
    if (fields == NULL)
        return arena_fail(arena, err);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t offset;
        if (!wire_get_name(r, arena, &fields[i].name, err) || !reader_u64_le(r, &offset, err))
            return false;
        fields[i].offset = (size_t)offset;
        fields[i].dtype = get_nested(r, arena, depth + 1, err);
        if (fields[i].dtype == NULL)
            return false;
        if (fields[i].offset > out->itemsize || fields[i].dtype->itemsize > out->itemsize - fields[i].offset)
            return FAIL(err, ERR_INTERNAL, ERROR_NO_OFFSET, "a field lies outside of its record");
    }
    out->fields = fields;
    out->field_count = count;
    return true;
}

static bool get_base(struct reader *r, struct arena *arena, struct dtype *out, unsigned depth,
                     struct error *err)
{
    uint8_t ndim;
    if (!reader_u8(r, &ndim, err) || !wire_get_dims(r, ndim, arena, &out->shape, err))
        return false;
    out->ndim = ndim;
    out->base = get_nested(r, arena, depth + 1, err);
    if (out->base == NULL)
        return false;
    size_t size = out->base->itemsize;
    for (unsigned i = 0; i < ndim; i++)
        if (!checked_mul(size, (size_t)out->shape[i], &size))
            return FAIL(err, ERR_INTERNAL, ERROR_NO_OFFSET, "an array type is too big");
    return size == out->itemsize ||
           FAIL(err, ERR_INTERNAL, ERROR_NO_OFFSET, "an array type has a wrong size");
}

static bool get_labels(struct reader *r, struct arena *arena, struct dtype *out, struct error *err)
{
    uint32_t count;
    if (!get_count(r, 12, &count, err))
        return false;
    struct dtype_label *labels = arena_alloc(arena, count, sizeof *labels);
    if (labels == NULL)
        return arena_fail(arena, err);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t value;
        if (!wire_get_name(r, arena, &labels[i].name, err) || !reader_u64_le(r, &value, err))
            return false;
        labels[i].value = (int64_t)value;
    }
    out->labels = labels;
    out->label_count = count;
    return true;
}

static bool get_sequence(struct reader *r, struct arena *arena, struct dtype *out, unsigned depth,
                         struct error *err)
{
    out->sequence = get_nested(r, arena, depth + 1, err);
    return out->sequence != NULL && (out->sequence->itemsize > 0 ||
                                     FAIL(err, ERR_INTERNAL, ERROR_NO_OFFSET, "a sequence is of nothing"));
}

static bool get_reference(struct reader *r, struct dtype *out, struct error *err)
{
    uint8_t what;
    if (!reader_u8(r, &what, err))
        return false;
    out->reference = (char)what;
    return what == 'o' || what == 'r' ||
           FAIL(err, ERR_INTERNAL, ERROR_NO_OFFSET, "a reference is of no known kind");
}

/* Sizes that memory of each kind has, so that nobody reads over an element's end. */
static bool fits_kind(const struct dtype *t)
{
    const size_t n = t->itemsize;
    switch (t->kind) {
    case DTYPE_BOOL:
        return n == 1;
    case DTYPE_INT:
    case DTYPE_UINT:
        return n == 1 || n == 2 || n == 4 || n == 8;
    case DTYPE_FLOAT:
        return n == 2 || n == 4 || n == 8 || n == 16;
    case DTYPE_COMPLEX:
        return n == 8 || n == 16 || n == 32;
    case DTYPE_UNICODE:
        return n % 4 == 0;
    case DTYPE_DATETIME:
    case DTYPE_TIMEDELTA:
        return n == 8;
    case DTYPE_OBJECT:
        return n == sizeof(struct value *) && t->field_count == 0 && t->base == NULL;
    case DTYPE_TEXT:
        return n == sizeof(struct bytes) && t->field_count == 0 && t->base == NULL;
    case DTYPE_BYTES:
    case DTYPE_VOID:
        return true;
    }
    return false;
}

static bool get_parts(struct reader *r, struct arena *arena, struct dtype *out, unsigned depth,
                      struct error *err)
{
    struct bytes head;
    uint64_t itemsize;
    uint8_t follows;
    if (depth > SANDBOX_TYPE_DEPTH)
        return FAIL(err, ERR_UNSUPPORTED, ERROR_NO_OFFSET, "the type nests deeper than %d levels",
                    SANDBOX_TYPE_DEPTH);
    if (!reader_take(r, 3, &head, err) || !reader_u64_le(r, &itemsize, err) || !reader_u8(r, &follows, err))
        return false;
    *out = (struct dtype){.kind = (enum dtype_kind)head.data[0],
                          .order = (char)head.data[1],
                          .text_is_bytes = head.data[2] != 0,
                          .itemsize = (size_t)itemsize};
    if (follows == FOLLOWS_FIELDS)
        return get_fields(r, arena, out, depth, err);
    if (follows == FOLLOWS_BASE)
        return get_base(r, arena, out, depth, err);
    if (follows == FOLLOWS_LABELS)
        return get_labels(r, arena, out, err);
    if (follows == FOLLOWS_SEQUENCE)
        return get_sequence(r, arena, out, depth, err);
    if (follows == FOLLOWS_REFERENCE)
        return get_reference(r, out, err);
    return follows != FOLLOWS_UNIT || wire_get_run(r, &out->unit, err);
}

static bool get_dtype(struct reader *r, struct arena *arena, struct dtype *out, unsigned depth,
                      struct error *err)
{
    return get_parts(r, arena, out, depth, err) &&
           (fits_kind(out) || FAIL(err, ERR_INTERNAL, ERROR_NO_OFFSET, "a dtype is of no known kind"));
}

bool wire_get_dtype(struct reader *r, struct arena *arena, struct dtype *out, struct error *err)
{
    return get_dtype(r, arena, out, 0, err);
}

/* ---- where the slots are ---- */

struct slots {
    struct arena *arena;
    struct sandbox_slot *items;
    size_t count, capacity;
};

static bool add_slot(struct slots *x, const struct dtype *t, size_t offset, struct error *err)
{
    if (x->count == SLOTS_MAX)
        return FAIL(err, ERR_UNSUPPORTED, ERROR_NO_OFFSET, "one element holds more than %d texts", SLOTS_MAX);
    struct sandbox_slot *items = arena_room(x->arena, x->items, x->count, &x->capacity, sizeof *items);
    if (items == NULL)
        return arena_fail(x->arena, err);
    x->items = items;
    x->items[x->count++] = (struct sandbox_slot){offset, t};
    return true;
}

static bool find_slots(struct slots *x, const struct dtype *t, size_t at, unsigned depth, struct error *err)
{
    if (t->kind == DTYPE_TEXT || t->kind == DTYPE_OBJECT)
        return add_slot(x, t, at, err);
    if (depth > SANDBOX_TYPE_DEPTH || dtype_is_flat(t))
        return true;
    for (size_t i = 0; i < t->field_count; i++)
        if (!find_slots(x, t->fields[i].dtype, at + t->fields[i].offset, depth + 1, err))
            return false;
    if (t->base == NULL)
        return true;
    for (size_t i = 0; i + t->base->itemsize <= t->itemsize; i += t->base->itemsize)
        if (!find_slots(x, t->base, at + i, depth + 1, err))
            return false;
    return true;
}

bool wire_slots(const struct dtype *t, struct arena *arena, struct sandbox_slot **slots, size_t *count,
                struct error *err)
{
    struct slots x = {.arena = arena};
    if (!find_slots(&x, t, 0, 0, err))
        return false;
    *slots = x.items;
    *count = x.count;
    return true;
}
