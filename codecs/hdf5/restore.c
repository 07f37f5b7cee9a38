/*
 * A file from its words (described.h), which may be a client's. Named types are made first; groups wait on a
 * queue, their members are made in the order of their links, and an object that is linked to again is linked.
 * Elements with references come last, when all that they lead to is there.
 */
#include "build.h"
#include "described.h"
#include "outgoing.h"

#include <stdio.h>
#include <stdlib.h>

enum { ATTRIBUTE_MOST = 64 << 20, NAME_MAX_BYTES = 1024 };

enum collection { GROUPS, DATATYPES, DATASETS, COLLECTIONS };

static const char *const collection_names[COLLECTIONS] = {"groups", "datatypes", "datasets"};

struct entry {
    struct bytes id;
    const struct value *dict;
    enum collection collection;
    uint64_t object; /* 0: not made yet */
};

/* What is completed last: the elements of a dataset (words: its own), or an attribute (words: its own). */
struct pending {
    const struct value *words;
    uint64_t object;
    bool attribute;
    const struct entry *group; /* whose member it is, or is of; NULL: the root, or a named type */
    const struct value *link;
};

struct restoring {
    struct builder *b;
    struct arena *arena;
    struct error *err;
    struct entry *entries; /* sorted by id */
    size_t count;
    struct entry **queue; /* groups whose members are to be made; each once */
    size_t queued, next;
    const struct entry *group; /* at work */
    const struct value *link;
    struct pending *later;
    size_t later_count, later_capacity;
    struct bytes prefix; /* what paths in references begin with: described.h */
};

/* ---- parts of words ---- */

static const struct value *get(const struct value *dict, const char *key, enum value_kind kind)
{
    const struct value *v = dict->kind == VALUE_DICT ? value_get(dict, key) : NULL;
    return v != NULL && v->kind == kind ? v : NULL;
}

static struct bytes text_of(const struct value *dict, const char *key)
{
    const struct value *v = get(dict, key, VALUE_STR);
    return v == NULL ? bytes_of("", 0) : v->text;
}

static bool wrong(struct restoring *r, const char *what)
{
    return FAIL(r->err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "%s", what);
}

static int by_id(const void *a, const void *b)
{
    return bytes_compare(((const struct entry *)a)->id, ((const struct entry *)b)->id);
}

static struct entry *find(const struct restoring *r, struct bytes id)
{
    const struct entry key = {.id = id};
    return r->count == 0 ? NULL : bsearch(&key, r->entries, r->count, sizeof key, by_id);
}

static bool collect(struct restoring *r, const struct value *document)
{
    size_t n = 0;
    for (size_t c = 0; c < COLLECTIONS; c++) {
        const struct value *all = get(document, collection_names[c], VALUE_DICT);
        r->count += all == NULL ? 0 : all->dict.count;
    }
    r->entries = arena_alloc(r->arena, r->count, sizeof *r->entries);
    r->queue = arena_alloc(r->arena, r->count, sizeof(struct entry *));
    if (r->entries == NULL || r->queue == NULL)
        return arena_fail(r->arena, r->err);
    for (size_t c = 0; c < COLLECTIONS; c++) {
        const struct value *all = get(document, collection_names[c], VALUE_DICT);
        for (size_t i = 0; all != NULL && i < all->dict.count; i++) {
            const struct value_pair *pair = &all->dict.items[i];
            if (pair->key->kind != VALUE_STR || pair->value->kind != VALUE_DICT)
                return wrong(r, "an object is described by a JSON object under its id");
            r->entries[n++] = (struct entry){pair->key->text, pair->value, (enum collection)c, 0};
        }
    }
    qsort(r->entries, r->count, sizeof *r->entries, by_id);
    return true;
}

static bool put_off(struct restoring *r, const struct value *words, uint64_t object, bool attribute)
{
    if (r->later_count == r->later_capacity) {
        const size_t capacity = r->later_capacity == 0 ? 16 : r->later_capacity * 2;
        struct pending *later =
            arena_grow(r->arena, r->later, r->later_capacity * sizeof *later, capacity * sizeof *later);
        if (later == NULL)
            return arena_fail(r->arena, r->err);
        r->later = later;
        r->later_capacity = capacity;
    }
    r->later[r->later_count++] = (struct pending){words, object, attribute, r->group, r->link};
    return true;
}

