/* How long things took: counts of durations by their order of magnitude. Relaxed atomics, no lock. */
#ifndef MANDOLINE_HISTOGRAM_H
#define MANDOLINE_HISTOGRAM_H

#include <stdatomic.h>
#include <stdint.h>

enum { HISTOGRAM_BOUNDS = 17 };

/* Microseconds, ascending; behind the last one there is everything longer. */
extern const uint64_t histogram_bounds[HISTOGRAM_BOUNDS];

/* Zeroed is empty. */
struct histogram {
    atomic_uint_fast64_t counts[HISTOGRAM_BOUNDS + 1];
    atomic_uint_fast64_t sum; /* microseconds */
};

void histogram_add(struct histogram *h, uint64_t microseconds);

/* What all of it came to at one moment, or nearly. */
struct histogram_total {
    uint64_t counts[HISTOGRAM_BOUNDS + 1], sum;
};

/* Adds h, so that several histograms make one. */
void histogram_collect(const struct histogram *h, struct histogram_total *out);

#endif
