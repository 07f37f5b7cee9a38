/* What is at a path: link, group, dataset or type, with its attributes. */
#include "node.h"
#include "worker.h"

enum { DESCRIBE_BUDGET = 512 << 20, ATTRIBUTE_MAX = 64 << 20 };

/* One description at work. */
struct describing {
    struct open_file *file;
    struct sink *reply;
    struct arena arena;
    struct error *err;
    uint32_t count; /* children or attributes written */
    bool brief;
};

static bool put_text(struct describing *d, const char *text)
{
    return wire_put_run(d->reply, bytes_text(text == NULL ? "" : text), d->err);
}

static bool put_head(struct describing *d, enum node_kind kind, uint64_t object, const char *problem)
{
    return wire_put_u8(d->reply, (uint8_t)kind, d->err) && wire_put_u64(d->reply, object, d->err) &&
           put_text(d, problem);
}

/* The path of a committed type; "": it is none, or nothing leads to it. */
static bool put_committed(struct describing *d, hid_t type)
{
    H5O_info_t info;
    const bool is = H5Tcommitted(type) > 0 && H5Oget_info2(type, &info, H5O_INFO_BASIC) >= 0;
    return put_text(d, is ? path_of_address(d->file, info.addr) : NULL);
}

/* Which parts are kept in the order in which they were made. */
static bool put_order(struct describing *d, unsigned links, unsigned attributes)
{
    return wire_put_u8(
        d->reply,
        (uint8_t)(((links & H5P_CRT_ORDER_TRACKED) != 0) | ((attributes & H5P_CRT_ORDER_TRACKED) != 0) << 1),
        d->err);
}

/* A count that is known after what it counts was written. */
static bool put_later(struct describing *d, size_t *at)
{
    *at = d->reply->len;
    d->count = 0;
    return wire_put_u32(d->reply, 0, d->err);
}

static void put_count(struct describing *d, size_t at)
{
    store_u32_le(d->reply->data + at, d->count);
}

/* ---- attributes ---- */

struct attribute {
    struct type type;
    enum sandbox_space space;
    unsigned ndim;
    hsize_t dims[H5S_MAX_RANK];
    size_t count; /* elements */
    uint8_t *elements;
    const char *problem;
};

static bool measure(hid_t space, struct attribute *a)
{
    const H5S_class_t class = H5Sget_simple_extent_type(space);
    a->space = class == H5S_NULL ? SPACE_NULL : class == H5S_SCALAR ? SPACE_SCALAR : SPACE_SIMPLE;
    const int ndim = class == H5S_SIMPLE ? H5Sget_simple_extent_dims(space, a->dims, NULL) : 0;
    if (class == H5S_NO_CLASS || ndim < 0)
        return false;
    a->ndim = (unsigned)ndim;
    a->count = a->space != SPACE_NULL;
    for (unsigned i = 0; i < a->ndim; i++)
        if (!checked_mul(a->count, (size_t)a->dims[i], &a->count))
            return false;
    return true;
}

/* The dimensions of an array type go behind those of the space. */
static void append_inner(const struct dtype *t, enum sandbox_space *space, unsigned *ndim, hsize_t *dims)
{
    if (t->base == NULL || *space == SPACE_NULL || *ndim + t->ndim > DTYPE_MAX_NDIM)
        return;
    for (unsigned i = 0; i < t->ndim; i++)
        dims[(*ndim)++] = t->shape[i];
    *space = SPACE_SIMPLE;
}

static bool load_attribute(struct describing *d, hid_t id, struct attribute *a)
{
    AUTO(close_type) hid_t type = H5Aget_type(id);
    AUTO(close_space) hid_t space = H5Aget_space(id);
    size_t size;
    if (type < 0 || space < 0 || !measure(space, a)) {
        a->problem = "the attribute is damaged";
        return true;
    }
    if (!type_of_file(type, &d->arena, &a->type, d->err))
        return false;
    a->problem = a->type.problem;
    if (a->problem == NULL && (!checked_mul(a->count, a->type.memory_size, &size) || size > ATTRIBUTE_MAX))
        a->problem = "the attribute is bigger than 64 MB";
    if (a->problem != NULL || a->count == 0)
        return true;
    a->elements = arena_alloc(&d->arena, a->count, a->type.memory_size);
    if (a->elements == NULL)
        return arena_fail(&d->arena, d->err);
    if (H5Aread(id, a->type.memory, a->elements) < 0)
        a->problem = "the attribute is damaged";
    return true;
}

