/*
 * What the files about pandas share. The forms are those of pandas 0.25 to 3.0. Functions that give a value
 * give NULL where there is none: the object stays what it is; with err->kind set: no memory.
 */
#ifndef MANDOLINE_KNOWN_PANDAS_H
#define MANDOLINE_KNOWN_PANDAS_H

#include "datetime64.h"
#include "rows.h"

/* A class of pandas, whatever module it is in. */
bool pandas_is(const struct value *class, const char *name);

/* The state of an object, or the member of it that is a dict. NULL: another one. */
struct value *pandas_state(const struct value *v);

/* A dict in which a key may be looked for again and again: pandas' own have few. */
static inline bool pandas_is_small(const struct value *v)
{
    enum { MOST_MEMBERS = 256 };
    return v->kind == VALUE_DICT && v->dict.count <= MOST_MEMBERS;
}

/* ---- pandas_arrays.c ---- */

/* The elements of an ndarray, of one of pandas' arrays, or of an index of one level: one or two dimensions.
 */
struct value *pandas_array(struct known_work *w, struct value *v, struct error *err);

/* values[codes], None, NaN or NaT where a code is -1; both have one dimension. */
struct value *pandas_take(struct known_work *w, const struct array *values, struct value *codes,
                          struct error *err);

/* An element as a value of its own: a label. */
struct value *pandas_element(struct known_work *w, const struct dtype *t, const uint8_t *p,
                             struct error *err);

/* start, start + step ... */
struct value *pandas_range(struct known_work *w, int64_t start, int64_t step, uint64_t count,
                           struct error *err);

/* ---- pandas_scalars.c ---- */

enum { PANDAS_TIME_MAX = DATETIME64_MAX + 9 };

/* isoformat() of so many units since 1970. Returns the length; 0: it is none (NaT). */
size_t pandas_write_time(int64_t count, struct bytes unit, char text[PANDAS_TIME_MAX]);

/* ---- pandas_periods.c ---- */

/* Texts of the ordinals in data, by a PeriodDtype. */
struct value *pandas_period_array(struct known_work *w, const struct value *dtype, struct value *data,
                                  struct error *err);

/* ---- pandas_index.c ---- */

/* How many labels an index has. False: it is none that we know. */
bool pandas_index_length(struct known_work *w, struct value *v, uint64_t *out, struct error *err);

/* The levels of an index of rows labels, as the first columns of a table: none when they are 0, 1 ... */
bool pandas_index_levels(struct known_work *w, struct value *v, uint64_t rows, struct value_table *out,
                         struct error *err);

/* The count labels, a tuple each where there are several levels. */
struct value **pandas_index_labels(struct known_work *w, struct value *v, size_t count, struct error *err);

#endif
