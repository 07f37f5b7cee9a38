/*
 * A file in words (described.h): every object once, by an id, with its links and attributes; elements are
 * read when they are written. Groups wait in a queue, so nothing recurses.
 */
#include "described.h"

#include "h5.h"
#include "outgoing.h"
#include "piece.h"
#include "sip.h"

enum collection { GROUPS, DATATYPES, DATASETS, COLLECTIONS };

static const char *const collection_names[COLLECTIONS] = {"groups", "datatypes", "datasets"};

/* An object that was met: what links need to say of it. */
struct met {
    uint64_t object; /* 0: a free place */
    enum collection collection;
    struct value *id, *alias;
};

struct waiting {
    struct h5_object object;
    struct value *links, *words; /* links: to be filled */
    struct bytes path;
};

struct describing {
    const struct h5_file *file;
    struct arena *arena;
    struct error *err;
    struct sip_seed seed; /* of the table */
    struct value *collections[COLLECTIONS];
    struct met *met;
    size_t met_count, met_capacity; /* capacity: a power of two */
    struct waiting *queue;
    size_t queued, queue_capacity, next;
    uint64_t *named; /* types that objects have: those without a link are described at the end */
    size_t named_count, named_capacity;
    uint64_t nodes;
    struct value *prefix;      /* the root's path in the file, where it is a part of one */
    const struct array *piece; /* what is kept of the one dataset; NULL: all of everything */
    bool unfit;                /* it is no piece of it */
};

/* ---- small parts; each fails with no memory ---- */

static bool put(struct describing *d, struct value *dict, const char *key, struct value *v)
{
    struct value *name = value_text(d->arena, key);
    return (v != NULL && name != NULL && value_put(d->arena, &dict->dict, name, v)) ||
           arena_fail(d->arena, d->err);
}

static bool put_text(struct describing *d, struct value *dict, const char *key, struct bytes raw)
{
    struct bytes text;
    return h5_text(raw, d->arena, &text, d->err) && put(d, dict, key, value_str(d->arena, text));
}

static bool add(struct describing *d, struct value *list, struct value *v)
{
    return (v != NULL && value_append(d->arena, &list->list, v)) || arena_fail(d->arena, d->err);
}

static bool count_node(struct describing *d)
{
    return ++d->nodes <= d->file->limits->nodes ||
           FAIL_LIMIT(d->err, "nodes", d->file->limits->nodes, "the file has more than %llu objects",
                      (unsigned long long)d->file->limits->nodes);
}

/* ---- ids ---- */

/* A UUID of the kind that is anybody's own (RFC 9562, version 8): the object's number, and a hash of it. */
static struct value *id_of(struct describing *d, uint64_t object)
{
    static const struct sip_seed fixed = {{0x6d616e646f6c696eULL, 0x6835645f6a736f6eULL}};
    const uint64_t hash = sip_number(fixed, object);
    const char *text =
        arena_printf(d->arena, "%08x-%04x-8%03x-8%03x-%012llx", (unsigned)(hash >> 32),
                     (unsigned)(hash >> 16 & 0xffff), (unsigned)(hash & 0xfff),
                     (unsigned)(object >> 48 & 0xfff), (unsigned long long)(object & 0xffffffffffffULL));
    return text == NULL ? NULL : value_text(d->arena, text);
}

static struct met *met_slot(const struct describing *d, uint64_t object)
{
    size_t i = (size_t)sip_number(d->seed, object) & (d->met_capacity - 1);
    while (d->met[i].object != 0 && d->met[i].object != object)
        i = (i + 1) & (d->met_capacity - 1);
    return &d->met[i];
}

static struct met *met_find(const struct describing *d, uint64_t object)
{
    struct met *m = d->met_capacity == 0 || object == 0 ? NULL : met_slot(d, object);
    return m == NULL || m->object == 0 ? NULL : m;
}

static bool met_grow(struct describing *d)
{
    const struct describing old = *d;
    d->met_capacity = old.met_capacity == 0 ? 64 : old.met_capacity * 2;
    d->met = arena_alloc(d->arena, d->met_capacity, sizeof *d->met);
    if (d->met == NULL)
        return arena_fail(d->arena, d->err);
    for (size_t i = 0; i < old.met_capacity; i++)
        if (old.met[i].object != 0)
            *met_slot(d, old.met[i].object) = old.met[i];
    return true;
}

