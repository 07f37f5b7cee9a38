/* Typed JSON is resolved tag by tag: typed_tags.h. */
#include "typed.h"

#include "read.h"
#include "typed_tags.h"
#include "weigh.h"

#include <stdio.h>

enum { JSON_LEVELS = 6 }; /* at most, that one level of the value takes: $id, [], $object, {}, states, [] */

/* ---- sharing ---- */

static const struct tag *tag_of(const struct value *v, struct error *err);
static bool visit(struct typed_reader *r, struct value **place, struct error *err);

static bool begin_ref(struct typed_reader *r, const struct tag_use *use, struct error *err)
{
    const struct value *n = use->argument;
    if (n->kind != VALUE_INT || n->integer < 1 || (uint64_t)n->integer > r->id_count)
        return tag_wrong(use, "the number of an $id that stands before it", err);
    *use->place = r->ids[n->integer - 1];
    r->shares = true;
    return true;
}

/* The value takes the place of its "$id", and is known by its number from here on. */
static bool begin_id(struct typed_reader *r, const struct tag_use *use, struct error *err)
{
    struct value *const pair = use->argument;
    if (pair->kind != VALUE_LIST || pair->list.count != 2 || pair->list.items[0]->kind != VALUE_INT ||
        (uint64_t)pair->list.items[0]->integer != r->id_count + 1)
        return FAIL(err, ERR_SYNTAX, ERROR_NO_OFFSET,
                    "$id must hold a number and a value; numbers count from 1, and the next is %zu",
                    r->id_count + 1);
    struct value *const v = pair->list.items[1];
    const struct tag *inner = v->kind == VALUE_DICT ? tag_of(v, err) : NULL;
    if (inner != NULL && (inner->begin == begin_id || inner->begin == begin_ref))
        return tag_wrong(use, "a value, not another $id or $ref", err);
    struct value **ids = arena_room(r->arena, r->ids, r->id_count, &r->id_capacity, sizeof(struct value *));
    if (ids == NULL)
        return arena_fail(r->arena, err);
    r->ids = ids;
    r->ids[r->id_count++] = v;
    *use->place = v;
    return visit(r, use->place, err); /* once: v is no "$id" */
}

static const struct tag tags[] = {
    {"$tuple", typed_begin_items, VALUE_TUPLE, NULL},
    {"$set", typed_begin_items, VALUE_SET, typed_finish_set},
    {"$frozenset", typed_begin_items, VALUE_FROZENSET, typed_finish_set},
    {"$range", typed_begin_items, VALUE_RANGE, typed_finish_range},
    {"$slice", typed_begin_items, VALUE_SLICE, NULL},
    {"$dict", typed_begin_dict, VALUE_DICT, typed_finish_dict},
    {"$float", typed_begin_float, VALUE_FLOAT, NULL},
    {"$int", typed_begin_int, VALUE_INT, NULL},
    {"$complex", typed_begin_complex, VALUE_COMPLEX, typed_finish_complex},
    {"$bytes", typed_begin_bytes, VALUE_BYTES, NULL},
    {"$bytearray", typed_begin_bytes, VALUE_BYTEARRAY, NULL},
    {"$py2bytes", typed_begin_bytes, VALUE_BYTES, NULL},
    {"$py2str", typed_begin_py2str, VALUE_STR, NULL},
    {"$utf8", typed_begin_utf8, VALUE_STR, NULL},
    {"$ndarray", typed_begin_array, VALUE_ARRAY, typed_finish_array},
    {"$scalar", typed_begin_array, VALUE_ARRAY, typed_finish_array},
    {"$dtype", typed_begin_dtype, VALUE_DTYPE, NULL},
    {"$global", typed_begin_global, VALUE_GLOBAL, NULL},
    {"$object", typed_begin_object, VALUE_OBJECT, typed_finish_object},
    {"$external", typed_begin_external, VALUE_EXTERNAL, typed_finish_external},
    {"$table", typed_begin_table, VALUE_TABLE, typed_finish_table},
    {"$datetime", typed_begin_known, VALUE_OBJECT, NULL},
    {"$date", typed_begin_known, VALUE_OBJECT, NULL},
    {"$time", typed_begin_known, VALUE_OBJECT, NULL},
    {"$timedelta", typed_begin_known, VALUE_OBJECT, NULL},
    {"$decimal", typed_begin_known, VALUE_OBJECT, NULL},
    {"$fraction", typed_begin_known, VALUE_OBJECT, NULL},
    {"$uuid", typed_begin_known, VALUE_OBJECT, NULL},
    {"$path", typed_begin_known, VALUE_OBJECT, NULL},
    {"$ordereddict", typed_begin_collection, VALUE_OBJECT, typed_finish_ordered},
    {"$deque", typed_begin_collection, VALUE_OBJECT, typed_finish_deque},
    {"$id", begin_id, VALUE_NONE, NULL},
    {"$ref", begin_ref, VALUE_NONE, NULL},
};

