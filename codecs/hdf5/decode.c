/*
 * The document as a value: groups as dicts, datasets as arrays, and what carries our marks as what it was.
 * Objects are visited without recursion; each is made once, so shared objects and cycles survive.
 */
#include "h5.h"
#include "known.h"
#include "sip.h"
#include "weigh.h"

#include <stdio.h>

struct frame {
    struct h5_object object;
    struct bytes name, mark;
    struct value *node;
    struct h5_members members;
    size_t capacity, next;
};

/* Objects that have been made, by number: open addressing. */
struct made {
    uint64_t object;
    struct value *value;
};

struct decoding {
    const struct h5_file *file;
    struct arena *arena;
    struct frame *frames;
    size_t depth, capacity;
    uint64_t nodes;
    struct value_list objects; /* that have been put together */
    struct sip_seed seed;
    struct made *made;
    size_t made_count, made_capacity; /* capacity: a power of two */
    bool shares;                      /* one of them was met again */
};

static struct made *made_slot(const struct decoding *d, uint64_t object)
{
    size_t i = (size_t)sip_number(d->seed, object) & (d->made_capacity - 1);
    while (d->made[i].value != NULL && d->made[i].object != object)
        i = (i + 1) & (d->made_capacity - 1);
    return &d->made[i];
}

static struct value *made_find(const struct decoding *d, uint64_t object)
{
    return d->made_capacity == 0 || object == 0 ? NULL : made_slot(d, object)->value;
}

static bool made_add(struct decoding *d, uint64_t object, struct value *value, struct error *err)
{
    if (d->made_count * 2 >= d->made_capacity) {
        const struct decoding old = *d;
        d->made_capacity = old.made_capacity == 0 ? 64 : old.made_capacity * 2;
        d->made = arena_alloc(d->arena, d->made_capacity, sizeof *d->made);
        if (d->made == NULL)
            return arena_fail(d->arena, err);
        for (size_t i = 0; i < old.made_capacity; i++)
            if (old.made[i].value != NULL)
                *made_slot(d, old.made[i].object) = old.made[i];
    }
    *made_slot(d, object) = (struct made){object, value};
    d->made_count++;
    return true;
}

/* ---- groups ---- */

static bool frame_push(struct decoding *d, struct frame **out, struct error *err)
{
    if (d->depth >= d->file->limits->depth)
        return FAIL_LIMIT(err, "depth", d->file->limits->depth, "groups are nested deeper than %llu levels",
                          (unsigned long long)d->file->limits->depth);
    struct frame *frames = arena_room(d->arena, d->frames, d->depth, &d->capacity, sizeof *frames);
    if (frames == NULL)
        return arena_fail(d->arena, err);
    d->frames = frames;
    *out = &d->frames[d->depth++];
    return true;
}

static bool member_add(struct decoding *d, struct frame *f, struct bytes name, struct value *value,
                       struct error *err)
{
    struct bytes text;
    struct value_pair *items =
        arena_room(d->arena, f->members.items, f->members.count, &f->capacity, sizeof *items);
    if (items == NULL)
        return arena_fail(d->arena, err);
    f->members.items = items;
    if (!h5_text(name, d->arena, &text, err))
        return false;
    struct value *key = value_str(d->arena, text);
    if (key == NULL)
        return arena_fail(d->arena, err);
    f->members.items[f->members.count++] = (struct value_pair){key, value};
    return true;
}

/* ---- attributes, where they are asked for ---- */

static bool is_ours(const struct h5_attribute *a)
{
    return bytes_is(a->name, MARK_TYPE) || bytes_is(a->name, MARK_DTYPE) || bytes_is(a->name, MARK_INTS);
}