/* ---- types ---- */

static bool remember_type(struct describing *d, uint64_t object)
{
    if (met_find(d, object) != NULL || (d->named_count > 0 && d->named[d->named_count - 1] == object))
        return true;
    uint64_t *named = arena_room(d->arena, d->named, d->named_count, &d->named_capacity, sizeof *named);
    if (named == NULL)
        return arena_fail(d->arena, d->err);
    d->named = named;
    d->named[d->named_count++] = object;
    return true;
}

/* "datatypes/" and the id. */
static bool name_type(struct describing *d, uint64_t object, struct value **out)
{
    if (!remember_type(d, object))
        return false;
    struct value *id = id_of(d, object);
    char *text =
        id == NULL ? NULL
                   : arena_printf(d->arena, "datatypes/%.*s", (int)id->text.len, (const char *)id->text.data);
    *out = text == NULL ? NULL : value_text(d->arena, text);
    return *out != NULL || arena_fail(d->arena, d->err);
}

/* From words to *dict: the type, or the id of the named one. */
static bool put_type(struct describing *d, struct value *dict, const struct value *words)
{
    const struct value *named = value_get(words, "named");
    struct value *type = value_get(words, "type");
    if (named != NULL && named->kind == VALUE_INT && !name_type(d, (uint64_t)named->integer, &type))
        return false;
    return type == NULL ? FAIL(d->err, ERR_SYNTAX, ERROR_NO_OFFSET, "a type is damaged")
                        : put(d, dict, "type", type);
}

/* Opaque elements that h5py sees as NumPy's (dates) are bytes here. */
static void bare(struct value *v)
{
    if (v->kind != VALUE_ARRAY)
        return;
    struct dtype *t = &v->array->dtype;
    if (t->kind == DTYPE_DATETIME || t->kind == DTYPE_TIMEDELTA || t->kind == DTYPE_UNICODE)
        *t = dtype_make(DTYPE_VOID, t->itemsize);
}

/* ---- attributes ---- */

static bool unreadable(struct describing *d, const char *what, struct bytes name, struct bytes problem)
{
    return FAIL(d->err, ERR_UNSUPPORTED, ERROR_NO_OFFSET, "the %s '%.*s' cannot be read: %.*s", what,
                (int)(name.len < 60 ? name.len : 60), (const char *)name.data,
                (int)(problem.len < 120 ? problem.len : 120), (const char *)problem.data);
}

static bool add_attribute(struct describing *d, struct value *list, const struct h5_attribute *a,
                          const struct value *words)
{
    struct value *dict = value_new(d->arena, VALUE_DICT), *value;
    if (dict == NULL)
        return arena_fail(d->arena, d->err);
    if (a->problem.len > 0)
        return unreadable(d, "attribute", a->name, a->problem);
    if (!h5_attribute_value(a, d->arena, &value, d->err))
        return false;
    bare(value);
    return count_node(d) && put_text(d, dict, "name", a->name) && put_type(d, dict, words) &&
           put(d, dict, "shape", value_get(words, "shape")) && put(d, dict, "value", value) &&
           add(d, list, dict);
}

/* One element for each axis, by the conventions of dimension scales. */
static bool is_of_axes(struct bytes name)
{
    return bytes_is(name, "DIMENSION_LIST") || bytes_is(name, "DIMENSION_LABELS");
}

static bool put_attributes(struct describing *d, struct value *dict, const struct h5_object *o,
                           const struct value *words)
{
    const struct value *each = value_get(words, "attributes");
    if (o->attribute_count == 0)
        return true;
    if (each == NULL || each->list.count != o->attribute_count)
        return FAIL(d->err, ERR_SYNTAX, ERROR_NO_OFFSET, "the attributes of an object are damaged");
    struct value *list = value_new(d->arena, VALUE_LIST);
    if (list == NULL)
        return arena_fail(d->arena, d->err);
    const bool turned = d->piece != NULL && !piece_keeps_rank(o, words, d->piece);
    for (size_t i = 0; i < o->attribute_count; i++)
        if (!(turned && is_of_axes(o->attributes[i].name)) &&
            !add_attribute(d, list, &o->attributes[i], each->list.items[i]))
            return false;
    return put(d, dict, "attributes", list);
}

/* ---- objects ---- */

