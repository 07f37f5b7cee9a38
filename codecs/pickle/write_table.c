/*
 * Tables as pandas pickles them: the object that stands for a table is put together, and then written as any
 * other object. The form is that of pandas 1.4 to 2.x, which 1.3 and 3.0 read too for what is used of it: one
 * block a column, every index by pandas.core.indexes.base._new_Index.
 */
#include "keyset.h"
#include "table.h"
#include "utf8.h"
#include "writer.h"

#include <math.h>

enum { WINDOW = 64 << 10 };

struct pandas {
    struct arena *arena;
    struct error *err;
    const struct value_table *table;
    struct value *new_index, *index, *none; /* made once, so that they are written once */
};

/* ---- pieces; NULL: no memory, or *err is set. NULL among the parts gives NULL. ---- */

static struct value *sequence(const struct pandas *p, enum value_kind kind, struct value *const *items,
                              size_t count)
{
    struct value *v = value_new(p->arena, kind);
    for (size_t i = 0; v != NULL && i < count; i++)
        if (items[i] == NULL || !value_append(p->arena, &v->list, items[i]))
            return NULL;
    return v;
}

#define TUPLE(p, ...)                                                                                        \
    sequence(p, VALUE_TUPLE, (struct value *const[]){__VA_ARGS__},                                           \
             sizeof((struct value *const[]){__VA_ARGS__}) / sizeof(struct value *))
#define LIST(p, ...)                                                                                         \
    sequence(p, VALUE_LIST, (struct value *const[]){__VA_ARGS__},                                            \
             sizeof((struct value *const[]){__VA_ARGS__}) / sizeof(struct value *))

struct member {
    const char *key;
    struct value *value;
};

static struct value *dict_of(const struct pandas *p, const struct member *members, size_t count)
{
    struct value *v = value_new(p->arena, VALUE_DICT);
    for (size_t i = 0; v != NULL && i < count; i++) {
        struct value *key = value_text(p->arena, members[i].key);
        if (key == NULL || members[i].value == NULL || !value_put(p->arena, &v->dict, key, members[i].value))
            return NULL;
    }
    return v;
}

#define DICT(p, ...)                                                                                         \
    dict_of(p, (const struct member[]){__VA_ARGS__},                                                         \
            sizeof((const struct member[]){__VA_ARGS__}) / sizeof(struct member))

static struct value *empty(const struct pandas *p, enum value_kind kind)
{
    return value_new(p->arena, kind);
}

static struct value *global(const struct pandas *p, const char *module, const char *name)
{
    return value_global(p->arena, bytes_text(module), bytes_text(name));
}

static struct value *object(const struct pandas *p, enum object_made made, struct value *callable,
                            struct value *args, struct value *state)
{
    struct value_object *o = arena_alloc(p->arena, 1, sizeof *o);
    struct value *v = value_new(p->arena, VALUE_OBJECT);
    if (o == NULL || v == NULL || callable == NULL || args == NULL)
        return NULL;
    *o = (struct value_object){.made = made, .callable = callable, .args = args};
    v->object = o;
    return state == NULL || value_append(p->arena, &o->states, state) ? v : NULL;
}

/* slice(start, stop, 1) */
static struct value *placement(const struct pandas *p, uint64_t start, uint64_t stop)
{
    struct value *bounds[] = {value_int(p->arena, (int64_t)start), value_int(p->arena, (int64_t)stop),
                              value_int(p->arena, 1)};
    return sequence(p, VALUE_SLICE, bounds, ROWS(bounds));
}

/* ---- elements that pandas can hold ---- */

static bool refuse(const struct pandas *p, const char *what)
{
    return FAIL(p->err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET,
                "a column of a pandas table cannot hold %s; hdf5 and typed JSON can", what);
}

/* Nanoseconds in one unit of a datetime64 or timedelta64; 0: it has none that is always the same. */
static int64_t nanoseconds(struct bytes unit)
{
    static const struct {
        const char *unit;
        int64_t factor;
    } units[] = {{"ns", 1},          {"us", 1000},         {"ms", 1000000},       {"s", 1000000000},
                 {"m", 60000000000}, {"h", 3600000000000}, {"D", 86400000000000}, {"W", 604800000000000}};
    for (size_t i = 0; i < ROWS(units); i++)
        if (bytes_is(unit, units[i].unit))
            return units[i].factor;
    return 0;
}

