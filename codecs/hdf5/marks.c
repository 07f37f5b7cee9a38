/* What our marks say about a dataset: the way back to the Python types (README.md). */
#include "bigint.h"
#include "h5.h"
#include "known.h"
#include "number.h"
#include "utf8.h"

struct bytes h5_mark(const struct h5_object *o, const char *name)
{
    const struct h5_attribute *a = h5_attribute(o, name);
    if (a == NULL || a->problem.len > 0 || a->shape.space != SPACE_SCALAR ||
        a->shape.dtype.kind != DTYPE_TEXT || a->elements.len != sizeof(struct bytes))
        return bytes_of(NULL, 0);
    const uint64_t at = load_u64_le(a->elements.data), len = load_u64_le(a->elements.data + 8);
    if (at > a->heap.len || len > a->heap.len - at)
        return bytes_of(NULL, 0);
    return bytes_of(a->heap.data + at, len);
}

/* A dataset being turned back. */
struct marked {
    const struct h5_file *file;
    const struct h5_object *object;
    const struct h5_shape *shape;
    struct arena *arena;
    const uint8_t *elements;
    uint64_t count;
    enum value_kind kind;
    uint8_t flags;
    struct bytes mark;
    struct bytes ints; /* bits: which of the floats were ints */
};

bool h5_mark_unsuited(struct error *err)
{
    return FAIL(err, ERR_SYNTAX, ERROR_NO_OFFSET, "the attribute mandoline:type does not suit this object");
}

static bool done(const struct marked *m, struct value *v, struct value **out, struct error *err)
{
    *out = v;
    return v != NULL || arena_fail(m->arena, err);
}

/* ---- elements as Python's own types ---- */

static double real_of(const uint8_t *p)
{
    double v;
    memcpy(&v, p, sizeof v);
    return v;
}

static bool text_element(const struct marked *m, const uint8_t *at, struct value **out, struct error *err)
{
    struct bytes text;
    memcpy(&text, at, sizeof text);
    text = arena_copy(m->arena, text);
    return text.data == NULL ? arena_fail(m->arena, err) : done(m, value_str(m->arena, text), out, err);
}

/* A float that was an int among floats: only those were that a float holds exactly. */
static bool number(const struct marked *m, uint64_t i, double v, struct value **out, struct error *err)
{
    const bool was_int = i / 8 < m->ints.len && (m->ints.data[i / 8] >> i % 8 & 1) != 0;
    const bool is_int = was_int && v >= -9007199254740992.0 && v <= 9007199254740992.0;
    return done(m, is_int ? value_int(m->arena, (int64_t)v) : value_float(m->arena, v), out, err);
}

/* The i-th element as a bool, int, float, complex or str. */
static bool element(const struct marked *m, uint64_t i, struct value **out, struct error *err)
{
    const struct dtype *t = &m->shape->dtype;
    const uint8_t *at = m->elements + i * t->itemsize;
    if (t->kind == DTYPE_BOOL)
        return done(m, value_bool(m->arena, *at != 0), out, err);
    if (t->kind == DTYPE_INT && t->itemsize == 8)
        return done(m, value_int(m->arena, (int64_t)load_u64_le(at)), out, err);
    if (t->kind == DTYPE_FLOAT && t->itemsize == 8)
        return number(m, i, real_of(at), out, err);
    if (t->kind == DTYPE_COMPLEX && t->itemsize == 16)
        return done(m, value_complex(m->arena, real_of(at), real_of(at + 8)), out, err);
    if (t->kind == DTYPE_TEXT)
        return text_element(m, at, out, err);
    return h5_mark_unsuited(err);
}

static bool scalar(const struct marked *m, struct value **out, struct error *err)
{
    return m->count == 1 && element(m, 0, out, err) && (*out)->kind == m->kind ? true : h5_mark_unsuited(err);
}

