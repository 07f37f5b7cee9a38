#include "describe.h"

#include "sip.h"

#include <assert.h>

/*
 * A depth-first visit with a stack of its own. Groups that were met are kept in a table by their identity,
 * each with the group it was met in, so that a path is spelled only where one is needed.
 */
struct met {
    uint64_t id; /* 0: not known; never found again */
    size_t parent;
    struct bytes name;
};

struct frame {
    struct node node;
    size_t next;            /* child to visit */
    size_t met;             /* its row */
    size_t path_len;        /* of the path of this group */
    struct value *children; /* list */
};

struct tree {
    const struct document *document;
    const struct limits *limits;
    struct arena *arena;
    uint64_t depth;
    uint64_t nodes;
    struct frame *frames;
    size_t frame_count, frame_capacity;
    struct met *met;
    size_t met_count, met_capacity;
    struct sip_seed seed;
    size_t *slots; /* rows of met + 1, by the hash of their id; a power of two of them */
    size_t slot_count;
    char *path; /* of the group that is visited, as the document takes it */
    size_t path_capacity;
};

/* ---- groups that were met ---- */

static size_t slot_of(const struct tree *t, uint64_t id)
{
    size_t at = (size_t)sip_number(t->seed, id) & (t->slot_count - 1);
    while (t->slots[at] != 0 && t->met[t->slots[at] - 1].id != id)
        at = (at + 1) & (t->slot_count - 1);
    return at;
}

/* Keeps the table at most half full. */
static bool make_slots(struct tree *t)
{
    if (t->met_count * 2 < t->slot_count)
        return true;
    const size_t count = t->slot_count == 0 ? 64 : t->slot_count * 2;
    size_t *slots = arena_alloc(t->arena, count, sizeof *slots);
    if (slots == NULL)
        return false;
    t->slots = slots;
    t->slot_count = count;
    for (size_t i = 0; i < t->met_count; i++)
        if (t->met[i].id != 0)
            t->slots[slot_of(t, t->met[i].id)] = i + 1;
    return true;
}

static bool met_add(struct tree *t, uint64_t id, size_t parent, struct bytes name, size_t *row)
{
    struct met *met = arena_room(t->arena, t->met, t->met_count, &t->met_capacity, sizeof *met);
    if (met == NULL)
        return false;
    t->met = met;
    *row = t->met_count;
    met[t->met_count] = (struct met){.id = id, .parent = parent, .name = name};
    if (!make_slots(t))
        return false;
    if (id != 0)
        t->slots[slot_of(t, id)] = *row + 1;
    t->met_count++;
    return true;
}

/* The row of a group that was met, or NULL. */
static const struct met *met_find(const struct tree *t, uint64_t id)
{
    if (id == 0 || t->slot_count == 0)
        return NULL;
    const size_t slot = t->slots[slot_of(t, id)];
    return slot == 0 ? NULL : &t->met[slot - 1];
}

/* Bytes that a step takes in a path: '/' and '~' are escaped (value_at in value.h). */
static size_t escape(struct bytes name, char *out)
{
    size_t n = 0;
    for (size_t i = 0; i < name.len; i++) {
        const char c = (char)name.data[i];
        const bool special = c == '/' || c == '~';
        if (out != NULL) {
            out[n] = special ? '~' : c;
            if (special)
                out[n + 1] = c == '/' ? '1' : '0';
        }
        n += special ? 2 : 1;
    }
    return n;
}

/* The path of a group below the root of the tree. */
static struct value *met_path(const struct tree *t, const struct met *met, struct bytes root)
{
    size_t len = root.len;
    for (const struct met *m = met; m != t->met; m = &t->met[m->parent])
        len += escape(m->name, NULL) + 1;
    char *text = arena_alloc(t->arena, 1, len + 1);
    if (text == NULL)
        return NULL;
    size_t at = len;
    for (const struct met *m = met; m != t->met; m = &t->met[m->parent]) {
        at -= escape(m->name, NULL);
        escape(m->name, text + at);
        text[--at] = '/';
    }
    memcpy(text, root.data, root.len);
    if (len <= 1) /* the whole, or what lies at its key "" */
        return value_str(t->arena, bytes_text(len == 0 ? "/" : "//"));
    return value_str(t->arena, bytes_of(text, len));
}