/* ---- what references lead to ---- */

/* Behind the prefix; what lies outside of it is not here. */
static struct bytes without_prefix(struct bytes prefix, struct bytes path)
{
    if (prefix.len == 0 || path.len < prefix.len || memcmp(path.data, prefix.data, prefix.len) != 0)
        return prefix.len == 0 ? path : bytes_of(NULL, 0);
    if (path.len == prefix.len)
        return bytes_text("/");
    return path.data[prefix.len] == '/' ? bytes_of(path.data + prefix.len, path.len - prefix.len)
                                        : bytes_of(NULL, 0);
}

/* A path, or the collection and id of an object. */
static void find_name(void *self, struct bytes name, struct bytes *path, uint64_t *object)
{
    const struct restoring *r = self;
    const uint8_t *slash = name.len == 0 ? NULL : memchr(name.data, '/', name.len);
    const size_t word = slash == NULL ? 0 : (size_t)(slash - name.data);
    *path = bytes_of(NULL, 0);
    for (size_t c = 0; c < COLLECTIONS && word > 0; c++)
        if (bytes_equal(bytes_of(name.data, word), bytes_text(collection_names[c]))) {
            const struct entry *e = find(r, bytes_of(slash + 1, name.len - word - 1));
            *object = e == NULL ? 0 : e->object;
            return;
        }
    *path = without_prefix(r->prefix, name);
}

/* ---- types ---- */

/* The words of a type, or the object of the named one; *words is NULL then. */
static bool type_of(struct restoring *r, const struct value *holder, const struct value **words,
                    uint64_t *named)
{
    static const char prefix[] = "datatypes/";
    const struct value *type = value_get(holder, "type");
    *words = type;
    *named = 0;
    if (type != NULL && type->kind == VALUE_DICT)
        return true;
    if (type == NULL || type->kind != VALUE_STR)
        return wrong(r, "there is no type");
    const size_t n = bytes_starts(type->text, prefix) ? sizeof prefix - 1 : 0;
    const struct entry *e = find(r, bytes_of(type->text.data + n, type->text.len - n));
    if (e == NULL || e->collection != DATATYPES)
        return wrong(r, "a named type is not among the datatypes");
    *words = NULL;
    *named = e->object;
    return true;
}

static bool put_value(struct restoring *r, const struct value *v)
{
    static const struct value none = {.kind = VALUE_NONE};
    return wire_put_value(&r->b->payload, v == NULL ? &none : v, r->err);
}

static bool make_named_types(struct restoring *r)
{
    for (size_t i = 0; i < r->count; i++) {
        struct entry *e = &r->entries[i];
        if (e->collection != DATATYPES)
            continue;
        r->b->payload.len = 0;
        if (!put_value(r, get(e->dict, "type", VALUE_DICT)))
            return false;
        const struct sandbox_request q = {.op = SANDBOX_NAMED_TYPE,
                                          .payload = bytes_of(r->b->payload.data, r->b->payload.len)};
        if (!h5_call(r->b, q, r->err) || !h5_reply_object(r->b, &e->object, r->err))
            return false;
    }
    return true;
}

static bool release_named_types(struct restoring *r)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->entries[i].collection == DATATYPES &&
            !h5_call(r->b, (struct sandbox_request){.op = SANDBOX_RELEASE, .target = r->entries[i].object},
                     r->err))
            return false;
    return true;
}

/* ---- elements ---- */

/* What is made of a dataset's or an attribute's words. */
struct typed {
    const struct value *holder; /* the words */
    const struct value *type;
    uint64_t named;
    struct dtype dtype; /* of an element, an array type's included */
    bool none;          /* H5S_NULL */
    unsigned ndim;
    uint64_t dims[DTYPE_MAX_NDIM];
    uint64_t count;
};