/* *out: a dict, or NULL where there are none. */
static bool attributes_value(struct decoding *d, const struct h5_object *o, struct value **out,
                             struct error *err)
{
    struct value *dict = NULL;
    *out = NULL;
    for (size_t i = 0; d->file->options->attributes && i < o->attribute_count; i++) {
        const struct h5_attribute *a = &o->attributes[i];
        struct bytes name;
        struct value *value, *key;
        if (is_ours(a))
            continue;
        if (a->problem.len > 0)
            return FAIL(err, ERR_UNSUPPORTED, ERROR_NO_OFFSET, "the attribute '%.*s' cannot be read: %.*s",
                        (int)(a->name.len < 60 ? a->name.len : 60), (const char *)a->name.data,
                        (int)(a->problem.len < 120 ? a->problem.len : 120), (const char *)a->problem.data);
        if (!h5_text(a->name, d->arena, &name, err) || !h5_attribute_value(a, d->arena, &value, err))
            return false;
        key = value_str(d->arena, name);
        dict = dict == NULL ? value_new(d->arena, VALUE_DICT) : dict;
        if (key == NULL || dict == NULL || !value_put(d->arena, &dict->dict, key, value))
            return arena_fail(d->arena, err);
    }
    *out = dict;
    return true;
}

/* {"@attributes": ..., "@value": ...} */
static bool with_attributes(struct decoding *d, const struct h5_object *o, struct value **value,
                            struct error *err)
{
    struct value *attributes;
    if (!attributes_value(d, o, &attributes, err))
        return false;
    if (attributes == NULL)
        return true;
    struct value *both = value_new(d->arena, VALUE_DICT);
    struct value *a = value_text(d->arena, "@attributes"), *v = value_text(d->arena, "@value");
    if (both == NULL || a == NULL || v == NULL || !value_put(d->arena, &both->dict, a, attributes) ||
        !value_put(d->arena, &both->dict, v, *value))
        return arena_fail(d->arena, err);
    *value = both;
    return true;
}

/* ---- one object ---- */

static bool enter_group(struct decoding *d, const struct h5_object *o, struct bytes name, struct value **out,
                        struct error *err)
{
    struct frame *f;
    const struct bytes mark = h5_mark(o, MARK_TYPE);
    struct value *node = value_new(d->arena, h5_group_kind(mark)), *attributes;
    if (node == NULL)
        return arena_fail(d->arena, err);
    if (!made_add(d, o->object, node, err) || !frame_push(d, &f, err))
        return false;
    *f = (struct frame){.object = *o, .name = name, .mark = mark, .node = node};
    *out = node;
    return attributes_value(d, o, &attributes, err) &&
           (attributes == NULL || mark.len > 0 ||
            member_add(d, f, bytes_text("@attributes"), attributes, err));
}

static bool dataset_value(struct decoding *d, const struct h5_object *o, struct value **out,
                          struct error *err)
{
    if (o->problem.len > 0)
        return FAIL(err, ERR_UNSUPPORTED, ERROR_NO_OFFSET, "the dataset cannot be read: %.*s",
                    (int)(o->problem.len < 200 ? o->problem.len : 200), (const char *)o->problem.data);
    return h5_marked_dataset(d->file, o, d->arena, out, err) && with_attributes(d, o, out, err) &&
           made_add(d, o->object, *out, err);
}

static bool datatype_value(struct decoding *d, const struct h5_object *o, struct value **out,
                           struct error *err)
{
    if (!o->typed)
        return FAIL(err, ERR_UNSUPPORTED, ERROR_NO_OFFSET, "the named type cannot be read: %.*s",
                    (int)(o->problem.len < 200 ? o->problem.len : 200), (const char *)o->problem.data);
    struct dtype *dtype = arena_alloc(d->arena, 1, sizeof *dtype);
    *out = dtype == NULL ? NULL : value_new(d->arena, VALUE_DTYPE);
    if (*out == NULL)
        return arena_fail(d->arena, err);
    *dtype = o->shape.dtype;
    (*out)->dtype = dtype;
    return true;
}

static bool link_value(struct decoding *d, const struct h5_object *o, struct value **out, struct error *err)
{
    struct bytes target, file;
    struct value *id, *first, *second;
    if (!h5_text(o->link_target, d->arena, &target, err) || !h5_text(o->link_file, d->arena, &file, err))
        return false;
    const bool soft = o->kind == NODE_SOFT_LINK;
    id = soft ? value_str(d->arena, target) : value_new(d->arena, VALUE_TUPLE);
    if (id == NULL)
        return arena_fail(d->arena, err);
    if (!soft) {
        first = value_str(d->arena, file);
        second = value_str(d->arena, target);
        if (first == NULL || second == NULL || !value_append(d->arena, &id->list, first) ||
            !value_append(d->arena, &id->list, second))
            return arena_fail(d->arena, err);
    }
    *out = value_external(d->arena, soft ? EXTERNAL_SOFT_LINK : EXTERNAL_LINK, id);
    return *out != NULL || arena_fail(d->arena, err);
}

