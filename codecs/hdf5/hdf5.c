/* The format's face: a file as a document, and the codec's table. */
#include "chunks.h"
#include "h5.h"
#include "utf8.h"

/* ---- describing ---- */

/* Names that are not UTF-8 can't be asked for; they are shown as Latin-1. */
static bool text_of(struct bytes raw, struct arena *arena, const char **out, struct error *err)
{
    struct bytes text;
    if (!h5_text(raw, arena, &text, err))
        return false;
    text = arena_copy(arena, text);
    *out = (const char *)text.data;
    return *out != NULL || arena_fail(arena, err);
}

static bool optional_text(struct bytes raw, struct arena *arena, const char **out, struct error *err)
{
    *out = NULL;
    return raw.len == 0 || text_of(raw, arena, out, err);
}

static bool fill_children(const struct h5_object *o, struct arena *arena, struct node *out, struct error *err)
{
    struct node_child *children = arena_alloc(arena, o->child_count, sizeof *children);
    if (children == NULL)
        return arena_fail(arena, err);
    for (size_t i = 0; i < o->child_count; i++) {
        children[i].link = o->children[i].link;
        if (!h5_text(o->children[i].name, arena, &children[i].name, err))
            return false;
    }
    out->children = children;
    out->child_count = o->child_count;
    return true;
}

static bool fill_attributes(const struct h5_object *o, struct arena *arena, struct node *out,
                            struct error *err)
{
    struct node_attribute *attributes = arena_alloc(arena, o->attribute_count, sizeof *attributes);
    if (attributes == NULL)
        return arena_fail(arena, err);
    for (size_t i = 0; i < o->attribute_count; i++) {
        const struct h5_attribute *a = &o->attributes[i];
        if (!h5_text(a->name, arena, &attributes[i].name, err) ||
            !optional_text(a->committed, arena, &attributes[i].committed, err))
            return false;
        if (a->problem.len > 0 ? !text_of(a->problem, arena, &attributes[i].problem, err)
                               : !h5_attribute_value(a, arena, &attributes[i].value, err))
            return false;
    }
    out->attributes = attributes;
    out->attribute_count = o->attribute_count;
    return true;
}

static bool fill_type(const struct h5_object *o, struct arena *arena, struct node *out, struct error *err)
{
    struct dtype *dtype = arena_alloc(arena, 1, sizeof *dtype);
    if (dtype == NULL)
        return arena_fail(arena, err);
    *dtype = o->shape.dtype;
    out->dtype = o->typed ? dtype : NULL;
    return (o->problem.len == 0 || text_of(o->problem, arena, &out->problem, err)) &&
           text_of(o->type_class, arena, &out->type_class, err) &&
           optional_text(o->committed, arena, &out->committed, err);
}

/* The dimensions behind those of the space are an array type's. */
static bool fill_value(const struct h5_object *o, struct arena *arena, struct node_storage *storage,
                       struct error *err)
{
    const struct h5_shape *s = &o->shape;
    const size_t count = s->dtype.itemsize == 0 ? 0 : o->fill.len / s->dtype.itemsize;
    uint64_t inner = 1;
    unsigned ndim = 0;
    if (!o->has_fill || !o->typed)
        return true;
    while (inner < count && ndim < s->ndim)
        inner *= s->dims[s->ndim - ++ndim];
    const struct h5_attribute a = {
        .shape = {s->dtype, ndim == 0 ? SPACE_SCALAR : SPACE_SIMPLE, ndim, s->dims + s->ndim - ndim},
        .elements = o->fill,
        .heap = o->fill_heap};
    return inner != count || h5_attribute_value(&a, arena, &storage->fill_value, err);
}

static bool fill_storage(const struct h5_object *o, struct arena *arena, struct node *out, struct error *err)
{
    static const char *const layouts[] = {"compact", "contiguous", "chunked", "virtual", "unknown"};
    struct node_storage *storage = arena_alloc(arena, 1, sizeof *storage);
    if (storage == NULL)
        return arena_fail(arena, err);
    *storage = (struct node_storage){
        .layout = layouts[o->layout < ROWS(layouts) ? o->layout : ROWS(layouts) - 1],
        .chunks = o->chunks,
        .max_shape = o->max_shape,
        .filters = o->filters,
        .filter_count = o->filter_count,
        .stored_bytes = o->stored_bytes,
    };
    out->storage = storage;
    return fill_value(o, arena, storage, err);
}

/* A value that cannot be read leaves its problem behind: the objects beside it are not spoiled. */
static bool fill_dataset(const struct h5_file *f, const struct h5_object *o, struct arena *arena,
                         struct node *out, struct error *err)
{
    struct error why = {0};
    out->ndim = o->shape.ndim;
    out->shape = o->shape.dims;
    out->null_space = o->shape.space == SPACE_NULL;
    if (!fill_type(o, arena, out, err) || !fill_storage(o, arena, out, err))
        return false;
    if (out->problem != NULL || h5_dataset_value(f, o, arena, &out->value, &why))
        return true;
    out->value = NULL;
    return why.kind == ERR_LIMIT || why.kind == ERR_WRITTEN
               ? (*err = why, false)
               : text_of(bytes_text(why.detail), arena, &out->problem, err);
}

