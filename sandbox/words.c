/* An object in the words of HDF5/JSON (described.h): types, spaces and creation properties. */
#include "words.h"

#include "words_put.h"

/* ---- spaces ---- */

static void put_shape(struct words *w, struct value *d, hid_t space)
{
    const H5S_class_t class = H5Sget_simple_extent_type(space);
    hsize_t dims[H5S_MAX_RANK], most[H5S_MAX_RANK];
    struct value *s = words_dict(w);
    words_put_text(w, s, "class",
                   class == H5S_NULL     ? "H5S_NULL"
                   : class == H5S_SCALAR ? "H5S_SCALAR"
                                         : "H5S_SIMPLE");
    const int ndim = class == H5S_SIMPLE ? H5Sget_simple_extent_dims(space, dims, most) : 0;
    if (ndim > 0) {
        words_put_dims(w, s, "dims", dims, (unsigned)ndim);
        if (memcmp(dims, most, (size_t)ndim * sizeof *dims) != 0)
            words_put_dims(w, s, "maxdims", most, (unsigned)ndim);
    }
    words_put(w, d, "shape", s);
}

/* ---- creation properties ---- */

static void put_parameters(struct words *w, struct value *f, H5Z_filter_t id, const unsigned *values,
                           size_t count)
{
    if (id == H5Z_FILTER_DEFLATE && count > 0)
        words_put_number(w, f, "level", values[0]);
    if (id == H5Z_FILTER_SCALEOFFSET && count > 1) {
        words_put_text(w, f, "scaleType",
                       values[0] == H5Z_SO_FLOAT_DSCALE   ? "H5Z_SO_FLOAT_DSCALE"
                       : values[0] == H5Z_SO_FLOAT_ESCALE ? "H5Z_SO_FLOAT_ESCALE"
                                                          : "H5Z_SO_INT");
        words_put_number(w, f, "scaleOffset", values[1]);
    }
    if (id == H5Z_FILTER_SZIP && count > 1) {
        words_put_text(w, f, "coding",
                       (values[0] & H5_SZIP_NN_OPTION_MASK) != 0 ? "H5_SZIP_NN_OPTION_MASK"
                                                                 : "H5_SZIP_EC_OPTION_MASK");
        words_put_number(w, f, "pixelsPerBlock", values[1]);
    }
    if (id > H5Z_FILTER_SCALEOFFSET) {
        struct value *l = words_list(w);
        for (size_t i = 0; i < count; i++)
            words_add(w, l, value_int(w->arena, values[i]));
        words_put(w, f, "parameters", l);
    }
}

static void put_filters(struct words *w, struct value *p, hid_t plist)
{
    const int count = H5Pget_nfilters(plist);
    struct value *l = words_list(w);
    for (int i = 0; i < count; i++) {
        unsigned flags, config, values[255];
        size_t n = ROWS(values);
        char name[256] = "";
        const H5Z_filter_t id =
            H5Pget_filter2(plist, (unsigned)i, &flags, &n, values, sizeof name - 1, name, &config);
        struct value *f = words_dict(w);
        if (id < 0)
            continue;
        words_put_text(w, f, "class", filter_word(id));
        words_put_number(w, f, "id", id);
        if (name[0] != '\0')
            words_put_text(w, f, "name", name);
        put_parameters(w, f, id, values, n > ROWS(values) ? ROWS(values) : n);
        words_add(w, l, f);
    }
    if (count > 0)
        words_put(w, p, "filters", l);
}

static void put_layout(struct words *w, struct value *p, hid_t plist)
{
    static const char *const names[] = {
        [H5D_COMPACT] = "H5D_COMPACT",
        [H5D_CONTIGUOUS] = "H5D_CONTIGUOUS",
        [H5D_CHUNKED] = "H5D_CHUNKED",
        [H5D_VIRTUAL] = "H5D_VIRTUAL",
    };
    const H5D_layout_t layout = H5Pget_layout(plist);
    hsize_t dims[H5S_MAX_RANK];
    struct value *l = words_dict(w);
    words_put_text(w, l, "class", names[layout < 0 || layout >= (int)ROWS(names) ? H5D_CONTIGUOUS : layout]);
    const int ndim = layout == H5D_CHUNKED ? H5Pget_chunk(plist, H5S_MAX_RANK, dims) : 0;
    if (ndim > 0)
        words_put_dims(w, l, "dims", dims, (unsigned)ndim);
    words_put(w, p, "layout", l);
}

