/*
 * Indexes: what _new_Index(class, {"data": ..., "name": ...}) and its relatives describe. One of numbers in a
 * row is a range, one of several levels a table of them, any other an array.
 */
#include "pandas.h"
#include "table.h"

const struct known_kind known_index = {.type = "pandas.Index"};

enum {
    MOST_NUMBERED = 1 << 24, /* labels of a range that become an array */
    LABEL_COST = 128,        /* bytes that a label takes as a value */
};

/* An index taken apart. */
struct index {
    const struct value *class, *members;
};

static bool open_index(const struct value *v, struct index *out)
{
    static const char *const makers[] = {"_new_Index", "_new_DatetimeIndex", "_new_PeriodIndex",
                                         "_new_IntervalIndex"};
    if (v->kind != VALUE_OBJECT || v->object->made != OBJECT_REDUCE ||
        !known_match(&v->object->args->list, "gD"))
        return false;
    size_t i = 0;
    while (i < ROWS(makers) && !pandas_is(v->object->callable, makers[i]))
        i++;
    *out = (struct index){known_argument(v->object, 0), known_argument(v->object, 1)};
    return i < ROWS(makers) && pandas_is_small(out->members);
}

static bool is_multi(const struct index *x)
{
    return pandas_is(x->class, "MultiIndex");
}

static bool integer_of(const struct index *x, const char *name, int64_t *out)
{
    const struct value *v = value_get(x->members, name);
    if (v == NULL || v->kind != VALUE_INT)
        return false;
    *out = v->integer;
    return true;
}

struct numbers {
    int64_t start, stop, step;
    uint64_t count;
};

static bool range_of(const struct index *x, struct numbers *out)
{
    if (!pandas_is(x->class, "RangeIndex") || !integer_of(x, "start", &out->start) ||
        !integer_of(x, "stop", &out->stop) || !integer_of(x, "step", &out->step) || out->step == 0)
        return false;
    const bool down = out->step < 0;
    const uint64_t stride = down ? 0 - (uint64_t)out->step : (uint64_t)out->step;
    const uint64_t distance =
        down ? (uint64_t)out->start - (uint64_t)out->stop : (uint64_t)out->stop - (uint64_t)out->start;
    const bool empty = down ? out->start <= out->stop : out->start >= out->stop;
    out->count = empty ? 0 : (distance - 1) / stride + 1;
    return true;
}

static struct value *name_of(struct known_work *w, const struct index *x, struct error *err)
{
    struct value *name = value_get(x->members, "name");
    return name != NULL ? name : known_made_of(w, value_new(w->arena, VALUE_NONE), err);
}

/* ---- several levels ---- */

struct levels {
    const struct value_list *values, *codes, *names;
};

static const struct value_list *list_of(const struct index *x, const char *name)
{
    const struct value *v = value_get(x->members, name);
    if (v != NULL && v->kind == VALUE_OBJECT && v->object->items.count > 0)
        return &v->object->items; /* a FrozenList */
    return v != NULL && (v->kind == VALUE_LIST || v->kind == VALUE_TUPLE) ? &v->list : NULL;
}

static bool open_levels(const struct index *x, struct levels *out)
{
    out->values = list_of(x, "levels");
    out->codes = list_of(x, "codes");
    out->names = list_of(x, "names");
    if (out->codes == NULL)
        out->codes = list_of(x, "labels"); /* before 0.24 */
    return out->values != NULL && out->codes != NULL && out->names != NULL && out->values->count > 0 &&
           out->values->count == out->codes->count && out->values->count == out->names->count;
}

static struct value *level_array(struct known_work *w, const struct levels *l, size_t i, struct error *err)
{
    const struct value *values = pandas_array(w, l->values->items[i], err);
    return values == NULL ? NULL : pandas_take(w, values->array, l->codes->items[i], err);
}

static bool add_levels(struct known_work *w, const struct index *x, uint64_t rows, struct value_table *out,
                       struct error *err)
{
    struct levels l;
    if (!open_levels(x, &l))
        return false;
    for (size_t i = 0; i < l.values->count; i++) {
        struct value *values = level_array(w, &l, i, err);
        if (values == NULL || values->array->shape[0] != rows)
            return false;
        if (!value_put(w->arena, &out->columns, l.names->items[i], values))
            return arena_fail(w->arena, err);
    }
    out->levels = l.values->count;
    return true;
}

/* ---- as part of a table ---- */

bool pandas_index_length(struct known_work *w, struct value *v, uint64_t *out, struct error *err)
{
    struct index x;
    struct numbers n;
    struct levels l;
    if (!open_index(v, &x))
        return false;
    if (range_of(&x, &n)) {
        *out = n.count;
        return true;
    }
    const bool multi = is_multi(&x);
    if (multi && !open_levels(&x, &l))
        return false;
    const struct value *a = pandas_array(w, multi ? l.codes->items[0] : v, err);
    if (a == NULL || a->array->ndim != 1)
        return false;
    *out = a->array->shape[0];
    return true;
}

