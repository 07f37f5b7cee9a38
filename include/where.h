/*
 * Conditions on elements, as text: "wind > 3 and not (kind == 'gust' or 0 <= hour < 6)".
 *
 *   condition   and, or, not (also &, |, ~, &&, ||, !), parentheses
 *   comparison  == != < <= > >= (= is ==), between two of: a field, a number, a text in quotes, true, false;
 * a chain a < b < c is a < b and b < c; a field of bool alone is true where it is field       a name of
 * letters, digits, '_' and '.' (a field of a field), or anything in `backquotes`; the element itself, where
 * it has no fields, is `value`
 *
 * Numbers are compared as they are, 64-bit integers exactly; beside a field of float16 or float32 a number is
 * rounded to it first, as NumPy does. Nothing is equal to NaN. Text is ordered by its code points. Beside an
 * enumeration a text is one of its names.
 */
#ifndef MANDOLINE_WHERE_H
#define MANDOLINE_WHERE_H

#include "array.h"

struct where;

/* ERR_ARGUMENT with the offset of the character that is wrong. */
bool where_parse(struct bytes text, struct arena *arena, struct where **out, struct error *err);

/* The fields that it names, each once; views into the text, or the arena's. */
const struct bytes *where_names(const struct where *w, size_t *count);

/* What the elements of one field are, and where: memory of each block is given to where_test. */
struct where_column {
    struct dtype dtype;
    const uint8_t *data;
    size_t stride;
};

/* Checks it against the types of its fields, in the order of where_names. ERR_ARGUMENT, ERR_UNREPRESENTABLE.
 */
bool where_bind(struct where *w, const struct where_column *columns, struct error *err);

/* truths[i] is 1 where element i meets the condition, else 0. At most WHERE_BLOCK elements. */
enum { WHERE_BLOCK = 1024 };
void where_test(struct where *w, const struct where_column *columns, size_t count, uint8_t *truths);

/*
 * The places of the elements of a one-dimensional array that meet the condition, ascending, in the arena. It
 * is read block by block.
 */
bool where_places(struct where *w, const struct array *a, struct arena *arena, uint64_t **places,
                  uint64_t *count, struct error *err);

/* The same for rows of columns that lie in memory. */
bool where_rows(struct where *w, const struct where_column *columns, uint64_t rows, struct arena *arena,
                uint64_t **places, uint64_t *count, struct error *err);

#endif