/* ---- one object ---- */

/* A list of nothing but plain values is summed up: {"int": 3, "str": 1}. */
static bool is_plain(const struct value *v)
{
    if (v->kind != VALUE_LIST && v->kind != VALUE_TUPLE)
        return false;
    for (size_t i = 0; i < v->list.count; i++)
        if (value_is_container(v->list.items[i]) || v->list.items[i]->kind >= VALUE_ARRAY)
            return false;
    return true;
}

static void put_items(struct dict *d, const struct value *v)
{
    uint64_t counts[VALUE_KIND_COUNT] = {0};
    struct value *examples[VALUE_KIND_COUNT] = {NULL};
    for (size_t i = 0; i < v->list.count; i++) {
        struct value *item = v->list.items[i];
        const enum value_kind kind = item->kind == VALUE_BIGINT ? VALUE_INT : (enum value_kind)item->kind;
        counts[kind]++;
        examples[kind] = item;
    }
    struct dict items = dict_make(d->arena);
    for (size_t kind = 0; kind < VALUE_KIND_COUNT; kind++)
        if (counts[kind] > 0) {
            const struct bytes name = value_type_name(examples[kind]);
            dict_uint(&items, (const char *)name.data, counts[kind]);
        }
    dict_put(d, "items", items.failed ? NULL : items.value);
}

static void put_attributes(struct dict *d, const struct node *node)
{
    if (node->attribute_count == 0)
        return;
    struct value *list = value_new(d->arena, VALUE_LIST);
    for (size_t i = 0; list != NULL && i < node->attribute_count; i++) {
        struct value *name = value_str(d->arena, node->attributes[i].name);
        if (name == NULL || !value_append(d->arena, &list->list, name))
            list = NULL;
    }
    dict_put(d, "attributes", list);
}

static bool push(struct tree *t, const struct node *node, size_t met, size_t path_len, struct value *children,
                 struct error *err)
{
    if (t->frame_count >= t->limits->depth)
        return FAIL_LIMIT(err, "depth", t->limits->depth, "the document is nested deeper than %llu levels",
                          (unsigned long long)t->limits->depth);
    struct frame *frames =
        arena_room(t->arena, t->frames, t->frame_count, &t->frame_capacity, sizeof *frames);
    if (frames == NULL)
        return arena_fail(t->arena, err);
    t->frames = frames;
    frames[t->frame_count++] =
        (struct frame){.node = *node, .met = met, .path_len = path_len, .children = children};
    return true;
}

/* Where an object was met: in which group, under which name. */
struct place {
    size_t parent; /* row of met */
    struct bytes name;
    enum link_kind link;
    size_t path_len;
    struct bytes root;
};

/* The children of a group: listed, or only counted. */
static bool put_group(struct tree *t, struct dict *d, const struct node *node, const struct place *place,
                      struct error *err)
{
    size_t row;
    dict_uint(d, "child_count", node->child_count);
    if (place->link == LINK_SOFT || t->frame_count >= t->depth)
        return true;
    struct value *children = value_new(t->arena, VALUE_LIST);
    dict_put(d, "children", children);
    if (d->failed || !met_add(t, node->id, place->parent, place->name, &row))
        return arena_fail(t->arena, err);
    return push(t, node, row, place->path_len, children, err);
}

/* The dict of one object; a group's children are left for later. */
static bool describe(struct tree *t, const struct node *node, const struct place *place, struct value **out,
                     struct error *err)
{
    struct dict d = dict_make(t->arena);
    const struct met *before = node->kind == NODE_GROUP ? met_find(t, node->id) : NULL;
    if (++t->nodes > t->limits->nodes)
        return FAIL_LIMIT(err, "nodes", t->limits->nodes, "the document has more than %llu objects",
                          (unsigned long long)t->limits->nodes);
    dict_str(&d, "name", place->name);
    describe_node(&d, node);
    if (place->link == LINK_SOFT)
        dict_text(&d, "link", "soft");
    put_attributes(&d, node);
    if (before != NULL)
        dict_put(&d, "same_as", met_path(t, before, place->root));
    else if (node->kind == NODE_GROUP && node->value != NULL && is_plain(node->value))
        put_items(&d, node->value);
    else if (node->kind == NODE_GROUP && !put_group(t, &d, node, place, err))
        return false;
    return dict_done(&d, out, err);
}

