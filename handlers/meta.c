#include "describe.h"
#include "routes.h"
#include "stored.h"

static void put_filters(struct dict *d, const struct node_storage *storage)
{
    struct value *list = value_new(d->arena, VALUE_LIST);
    for (size_t i = 0; list != NULL && i < storage->filter_count; i++) {
        const struct node_filter *f = &storage->filters[i];
        struct dict filter = dict_make(d->arena);
        struct value *parameters = value_new(d->arena, VALUE_LIST);
        for (size_t j = 0; parameters != NULL && j < f->parameter_count; j++) {
            struct value *p = value_uint(d->arena, f->parameters[j]);
            if (p == NULL || !value_append(d->arena, &parameters->list, p))
                parameters = NULL;
        }
        dict_uint(&filter, "id", (uint64_t)f->id);
        dict_text(&filter, "name", f->name == NULL ? "" : f->name);
        dict_put(&filter, "parameters", parameters);
        if (filter.failed || !value_append(d->arena, &list->list, filter.value))
            list = NULL;
    }
    dict_put(d, "filters", list);
}

static void put_storage(struct dict *d, const struct node *node)
{
    const struct node_storage *s = node->storage;
    if (s == NULL)
        return;
    if (s->layout != NULL)
        dict_text(d, "layout", s->layout);
    dict_numbers(d, "max_shape", s->max_shape, node->ndim);
    dict_numbers(d, "chunks", s->chunks, s->chunks == NULL ? 1 : node->ndim);
    put_filters(d, s);
    if (s->fill_value != NULL)
        dict_put(d, "fill_value", s->fill_value);
    dict_uint(d, "stored_bytes", s->stored_bytes);
}

/* What the names of an enumeration stand for. */
static void put_labels(struct dict *d, const struct dtype *dtype)
{
    struct value *labels = value_new(d->arena, VALUE_DICT);
    for (size_t i = 0; labels != NULL && i < dtype->label_count; i++) {
        struct value *name = value_str(d->arena, dtype->labels[i].name);
        struct value *number = value_int(d->arena, dtype->labels[i].value);
        if (name == NULL || number == NULL || !value_put(d->arena, &labels->dict, name, number))
            labels = NULL;
    }
    dict_put(d, "labels", labels);
}

/*
 * What a dtype does not say: names of an enumeration, what sequences are of, what references lead to. Of a
 * record by field. Types nest at most DTYPE_MAX_DEPTH levels, or those that a codec allows: that bounds the
 * calls.
 */
static void put_type(struct dict *d, const struct dtype *t)
{
    if (t->label_count > 0)
        put_labels(d, t);
    if (t->reference != 0)
        dict_text(d, "reference", t->reference == 'o' ? "object" : "region");
    if (t->sequence != NULL) {
        struct dict of = dict_make(d->arena);
        describe_dtype(&of, t->sequence);
        put_type(&of, t->sequence);
        dict_put(d, "sequence", of.failed ? NULL : of.value);
    }
    if (t->base != NULL)
        put_type(d, t->base);
    struct value *fields = value_new(d->arena, VALUE_DICT);
    for (size_t i = 0; fields != NULL && i < t->field_count; i++) {
        struct dict field = dict_make(d->arena);
        put_type(&field, t->fields[i].dtype);
        struct value *name = value_str(d->arena, t->fields[i].name);
        if (field.failed || name == NULL ||
            (field.value->dict.count > 0 && !value_put(d->arena, &fields->dict, name, field.value)))
            fields = NULL;
    }
    if (fields == NULL || fields->dict.count > 0)
        dict_put(d, "fields", fields);
}

/* Which parts are listed in the order in which they were made. */
static void put_order(struct dict *d, const struct node *node)
{
    struct value *list = value_new(d->arena, VALUE_LIST);
    const struct {
        const char *name;
        bool ordered;
    } rows[] = {{"links", node->links_ordered}, {"attributes", node->attributes_ordered}};
    for (size_t i = 0; list != NULL && i < ROWS(rows); i++) {
        struct value *name = rows[i].ordered ? value_text(d->arena, rows[i].name) : NULL;
        if (rows[i].ordered && (name == NULL || !value_append(d->arena, &list->list, name)))
            list = NULL;
    }
    if (list == NULL || list->list.count > 0)
        dict_put(d, "creation_order", list);
}

static void put_attributes(struct dict *d, const struct node *node)
{
    struct value *list = value_new(d->arena, VALUE_LIST);
    for (size_t i = 0; list != NULL && i < node->attribute_count; i++) {
        const struct node_attribute *a = &node->attributes[i];
        struct dict attribute = dict_make(d->arena);
        dict_str(&attribute, "name", a->name);
        if (a->value != NULL)
            describe_value(&attribute, a->value);
        else
            dict_text(&attribute, "problem", a->problem == NULL ? "it cannot be read" : a->problem);
        if (a->committed != NULL)
            dict_text(&attribute, "committed", a->committed);
        if (attribute.failed || !value_append(d->arena, &list->list, attribute.value))
            list = NULL;
    }
    dict_put(d, "attributes", list);
}

/* The tree one level deep has the children as they are listed here. */
static bool put_children(const struct request *request, const struct stored *s, const struct node *node,
                         struct dict *d, struct error *err)
{
    struct value *tree;
    if (node->kind != NODE_GROUP)
        return true;
    if (!describe_tree(&s->document, s->path, 1, request->service->limits, request->arena, &tree, err))
        return false;
    struct value *children = value_get(tree, "children");
    struct value *items = value_get(tree, "items");
    dict_uint(d, "child_count", node->child_count);
    if (children != NULL)
        dict_put(d, "children", children);
    if (items != NULL)
        dict_put(d, "items", items);
    return true;
}

bool get_meta(const struct request *request, struct reply *reply, struct error *err)
{
    struct stored s;
    struct node node;
    struct value *root;
    bool done = false;
    if (!stored_check(request, json_format(), false, &s, reply, &done, err) || done)
        return done;
    if (!stored_open(request, &s, reply, err) ||
        !s.document.ops->node(s.document.self, s.path, request->arena, &node, err))
        return false;
    struct dict d = dict_make(request->arena);
    dict_str(&d, "name", request->name);
    dict_str(&d, "path", s.path);
    dict_text(&d, "format", s.source.codec->name);
    describe_node(&d, &node);
    if (node.dtype != NULL)
        put_type(&d, node.dtype);
    if (node.committed != NULL)
        dict_text(&d, "committed", node.committed);
    put_order(&d, &node);
    put_storage(&d, &node);
    put_attributes(&d, &node);
    return put_children(request, &s, &node, &d, err) && dict_done(&d, &root, err) &&
           answer_json(request, root, reply, err);
}