/* A dict of one pair whose key begins with '$' is a tag. NULL: v is none, or *err says that it is unknown. */
static const struct tag *tag_of(const struct value *v, struct error *err)
{
    if (v->dict.count != 1)
        return NULL;
    const struct bytes name = v->dict.items[0].key->text;
    if (name.len == 0 || name.data[0] != '$')
        return NULL;
    for (size_t i = 0; i < ROWS(tags); i++)
        if (bytes_is(name, tags[i].name))
            return &tags[i];
    error_set(err, ERR_SYNTAX, ERROR_NO_OFFSET,
              "there is no tag '%.*s'; a dict with such a key is written as $dict",
              (int)(name.len < 60 ? name.len : 60), (const char *)name.data);
    return NULL;
}

/* Resolves what stands in a place, but for its parts: those are pushed. */
static bool visit(struct typed_reader *r, struct value **place, struct error *err)
{
    struct value *v = *place;
    if (v->kind == VALUE_LIST)
        return v->list.count == 0 || frame_push(r, frame_of_items(&v->list), err);
    if (v->kind != VALUE_DICT || v->dict.count == 0)
        return true;
    const struct tag *tag = tag_of(v, err);
    if (tag == NULL)
        return err->kind == ERR_NONE && frame_push(r, frame_of_values(v), err);
    const struct tag_use use = {.place = place, .v = v, .argument = v->dict.items[0].value, .tag = tag};
    return tag->begin(r, &use, err);
}

static bool resolve(struct typed_reader *r, struct value **root, struct error *err)
{
    if (!visit(r, root, err))
        return false;
    while (r->depth > 0) {
        struct frame *f = &r->frames[r->depth - 1];
        if (f->next < f->count) {
            if (!visit(r, &f->places[f->next++ * f->stride], err))
                return false;
            continue;
        }
        if (f->finish != NULL && !f->finish(r, f->node, f->argument, err))
            return false;
        r->depth--;
    }
    return true;
}

/* Where the reader stands, as a JSON Pointer into the document. */
static void point(const struct typed_reader *r, struct error *err)
{
    char pointer[sizeof err->pointer] = "";
    size_t n = 0;
    for (size_t i = 0; i < r->depth && n < sizeof pointer - 1; i++) {
        const struct frame *f = &r->frames[i];
        const size_t room = sizeof pointer - n;
        int step = f->tag == NULL ? 0 : snprintf(pointer + n, room, "/%s", f->tag);
        if (f->next > 0 && (size_t)step < room) {
            const struct bytes name = f->names == NULL ? bytes_of(NULL, 0) : f->names[f->next - 1].key->text;
            step += f->names == NULL
                        ? snprintf(pointer + n + step, room - (size_t)step, "/%zu", f->next - 1)
                        : snprintf(pointer + n + step, room - (size_t)step, "/%.*s",
                                   (int)(name.len < 60 ? name.len : 60), (const char *)name.data);
        }
        n += (size_t)step;
    }
    error_set_pointer(err, pointer);
}

static bool resolve_known(struct typed_reader *r, struct error *err)
{
    for (size_t i = 0; i < r->objects.count; i++)
        if (!known_resolve(&r->known, r->objects.items[i], err))
            return false;
    return true;
}

static struct limits limits_of_text(const struct limits *limits)
{
    struct limits l = *limits;
    if (l.depth < UINT64_MAX / JSON_LEVELS)
        l.depth *= JSON_LEVELS;
    return l;
}

bool typed_ahead(struct arrival *a)
{
    if (a->state == NULL) {
        struct limits *l = arena_alloc(a->arena, 1, sizeof *l);
        if (l == NULL)
            return false;
        *l = limits_of_text(a->limits);
        a->limits = l;
    }
    return json_ahead(a);
}

bool typed_read(struct bytes text, const struct arrival *arrival, const struct limits *limits,
                struct arena *arena, struct value **out, struct error *err)
{
    struct typed_reader r = {.arena = arena, .limits = limits};
    const struct limits json_limits = limits_of_text(limits);
    struct value *root;
    if (!json_read(text, arrival, &json_limits, arena, &root, err))
        return false;
    keyset_init(&r.keyset, arena);
    known_start(&r.known, limits, arena);
    if (!resolve(&r, &root, err)) {
        point(&r, err);
        return false;
    }
    *out = root;
    return resolve_known(&r, err) && (!r.shares || weigh(root, limits, arena, err));
}