static bool integer(const struct marked *m, struct value **out, struct error *err)
{
    struct bytes digits, twos;
    if (m->count != 1 || m->shape->dtype.kind != DTYPE_TEXT)
        return scalar(m, out, err);
    memcpy(&digits, m->elements, sizeof digits);
    const bool negative = digits.len > 0 && digits.data[0] == '-';
    digits = bytes_of(digits.data + negative, digits.len - negative);
    if (digits.len > m->file->limits->digits)
        return FAIL_LIMIT(err, "digits", m->file->limits->digits, "an integer has %zu digits", digits.len);
    for (size_t i = 0; i < digits.len; i++)
        if (digits.data[i] < '0' || digits.data[i] > '9')
            return h5_mark_unsuited(err);
    if (digits.len == 0)
        return h5_mark_unsuited(err);
    return bigint_of_decimal(digits, negative, m->arena, &twos, err) &&
           done(m, value_integer(m->arena, twos), out, err);
}

/* str with what no text of HDF5 can hold, bytes, bytearray: opaque, or no element where it is empty. */
static bool raw(const struct marked *m, struct value **out, struct error *err)
{
    if (m->kind == VALUE_STR && m->shape->dtype.kind == DTYPE_TEXT)
        return scalar(m, out, err);
    struct value *v = value_new(m->arena, m->kind);
    if (v == NULL)
        return arena_fail(m->arena, err);
    if (m->count > 1 || !dtype_is_flat(&m->shape->dtype))
        return h5_mark_unsuited(err);
    if (m->count > 0)
        v->text = bytes_of(m->elements, m->shape->dtype.itemsize);
    bool surrogates = false;
    if (m->kind == VALUE_STR && utf8_valid_surrogatepass(v->text, &surrogates) != v->text.len)
        return h5_mark_unsuited(err);
    v->flags = (uint8_t)(m->flags | (surrogates ? VALUE_SURROGATES : 0));
    *out = v;
    return true;
}

/* ---- nested lists ---- */

/* One level: groups of `length` values become lists. */
static bool gather(const struct marked *m, enum value_kind kind, struct value **values, uint64_t lists,
                   uint64_t length, struct error *err)
{
    for (uint64_t i = 0; i < lists; i++) {
        struct value *list = value_new(m->arena, kind);
        if (list == NULL)
            return arena_fail(m->arena, err);
        for (uint64_t j = 0; j < length; j++)
            if (!value_append(m->arena, &list->list, values[i * length + j]))
                return arena_fail(m->arena, err);
        values[i] = list;
    }
    return true;
}

/* The bits of MARK_INTS, or nothing. */
static struct bytes ints_of(const struct h5_object *o)
{
    const struct h5_attribute *a = h5_attribute(o, MARK_INTS);
    const bool bits =
        a != NULL && a->problem.len == 0 && a->shape.dtype.kind == DTYPE_UINT && a->shape.dtype.itemsize == 1;
    return bits ? a->elements : bytes_of(NULL, 0);
}

static bool sequence(const struct marked *m, struct value **out, struct error *err)
{
    const struct h5_shape *s = m->shape;
    if (s->ndim == 0)
        return h5_mark_unsuited(err);
    struct value **values = arena_alloc(m->arena, m->count + 1, sizeof(struct value *));
    if (values == NULL)
        return arena_fail(m->arena, err);
    for (uint64_t i = 0; i < m->count; i++)
        if (!element(m, i, &values[i], err))
            return false;
    uint64_t lists = m->count;
    for (unsigned axis = s->ndim; axis-- > 0;) {
        if (s->dims[axis] == 0 && axis > 0)
            return h5_mark_unsuited(err);
        lists = axis == 0 ? 1 : lists / s->dims[axis];
        if (!gather(m, axis == 0 ? m->kind : VALUE_LIST, values, lists, s->dims[axis], err))
            return false;
    }
    *out = values[0];
    return true;
}

/* ---- arrays that NumPy and HDF5 see differently ---- */