static bool words_of(struct describing *d, const struct h5_object *o, struct value **out)
{
    AUTO(sink_deinit) struct sink reply = {0};
    const struct sandbox_request request = {.op = SANDBOX_WORDS,
                                            .fd = d->file->fd,
                                            .identity = d->file->identity,
                                            .base = o->base,
                                            .path = o->path,
                                            .watch = d->file->watch};
    if (!sandbox_call(&request, &reply, d->err))
        return false;
    const struct bytes copy = arena_copy(d->arena, bytes_of(reply.data, reply.len));
    struct reader r = reader_make(copy);
    return copy.data == NULL ? arena_fail(d->arena, d->err) : wire_get_value(&r, d->arena, out, d->err);
}

/* Of variable length, or with parts that are. */
static bool put_long_fill(struct describing *d, const struct h5_object *o, struct value *properties)
{
    const struct h5_attribute a = {
        .shape = {o->shape.dtype, SPACE_SCALAR, 0, o->shape.dims}, .elements = o->fill, .heap = o->fill_heap};
    struct value *v;
    if (!h5_attribute_value(&a, d->arena, &v, d->err))
        return false;
    bare(v);
    return put(d, properties, "fillValue", v);
}

static bool put_fill(struct describing *d, const struct h5_object *o, struct value *properties)
{
    if (!o->has_fill || !o->typed || o->fill.len != o->shape.dtype.itemsize ||
        h5_has_references(&o->shape.dtype))
        return true;
    if (!dtype_is_flat(&o->shape.dtype))
        return put_long_fill(d, o, properties);
    struct array a = array_of_memory(o->shape.dtype, 0, NULL, o->fill.data);
    a.scalar = true;
    struct value *v = value_array(d->arena, &a);
    if (v != NULL)
        bare(v);
    return put(d, properties, "fillValue", v);
}

static bool fill_dataset(struct describing *d, struct value *dict, const struct h5_object *o,
                         const struct value *words)
{
    struct value *properties = value_get(words, "creationProperties"), *shape = value_get(words, "shape");
    struct value *value;
    if (o->problem.len > 0)
        return unreadable(d, "dataset", o->path, o->problem);
    if (properties == NULL)
        return FAIL(d->err, ERR_SYNTAX, ERROR_NO_OFFSET, "a dataset is damaged");
    if (d->piece != NULL && !piece_fits(o, words, d->piece)) {
        d->unfit = true;
        return true;
    }
    if (d->piece == NULL) {
        if (!h5_dataset_value(d->file, o, d->arena, &value, d->err))
            return false;
    } else {
        if (!piece_words(o, words, d->piece, &shape, d->arena, d->err))
            return false;
        value = value_array(d->arena, d->piece);
        if (value == NULL)
            return arena_fail(d->arena, d->err);
    }
    bare(value);
    return put_type(d, dict, words) && put(d, dict, "shape", shape) && put_fill(d, o, properties) &&
           put(d, dict, "creationProperties", properties) && put(d, dict, "value", value);
}

static bool fill_group(struct describing *d, struct value *dict, const struct h5_object *o,
                       struct value *words, struct bytes path)
{
    struct waiting *queue = arena_room(d->arena, d->queue, d->queued, &d->queue_capacity, sizeof *queue);
    if (queue == NULL)
        return arena_fail(d->arena, d->err);
    d->queue = queue;
    struct value *links = value_new(d->arena, VALUE_LIST);
    d->queue[d->queued++] = (struct waiting){.object = *o, .links = links, .words = words, .path = path};
    return put(d, dict, "links", links);
}

static bool fill(struct describing *d, struct value *dict, const struct h5_object *o, struct value *words,
                 struct bytes path)
{
    if (o->kind == NODE_GROUP)
        return fill_group(d, dict, o, words, path);
    if (o->kind == NODE_DATASET)
        return fill_dataset(d, dict, o, words);
    return put(d, dict, "type", value_get(words, "type"));
}