/* elements are little-endian and become nanoseconds. */
static bool scale_times(const struct pandas *p, struct bytes unit, uint8_t *elements, size_t count)
{
    const int64_t factor = nanoseconds(unit);
    if (factor == 0)
        return refuse(p, "times of this unit");
    for (size_t i = 0; i < count; i++) {
        int64_t n;
        memcpy(&n, elements + i * sizeof n, sizeof n);
        if (n != INT64_MIN && __builtin_mul_overflow(n, factor, &n))
            return refuse(p, "times before 1678 or after 2261");
        memcpy(elements + i * sizeof n, &n, sizeof n);
    }
    return true;
}

/* What lies in memory is used as it is where it can be. */
static bool number_elements(const struct pandas *p, struct dtype *t, const uint8_t **data, size_t count)
{
    const bool times = t->kind == DTYPE_DATETIME || t->kind == DTYPE_TIMEDELTA;
    const bool scaled = times && !bytes_is(t->unit, "ns");
    if (t->order != '>' && !scaled)
        return true;
    uint8_t *copy = arena_alloc(p->arena, count, t->itemsize);
    if (copy == NULL)
        return arena_fail(p->arena, p->err);
    memcpy(copy, *data, count * t->itemsize);
    dtype_swap(t, copy, count);
    if (scaled && !scale_times(p, t->unit, copy, count))
        return false;
    t->order = t->order == '>' ? '<' : t->order;
    t->unit = times ? bytes_text("ns") : t->unit;
    *data = copy;
    return true;
}

static struct value *text_of_unicode(const struct pandas *p, const struct dtype *t, const uint8_t *element)
{
    size_t count = t->itemsize / 4, n = 0;
    uint8_t *text = arena_alloc(p->arena, count + 1, 4);
    uint32_t code;
    if (text == NULL)
        return NULL;
    for (; count > 0; count--) {
        memcpy(&code, element + 4 * (count - 1), sizeof code);
        if (code != 0)
            break;
    }
    for (size_t i = 0; i < count; i++) {
        memcpy(&code, element + 4 * i, sizeof code);
        code = t->order == '>' ? __builtin_bswap32(code) : code;
        n += utf8_put(code > 0x10FFFF ? 0xFFFD : code, text + n);
    }
    return value_str(p->arena, bytes_of(text, n));
}

static struct value *text_of(const struct pandas *p, const struct dtype *t, const uint8_t *element)
{
    struct bytes text;
    if (t->kind == DTYPE_UNICODE)
        return text_of_unicode(p, t, element);
    if (t->kind == DTYPE_TEXT) {
        memcpy(&text, element, sizeof text);
        return t->text_is_bytes ? value_bytes(p->arena, text) : value_str(p->arena, text);
    }
    size_t n = t->itemsize;
    while (n > 0 && element[n - 1] == 0)
        n--;
    return value_bytes(p->arena, bytes_of(element, n));
}

/* Text of NumPy's own kinds is objects in pandas. */
static bool text_elements(const struct pandas *p, struct dtype *t, const uint8_t **data, size_t count)
{
    struct value **items = arena_alloc(p->arena, count, sizeof(struct value *));
    if (items == NULL)
        return arena_fail(p->arena, p->err);
    for (size_t i = 0; i < count; i++) {
        items[i] = text_of(p, t, *data + i * t->itemsize);
        if (items[i] == NULL)
            return arena_fail(p->arena, p->err);
    }
    *t = dtype_make(DTYPE_OBJECT, sizeof(struct value *));
    *data = (const uint8_t *)items;
    return true;
}

