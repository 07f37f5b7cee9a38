/* Datasets: at once, block by block, or as the chunks that another file stores. */
#include "elements.h"
#include "outgoing.h"
#include "restoring.h"

/* ---- fill values ---- */

/* Of variable length: from the value that it is, or from an array of one. */
static bool long_fill_of(struct restoring *r, const struct typed *t, const struct value *v, struct fill *out)
{
    struct h5_feed f = {.room = &r->b->room};
    const uint8_t *element = NULL;
    size_t count = 0;
    r->b->room.heap.len = 0;
    if (v->kind != VALUE_ARRAY || v->array->ndim > 0) {
        if (!h5_elements(&r->b->room, v, 0, NULL, &t->dtype, &out->element, r->err))
            return false;
    } else if (!h5_feed_array(&f, &t->dtype, v->array, r->err) ||
               !h5_feed_next(&f, &element, &count, r->err)) {
        return false;
    } else {
        out->element = arena_copy(r->arena, bytes_of(element, count == 1 ? t->dtype.itemsize : 0));
    }
    out->heap = arena_copy(r->arena, bytes_of(r->b->room.heap.data, r->b->room.heap.len));
    return (out->element.data != NULL && out->heap.data != NULL) || arena_fail(r->arena, r->err);
}

static bool fill_of(struct restoring *r, const struct typed *t, struct fill *out)
{
    const struct value *p = restore_get(t->holder, "creationProperties", VALUE_DICT);
    const struct value *v = p == NULL ? NULL : value_get(p, "fillValue");
    *out = (struct fill){0};
    if (v == NULL || v->kind == VALUE_NONE || h5_has_references(&t->dtype))
        return true;
    if (!dtype_is_flat(&t->dtype))
        return long_fill_of(r, t, v, out);
    if (v->kind != VALUE_ARRAY)
        return h5_elements(&r->b->room, v, 0, NULL, &t->dtype, &out->element, r->err);
    if (v->array->dtype.itemsize == t->dtype.itemsize && v->array->ndim == 0)
        out->element = bytes_of(v->array->data, t->dtype.itemsize);
    return true;
}

/* ---- elements ---- */

/* The rest of an array block by block. A block has whole places of the shape: all elements of an array type.
 */
static bool write_array(struct restoring *r, const struct typed *t, struct h5_feed *f, uint64_t inner,
                        uint64_t object)
{
    const struct limits *limits = r->b->e->limits;
    const uint8_t *elements;
    size_t count;
    if (f->count > limits->elements)
        return FAIL_LIMIT(r->err, "elements", limits->elements, "a dataset holds more than %llu elements",
                          (unsigned long long)limits->elements);
    for (uint64_t at = 0;; at += count / inner) {
        if (!h5_feed_next(f, &elements, &count, r->err) || count == 0)
            return r->err->kind == ERR_NONE;
        if (count % inner != 0)
            return restore_fail(r, "an array type has too many elements");
        const struct h5_block block = {t->ndim, t->dims, t->dtype.itemsize, at, count / inner, elements};
        if (!h5_write_block(r->b, object, &block, r->err))
            return false;
    }
}

/* Chunks as they are stored, where that can be. *done: it could. */
static bool copy_chunks(struct restoring *r, const struct array *a, uint64_t object, bool *done)
{
    struct builder *b = r->b;
    struct sandbox_request q;
    uint64_t place = 0;
    *done = false;
    if (!h5_whole_dataset(a, &q))
        return true;
    q.op = SANDBOX_COPY;
    while (place != SANDBOX_COPIED) {
        b->payload.len = 0;
        if (!wire_put_u64(&b->payload, object, r->err) || !wire_put_u64(&b->payload, place, r->err))
            return false;
        q.payload = bytes_of(b->payload.data, b->payload.len);
        if (!h5_call(b, q, r->err) || !h5_reply_object(b, &place, r->err))
            return false;
        if (place == SANDBOX_NO_COPY)
            return true;
    }
    return *done = true;
}

static bool is_chunked(const struct typed *t)
{
    const struct value *p = restore_get(t->holder, "creationProperties", VALUE_DICT);
    const struct value *layout = p == NULL ? NULL : restore_get(p, "layout", VALUE_DICT);
    return layout != NULL && bytes_is(restore_text(layout, "class"), "H5D_CHUNKED");
}

