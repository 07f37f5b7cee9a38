/* Rows as JSON has them, a dict each, as a table. */
#include "table.h"

#include "keyset.h"

bool table_is_rows(const struct value *v)
{
    if ((v->kind != VALUE_LIST && v->kind != VALUE_TUPLE) || v->list.count == 0)
        return false;
    for (size_t i = 0; i < v->list.count; i++)
        if (value_meaning(v->list.items[i])->kind != VALUE_DICT)
            return false;
    return true;
}

static bool find_columns(const struct value_list *rows, struct keyset *names, struct value_pairs *columns,
                         struct arena *arena, struct error *err)
{
    for (size_t i = 0; i < rows->count; i++) {
        const struct value_pairs *row = &value_meaning(rows->items[i])->dict;
        for (size_t j = 0; j < row->count; j++) {
            size_t column;
            if (!keyset_add(names, row->items[j].key, columns->count, &column, err))
                return false;
            if (column == columns->count &&
                !value_put(arena, columns, row->items[j].key, value_new(arena, VALUE_LIST)))
                return arena_fail(arena, err);
        }
    }
    return true;
}

/* All columns in one piece, of gaps: that they are too many is known before one is filled. NULL: no memory.
 */
static struct value **make_cells(struct value_pairs *columns, size_t rows, struct arena *arena)
{
    struct value *gap = value_new(arena, VALUE_NONE);
    struct value **cells = arena_alloc(arena, columns->count * rows, sizeof *cells);
    if (gap == NULL || cells == NULL)
        return NULL;
    for (size_t i = 0; i < columns->count * rows; i++)
        cells[i] = gap;
    for (size_t i = 0; i < columns->count; i++) {
        struct value *column = columns->items[i].value;
        if (column == NULL)
            return NULL;
        column->list = (struct value_list){.items = cells + i * rows, .count = rows};
    }
    return cells;
}

bool table_of_rows(const struct value_list *rows, struct arena *arena, struct value **out, struct error *err)
{
    struct value_table table = {.rows = rows->count};
    struct keyset names;
    keyset_init(&names, arena);
    if (!find_columns(rows, &names, &table.columns, arena, err))
        return false;
    struct value **cells = make_cells(&table.columns, rows->count, arena);
    if (cells == NULL)
        return arena_fail(arena, err);
    for (size_t i = 0; i < rows->count; i++) {
        const struct value_pairs *row = &value_meaning(rows->items[i])->dict;
        for (size_t j = 0; j < row->count; j++) {
            size_t column;
            if (!keyset_add(&names, row->items[j].key, 0, &column, err))
                return false;
            cells[column * rows->count + i] = row->items[j].value;
        }
    }
    return table_new(arena, &table, out, err);
}