static bool elements_of(const struct pandas *p, const struct array *a, struct dtype *t, const uint8_t **data)
{
    *t = a->dtype;
    if (!array_pack(a, p->arena, data, p->err))
        return false;
    switch (t->kind) {
    case DTYPE_BOOL:
    case DTYPE_INT:
    case DTYPE_UINT:
    case DTYPE_FLOAT:
    case DTYPE_COMPLEX:
    case DTYPE_DATETIME:
    case DTYPE_TIMEDELTA:
        t->labels = NULL;
        t->label_count = 0;
        return number_elements(p, t, data, (size_t)a->shape[0]);
    case DTYPE_BYTES:
    case DTYPE_UNICODE:
    case DTYPE_TEXT:
        return text_elements(p, t, data, (size_t)a->shape[0]);
    case DTYPE_OBJECT:
        return true;
    case DTYPE_VOID:
        break;
    }
    return refuse(p, "records or raw bytes");
}

/* One dimension, or two of which the first is 1. */
static struct value *array_of(const struct pandas *p, struct dtype t, unsigned ndim, uint64_t count,
                              const void *data)
{
    uint64_t *shape = arena_alloc(p->arena, 2, sizeof *shape);
    if (shape == NULL)
        return NULL;
    shape[0] = ndim == 2 ? 1 : count;
    shape[1] = count;
    const struct array a = array_of_memory(t, ndim, shape, data);
    return value_array(p->arena, &a);
}

static struct value *column_values(const struct pandas *p, const struct array *a, unsigned ndim)
{
    struct dtype t;
    const uint8_t *data;
    return elements_of(p, a, &t, &data) ? array_of(p, t, ndim, a->shape[0], data) : NULL;
}

/* ---- an index of one level ---- */

static struct value *range_index(const struct pandas *p, uint64_t rows)
{
    struct value *state =
        DICT(p, {"name", p->none}, {"start", value_int(p->arena, 0)},
             {"stop", value_int(p->arena, (int64_t)rows)}, {"step", value_int(p->arena, 1)});
    return object(p, OBJECT_REDUCE, p->new_index,
                  TUPLE(p, global(p, "pandas.core.indexes.range", "RangeIndex"), state), NULL);
}

static struct value *plain_index(const struct pandas *p, struct value *data, struct value *name)
{
    return object(p, OBJECT_REDUCE, p->new_index, TUPLE(p, p->index, DICT(p, {"data", data}, {"name", name})),
                  NULL);
}

/* ---- an index of several levels: the different values of each, and which of them stands in which row ----
 */

static bool is_missing(const struct dtype *t, const uint8_t *element, const struct value *v)
{
    int64_t time = 0;
    double real = 0;
    if (t->kind == DTYPE_OBJECT)
        return v->kind == VALUE_NONE || (v->kind == VALUE_FLOAT && isnan(v->real));
    if (t->kind == DTYPE_DATETIME || t->kind == DTYPE_TIMEDELTA)
        memcpy(&time, element, sizeof time);
    else if (t->kind == DTYPE_FLOAT && t->itemsize == sizeof real)
        memcpy(&real, element, sizeof real);
    return time == INT64_MIN || isnan(real);
}

struct level {
    struct dtype dtype;
    const uint8_t *data;
    uint8_t *different; /* elements, count of them */
    size_t count;
    int64_t *codes;
};

static bool find_codes(const struct pandas *p, struct level *l, size_t rows)
{
    struct keyset seen;
    const size_t size = l->dtype.itemsize;
    keyset_init(&seen, p->arena);
    for (size_t i = 0; i < rows; i++) {
        const uint8_t *element = l->data + i * size;
        struct value *v = NULL;
        size_t found;
        if (l->dtype.kind == DTYPE_OBJECT)
            memcpy(&v, element, sizeof v);
        l->codes[i] = -1;
        if (is_missing(&l->dtype, element, v))
            continue;
        if (v == NULL)
            v = value_bytes(p->arena, bytes_of(element, size));
        if (v == NULL)
            return arena_fail(p->arena, p->err);
        if (!keyset_add(&seen, v, l->count, &found, p->err))
            return false;
        if (found == l->count)
            memcpy(l->different + size * l->count++, element, size);
        l->codes[i] = (int64_t)found;
    }
    return true;
}