static void put_properties(struct words *w, struct value *d, hid_t plist)
{
    static const char *const allocs[] = {
        [H5D_ALLOC_TIME_DEFAULT] = "H5D_ALLOC_TIME_DEFAULT",
        [H5D_ALLOC_TIME_EARLY] = "H5D_ALLOC_TIME_EARLY",
        [H5D_ALLOC_TIME_LATE] = "H5D_ALLOC_TIME_LATE",
        [H5D_ALLOC_TIME_INCR] = "H5D_ALLOC_TIME_INCR",
    };
    static const char *const fills[] = {
        [H5D_FILL_TIME_ALLOC] = "H5D_FILL_TIME_ALLOC",
        [H5D_FILL_TIME_NEVER] = "H5D_FILL_TIME_NEVER",
        [H5D_FILL_TIME_IFSET] = "H5D_FILL_TIME_IFSET",
    };
    struct value *p = words_dict(w);
    H5D_alloc_time_t alloc = H5D_ALLOC_TIME_DEFAULT;
    H5D_fill_time_t fill = H5D_FILL_TIME_IFSET;
    H5Pget_alloc_time(plist, &alloc);
    H5Pget_fill_time(plist, &fill);
    words_put_text(w, p, "allocTime", allocs[alloc < 0 || alloc >= (int)ROWS(allocs) ? 0 : alloc]);
    words_put_text(w, p, "fillTime",
                   fills[fill < 0 || fill >= (int)ROWS(fills) ? H5D_FILL_TIME_IFSET : fill]);
    put_filters(w, p, plist);
    put_layout(w, p, plist);
    words_put(w, d, "creationProperties", p);
}

/* ---- attributes ---- */

struct attributes {
    struct words *w;
    struct value *list;
};

static herr_t each_attribute(hid_t object, const char *name, const H5A_info_t *info, void *arg)
{
    const struct attributes *x = arg;
    struct words *w = x->w;
    struct value *a = words_dict(w);
    (void)info;
    words_put_text(w, a, "name", name);
    AUTO(close_attribute) hid_t id = H5Aopen(object, name, H5P_DEFAULT);
    AUTO(close_type) hid_t type = id < 0 ? -1 : H5Aget_type(id);
    AUTO(close_space) hid_t space = id < 0 ? -1 : H5Aget_space(id);
    if (type >= 0 && space >= 0) {
        words_put_type(w, a, type);
        put_shape(w, a, space);
    }
    words_add(w, x->list, a);
    return w->failed ? -1 : 0;
}

/* In the order of describe.c. */
static void put_attributes(struct words *w, struct value *d, hid_t object, hid_t plist)
{
    struct attributes x = {w, words_list(w)};
    unsigned order = 0;
    hsize_t n = 0;
    if (plist >= 0)
        H5Pget_attr_creation_order(plist, &order);
    const H5_index_t index = (order & H5P_CRT_ORDER_TRACKED) != 0 ? H5_INDEX_CRT_ORDER : H5_INDEX_NAME;
    H5Aiterate2(object, index, H5_ITER_INC, &n, each_attribute, &x);
    words_put(w, d, "attributes", x.list);
}

/* ---- links ---- */

/* Where a link leads that is no hard one. */
static void put_target(struct words *w, struct value *d, hid_t group, const char *name,
                       const H5L_info_t *info)
{
    const char *file = NULL, *path = NULL;
    char *raw = arena_alloc(w->arena, 1, info->u.val_size + 1);
    if (raw == NULL || H5Lget_val(group, name, raw, info->u.val_size, H5P_DEFAULT) < 0)
        return;
    if (info->type == H5L_TYPE_SOFT)
        path = raw;
    else if (H5Lunpack_elink_val(raw, info->u.val_size, NULL, &file, &path) < 0)
        return;
    words_put_text(w, d, "h5path", path);
    if (file != NULL)
        words_put_text(w, d, "file", file);
}

