/* An object in the words of HDF5/JSON (described.h): types, spaces and creation properties. */
#include "words.h"

/* ---- building dicts ---- */

struct words {
    struct arena *arena;
    bool failed; /* no memory */
};

static struct value *dict(struct words *w)
{
    struct value *v = value_new(w->arena, VALUE_DICT);
    w->failed |= v == NULL;
    return v;
}

static struct value *list(struct words *w)
{
    struct value *v = value_new(w->arena, VALUE_LIST);
    w->failed |= v == NULL;
    return v;
}

static void put(struct words *w, struct value *d, const char *key, struct value *v)
{
    struct value *name = value_text(w->arena, key);
    if (d == NULL || v == NULL || name == NULL || !value_put(w->arena, &d->dict, name, v))
        w->failed = true;
}

static void add(struct words *w, struct value *l, struct value *v)
{
    if (l == NULL || v == NULL || !value_append(w->arena, &l->list, v))
        w->failed = true;
}

static void put_text(struct words *w, struct value *d, const char *key, const char *text)
{
    const struct bytes copy = arena_copy(w->arena, bytes_text(text == NULL ? "" : text));
    put(w, d, key, copy.data == NULL ? NULL : value_str(w->arena, copy));
}

static void put_number(struct words *w, struct value *d, const char *key, int64_t number)
{
    put(w, d, key, value_int(w->arena, number));
}

static void put_dims(struct words *w, struct value *d, const char *key, const hsize_t *dims, unsigned ndim)
{
    struct value *l = list(w);
    for (unsigned i = 0; i < ndim; i++)
        add(w, l,
            dims[i] == ANY_SIZE ? value_text(w->arena, "H5S_UNLIMITED")
                                : value_int(w->arena, (int64_t)dims[i]));
    put(w, d, key, l);
}

/* ---- types ---- */

static struct value *any_type(struct words *w, hid_t t, unsigned depth);

static bool is_big(hid_t t)
{
    return H5Tget_order(t) == H5T_ORDER_BE;
}

/* "H5T_STD_I32LE"; letter I, U, B. What the word doesn't say of the type stands beside it. */
static void put_bits(struct words *w, struct value *d, hid_t t, char letter)
{
    const size_t size = H5Tget_size(t), precision = H5Tget_precision(t);
    const int offset = H5Tget_offset(t);
    const unsigned bits = size <= 1 ? 8 : size == 2 ? 16 : size <= 4 ? 32 : 64;
    char *word = arena_printf(w->arena, "H5T_STD_%c%u%s", letter, bits, is_big(t) ? "BE" : "LE");
    put_text(w, d, "base", word);
    if (size * 8 != bits)
        put_number(w, d, "size", (int64_t)size);
    if (precision != size * 8 || offset != 0) {
        put_number(w, d, "precision", (int64_t)precision);
        put_number(w, d, "offset", offset);
    }
}

static void put_float(struct words *w, struct value *d, hid_t t)
{
    const bool big = is_big(t);
    const size_t size = H5Tget_size(t);
    AUTO(close_type) hid_t standard = standard_float(size <= 2 ? 2 : size <= 4 ? 4 : 8, big);
    put_text(w, d, "base",
             size <= 2   ? (big ? "H5T_IEEE_F16BE" : "H5T_IEEE_F16LE")
             : size <= 4 ? (big ? "H5T_IEEE_F32BE" : "H5T_IEEE_F32LE")
                         : (big ? "H5T_IEEE_F64BE" : "H5T_IEEE_F64LE"));
    if (H5Tequal(t, standard) > 0)
        return;
    size_t sign, exponent, exponent_size, mantissa, mantissa_size;
    struct value *f = dict(w);
    H5Tget_fields(t, &sign, &exponent, &exponent_size, &mantissa, &mantissa_size);
    put_number(w, f, "size", (int64_t)size);
    put_number(w, f, "precision", (int64_t)H5Tget_precision(t));
    put_number(w, f, "offset", H5Tget_offset(t));
    put_number(w, f, "sign", (int64_t)sign);
    put_number(w, f, "exponent", (int64_t)exponent);
    put_number(w, f, "exponentSize", (int64_t)exponent_size);
    put_number(w, f, "mantissa", (int64_t)mantissa);
    put_number(w, f, "mantissaSize", (int64_t)mantissa_size);
    put_number(w, f, "bias", (int64_t)H5Tget_ebias(t));
    put_number(w, f, "norm", H5Tget_norm(t));
    put(w, d, "format", f);
}

