/* What our marks say about a group (README.md). */
#include "h5.h"
#include "known.h"
#include "number.h"
#include "table.h"

static struct value *member(const struct h5_members *members, const char *name)
{
    for (size_t i = 0; i < members->count; i++)
        if (bytes_is(members->items[i].key->text, name))
            return members->items[i].value;
    return NULL;
}

/* Members "0", "1" ... in the order of their numbers. */
static bool numbered(const struct h5_members *members, struct arena *arena, struct value_list *out,
                     struct error *err)
{
    struct value **items = arena_alloc(arena, members->count + 1, sizeof(struct value *));
    if (items == NULL)
        return arena_fail(arena, err);
    for (size_t i = 0; i < members->count; i++) {
        int64_t at;
        if (!number_read_int(members->items[i].key->text, &at) || at < 0 || (uint64_t)at >= members->count ||
            items[at] != NULL)
            return h5_mark_unsuited(err);
        items[at] = members->items[i].value;
    }
    for (size_t i = 0; i < members->count; i++)
        if (!value_append(arena, out, items[i]))
            return arena_fail(arena, err);
    return true;
}

/* Numbers of both kinds: all of them as floats, and which of them were ints. */
static bool mixed(const struct value *data, const struct value *ints, struct arena *arena,
                  struct value_list *out, struct error *err)
{
    const uint8_t *numbers, *flags;
    uint64_t count, count2;
    if (data->kind != VALUE_ARRAY || ints->kind != VALUE_ARRAY || data->array == NULL ||
        ints->array == NULL || data->array->dtype.kind != DTYPE_FLOAT || data->array->dtype.itemsize != 8 ||
        ints->array->dtype.kind != DTYPE_BOOL || !array_count(data->array, &count) ||
        !array_count(ints->array, &count2) || count != count2)
        return h5_mark_unsuited(err);
    if (!array_pack(data->array, arena, &numbers, err) || !array_pack(ints->array, arena, &flags, err))
        return false;
    for (uint64_t i = 0; i < count; i++) {
        double v;
        memcpy(&v, numbers + i * sizeof v, sizeof v);
        const bool whole = flags[i] != 0 && v >= -9007199254740992.0 && v <= 9007199254740992.0;
        struct value *item = whole ? value_int(arena, (int64_t)v) : value_float(arena, v);
        if (item == NULL || !value_append(arena, out, item))
            return arena_fail(arena, err);
    }
    return true;
}

static bool list_group(const struct h5_members *members, struct arena *arena, struct value *node,
                       struct error *err)
{
    const struct value *data = member(members, "data"), *ints = member(members, "ints");
    if (data != NULL && ints != NULL)
        return mixed(data, ints, arena, &node->list, err);
    if (!numbered(members, arena, &node->list, err))
        return false;
    const bool three = node->kind == VALUE_RANGE || node->kind == VALUE_SLICE;
    for (size_t i = 0; node->kind == VALUE_RANGE && i < node->list.count; i++)
        if (node->list.items[i]->kind != VALUE_INT && node->list.items[i]->kind != VALUE_BIGINT)
            return h5_mark_unsuited(err);
    return !three || node->list.count == 3 || h5_mark_unsuited(err);
}

static bool pairs_of(const struct h5_members *members, struct arena *arena, struct value_pairs *out,
                     struct error *err)
{
    const struct value *keys = member(members, "keys"), *values = member(members, "values");
    if (keys == NULL || values == NULL || keys->kind != VALUE_LIST || values->kind != VALUE_LIST ||
        keys->list.count != values->list.count)
        return h5_mark_unsuited(err);
    for (size_t i = 0; i < keys->list.count; i++)
        if (!value_put(arena, out, keys->list.items[i], values->list.items[i]))
            return arena_fail(arena, err);
    return true;
}

static bool list_member(const struct h5_members *members, const char *name, struct value_list *out,
                        struct error *err)
{
    const struct value *v = member(members, name);
    if (v == NULL)
        return true;
    if (v->kind != VALUE_LIST)
        return h5_mark_unsuited(err);
    *out = v->list;
    return true;
}

