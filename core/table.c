#include "table.h"

#include "array_of_value.h"
#include "keyset.h"
#include "number.h"
#include "selection.h"

/* ---- making ---- */

/* A list is an array of objects: its items are the elements. */
static bool make_array(struct value *v, struct arena *arena, struct error *err)
{
    if (v->kind == VALUE_ARRAY)
        return true;
    if (v->kind != VALUE_LIST)
        return FAIL(err, ERR_SYNTAX, ERROR_NO_OFFSET, "a column of a table is an array or a list");
    struct array *a = arena_alloc(arena, 1, sizeof *a);
    if (a == NULL)
        return arena_fail(arena, err);
    if (!array_of_objects(&v->list, arena, a, err))
        return false;
    *v = (struct value){.kind = VALUE_ARRAY, .mark = v->mark, .array = a};
    return true;
}

static uint64_t length_of(const struct value *v)
{
    if (v->kind == VALUE_LIST)
        return v->list.count;
    return v->kind == VALUE_ARRAY && v->array->ndim == 1 ? v->array->shape[0] : UINT64_MAX;
}

static bool check(const struct value_table *t, struct error *err)
{
    if (t->levels > t->columns.count || (t->series && t->columns.count != t->levels + 1))
        return FAIL(err, ERR_SYNTAX, ERROR_NO_OFFSET, "a table has other columns than it says");
    for (size_t i = 0; i < t->columns.count; i++)
        if (length_of(t->columns.items[i].value) != t->rows)
            return FAIL(
                err, ERR_SYNTAX, ERROR_NO_OFFSET,
                "a column of a table is an array of one dimension or a list, and as long as the table "
                "has rows");
    return true;
}

bool table_become(struct value *v, struct arena *arena, const struct value_table *table, struct error *err)
{
    struct value_table *copy = arena_alloc(arena, 1, sizeof *copy);
    if (copy == NULL)
        return arena_fail(arena, err);
    if (!check(table, err))
        return false;
    for (size_t i = 0; i < table->columns.count; i++)
        if (!make_array(table->columns.items[i].value, arena, err))
            return false;
    *copy = *table;
    *v = (struct value){.kind = VALUE_TABLE, .mark = v->mark, .table = copy};
    return true;
}

bool table_new(struct arena *arena, const struct value_table *table, struct value **out, struct error *err)
{
    struct value *v = value_new(arena, VALUE_NONE);
    if (v == NULL)
        return arena_fail(arena, err);
    if (!table_become(v, arena, table, err))
        return false;
    *out = v;
    return true;
}

/* ---- names ---- */

static bool has_label(const struct value_table *t, const char *name)
{
    for (size_t i = t->levels; i < t->columns.count; i++)
        if (t->columns.items[i].key->kind == VALUE_STR && bytes_is(t->columns.items[i].key->text, name))
            return true;
    return false;
}

/* NULL: no memory. */
static struct value *level_name(const struct value_table *t, size_t level, struct arena *arena)
{
    if (t->levels == 1 && !has_label(t, "index"))
        return value_text(arena, "index");
    const char *name = arena_printf(arena, "level_%zu", level);
    return name == NULL ? NULL : value_text(arena, name);
}

struct value *table_name(const struct value_table *t, size_t column, struct arena *arena)
{
    struct value *label = t->columns.items[column].key;
    if (label->kind != VALUE_NONE)
        return label;
    return column < t->levels ? level_name(t, column, arena) : t->series ? value_int(arena, 0) : label;
}

bool table_named(const struct value_table *t, struct arena *arena, struct value_pairs *out, struct error *err)
{
    struct value_pair *pairs = arena_alloc(arena, t->columns.count, sizeof *pairs);
    if (pairs == NULL)
        return arena_fail(arena, err);
    for (size_t i = 0; i < t->columns.count; i++) {
        pairs[i] = (struct value_pair){table_name(t, i, arena), t->columns.items[i].value};
        if (pairs[i].key == NULL)
            return arena_fail(arena, err);
    }
    *out = (struct value_pairs){.items = pairs, .count = t->columns.count};
    return true;
}

/* ---- paths ---- */

