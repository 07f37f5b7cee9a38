/* Tables of typed JSON. */
#include "typed_tags.h"

#include "table.h"

bool typed_begin_table(struct typed_reader *r, const struct tag_use *use, struct error *err)
{
    struct value *const members = use->argument;
    struct value_table *t = arena_alloc(r->arena, 1, sizeof *t);
    if (t == NULL)
        return arena_fail(r->arena, err);
    if (members->kind != VALUE_DICT)
        return tag_wrong(use, "an object with rows and columns", err);
    tag_become(use->v, VALUE_TABLE);
    use->v->table = t;
    return tag_push(r, use, frame_of_values(members), err);
}

/* One list of columns behind those that are there. */
static bool add_columns(struct typed_reader *r, const struct value *list, struct value_table *t,
                        struct error *err)
{
    struct value_pairs pairs;
    if (!tag_read_pairs(r, list, &pairs, err))
        return false;
    for (size_t i = 0; i < pairs.count; i++)
        if (!value_put(r->arena, &t->columns, pairs.items[i].key, pairs.items[i].value))
            return arena_fail(r->arena, err);
    return true;
}

bool typed_finish_table(struct typed_reader *r, struct value *node, struct value *argument, struct error *err)
{
    const struct value *rows = value_get(argument, "rows"), *series = value_get(argument, "series");
    const struct value *index = value_get(argument, "index"), *columns = value_get(argument, "columns");
    struct value_table t = {0};
    if (rows == NULL || rows->kind != VALUE_INT || rows->integer < 0 ||
        (series != NULL && series->kind != VALUE_BOOL) || (index != NULL && index->kind != VALUE_LIST) ||
        (columns != NULL && columns->kind != VALUE_LIST) ||
        argument->dict.count != 1U + (series != NULL) + (index != NULL) + (columns != NULL))
        return FAIL(err, ERR_SYNTAX, ERROR_NO_OFFSET,
                    "$table must have rows (a number), and may have index, columns (lists of lists of label "
                    "and values) and series (true)");
    t.rows = (uint64_t)rows->integer;
    t.series = series != NULL && series->boolean;
    if (index != NULL && !add_columns(r, index, &t, err))
        return false;
    t.levels = t.columns.count;
    return (columns == NULL || add_columns(r, columns, &t, err)) && table_become(node, r->arena, &t, err);
}
