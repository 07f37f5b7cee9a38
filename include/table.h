/* Tables: named columns of one length, of pandas and of CSV. */
#ifndef MANDOLINE_TABLE_H
#define MANDOLINE_TABLE_H

#include "value.h"

/*
 * A table in the arena, its pairs borrowed. Lists among the columns become arrays of objects, which are
 * views of them. ERR_SYNTAX: a column is neither an array of one dimension nor a list, or their lengths are
 * not rows; a series has not exactly one column behind its levels. The nodes of the columns may change.
 */
bool table_new(struct arena *arena, const struct value_table *table, struct value **out, struct error *err);
/* The same in a node that is there: v becomes a table, or is as before. */
bool table_become(struct value *v, struct arena *arena, const struct value_table *table, struct error *err);

/*
 * Rows as pandas.DataFrame takes them: a list or tuple, not empty, of dicts. As a table: a column for every
 * key, in the order of their first rows, None where a row has none; no value is changed. The rows are
 * borrowed.
 */
bool table_is_rows(const struct value *v);
bool table_of_rows(const struct value_list *rows, struct arena *arena, struct value **out, struct error *err);

/*
 * The columns with the names that pandas' reset_index() gives: a level without a name is "index" ("level_0"
 * where a column has that label), or "level_0", "level_1" ... when there are several; a series without a
 * name is 0. Values and other labels are those of the table.
 */
bool table_named(const struct value_table *t, struct arena *arena, struct value_pairs *out,
                 struct error *err);

/* The same of one column. NULL: no memory. */
struct value *table_name(const struct value_table *t, size_t column, struct arena *arena);

/*
 * Rows as records, all in memory, as pandas' reset_index().to_records(index=False) gives them (without
 * reset_index where there is no index); text columns of str alone are of dtype 'U'. A series without an
 * index is its column. ERR_UNREPRESENTABLE: two columns have one name, or a label is no text nor integer.
 */
bool table_records(const struct value_table *t, struct arena *arena, struct array *out, struct error *err);

/* Columns, or cells, as a dict of their names. ERR_UNREPRESENTABLE: two names are equal. */
bool table_dict(struct value_pair *pairs, size_t count, struct arena *arena, struct value **out,
                struct error *err);

/* What one step of a path names: a column, a level, "columns" or "index". *out is NULL: nothing. */
bool table_part(const struct value_table *t, struct bytes step, struct arena *arena, struct value **out,
                struct error *err);

/* The part of the rows, and the columns (levels stay), that are wanted: as array_select for each column. Rows
 * are numbered anew. */
struct selection;
bool table_select(const struct value_table *t, const struct selection *s, const struct limits *limits,
                  struct arena *arena, struct value **out, struct error *err);
bool table_select_fields(const struct value_table *t, const struct bytes *names, size_t count,
                         struct arena *arena, struct value **out, struct error *err);

#endif
