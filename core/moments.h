/* Mean and squares of many numbers, part by part, each around a guess at its own mean. */
#ifndef MANDOLINE_MOMENTS_H
#define MANDOLINE_MOMENTS_H

#include "statistics.h"

struct sums {
    double total, min, max;
};

/* Of one number at least. What is not finite shows in the total. */
struct sums sum_up(const double *x, size_t n);

/* Of n numbers, which add up so; their mean is a distance from the origin. */
struct moments moments_of(const double *x, size_t n, const struct sums *sums, double origin);
/* Both are around the same origin. */
void moments_merge(struct moments *m, struct moments part);

/* The same numbers to those before, around the origin of the first part. */
void moments_add(struct moments *m, const double *x, size_t n, const struct sums *sums);

double moments_mean(const struct moments *m);

#endif