static bool put_elements(struct describing *d, const struct type *t, uint8_t *elements, size_t count)
{
    AUTO(sink_deinit) struct sink heap = {0};
    if (t->flat && !dtype_clear_holes(&t->dtype, elements, count, &d->arena, d->err))
        return false;
    if (t->flat)
        return wire_put_run(d->reply, bytes_of(elements, count * t->dtype.itemsize), d->err) &&
               wire_put_run(d->reply, bytes_of(NULL, 0), d->err);
    uint8_t *window = arena_alloc(&d->arena, count, t->dtype.itemsize);
    if (window == NULL)
        return arena_fail(&d->arena, d->err);
    return elements_out(d->file, t, elements, count, window, &heap, d->err) &&
           wire_put_run(d->reply, bytes_of(window, count * t->dtype.itemsize), d->err) &&
           wire_put_run(d->reply, bytes_of(heap.data, heap.len), d->err);
}

static bool put_attribute(struct describing *d, const char *name, hid_t id, const struct attribute *a)
{
    if (!put_text(d, name) || !put_text(d, a->problem))
        return false;
    if (a->problem != NULL)
        return true;
    AUTO(close_type) hid_t type = H5Aget_type(id);
    struct attribute seen = *a;
    append_inner(&a->type.dtype, &seen.space, &seen.ndim, seen.dims);
    const struct dtype *t = seen.ndim > a->ndim ? a->type.dtype.base : &a->type.dtype;
    uint64_t dims[H5S_MAX_RANK];
    for (unsigned i = 0; i < seen.ndim; i++)
        dims[i] = seen.dims[i];
    return put_committed(d, type) && wire_put_dtype(d->reply, t, d->err) &&
           wire_put_space(d->reply, seen.space, seen.ndim, dims, d->err) &&
           put_elements(d, &a->type, a->elements, a->count);
}

static void reclaim(hid_t id, const struct attribute *a)
{
    if (a->type.flat || a->elements == NULL || a->problem != NULL)
        return;
    AUTO(close_space) hid_t space = H5Aget_space(id);
    H5Dvlen_reclaim(a->type.memory, space, H5P_DEFAULT, a->elements);
}

static herr_t each_attribute(hid_t object, const char *name, const H5A_info_t *info, void *arg)
{
    struct describing *d = arg;
    struct attribute a = {0};
    (void)info;
    if (d->brief) {
        d->count++;
        return put_text(d, name) && put_text(d, BRIEF_PROBLEM) ? 0 : -1;
    }
    AUTO(close_attribute) hid_t id = H5Aopen(object, name, H5P_DEFAULT);
    bool ok = true;
    if (id < 0)
        a.problem = "the attribute is damaged";
    else
        ok = load_attribute(d, id, &a);
    ok = ok && put_attribute(d, name, id, &a);
    if (id >= 0)
        reclaim(id, &a);
    type_close(&a.type);
    d->count++;
    return ok ? 0 : -1;
}

static bool put_attributes(struct describing *d, hid_t object, unsigned order)
{
    size_t at;
    hsize_t n = 0;
    if (!put_later(d, &at))
        return false;
    const H5_index_t index = (order & H5P_CRT_ORDER_TRACKED) != 0 ? H5_INDEX_CRT_ORDER : H5_INDEX_NAME;
    if (H5Aiterate2(object, index, H5_ITER_INC, &n, each_attribute, d) < 0 && d->err->kind != ERR_NONE)
        return false; /* a damaged table ends the list early: what could be read stays */
    put_count(d, at);
    return true;
}

/* ---- kinds of objects ---- */

static herr_t each_link(hid_t group, const char *name, const H5L_info_t *info, void *arg)
{
    struct describing *d = arg;
    (void)group;
    const bool hard = info->type == H5L_TYPE_HARD;
    const enum link_kind kind = hard                              ? LINK_HARD
                                : info->type == H5L_TYPE_SOFT     ? LINK_SOFT
                                : info->type == H5L_TYPE_EXTERNAL ? LINK_EXTERNAL
                                                                  : LINK_USER;
    d->count++;
    return wire_put_u8(d->reply, (uint8_t)kind, d->err) &&
                   wire_put_u64(d->reply, hard ? info->u.address : 0, d->err) && put_text(d, name)
               ? 0
               : -1;
}