/* An object that was not met before. */
static bool meet(struct describing *d, const struct h5_object *o, struct bytes path, struct met **out)
{
    struct value *dict = value_new(d->arena, VALUE_DICT), *alias = value_new(d->arena, VALUE_LIST), *words;
    const enum collection collection = o->kind == NODE_GROUP     ? GROUPS
                                       : o->kind == NODE_DATASET ? DATASETS
                                                                 : DATATYPES;
    struct value *id = id_of(d, o->object);
    if (dict == NULL || alias == NULL || id == NULL)
        return arena_fail(d->arena, d->err);
    if (o->kind != NODE_GROUP && o->kind != NODE_DATASET && o->kind != NODE_DATATYPE)
        return unreadable(d, "object", o->path, o->problem);
    if (!count_node(d) || (d->met_count * 2 >= d->met_capacity && !met_grow(d)))
        return false;
    *out = met_slot(d, o->object);
    **out = (struct met){o->object, collection, id, alias};
    d->met_count++;
    if (!words_of(d, o, &words))
        return false;
    if (value_get(words, "path") != NULL)
        d->prefix = value_get(words, "path");
    return put(d, dict, "alias", alias) && put_attributes(d, dict, o, words) &&
           fill(d, dict, o, words, path) &&
           (value_put(d->arena, &d->collections[collection]->dict, id, dict) || arena_fail(d->arena, d->err));
}

/* ---- links ---- */

static struct bytes joined(struct describing *d, struct bytes group, struct bytes name)
{
    const char *text = arena_printf(d->arena, "%.*s%s%.*s", (int)group.len, (const char *)group.data,
                                    group.len > 1 ? "/" : "", (int)name.len, (const char *)name.data);
    return text == NULL ? bytes_of(NULL, 0) : bytes_text(text);
}

static bool hard_link(struct describing *d, const struct waiting *w, const struct h5_child *c,
                      struct bytes title, struct value *link)
{
    struct met *m = met_find(d, c->object);
    const struct bytes path = joined(d, w->path, title);
    struct h5_object o;
    if (path.data == NULL)
        return arena_fail(d->arena, d->err);
    if (m == NULL) {
        /* A damaged name ("") leads to another object than the link says: to one that was met, perhaps. */
        if (!h5_describe(d->file, w->object.object, c->name, d->arena, &o, d->err))
            return false;
        m = met_find(d, o.object);
        if (m == NULL && !meet(d, &o, path, &m))
            return false;
    }
    return add(d, m->alias, value_str(d->arena, path)) &&
           put(d, link, "class", value_text(d->arena, "H5L_TYPE_HARD")) &&
           put(d, link, "collection", value_text(d->arena, collection_names[m->collection])) &&
           put(d, link, "id", m->id);
}

/* What the words say of it. */
static bool other_link(struct describing *d, const struct value *words, struct value *link)
{
    static const char *const keys[] = {"class", "h5path", "file"};
    for (size_t i = 0; i < ROWS(keys); i++) {
        const struct value *v = value_get(words, keys[i]);
        if (v != NULL && !put_text(d, link, keys[i], v->text))
            return false;
    }
    return true;
}

static bool add_links(struct describing *d, const struct waiting *w)
{
    const struct value *others = value_get(w->words, "links");
    size_t next = 0;
    for (size_t i = 0; i < w->object.child_count; i++) {
        const struct h5_child *c = &w->object.children[i];
        struct value *link = value_new(d->arena, VALUE_DICT);
        struct bytes title;
        if (link == NULL)
            return arena_fail(d->arena, d->err);
        if (!h5_text(c->name, d->arena, &title, d->err))
            return false;
        if (c->link != LINK_HARD && (others == NULL || next >= others->list.count))
            return FAIL(d->err, ERR_SYNTAX, ERROR_NO_OFFSET, "the links of a group are damaged");
        if (!(c->link == LINK_HARD ? hard_link(d, w, c, title, link)
                                   : other_link(d, others->list.items[next++], link)) ||
            !put(d, link, "title", value_str(d->arena, title)) || !add(d, w->links, link))
            return false;
    }
    return true;
}

/* Named types that no group here has a link to. */
static bool add_unlinked(struct describing *d)
{
    for (size_t i = 0; i < d->named_count; i++) { /* their attributes may name more */
        struct h5_object o;
        struct met *m;
        if (met_find(d, d->named[i]) == NULL &&
            (!h5_describe(d->file, d->named[i], bytes_of(NULL, 0), d->arena, &o, d->err) ||
             !meet(d, &o, bytes_of(NULL, 0), &m)))
            return false;
    }
    return true;
}

/* ---- the document ---- */

