/*
 * DataFrame and Series: tables put together from blocks. A block has the values of some columns, a row each,
 * and says which columns they are; every column must be there once. Forms of the manager of the blocks:
 *
 *   up to 1.2, series also later   state (axes, values, items, {"0.14.1": {"axes": [...], "blocks":
 * [{"values":
 *                                  ..., "mgr_locs": slice or array}]}})
 *   1.3                            BlockManager(blocks, axes), a block is partial(new_block)(values, where)
 *   from 1.4 on                    BlockManager(blocks, axes), a block is _unpickle_block(values, where,
 * ndim)
 */
#include "pandas.h"
#include "selection.h"
#include "table.h"

const struct known_kind known_frame = {.type = "pandas.DataFrame"};
const struct known_kind known_series = {.type = "pandas.Series"};

enum {
    MOST_COLUMNS = 1 << 20,
    COLUMN_COST = 512, /* bytes that a column takes beside its values */
};

struct manager {
    struct value *const *axes, *const *blocks;
    size_t axis_count, block_count;
};

struct block {
    struct value *values, *where;
};

/* ---- taking apart ---- */

static bool open_list(const struct value *v, struct value *const **items, size_t *count)
{
    if (v == NULL || (v->kind != VALUE_LIST && v->kind != VALUE_TUPLE))
        return false;
    *items = v->list.items;
    *count = v->list.count;
    return true;
}

/* The state's last member that has the form of 0.14.1. */
static const struct value *old_state(const struct value_object *o)
{
    const struct value *state = o->states.count == 1 ? o->states.items[0] : NULL;
    if (state == NULL || state->kind != VALUE_TUPLE || state->list.count == 0)
        return NULL;
    const struct value *last = state->list.items[state->list.count - 1];
    const struct value *form = pandas_is_small(last) ? value_get(last, "0.14.1") : NULL;
    return form != NULL && pandas_is_small(form) ? form : NULL;
}

static bool open_manager(const struct value *v, struct manager *out)
{
    if (v == NULL || v->kind != VALUE_OBJECT)
        return false;
    const struct value *old = old_state(v->object);
    if (old != NULL)
        return open_list(value_get(old, "axes"), &out->axes, &out->axis_count) &&
               open_list(value_get(old, "blocks"), &out->blocks, &out->block_count);
    const struct value_list *args = &v->object->args->list;
    const bool manager = pandas_is(v->object->callable, "BlockManager") ||
                         pandas_is(v->object->callable, "SingleBlockManager");
    if (!manager || args->count < 2)
        return false;
    if (!open_list(args->items[0], &out->blocks, &out->block_count)) {
        out->blocks = &args->items[0];
        out->block_count = 1;
    }
    if (!open_list(args->items[1], &out->axes, &out->axis_count)) {
        out->axes = &args->items[1];
        out->axis_count = 1;
    }
    return true;
}

static bool open_block(const struct value *v, struct block *out)
{
    if (pandas_is_small(v)) {
        *out = (struct block){value_get(v, "values"), value_get(v, "mgr_locs")};
        return out->values != NULL && out->where != NULL;
    }
    if (v->kind != VALUE_OBJECT || v->object->args->list.count < 2)
        return false;
    const struct value *make = v->object->callable;
    *out = (struct block){known_argument(v->object, 0), known_argument(v->object, 1)};
    return make->kind == VALUE_OBJECT || pandas_is(make, "_unpickle_block") || pandas_is(make, "new_block");
}

/* ---- places ---- */

/* The columns of a block: start, start + step ..., or a list of them. */
struct places {
    int64_t start, step;
    const uint8_t *list; /* int64, or NULL */
    uint64_t count;
};

static bool places_of_slice(const struct value *v, struct places *out)
{
    int64_t bounds[3];
    for (size_t i = 0; i < ROWS(bounds); i++) {
        if (v->list.count != ROWS(bounds) || v->list.items[i]->kind != VALUE_INT)
            return false;
        bounds[i] = v->list.items[i]->integer;
    }
    const int64_t step = bounds[2];
    if (step == 0 || bounds[0] < 0 || bounds[0] > MOST_COLUMNS || bounds[1] < -1 || step < -MOST_COLUMNS)
        return false;
    const int64_t distance = step > 0 ? bounds[1] - bounds[0] : bounds[0] - bounds[1];
    const int64_t stride = step > 0 ? step : -step;
    *out = (struct places){.start = bounds[0], .step = step};
    out->count = distance <= 0 ? 0 : (uint64_t)((distance - 1) / stride + 1);
    return true;
}

static bool find_places(struct known_work *w, struct value *v, struct places *out, struct error *err)
{
    if (v->kind == VALUE_SLICE)
        return places_of_slice(v, out);
    const struct value *a = pandas_array(w, v, err);
    if (a == NULL || a->array->ndim != 1 || a->array->dtype.kind != DTYPE_INT ||
        a->array->dtype.itemsize != 8 || a->array->dtype.order == '>')
        return false;
    *out = (struct places){.count = a->array->shape[0]};
    return array_pack(a->array, w->arena, &out->list, err);
}