static bool shape_of(struct restoring *r, const struct value *holder, struct typed *t)
{
    const struct value *shape = get(holder, "shape", VALUE_DICT);
    const struct value *dims = shape == NULL ? NULL : get(shape, "dims", VALUE_LIST);
    if (shape == NULL)
        return wrong(r, "there is no shape");
    t->none = bytes_is(text_of(shape, "class"), "H5S_NULL");
    t->count = !t->none;
    if (!bytes_is(text_of(shape, "class"), "H5S_SIMPLE"))
        return true;
    if (dims == NULL || dims->list.count > DTYPE_MAX_NDIM)
        return wrong(r, "dims is a list of at most 32 numbers");
    for (size_t i = 0; i < dims->list.count; i++) {
        const struct value *v = dims->list.items[i];
        if (v->kind != VALUE_INT || v->integer < 0 ||
            __builtin_mul_overflow(t->count, (uint64_t)v->integer, &t->count))
            return wrong(r, "a dimension is no number, or they are too big");
        t->dims[t->ndim++] = (uint64_t)v->integer;
    }
    return true;
}

static bool typed_of(struct restoring *r, const struct value *holder, struct typed *t)
{
    struct builder *b = r->b;
    *t = (struct typed){.holder = holder};
    b->payload.len = 0;
    if (!type_of(r, holder, &t->type, &t->named) || !shape_of(r, holder, t) || !put_value(r, t->type) ||
        !wire_put_u64(&b->payload, t->named, r->err))
        return false;
    const struct sandbox_request q = {.op = SANDBOX_TYPE,
                                      .payload = bytes_of(b->payload.data, b->payload.len)};
    if (!h5_call(b, q, r->err))
        return false;
    /* The next call's reply takes the place of this one. */
    const struct bytes copy = arena_copy(r->arena, bytes_of(b->reply.data, b->reply.len));
    struct reader reader = reader_make(copy);
    return copy.data == NULL ? arena_fail(r->arena, r->err)
                             : wire_get_dtype(&reader, r->arena, &t->dtype, r->err);
}

/* One element, and the heap that its texts and sequences lie in. */
struct fill {
    struct bytes element, heap;
};

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
    return put_value(r, words) && wire_put_u64(&b->payload, t->named, r->err) &&
           wire_put_run(&b->payload, fill->element, r->err) &&
           wire_put_run(&b->payload, fill->heap, r->err) && wire_put_run(&b->payload, heap, r->err);
}

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

static bool check_array(struct restoring *r, const struct typed *t, const struct array *a, uint64_t *inner)
{
    uint64_t count;
    const struct dtype *element = inner_of(&t->dtype, inner);
    const bool same = dtype_equal(element, &a->dtype) ||
                      (is_bare(element) && is_bare(&a->dtype) && element->itemsize == a->dtype.itemsize);
    if (!same || !array_count(a, &count) || *inner == 0 || count / *inner != t->count || count % *inner != 0)
        return wrong(r, "the elements of an array are not of the type and shape that are described");
    return true;
}

