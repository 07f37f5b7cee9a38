/* Types of files as dtypes (HDF5 File Format Specification, IV.A.2.d; h5py's choices). */
#include "worker.h"

#include <stdio.h>

const char *type_class_name(hid_t type)
{
    static const char *const names[] = {
        [H5T_INTEGER] = "integer",   [H5T_FLOAT] = "float",         [H5T_TIME] = "time",
        [H5T_STRING] = "string",     [H5T_BITFIELD] = "bitfield",   [H5T_OPAQUE] = "opaque",
        [H5T_COMPOUND] = "compound", [H5T_REFERENCE] = "reference", [H5T_ENUM] = "enum",
        [H5T_VLEN] = "vlen",         [H5T_ARRAY] = "array",
    };
    const H5T_class_t class = H5Tget_class(type);
    return class < 0 || class >= (int)ROWS(names) ? "unknown" : names[class];
}

static char order_of(hid_t type)
{
    if (H5Tget_size(type) == 1)
        return '|';
    return H5Tget_order(type) == H5T_ORDER_BE ? '>' : '<';
}

static bool problem(struct type *out, struct arena *arena, struct error *err, const char *what)
{
    out->problem = arena_printf(arena, "%s", what);
    return out->problem != NULL || arena_fail(arena, err);
}

/* A library id for a standard type: kind, size and order say it all. */
hid_t type_standard(char kind, size_t size, char order)
{
    hid_t base = -1;
    switch (kind) {
    case 'i':
        base = size == 1   ? H5T_STD_I8LE
               : size == 2 ? H5T_STD_I16LE
               : size == 4 ? H5T_STD_I32LE
                           : H5T_STD_I64LE;
        break;
    case 'u':
        base = size == 1   ? H5T_STD_U8LE
               : size == 2 ? H5T_STD_U16LE
               : size == 4 ? H5T_STD_U32LE
                           : H5T_STD_U64LE;
        break;
    case 'f':
        base = size <= 4 ? H5T_IEEE_F32LE : size == 8 ? H5T_IEEE_F64LE : H5T_NATIVE_LDOUBLE;
        break;
    default:
        return -1;
    }
    const hid_t t = H5Tcopy(base);
    if (kind == 'f' && size == 2 &&
        (H5Tset_fields(t, 15, 10, 5, 0, 10) < 0 || H5Tset_size(t, 2) < 0 || H5Tset_ebias(t, 15) < 0)) {
        H5Tclose(t);
        return -1;
    }
    if (order == '>')
        H5Tset_order(t, H5T_ORDER_BE);
    return t;
}

static size_t widened(size_t size)
{
    return size <= 1 ? 1 : size <= 2 ? 2 : size <= 4 ? 4 : size <= 8 ? 8 : 0;
}

/* What no number of NumPy's holds: its bytes, as the file has them. */
static bool of_raw(hid_t ft, struct type *out)
{
    out->dtype = dtype_make(DTYPE_VOID, H5Tget_size(ft));
    out->memory = H5Tcopy(ft);
    return true;
}

static bool of_integer(hid_t ft, struct type *out)
{
    const size_t size = H5Tget_size(ft), wide = widened(size);
    const char kind = H5Tget_sign(ft) == H5T_SGN_NONE ? 'u' : 'i';
    if (wide == 0)
        return of_raw(ft, out);
    out->dtype = dtype_make((enum dtype_kind)kind, wide);
    out->dtype.order = wide == 1 ? '|' : wide == size ? order_of(ft) : '<';
    out->memory = type_standard(kind, wide, out->dtype.order);
    return true;
}

/* The smallest format that holds it: significant bits, and exponents from -low to high, as NumPy has them. */
static size_t float_size(hid_t ft)
{
    static const struct {
        size_t size, mantissa;
        long bias;
        size_t exponent;
    } rows[] = {{2, 10, 15, 5}, {4, 23, 127, 8}, {8, 52, 1023, 11}, {16, 64, 16383, 15}};
    size_t sign, exponent_at, exponent, mantissa_at, mantissa;
    if (H5Tget_fields(ft, &sign, &exponent_at, &exponent, &mantissa_at, &mantissa) < 0 || exponent > 32)
        return 0;
    const long bias = (long)H5Tget_ebias(ft);
    for (size_t i = 0; i < ROWS(rows); i++)
        if (mantissa <= rows[i].mantissa && bias <= rows[i].bias &&
            (1L << exponent) - bias <= (1L << rows[i].exponent) - rows[i].bias)
            return rows[i].size;
    return 16; /* wider than NumPy's widest on x86-64: the nearest of those */
}

