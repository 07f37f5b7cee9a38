/*
 * NumPy's basic indexing as text: "10:20:2,...,-1,[0,5,7]". Integers drop their axis; slices clip; negative
 * indices and steps count from the end; one "..." stands for all axes not named; missing trailing axes are
 * whole; one list of integers, in any order, picks along its axis (ints may be negative). Blanks around
 * tokens are allowed. "" selects everything. Also NumPy's: a ":" alone; "::-1".
 *
 * One thing is h5py's and not NumPy's: beside a list, axes stay in their order. Of a (2, 3, 4) array,
 * "0,:,[0,1]" has the shape (3, 2); NumPy would move the list's axis to the front, (2, 3).
 */
#ifndef MANDOLINE_SELECTION_H
#define MANDOLINE_SELECTION_H

#include "arena.h"
#include "bytes.h"
#include "limits.h"

enum selection_part_kind { SELECT_INDEX, SELECT_SLICE, SELECT_ELLIPSIS, SELECT_LIST };

struct selection_part {
    enum selection_part_kind kind;
    bool has_start, has_stop;
    int64_t start, stop, step; /* SELECT_INDEX: start */
    const int64_t *list;
    size_t list_count;
    size_t at; /* character of the text where the part begins */
};

struct selection {
    const struct selection_part *parts;
    size_t count;
};

struct axis;

/* ERR_ARGUMENT with the offset of the character that is wrong. */
bool selection_parse(struct bytes text, struct arena *arena, struct selection *out, struct error *err);

/*
 * Against a shape: one struct axis (array.h) per dimension, in the arena. ERR_ARGUMENT: too many parts, an
 * integer out of range.
 */
bool selection_resolve(const struct selection *s, unsigned ndim, const uint64_t *shape, struct arena *arena,
                       struct axis **out, struct error *err);

#endif