/* ---- the visit ---- */

/* Appends "/name" to the path of the group on top. */
static bool extend_path(struct tree *t, size_t at, struct bytes name, size_t *len, struct error *err)
{
    while (t->path_capacity < at + name.len + 1) {
        const size_t capacity = t->path_capacity == 0 ? 256 : t->path_capacity * 2;
        char *path = arena_grow(t->arena, t->path, t->path_capacity, capacity);
        if (path == NULL)
            return arena_fail(t->arena, err);
        t->path = path;
        t->path_capacity = capacity;
    }
    assert(t->path != NULL); /* it has a capacity */
    t->path[at] = '/';
    if (name.len > 0)
        memcpy(t->path + at + 1, name.data, name.len);
    *len = at + 1 + name.len;
    return true;
}

static bool outline(const struct document *d, struct bytes path, struct arena *arena, struct node *out,
                    struct error *err)
{
    return d->ops->outline != NULL ? d->ops->outline(d->self, path, arena, out, err)
                                   : d->ops->node(d->self, path, arena, out, err);
}

/* An object that cannot be described doesn't keep the others from being shown. */
static bool look(struct tree *t, const struct node_child *child, size_t path_len, struct node *out,
                 struct error *err)
{
    struct error why = {0};
    if (child->value != NULL)
        return node_of_value(child->value, t->arena, out, err);
    if (outline(t->document, bytes_of(t->path, path_len), t->arena, out, &why))
        return true;
    if (why.kind == ERR_LIMIT || why.kind == ERR_MEMORY || why.kind == ERR_IO || why.kind == ERR_WRITTEN) {
        *err = why;
        return false;
    }
    const char *detail = arena_printf(t->arena, "%s", why.detail);
    *out = (struct node){.kind = NODE_OTHER, .problem = detail};
    return detail != NULL || arena_fail(t->arena, err);
}

static bool visit_child(struct tree *t, struct bytes root, struct error *err)
{
    struct frame *f = &t->frames[t->frame_count - 1];
    struct value *children = f->children, *described;
    struct node_child child;
    struct node node;
    if (!node_child(&f->node, f->next++, t->arena, &child, err))
        return false;
    struct place place = {.parent = f->met, .name = child.name, .link = child.link, .root = root};
    if (!extend_path(t, f->path_len, child.name, &place.path_len, err) ||
        !look(t, &child, place.path_len, &node, err) || !describe(t, &node, &place, &described, err))
        return false;
    return value_append(t->arena, &children->list, described) || arena_fail(t->arena, err);
}

/* Without slashes at the end. */
static struct bytes trim(struct bytes path)
{
    while (path.len > 0 && path.data[path.len - 1] == '/')
        path.len--;
    return path;
}

bool describe_tree(const struct document *document, struct bytes path, uint64_t depth,
                   const struct limits *limits, struct arena *arena, struct value **out, struct error *err)
{
    struct tree t = {
        .document = document, .limits = limits, .arena = arena, .depth = depth, .seed = sip_seed_make()};
    const struct bytes root = trim(path);
    const size_t name = bytes_behind(root, '/');
    struct place place = {
        .name = bytes_of(root.data + name, root.len - name), .link = LINK_HARD, .root = root};
    struct node node;
    size_t len;
    if (!outline(document, path, arena, &node, err))
        return false;
    if (root.len > 0) {
        if (!extend_path(&t, 0, root.data[0] == '/' ? bytes_of(root.data + 1, root.len - 1) : root, &len,
                         err))
            return false;
        place.path_len = len;
    }
    if (!describe(&t, &node, &place, out, err))
        return false;
    while (t.frame_count > 0) {
        const struct frame *f = &t.frames[t.frame_count - 1];
        if (f->next == f->node.child_count)
            t.frame_count--;
        else if (!visit_child(&t, root, err))
            return false;
    }
    return true;
}