static bool put_group(struct describing *d, hid_t group, uint64_t object)
{
    AUTO(close_plist) hid_t plist = H5Gget_create_plist(group);
    unsigned links = 0, attributes = 0;
    size_t at;
    hsize_t n = 0;
    if (plist >= 0) {
        H5Pget_link_creation_order(plist, &links);
        H5Pget_attr_creation_order(plist, &attributes);
    }
    if (!put_head(d, NODE_GROUP, object, NULL) || !put_order(d, links, attributes) || !put_later(d, &at))
        return false;
    const H5_index_t index = (links & H5P_CRT_ORDER_TRACKED) != 0 ? H5_INDEX_CRT_ORDER : H5_INDEX_NAME;
    if (H5Literate(group, index, H5_ITER_INC, &n, each_link, d) < 0)
        return library_fail(d->err, ERR_SYNTAX, "the group is damaged");
    put_count(d, at);
    return put_attributes(d, group, attributes);
}

/* Class, problem and dtype of an object with a type. *t is to be closed. */
static bool put_typed(struct describing *d, hid_t type, const struct type *t, const char *problem)
{
    const struct dtype *dtype = t->dtype.base != NULL ? t->dtype.base : &t->dtype;
    const bool known = t->problem == NULL;
    return put_text(d, type_class_name(type)) && put_text(d, known ? problem : t->problem) &&
           put_committed(d, type) && wire_put_u8(d->reply, known, d->err) &&
           (!known || wire_put_dtype(d->reply, dtype, d->err));
}

static bool put_datatype(struct describing *d, hid_t type, uint64_t object)
{
    AUTO(close_plist) hid_t plist = H5Tget_create_plist(type);
    struct type t;
    unsigned order = 0;
    if (plist >= 0)
        H5Pget_attr_creation_order(plist, &order);
    if (!type_of_file(type, &d->arena, &t, d->err))
        return false;
    const bool known = t.problem == NULL;
    const bool ok = put_head(d, NODE_DATATYPE, object, NULL) && put_order(d, 0, order) &&
                    put_text(d, type_class_name(type)) && put_text(d, t.problem) && put_text(d, NULL) &&
                    wire_put_u8(d->reply, known, d->err) &&
                    (!known || wire_put_dtype(d->reply, &t.dtype, d->err));
    type_close(&t);
    return ok && put_attributes(d, type, order);
}

static bool put_filters(struct describing *d, hid_t plist)
{
    const int count = H5Pget_nfilters(plist);
    if (!wire_put_u8(d->reply, count < 0 ? 0 : (uint8_t)count, d->err))
        return false;
    for (int i = 0; i < count; i++) {
        unsigned flags, config, values[255];
        size_t n = ROWS(values);
        char name[256] = "";
        const H5Z_filter_t id =
            H5Pget_filter2(plist, (unsigned)i, &flags, &n, values, sizeof name - 1, name, &config);
        n = id < 0 ? 0 : n > ROWS(values) ? ROWS(values) : n;
        if (!wire_put_u32(d->reply, (uint32_t)id, d->err) || !put_text(d, name) ||
            !wire_put_u8(d->reply, (uint8_t)n, d->err))
            return false;
        for (size_t v = 0; v < n; v++)
            if (!wire_put_u32(d->reply, values[v], d->err))
                return false;
    }
    return true;
}

/* As an element: of an array type all of its own. What of it has variable length is the library's to free. */
static bool put_fill(struct describing *d, hid_t plist, const struct type *t)
{
    H5D_fill_value_t defined = H5D_FILL_VALUE_UNDEFINED;
    H5Pfill_value_defined(plist, &defined);
    uint8_t *value = NULL;
    if (defined == H5D_FILL_VALUE_USER_DEFINED && t->problem == NULL) {
        value = arena_alloc(&d->arena, 1, t->memory_size);
        if (value == NULL)
            return arena_fail(&d->arena, d->err);
        if (H5Pget_fill_value(plist, t->memory, value) < 0)
            value = NULL;
    }
    const bool ok =
        wire_put_u8(d->reply, value != NULL, d->err) && (value == NULL || put_elements(d, t, value, 1));
    if (value != NULL && !t->flat) {
        AUTO(close_space) hid_t space = H5Screate(H5S_SCALAR);
        H5Dvlen_reclaim(t->memory, space, H5P_DEFAULT, value);
    }
    return ok;
}

