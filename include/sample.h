/*
 * A few elements that stand for many: along each axis evenly spaced ones, at most so many. Where they would
 * touch more of the storage than a budget, whole stretches are passed over and what is read of the others is
 * spread over the gaps, so what is read is bounded whatever the size of the array.
 */
#ifndef MANDOLINE_SAMPLE_H
#define MANDOLINE_SAMPLE_H

#include "array.h"

/*
 * *out sees at most most[i] (1 at least) elements along axis i of a. chunks: how the storage is cut along
 * each of its axes, as a chunk is read whole; NULL: it lies in C order, and is read in pieces of rows.
 * budget: bytes of the storage that may be read; memory costs nothing. No axis is empty.
 */
bool array_sample(const struct array *a, const uint64_t *most, const uint64_t *chunks, uint64_t budget,
                  const struct limits *limits, struct arena *arena, struct array *out, struct error *err);

#endif
