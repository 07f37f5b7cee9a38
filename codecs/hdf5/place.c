#include "place.h"
#include "outgoing.h"

/* ---- attributes ---- */

static bool put_shape(struct builder *b, const struct dtype *t, const struct plan *plan, struct error *err)
{
    b->payload.len = 0;
    return wire_put_dtype(&b->payload, t, err) &&
           wire_put_space(&b->payload, plan->space, plan->ndim, plan->dims, err) &&
           wire_put_run(&b->payload, bytes_of(b->room.heap.data, b->room.heap.len), err);
}

bool place_attribute(struct builder *b, uint64_t object, const char *name, const struct plan *plan,
                     const struct dtype *t, struct bytes elements, struct error *err)
{
    if (!put_shape(b, t, plan, err))
        return false;
    const struct sandbox_request q = {.op = SANDBOX_ATTRIBUTE,
                                      .base = object,
                                      .path = bytes_text(name),
                                      .payload = bytes_of(b->payload.data, b->payload.len),
                                      .window = (uint8_t *)(uintptr_t)elements.data,
                                      .window_size = elements.len};
    return h5_call(b, q, err);
}

bool place_mark_root(struct builder *b, const char *mark, struct error *err)
{
    const struct plan scalar = {.space = SPACE_SCALAR};
    const struct dtype text = dtype_make(DTYPE_TEXT, sizeof(struct bytes));
    uint8_t slot[sizeof(struct bytes)];
    b->room.heap.len = 0;
    return h5_put_text(&b->room, bytes_text(mark), slot, err) &&
           place_attribute(b, b->root, MARK_TYPE, &scalar, &text, bytes_of(slot, sizeof slot), err);
}

/* ---- places ---- */

void place_remember(struct builder *b, const struct place *p, uint64_t object)
{
    const uint32_t number = p->value == NULL ? 0 : p->value->mark & WALK_MARK_MAX;
    if (number > 0)
        b->objects[number - 1] = object;
}

static size_t marks_of(const struct plan *p, struct sandbox_mark out[2])
{
    size_t n = 0;
    if (p->mark != NULL)
        out[n++] = (struct sandbox_mark){MARK_TYPE, bytes_text(p->mark)};
    if (p->dtype != NULL)
        out[n++] = (struct sandbox_mark){MARK_DTYPE, bytes_text(p->dtype)};
    return n;
}

/*
 * Elements can be gathered for the dataset from here on. A document that is one value without members becomes
 * the root's only member.
 */
static bool settle(struct builder *b, struct place *p, struct error *err)
{
    if (p->group == 0) {
        p->group = b->root;
        p->name = bytes_text("data");
        if (!place_mark_root(b, "data", err))
            return false;
    }
    b->room.heap.len = 0;
    return true;
}

/* ---- datasets ---- */

/* b->last is the new one. */
static bool make_dataset(struct builder *b, const struct place *p, const struct plan *plan,
                         const struct dtype *t, struct bytes elements, struct error *err)
{
    struct sandbox_mark marks[2];
    if (!put_shape(b, t, plan, err))
        return false;
    const struct sandbox_request q = {.op = SANDBOX_DATASET,
                                      .base = p->group,
                                      .path = p->name,
                                      .payload = bytes_of(b->payload.data, b->payload.len),
                                      .marks = marks,
                                      .mark_count = marks_of(plan, marks),
                                      .window = (uint8_t *)(uintptr_t)elements.data,
                                      .window_size = elements.len};
    if (!h5_call(b, q, err) || !h5_reply_object(b, &b->last, err))
        return false;
    place_remember(b, p, b->last);
    return true;
}

/* At once when all elements fit in a block. */
bool place_feed(struct builder *b, struct place p, const struct plan *plan, struct h5_feed *f,
                struct error *err)
{
    const uint8_t *block = NULL;
    size_t count = 0;
    uint64_t at = 0;
    if (!settle(b, &p, err) || (f->count > 0 && !h5_feed_next(f, &block, &count, err)))
        return false;
    if (count == f->count)
        return make_dataset(b, &p, plan, &f->dtype, bytes_of(block, count * f->dtype.itemsize), err);
    if (!make_dataset(b, &p, plan, &f->dtype, bytes_of(NULL, 0), err))
        return false;
    for (; count > 0; at += count, block = NULL) {
        if (block == NULL && (!h5_feed_next(f, &block, &count, err) || count == 0))
            return count == 0 && err->kind == ERR_NONE;
        const struct h5_block part = {plan->ndim, plan->dims, f->dtype.itemsize, at, count, block};
        if (!h5_write_block(b, b->last, &part, err))
            return false;
    }
    return true;
}

bool place_empty(struct builder *b, struct place p, const struct plan *plan, const struct dtype *t,
                 struct error *err)
{
    return settle(b, &p, err) && make_dataset(b, &p, plan, t, bytes_of(NULL, 0), err);
}

bool place_scalar(struct builder *b, struct place p, const char *mark, enum dtype_kind kind,
                  const void *element, size_t size, struct error *err)
{
    const struct plan plan = {.mark = mark, .space = SPACE_SCALAR};
    const struct dtype t = dtype_make(kind, size);
    return settle(b, &p, err) && make_dataset(b, &p, &plan, &t, bytes_of(element, size), err);
}

bool place_text(struct builder *b, struct place p, const char *mark, struct bytes text, struct error *err)
{
    struct value leaf = {.kind = VALUE_STR, .text = text};
    struct value *leaves[] = {&leaf};
    struct h5_feed f = {.room = &b->room};
    const struct dtype t = dtype_make(DTYPE_TEXT, sizeof(struct bytes));
    const struct plan plan = {.mark = mark, .space = SPACE_SCALAR};
    return h5_feed_leaves(&f, &t, leaves, 1, err) && place_feed(b, p, &plan, &f, err);
}

bool place_null(struct builder *b, struct place p, const char *mark, struct error *err)
{
    const struct plan plan = {.mark = mark, .space = SPACE_NULL};
    const struct dtype t = dtype_make(DTYPE_FLOAT, 8);
    return place_empty(b, p, &plan, &t, err);
}

bool place_raw(struct builder *b, struct place p, const char *mark, struct bytes raw, struct error *err)
{
    if (raw.len == 0)
        return place_null(b, p, mark, err);
    if (raw.len > INT32_MAX)
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "HDF5 holds bytes of at most 2 GB");
    return place_scalar(b, p, mark, DTYPE_VOID, raw.data, raw.len, err);
}