static bool add_level(const struct pandas *p, const struct array *a, struct value *levels,
                      struct value *codes)
{
    const size_t rows = (size_t)a->shape[0];
    struct level l = {0};
    if (!elements_of(p, a, &l.dtype, &l.data))
        return false;
    l.different = arena_alloc(p->arena, rows, l.dtype.itemsize);
    l.codes = arena_alloc(p->arena, rows, sizeof *l.codes);
    if (l.different == NULL || l.codes == NULL)
        return arena_fail(p->arena, p->err);
    if (!find_codes(p, &l, rows))
        return false;
    struct value *level = plain_index(p, array_of(p, l.dtype, 1, l.count, l.different), p->none);
    struct value *code = array_of(p, dtype_make(DTYPE_INT, 8), 1, rows, l.codes);
    return (level != NULL && code != NULL && value_append(p->arena, &levels->list, level) &&
            value_append(p->arena, &codes->list, code)) ||
           arena_fail(p->arena, p->err);
}

/* pairs: the name of each level and its values. */
static struct value *multi_index(const struct pandas *p, const struct value_pair *pairs, size_t count)
{
    struct value *levels = empty(p, VALUE_LIST), *codes = empty(p, VALUE_LIST), *names = empty(p, VALUE_LIST);
    if (levels == NULL || codes == NULL || names == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++)
        if (!add_level(p, pairs[i].value->array, levels, codes) ||
            !value_append(p->arena, &names->list, pairs[i].key))
            return NULL;
    struct value *state =
        DICT(p, {"levels", levels}, {"codes", codes}, {"sortorder", p->none}, {"names", names});
    return object(p, OBJECT_REDUCE, p->new_index,
                  TUPLE(p, global(p, "pandas.core.indexes.multi", "MultiIndex"), state), NULL);
}

static struct value *row_index(const struct pandas *p)
{
    const struct value_table *t = p->table;
    if (t->levels == 0)
        return range_index(p, t->rows);
    if (t->levels > 1)
        return multi_index(p, t->columns.items, t->levels);
    return plain_index(p, column_values(p, t->columns.items[0].value->array, 1), t->columns.items[0].key);
}

/* ---- the labels of the columns as an index ---- */

/* The parts that all labels have when they are tuples of one length; else 0. */
static size_t parts_of(const struct value_pair *columns, size_t count)
{
    const size_t parts = count > 0 && columns[0].key->kind == VALUE_TUPLE ? columns[0].key->list.count : 0;
    for (size_t i = 1; i < count; i++)
        if (columns[i].key->kind != VALUE_TUPLE || columns[i].key->list.count != parts)
            return 0;
    return parts > 1 ? parts : 0;
}

static struct value *tuple_labels(const struct pandas *p, const struct value_pair *columns, size_t count,
                                  size_t parts)
{
    struct value_pair *levels = arena_alloc(p->arena, parts, sizeof *levels);
    for (size_t i = 0; levels != NULL && i < parts; i++) {
        struct value **items = arena_alloc(p->arena, count, sizeof(struct value *));
        for (size_t j = 0; items != NULL && j < count; j++)
            items[j] = columns[j].key->list.items[i];
        const struct dtype t = dtype_make(DTYPE_OBJECT, sizeof(struct value *));
        levels[i].key = p->none;
        levels[i].value = items == NULL ? NULL : array_of(p, t, 1, count, items);
        if (levels[i].value == NULL)
            return NULL;
    }
    return levels == NULL ? NULL : multi_index(p, levels, parts);
}

static struct value *label_index(const struct pandas *p, const struct value_pair *columns, size_t count)
{
    const size_t parts = parts_of(columns, count);
    if (parts > 0)
        return tuple_labels(p, columns, count, parts);
    struct value **labels = arena_alloc(p->arena, count, sizeof(struct value *));
    int64_t *numbers = arena_alloc(p->arena, count, sizeof *numbers);
    bool integers = count > 0;
    for (size_t i = 0; labels != NULL && numbers != NULL && i < count; i++) {
        labels[i] = columns[i].key;
        integers = integers && labels[i]->kind == VALUE_INT;
        numbers[i] = integers ? labels[i]->integer : 0;
    }
    if (labels == NULL || numbers == NULL)
        return NULL;
    const struct dtype t = dtype_make(integers ? DTYPE_INT : DTYPE_OBJECT, sizeof(int64_t));
    return plain_index(p, array_of(p, t, 1, count, integers ? (void *)numbers : (void *)labels), p->none);
}

