/* Attributes, and datasets whose elements are given at once. */
#include "elements.h"
#include "outgoing.h"
#include "restoring.h"

enum { ATTRIBUTE_MOST = 64 << 20 };

/* Of the words, those that the sandbox reads. */
static bool put_words(struct restoring *r, const struct typed *t, const struct fill *fill, struct bytes heap)
{
    static const char *const keys[] = {"type", "shape", "creationProperties"};
    struct builder *b = r->b;
    struct value *words = value_new(r->arena, VALUE_DICT);
    if (words == NULL)
        return arena_fail(r->arena, r->err);
    for (size_t i = 0; i < ROWS(keys); i++) {
        struct value *v = value_get(t->holder, keys[i]), *key = value_text(r->arena, keys[i]);
        if (v == NULL || v->kind != VALUE_DICT)
            continue;
        if (strcmp(keys[i], "creationProperties") == 0) { /* the fill value goes as an element */
            struct value *rest = value_new(r->arena, VALUE_DICT);
            for (size_t m = 0; rest != NULL && m < v->dict.count; m++)
                if (v->dict.items[m].key->kind == VALUE_STR &&
                    !bytes_is(v->dict.items[m].key->text, "fillValue") &&
                    !value_put(r->arena, &rest->dict, v->dict.items[m].key, v->dict.items[m].value))
                    rest = NULL;
            v = rest;
        }
        if (v == NULL || key == NULL || !value_put(r->arena, &words->dict, key, v))
            return arena_fail(r->arena, r->err);
    }
    b->payload.len = 0;
    return restore_put_words(r, words) && wire_put_u64(&b->payload, t->named, r->err) &&
           wire_put_run(&b->payload, fill->element, r->err) &&
           wire_put_run(&b->payload, fill->heap, r->err) && wire_put_run(&b->payload, heap, r->err);
}

bool restore_make(struct restoring *r, const struct typed *t, enum sandbox_op op, uint64_t base,
                  struct bytes name, const struct fill *fill, struct bytes elements)
{
    struct builder *b = r->b;
    if (!put_words(r, t, fill, bytes_of(b->room.heap.data, b->room.heap.len)))
        return false;
    const struct sandbox_request q = {.op = op,
                                      .base = base,
                                      .path = name,
                                      .payload = bytes_of(b->payload.data, b->payload.len),
                                      .window = (uint8_t *)(uintptr_t)elements.data,
                                      .window_size = elements.len};
    return h5_call(b, q, r->err);
}

/* ---- elements ---- */

static bool is_bare(const struct dtype *t)
{
    return t->field_count == 0 && t->base == NULL &&
           (t->kind == DTYPE_VOID || t->kind == DTYPE_DATETIME || t->kind == DTYPE_TIMEDELTA ||
            t->kind == DTYPE_UNICODE);
}

/* The elements of one place of the shape: those of an array type. */
static const struct dtype *inner_of(const struct dtype *t, uint64_t *count)
{
    *count = 1;
    for (unsigned i = 0; t->base != NULL && i < t->ndim; i++)
        *count *= t->shape[i];
    return t->base != NULL ? t->base : t;
}

bool restore_check_array(struct restoring *r, const struct typed *t, const struct array *a, uint64_t *inner)
{
    uint64_t count;
    const struct dtype *element = inner_of(&t->dtype, inner);
    const bool same = dtype_equal(element, &a->dtype) ||
                      (is_bare(element) && is_bare(&a->dtype) && element->itemsize == a->dtype.itemsize);
    if (!same || !array_count(a, &count) || *inner == 0 || count / *inner != t->count || count % *inner != 0)
        return restore_fail(r, "the elements of an array are not of the type and shape that are described");
    return true;
}

/* All elements of an array, in the form of sandbox.h. */
static bool array_elements(struct restoring *r, const struct typed *t, const struct array *a,
                           struct bytes *out)
{
    struct h5_feed f = {.room = &r->b->room};
    const uint8_t *block;
    size_t count;
    uint64_t inner, size;
    if (!restore_check_array(r, t, a, &inner) || !array_size(a, &size) || size > ATTRIBUTE_MOST)
        return r->err->kind == ERR_NONE ? restore_fail(r, "an attribute is too big") : false;
    if (!h5_feed_array(&f, &a->dtype, a, r->err))
        return false;
    r->b->room.cursor.block_elements = (size_t)t->count * inner; /* an attribute is read at once */
    r->b->room.heap.len = 0;
    *out = bytes_of(NULL, 0);
    if (f.count == 0)
        return true;
    if (!h5_feed_next(&f, &block, &count, r->err))
        return false;
    *out = bytes_of(block, count * f.dtype.itemsize);
    return count == f.count || restore_fail(r, "an attribute cannot be read at once");
}

/* Zeros, where a document does not say the value. */
static bool no_elements(struct restoring *r, const struct typed *t, struct bytes *out)
{
    uint64_t size;
    if (!dtype_is_flat(&t->dtype) || __builtin_mul_overflow(t->count, (uint64_t)t->dtype.itemsize, &size) ||
        size > ATTRIBUTE_MOST)
        return restore_fail(r, "an attribute has no value");
    const uint8_t *zeros = arena_alloc(r->arena, 1, (size_t)size);
    *out = bytes_of(zeros, (size_t)size);
    return zeros != NULL || arena_fail(r->arena, r->err);
}

bool restore_is_one_object(const struct typed *t)
{
    return t->dtype.kind == DTYPE_OBJECT && t->ndim == 0;
}

bool restore_elements(struct restoring *r, const struct typed *t, const struct value *v, struct bytes *out)
{
    *out = bytes_of(NULL, 0);
    r->b->room.heap.len = 0;
    if (t->none)
        return true;
    if (v == NULL)
        return no_elements(r, t, out);
    if (v->kind == VALUE_ARRAY && !restore_is_one_object(t))
        return array_elements(r, t, v->array, out);
    return h5_elements(&r->b->room, v, t->ndim, t->dims, &t->dtype, out, r->err);
}

/* ---- attributes ---- */

bool restore_attribute(struct restoring *r, const struct typed *t, uint64_t object)
{
    struct bytes elements;
    return restore_elements(r, t, value_get(t->holder, "value"), &elements) &&
           restore_make(r, t, SANDBOX_ATTRIBUTE_AS, object, restore_text(t->holder, "name"),
                        &(struct fill){0}, elements);
}

bool restore_attributes(struct restoring *r, const struct value *holder, uint64_t object)
{
    const struct value *list = restore_get(holder, "attributes", VALUE_LIST);
    for (size_t i = 0; list != NULL && i < list->list.count; i++) {
        const struct value *a = list->list.items[i];
        struct typed t;
        if (a->kind != VALUE_DICT || !h5_is_name(restore_text(a, "name")))
            return restore_fail(r, "an attribute is an object with a name");
        if (!restore_typed(r, a, &t))
            return false;
        if (h5_has_references(&t.dtype) ? !restore_later(r, a, object, true)
                                        : !restore_attribute(r, &t, object))
            return false;
    }
    return true;
}