static bool global(const struct marked *m, struct value **out, struct error *err)
{
    struct value *module, *name;
    if (m->shape->dtype.kind != DTYPE_TEXT || m->count != 2)
        return h5_mark_unsuited(err);
    return element(m, 0, &module, err) && element(m, 1, &name, err) &&
           done(m, value_global(m->arena, module->text, name->text), out, err);
}

/* Text as UCS-4, padded with NULs; longer text than fits is cut, which only a changed file has. */
static void to_ucs4(struct bytes text, uint8_t *out, size_t itemsize)
{
    for (size_t at = 0, i = 0; at < text.len && i + 4 <= itemsize; i += 4)
        store_u32_le(out + i, utf8_next(text, &at));
}

static bool unicode(const struct marked *m, struct array *a, const struct dtype *t, struct error *err)
{
    uint8_t *elements = arena_alloc(m->arena, m->count, t->itemsize);
    if (elements == NULL)
        return arena_fail(m->arena, err);
    for (uint64_t i = 0; i < m->count; i++) {
        struct bytes text;
        memcpy(&text, m->elements + i * sizeof text, sizeof text);
        to_ucs4(text, elements + i * t->itemsize, t->itemsize);
    }
    dtype_swap(t, elements, m->count);
    *a = array_of_memory(*t, m->shape->ndim, m->shape->dims, elements);
    return true;
}

static bool objects(const struct marked *m, struct array *a, struct error *err)
{
    struct value **elements = arena_alloc(m->arena, m->count + 1, sizeof(struct value *));
    if (elements == NULL)
        return arena_fail(m->arena, err);
    for (uint64_t i = 0; i < m->count; i++)
        if (!element(m, i, &elements[i], err))
            return false;
    *a = array_of_memory(dtype_make(DTYPE_OBJECT, sizeof(struct value *)), m->shape->ndim, m->shape->dims,
                         (const uint8_t *)elements);
    return true;
}

/* An array whose dtype HDF5 has no word for. */
static bool retyped(const struct marked *m, struct bytes typestr, struct array *a, struct error *err)
{
    struct dtype t;
    if (!dtype_parse(typestr, &t, err))
        return false;
    if (t.itemsize == 0) {
        *a = array_of_memory(t, m->shape->ndim, m->shape->dims, m->elements);
        return true;
    }
    if (m->shape->dtype.kind != DTYPE_TEXT)
        return h5_mark_unsuited(err);
    return t.kind == DTYPE_UNICODE  ? unicode(m, a, &t, err)
           : t.kind == DTYPE_OBJECT ? objects(m, a, err)
                                    : h5_mark_unsuited(err);
}

static bool array(const struct marked *m, bool is_scalar, struct value **out, struct error *err)
{
    const struct bytes typestr = h5_mark(m->object, MARK_DTYPE);
    struct array a = array_of_memory(m->shape->dtype, m->shape->ndim, m->shape->dims, m->elements);
    if (typestr.len > 0 && !retyped(m, typestr, &a, err))
        return false;
    a.scalar = is_scalar && a.ndim == 0;
    return done(m, value_array(m->arena, &a), out, err);
}

static bool ndarray(const struct marked *m, struct value **out, struct error *err)
{
    return array(m, false, out, err);
}

static bool numpy_scalar(const struct marked *m, struct value **out, struct error *err)
{
    return array(m, true, out, err);
}

/* ---- the table ---- */

/* What is text, and an object of a well-known class: known_of_text() says which. */
static bool known(const struct marked *m, struct value **out, struct error *err)
{
    struct known_work work;
    struct bytes text;
    const char *tag = arena_printf(m->arena, "$%.*s", (int)m->mark.len, (const char *)m->mark.data);
    if (tag == NULL)
        return arena_fail(m->arena, err);
    if (m->count != 1 || m->shape->dtype.kind != DTYPE_TEXT)
        return h5_mark_unsuited(err);
    memcpy(&text, m->elements, sizeof text);
    text = arena_copy(m->arena, text);
    known_start(&work, m->file->limits, m->arena);
    *out = text.data == NULL ? NULL : known_of_text(&work, tag, text, err);
    return *out != NULL || arena_fail(m->arena, err);
}