bool pandas_index_levels(struct known_work *w, struct value *v, uint64_t rows, struct value_table *out,
                         struct error *err)
{
    struct index x;
    struct numbers n;
    if (!open_index(v, &x))
        return false;
    if (is_multi(&x))
        return add_levels(w, &x, rows, out, err);
    struct value *name = name_of(w, &x, err), *values;
    if (name == NULL)
        return false;
    if (range_of(&x, &n)) {
        if (n.start == 0 && n.step == 1 && name->kind == VALUE_NONE)
            return true;
        values = n.count > MOST_NUMBERED ? NULL : pandas_range(w, n.start, n.step, n.count, err);
    } else {
        values = pandas_array(w, v, err);
    }
    if (values == NULL || values->array->ndim != 1 || values->array->shape[0] != rows)
        return false;
    if (!value_put(w->arena, &out->columns, name, values))
        return arena_fail(w->arena, err);
    out->levels = 1;
    return true;
}

static bool add_labels(struct known_work *w, const struct array *a, struct value **labels, bool tuples,
                       struct error *err)
{
    const uint8_t *data;
    if (!known_afford(w, (size_t)a->shape[0], LABEL_COST) || !array_pack(a, w->arena, &data, err))
        return false;
    for (size_t i = 0; i < a->shape[0]; i++) {
        struct value *v = pandas_element(w, &a->dtype, data + i * a->dtype.itemsize, err);
        if (v == NULL)
            return false;
        if (!tuples)
            labels[i] = v;
        else if (!value_append(w->arena, &labels[i]->list, v))
            return arena_fail(w->arena, err);
    }
    return true;
}

struct value **pandas_index_labels(struct known_work *w, struct value *v, size_t count, struct error *err)
{
    struct value_table levels = {0};
    struct index x;
    struct numbers n;
    struct value **labels =
        known_afford(w, count, LABEL_COST) ? arena_alloc(w->arena, count, sizeof(struct value *)) : NULL;
    if (labels == NULL || !open_index(v, &x) || !pandas_index_levels(w, v, count, &levels, err))
        return NULL;
    const bool tuples = is_multi(&x);
    for (size_t i = 0; tuples && i < count; i++)
        if ((labels[i] = value_new(w->arena, VALUE_TUPLE)) == NULL)
            return NULL;
    if (levels.levels == 0 && range_of(&x, &n)) {
        for (size_t i = 0; i < count; i++)
            if ((labels[i] = value_int(w->arena, (int64_t)i)) == NULL)
                return NULL;
        return labels;
    }
    for (size_t i = 0; i < levels.columns.count; i++)
        if (!add_labels(w, levels.columns.items[i].value->array, labels, tuples, err))
            return NULL;
    return labels;
}

/* ---- on its own ---- */

/* Names as to_frame() gives them: a level without one has its number. */
static struct value *table_of_levels(struct known_work *w, const struct index *x, struct error *err)
{
    struct levels l;
    struct value_table t = {0};
    struct value *v;
    struct error refused = {0};
    if (!open_levels(x, &l))
        return NULL;
    const struct value *codes = pandas_array(w, l.codes->items[0], err);
    if (codes == NULL || codes->array->ndim != 1 || !add_levels(w, x, codes->array->shape[0], &t, err))
        return NULL;
    t.rows = codes->array->shape[0];
    t.levels = 0;
    for (size_t i = 0; i < t.columns.count; i++) {
        if (t.columns.items[i].key->kind == VALUE_NONE)
            t.columns.items[i].key = value_int(w->arena, (int64_t)i);
        if (t.columns.items[i].key == NULL)
            return known_made_of(w, NULL, err);
    }
    return table_new(w->arena, &t, &v, &refused) ? v : NULL;
}

static struct value *range_value(struct known_work *w, const struct numbers *n, struct error *err)
{
    const int64_t bounds[] = {n->start, n->stop, n->step};
    struct value *v = value_new(w->arena, VALUE_RANGE);
    for (size_t i = 0; v != NULL && i < ROWS(bounds); i++) {
        struct value *bound = value_int(w->arena, bounds[i]);
        if (bound == NULL || !value_append(w->arena, &v->list, bound))
            return known_made_of(w, NULL, err);
    }
    return known_made_of(w, v, err);
}

struct value *pandas_index_of(struct known_work *w, const struct value_object *o, struct error *err)
{
    const struct value v = {.kind = VALUE_OBJECT, .object = (struct value_object *)(uintptr_t)o};
    struct index x;
    struct numbers n;
    if (!open_index(&v, &x))
        return NULL;
    if (range_of(&x, &n))
        return range_value(w, &n, err);
    if (is_multi(&x))
        return table_of_levels(w, &x, err);
    struct value *data = pandas_array(w, value_get(x.members, "data"), err);
    return data != NULL && data->array->ndim == 1 ? data : NULL;
}