static bool object_group(const struct h5_members *members, struct arena *arena, struct value *node,
                         struct error *err)
{
    struct value_object *o = arena_alloc(arena, 1, sizeof *o);
    const struct value *made = member(members, "made");
    int64_t how;
    if (o == NULL)
        return arena_fail(arena, err);
    o->callable = member(members, "callable");
    o->args = member(members, "args");
    o->kwargs = member(members, "kwargs");
    if (made == NULL || made->kind != VALUE_INT || o->callable == NULL || o->args == NULL ||
        o->args->kind != VALUE_TUPLE || (o->kwargs != NULL && o->kwargs->kind != VALUE_DICT))
        return h5_mark_unsuited(err);
    how = made->integer;
    if (how < OBJECT_REDUCE || how >= OBJECT_MADE_COUNT)
        return h5_mark_unsuited(err);
    o->made = (enum object_made)how;
    node->object = o;
    const bool pairs = member(members, "keys") != NULL;
    return list_member(members, "states", &o->states, err) && list_member(members, "items", &o->items, err) &&
           list_member(members, "added", &o->added, err) &&
           (!pairs || pairs_of(members, arena, &o->pairs, err));
}

/* collections.OrderedDict() or collections.deque() of the members. */
static bool collection_group(bool deque, const struct h5_members *members, struct arena *arena,
                             struct value *node, struct error *err)
{
    struct value_object *o = arena_alloc(arena, 1, sizeof *o);
    if (o == NULL)
        return arena_fail(arena, err);
    *o = (struct value_object){
        .made = OBJECT_REDUCE,
        .callable =
            value_global(arena, bytes_text("collections"), bytes_text(deque ? "deque" : "OrderedDict")),
        .args = value_new(arena, VALUE_TUPLE),
        .pairs = {.items = deque ? NULL : members->items, .count = deque ? 0 : members->count},
    };
    if (o->callable == NULL || o->args == NULL)
        return arena_fail(arena, err);
    node->object = o;
    return !deque || numbered(members, arena, &o->items, err);
}

static bool array_group(const struct h5_members *members, struct arena *arena, struct value *node,
                        struct error *err)
{
    const struct value *shape = member(members, "shape"), *items = member(members, "items");
    if (shape == NULL || items == NULL || shape->kind != VALUE_LIST || items->kind != VALUE_LIST ||
        shape->list.count > DTYPE_MAX_NDIM)
        return h5_mark_unsuited(err);
    uint64_t *dims = arena_alloc(arena, shape->list.count, sizeof *dims), count;
    struct array *a = arena_alloc(arena, 1, sizeof *a);
    if (dims == NULL || a == NULL)
        return arena_fail(arena, err);
    for (size_t i = 0; i < shape->list.count; i++) {
        if (shape->list.items[i]->kind != VALUE_INT || shape->list.items[i]->integer < 0)
            return h5_mark_unsuited(err);
        dims[i] = (uint64_t)shape->list.items[i]->integer;
    }
    *a = array_of_memory(dtype_make(DTYPE_OBJECT, sizeof(struct value *)), (unsigned)shape->list.count, dims,
                         (const uint8_t *)items->list.items);
    if (!array_count(a, &count) || count != items->list.count)
        return h5_mark_unsuited(err);
    node->array = a;
    return true;
}

static bool dtype_group(const struct h5_members *members, struct arena *arena, struct value *node,
                        struct error *err)
{
    const struct value *descr = member(members, "descr"), *aligned = member(members, "aligned");
    struct dtype *t = arena_alloc(arena, 1, sizeof *t);
    if (t == NULL)
        return arena_fail(arena, err);
    if (descr == NULL || !dtype_of_descr(descr, arena, t, err))
        return h5_mark_unsuited(err);
    t->aligned = aligned != NULL && aligned->kind == VALUE_BOOL && aligned->boolean;
    node->dtype = t;
    return true;
}

static bool external_group(const struct h5_members *members, struct arena *arena, struct value *node,
                           struct error *err)
{
    const struct value *kind = member(members, "kind"), *read_only = member(members, "read_only");
    struct value_external *x = arena_alloc(arena, 1, sizeof *x);
    if (x == NULL)
        return arena_fail(arena, err);
    x->id = member(members, "id");
    if (x->id == NULL || kind == NULL || kind->kind != VALUE_INT || kind->integer < EXTERNAL_PERSISTENT_ID ||
        kind->integer > EXTERNAL_BUFFER)
        return h5_mark_unsuited(err);
    x->kind = (enum external_kind)kind->integer;
    x->read_only = read_only != NULL && read_only->kind == VALUE_BOOL && read_only->boolean;
    x->data = member(members, "data");
    if (x->data != NULL && (x->kind != EXTERNAL_PERSISTENT_ID || x->data->kind != VALUE_BYTES))
        return h5_mark_unsuited(err);
    node->external = x;
    return true;
}

bool h5_unnamed(bool series, bool level, struct bytes name)
{
    return level ? bytes_is(name, "index") || bytes_starts(name, "level_")
                 : series && bytes_is(name, UNNAMED_SERIES);
}

