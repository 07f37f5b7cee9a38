/*
 * What numbers say of themselves: how many they are, their extremes, their mean and their spread. They are
 * given block by block, so it takes no more memory for many than for few.
 *
 * A mean and a spread are those of the values that are there, to the last digits of a double, also where
 * squares would overflow or where a small spread lies far from zero: parts are summed up around their own
 * mean and merged in long double (Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for
 * computing sample variances", 1979).
 */
#ifndef MANDOLINE_STATISTICS_H
#define MANDOLINE_STATISTICS_H

#include "dtype.h"

struct statistics_type; /* how elements of a dtype are read */

/* So many numbers, their mean, and the sum of the squares of their distances from it. */
struct moments {
    uint64_t count;
    long double mean, squares; /* the mean: its distance from the origin */
    double origin;             /* one of the numbers, so that a small spread far from zero keeps its digits */
};

/* One accumulation; of finite elements unless a member says otherwise. */
struct statistics {
    const struct statistics_type *type;
    struct dtype dtype;
    uint64_t count, nan, infinite;  /* of all elements */
    struct moments real, imaginary; /* of 64-bit integers: of their distances from whole.origin */
    double min, max;                /* not of 64-bit integers, nor of complex numbers */
    double positive_min, strict_positive_min;
    struct {
        uint64_t min, max, positive_min, strict_positive_min, origin; /* in the order of their values */
        uint64_t total, total_high;                                   /* exact, 128 bits */
    } whole;                                                          /* of 64-bit integers */
};

/* What came out. What is not defined is a VALUE_NONE: all of nothing, extremes of complex numbers. */
struct summary {
    /* A complex number is NaN when a part is, as in NumPy, and NaT is, too; a float that no double holds is
     * infinite. */
    uint64_t count, finite, nan, infinite;
    struct value *min, *max;    /* finite ones; integers and times stay what they are; of bool 0 and 1 */
    struct value *positive_min; /* the smallest that is not negative */
    struct value *strict_positive_min; /* the smallest above zero */
    struct value *mean;                /* of finite ones; a float, complex, or a time (cut towards zero) */
    struct value *std;                 /* numpy.std of finite ones: the population's; not of times */
};

/* ERR_UNREPRESENTABLE: the dtype is none of b i u f c M m; a record says that its fields may be. */
bool statistics_init(struct statistics *s, const struct dtype *dtype, struct error *err);

/* count packed elements of the dtype. */
void statistics_add(struct statistics *s, const uint8_t *elements, size_t count);

bool statistics_summary(const struct statistics *s, struct arena *arena, struct summary *out,
                        struct error *err);

#endif