static bool of_float(hid_t ft, struct arena *arena, struct type *out, struct error *err)
{
    const size_t size = float_size(ft);
    if (size == 0)
        return problem(out, arena, err, "this float format is not supported");
    out->dtype = dtype_make(DTYPE_FLOAT, size);
    out->dtype.order = size == 16 ? '<' : order_of(ft) == '>' ? '>' : '<';
    out->memory = type_standard('f', size, out->dtype.order);
    return true;
}

static bool of_string(hid_t ft, struct arena *arena, struct type *out, struct error *err)
{
    const H5T_cset_t cset = H5Tget_cset(ft);
    out->memory = H5Tcopy(H5T_C_S1);
    if (H5Tis_variable_str(ft) > 0) {
        out->dtype = dtype_make(DTYPE_TEXT, sizeof(struct bytes));
        out->memory_size = sizeof(char *);
        out->flat = false;
        H5Tset_size(out->memory, H5T_VARIABLE);
    } else {
        const size_t size = H5Tget_size(ft);
        if (size == 0)
            return problem(out, arena, err, "strings of no bytes are not supported");
        out->dtype = dtype_make(DTYPE_BYTES, size);
        H5Tset_size(out->memory, size);
        H5Tset_strpad(out->memory, H5T_STR_NULLPAD);
    }
    H5Tset_cset(out->memory, cset); /* the library doesn't convert between character sets */
    return true;
}

/* Bits are moved to the lowest of the next size that NumPy has: the library turns bitfields only into others.
 */
static bool of_bitfield(hid_t ft, struct type *out)
{
    const size_t size = H5Tget_size(ft), wide = widened(size);
    if (wide == 0)
        return of_raw(ft, out);
    const char order = wide == size ? order_of(ft) : '<';
    out->dtype = dtype_make(DTYPE_UINT, wide);
    out->dtype.order = wide == 1 ? '|' : order;
    out->memory = H5Tcopy(wide == 1   ? H5T_STD_B8LE
                          : wide == 2 ? H5T_STD_B16LE
                          : wide == 4 ? H5T_STD_B32LE
                                      : H5T_STD_B64LE);
    if (order == '>')
        H5Tset_order(out->memory, H5T_ORDER_BE);
    return true;
}

/* Seconds since 1970. The library converts them to nothing, so they are taken as they are. */
static bool of_time(hid_t ft, struct type *out)
{
    const size_t size = H5Tget_size(ft);
    if (widened(size) != size)
        return of_raw(ft, out);
    out->dtype = dtype_make(DTYPE_INT, size);
    out->dtype.order = order_of(ft);
    out->memory = H5Tcopy(ft);
    return true;
}

/* h5py keeps datetime64 and its like as opaque bytes with this tag, and reads any NumPy type back from it. */
static bool tagged(const char *tag, size_t size, struct arena *arena, struct dtype *out)
{
    static const char prefix[] = "NUMPY:";
    struct dtype parsed;
    struct error ignored = {0};
    if (tag == NULL || strncmp(tag, prefix, sizeof prefix - 1) != 0)
        return false;
    const struct bytes text = arena_copy(arena, bytes_text(tag + sizeof prefix - 1));
    if (text.data == NULL || !dtype_parse(text, &parsed, &ignored) || parsed.itemsize != size ||
        (parsed.kind != DTYPE_DATETIME && parsed.kind != DTYPE_TIMEDELTA && parsed.kind != DTYPE_UNICODE))
        return false;
    *out = parsed;
    return true;
}

static bool of_opaque(hid_t ft, struct arena *arena, struct type *out, struct error *err)
{
    const size_t size = H5Tget_size(ft);
    if (size == 0)
        return problem(out, arena, err, "opaque data of no bytes is not supported");
    char *tag = H5Tget_tag(ft);
    if (!tagged(tag, size, arena, &out->dtype))
        out->dtype = dtype_make(DTYPE_VOID, size);
    H5free_memory(tag);
    out->memory = H5Tcopy(ft);
    return true;
}

static bool is_boolean(hid_t ft, const struct dtype *t)
{
    return H5Tget_nmembers(ft) == 2 && ((bytes_is(t->labels[0].name, "FALSE") && t->labels[0].value == 0 &&
                                         bytes_is(t->labels[1].name, "TRUE") && t->labels[1].value == 1) ||
                                        (bytes_is(t->labels[1].name, "FALSE") && t->labels[1].value == 0 &&
                                         bytes_is(t->labels[0].name, "TRUE") && t->labels[0].value == 1));
}

