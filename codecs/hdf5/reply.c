/* The sandbox's description of an object, taken apart (sandbox.h). */
#include "h5.h"

static bool get_attribute(struct reader *r, struct arena *arena, struct h5_attribute *a, struct error *err)
{
    *a = (struct h5_attribute){0};
    if (!wire_get_run(r, &a->name, err) || !wire_get_run(r, &a->problem, err))
        return false;
    struct h5_shape *s = &a->shape;
    return a->problem.len > 0 ||
           (wire_get_run(r, &a->committed, err) && wire_get_dtype(r, arena, &s->dtype, err) &&
            wire_get_space(r, arena, &s->space, &s->ndim, &s->dims, err) &&
            wire_get_run(r, &a->elements, err) && wire_get_run(r, &a->heap, err));
}

/* count of parts, each of which takes at least `least` bytes. */
static bool get_count(struct reader *r, size_t least, uint32_t *out, struct error *err)
{
    return reader_u32_le(r, out, err) &&
           (*out <= reader_left(r) / least ||
            FAIL(err, ERR_INTERNAL, ERROR_NO_OFFSET, "the description is cut short"));
}

static bool get_attributes(struct reader *r, struct arena *arena, struct h5_object *o, struct error *err)
{
    uint32_t count;
    if (!get_count(r, 8, &count, err))
        return false;
    struct h5_attribute *attributes = arena_alloc(arena, count, sizeof *attributes);
    if (attributes == NULL)
        return arena_fail(arena, err);
    for (uint32_t i = 0; i < count; i++)
        if (!get_attribute(r, arena, &attributes[i], err))
            return false;
    o->attributes = attributes;
    o->attribute_count = count;
    return true;
}

static bool get_order(struct reader *r, struct h5_object *o, struct error *err)
{
    uint8_t order;
    if (!reader_u8(r, &order, err))
        return false;
    o->links_ordered = (order & 1) != 0;
    o->attributes_ordered = (order & 2) != 0;
    return true;
}

static bool get_group(struct reader *r, struct arena *arena, struct h5_object *o, struct error *err)
{
    uint32_t count;
    if (!get_order(r, o, err) || !get_count(r, 13, &count, err))
        return false;
    struct h5_child *children = arena_alloc(arena, count, sizeof *children);
    if (children == NULL)
        return arena_fail(arena, err);
    for (uint32_t i = 0; i < count; i++) {
        uint8_t link;
        if (!reader_u8(r, &link, err) || !reader_u64_le(r, &children[i].object, err) ||
            !wire_get_run(r, &children[i].name, err))
            return false;
        children[i].link = (enum link_kind)link;
    }
    o->children = children;
    o->child_count = count;
    return get_attributes(r, arena, o, err);
}

static bool get_typed(struct reader *r, struct arena *arena, struct h5_object *o, struct error *err)
{
    uint8_t typed;
    if (!get_order(r, o, err) || !wire_get_run(r, &o->type_class, err) ||
        !wire_get_run(r, &o->problem, err) || !wire_get_run(r, &o->committed, err) ||
        !reader_u8(r, &typed, err))
        return false;
    o->typed = typed != 0;
    return !o->typed || wire_get_dtype(r, arena, &o->shape.dtype, err);
}

static bool get_filter(struct reader *r, struct arena *arena, struct node_filter *f, struct error *err)
{
    uint32_t id, v;
    struct bytes name;
    uint8_t count;
    if (!reader_u32_le(r, &id, err) || !wire_get_run(r, &name, err) || !reader_u8(r, &count, err))
        return false;
    unsigned *parameters = arena_alloc(arena, count, sizeof *parameters);
    name = arena_copy(arena, name);
    if (parameters == NULL || name.data == NULL)
        return arena_fail(arena, err);
    for (unsigned i = 0; i < count; i++) {
        if (!reader_u32_le(r, &v, err))
            return false;
        parameters[i] = v;
    }
    *f = (struct node_filter){(int)id, (const char *)name.data, parameters, count};
    return true;
}

