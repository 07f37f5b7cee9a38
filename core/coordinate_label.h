/* Places along an axis by the texts of its coordinate: coordinate.c's. */
#ifndef MANDOLINE_COORDINATE_LABEL_H
#define MANDOLINE_COORDINATE_LABEL_H

#include "coordinate.h"

bool coordinate_is_labels(const struct array *a);

/* As coordinate_find(). A range is from the place of its first text to that of its second. */
bool coordinate_find_label(const struct array *a, const struct coordinate_term *term, struct arena *arena,
                           uint64_t *start, uint64_t *count, bool *one, struct error *err);

#endif
