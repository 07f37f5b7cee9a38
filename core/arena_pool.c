#include "arena_block.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/mman.h>

void *block_map(size_t size)
{
    assert(size > 0);
    if (size < MAPPED_FROM)
        return malloc(size);
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return NULL;
    madvise(memory, size, MADV_HUGEPAGE); /* fewer page faults; no harm where it is not to be had */
    return memory;
}

static void block_unmap(struct arena_block *block)
{
    if (block->size < MAPPED_FROM)
        free(block);
    else
        munmap(block, block->size);
}

void arena_pool_init(struct arena_pool *p, size_t most, size_t block, struct account *account)
{
    *p = (struct arena_pool){
        .lock = PTHREAD_MUTEX_INITIALIZER, .most = most, .block = block, .account = account};
}

struct arena_block *block_take(struct arena_pool *p)
{
    pthread_mutex_lock(&p->lock);
    struct arena_block *block = p->blocks;
    if (block != NULL) {
        p->blocks = block->previous;
        p->count--;
    }
    pthread_mutex_unlock(&p->lock);
    return block;
}

void block_drop(struct arena_pool *p, struct arena_block *block)
{
    account_give(p == NULL ? NULL : p->account, block->size);
    block_unmap(block);
}

static void drop_all(struct arena_pool *p)
{
    for (struct arena_block *block; (block = block_take(p)) != NULL;)
        block_drop(p, block);
}

void arena_pool_deinit(struct arena_pool *p)
{
    drop_all(p);
    pthread_mutex_destroy(&p->lock);
}

size_t arena_pool_used(struct arena_pool *p)
{
    pthread_mutex_lock(&p->lock);
    const size_t idle = p->count * p->block;
    pthread_mutex_unlock(&p->lock);
    const size_t used = p->account == NULL ? 0 : atomic_load(&p->account->used);
    return used > idle ? used - idle : 0;
}

/* What waits for nobody in particular goes before anybody is refused. */
bool block_allowed(struct arena_pool *p, size_t size, bool owes)
{
    if (p == NULL || account_take(p->account, size))
        return true;
    drop_all(p);
    if (owes)
        account_owe(p->account, size);
    return owes || account_take(p->account, size);
}

bool block_give(struct arena_pool *p, struct arena_block *block)
{
    pthread_mutex_lock(&p->lock);
    const bool room = p->count < p->most;
    if (room) {
        block->previous = p->blocks;
        p->blocks = block;
        p->count++;
    }
    pthread_mutex_unlock(&p->lock);
    return room;
}

size_t arena_pool_waiting(struct arena_pool *p)
{
    pthread_mutex_lock(&p->lock);
    const size_t count = p->count;
    pthread_mutex_unlock(&p->lock);
    return count;
}

/* What can be put together: `waiting` blocks, and new ones up to `count`. */
struct loan {
    struct arena_block *waiting;
    size_t count, found;
};

static bool loan_open(struct arena_pool *p, struct loan *loan)
{
    pthread_mutex_lock(&p->lock);
    const size_t all = loan->count > p->count ? loan->count : p->count;
    const bool ok = p->lent <= p->most && all <= p->most - p->lent;
    for (loan->found = 0; ok && loan->found < loan->count && p->blocks != NULL; loan->found++) {
        struct arena_block *block = p->blocks;
        p->blocks = block->previous;
        block->previous = loan->waiting;
        loan->waiting = block;
        p->count--;
    }
    if (ok)
        p->lent += loan->count;
    pthread_mutex_unlock(&p->lock);
    return ok;
}

static void loan_close(struct arena_pool *p, size_t count)
{
    pthread_mutex_lock(&p->lock);
    p->lent -= count;
    pthread_mutex_unlock(&p->lock);
}

static void give_or_drop(struct arena_pool *p, struct arena_block *block)
{
    if (!block_give(p, block))
        block_drop(p, block);
}

static void loan_undo(struct arena_pool *p, struct loan *loan)
{
    while (loan->waiting != NULL) {
        struct arena_block *block = loan->waiting;
        loan->waiting = block->previous;
        give_or_drop(p, block);
    }
    loan_close(p, loan->count);
}

/* New blocks that would stay empty, or that others may need, are not worth it. */
static bool take_new(struct arena_pool *p, size_t fresh, uint64_t size)
{
    const struct account *a = p->account;
    const size_t half = a == NULL ? SIZE_MAX : a->most / 2;
    const size_t used = a == NULL ? 0 : atomic_load(&a->used);
    return fresh == 0 ||
           (fresh / 2 <= size && used <= half && fresh <= half - used && account_take(p->account, fresh));
}

/* The pages that wait move to where they are wanted; none is copied. */
static void put_side_by_side(const struct arena_pool *p, struct loan *loan, uint8_t *room)
{
    for (; loan->waiting != NULL; room += p->block) {
        struct arena_block *block = loan->waiting;
        loan->waiting = block->previous;
        if (mremap(block, p->block, p->block, MREMAP_MAYMOVE | MREMAP_FIXED, room) == MAP_FAILED)
            munmap(block, p->block); /* there are new ones already where it would be */
    }
}

void *arena_pool_borrow(struct arena_pool *p, uint64_t size, size_t *capacity)
{
    if (size > (uint64_t)p->most * p->block)
        return NULL;
    struct loan loan = {.count = (size_t)(size + HEADER + p->block - 1) / p->block};
    if (!loan_open(p, &loan))
        return NULL;
    const size_t fresh = (loan.count - loan.found) * p->block;
    uint8_t *room = NULL;
    if (loan.count == 1 && loan.found == 1)
        room = (uint8_t *)loan.waiting;
    else if (take_new(p, fresh, size) && (room = block_map(loan.count * p->block)) == NULL)
        account_give(p->account, fresh);
    if (room == NULL) {
        loan_undo(p, &loan);
        return NULL;
    }
    if (room != (uint8_t *)loan.waiting)
        put_side_by_side(p, &loan, room);
    *capacity = loan.count * p->block - HEADER;
    return room + HEADER;
}

void arena_pool_return(struct arena_pool *p, void *room, size_t capacity)
{
    uint8_t *at = (uint8_t *)room - HEADER;
    const size_t count = (capacity + HEADER) / p->block;
    for (size_t i = 0; i < count; i++, at += p->block) {
        struct arena_block *block = (struct arena_block *)(void *)at;
        block->size = p->block;
        give_or_drop(p, block);
    }
    loan_close(p, count);
}
