/* What our marks say about a dataset or group: the way back to the Python types (README.md). */
#include "bigint.h"
#include "h5.h"
#include "known.h"
#include "number.h"
#include "table.h"
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

static bool wrong(struct error *err)
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
    return wrong(err);
}

static bool scalar(const struct marked *m, struct value **out, struct error *err)
{
    return m->count == 1 && element(m, 0, out, err) && (*out)->kind == m->kind ? true : wrong(err);
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
            return wrong(err);
    if (digits.len == 0)
        return wrong(err);
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
        return wrong(err);
    if (m->count > 0)
        v->text = bytes_of(m->elements, m->shape->dtype.itemsize);
    bool surrogates = false;
    if (m->kind == VALUE_STR && utf8_valid_surrogatepass(v->text, &surrogates) != v->text.len)
        return wrong(err);
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
        return wrong(err);
    struct value **values = arena_alloc(m->arena, m->count + 1, sizeof(struct value *));
    if (values == NULL)
        return arena_fail(m->arena, err);
    for (uint64_t i = 0; i < m->count; i++)
        if (!element(m, i, &values[i], err))
            return false;
    uint64_t lists = m->count;
    for (unsigned axis = s->ndim; axis-- > 0;) {
        if (s->dims[axis] == 0 && axis > 0)
            return wrong(err);
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
        return wrong(err);
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
        return wrong(err);
    return t.kind == DTYPE_UNICODE  ? unicode(m, a, &t, err)
           : t.kind == DTYPE_OBJECT ? objects(m, a, err)
                                    : wrong(err);
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
        return wrong(err);
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

/* "table:1": what stands before the number. */
static struct bytes word_of(struct bytes mark)
{
    const uint8_t *colon = mark.len == 0 ? NULL : memchr(mark.data, ':', mark.len);
    return colon == NULL ? mark : bytes_of(mark.data, (size_t)(colon - mark.data));
}

enum value_kind h5_group_kind(struct bytes mark)
{
    const struct bytes word = word_of(mark);
    for (size_t i = 0; i < ROWS(rows); i++)
        if (bytes_is(word, rows[i].mark))
            return rows[i].kind;
    return VALUE_DICT;
}

/* ---- groups ---- */

static struct value *member(const struct h5_members *members, const char *name)
{
    for (size_t i = 0; i < members->count; i++)
        if (bytes_is(members->items[i].key->text, name))
            return members->items[i].value;
    return NULL;
}

/* Members "0", "1" ... in the order of their numbers. */
static bool numbered(const struct h5_members *members, struct arena *arena, struct value_list *out,
                     struct error *err)
{
    struct value **items = arena_alloc(arena, members->count + 1, sizeof(struct value *));
    if (items == NULL)
        return arena_fail(arena, err);
    for (size_t i = 0; i < members->count; i++) {
        int64_t at;
        if (!number_read_int(members->items[i].key->text, &at) || at < 0 || (uint64_t)at >= members->count ||
            items[at] != NULL)
            return wrong(err);
        items[at] = members->items[i].value;
    }
    for (size_t i = 0; i < members->count; i++)
        if (!value_append(arena, out, items[i]))
            return arena_fail(arena, err);
    return true;
}

/* Numbers of both kinds: all of them as floats, and which of them were ints. */
static bool mixed(const struct value *data, const struct value *ints, struct arena *arena,
                  struct value_list *out, struct error *err)
{
    const uint8_t *numbers, *flags;
    uint64_t count, count2;
    if (data->kind != VALUE_ARRAY || ints->kind != VALUE_ARRAY || data->array == NULL ||
        ints->array == NULL || data->array->dtype.kind != DTYPE_FLOAT || data->array->dtype.itemsize != 8 ||
        ints->array->dtype.kind != DTYPE_BOOL || !array_count(data->array, &count) ||
        !array_count(ints->array, &count2) || count != count2)
        return wrong(err);
    if (!array_pack(data->array, arena, &numbers, err) || !array_pack(ints->array, arena, &flags, err))
        return false;
    for (uint64_t i = 0; i < count; i++) {
        const double v = real_of(numbers + i * sizeof v);
        const bool whole = flags[i] != 0 && v >= -9007199254740992.0 && v <= 9007199254740992.0;
        struct value *item = whole ? value_int(arena, (int64_t)v) : value_float(arena, v);
        if (item == NULL || !value_append(arena, out, item))
            return arena_fail(arena, err);
    }
    return true;
}

static bool list_group(const struct h5_members *members, struct arena *arena, struct value *node,
                       struct error *err)
{
    const struct value *data = member(members, "data"), *ints = member(members, "ints");
    if (data != NULL && ints != NULL)
        return mixed(data, ints, arena, &node->list, err);
    if (!numbered(members, arena, &node->list, err))
        return false;
    const bool three = node->kind == VALUE_RANGE || node->kind == VALUE_SLICE;
    for (size_t i = 0; node->kind == VALUE_RANGE && i < node->list.count; i++)
        if (node->list.items[i]->kind != VALUE_INT && node->list.items[i]->kind != VALUE_BIGINT)
            return wrong(err);
    return !three || node->list.count == 3 || wrong(err);
}

static bool pairs_of(const struct h5_members *members, struct arena *arena, struct value_pairs *out,
                     struct error *err)
{
    const struct value *keys = member(members, "keys"), *values = member(members, "values");
    if (keys == NULL || values == NULL || keys->kind != VALUE_LIST || values->kind != VALUE_LIST ||
        keys->list.count != values->list.count)
        return wrong(err);
    for (size_t i = 0; i < keys->list.count; i++)
        if (!value_put(arena, out, keys->list.items[i], values->list.items[i]))
            return arena_fail(arena, err);
    return true;
}

static bool list_member(const struct h5_members *members, const char *name, struct value_list *out,
                        struct error *err)
{
    const struct value *v = member(members, name);
    if (v == NULL)
        return true;
    if (v->kind != VALUE_LIST)
        return wrong(err);
    *out = v->list;
    return true;
}

static bool object_group(const struct h5_members *members, struct arena *arena, struct value *node,
                         struct error *err)
{
    struct value_object *o = arena_alloc(arena, 1, sizeof *o);
    const struct value *made = member(members, "made");
    int64_t how;
    if (o == NULL)
        return arena_fail(arena, err);
    o->callable = member(members, "callable");
    o->args = member(members, "args");
    o->kwargs = member(members, "kwargs");
    if (made == NULL || made->kind != VALUE_INT || o->callable == NULL || o->args == NULL ||
        o->args->kind != VALUE_TUPLE || (o->kwargs != NULL && o->kwargs->kind != VALUE_DICT))
        return wrong(err);
    how = made->integer;
    if (how < OBJECT_REDUCE || how > OBJECT_INSTANCE)
        return wrong(err);
    o->made = (enum object_made)how;
    node->object = o;
    const bool pairs = member(members, "keys") != NULL;
    return list_member(members, "states", &o->states, err) && list_member(members, "items", &o->items, err) &&
           list_member(members, "added", &o->added, err) &&
           (!pairs || pairs_of(members, arena, &o->pairs, err));
}

/* collections.OrderedDict() or collections.deque() of the members. */
static bool collection_group(bool deque, const struct h5_members *members, struct arena *arena,
                             struct value *node, struct error *err)
{
    struct value_object *o = arena_alloc(arena, 1, sizeof *o);
    if (o == NULL)
        return arena_fail(arena, err);
    *o = (struct value_object){
        .made = OBJECT_REDUCE,
        .callable =
            value_global(arena, bytes_text("collections"), bytes_text(deque ? "deque" : "OrderedDict")),
        .args = value_new(arena, VALUE_TUPLE),
        .pairs = {.items = deque ? NULL : members->items, .count = deque ? 0 : members->count},
    };
    if (o->callable == NULL || o->args == NULL)
        return arena_fail(arena, err);
    node->object = o;
    return !deque || numbered(members, arena, &o->items, err);
}

static bool array_group(const struct h5_members *members, struct arena *arena, struct value *node,
                        struct error *err)
{
    const struct value *shape = member(members, "shape"), *items = member(members, "items");
    if (shape == NULL || items == NULL || shape->kind != VALUE_LIST || items->kind != VALUE_LIST ||
        shape->list.count > DTYPE_MAX_NDIM)
        return wrong(err);
    uint64_t *dims = arena_alloc(arena, shape->list.count, sizeof *dims), count;
    struct array *a = arena_alloc(arena, 1, sizeof *a);
    if (dims == NULL || a == NULL)
        return arena_fail(arena, err);
    for (size_t i = 0; i < shape->list.count; i++) {
        if (shape->list.items[i]->kind != VALUE_INT || shape->list.items[i]->integer < 0)
            return wrong(err);
        dims[i] = (uint64_t)shape->list.items[i]->integer;
    }
    *a = array_of_memory(dtype_make(DTYPE_OBJECT, sizeof(struct value *)), (unsigned)shape->list.count, dims,
                         (const uint8_t *)items->list.items);
    if (!array_count(a, &count) || count != items->list.count)
        return wrong(err);
    node->array = a;
    return true;
}

static bool dtype_group(const struct h5_members *members, struct arena *arena, struct value *node,
                        struct error *err)
{
    const struct value *descr = member(members, "descr"), *aligned = member(members, "aligned");
    struct dtype *t = arena_alloc(arena, 1, sizeof *t);
    if (t == NULL)
        return arena_fail(arena, err);
    if (descr == NULL || !dtype_of_descr(descr, arena, t, err))
        return wrong(err);
    t->aligned = aligned != NULL && aligned->kind == VALUE_BOOL && aligned->boolean;
    node->dtype = t;
    return true;
}

static bool external_group(const struct h5_members *members, struct arena *arena, struct value *node,
                           struct error *err)
{
    const struct value *kind = member(members, "kind"), *read_only = member(members, "read_only");
    struct value_external *x = arena_alloc(arena, 1, sizeof *x);
    if (x == NULL)
        return arena_fail(arena, err);
    x->id = member(members, "id");
    if (x->id == NULL || kind == NULL || kind->kind != VALUE_INT || kind->integer < EXTERNAL_PERSISTENT_ID ||
        kind->integer > EXTERNAL_BUFFER)
        return wrong(err);
    x->kind = (enum external_kind)kind->integer;
    x->read_only = read_only != NULL && read_only->kind == VALUE_BOOL && read_only->boolean;
    x->data = member(members, "data");
    if (x->data != NULL && (x->kind != EXTERNAL_PERSISTENT_ID || x->data->kind != VALUE_BYTES))
        return wrong(err);
    node->external = x;
    return true;
}

bool h5_unnamed(bool series, bool level, struct bytes name)
{
    return level ? bytes_is(name, "index") || bytes_starts(name, "level_")
                 : series && bytes_is(name, UNNAMED_SERIES);
}

/* Members that are columns, in order; the mark says how many of them are levels of the index. */
static bool columns_of(struct bytes mark, const struct h5_members *members, struct arena *arena,
                       struct value_table *t, struct error *err)
{
    int64_t levels;
    const size_t word = word_of(mark).len;
    if (word + 1 >= mark.len ||
        !number_read_int(bytes_of(mark.data + word + 1, mark.len - word - 1), &levels) || levels < 0 ||
        (uint64_t)levels > members->count || members->count == 0)
        return wrong(err);
    t->series = bytes_starts(mark, "series");
    t->levels = (size_t)levels;
    for (size_t i = 0; i < members->count; i++) {
        struct value *key = members->items[i].key, *v = members->items[i].value;
        if (h5_unnamed(t->series, i < t->levels, key->text))
            key = value_new(arena, VALUE_NONE);
        if (key == NULL || !value_put(arena, &t->columns, key, v))
            return arena_fail(arena, err);
        if (i == 0 && v->kind == VALUE_ARRAY && v->array != NULL && v->array->ndim == 1)
            t->rows = v->array->shape[0];
    }
    return true;
}

static bool labelled_of(const struct h5_members *members, struct arena *arena, struct value_table *t,
                        struct error *err)
{
    const struct value *counts[] = {member(members, "rows"), member(members, "levels")};
    const struct value *labels = member(members, "labels"), *values = member(members, "values");
    const struct value *series = member(members, "series");
    for (size_t i = 0; i < ROWS(counts); i++)
        if (counts[i] == NULL || counts[i]->kind != VALUE_INT || counts[i]->integer < 0)
            return wrong(err);
    if (labels == NULL || values == NULL || labels->kind != VALUE_LIST || values->kind != VALUE_LIST ||
        labels->list.count != values->list.count)
        return wrong(err);
    t->rows = (uint64_t)counts[0]->integer;
    t->levels = (size_t)counts[1]->integer;
    t->series = series != NULL && series->kind == VALUE_BOOL && series->boolean;
    for (size_t i = 0; i < labels->list.count; i++)
        if (!value_put(arena, &t->columns, labels->list.items[i], values->list.items[i]))
            return arena_fail(arena, err);
    return true;
}

static bool table_group(struct bytes mark, const struct h5_members *members, struct arena *arena,
                        struct value *node, struct error *err)
{
    struct value_table t = {0};
    if (!(bytes_is(mark, "columns") ? labelled_of(members, arena, &t, err)
                                    : columns_of(mark, members, arena, &t, err)))
        return false;
    for (size_t i = 0; i < t.columns.count; i++) {
        const struct value *v = t.columns.items[i].value;
        if (v->kind == VALUE_ARRAY && v->array == NULL) /* it contains the table */
            return wrong(err);
    }
    return table_become(node, arena, &t, err);
}

static bool dict_group(struct bytes mark, const struct h5_members *members, struct arena *arena,
                       struct value *node, struct error *err)
{
    if (bytes_is(mark, "dict"))
        return pairs_of(members, arena, &node->dict, err);
    for (size_t i = 0; i < members->count; i++)
        if (!value_put(arena, &node->dict, members->items[i].key, members->items[i].value))
            return arena_fail(arena, err);
    return true;
}

bool h5_marked_group(struct bytes mark, const struct h5_members *members, struct arena *arena,
                     struct value *node, struct error *err)
{
    switch ((enum value_kind)node->kind) {
    case VALUE_DICT:
        return dict_group(mark, members, arena, node, err);
    case VALUE_LIST:
    case VALUE_TUPLE:
    case VALUE_SET:
    case VALUE_FROZENSET:
    case VALUE_RANGE:
    case VALUE_SLICE:
        return list_group(members, arena, node, err);
    case VALUE_OBJECT:
        return bytes_is(mark, "object")
                   ? object_group(members, arena, node, err)
                   : collection_group(bytes_is(mark, "deque"), members, arena, node, err);
    case VALUE_ARRAY:
        return array_group(members, arena, node, err);
    case VALUE_DTYPE:
        return dtype_group(members, arena, node, err);
    case VALUE_EXTERNAL:
        return external_group(members, arena, node, err);
    case VALUE_TABLE:
        return table_group(mark, members, arena, node, err);
    case VALUE_NONE:
    case VALUE_BOOL:
    case VALUE_INT:
    case VALUE_BIGINT:
    case VALUE_FLOAT:
    case VALUE_COMPLEX:
    case VALUE_STR:
    case VALUE_BYTES:
    case VALUE_BYTEARRAY:
    case VALUE_GLOBAL:
    case VALUE_KIND_COUNT:
        break;
    }
    return wrong(err);
}
