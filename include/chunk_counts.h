/* How the cache of unpacked HDF5 chunks does. */
#ifndef MANDOLINE_CHUNK_COUNTS_H
#define MANDOLINE_CHUNK_COUNTS_H

#include <stdint.h>

struct chunk_counts {
    uint64_t hits, misses; /* since the process began */
    uint64_t bytes;        /* kept now */
};

void chunk_counts(struct chunk_counts *out);

#endif
