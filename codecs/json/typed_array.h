/* Arrays and dtypes of typed JSON. */
#ifndef MANDOLINE_JSON_TYPED_ARRAY_H
#define MANDOLINE_JSON_TYPED_ARRAY_H

#include "value.h"

/* The value of "$dtype", and of "dtype" in an array: a descr, or an object with one and more. */
bool typed_dtype_read(const struct value *v, struct arena *arena, struct dtype *out, struct error *err);

/*
 * An array, or a NumPy scalar, from the members of "$ndarray" or "$scalar". Where elements are values (of
 * 'O', and of records that are not bytes alone), the items of members' "data" list may still be replaced
 * until typed_array_complete(). 'O' elements are these items themselves; records are not there before (data:
 * NULL).
 */
bool typed_array_read(const struct value *members, bool scalar, struct arena *arena, struct array *out,
                      struct error *err);

/* Once they are what they will be: 'O' elements come into Fortran order where the array has it, tuples become
 * records. */
bool typed_array_complete(struct array *a, const struct value *members, struct arena *arena,
                          struct error *err);

#endif
