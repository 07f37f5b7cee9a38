/* One exchange, one arena: everything allocated for a request, freed in one place. Not thread-safe. */
#ifndef MANDOLINE_ARENA_H
#define MANDOLINE_ARENA_H

#include <pthread.h>

#include "account.h"
#include "bytes.h"
#include "error.h"
#include "watch.h"

typedef void arena_cleanup_fn(void *arg);

struct arena_block;
struct arena_cleanup;

/*
 * Big blocks that wait for the next exchange: a block the kernel must clear and map anew costs more than all
 * that is done with it. Thread-safe; outlives the arenas that use it.
 */
struct arena_pool {
    pthread_mutex_t lock;
    struct arena_block *blocks;
    size_t block;            /* bytes of one, with its header */
    size_t count, most;      /* most: blocks that may wait */
    size_t lent;             /* blocks */
    struct account *account; /* of its blocks, and of the arenas and spools that use it; or NULL */
};

/* The biggest, which all arenas without a pool have, and the smallest; and what is left of one for others. */
enum { ARENA_BLOCK = 64 << 20, ARENA_BLOCK_LEAST = 1 << 20, ARENA_ROOM = ARENA_BLOCK - 16 };

/* block: a power of two from ARENA_BLOCK_LEAST to ARENA_BLOCK. */
void arena_pool_init(struct arena_pool *p, size_t most, size_t block, struct account *account);
void arena_pool_deinit(struct arena_pool *p);

/* How many wait now. */
size_t arena_pool_waiting(struct arena_pool *p);
/* Of its account, what is in use: without the blocks that wait. */
size_t arena_pool_used(struct arena_pool *p);

/*
 * Room for `size` bytes for another purpose, in blocks side by side: those that wait, and new ones while no
 * more than `most` wait or are lent, they would be at least half full, and half of the account is free. What
 * is in it is left from before. NULL: it is not to be had. Give it back with the *capacity that it has.
 */
void *arena_pool_borrow(struct arena_pool *p, uint64_t size, size_t *capacity);
void arena_pool_return(struct arena_pool *p, void *room, size_t capacity);

struct arena {
    uint8_t *at, *end; /* free room of the newest block; to end nobody asks the watch */
    uint8_t *block_end;
    struct arena_block *blocks;
    struct arena_cleanup *cleanups;
    size_t budget;           /* bytes that all blocks together may take */
    size_t used;             /* bytes taken */
    bool owes;               /* the account refuses nothing */
    bool starved;            /* the account, not the budget, refused a block */
    bool stale;              /* the newest block may hold anything: what is taken of it is zeroed then */
    struct arena_pool *pool; /* set after arena_init(), or NULL */
    struct watch *watch;     /* set after arena_init(), or NULL: when it is over, allocations fail */
};

/* Allocates nothing yet. budget is limits.memory: over it, allocations fail. */
void arena_init(struct arena *a, size_t budget);

/*
 * Right after arena_init(): what is small goes into `room` before anything is allocated. It is 16 bytes
 * aligned, outlives the arena's use, and counts for no budget; what is in it does not matter.
 */
void arena_lend(struct arena *a, void *room, size_t size);

/* Runs the deferred functions, last deferred first, and frees everything. A zeroed arena is accepted and
 * left. */
void arena_free(struct arena *a);

/* Where an arena stands. */
struct arena_mark {
    struct arena_block *blocks;
    struct arena_cleanup *cleanups;
    uint8_t *at, *block_end;
    size_t used;
};
struct arena_mark arena_mark(const struct arena *a);
/* All that was taken since is gone: its deferred functions are run, its blocks are freed. */
void arena_rewind(struct arena *a, struct arena_mark mark);

/* Zeroed memory aligned to 16, valid until arena_free(). NULL: count * size overflows or the budget is spent.
 */
void *arena_alloc(struct arena *a, size_t count, size_t size);

/* The same for who fills all of it: what is in it is not said. */
void *arena_take(struct arena *a, size_t count, size_t size);

/*
 * Grows memory of arena_alloc from old_size to new_size bytes, in place where nothing was allocated after it,
 * else by a copy; what is added is zeroed. memory may be NULL with old_size 0. Grow by doubling. NULL: as
 * arena_alloc; the old memory stays valid.
 */
void *arena_grow(struct arena *a, void *memory, size_t old_size, size_t new_size);

/* The same for who fills what is added. */
void *arena_extend(struct arena *a, void *memory, size_t old_size, size_t new_size);

/* An array that is full gets twice its *capacity of items of that size. For arena_room. */
void *arena_double(struct arena *a, void *items, size_t *capacity, size_t size);

/*
 * For an array that grows item by item: items, or where they are now that they had to grow. Item count, which
 * is at most *capacity, may be written then; it is not zeroed. items may be NULL with a *capacity of 0. NULL:
 * as arena_alloc; the old items stay valid.
 */
static inline void *arena_room(struct arena *a, void *items, size_t count, size_t *capacity, size_t size)
{
    return count < *capacity ? items : arena_double(a, items, capacity, size);
}

/* A copy in the arena, with a NUL after it. bytes.data is NULL when there was no memory. */
struct bytes arena_copy(struct arena *a, struct bytes bytes);

/* printf into the arena. NULL: no memory. */
char *arena_printf(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Runs fn(arg) in arena_free(). False: no memory; nothing was registered. */
bool arena_defer(struct arena *a, arena_cleanup_fn *fn, void *arg);

/* For last words: `more` bytes over the budget, whatever the account and the watch say. */
void arena_allow(struct arena *a, size_t more);

/* Of what it allocates, or NULL. */
static inline struct account *arena_account(const struct arena *a)
{
    return a->pool == NULL ? NULL : a->pool->account;
}

/* Why one of the above gave NULL: the limit by its name, or the watch. */
void arena_explain(const struct arena *a, struct error *err);

/* What every caller says then. Is false. */
static inline bool arena_fail(const struct arena *a, struct error *err)
{
    arena_explain(a, err);
    return false;
}

#endif