/* Where the elements lie as they are given to clients, or UINT64_MAX. */
static uint64_t extent_of(const struct describing *d, hid_t dataset, hid_t type, const struct type *t,
                          uint64_t count, uint64_t stored)
{
    uint64_t size, end;
    if (t->problem != NULL || !t->flat || count == 0 ||
        __builtin_mul_overflow(count, (uint64_t)t->dtype.itemsize, &size) || stored != size ||
        H5Tequal(type, t->memory) <= 0)
        return UINT64_MAX;
    const haddr_t at = H5Dget_offset(dataset);
    if (at == (haddr_t)-1 || __builtin_add_overflow((uint64_t)at, size, &end) || end > d->file->identity.size)
        return UINT64_MAX;
    return at;
}

static bool put_storage(struct describing *d, hid_t dataset, hid_t plist, hid_t type, const struct type *t,
                        const struct attribute *space, const hsize_t *most, unsigned ndim)
{
    static const uint8_t names[] = {
        [H5D_COMPACT] = 0, [H5D_CONTIGUOUS] = 1, [H5D_CHUNKED] = 2, [H5D_VIRTUAL] = 3};
    const H5D_layout_t layout = H5Pget_layout(plist);
    const bool chunked = layout == H5D_CHUNKED;
    hsize_t chunk[H5S_MAX_RANK] = {0};
    if (chunked)
        H5Pget_chunk(plist, (int)space->ndim, chunk);
    if (!wire_put_u8(d->reply, layout < 0 || layout > H5D_VIRTUAL ? 4 : names[layout], d->err))
        return false;
    for (unsigned i = 0; i < ndim; i++)
        if (!wire_put_u64(d->reply, i < space->ndim ? most[i] : t->dtype.shape[i - space->ndim], d->err))
            return false;
    for (unsigned i = 0; chunked && i < ndim; i++)
        if (!wire_put_u64(d->reply, i < space->ndim ? chunk[i] : t->dtype.shape[i - space->ndim], d->err))
            return false;
    const uint64_t stored = H5Dget_storage_size(dataset);
    const bool plain = layout == H5D_CONTIGUOUS && H5Pget_external_count(plist) == 0;
    return put_filters(d, plist) && wire_put_u64(d->reply, stored, d->err) &&
           wire_put_u64(d->reply, plain ? extent_of(d, dataset, type, t, space->count, stored) : UINT64_MAX,
                        d->err) &&
           put_fill(d, plist, t) && wire_put_u8(d->reply, chunks_are_plain(plist, type, t), d->err);
}

static bool put_dataset_parts(struct describing *d, hid_t dataset, hid_t plist, hid_t type,
                              const struct type *t, uint64_t object)
{
    AUTO(close_space) hid_t space = H5Dget_space(dataset);
    struct attribute a = {0}, seen;
    hsize_t most[H5S_MAX_RANK] = {0};
    uint64_t dims[H5S_MAX_RANK];
    unsigned order = 0;
    if (!measure(space, &a) || (a.ndim > 0 && H5Sget_simple_extent_dims(space, NULL, most) < 0))
        return library_fail(d->err, ERR_SYNTAX, "the dataset is damaged");
    seen = a;
    if (t->problem == NULL)
        append_inner(&t->dtype, &seen.space, &seen.ndim, seen.dims);
    for (unsigned i = 0; i < seen.ndim; i++)
        dims[i] = seen.dims[i];
    H5Pget_attr_creation_order(plist, &order);
    return put_head(d, NODE_DATASET, object, NULL) && put_order(d, 0, order) &&
           put_typed(d, type, t, dataset_problem(dataset, plist, &d->arena)) &&
           wire_put_space(d->reply, seen.space, seen.ndim, dims, d->err) &&
           put_storage(d, dataset, plist, type, t, &a, most, seen.ndim) && put_attributes(d, dataset, order);
}

