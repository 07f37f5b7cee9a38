/* Records whose fields hold pointers (text of any length, objects), element by element: what NumPy's own
 * lists of them hold (ndarray.tolist(), numpy's pickles). */
#ifndef MANDOLINE_RECORD_H
#define MANDOLINE_RECORD_H

#include "value.h"

/* Not flat, and neither 'O' nor 'T' itself: elements are neither bytes nor values but both. */
bool dtype_is_mixed(const struct dtype *t);

/*
 * One element: a tuple of the fields of a record, an array of a sub-array, the value of an object, and the
 * Python scalar of a plain type, or NumPy's where Python has none that is as wide. Texts are views: they are
 * valid as long as the element is.
 */
bool record_value(const struct dtype *t, const uint8_t *element, struct arena *arena, struct value **out,
                  struct error *err);

/*
 * Back: fills the t->itemsize zeroed bytes of element. False: v is no such value, and element is of no use;
 * or (err) there is no memory. Texts are views of v's.
 */
bool record_of_value(const struct dtype *t, const struct value *v, uint8_t *element, struct arena *arena,
                     struct error *err);

/* Elements in the arena from as many values. False: as above; or fields share bytes with a pointer. */
bool record_elements(const struct dtype *t, const struct value_list *values, struct arena *arena,
                     const uint8_t **out, struct error *err);

/* As Python has it: 'T' is 'O', and records that hold some are packed anew. NULL: no memory. */
const struct dtype *dtype_of_objects(const struct dtype *t, struct arena *arena);

#endif