static bool get_storage(struct reader *r, struct arena *arena, struct h5_object *o, struct error *err)
{
    enum { CHUNKED = 2 };
    uint8_t layout, filters, has_fill, plain;
    if (!reader_u8(r, &layout, err) || !wire_get_dims(r, o->shape.ndim, arena, &o->max_shape, err) ||
        (layout == CHUNKED && !wire_get_dims(r, o->shape.ndim, arena, &o->chunks, err)) ||
        !reader_u8(r, &filters, err))
        return false;
    struct node_filter *list = arena_alloc(arena, filters, sizeof *list);
    if (list == NULL)
        return arena_fail(arena, err);
    for (unsigned i = 0; i < filters; i++)
        if (!get_filter(r, arena, &list[i], err))
            return false;
    o->layout = layout;
    o->filters = list;
    o->filter_count = filters;
    if (!reader_u64_le(r, &o->stored_bytes, err) || !reader_u64_le(r, &o->extent, err) ||
        !reader_u8(r, &has_fill, err))
        return false;
    o->has_fill = has_fill != 0;
    if ((o->has_fill && (!wire_get_run(r, &o->fill, err) || !wire_get_run(r, &o->fill_heap, err))) ||
        !reader_u8(r, &plain, err))
        return false;
    o->plain = plain != 0;
    return true;
}

static bool get_object(struct reader *r, struct arena *arena, struct h5_object *o, struct error *err)
{
    uint8_t kind;
    struct h5_shape *s = &o->shape;
    if (!reader_u8(r, &kind, err) || !reader_u64_le(r, &o->object, err) || !wire_get_run(r, &o->problem, err))
        return false;
    o->kind = (enum node_kind)kind;
    switch (o->kind) {
    case NODE_GROUP:
        return get_group(r, arena, o, err);
    case NODE_DATASET:
        return get_typed(r, arena, o, err) && wire_get_space(r, arena, &s->space, &s->ndim, &s->dims, err) &&
               get_storage(r, arena, o, err) && get_attributes(r, arena, o, err);
    case NODE_DATATYPE:
        return get_typed(r, arena, o, err) && get_attributes(r, arena, o, err);
    case NODE_SOFT_LINK:
    case NODE_EXTERNAL_LINK:
        return wire_get_run(r, &o->link_target, err) && wire_get_run(r, &o->link_file, err);
    case NODE_OTHER:
        return true;
    }
    return FAIL(err, ERR_INTERNAL, ERROR_NO_OFFSET, "the description is of no known kind");
}

static bool ask(const struct h5_file *f, uint64_t base, struct bytes path, bool brief, struct arena *arena,
                struct h5_object *out, struct error *err)
{
    AUTO(sink_deinit) struct sink reply = {0};
    const struct sandbox_request request = {.op = SANDBOX_DESCRIBE,
                                            .fd = f->fd,
                                            .identity = f->identity,
                                            .base = base,
                                            .brief = brief,
                                            .path = path,
                                            .watch = f->watch};
    if (!sandbox_call(&request, &reply, err))
        return false;
    const struct bytes copy = arena_copy(arena, bytes_of(reply.data, reply.len));
    if (copy.data == NULL)
        return arena_fail(arena, err);
    struct reader r = reader_make(copy);
    *out = (struct h5_object){.base = base, .path = path, .extent = UINT64_MAX};
    return get_object(&r, arena, out, err);
}

bool h5_describe(const struct h5_file *f, uint64_t base, struct bytes path, struct arena *arena,
                 struct h5_object *out, struct error *err)
{
    return ask(f, base, path, false, arena, out, err);
}

bool h5_outline(const struct h5_file *f, struct bytes path, struct arena *arena, struct h5_object *out,
                struct error *err)
{
    return ask(f, 0, path, true, arena, out, err);
}

const struct h5_attribute *h5_attribute(const struct h5_object *o, const char *name)
{
    for (size_t i = 0; i < o->attribute_count; i++)
        if (bytes_is(o->attributes[i].name, name))
            return &o->attributes[i];
    return NULL;
}