static struct value *find(const struct value_pair *pairs, size_t count, struct bytes step)
{
    int64_t number;
    const bool numeric = number_read_int(step, &number);
    for (size_t i = 0; i < count; i++) {
        const struct value *key = pairs[i].key;
        if ((key->kind == VALUE_STR && bytes_equal(key->text, step)) ||
            (numeric && key->kind == VALUE_INT && key->integer == number))
            return pairs[i].value;
    }
    return NULL;
}

bool table_dict(struct value_pair *pairs, size_t count, struct arena *arena, struct value **out,
                struct error *err)
{
    struct keyset keys;
    struct value *dict = value_new(arena, VALUE_DICT);
    if (dict == NULL)
        return arena_fail(arena, err);
    keyset_init(&keys, arena);
    dict->dict = (struct value_pairs){.items = pairs, .count = count};
    if (!keyset_unite_pairs(&keys, &dict->dict, err))
        return false;
    if (dict->dict.count != count)
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET,
                    "two columns of the table have one label: as a dict one of them would be lost");
    *out = dict;
    return true;
}

/* NULL: no memory. */
static struct value *row_numbers(const struct value_table *t, struct arena *arena)
{
    const int64_t bounds[] = {0, (int64_t)t->rows, 1};
    struct value *range = value_new(arena, VALUE_RANGE);
    for (size_t i = 0; range != NULL && i < ROWS(bounds); i++) {
        struct value *bound = value_int(arena, bounds[i]);
        if (bound == NULL || !value_append(arena, &range->list, bound))
            return NULL;
    }
    return range;
}

bool table_part(const struct value_table *t, struct bytes step, struct arena *arena, struct value **out,
                struct error *err)
{
    struct value_pairs named;
    if (!table_named(t, arena, &named, err))
        return false;
    *out = find(named.items + t->levels, named.count - t->levels, step);
    if (*out == NULL)
        *out = find(named.items, t->levels, step);
    if (*out != NULL)
        return true;
    if (bytes_is(step, "columns"))
        return table_dict(named.items + t->levels, named.count - t->levels, arena, out, err);
    if (!bytes_is(step, "index"))
        return true;
    if (t->levels > 1)
        return table_dict(named.items, t->levels, arena, out, err);
    *out = t->levels == 1 ? named.items[0].value : row_numbers(t, arena);
    return *out != NULL || arena_fail(arena, err);
}

/* ---- selections ---- */

bool table_select(const struct value_table *t, const struct selection *s, const struct limits *limits,
                  struct arena *arena, struct value **out, struct error *err)
{
    struct value_table part = *t;
    part.columns.items = arena_alloc(arena, t->columns.count, sizeof *part.columns.items);
    if (part.columns.items == NULL)
        return arena_fail(arena, err);
    for (size_t i = 0; i < t->columns.count; i++) {
        struct array seen;
        if (!array_select(t->columns.items[i].value->array, s, limits, arena, &seen, err))
            return false;
        if (seen.ndim != 1)
            return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET,
                        "a slice of a table names rows: a slice or a list of them");
        part.rows = seen.shape[0];
        part.columns.items[i].key = t->columns.items[i].key;
        part.columns.items[i].value = value_array(arena, &seen);
        if (part.columns.items[i].value == NULL)
            return arena_fail(arena, err);
    }
    return table_new(arena, &part, out, err);
}

bool table_select_fields(const struct value_table *t, const struct bytes *names, size_t count,
                         struct arena *arena, struct value **out, struct error *err)
{
    struct value_table part = *t;
    const size_t columns = t->columns.count - t->levels;
    part.columns.count = t->levels;
    part.columns.items = arena_alloc(arena, t->levels + count, sizeof *part.columns.items);
    if (part.columns.items == NULL)
        return arena_fail(arena, err);
    for (size_t i = 0; i < t->levels; i++)
        part.columns.items[i] = t->columns.items[i];
    for (size_t i = 0; i < count; i++) {
        size_t at = 0;
        while (at < columns && find(&t->columns.items[t->levels + at], 1, names[i]) == NULL)
            at++;
        if (at == columns)
            return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "the table has no column '%.*s'",
                        (int)(names[i].len < 60 ? names[i].len : 60), (const char *)names[i].data);
        part.columns.items[part.columns.count++] = t->columns.items[t->levels + at];
    }
    return table_new(arena, &part, out, err);
}