static void put_string(struct words *w, struct value *d, hid_t t)
{
    static const char *const pads[] = {"H5T_STR_NULLTERM", "H5T_STR_NULLPAD", "H5T_STR_SPACEPAD"};
    const H5T_str_t pad = H5Tget_strpad(t);
    put_text(w, d, "charSet", H5Tget_cset(t) == H5T_CSET_UTF8 ? "H5T_CSET_UTF8" : "H5T_CSET_ASCII");
    put_text(w, d, "strPad", pads[pad < 0 || pad >= (int)ROWS(pads) ? 0 : pad]);
    if (H5Tis_variable_str(t) > 0)
        put_text(w, d, "length", "H5T_VARIABLE");
    else
        put_number(w, d, "length", (int64_t)H5Tget_size(t));
}

static void put_opaque(struct words *w, struct value *d, hid_t t)
{
    char *tag = H5Tget_tag(t);
    put_number(w, d, "size", (int64_t)H5Tget_size(t));
    if (tag != NULL && tag[0] != '\0')
        put_text(w, d, "tag", tag);
    H5free_memory(tag);
}

static void put_fields(struct words *w, struct value *d, hid_t t, unsigned depth)
{
    const int count = H5Tget_nmembers(t);
    struct value *l = list(w);
    size_t at = 0;
    bool packed = true;
    for (int i = 0; i < count; i++) {
        AUTO(close_type) hid_t member = H5Tget_member_type(t, (unsigned)i);
        packed = packed && H5Tget_member_offset(t, (unsigned)i) == at;
        at += H5Tget_size(member);
    }
    packed = packed && at == H5Tget_size(t);
    for (int i = 0; i < count && !w->failed; i++) {
        AUTO(close_type) hid_t member = H5Tget_member_type(t, (unsigned)i);
        char *name = H5Tget_member_name(t, (unsigned)i);
        struct value *f = dict(w);
        put_text(w, f, "name", name);
        H5free_memory(name);
        put(w, f, "type", any_type(w, member, depth + 1));
        if (!packed)
            put_number(w, f, "offset", (int64_t)H5Tget_member_offset(t, (unsigned)i));
        add(w, l, f);
    }
    put(w, d, "fields", l);
    if (!packed)
        put_number(w, d, "size", (int64_t)H5Tget_size(t));
}

static void put_members(struct words *w, struct value *d, hid_t t, unsigned depth)
{
    AUTO(close_type) hid_t base = H5Tget_super(t);
    const size_t size = H5Tget_size(t);
    const int count = H5Tget_nmembers(t);
    struct value *l = list(w);
    put(w, d, "base", any_type(w, base, depth + 1));
    for (int i = 0; i < count && !w->failed && size <= 8; i++) {
        uint8_t raw[8] = {0};
        char *name = H5Tget_member_name(t, (unsigned)i);
        struct value *m = dict(w);
        put_text(w, m, "name", name);
        H5free_memory(name);
        H5Tget_member_value(t, (unsigned)i, raw);
        put_number(w, m, "value", label_of(raw, size, is_big(base), H5Tget_sign(base) != H5T_SGN_NONE));
        add(w, l, m);
    }
    put(w, d, "members", l);
}

static void put_array(struct words *w, struct value *d, hid_t t, unsigned depth)
{
    hsize_t dims[H5S_MAX_RANK] = {0};
    AUTO(close_type) hid_t base = H5Tget_super(t);
    const int ndim = H5Tget_array_dims2(t, dims);
    put(w, d, "base", any_type(w, base, depth + 1));
    put_dims(w, d, "dims", dims, ndim < 0 ? 0 : (unsigned)ndim);
}

static struct value *any_type(struct words *w, hid_t t, unsigned depth)
{
    struct value *d = dict(w);
    const H5T_class_t class = H5Tget_class(t);
    if (depth > SANDBOX_TYPE_DEPTH) /* as deep as type_of_file() reads */
        return d;
    put_text(w, d, "class", type_class_word(class));
    switch (class) {
    case H5T_INTEGER:
        put_bits(w, d, t, H5Tget_sign(t) == H5T_SGN_NONE ? 'U' : 'I');
        break;
    case H5T_BITFIELD:
        put_bits(w, d, t, 'B');
        break;
    case H5T_FLOAT:
        put_float(w, d, t);
        break;
    case H5T_TIME:
        put_text(w, d, "base",
                 H5Tget_size(t) == 8 ? (is_big(t) ? "H5T_UNIX_D64BE" : "H5T_UNIX_D64LE")
                                     : (is_big(t) ? "H5T_UNIX_D32BE" : "H5T_UNIX_D32LE"));
        break;
    case H5T_STRING:
        put_string(w, d, t);
        break;
    case H5T_OPAQUE:
        put_opaque(w, d, t);
        break;
    case H5T_COMPOUND:
        put_fields(w, d, t, depth);
        break;
    case H5T_REFERENCE:
        put_text(w, d, "base", H5Tequal(t, H5T_STD_REF_OBJ) > 0 ? "H5T_STD_REF_OBJ" : "H5T_STD_REF_DSETREG");
        break;
    case H5T_ENUM:
        put_members(w, d, t, depth);
        break;
    case H5T_VLEN: {
        AUTO(close_type) hid_t base = H5Tget_super(t);
        put(w, d, "base", any_type(w, base, depth + 1));
        break;
    }
    case H5T_ARRAY:
        put_array(w, d, t, depth);
        break;
    case H5T_NO_CLASS:
    case H5T_NCLASSES:
        break;
    }
    return d;
}