/* ---- the table ---- */

static struct value *frame_manager(const struct pandas *p)
{
    const struct value_table *t = p->table;
    const struct value_pair *columns = t->columns.items + t->levels;
    const size_t count = t->columns.count - t->levels;
    struct value *blocks = empty(p, VALUE_TUPLE), *two = value_int(p->arena, 2);
    struct value *make = global(p, "pandas._libs.internals", "_unpickle_block");
    for (size_t i = 0; blocks != NULL && i < count; i++) {
        struct value *values = column_values(p, columns[i].value->array, 2);
        struct value *block =
            object(p, OBJECT_REDUCE, make, TUPLE(p, values, placement(p, i, i + 1), two), NULL);
        if (block == NULL || !value_append(p->arena, &blocks->list, block))
            return NULL;
    }
    return object(p, OBJECT_REDUCE, global(p, "pandas.core.internals.managers", "BlockManager"),
                  TUPLE(p, blocks, LIST(p, label_index(p, columns, count), row_index(p))), NULL);
}

/* (axes, [values], [items], {"0.14.1": ...}): of the state pandas reads the last part. */
static struct value *series_manager(const struct pandas *p)
{
    const struct value_table *t = p->table;
    struct value *values = column_values(p, t->columns.items[t->levels].value->array, 1);
    struct value *index = row_index(p), *axes = LIST(p, index);
    struct value *block = DICT(p, {"values", values}, {"mgr_locs", placement(p, 0, t->rows)});
    struct value *last = DICT(p, {"axes", axes}, {"blocks", LIST(p, block)});
    return object(p, OBJECT_NEWOBJ, global(p, "pandas.core.internals.managers", "SingleBlockManager"),
                  empty(p, VALUE_TUPLE),
                  TUPLE(p, axes, LIST(p, values), LIST(p, index), DICT(p, {"0.14.1", last})));
}

static struct value *flags(const struct pandas *p)
{
    return DICT(p, {"allows_duplicate_labels", value_bool(p->arena, true)});
}

static struct value *frame(const struct pandas *p)
{
    struct value *state =
        DICT(p, {"_mgr", frame_manager(p)}, {"_typ", value_text(p->arena, "dataframe")},
             {"_metadata", empty(p, VALUE_LIST)}, {"attrs", empty(p, VALUE_DICT)}, {"_flags", flags(p)});
    return state == NULL ? NULL
                         : object(p, OBJECT_NEWOBJ, global(p, "pandas.core.frame", "DataFrame"),
                                  empty(p, VALUE_TUPLE), state);
}

static struct value *series(const struct pandas *p)
{
    struct value *name = value_text(p->arena, "name");
    struct value *state = DICT(p, {"_mgr", series_manager(p)}, {"_typ", value_text(p->arena, "series")},
                               {"_metadata", LIST(p, name)}, {"attrs", empty(p, VALUE_DICT)},
                               {"_flags", flags(p)}, {"name", p->table->columns.items[p->table->levels].key});
    return state == NULL ? NULL
                         : object(p, OBJECT_NEWOBJ, global(p, "pandas.core.series", "Series"),
                                  empty(p, VALUE_TUPLE), state);
}

bool write_table_object(struct writer *w, struct value *v, struct error *err)
{
    struct pandas p = {.arena = w->e->arena, .err = err, .table = v->table};
    p.new_index = global(&p, "pandas.core.indexes.base", "_new_Index");
    p.index = global(&p, "pandas.core.indexes.base", "Index");
    p.none = value_new(p.arena, VALUE_NONE);
    if (p.new_index == NULL || p.index == NULL || p.none == NULL)
        return arena_fail(p.arena, err);
    const struct value *o = v->table->series ? series(&p) : frame(&p);
    if (o == NULL)
        return err->kind == ERR_NONE ? arena_fail(p.arena, err) : false;
    v->kind = VALUE_OBJECT;
    v->object = o->object;
    return true;
}