/* Members that are columns, in order; the mark says how many of them are levels of the index. */
static bool columns_of(struct bytes mark, const struct h5_members *members, struct arena *arena,
                       struct value_table *t, struct error *err)
{
    int64_t levels;
    const size_t word = h5_mark_word(mark).len;
    if (word + 1 >= mark.len ||
        !number_read_int(bytes_of(mark.data + word + 1, mark.len - word - 1), &levels) || levels < 0 ||
        (uint64_t)levels > members->count || members->count == 0)
        return h5_mark_unsuited(err);
    t->series = bytes_starts(mark, "series");
    t->levels = (size_t)levels;
    for (size_t i = 0; i < members->count; i++) {
        struct value *key = members->items[i].key, *v = members->items[i].value;
        if (h5_unnamed(t->series, i < t->levels, key->text))
            key = value_new(arena, VALUE_NONE);
        if (key == NULL || !value_put(arena, &t->columns, key, v))
            return arena_fail(arena, err);
        if (i == 0 && v->kind == VALUE_ARRAY && v->array != NULL && v->array->ndim == 1)
            t->rows = v->array->shape[0];
    }
    return true;
}

static bool labelled_of(const struct h5_members *members, struct arena *arena, struct value_table *t,
                        struct error *err)
{
    const struct value *counts[] = {member(members, "rows"), member(members, "levels")};
    const struct value *labels = member(members, "labels"), *values = member(members, "values");
    const struct value *series = member(members, "series");
    for (size_t i = 0; i < ROWS(counts); i++)
        if (counts[i] == NULL || counts[i]->kind != VALUE_INT || counts[i]->integer < 0)
            return h5_mark_unsuited(err);
    if (labels == NULL || values == NULL || labels->kind != VALUE_LIST || values->kind != VALUE_LIST ||
        labels->list.count != values->list.count)
        return h5_mark_unsuited(err);
    t->rows = (uint64_t)counts[0]->integer;
    t->levels = (size_t)counts[1]->integer;
    t->series = series != NULL && series->kind == VALUE_BOOL && series->boolean;
    for (size_t i = 0; i < labels->list.count; i++)
        if (!value_put(arena, &t->columns, labels->list.items[i], values->list.items[i]))
            return arena_fail(arena, err);
    return true;
}

static bool table_group(struct bytes mark, const struct h5_members *members, struct arena *arena,
                        struct value *node, struct error *err)
{
    struct value_table t = {0};
    if (!(bytes_is(mark, "columns") ? labelled_of(members, arena, &t, err)
                                    : columns_of(mark, members, arena, &t, err)))
        return false;
    for (size_t i = 0; i < t.columns.count; i++) {
        const struct value *v = t.columns.items[i].value;
        if (v->kind == VALUE_ARRAY && v->array == NULL) /* it contains the table */
            return h5_mark_unsuited(err);
    }
    return table_become(node, arena, &t, err);
}

static bool dict_group(struct bytes mark, const struct h5_members *members, struct arena *arena,
                       struct value *node, struct error *err)
{
    if (bytes_is(mark, "dict"))
        return pairs_of(members, arena, &node->dict, err);
    for (size_t i = 0; i < members->count; i++)
        if (!value_put(arena, &node->dict, members->items[i].key, members->items[i].value))
            return arena_fail(arena, err);
    return true;
}

bool h5_marked_group(struct bytes mark, const struct h5_members *members, struct arena *arena,
                     struct value *node, struct error *err)
{
    switch ((enum value_kind)node->kind) {
    case VALUE_DICT:
        return dict_group(mark, members, arena, node, err);
    case VALUE_LIST:
    case VALUE_TUPLE:
    case VALUE_SET:
    case VALUE_FROZENSET:
    case VALUE_RANGE:
    case VALUE_SLICE:
        return list_group(members, arena, node, err);
    case VALUE_OBJECT:
        return bytes_is(mark, "object")
                   ? object_group(members, arena, node, err)
                   : collection_group(bytes_is(mark, "deque"), members, arena, node, err);
    case VALUE_ARRAY:
        return array_group(members, arena, node, err);
    case VALUE_DTYPE:
        return dtype_group(members, arena, node, err);
    case VALUE_EXTERNAL:
        return external_group(members, arena, node, err);
    case VALUE_TABLE:
        return table_group(mark, members, arena, node, err);
    case VALUE_NONE:
    case VALUE_BOOL:
    case VALUE_INT:
    case VALUE_BIGINT:
    case VALUE_FLOAT:
    case VALUE_COMPLEX:
    case VALUE_STR:
    case VALUE_BYTES:
    case VALUE_BYTEARRAY:
    case VALUE_GLOBAL:
    case VALUE_KIND_COUNT:
        break;
    }
    return h5_mark_unsuited(err);
}