/* "type", and "named" where it is a committed one. */
static void put_type(struct words *w, struct value *d, hid_t t)
{
    H5O_info_t info;
    put(w, d, "type", any_type(w, t, 0));
    if (H5Tcommitted(t) > 0 && H5Oget_info2(t, &info, H5O_INFO_BASIC) >= 0)
        put_number(w, d, "named", (int64_t)info.addr);
}

/* ---- spaces ---- */

static void put_shape(struct words *w, struct value *d, hid_t space)
{
    const H5S_class_t class = H5Sget_simple_extent_type(space);
    hsize_t dims[H5S_MAX_RANK], most[H5S_MAX_RANK];
    struct value *s = dict(w);
    put_text(w, s, "class",
             class == H5S_NULL     ? "H5S_NULL"
             : class == H5S_SCALAR ? "H5S_SCALAR"
                                   : "H5S_SIMPLE");
    const int ndim = class == H5S_SIMPLE ? H5Sget_simple_extent_dims(space, dims, most) : 0;
    if (ndim > 0) {
        put_dims(w, s, "dims", dims, (unsigned)ndim);
        if (memcmp(dims, most, (size_t)ndim * sizeof *dims) != 0)
            put_dims(w, s, "maxdims", most, (unsigned)ndim);
    }
    put(w, d, "shape", s);
}

/* ---- creation properties ---- */

static void put_parameters(struct words *w, struct value *f, H5Z_filter_t id, const unsigned *values,
                           size_t count)
{
    if (id == H5Z_FILTER_DEFLATE && count > 0)
        put_number(w, f, "level", values[0]);
    if (id == H5Z_FILTER_SCALEOFFSET && count > 1) {
        put_text(w, f, "scaleType",
                 values[0] == H5Z_SO_FLOAT_DSCALE   ? "H5Z_SO_FLOAT_DSCALE"
                 : values[0] == H5Z_SO_FLOAT_ESCALE ? "H5Z_SO_FLOAT_ESCALE"
                                                    : "H5Z_SO_INT");
        put_number(w, f, "scaleOffset", values[1]);
    }
    if (id == H5Z_FILTER_SZIP && count > 1) {
        put_text(w, f, "coding",
                 (values[0] & H5_SZIP_NN_OPTION_MASK) != 0 ? "H5_SZIP_NN_OPTION_MASK"
                                                           : "H5_SZIP_EC_OPTION_MASK");
        put_number(w, f, "pixelsPerBlock", values[1]);
    }
    if (id > H5Z_FILTER_SCALEOFFSET) {
        struct value *l = list(w);
        for (size_t i = 0; i < count; i++)
            add(w, l, value_int(w->arena, values[i]));
        put(w, f, "parameters", l);
    }
}