hid_t type_boolean(void)
{
    const hid_t t = H5Tenum_create(H5T_NATIVE_INT8);
    const int8_t no = 0, yes = 1;
    H5Tenum_insert(t, "FALSE", &no);
    H5Tenum_insert(t, "TRUE", &yes);
    return t;
}

static int64_t label_value(const void *raw, const struct dtype *t)
{
    uint64_t v = 0;
    for (size_t i = 0; i < t->itemsize; i++)
        v |= (uint64_t)((const uint8_t *)raw)[i] << (8 * (t->order == '>' ? t->itemsize - 1 - i : i));
    const unsigned unused = (unsigned)(64 - 8 * t->itemsize) & 63;
    return t->kind == DTYPE_INT ? (int64_t)(v << unused) >> unused : (int64_t)v;
}

static bool read_labels(hid_t ft, struct arena *arena, struct dtype *t, struct error *err)
{
    const int count = H5Tget_nmembers(ft);
    struct dtype_label *labels = arena_alloc(arena, count < 0 ? 0 : (size_t)count, sizeof *labels);
    if (labels == NULL)
        return arena_fail(arena, err);
    for (int i = 0; i < count; i++) {
        uint8_t raw[8] = {0};
        char *name = H5Tget_member_name(ft, (unsigned)i);
        if (name == NULL || H5Tget_member_value(ft, (unsigned)i, raw) < 0) {
            H5free_memory(name);
            return library_fail(err, ERR_SYNTAX, "an enumeration is damaged");
        }
        labels[i] = (struct dtype_label){arena_copy(arena, bytes_text(name)), label_value(raw, t)};
        H5free_memory(name);
        if (labels[i].name.data == NULL)
            return arena_fail(arena, err);
    }
    t->labels = labels;
    t->label_count = count < 0 ? 0 : (size_t)count;
    return true;
}

static bool of_enum(hid_t ft, struct arena *arena, struct type *out, struct error *err)
{
    AUTO(close_type) hid_t base = H5Tget_super(ft);
    const size_t size = H5Tget_size(ft), wide = widened(size);
    if (base < 0 || H5Tget_class(base) != H5T_INTEGER || wide == 0)
        return of_raw(ft, out);
    out->dtype = dtype_make(H5Tget_sign(base) == H5T_SGN_NONE ? DTYPE_UINT : DTYPE_INT, size);
    out->dtype.order = order_of(base);
    if (!read_labels(ft, arena, &out->dtype, err))
        return false;
    if (is_boolean(ft, &out->dtype)) {
        out->dtype = dtype_make(DTYPE_BOOL, 1);
        out->memory = type_boolean();
        return true;
    }
    if (wide != size) {
        out->dtype.order = '<';
        out->dtype.itemsize = wide;
    }
    out->memory = wide == size ? H5Tcopy(ft) : type_standard((char)out->dtype.kind, wide, '<');
    return true;
}

static bool of_any(hid_t ft, struct arena *arena, unsigned depth, struct type *out, struct error *err);

/* h5py's complex: a compound of exactly two equal floats r and i. */
static bool is_complex(const struct dtype *t, size_t file_size)
{
    return t->field_count == 2 && bytes_is(t->fields[0].name, "r") && bytes_is(t->fields[1].name, "i") &&
           t->fields[0].dtype->kind == DTYPE_FLOAT && t->fields[0].dtype->itemsize >= 4 &&
           dtype_equal(t->fields[0].dtype, t->fields[1].dtype) && t->fields[0].offset == 0 &&
           t->fields[1].offset == t->fields[0].dtype->itemsize && t->itemsize == 2 * t->fields[1].offset &&
           file_size == t->itemsize;
}

/* The members, each in its own form; says whether they fit where the file has them. */
static bool of_members(hid_t ft, struct arena *arena, unsigned depth, struct dtype_field *fields,
                       struct type *members, size_t count, bool *in_place, struct type *out,
                       struct error *err)
{
    *in_place = true;
    for (size_t i = 0; i < count; i++) {
        AUTO(close_type) hid_t mt = H5Tget_member_type(ft, (unsigned)i);
        char *name = H5Tget_member_name(ft, (unsigned)i);
        fields[i].name = name == NULL ? bytes_of(NULL, 0) : arena_copy(arena, bytes_text(name));
        H5free_memory(name);
        if (mt < 0 || fields[i].name.data == NULL)
            return library_fail(err, ERR_SYNTAX, "a compound type is damaged");
        if (!of_any(mt, arena, depth + 1, &members[i], err))
            return false;
        if (members[i].problem != NULL) {
            out->problem =
                arena_printf(arena, "field '%s': %s", (const char *)fields[i].name.data, members[i].problem);
            return out->problem != NULL || arena_fail(arena, err);
        }
        fields[i].dtype = &members[i].dtype;
        *in_place &= members[i].flat && members[i].dtype.itemsize == H5Tget_size(mt);
        out->flat &= members[i].flat;
    }
    return true;
}

