/*
 * Elements by their places, as NumPy picks them with index arrays (a[[0, 2], [1, 3]]) and with a mask (a[a >
 * 0]): places along the leading axes, in the order in which they are given; the axes behind stay as they are.
 */
#ifndef MANDOLINE_POINTS_H
#define MANDOLINE_POINTS_H

#include "array.h"

struct value;

struct points {
    unsigned axes; /* leading axes of the array that a place names */
    unsigned ndim; /* axes of the answer that stand for them, and their lengths */
    const uint64_t *shape;
    uint64_t count;         /* of places: the product of shape */
    const uint64_t *places; /* each in C order over the leading axes */
};

/*
 * "(0,1),(2,3)", "[[0,1],[2,3]]", or "3,5,-1" for one axis. Negative ones count from the end. ERR_ARGUMENT
 * with the offset of the character that is wrong, or of the place that is out of bounds.
 */
bool points_parse(struct bytes text, unsigned ndim, const uint64_t *shape, struct arena *arena,
                  struct points *out, struct error *err);

/*
 * What a[v] picks: of an array (or list) of bool, where it is True; of integers, places along the first axis;
 * of a tuple or the values of a dict, integers for each leading axis, broadcast against each other.
 */
bool points_of_value(const struct value *v, unsigned ndim, const uint64_t *shape, struct arena *arena,
                     struct points *out, struct error *err);

/*
 * *out reads the elements at the places as it is read itself: those near each other together, whatever their
 * order. p->places live as long as the arena.
 */
bool array_points(const struct array *a, const struct points *p, const struct limits *limits,
                  struct arena *arena, struct array *out, struct error *err);

#endif
