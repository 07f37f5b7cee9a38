/* Elements by condition and by place: the parts of a document that where=, points= and a sent index name. */
#ifndef MANDOLINE_PICK_H
#define MANDOLINE_PICK_H

#include "part.h"

/* An array, or a list that numpy.array() makes one of: *v becomes it. parameter is what needs it. */
bool array_needed(struct value **v, const char *parameter, struct arena *arena, struct error *err);

/* where= of part: elements of a one-dimensional array, or rows of a table. *v becomes them. */
bool pick_where(const struct part *part, const struct limits *limits, struct arena *arena, struct value **v,
                struct error *err);

/* points= of part, or part->index. */
bool pick_points(const struct part *part, const struct limits *limits, struct arena *arena, struct value **v,
                 struct error *err);

#endif
