/* The types that keep dtypes: what types.c reads, the other way. */
#include "worker.h"

#include <stdio.h>

static bool to_any(const struct dtype *t, struct arena *arena, unsigned depth, struct type *out,
                   struct error *err);

static hid_t to_text(const struct dtype *t)
{
    const hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, H5T_VARIABLE);
    H5Tset_cset(type, t->text_is_bytes ? H5T_CSET_ASCII : H5T_CSET_UTF8);
    return type;
}

static hid_t to_fixed(const struct dtype *t)
{
    const hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, t->itemsize);
    H5Tset_strpad(type, H5T_STR_NULLPAD);
    return type;
}

static hid_t to_complex(const struct dtype *t)
{
    const size_t half = t->itemsize / 2;
    AUTO(close_type) hid_t part = type_standard('f', half, t->order);
    const hid_t type = H5Tcreate(H5T_COMPOUND, t->itemsize);
    H5Tinsert(type, "r", 0, part);
    H5Tinsert(type, "i", half, part);
    return type;
}

static hid_t to_opaque(const struct dtype *t)
{
    char tag[80] = "";
    const hid_t type = H5Tcreate(H5T_OPAQUE, t->itemsize);
    if (t->kind != DTYPE_VOID) {
        char typestr[64];
        dtype_typestr(t, typestr);
        snprintf(tag, sizeof tag, "NUMPY:%s", typestr);
    }
    H5Tset_tag(type, tag);
    return type;
}

static hid_t to_enum(const struct dtype *t, struct arena *arena)
{
    AUTO(close_type) hid_t base = type_standard((char)t->kind, t->itemsize, t->order);
    const hid_t type = H5Tenum_create(base);
    for (size_t i = 0; i < t->label_count; i++) {
        uint8_t raw[8];
        const struct bytes name = arena_copy(arena, t->labels[i].name);
        for (size_t b = 0; b < t->itemsize; b++)
            raw[t->order == '>' ? t->itemsize - 1 - b : b] =
                (uint8_t)((uint64_t)t->labels[i].value >> (8 * b));
        if (name.data == NULL || H5Tenum_insert(type, (const char *)name.data, raw) < 0) {
            H5Tclose(type);
            return -1;
        }
    }
    return type;
}

static bool to_record(const struct dtype *t, struct arena *arena, unsigned depth, struct type *out,
                      struct error *err)
{
    struct type *members = arena_alloc(arena, t->field_count, sizeof *members);
    size_t memory_size = 0;
    bool ok = true;
    if (members == NULL)
        return arena_fail(arena, err);
    out->flat = dtype_is_flat(t);
    for (size_t i = 0; ok && i < t->field_count; i++) {
        ok = to_any(t->fields[i].dtype, arena, depth + 1, &members[i], err);
        memory_size += members[i].memory_size;
    }
    out->memory_size = out->flat ? t->itemsize : memory_size;
    if (ok)
        out->memory = H5Tcreate(H5T_COMPOUND, out->memory_size);
    for (size_t i = 0, at = 0; ok && i < t->field_count; at += members[i].memory_size, i++) {
        const struct bytes name = arena_copy(arena, t->fields[i].name);
        ok = name.data != NULL || arena_fail(arena, err);
        if (ok && H5Tinsert(out->memory, (const char *)name.data, out->flat ? t->fields[i].offset : at,
                            members[i].memory) < 0)
            ok = library_fail(err, ERR_UNREPRESENTABLE, "HDF5 cannot hold this record");
    }
    for (size_t i = 0; i < t->field_count; i++)
        type_close(&members[i]);
    return ok;
}

static bool to_array(const struct dtype *t, struct arena *arena, unsigned depth, struct type *out,
                     struct error *err)
{
    struct type element;
    hsize_t dims[H5S_MAX_RANK];
    size_t count = 1;
    if (!to_any(t->base, arena, depth + 1, &element, err))
        return false;
    for (unsigned i = 0; i < t->ndim; i++) {
        dims[i] = t->shape[i];
        count *= (size_t)t->shape[i];
    }
    out->memory = H5Tarray_create2(element.memory, t->ndim, dims);
    out->memory_size = count * element.memory_size;
    out->flat = element.flat;
    type_close(&element);
    return out->memory >= 0 || library_fail(err, ERR_UNREPRESENTABLE, "HDF5 cannot hold this array type");
}

static hid_t to_plain(const struct dtype *t, struct arena *arena)
{
    switch (t->kind) {
    case DTYPE_BOOL:
        return type_boolean();
    case DTYPE_INT:
    case DTYPE_UINT:
        return t->label_count > 0 ? to_enum(t, arena) : type_standard((char)t->kind, t->itemsize, t->order);
    case DTYPE_FLOAT:
        return type_standard('f', t->itemsize, t->order);
    case DTYPE_COMPLEX:
        return to_complex(t);
    case DTYPE_BYTES:
        return to_fixed(t);
    case DTYPE_VOID:
    case DTYPE_DATETIME:
    case DTYPE_TIMEDELTA:
    case DTYPE_UNICODE:
        return to_opaque(t);
    case DTYPE_TEXT:
        return to_text(t);
    case DTYPE_OBJECT:
        break;
    }
    return -1;
}

static bool to_any(const struct dtype *t, struct arena *arena, unsigned depth, struct type *out,
                   struct error *err)
{
    *out = (struct type){.dtype = *t, .flat = t->kind != DTYPE_TEXT};
    if (depth > SANDBOX_TYPE_DEPTH)
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "the type nests too deep for HDF5");
    if (t->field_count > 0)
        return to_record(t, arena, depth, out, err);
    if (t->base != NULL)
        return to_array(t, arena, depth, out, err);
    out->memory = to_plain(t, arena);
    out->memory_size = t->kind == DTYPE_TEXT ? sizeof(char *) : t->itemsize;
    return out->memory > 0 || library_fail(err, ERR_UNREPRESENTABLE, "HDF5 cannot hold this type");
}

bool type_to_file(const struct dtype *dtype, struct arena *arena, struct type *out, struct error *err)
{
    if (to_any(dtype, arena, 0, out, err))
        return true;
    type_close(out);
    return false;
}
