/* A table as plain JSON, row by row: as many columns are read side by side as there are. */
#ifndef MANDOLINE_JSON_ROWS_H
#define MANDOLINE_JSON_ROWS_H

#include "writer.h"

/*
 * Opens the table and prepares its rows: they are written by rows_put, before the walk goes on. Not for a
 * table of which rows_are_columns.
 */
bool rows_begin(struct json_writer *w, const struct value_table *t, struct sink *out, struct error *err);

/* Some rows more. w->rows becomes NULL after the last one. */
bool rows_put(struct json_writer *w, struct sink *out, struct error *err);

/* True when the walk visits the columns of the table as a dict's pairs. */
bool rows_are_columns(const struct json_writer *w, const struct value_table *t);

/* Closes what rows_begin opened. */
bool rows_end(struct json_writer *w, const struct value_table *t, struct sink *out, struct error *err);

#endif