static herr_t each_link(hid_t group, const char *name, const H5L_info_t *info, void *arg)
{
    const struct attributes *x = arg;
    struct words *w = x->w;
    if (info->type == H5L_TYPE_HARD)
        return 0;
    struct value *d = words_dict(w);
    words_put_text(w, d, "class",
                   info->type == H5L_TYPE_SOFT       ? "H5L_TYPE_SOFT"
                   : info->type == H5L_TYPE_EXTERNAL ? "H5L_TYPE_EXTERNAL"
                                                     : "H5L_TYPE_USER_DEFINED");
    if (info->type == H5L_TYPE_SOFT || info->type == H5L_TYPE_EXTERNAL)
        put_target(w, d, group, name, info);
    words_add(w, x->list, d);
    return w->failed ? -1 : 0;
}

/* In the order of describe.c, hard links left out. */
static void put_links(struct words *w, struct value *d, hid_t group, hid_t plist)
{
    struct attributes x = {w, words_list(w)};
    unsigned order = 0;
    hsize_t n = 0;
    if (plist >= 0)
        H5Pget_link_creation_order(plist, &order);
    const H5_index_t index = (order & H5P_CRT_ORDER_TRACKED) != 0 ? H5_INDEX_CRT_ORDER : H5_INDEX_NAME;
    H5Literate(group, index, H5_ITER_INC, &n, each_link, &x);
    words_put(w, d, "links", x.list);
}

/* ---- the object ---- */

static hid_t creation_of(hid_t object, H5I_type_t kind)
{
    return kind == H5I_GROUP      ? H5Gget_create_plist(object)
           : kind == H5I_DATASET  ? H5Dget_create_plist(object)
           : kind == H5I_DATATYPE ? H5Tget_create_plist(object)
                                  : -1;
}

static struct value *object_words(struct words *w, hid_t object)
{
    struct value *d = words_dict(w);
    const H5I_type_t kind = H5Iget_type(object);
    AUTO(close_plist) hid_t plist = creation_of(object, kind);
    if (kind == H5I_DATASET) {
        AUTO(close_type) hid_t type = H5Dget_type(object);
        AUTO(close_space) hid_t space = H5Dget_space(object);
        words_put_type(w, d, type);
        put_shape(w, d, space);
        put_properties(w, d, plist);
    }
    if (kind == H5I_GROUP)
        put_links(w, d, object, plist);
    if (kind == H5I_DATATYPE)
        words_put(w, d, "type", words_type(w, object));
    put_attributes(w, d, object, plist);
    return d;
}

/* As references name it. */
static void put_path(struct words *w, struct value *d, struct open_file *file, hid_t object)
{
    H5O_info_t info;
    const char *path =
        H5Oget_info2(object, &info, H5O_INFO_BASIC) < 0 ? NULL : path_of_address(file, info.addr);
    words_put_text(w, d, "path", path == NULL ? "?" : path);
}

bool words_of_object(struct worker *w, const struct sandbox_request *q, struct sink *reply, struct error *err)
{
    struct open_file *file;
    AUTO(arena_free) struct arena arena;
    const char *path;
    struct words words = {.arena = &arena};
    arena_init(&arena, WORDS_BUDGET);
    if (!file_open(w, q, &file, err) || !path_clean(q->path, &arena, &path, err))
        return false;
    AUTO(close_object)
    hid_t base = q->base == 0 ? H5Oopen(file->id, "/", H5P_DEFAULT) : H5Oopen_by_addr(file->id, q->base);
    AUTO(close_object)
    hid_t object = base < 0 ? -1 : H5Oopen(base, path[0] == '\0' ? "." : path, H5P_DEFAULT);
    if (object < 0)
        return library_fail(err, ERR_SYNTAX, "the object cannot be opened");
    struct value *v = object_words(&words, object);
    if (q->base == 0 && path[0] != '\0' && H5Iget_type(object) == H5I_GROUP)
        put_path(&words, v, file, object);
    return words.failed ? arena_fail(&arena, err) : wire_put_value(reply, v, err);
}