static bool place_members(hid_t ft, struct dtype_field *fields, const struct type *members, size_t count,
                          bool in_place, struct type *out)
{
    size_t size = 0, memory_size = 0;
    for (size_t i = 0; i < count; i++) {
        fields[i].offset = in_place ? H5Tget_member_offset(ft, (unsigned)i) : size;
        size += members[i].dtype.itemsize;
        memory_size += members[i].memory_size;
    }
    out->dtype = dtype_make(DTYPE_VOID, in_place ? H5Tget_size(ft) : size);
    out->dtype.fields = fields;
    out->dtype.field_count = count;
    out->memory_size = in_place ? out->dtype.itemsize : memory_size;
    out->memory = H5Tcreate(H5T_COMPOUND, out->memory_size);
    for (size_t i = 0, at = 0; i < count; at += members[i].memory_size, i++)
        if (H5Tinsert(out->memory, (const char *)fields[i].name.data, out->flat ? fields[i].offset : at,
                      members[i].memory) < 0)
            return false;
    return true;
}

static bool of_compound(hid_t ft, struct arena *arena, unsigned depth, struct type *out, struct error *err)
{
    const int n = H5Tget_nmembers(ft);
    if (n <= 0)
        return problem(out, arena, err, "compound types without members are not supported");
    const size_t count = (size_t)n;
    struct dtype_field *fields = arena_alloc(arena, count, sizeof *fields);
    struct type *members = arena_alloc(arena, count, sizeof *members);
    bool in_place, ok;
    if (fields == NULL || members == NULL)
        return arena_fail(arena, err);
    ok = of_members(ft, arena, depth, fields, members, count, &in_place, out, err);
    if (ok && out->problem == NULL && !place_members(ft, fields, members, count, in_place, out))
        ok = library_fail(err, ERR_SYNTAX, "a compound type is damaged");
    for (size_t i = 0; i < count; i++)
        type_close(&members[i]);
    if (ok && out->problem == NULL && is_complex(&out->dtype, H5Tget_size(ft))) {
        const char order = fields[0].dtype->order;
        out->dtype = dtype_make(DTYPE_COMPLEX, out->dtype.itemsize);
        out->dtype.order = order;
    }
    return ok;
}

/* An array of arrays is one array of more dimensions, as NumPy sees it. shape has room for H5S_MAX_RANK. */
static void merge_array(struct dtype *t, uint64_t *shape)
{
    const struct dtype *inner = t->base;
    if (inner->base == NULL || t->ndim + inner->ndim > DTYPE_MAX_NDIM)
        return;
    for (unsigned i = 0; i < inner->ndim; i++)
        shape[t->ndim++] = inner->shape[i];
    t->base = inner->base;
}

static bool of_array(hid_t ft, struct arena *arena, unsigned depth, struct type *out, struct error *err)
{
    AUTO(close_type) hid_t base = H5Tget_super(ft);
    const int ndim = H5Tget_array_ndims(ft);
    hsize_t dims[H5S_MAX_RANK];
    uint64_t *shape = arena_alloc(arena, H5S_MAX_RANK, sizeof *shape);
    struct type *element = arena_alloc(arena, 1, sizeof *element);
    if (shape == NULL || element == NULL)
        return arena_fail(arena, err);
    if (base < 0 || ndim < 1 || ndim > DTYPE_MAX_NDIM || H5Tget_array_dims2(ft, dims) < 0)
        return library_fail(err, ERR_SYNTAX, "an array type is damaged");
    if (!of_any(base, arena, depth + 1, element, err))
        return false;
    out->problem = element->problem;
    size_t count = 1, size = 0;
    for (int i = 0; i < ndim; i++) {
        shape[i] = dims[i];
        if (!checked_mul(count, (size_t)dims[i], &count))
            return problem(out, arena, err, "the array type is too big");
    }
    if (out->problem == NULL && !checked_mul(count, element->dtype.itemsize, &size))
        return problem(out, arena, err, "the array type is too big");
    if (out->problem == NULL) {
        out->memory = H5Tarray_create2(element->memory, (unsigned)ndim, dims);
        out->memory_size = count * element->memory_size;
        out->flat = element->flat;
        out->dtype = dtype_make(DTYPE_VOID, size);
        out->dtype.base = &element->dtype;
        out->dtype.ndim = (unsigned)ndim;
        out->dtype.shape = shape;
        merge_array(&out->dtype, shape);
    }
    type_close(element);
    return true;
}

