/* Arrays and dtypes of typed JSON. */
#ifndef MANDOLINE_JSON_TYPED_ARRAY_H
#define MANDOLINE_JSON_TYPED_ARRAY_H

#include "value.h"

/* The value of "$dtype", and of "dtype" in an array: a descr, or an object with one and more. */
bool typed_dtype_read(const struct value *v, struct arena *arena, struct dtype *out, struct error *err);

/*
 * An array, or a NumPy scalar, from the members of "$ndarray" or "$scalar". 'O' elements are the items of
 * members' "data" list themselves, so they may still be replaced there; see typed_array_order.
 */
bool typed_array_read(const struct value *members, bool scalar, struct arena *arena, struct array *out,
                      struct error *err);

/* 'O' elements, once they are what they will be, are put into Fortran order where the array has it. */
bool typed_array_order(struct array *a, struct arena *arena, struct error *err);

#endif
