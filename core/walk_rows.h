/* Elements of arrays that are neither bytes nor values but both (dtype_is_mixed), as values, block by block.
 */
#ifndef MANDOLINE_WALK_ROWS_H
#define MANDOLINE_WALK_ROWS_H

#include "record.h"

struct walk_rows;

/* In the arena, which frees what the rows take beside it. */
bool walk_rows_new(const struct array *a, struct arena *arena, struct walk_rows **out, struct error *err);

/* How many elements there are. */
size_t walk_rows_count(const struct walk_rows *r);

/* The next of them, valid until the next call; *count 0: there are none. */
bool walk_rows_next(struct walk_rows *r, struct value *const **items, size_t *count, struct error *err);

/* The next call gives none. */
void walk_rows_skip(struct walk_rows *r);

#endif