static bool put_dataset(struct describing *d, hid_t dataset, uint64_t object)
{
    AUTO(close_plist) hid_t plist = H5Dget_create_plist(dataset);
    AUTO(close_type) hid_t type = H5Dget_type(dataset);
    struct type t;
    if (plist < 0 || type < 0)
        return library_fail(d->err, ERR_SYNTAX, "the dataset is damaged");
    if (!type_of_file(type, &d->arena, &t, d->err))
        return false;
    const bool ok = put_dataset_parts(d, dataset, plist, type, &t, object);
    type_close(&t);
    return ok;
}

static bool put_other(struct describing *d, const char *what)
{
    struct error why = {0};
    library_fail(&why, ERR_SYNTAX, what);
    return put_head(d, NODE_OTHER, 0, why.detail);
}

static bool put_object(struct describing *d, hid_t object)
{
    H5O_info_t info;
    if (H5Oget_info2(object, &info, H5O_INFO_BASIC) < 0)
        return put_other(d, "the object is damaged");
    if (info.type == H5O_TYPE_GROUP)
        return put_group(d, object, info.addr);
    if (info.type == H5O_TYPE_DATASET)
        return put_dataset(d, object, info.addr);
    if (info.type == H5O_TYPE_NAMED_DATATYPE)
        return put_datatype(d, object, info.addr);
    return put_other(d, "objects of this kind are not known");
}

/* A damaged object is described as such: the objects beside it are not spoiled. */
static bool put_object_or_other(struct describing *d, hid_t object)
{
    if (object < 0)
        return put_other(d, "the object cannot be opened");
    if (put_object(d, object))
        return true;
    if (d->err->kind != ERR_SYNTAX && d->err->kind != ERR_UNSUPPORTED)
        return false;
    const struct error why = *d->err;
    *d->err = (struct error){0};
    d->reply->len = 0;
    return put_head(d, NODE_OTHER, 0, why.detail);
}

/* ---- links ---- */

static bool put_link(struct describing *d, hid_t base, const char *path, const H5L_info_t *info)
{
    const char *file = NULL, *target = NULL;
    char *value = arena_alloc(&d->arena, 1, info->u.val_size + 1);
    if (value == NULL)
        return arena_fail(&d->arena, d->err);
    if (H5Lget_val(base, path, value, info->u.val_size, H5P_DEFAULT) < 0)
        return put_other(d, "the link is damaged");
    if (info->type == H5L_TYPE_SOFT)
        target = value;
    else if (info->type != H5L_TYPE_EXTERNAL ||
             H5Lunpack_elink_val(value, info->u.val_size, NULL, &file, &target) < 0)
        return put_other(d, "links of this kind are not known");
    return put_head(d, info->type == H5L_TYPE_SOFT ? NODE_SOFT_LINK : NODE_EXTERNAL_LINK, 0, NULL) &&
           put_text(d, target) && put_text(d, file);
}

static bool at_path(struct describing *d, hid_t base, const char *path)
{
    H5L_info_t info;
    if (path[0] == '\0')
        return put_object_or_other(d, base);
    if (H5Lget_info(base, path, &info, H5P_DEFAULT) < 0)
        return FAIL(d->err, ERR_NOT_FOUND, ERROR_NO_OFFSET, "there is nothing at '%.100s'", path);
    if (info.type == H5L_TYPE_EXTERNAL)
        return put_link(d, base, path, &info);
    AUTO(close_object) hid_t object = H5Oopen(base, path, H5P_DEFAULT);
    if (object < 0 && info.type != H5L_TYPE_HARD)
        return put_link(d, base, path, &info);
    return put_object_or_other(d, object);
}

bool describe(struct worker *w, const struct sandbox_request *q, struct sink *reply, struct error *err)
{
    struct describing d = {.reply = reply, .err = err, .brief = q->brief};
    const char *path;
    if (!file_open(w, q, &d.file, err))
        return false;
    arena_init(&d.arena, DESCRIBE_BUDGET);
    bool ok = path_clean(q->path, &d.arena, &path, err);
    if (ok) {
        AUTO(close_object)
        hid_t base =
            q->base == 0 ? H5Oopen(d.file->id, "/", H5P_DEFAULT) : H5Oopen_by_addr(d.file->id, q->base);
        ok = base >= 0 ? at_path(&d, base, path)
                       : library_fail(err, ERR_SYNTAX, "the object cannot be opened");
    }
    arena_free(&d.arena);
    return ok;
}