static bool of_sequence(hid_t ft, struct arena *arena, unsigned depth, struct type *out, struct error *err)
{
    AUTO(close_type) hid_t base = H5Tget_super(ft);
    struct type *element = arena_alloc(arena, 1, sizeof *element);
    if (element == NULL)
        return arena_fail(arena, err);
    if (base < 0)
        return library_fail(err, ERR_SYNTAX, "a sequence type is damaged");
    if (!of_any(base, arena, depth + 1, element, err))
        return false;
    out->problem = element->problem;
    if (out->problem == NULL && element->dtype.itemsize == 0)
        out->problem = "sequences of nothing are not supported";
    if (out->problem == NULL) {
        out->memory = H5Tvlen_create(element->memory);
        out->memory_size = sizeof(hvl_t);
        out->flat = false;
        out->dtype = dtype_make(DTYPE_OBJECT, sizeof(struct value *));
        out->dtype.sequence = &element->dtype;
    }
    type_close(element);
    return true;
}

static bool of_reference(hid_t ft, struct arena *arena, struct type *out, struct error *err)
{
    const bool object = H5Tequal(ft, H5T_STD_REF_OBJ) > 0;
    if (!object && H5Tequal(ft, H5T_STD_REF_DSETREG) <= 0)
        return problem(out, arena, err, "references of this kind are not supported");
    out->memory = H5Tcopy(object ? H5T_STD_REF_OBJ : H5T_STD_REF_DSETREG);
    out->memory_size = object ? sizeof(hobj_ref_t) : sizeof(hdset_reg_ref_t);
    out->flat = false;
    out->dtype = dtype_make(DTYPE_OBJECT, sizeof(struct value *));
    out->dtype.reference = object ? 'o' : 'r';
    return true;
}

static bool of_any(hid_t ft, struct arena *arena, unsigned depth, struct type *out, struct error *err)
{
    *out = (struct type){.flat = true};
    if (depth > SANDBOX_TYPE_DEPTH)
        return problem(out, arena, err, "the type nests too deep");
    bool ok = false;
    const H5T_class_t class = H5Tget_class(ft);
    if (class == H5T_INTEGER)
        ok = of_integer(ft, out);
    else if (class == H5T_FLOAT)
        ok = of_float(ft, arena, out, err);
    else if (class == H5T_STRING)
        ok = of_string(ft, arena, out, err);
    else if (class == H5T_BITFIELD)
        ok = of_bitfield(ft, out);
    else if (class == H5T_TIME)
        ok = of_time(ft, out);
    else if (class == H5T_OPAQUE)
        ok = of_opaque(ft, arena, out, err);
    else if (class == H5T_ENUM)
        ok = of_enum(ft, arena, out, err);
    else if (class == H5T_COMPOUND)
        ok = of_compound(ft, arena, depth, out, err);
    else if (class == H5T_ARRAY)
        ok = of_array(ft, arena, depth, out, err);
    else if (class == H5T_VLEN)
        ok = of_sequence(ft, arena, depth, out, err);
    else if (class == H5T_REFERENCE)
        ok = of_reference(ft, arena, out, err);
    else
        ok = problem(out, arena, err, "the type is of no known class");
    if (!ok || out->problem != NULL)
        return ok;
    if (out->memory <= 0)
        return library_fail(err, ERR_SYNTAX, "a type is damaged");
    if (out->memory_size == 0)
        out->memory_size = out->dtype.itemsize;
    return true;
}

bool type_of_file(hid_t file_type, struct arena *arena, struct type *out, struct error *err)
{
    struct error wrong = {0};
    bool ok = of_any(file_type, arena, 0, out, err);
    if (ok && out->problem == NULL && !dtype_check(&out->dtype, &wrong))
        ok = problem(out, arena, err, wrong.detail);
    if (!ok || out->problem != NULL)
        type_close(out);
    return ok;
}

void type_close(struct type *t)
{
    if (t->memory > 0)
        H5Tclose(t->memory);
    t->memory = 0;
}
