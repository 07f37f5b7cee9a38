#include "rows.h"

#include <stdarg.h>
#include <stdio.h>

enum {
    MOST_LEVELS = 16,
    SHARE = 8, /* of the memory of an exchange: the most that meanings may take beyond their objects */
};

const struct known known_nothing = {.name = NULL};

/* Its meaning is being looked for: one that needs itself has none. */
static const struct known_kind at_work = {.type = "object"};

void known_start(struct known_work *w, const struct limits *limits, struct arena *arena)
{
    *w = (struct known_work){.limits = limits, .arena = arena, .left = limits->memory / SHARE};
    keyset_init(&w->keys, arena);
}

/* Most rows are told apart by one letter. */
static bool same(struct bytes a, const char *b)
{
    return a.len > 0 && a.data[0] == (uint8_t)b[0] && bytes_is(a, b);
}

const struct known *known_find_global(struct value_global *g)
{
    const struct bytes module = known_module(g->module);
    g->known = &known_nothing;
    for (const struct known *row = known_table; row->name != NULL; row++)
        if (same(g->name, row->name) && same(module, row->module))
            return g->known = row;
    return g->known;
}

/* The name that getattr(class, text) stands for, in pieces. */
static bool is_member(const char *name, struct bytes class, struct bytes member)
{
    const size_t n = strlen(name);
    return n == class.len + 1 + member.len && memcmp(name, class.data, class.len) == 0 &&
           name[class.len] == '.' && memcmp(name + class.len + 1, member.data, member.len) == 0;
}

/* A method of a class is written as getattr(class, "name"). */
const struct known *known_find_method(const struct value_object *o)
{
    if (o->made != OBJECT_REDUCE || o->callable->kind != VALUE_GLOBAL ||
        !bytes_is(o->callable->global->name, "getattr") || !known_match(&o->args->list, "gs"))
        return &known_nothing;
    const struct value_global *g = known_argument(o, 0)->global;
    const struct bytes module = known_module(g->module), member = known_argument(o, 1)->text;
    for (const struct known *row = known_table; row->name != NULL; row++)
        if (is_member(row->name, g->name, member) && same(module, row->module))
            return row;
    return &known_nothing;
}

/* More was done to the object than the row says, or in another way: it is something else. */
static bool row_allows(const struct known *row, const struct value_object *o)
{
    static const int made[] = {
        [OBJECT_REDUCE] = CALLED, [OBJECT_NEWOBJ] = NEW, [OBJECT_BARE] = NEW,
        [OBJECT_NEWOBJ_EX] = 0,   [OBJECT_INSTANCE] = 0, [OBJECT_SETTER] = 0,
    };
    return (row->made & made[o->made]) != 0 && o->added.count == 0 &&
           (o->states.count == 0 || (row->made & MAY_HAVE_STATE) != 0) &&
           (o->items.count == 0 || (row->made & MAY_HAVE_ITEMS) != 0) &&
           (o->pairs.count == 0 || (row->made & MAY_HAVE_PAIRS) != 0) &&
           known_match(&o->args->list, row->arguments);
}

/*
 * Protocols 0 and 1 write a bare instance of a class that is made in C as copyreg._reconstructor(class, base,
 * base()): *bare is what protocol 2 writes. Where base is a dict, its value is the argument.
 */
static bool see_bare(struct known_work *w, const struct value_object *o, struct value_object *bare,
                     struct error *err)
{
    *bare = *o;
    if (o->made != OBJECT_REDUCE || o->callable->kind != VALUE_GLOBAL ||
        !bytes_is(o->callable->global->name, "_reconstructor") || !known_match(&o->args->list, "gg*"))
        return true;
    bare->made = OBJECT_BARE;
    bare->callable = known_argument(o, 0);
    bare->args = value_new(w->arena, VALUE_TUPLE);
    if (bare->args != NULL && known_argument(o, 2)->kind != VALUE_OBJECT)
        bare->args->list = (struct value_list){.items = o->args->list.items + 2, .count = 1};
    return bare->args != NULL || arena_fail(w->arena, err);
}

static bool resolve(struct known_work *w, struct value_object *object, struct error *err)
{
    struct value_object seen, *const o = &seen;
    if (!see_bare(w, object, &seen, err))
        return false;
    const struct known *first = known_find(o->callable);
    for (const struct known *row = first; row->fn != NULL && strcmp(row->name, first->name) == 0; row++) {
        if (strcmp(row->module, first->module) != 0 || !row_allows(row, o))
            continue;
        object->known = &at_work;
        struct value *meaning = row->fn(w, o, err);
        object->known = meaning == NULL ? NULL : row->kind;
        object->meaning = meaning;
        return meaning != NULL || err->kind == ERR_NONE;
    }
    return true;
}

bool known_resolve(struct known_work *w, struct value *v, struct error *err)
{
    if (v->kind != VALUE_OBJECT || v->object->known != NULL || !known_is(v->object->callable) ||
        w->depth == MOST_LEVELS)
        return true;
    w->depth++;
    const bool ok = resolve(w, v->object, err);
    w->depth--;
    return ok;
}

bool known_is_a(struct known_work *w, struct value *part, const struct known_kind *kind, struct error *err)
{
    return part->kind == VALUE_OBJECT && known_resolve(w, part, err) && part->object->known == kind;
}

bool known_afford(struct known_work *w, size_t count, size_t size)
{
    size_t bytes;
    if (!checked_mul(count, size, &bytes) || bytes > w->left)
        return false;
    w->left -= bytes;
    return true;
}

struct value *known_member(struct known_work *w, const struct value *dict, const char *key)
{
    return dict->kind == VALUE_DICT && known_afford(w, dict->dict.count, sizeof *dict->dict.items)
               ? value_get(dict, key)
               : NULL;
}

struct value *known_made_of(struct known_work *w, struct value *v, struct error *err)
{
    if (v == NULL)
        arena_fail(w->arena, err);
    return v;
}

struct value *known_str(struct known_work *w, struct bytes text, struct error *err)
{
    return known_made_of(w, value_str(w->arena, text), err);
}

struct value *known_text(struct known_work *w, struct error *err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char text[128];
    const int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    const struct bytes copy =
        arena_copy(w->arena, bytes_of(text, n < 0                     ? 0
                                            : (size_t)n < sizeof text ? (size_t)n
                                                                      : sizeof text - 1));
    return known_made_of(w, copy.data == NULL ? NULL : value_str(w->arena, copy), err);
}
