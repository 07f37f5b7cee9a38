/* What there is to restore, and what the words of a dataset or an attribute say. */
#include "restoring.h"

#include <stdio.h>
#include <stdlib.h>

const char *const collection_names[COLLECTIONS] = {"groups", "datatypes", "datasets"};

/* ---- words ---- */

const struct value *restore_get(const struct value *dict, const char *key, enum value_kind kind)
{
    const struct value *v = dict->kind == VALUE_DICT ? value_get(dict, key) : NULL;
    return v != NULL && v->kind == kind ? v : NULL;
}

struct bytes restore_text(const struct value *dict, const char *key)
{
    const struct value *v = restore_get(dict, key, VALUE_STR);
    return v == NULL ? bytes_of("", 0) : v->text;
}

bool restore_fail(struct restoring *r, const char *what)
{
    return FAIL(r->err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "%s", what);
}

void restore_point(const struct restoring *r, const struct entry *group, const struct value *link)
{
    char pointer[sizeof r->err->pointer];
    const struct bytes name = link->kind == VALUE_DICT ? restore_text(link, "title") : bytes_of("", 0);
    snprintf(pointer, sizeof pointer, "/groups/%.*s/links/%.*s",
             (int)(group->id.len < 40 ? group->id.len : 40), (const char *)group->id.data,
             (int)(name.len < 60 ? name.len : 60), (const char *)name.data);
    error_set_pointer(r->err, pointer);
}

bool restore_put_words(struct restoring *r, const struct value *v)
{
    static const struct value none = {.kind = VALUE_NONE};
    return wire_put_value(&r->b->payload, v == NULL ? &none : v, r->err);
}

/* ---- objects by their ids ---- */

static int by_id(const void *a, const void *b)
{
    return bytes_compare(((const struct entry *)a)->id, ((const struct entry *)b)->id);
}

struct entry *restore_find(const struct restoring *r, struct bytes id)
{
    const struct entry key = {.id = id};
    return r->count == 0 ? NULL : bsearch(&key, r->entries, r->count, sizeof key, by_id);
}

bool restore_collect(struct restoring *r, const struct value *document)
{
    size_t n = 0;
    for (size_t c = 0; c < COLLECTIONS; c++) {
        const struct value *all = restore_get(document, collection_names[c], VALUE_DICT);
        r->count += all == NULL ? 0 : all->dict.count;
    }
    r->entries = arena_alloc(r->arena, r->count, sizeof *r->entries);
    r->queue = arena_alloc(r->arena, r->count, sizeof(struct entry *));
    if (r->entries == NULL || r->queue == NULL)
        return arena_fail(r->arena, r->err);
    for (size_t c = 0; c < COLLECTIONS; c++) {
        const struct value *all = restore_get(document, collection_names[c], VALUE_DICT);
        for (size_t i = 0; all != NULL && i < all->dict.count; i++) {
            const struct value_pair *pair = &all->dict.items[i];
            if (pair->key->kind != VALUE_STR || pair->value->kind != VALUE_DICT)
                return restore_fail(r, "an object is described by a JSON object under its id");
            r->entries[n++] = (struct entry){pair->key->text, pair->value, (enum collection)c, 0};
        }
    }
    qsort(r->entries, r->count, sizeof *r->entries, by_id);
    return true;
}

bool restore_later(struct restoring *r, const struct value *words, uint64_t object, bool attribute)
{
    struct pending *later = arena_room(r->arena, r->later, r->later_count, &r->later_capacity, sizeof *later);
    if (later == NULL)
        return arena_fail(r->arena, r->err);
    r->later = later;
    r->later[r->later_count++] = (struct pending){words, object, attribute, r->group, r->link};
    return true;
}

/* ---- types and shapes ---- */

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
        return restore_fail(r, "there is no type");
    const size_t n = bytes_starts(type->text, prefix) ? sizeof prefix - 1 : 0;
    const struct entry *e = restore_find(r, bytes_of(type->text.data + n, type->text.len - n));
    if (e == NULL || e->collection != DATATYPES)
        return restore_fail(r, "a named type is not among the datatypes");
    *words = NULL;
    *named = e->object;
    return true;
}

static bool shape_of(struct restoring *r, const struct value *holder, struct typed *t)
{
    const struct value *shape = restore_get(holder, "shape", VALUE_DICT);
    const struct value *dims = shape == NULL ? NULL : restore_get(shape, "dims", VALUE_LIST);
    if (shape == NULL)
        return restore_fail(r, "there is no shape");
    t->none = bytes_is(restore_text(shape, "class"), "H5S_NULL");
    t->count = !t->none;
    if (!bytes_is(restore_text(shape, "class"), "H5S_SIMPLE"))
        return true;
    if (dims == NULL || dims->list.count > DTYPE_MAX_NDIM)
        return restore_fail(r, "dims is a list of at most 32 numbers");
    for (size_t i = 0; i < dims->list.count; i++) {
        const struct value *v = dims->list.items[i];
        if (v->kind != VALUE_INT || v->integer < 0 ||
            __builtin_mul_overflow(t->count, (uint64_t)v->integer, &t->count))
            return restore_fail(r, "a dimension is no number, or they are too big");
        t->dims[t->ndim++] = (uint64_t)v->integer;
    }
    return true;
}

bool restore_typed(struct restoring *r, const struct value *holder, struct typed *t)
{
    struct builder *b = r->b;
    *t = (struct typed){.holder = holder};
    b->payload.len = 0;
    if (!type_of(r, holder, &t->type, &t->named) || !shape_of(r, holder, t) ||
        !restore_put_words(r, t->type) || !wire_put_u64(&b->payload, t->named, r->err))
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
