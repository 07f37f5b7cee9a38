#include "histogram.h"

#include <stddef.h>

const uint64_t histogram_bounds[HISTOGRAM_BOUNDS] = {100,     250,     500,     1000,     2500,    5000,
                                                     10000,   25000,   50000,   100000,   250000,  500000,
                                                     1000000, 2500000, 5000000, 10000000, 60000000};

static size_t bucket_of(uint64_t microseconds)
{
    size_t i = 0;
    while (i < HISTOGRAM_BOUNDS && microseconds > histogram_bounds[i])
        i++;
    return i;
}

void histogram_add(struct histogram *h, uint64_t microseconds)
{
    atomic_fetch_add_explicit(&h->counts[bucket_of(microseconds)], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&h->sum, microseconds, memory_order_relaxed);
}

void histogram_collect(const struct histogram *h, struct histogram_total *out)
{
    for (size_t i = 0; i <= HISTOGRAM_BOUNDS; i++)
        out->counts[i] += atomic_load_explicit(&h->counts[i], memory_order_relaxed);
    out->sum += atomic_load_explicit(&h->sum, memory_order_relaxed);
}
