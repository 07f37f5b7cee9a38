/* How much memory there is. */
#ifndef MANDOLINE_MEMORY_H
#define MANDOLINE_MEMORY_H

#include <stddef.h>

#include "limits.h"

/*
 * What all exchanges together may take: limits->total_memory, or three quarters of what the machine has, or
 * the container (cgroup); without what the caches of chunks and of short answers may have.
 */
size_t memory_budget(const struct limits *limits);

/* Of blocks for arenas, bytes: big ones are fast, but a request has all of its last one, so that a small
 * budget is divided into many. */
size_t memory_block(size_t budget);

#endif