static void put_filters(struct words *w, struct value *p, hid_t plist)
{
    const int count = H5Pget_nfilters(plist);
    struct value *l = list(w);
    for (int i = 0; i < count; i++) {
        unsigned flags, config, values[255];
        size_t n = ROWS(values);
        char name[256] = "";
        const H5Z_filter_t id =
            H5Pget_filter2(plist, (unsigned)i, &flags, &n, values, sizeof name - 1, name, &config);
        struct value *f = dict(w);
        if (id < 0)
            continue;
        put_text(w, f, "class", filter_word(id));
        put_number(w, f, "id", id);
        if (name[0] != '\0')
            put_text(w, f, "name", name);
        put_parameters(w, f, id, values, n > ROWS(values) ? ROWS(values) : n);
        add(w, l, f);
    }
    if (count > 0)
        put(w, p, "filters", l);
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
    struct value *l = dict(w);
    put_text(w, l, "class", names[layout < 0 || layout >= (int)ROWS(names) ? H5D_CONTIGUOUS : layout]);
    const int ndim = layout == H5D_CHUNKED ? H5Pget_chunk(plist, H5S_MAX_RANK, dims) : 0;
    if (ndim > 0)
        put_dims(w, l, "dims", dims, (unsigned)ndim);
    put(w, p, "layout", l);
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
    struct value *p = dict(w);
    H5D_alloc_time_t alloc = H5D_ALLOC_TIME_DEFAULT;
    H5D_fill_time_t fill = H5D_FILL_TIME_IFSET;
    H5Pget_alloc_time(plist, &alloc);
    H5Pget_fill_time(plist, &fill);
    put_text(w, p, "allocTime", allocs[alloc < 0 || alloc >= (int)ROWS(allocs) ? 0 : alloc]);
    put_text(w, p, "fillTime", fills[fill < 0 || fill >= (int)ROWS(fills) ? H5D_FILL_TIME_IFSET : fill]);
    put_filters(w, p, plist);
    put_layout(w, p, plist);
    put(w, d, "creationProperties", p);
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
    struct value *a = dict(w);
    (void)info;
    put_text(w, a, "name", name);
    AUTO(close_attribute) hid_t id = H5Aopen(object, name, H5P_DEFAULT);
    AUTO(close_type) hid_t type = id < 0 ? -1 : H5Aget_type(id);
    AUTO(close_space) hid_t space = id < 0 ? -1 : H5Aget_space(id);
    if (type >= 0 && space >= 0) {
        put_type(w, a, type);
        put_shape(w, a, space);
    }
    add(w, x->list, a);
    return w->failed ? -1 : 0;
}

/* In the order of describe.c. */
static void put_attributes(struct words *w, struct value *d, hid_t object, hid_t plist)
{
    struct attributes x = {w, list(w)};
    unsigned order = 0;
    hsize_t n = 0;
    if (plist >= 0)
        H5Pget_attr_creation_order(plist, &order);
    const H5_index_t index = (order & H5P_CRT_ORDER_TRACKED) != 0 ? H5_INDEX_CRT_ORDER : H5_INDEX_NAME;
    H5Aiterate2(object, index, H5_ITER_INC, &n, each_attribute, &x);
    put(w, d, "attributes", x.list);
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
    put_text(w, d, "h5path", path);
    if (file != NULL)
        put_text(w, d, "file", file);
}

static herr_t each_link(hid_t group, const char *name, const H5L_info_t *info, void *arg)
{
    const struct attributes *x = arg;
    struct words *w = x->w;
    if (info->type == H5L_TYPE_HARD)
        return 0;
    struct value *d = dict(w);
    put_text(w, d, "class",
             info->type == H5L_TYPE_SOFT       ? "H5L_TYPE_SOFT"
             : info->type == H5L_TYPE_EXTERNAL ? "H5L_TYPE_EXTERNAL"
                                               : "H5L_TYPE_USER_DEFINED");
    if (info->type == H5L_TYPE_SOFT || info->type == H5L_TYPE_EXTERNAL)
        put_target(w, d, group, name, info);
    add(w, x->list, d);
    return w->failed ? -1 : 0;
}

/* In the order of describe.c, hard links left out. */
static void put_links(struct words *w, struct value *d, hid_t group, hid_t plist)
{
    struct attributes x = {w, list(w)};
    unsigned order = 0;
    hsize_t n = 0;
    if (plist >= 0)
        H5Pget_link_creation_order(plist, &order);
    const H5_index_t index = (order & H5P_CRT_ORDER_TRACKED) != 0 ? H5_INDEX_CRT_ORDER : H5_INDEX_NAME;
    H5Literate(group, index, H5_ITER_INC, &n, each_link, &x);
    put(w, d, "links", x.list);
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
    struct value *d = dict(w);
    const H5I_type_t kind = H5Iget_type(object);
    AUTO(close_plist) hid_t plist = creation_of(object, kind);
    if (kind == H5I_DATASET) {
        AUTO(close_type) hid_t type = H5Dget_type(object);
        AUTO(close_space) hid_t space = H5Dget_space(object);
        put_type(w, d, type);
        put_shape(w, d, space);
        put_properties(w, d, plist);
    }
    if (kind == H5I_GROUP)
        put_links(w, d, object, plist);
    if (kind == H5I_DATATYPE)
        put(w, d, "type", any_type(w, object, 0));
    put_attributes(w, d, object, plist);
    return d;
}

/* As references name it. */
static void put_path(struct words *w, struct value *d, struct open_file *file, hid_t object)
{
    H5O_info_t info;
    const char *path =
        H5Oget_info2(object, &info, H5O_INFO_BASIC) < 0 ? NULL : path_of_address(file, info.addr);
    put_text(w, d, "path", path == NULL ? "?" : path);
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