/* At once where all elements fit in a block. */
static bool make_of_array(struct restoring *r, const struct typed *t, const struct array *a, struct entry *e,
                          uint64_t group, struct bytes name, const struct fill *fill)
{
    struct h5_feed f = {.room = &r->b->room};
    struct array_cursor *c = &r->b->room.cursor;
    const uint8_t *elements = NULL;
    size_t count = 0;
    uint64_t inner;
    if (!restore_check_array(r, t, a, &inner) || !h5_feed_array(&f, &a->dtype, a, r->err))
        return false;
    bool at_once = !is_chunked(t) && f.count <= c->block_elements;
    r->b->room.heap.len = 0;
    if (at_once && f.count > 0) {
        if (!h5_feed_next(&f, &elements, &count, r->err))
            return false;
        at_once = count == f.count;
        if (!at_once && !h5_feed_array(&f, &a->dtype, a, r->err)) /* texts may end a block early: again */
            return false;
    }
    if (!at_once && (t->ndim == 0 || c->block_elements < inner))
        return restore_fail(r, "an array type has too many elements");
    c->block_elements -= at_once ? 0 : c->block_elements % inner;
    bool done = at_once;
    const struct bytes all = at_once ? bytes_of(elements, count * f.dtype.itemsize) : bytes_of(NULL, 0);
    if (!at_once)
        r->b->room.heap.len = 0;
    return restore_make(r, t, SANDBOX_DATASET_AS, group, name, fill, all) &&
           h5_reply_object(r->b, &e->object, r->err) && (at_once || copy_chunks(r, a, e->object, &done)) &&
           (done || write_array(r, t, &f, inner, e->object));
}

static bool make_of_value(struct restoring *r, const struct typed *t, const struct value *v, struct entry *e,
                          uint64_t group, struct bytes name, const struct fill *fill)
{
    struct bytes elements = {0};
    const bool unsaid = v == NULL || (v->kind == VALUE_NONE && t->dtype.kind != DTYPE_FLOAT);
    r->b->room.heap.len = 0;
    return (unsaid || restore_elements(r, t, v, &elements)) &&
           restore_make(r, t, SANDBOX_DATASET_AS, group, name, fill, elements) &&
           h5_reply_object(r->b, &e->object, r->err);
}

/* ---- datasets ---- */

bool restore_dataset(struct restoring *r, struct entry *e, uint64_t group, struct bytes name)
{
    struct typed t;
    struct fill fill;
    const struct value *v = value_get(e->dict, "value");
    if (!restore_typed(r, e->dict, &t) || !fill_of(r, &t, &fill))
        return false;
    const bool array = v != NULL && v->kind == VALUE_ARRAY && !t.none && !restore_is_one_object(&t);
    if (v != NULL && v->kind != VALUE_NONE && !t.none && h5_has_references(&t.dtype))
        return make_of_value(r, &t, NULL, e, group, name, &fill) &&
               restore_later(r, e->dict, e->object, false) && restore_attributes(r, e->dict, e->object);
    return (array ? make_of_array(r, &t, v->array, e, group, name, &fill)
                  : make_of_value(r, &t, v, e, group, name, &fill)) &&
           restore_attributes(r, e->dict, e->object);
}

bool restore_late_dataset(struct restoring *r, const struct typed *t, uint64_t object)
{
    const struct value *v = value_get(t->holder, "value");
    struct h5_feed f = {.room = &r->b->room};
    struct bytes elements;
    uint64_t inner;
    if (v->kind == VALUE_ARRAY && !restore_is_one_object(t)) {
        if (!restore_check_array(r, t, v->array, &inner) ||
            !h5_feed_array(&f, &v->array->dtype, v->array, r->err))
            return false;
        if (r->b->room.cursor.block_elements < inner)
            return restore_fail(r, "an array type has too many elements");
        r->b->room.cursor.block_elements -= r->b->room.cursor.block_elements % inner;
        return write_array(r, t, &f, inner, object);
    }
    if (!restore_elements(r, t, v, &elements))
        return false;
    const struct h5_block block = {t->ndim, t->dims, t->dtype.itemsize, 0, t->count, elements.data};
    return h5_write_block(r->b, object, &block, r->err);
}