static bool object_value(struct decoding *d, const struct h5_object *o, struct bytes name, struct value **out,
                         struct error *err)
{
    switch (o->kind) {
    case NODE_GROUP:
        return enter_group(d, o, name, out, err);
    case NODE_DATASET:
        return dataset_value(d, o, out, err);
    case NODE_DATATYPE:
        return datatype_value(d, o, out, err);
    case NODE_SOFT_LINK:
    case NODE_EXTERNAL_LINK:
        return link_value(d, o, out, err);
    case NODE_OTHER:
        break;
    }
    return FAIL(err, ERR_UNSUPPORTED, ERROR_NO_OFFSET, "the object cannot be read: %.*s",
                (int)(o->problem.len < 200 ? o->problem.len : 200), (const char *)o->problem.data);
}

static bool visit(struct decoding *d, uint64_t base, struct bytes path, struct bytes name, struct value **out,
                  struct error *err)
{
    struct h5_object o;
    if (++d->nodes > d->file->limits->nodes)
        return FAIL_LIMIT(err, "nodes", d->file->limits->nodes, "the file has more than %llu objects",
                          (unsigned long long)d->file->limits->nodes);
    if (!h5_describe(d->file, base, path, d->arena, &o, err))
        return false;
    if (o.kind == NODE_GROUP && bytes_is(h5_mark(&o, MARK_TYPE), "data") &&
        !h5_describe(d->file, o.object, bytes_text("data"), d->arena, &o, err))
        return false;
    *out = made_find(d, o.object);
    d->shares |= *out != NULL;
    return *out != NULL || object_value(d, &o, name, out, err);
}

/* ---- the walk ---- */

static bool next_child(struct decoding *d, struct frame *f, struct error *err)
{
    const size_t at = d->depth - 1;
    const struct h5_child *c = &f->object.children[f->next++];
    struct value *value = c->link == LINK_HARD ? made_find(d, c->object) : NULL;
    d->shares |= value != NULL;
    if (value == NULL && !visit(d, f->object.object, c->name, c->name, &value, err))
        return false;
    return member_add(d, &d->frames[at], c->name, value, err);
}

/* Where the walk stands, cut to fit. */
static void point(const struct decoding *d, struct error *err)
{
    char pointer[sizeof err->pointer] = "";
    size_t n = 0;
    for (size_t i = 0; i < d->depth && n + 1 < sizeof pointer; i++) {
        const struct frame *f = &d->frames[i];
        if (f->next == 0)
            break;
        const struct bytes name = f->object.children[f->next - 1].name;
        const int len = (int)(name.len < 100 ? name.len : 100);
        n += (size_t)snprintf(pointer + n, sizeof pointer - n, "/%.*s", len, (const char *)name.data);
    }
    error_set_pointer(err, pointer);
}

static bool finish_group(struct decoding *d, const struct frame *f, struct error *err)
{
    return h5_marked_group(f->mark, &f->members, d->arena, f->node, err) &&
           (f->node->kind != VALUE_OBJECT || value_append(d->arena, &d->objects, f->node) ||
            arena_fail(d->arena, err));
}

/* What the objects mean, when all are what they will be: one may be a part of itself. */
static bool resolve(const struct decoding *d, struct error *err)
{
    struct known_work work;
    known_start(&work, d->file->limits, d->arena);
    for (size_t i = 0; i < d->objects.count; i++)
        if (!known_resolve(&work, d->objects.items[i], err))
            return false;
    return true;
}

bool h5_decode(const struct h5_file *f, struct bytes path, struct arena *arena, struct value **out,
               struct error *err)
{
    struct decoding d = {.file = f, .arena = arena, .seed = sip_seed_make()};
    if (!visit(&d, 0, path, path, out, err))
        return false;
    while (d.depth > 0) {
        struct frame *top = &d.frames[d.depth - 1];
        const bool more = top->next < top->object.child_count;
        if (more ? !next_child(&d, top, err) : !finish_group(&d, top, err)) {
            point(&d, err);
            return false;
        }
        if (!more)
            d.depth--;
    }
    return resolve(&d, err) && (!d.shares || weigh(*out, f->limits, arena, err));
}
