/* Blocks of memory, between the arenas that fill them and the pool where they wait. */
#ifndef MANDOLINE_ARENA_BLOCK_H
#define MANDOLINE_ARENA_BLOCK_H

#include "arena.h"

enum {
    HEADER = 16,           /* of a block */
    MAPPED_FROM = 1 << 20, /* blocks of this size come from the kernel, zeroed and page by page; of smaller
                              ones what is taken is zeroed */
};

struct arena_block {
    struct arena_block *previous;
    size_t size; /* with this header */
};

_Static_assert(sizeof(struct arena_block) <= HEADER && ARENA_BLOCK - HEADER == ARENA_ROOM,
               "what a block has");

/* NULL: the system has none. It has no header yet. */
void *block_map(size_t size);
/* Gives it back to the account and to the system. p may be NULL. */
void block_drop(struct arena_pool *p, struct arena_block *block);

/* One that waits, or NULL. */
struct arena_block *block_take(struct arena_pool *p);
/* False: the pool is full. */
bool block_give(struct arena_pool *p, struct arena_block *block);
/* Whether the account allows a new one, which it has counted then. owes: it must. p may be NULL. */
bool block_allowed(struct arena_pool *p, size_t size, bool owes);

#endif
