#include "node.h"

#include "number.h"
#include "table.h"

struct graph {
    struct value *root;
    const struct limits *limits;
};

/* A list of children that grows with the parts of one value. */
struct children {
    struct arena *arena;
    struct node_child *items;
    size_t count, capacity;
};

static bool add_child(struct children *c, struct bytes name, struct value *v, struct error *err)
{
    struct node_child *items = arena_room(c->arena, c->items, c->count, &c->capacity, sizeof *items);
    if (items == NULL)
        return arena_fail(c->arena, err);
    c->items = items;
    c->items[c->count++] = (struct node_child){.name = name, .value = v};
    return true;
}

/* The text of an index or of an integer key, as value_at reads it. Empty: there is no memory. */
static struct bytes integer_name(int64_t integer, struct arena *arena)
{
    char text[NUMBER_MAX];
    return arena_copy(arena, bytes_of(text, number_write_int(integer, text)));
}

static bool add_integer(struct children *c, int64_t integer, struct value *v, struct error *err)
{
    const struct bytes name = integer_name(integer, c->arena);
    return name.data == NULL ? arena_fail(c->arena, err) : add_child(c, name, v, err);
}

static bool add_keys(struct children *c, const struct value_pairs *pairs, struct error *err)
{
    for (size_t i = 0; i < pairs->count; i++) {
        const struct value *key = pairs->items[i].key;
        struct value *v = pairs->items[i].value;
        if (key->kind == VALUE_STR && !add_child(c, key->text, v, err))
            return false;
        if (key->kind == VALUE_INT && !add_integer(c, key->integer, v, err))
            return false;
    }
    return true;
}

static bool add_indices(struct children *c, const struct value_list *list, struct error *err)
{
    for (size_t i = 0; i < list->count; i++)
        if (!add_integer(c, (int64_t)i, list->items[i], err))
            return false;
    return true;
}

/* The attributes of a state: a dict, or a tuple (dict or None, dict of slots). */
static bool add_state(struct children *c, const struct value *state, struct error *err)
{
    if (state->kind == VALUE_DICT)
        return add_keys(c, &state->dict, err);
    for (size_t i = 0; state->kind == VALUE_TUPLE && i < state->list.count; i++)
        if (state->list.items[i]->kind == VALUE_DICT && !add_keys(c, &state->list.items[i]->dict, err))
            return false;
    return true;
}

/* The items of its base, or the arguments that it is made of. *shown: there are such. */
static bool add_base(struct children *c, const struct value_object *o, bool *shown, struct error *err)
{
    const struct value_list *own = value_made_of(o);
    const struct value *base = value_reconstructed(o);
    const bool pairs = base != NULL && base->kind == VALUE_DICT;
    *shown = own != NULL || pairs;
    return (own == NULL || add_indices(c, own, err)) && (!pairs || add_keys(c, &base->dict, err));
}

static bool add_unnamed(struct children *c, const struct value_object *o, bool but_args, struct error *err)
{
    struct value_unnamed parts[VALUE_UNNAMED_MOST];
    const size_t count = value_unnamed(o, parts);
    for (size_t i = 0; i < count; i++)
        if (!(but_args && parts[i].value == o->args) &&
            !add_child(c, bytes_text(parts[i].name), parts[i].value, err))
            return false;
    return true;
}

static bool add_columns(struct children *c, const struct value_table *t, struct error *err)
{
    struct value_pairs named;
    return table_named(t, c->arena, &named, err) && add_keys(c, &named, err);
}

static bool add_parts(struct children *c, const struct value *v, struct error *err)
{
    if (v->kind == VALUE_DICT)
        return add_keys(c, &v->dict, err);
    if (v->kind == VALUE_TABLE)
        return add_columns(c, v->table, err);
    const struct value_object *o = v->object;
    for (size_t i = 0; i < o->states.count; i++)
        if (!add_state(c, o->states.items[i], err))
            return false;
    bool shown;
    return add_keys(c, &o->pairs, err) && add_indices(c, &o->items, err) && add_base(c, o, &shown, err) &&
           add_unnamed(c, o, shown, err);
}

/* Of all others the parts are items of a list. */
static bool has_names(const struct value *v)
{
    return v->kind == VALUE_DICT || v->kind == VALUE_TABLE || v->kind == VALUE_OBJECT;
}

bool node_of_value(struct value *v, struct arena *arena, struct node *out, struct error *err)
{
    *out = (struct node){.kind = NODE_DATASET, .id = (uintptr_t)v, .value = v};
    const struct value *meaning = value_meaning(v);
    if (value_is_group(v) && has_names(meaning)) {
        struct children c = {.arena = arena};
        if (!add_parts(&c, meaning, err))
            return false;
        out->kind = NODE_GROUP;
        out->children = c.items;
        out->child_count = c.count;
    } else if (value_is_group(v)) {
        out->kind = NODE_GROUP;
        out->items = &meaning->list;
        out->child_count = meaning->list.count;
    } else if (meaning->kind == VALUE_ARRAY) {
        const struct array *a = meaning->array;
        out->dtype = &a->dtype;
        out->ndim = a->ndim;
        out->shape = a->shape;
    }
    return true;
}

bool node_child(const struct node *n, size_t i, struct arena *arena, struct node_child *out,
                struct error *err)
{
    if (n->items == NULL) {
        *out = n->children[i];
        return true;
    }
    *out = (struct node_child){.name = integer_name((int64_t)i, arena), .value = n->items->items[i]};
    return out->name.data != NULL || arena_fail(arena, err);
}

static bool graph_value(void *self, struct bytes path, struct arena *arena, struct value **out,
                        struct error *err)
{
    const struct graph *g = self;
    return value_at(g->root, path, arena, out, err);
}

static bool graph_node(void *self, struct bytes path, struct arena *arena, struct node *out,
                       struct error *err)
{
    struct value *v;
    return graph_value(self, path, arena, &v, err) && node_of_value(v, arena, out, err);
}

bool document_of_value(struct value *root, const struct limits *limits, struct arena *arena,
                       struct document *out, struct error *err)
{
    static const struct document_ops ops = {.node = graph_node, .value = graph_value};
    struct graph *g = arena_alloc(arena, 1, sizeof *g);
    if (g == NULL)
        return arena_fail(arena, err);
    *g = (struct graph){.root = root, .limits = limits};
    *out = (struct document){.self = g, .ops = &ops};
    return true;
}