/* The mark of README.md: the root is the value of its only member. */
static bool mark_data(struct describing *d, struct value *group)
{
    static const char *const words[][2] = {{"class", "H5T_STRING"},
                                           {"charSet", "H5T_CSET_UTF8"},
                                           {"strPad", "H5T_STR_NULLTERM"},
                                           {"length", "H5T_VARIABLE"}};
    struct value *list = value_new(d->arena, VALUE_LIST), *mark = value_new(d->arena, VALUE_DICT);
    struct value *type = value_new(d->arena, VALUE_DICT), *shape = value_new(d->arena, VALUE_DICT);
    if (list == NULL || mark == NULL || type == NULL || shape == NULL)
        return arena_fail(d->arena, d->err);
    for (size_t i = 0; i < ROWS(words); i++)
        if (!put(d, type, words[i][0], value_text(d->arena, words[i][1])))
            return false;
    return put(d, shape, "class", value_text(d->arena, "H5S_SCALAR")) &&
           put(d, mark, "name", value_text(d->arena, MARK_TYPE)) && put(d, mark, "type", type) &&
           put(d, mark, "shape", shape) && put(d, mark, "value", value_text(d->arena, "data")) &&
           add(d, list, mark) && put(d, group, "attributes", list);
}

/* A root that holds nothing but the object, as a value that is no group is kept (README.md: "data"). */
static bool lone(struct describing *d, const struct h5_object *o, struct value **root)
{
    struct met *m;
    const struct bytes path = bytes_text("/data");
    struct value *group = value_new(d->arena, VALUE_DICT), *link = value_new(d->arena, VALUE_DICT);
    struct value *links = value_new(d->arena, VALUE_LIST), *alias = value_new(d->arena, VALUE_LIST);
    *root = id_of(d, 0);
    if (group == NULL || link == NULL || links == NULL || alias == NULL || *root == NULL)
        return arena_fail(d->arena, d->err);
    return meet(d, o, path, &m) && add(d, m->alias, value_str(d->arena, path)) &&
           add(d, alias, value_text(d->arena, "/")) &&
           put(d, link, "class", value_text(d->arena, "H5L_TYPE_HARD")) &&
           put(d, link, "collection", value_text(d->arena, collection_names[m->collection])) &&
           put(d, link, "id", m->id) && put(d, link, "title", value_text(d->arena, "data")) &&
           add(d, links, link) && put(d, group, "alias", alias) && mark_data(d, group) &&
           put(d, group, "links", links) &&
           (value_put(d->arena, &d->collections[GROUPS]->dict, *root, group) || arena_fail(d->arena, d->err));
}

/* *root: NULL where the piece is none of the object at path. */
static bool start(struct describing *d, struct bytes path, struct value **root)
{
    struct h5_object o;
    struct met *m;
    if (!h5_describe(d->file, 0, path, d->arena, &o, d->err))
        return false;
    *root = NULL;
    if (d->piece != NULL && o.kind != NODE_DATASET)
        return true;
    if (o.kind != NODE_GROUP)
        return lone(d, &o, root);
    if (!meet(d, &o, bytes_text("/"), &m))
        return false;
    *root = m->id;
    return add(d, m->alias, value_text(d->arena, "/"));
}

bool h5_described(const struct h5_file *f, struct bytes path, const struct array *piece, struct arena *arena,
                  struct value **out, struct error *err)
{
    struct describing d = {.file = f, .arena = arena, .err = err, .seed = sip_seed_make(), .piece = piece};
    struct value *all = value_new(arena, VALUE_DICT), *root;
    for (size_t i = 0; i < COLLECTIONS; i++) {
        d.collections[i] = value_new(arena, VALUE_DICT);
        if (d.collections[i] == NULL || all == NULL)
            return arena_fail(arena, err);
    }
    *out = NULL;
    if (!start(&d, path, &root))
        return false;
    if (root == NULL || d.unfit)
        return true;
    while (d.next < d.queued) {
        const struct waiting w = d.queue[d.next++]; /* the queue may move */
        if (!add_links(&d, &w))
            return false;
    }
    if (!add_unlinked(&d))
        return false;
    all->flags |= VALUE_DESCRIBED;
    *out = all;
    if (!put(&d, all, "apiVersion", value_text(arena, "1.1.1")) || !put(&d, all, "root", root) ||
        (d.prefix != NULL && !put_text(&d, all, "prefix", d.prefix->text)))
        return false;
    for (size_t i = 0; i < COLLECTIONS; i++)
        if (d.collections[i]->dict.count > 0 && !put(&d, all, collection_names[i], d.collections[i]))
            return false;
    return true;
}
