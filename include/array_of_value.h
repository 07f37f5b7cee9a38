/* Lists as arrays, for formats that hold nothing else: what numpy.array() makes of them. */
#ifndef MANDOLINE_ARRAY_OF_VALUE_H
#define MANDOLINE_ARRAY_OF_VALUE_H

#include "value.h"

/*
 * *out is the array that numpy.array(v) would be: nested lists and tuples of one shape; bool, int64, float64,
 * complex128, '<U' and 'S' by the widest element; arrays and NumPy scalars inside of lists take part with
 * their shape and dtype. A scalar has no dimensions; an array is itself; a table is table_records().
 * ERR_UNREPRESENTABLE with the place says what numpy.array() refuses or would make objects of.
 *
 * Where numpy.array() would change values silently we don't: integers of which one needs it are uint64, or
 * are refused beside negative ones; numbers beside strings are refused.
 */
bool array_of_value(const struct value *v, struct arena *arena, struct array *out, struct error *err);

/* One dimension of objects, which are the items: a view of them. */
bool array_of_objects(const struct value_list *items, struct arena *arena, struct array *out,
                      struct error *err);

#endif