static bool make(struct restoring *r, const struct typed *t, enum sandbox_op op, uint64_t base,
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

/* ---- attributes ---- */

/* All elements of an array, in the form of sandbox.h. */
static bool array_elements(struct restoring *r, const struct typed *t, const struct array *a,
                           struct bytes *out)
{
    struct h5_feed f = {.room = &r->b->room};
    const uint8_t *block;
    size_t count;
    uint64_t inner, size;
    if (!check_array(r, t, a, &inner) || !array_size(a, &size) || size > ATTRIBUTE_MOST)
        return r->err->kind == ERR_NONE ? wrong(r, "an attribute is too big") : false;
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
    return count == f.count || wrong(r, "an attribute cannot be read at once");
}

/* Zeros, where a document does not say the value. */
static bool no_elements(struct restoring *r, const struct typed *t, struct bytes *out)
{
    uint64_t size;
    if (!dtype_is_flat(&t->dtype) || __builtin_mul_overflow(t->count, (uint64_t)t->dtype.itemsize, &size) ||
        size > ATTRIBUTE_MOST)
        return wrong(r, "an attribute has no value");
    const uint8_t *zeros = arena_alloc(r->arena, 1, (size_t)size);
    *out = bytes_of(zeros, (size_t)size);
    return zeros != NULL || arena_fail(r->arena, r->err);
}

/* A scalar whose value is what its one element holds: the array of a sequence, too. */
static bool is_one_object(const struct typed *t)
{
    return t->dtype.kind == DTYPE_OBJECT && t->ndim == 0;
}

static bool elements_of(struct restoring *r, const struct typed *t, const struct value *v, struct bytes *out)
{
    *out = bytes_of(NULL, 0);
    r->b->room.heap.len = 0;
    if (t->none)
        return true;
    if (v == NULL)
        return no_elements(r, t, out);
    if (v->kind == VALUE_ARRAY && !is_one_object(t))
        return array_elements(r, t, v->array, out);
    return h5_elements(r->b, v, t->ndim, t->dims, &t->dtype, out, r->err);
}

static bool is_attribute_name(struct bytes name)
{
    const struct value v = {.kind = VALUE_STR, .text = name};
    return h5_plain_text(&v) && name.len > 0;
}

static bool make_attribute(struct restoring *r, const struct typed *t, uint64_t object)
{
    struct bytes elements;
    return elements_of(r, t, value_get(t->holder, "value"), &elements) &&
           make(r, t, SANDBOX_ATTRIBUTE_AS, object, text_of(t->holder, "name"), &(struct fill){0}, elements);
}

static bool make_attributes(struct restoring *r, const struct value *holder, uint64_t object)
{
    const struct value *list = get(holder, "attributes", VALUE_LIST);
    for (size_t i = 0; list != NULL && i < list->list.count; i++) {
        const struct value *a = list->list.items[i];
        struct typed t;
        if (a->kind != VALUE_DICT || !is_attribute_name(text_of(a, "name")))
            return wrong(r, "an attribute is an object with a name");
        if (!typed_of(r, a, &t))
            return false;
        if (h5_has_references(&t.dtype) ? !put_off(r, a, object, true) : !make_attribute(r, &t, object))
            return false;
    }
    return true;
}

/* ---- datasets ---- */

/* Of variable length: from the value that it is, or from an array of one. */
static bool long_fill_of(struct restoring *r, const struct typed *t, const struct value *v, struct fill *out)
{
    struct h5_feed f = {.room = &r->b->room};
    const uint8_t *element = NULL;
    size_t count = 0;
    r->b->room.heap.len = 0;
    if (v->kind != VALUE_ARRAY || v->array->ndim > 0) {
        if (!h5_elements(r->b, v, 0, NULL, &t->dtype, &out->element, r->err))
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
    const struct value *p = get(t->holder, "creationProperties", VALUE_DICT);
    const struct value *v = p == NULL ? NULL : value_get(p, "fillValue");
    *out = (struct fill){0};
    if (v == NULL || v->kind == VALUE_NONE || h5_has_references(&t->dtype))
        return true;
    if (!dtype_is_flat(&t->dtype))
        return long_fill_of(r, t, v, out);
    if (v->kind != VALUE_ARRAY)
        return h5_elements(r->b, v, 0, NULL, &t->dtype, &out->element, r->err);
    if (v->array->dtype.itemsize == t->dtype.itemsize && v->array->ndim == 0)
        out->element = bytes_of(v->array->data, t->dtype.itemsize);
    return true;
}

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
            return wrong(r, "an array type has too many elements");
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
    const struct value *p = get(t->holder, "creationProperties", VALUE_DICT);
    const struct value *layout = p == NULL ? NULL : get(p, "layout", VALUE_DICT);
    return layout != NULL && bytes_is(text_of(layout, "class"), "H5D_CHUNKED");
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
    if (!check_array(r, t, a, &inner) || !h5_feed_array(&f, &a->dtype, a, r->err))
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
        return wrong(r, "an array type has too many elements");
    c->block_elements -= at_once ? 0 : c->block_elements % inner;
    bool done = at_once;
    const struct bytes all = at_once ? bytes_of(elements, count * f.dtype.itemsize) : bytes_of(NULL, 0);
    if (!at_once)
        r->b->room.heap.len = 0;
    return make(r, t, SANDBOX_DATASET_AS, group, name, fill, all) &&
           h5_reply_object(r->b, &e->object, r->err) && (at_once || copy_chunks(r, a, e->object, &done)) &&
           (done || write_array(r, t, &f, inner, e->object));
}

static bool make_of_value(struct restoring *r, const struct typed *t, const struct value *v, struct entry *e,
                          uint64_t group, struct bytes name, const struct fill *fill)
{
    struct bytes elements = {0};
    const bool unsaid = v == NULL || (v->kind == VALUE_NONE && t->dtype.kind != DTYPE_FLOAT);
    r->b->room.heap.len = 0;
    return (unsaid || elements_of(r, t, v, &elements)) &&
           make(r, t, SANDBOX_DATASET_AS, group, name, fill, elements) &&
           h5_reply_object(r->b, &e->object, r->err);
}

static bool make_dataset(struct restoring *r, struct entry *e, uint64_t group, struct bytes name)
{
    struct typed t;
    struct fill fill;
    const struct value *v = value_get(e->dict, "value");
    if (!typed_of(r, e->dict, &t) || !fill_of(r, &t, &fill))
        return false;
    const bool array = v != NULL && v->kind == VALUE_ARRAY && !t.none && !is_one_object(&t);
    if (v != NULL && v->kind != VALUE_NONE && !t.none && h5_has_references(&t.dtype))
        return make_of_value(r, &t, NULL, e, group, name, &fill) && put_off(r, e->dict, e->object, false) &&
               make_attributes(r, e->dict, e->object);
    return (array ? make_of_array(r, &t, v->array, e, group, name, &fill)
                  : make_of_value(r, &t, v, e, group, name, &fill)) &&
           make_attributes(r, e->dict, e->object);
}

/* ---- links ---- */

static bool is_link_name(struct bytes name)
{
    const struct value v = {.kind = VALUE_STR, .text = name};
    return h5_plain_text(&v) && name.len > 0 && name.len <= NAME_MAX_BYTES &&
           memchr(name.data, '/', name.len) == NULL && !bytes_is(name, ".");
}

static bool link_to(struct restoring *r, uint64_t object, uint64_t group, struct bytes name)
{
    return h5_call(
        r->b,
        (struct sandbox_request){.op = SANDBOX_HARD_LINK, .base = group, .path = name, .target = object},
        r->err);
}

static bool enqueue(struct restoring *r, struct entry *e)
{
    r->queue[r->queued++] = e;
    return true;
}

static bool make_group(struct restoring *r, struct entry *e, uint64_t group, struct bytes name)
{
    const struct sandbox_request q = {.op = SANDBOX_GROUP, .base = group, .path = name};
    return h5_call(r->b, q, r->err) && h5_reply_object(r->b, &e->object, r->err) && enqueue(r, e) &&
           make_attributes(r, e->dict, e->object);
}

static bool hard_link(struct restoring *r, const struct value *link, uint64_t group, struct bytes name)
{
    struct entry *e = find(r, text_of(link, "id"));
    if (e == NULL)
        return wrong(r, "a link leads to an id that no object has");
    if (e->object != 0)
        return link_to(r, e->object, group, name);
    return e->collection == GROUPS ? make_group(r, e, group, name) : make_dataset(r, e, group, name);
}

static bool is_target(struct bytes path)
{
    const struct value v = {.kind = VALUE_STR, .text = path};
    return h5_plain_text(&v) && path.len > 0;
}

static bool soft_link(struct restoring *r, const struct value *link, uint64_t group, struct bytes name)
{
    const struct bytes path = text_of(link, "h5path");
    const struct sandbox_request q = {.op = SANDBOX_SOFT_LINK, .base = group, .path = name, .payload = path};
    return is_target(path) ? h5_call(r->b, q, r->err) : wrong(r, "a soft link leads nowhere");
}

static bool external_link(struct restoring *r, const struct value *link, uint64_t group, struct bytes name)
{
    struct builder *b = r->b;
    const struct bytes path = text_of(link, "h5path"), file = text_of(link, "file");
    b->payload.len = 0;
    if (!is_target(path) || !is_target(file))
        return wrong(r, "an external link needs a file and a path");
    if (!wire_put_run(&b->payload, file, r->err) || !wire_put_run(&b->payload, path, r->err))
        return false;
    const struct sandbox_request q = {.op = SANDBOX_EXTERNAL_LINK,
                                      .base = group,
                                      .path = name,
                                      .payload = bytes_of(b->payload.data, b->payload.len)};
    return h5_call(b, q, r->err);
}

/* Links of somebody's own kind have no words: they are left out. */
static bool make_link(struct restoring *r, const struct value *link, uint64_t group)
{
    const struct bytes class = text_of(link, "class"), name = text_of(link, "title");
    if (link->kind != VALUE_DICT || !is_link_name(name))
        return wrong(r, "a link is an object whose title is a name");
    if (bytes_is(class, "H5L_TYPE_SOFT"))
        return soft_link(r, link, group, name);
    if (bytes_is(class, "H5L_TYPE_EXTERNAL"))
        return external_link(r, link, group, name);
    if (bytes_is(class, "H5L_TYPE_USER_DEFINED"))
        return true;
    return bytes_is(class, "H5L_TYPE_HARD") ? hard_link(r, link, group, name)
                                            : wrong(r, "the class of a link is not known");
}

/* ---- all of it ---- */

static void point(const struct restoring *r, const struct entry *group, const struct value *link)
{
    char pointer[sizeof r->err->pointer];
    const struct bytes name = link->kind == VALUE_DICT ? text_of(link, "title") : bytes_of("", 0);
    snprintf(pointer, sizeof pointer, "/groups/%.*s/links/%.*s",
             (int)(group->id.len < 40 ? group->id.len : 40), (const char *)group->id.data,
             (int)(name.len < 60 ? name.len : 60), (const char *)name.data);
    error_set_pointer(r->err, pointer);
}

static bool make_members(struct restoring *r, const struct entry *e)
{
    const struct value *links = get(e->dict, "links", VALUE_LIST);
    r->group = e;
    for (size_t i = 0; links != NULL && i < links->list.count; i++) {
        r->link = links->list.items[i];
        if (!make_link(r, r->link, e->object)) {
            point(r, e, r->link);
            return false;
        }
    }
    return true;
}

/* ---- what was put off ---- */

static bool complete_dataset(struct restoring *r, const struct typed *t, uint64_t object)
{
    const struct value *v = value_get(t->holder, "value");
    struct h5_feed f = {.room = &r->b->room};
    struct bytes elements;
    uint64_t inner;
    if (v->kind == VALUE_ARRAY && !is_one_object(t)) {
        if (!check_array(r, t, v->array, &inner) || !h5_feed_array(&f, &v->array->dtype, v->array, r->err))
            return false;
        if (r->b->room.cursor.block_elements < inner)
            return wrong(r, "an array type has too many elements");
        r->b->room.cursor.block_elements -= r->b->room.cursor.block_elements % inner;
        return write_array(r, t, &f, inner, object);
    }
    if (!elements_of(r, t, v, &elements))
        return false;
    const struct h5_block block = {t->ndim, t->dims, t->dtype.itemsize, 0, t->count, elements.data};
    return h5_write_block(r->b, object, &block, r->err);
}

static bool complete(struct restoring *r)
{
    const struct h5_names names = {r, find_name};
    bool ok = true;
    r->b->room.names = &names;
    for (size_t i = 0; ok && i < r->later_count; i++) {
        const struct pending *p = &r->later[i];
        struct typed t;
        ok = typed_of(r, p->words, &t) &&
             (p->attribute ? make_attribute(r, &t, p->object) : complete_dataset(r, &t, p->object));
        if (!ok && p->group != NULL)
            point(r, p->group, p->link);
    }
    r->b->room.names = NULL;
    return ok;
}

static bool attribute_named_types(struct restoring *r)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->entries[i].collection == DATATYPES &&
            !make_attributes(r, r->entries[i].dict, r->entries[i].object))
            return false;
    return true;
}

bool h5_restore(struct builder *b, struct value *document, struct error *err)
{
    struct restoring r = {.b = b, .arena = b->arena, .err = err};
    if (!collect(&r, document))
        return false;
    struct entry *root = find(&r, text_of(document, "root"));
    r.prefix = text_of(document, "prefix");
    if (root == NULL || root->collection != GROUPS)
        return wrong(&r, "the root is not among the groups");
    root->object = b->root;
    enqueue(&r, root);
    if (!make_named_types(&r) || !attribute_named_types(&r) || !make_attributes(&r, root->dict, b->root))
        return false;
    while (r.next < r.queued)
        if (!make_members(&r, r.queue[r.next++]))
            return false;
    return complete(&r) && release_named_types(&r);
}