static const struct {
    const char *mark;
    enum value_kind kind;
    uint8_t flags;
    bool (*dataset)(const struct marked *m, struct value **out, struct error *err);
} rows[] = {
    {"int", VALUE_INT, 0, integer},
    {"float", VALUE_FLOAT, 0, scalar},
    {"bool", VALUE_BOOL, 0, scalar},
    {"complex", VALUE_COMPLEX, 0, scalar},
    {"str", VALUE_STR, 0, raw},
    {"bytes", VALUE_BYTES, 0, raw},
    {"py2str", VALUE_STR, VALUE_PYTHON2, raw},
    {"py2bytes", VALUE_BYTES, VALUE_PYTHON2, raw},
    {"bytearray", VALUE_BYTEARRAY, 0, raw},
    {"list", VALUE_LIST, 0, sequence},
    {"tuple", VALUE_TUPLE, 0, sequence},
    {"set", VALUE_SET, 0, sequence},
    {"frozenset", VALUE_FROZENSET, 0, sequence},
    {"global", VALUE_GLOBAL, 0, global},
    {"ndarray", VALUE_ARRAY, 0, ndarray},
    {"scalar", VALUE_ARRAY, 0, numpy_scalar},
    {"dict", VALUE_DICT, 0, NULL},
    {"range", VALUE_RANGE, 0, NULL},
    {"slice", VALUE_SLICE, 0, NULL},
    {"dtype", VALUE_DTYPE, 0, NULL},
    {"object", VALUE_OBJECT, 0, NULL},
    {"external", VALUE_EXTERNAL, 0, NULL},
    {"table", VALUE_TABLE, 0, NULL},
    {"series", VALUE_TABLE, 0, NULL},
    {"columns", VALUE_TABLE, 0, NULL},
    {"datetime", VALUE_OBJECT, 0, known},
    {"date", VALUE_OBJECT, 0, known},
    {"time", VALUE_OBJECT, 0, known},
    {"timedelta", VALUE_OBJECT, 0, known},
    {"decimal", VALUE_OBJECT, 0, known},
    {"fraction", VALUE_OBJECT, 0, known},
    {"uuid", VALUE_OBJECT, 0, known},
    {"path", VALUE_OBJECT, 0, known},
    {"ordereddict", VALUE_OBJECT, 0, NULL},
    {"deque", VALUE_OBJECT, 0, NULL},
};

bool h5_marked_dataset(const struct h5_file *f, const struct h5_object *o, struct arena *arena,
                       struct value **out, struct error *err)
{
    const struct bytes mark = h5_mark(o, MARK_TYPE);
    for (size_t i = 0; i < ROWS(rows) && mark.len > 0; i++) {
        if (!bytes_is(mark, rows[i].mark) || rows[i].dataset == NULL)
            continue;
        struct marked m = {.file = f,
                           .object = o,
                           .shape = &o->shape,
                           .arena = arena,
                           .kind = rows[i].kind,
                           .flags = rows[i].flags,
                           .mark = mark,
                           .ints = ints_of(o)};
        if (rows[i].dataset == ndarray && o->shape.ndim > 0 && h5_mark(o, MARK_DTYPE).len == 0)
            break; /* as it is in the file */
        return h5_dataset_load(f, o, arena, &m.elements, &m.count, err) && rows[i].dataset(&m, out, err);
    }
    return h5_dataset_value(f, o, arena, out, err);
}

struct bytes h5_mark_word(struct bytes mark)
{
    const uint8_t *colon = mark.len == 0 ? NULL : memchr(mark.data, ':', mark.len);
    return colon == NULL ? mark : bytes_of(mark.data, (size_t)(colon - mark.data));
}

enum value_kind h5_group_kind(struct bytes mark)
{
    const struct bytes word = h5_mark_word(mark);
    for (size_t i = 0; i < ROWS(rows); i++)
        if (bytes_is(word, rows[i].mark))
            return rows[i].kind;
    return VALUE_DICT;
}