static bool link_value(struct bytes raw, struct arena *arena, struct value **out, struct error *err)
{
    struct bytes text;
    if (!h5_text(raw, arena, &text, err))
        return false;
    *out = value_str(arena, text);
    return *out != NULL || arena_fail(arena, err);
}

static bool fill_link(const struct h5_object *o, struct arena *arena, struct node *out, struct error *err)
{
    struct value *target, *file;
    if (!link_value(o->link_target, arena, &target, err) || !link_value(o->link_file, arena, &file, err))
        return false;
    out->link_target = target;
    if (o->kind != NODE_EXTERNAL_LINK)
        return true;
    out->link_target = value_new(arena, VALUE_TUPLE);
    return (out->link_target != NULL && value_append(arena, &out->link_target->list, file) &&
            value_append(arena, &out->link_target->list, target)) ||
           arena_fail(arena, err);
}

static bool fill_node(const struct h5_file *f, const struct h5_object *o, struct arena *arena,
                      struct node *out, struct error *err)
{
    *out = (struct node){.kind = o->kind,
                         .id = o->object,
                         .links_ordered = o->links_ordered,
                         .attributes_ordered = o->attributes_ordered};
    switch (o->kind) {
    case NODE_GROUP:
        return fill_children(o, arena, out, err) && fill_attributes(o, arena, out, err);
    case NODE_DATASET:
        return fill_dataset(f, o, arena, out, err) && fill_attributes(o, arena, out, err);
    case NODE_DATATYPE:
        return fill_type(o, arena, out, err) && fill_attributes(o, arena, out, err);
    case NODE_SOFT_LINK:
    case NODE_EXTERNAL_LINK:
        return fill_link(o, arena, out, err);
    case NODE_OTHER:
        return text_of(o->problem, arena, &out->problem, err);
    }
    return true;
}

static bool document_node(void *self, struct bytes path, struct arena *arena, struct node *out,
                          struct error *err)
{
    const struct h5_file *f = self;
    struct h5_object o;
    return h5_describe(f, 0, path, arena, &o, err) && fill_node(f, &o, arena, out, err);
}

static bool document_outline(void *self, struct bytes path, struct arena *arena, struct node *out,
                             struct error *err)
{
    const struct h5_file *f = self;
    struct h5_object o;
    return h5_outline(f, path, arena, &o, err) && fill_node(f, &o, arena, out, err);
}

static bool document_value(void *self, struct bytes path, struct arena *arena, struct value **out,
                           struct error *err)
{
    return h5_decode(self, path, arena, out, err);
}

static bool document_described(void *self, struct bytes path, const struct array *piece, struct arena *arena,
                               struct value **out, struct error *err)
{
    return h5_described(self, path, piece, arena, out, err);
}

/* ---- opening ---- */

/* A file without a name is of no use to anybody after this exchange. */
static void forget(void *self)
{
    const struct h5_file *f = self;
    AUTO(sink_deinit) struct sink reply = {0};
    struct error ignored = {0};
    const struct sandbox_request request = {.op = SANDBOX_FORGET, .fd = -1, .identity = f->identity};
    if (f->identity.serial == 0)
        return;
    chunks_forget(&f->identity);
    sandbox_call(&request, &reply, &ignored);
}

static bool hdf5_open(const struct input *in, const struct codec_options *options,
                      const struct limits *limits, struct arena *arena, struct document *out,
                      struct error *err)
{
    static const struct document_ops ops = {.node = document_node,
                                            .outline = document_outline,
                                            .value = document_value,
                                            .described = document_described};
    struct h5_file *f = arena_alloc(arena, 1, sizeof *f);
    if (f == NULL)
        return arena_fail(arena, err);
    *f = (struct h5_file){.options = options, .limits = limits, .watch = arena->watch};
    if (!input_fd(in, arena, &f->fd, err) || !sandbox_identify(f->fd, &f->identity, err))
        return false;
    if (!arena_defer(arena, forget, f))
        return arena_fail(arena, err);
    *out = (struct document){.self = f, .ops = &ops};
    struct h5_object root;
    return h5_describe(f, 0, bytes_of(NULL, 0), arena, &root, err);
}

static bool hdf5_decode(const struct input *in, const struct codec_options *options,
                        const struct limits *limits, struct arena *arena, struct value **out,
                        struct error *err)
{
    struct document document;
    return hdf5_open(in, options, limits, arena, &document, err) &&
           document.ops->value(document.self, bytes_of(NULL, 0), arena, out, err);
}

/* The signature is at 0, 512, 1024, 2048 ...: a block of the user's may come first (HDF5 File Format
 * Specification, II.A). */
static int hdf5_sniff(struct bytes head)
{
    static const uint8_t signature[] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};
    for (size_t at = 0; at + sizeof signature <= head.len; at = at == 0 ? 512 : at * 2)
        if (memcmp(head.data + at, signature, sizeof signature) == 0)
            return 100;
    return 0;
}

const struct codec hdf5_codec = {
    .name = "hdf5",
    .title = "HDF5",
    .media_types = (const char *const[]){"application/x-hdf5", "application/x-hdf", NULL},
    .extensions = (const char *const[]){"h5", "hdf5", "he5", "nc", NULL},
    .sniff = hdf5_sniff,
    .by_parts = true,
    .describes = true,
    .decode = hdf5_decode,
    .open = hdf5_open,
    .begin = h5_begin,
    .step = h5_step,
};
