/*
 * Numbers as colours: a level for each number between two ends, and a table of colours for the levels. Level
 * 0 is transparent: NaN, and on a logarithmic scale what is not above zero. Levels 1 to 255 go from the lower
 * end to the upper one; what lies beyond an end has that end's level.
 */
#ifndef MANDOLINE_PICTURE_H
#define MANDOLINE_PICTURE_H

#include "array.h"

enum { PICTURE_LEVELS = 256 };

/* The values of cmap=, in the order of enum picture_map; NULL at the end. */
extern const char *const picture_maps[];
enum picture_map { MAP_VIRIDIS, MAP_GREY, MAP_HEAT, MAP_OCEAN, MAP_DIVERGING };

struct picture_look {
    enum picture_map map;
    bool log;              /* the levels are even in the logarithm */
    bool has_min, has_max; /* else picture_range() finds them */
    double min, max;
};

/* RGB of the levels. Level 0 has a colour too, for who cannot see that it is transparent: the lowest one's.
 */
void picture_colours(enum picture_map map, uint8_t out[PICTURE_LEVELS][3]);

/* The ends of the finite numbers (above zero where the scale is logarithmic), taken in block by block. */
struct picture_range {
    bool log;
    double min, max; /* min > max: there were none */
};

struct picture_range picture_range_of(const struct picture_look *look);
void picture_range_add(struct picture_range *r, const double *numbers, size_t count);

/* Sets the ends that the look does not have; 0 and 1 (log: 1 and 10) where no number tells. */
void picture_settle(struct picture_look *look, const struct picture_range *r);

/* Levels of numbers; the look is settled. */
void picture_levels(const struct picture_look *look, const double *numbers, size_t count, uint8_t *out);

/* An array of numbers as float64, in C order, in the arena. ERR_UNREPRESENTABLE: they are no real numbers. */
bool picture_numbers(const struct array *a, struct arena *arena, const double **out, size_t *count,
                     struct error *err);

/*
 * The curve through count numbers as an array of height rows and count columns: the number itself where the
 * curve runs, NaN beside it. The look is settled; numbers that are not finite leave a gap.
 */
bool picture_plot(const struct picture_look *look, const double *numbers, size_t count, size_t height,
                  struct arena *arena, struct array *out, struct error *err);

#endif
