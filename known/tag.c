/* Which objects a tag stands for: those that come out of it again, part for part. */
#include "known.h"

enum { MOST_LEVELS = 8 }; /* that an object made of a tag's text has */

static bool same(struct value *a, const struct value *b, uint32_t shared, unsigned level);

static bool same_list(const struct value_list *a, const struct value_list *b, uint32_t shared, unsigned level)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (!same(a->items[i], b->items[i], shared, level))
            return false;
    return true;
}

static bool same_dict(const struct value_pairs *a, const struct value_pairs *b, uint32_t shared,
                      unsigned level)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (!same(a->items[i].key, b->items[i].key, shared, level) ||
            !same(a->items[i].value, b->items[i].value, shared, level))
            return false;
    return true;
}

static bool same_object(const struct value_object *a, const struct value_object *b, uint32_t shared,
                        unsigned level)
{
    return a->made == b->made && a->kwargs == NULL && a->items.count + a->added.count + a->pairs.count == 0 &&
           same(a->callable, b->callable, shared, level) && same(a->args, b->args, shared, level) &&
           same_list(&a->states, &b->states, shared, level);
}

/* UTC is one object in Python, whatever the document shares. */
static bool is_utc(const struct value *v)
{
    return v->kind == VALUE_OBJECT && v->object->known != NULL && v->object->meaning != NULL &&
           strcmp(v->object->known->type, "datetime.timezone") == 0 &&
           bytes_is(v->object->meaning->text, "UTC");
}

/* b has just been made: it tells which kinds there are. */
static bool same(struct value *a, const struct value *b, uint32_t shared, unsigned level)
{
    if (is_utc(a))
        shared = 0;
    if (a->kind == VALUE_TUPLE && a->list.count == 0)
        return b->kind == VALUE_TUPLE && b->list.count == 0; /* there is only one in Python */
    if (level == MOST_LEVELS || a->kind != b->kind || a->flags != b->flags || (a->mark & shared) != 0)
        return false;
    a->mark = 0;
    switch (a->kind) {
    case VALUE_INT:
        return a->integer == b->integer;
    case VALUE_BIGINT:
    case VALUE_STR:
    case VALUE_BYTES:
        return bytes_equal(a->text, b->text);
    case VALUE_TUPLE:
        return same_list(&a->list, &b->list, shared, level + 1);
    case VALUE_DICT:
        return same_dict(&a->dict, &b->dict, shared, level + 1);
    case VALUE_GLOBAL:
        return bytes_equal(a->global->module, b->global->module) &&
               bytes_equal(a->global->name, b->global->name);
    case VALUE_OBJECT:
        return same_object(a->object, b->object, shared, level + 1);
    default:
        return false;
    }
}

/* collections.OrderedDict() with pairs, or collections.deque() with items, and nothing else. */
static bool is_collection(const struct value_object *o)
{
    return o->made == OBJECT_REDUCE && o->args->list.count == 0 && o->kwargs == NULL &&
           o->states.count == 0 && o->added.count == 0 && (o->items.count == 0 || o->pairs.count == 0) &&
           o->callable->kind == VALUE_GLOBAL && bytes_is(o->callable->global->module, "collections");
}

const char *known_tag(const struct value_object *o, uint32_t shared, const struct limits *limits,
                      struct bytes *text, struct error *err)
{
    *text = bytes_of(NULL, 0);
    if (o->known == NULL || o->known->tag == NULL)
        return NULL;
    if (o->meaning->kind != VALUE_STR)
        return is_collection(o) ? o->known->tag : NULL;
    if ((o->meaning->flags & VALUE_SURROGATES) != 0)
        return NULL; /* the text of a tag is a text that anybody can read */
    AUTO(arena_free) struct arena scratch;
    struct known_work work;
    struct error refused = {0};
    arena_init(&scratch, limits->memory);
    known_start(&work, limits, &scratch);
    const struct value *made = known_of_text(&work, o->known->tag, o->meaning->text, &refused);
    if (made == NULL && refused.kind == ERR_LIMIT)
        *err = refused;
    if (made == NULL || !same_object(o, made->object, shared, 0))
        return NULL;
    *text = o->meaning->text;
    return o->known->tag;
}