static uint64_t place_at(const struct places *p, uint64_t i)
{
    int64_t at = p->start + (int64_t)i * p->step;
    if (p->list != NULL)
        memcpy(&at, p->list + i * sizeof at, sizeof at);
    return (uint64_t)at; /* a negative one is too big */
}

/* ---- putting together ---- */

/* Values of the i-th column of a block. */
static struct value *block_row(struct known_work *w, struct value *values, uint64_t i, struct error *err)
{
    const struct selection_part part = {.kind = SELECT_INDEX, .start = (int64_t)i};
    const struct selection row = {.parts = &part, .count = 1};
    struct error refused = {0};
    struct array seen;
    if (values->array->ndim == 1)
        return values;
    if (array_select(values->array, &row, w->limits, w->arena, &seen, &refused))
        return known_made_of(w, value_array(w->arena, &seen), err);
    return NULL;
}

/* Puts the columns of a block where they belong; columns has count of them, NULL where none is yet. */
static bool place_block(struct known_work *w, const struct value *v, struct value_pair *columns, size_t count,
                        size_t *placed, struct error *err)
{
    struct block b;
    struct places p;
    if (!open_block(v, &b))
        return false;
    struct value *values = pandas_array(w, b.values, err);
    if (values == NULL || !find_places(w, b.where, &p, err))
        return false;
    const uint64_t rows = values->array->ndim == 2 ? values->array->shape[0] : 1;
    if (p.count != rows || rows > count - *placed || !known_afford(w, (size_t)rows, COLUMN_COST))
        return false;
    for (uint64_t i = 0; i < rows; i++) {
        const uint64_t at = place_at(&p, i);
        if (at >= count || columns[at].value != NULL)
            return false;
        columns[at].value = block_row(w, values, i, err);
        if (columns[at].value == NULL)
            return false;
    }
    *placed += (size_t)rows;
    return true;
}

static bool place_blocks(struct known_work *w, const struct manager *m, struct value_pair *columns,
                         size_t count, struct error *err)
{
    size_t placed = 0;
    if (!known_afford(w, m->block_count, COLUMN_COST))
        return false;
    for (size_t i = 0; i < m->block_count; i++)
        if (!place_block(w, m->blocks[i], columns, count, &placed, err))
            return false;
    return placed == count;
}

static struct value *table_of(struct known_work *w, const struct value_table *t, struct error *err)
{
    struct value *v;
    struct error refused = {0};
    if (table_new(w->arena, t, &v, &refused))
        return v;
    if (refused.kind == ERR_LIMIT)
        *err = refused;
    return NULL;
}

/* The state of a DataFrame or Series, and its manager. */
static const struct value *open_state(const struct value_object *o, struct manager *m)
{
    const struct value object = {.kind = VALUE_OBJECT, .object = (struct value_object *)(uintptr_t)o};
    const struct value *state = pandas_state(&object);
    if (state == NULL)
        return NULL;
    const struct value *manager = value_get(state, "_mgr");
    return open_manager(manager != NULL ? manager : value_get(state, "_data"), m) ? state : NULL;
}

struct value *pandas_frame_of(struct known_work *w, const struct value_object *o, struct error *err)
{
    struct manager m;
    struct value_table t = {0};
    uint64_t count;
    if (open_state(o, &m) == NULL || m.axis_count != 2 || !pandas_index_length(w, m.axes[0], &count, err) ||
        count > MOST_COLUMNS || !pandas_index_length(w, m.axes[1], &t.rows, err) ||
        !pandas_index_levels(w, m.axes[1], t.rows, &t, err))
        return NULL;
    struct value **labels = pandas_index_labels(w, m.axes[0], (size_t)count, err);
    struct value_pair *columns =
        labels == NULL ? NULL : arena_alloc(w->arena, (size_t)count, sizeof *columns);
    if (columns == NULL || !place_blocks(w, &m, columns, (size_t)count, err))
        return NULL;
    for (size_t i = 0; i < count; i++)
        if (!value_put(w->arena, &t.columns, labels[i], columns[i].value))
            return known_made_of(w, NULL, err);
    return table_of(w, &t, err);
}

struct value *pandas_series_of(struct known_work *w, const struct value_object *o, struct error *err)
{
    struct manager m;
    struct block b;
    struct value_table t = {.series = true};
    const struct value *state = open_state(o, &m);
    if (state == NULL || m.axis_count != 1 || m.block_count != 1 || !open_block(m.blocks[0], &b) ||
        !pandas_index_length(w, m.axes[0], &t.rows, err) ||
        !pandas_index_levels(w, m.axes[0], t.rows, &t, err))
        return NULL;
    struct value *values = pandas_array(w, b.values, err), *name = value_get(state, "name");
    if (name == NULL)
        name = value_get(state, "_name");
    if (name == NULL)
        name = value_new(w->arena, VALUE_NONE);
    if (values == NULL)
        return NULL;
    if (name == NULL || !value_put(w->arena, &t.columns, name, values))
        return known_made_of(w, NULL, err);
    return table_of(w, &t, err);
}
