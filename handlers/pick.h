/* Elements by coordinate, by condition and by place: what sel=, where=, points= and a sent index name. */
#ifndef MANDOLINE_PICK_H
#define MANDOLINE_PICK_H

#include "part.h"

/* An array, or a list that numpy.array() makes one of: *v becomes it. parameter is what needs it. */
bool array_needed(struct value **v, const char *parameter, struct arena *arena, struct error *err);

/*
 * sel= of part: along the axes that the coordinates belong to, where their values are. A coordinate is a
 * dimension scale of the dataset (HDF5), or what lies beside it and is as long as one of its axes.
 */
bool pick_selected(const struct document *document, const struct part *part, const struct limits *limits,
                   struct arena *arena, struct value **v, struct error *err);

/* where= of part: elements of a one-dimensional array, or rows of a table. *v becomes them. */
bool pick_where(const struct request *request, const struct part *part, const struct limits *limits,
                struct value **v, struct error *err);

/* points= of part, or part->index. */
bool pick_points(const struct part *part, const struct limits *limits, struct arena *arena, struct value **v,
                 struct error *err);

#endif
