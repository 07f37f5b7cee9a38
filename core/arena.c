#include "arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

enum {
    ALIGNMENT = 16,
    FIRST_BLOCK = 16 << 10,
    LARGEST_BLOCK = ARENA_BLOCK, /* of small allocations; a bigger one has a block of its own size */
    MAPPED_FROM = 1 << 20,       /* blocks of this size come from the kernel, zeroed and page by page; of
                                    smaller ones what is taken is zeroed */
    POOLED_FROM = 1 << 20,       /* bytes taken, from which on blocks are as the pool keeps them */
    HEADER = 16,                 /* of a block */
    STRETCH = 64 << 10,          /* bytes taken between two questions to the watch */
};

struct arena_block {
    struct arena_block *previous;
    size_t size; /* with this header */
};

_Static_assert(sizeof(struct arena_block) <= HEADER && ARENA_BLOCK - HEADER == ARENA_ROOM,
               "what a block has");

struct arena_cleanup {
    struct arena_cleanup *previous;
    arena_cleanup_fn *fn;
    void *arg;
};

static size_t round_up(size_t n)
{
    return (n + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
}

static void *block_map(size_t size)
{
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

/* ---- the pool ---- */

void arena_pool_init(struct arena_pool *p, size_t most, struct account *account)
{
    *p = (struct arena_pool){.lock = PTHREAD_MUTEX_INITIALIZER, .most = most, .account = account};
}

static struct arena_block *pool_take(struct arena_pool *p)
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

static void block_drop(struct arena_pool *p, struct arena_block *block)
{
    account_give(p == NULL ? NULL : p->account, block->size);
    block_unmap(block);
}

static void drop_all(struct arena_pool *p)
{
    for (struct arena_block *block; (block = pool_take(p)) != NULL;)
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
    const size_t idle = p->count * ARENA_BLOCK;
    pthread_mutex_unlock(&p->lock);
    const size_t used = p->account == NULL ? 0 : atomic_load(&p->account->used);
    return used > idle ? used - idle : 0;
}

/* What waits for nobody in particular goes before anybody is refused. */
static bool may_take(struct arena_pool *p, size_t size, bool owes)
{
    if (p == NULL || account_take(p->account, size))
        return true;
    drop_all(p);
    if (owes)
        account_owe(p->account, size);
    return owes || account_take(p->account, size);
}

/* False: the pool is full. */
static bool pool_give(struct arena_pool *p, struct arena_block *block)
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
    if (!pool_give(p, block))
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
static void put_side_by_side(struct loan *loan, uint8_t *room)
{
    for (; loan->waiting != NULL; room += ARENA_BLOCK) {
        struct arena_block *block = loan->waiting;
        loan->waiting = block->previous;
        if (mremap(block, ARENA_BLOCK, ARENA_BLOCK, MREMAP_MAYMOVE | MREMAP_FIXED, room) == MAP_FAILED)
            munmap(block, ARENA_BLOCK); /* there are new ones already where it would be */
    }
}

void *arena_pool_borrow(struct arena_pool *p, uint64_t size, size_t *capacity)
{
    if (size > (uint64_t)p->most * ARENA_BLOCK)
        return NULL;
    struct loan loan = {.count = (size_t)(size + HEADER + ARENA_BLOCK - 1) / ARENA_BLOCK};
    if (!loan_open(p, &loan))
        return NULL;
    const size_t fresh = (loan.count - loan.found) * ARENA_BLOCK;
    uint8_t *room = NULL;
    if (loan.count == 1 && loan.found == 1)
        room = (uint8_t *)loan.waiting;
    else if (take_new(p, fresh, size) && (room = block_map(loan.count * ARENA_BLOCK)) == NULL)
        account_give(p->account, fresh);
    if (room == NULL) {
        loan_undo(p, &loan);
        return NULL;
    }
    if (room != (uint8_t *)loan.waiting)
        put_side_by_side(&loan, room);
    *capacity = loan.count * ARENA_BLOCK - HEADER;
    return room + HEADER;
}

void arena_pool_return(struct arena_pool *p, void *room, size_t capacity)
{
    uint8_t *at = (uint8_t *)room - HEADER;
    const size_t count = (capacity + HEADER) / ARENA_BLOCK;
    for (size_t i = 0; i < count; i++, at += ARENA_BLOCK) {
        struct arena_block *block = (struct arena_block *)(void *)at;
        block->size = ARENA_BLOCK;
        give_or_drop(p, block);
    }
    loan_close(p, count);
}

static void block_release(struct arena *a, struct arena_block *block)
{
    if (a->pool == NULL || block->size != ARENA_BLOCK || !pool_give(a->pool, block))
        block_drop(a->pool, block);
}

/* ---- the arena ---- */

void arena_init(struct arena *a, size_t budget)
{
    *a = (struct arena){.budget = budget};
}

void arena_lend(struct arena *a, void *room, size_t size)
{
    a->at = room;
    a->end = a->block_end = a->at + size;
    a->stale = true;
}

void arena_free(struct arena *a)
{
    while (a->cleanups != NULL) {
        struct arena_cleanup *last = a->cleanups;
        a->cleanups = last->previous;
        last->fn(last->arg);
    }
    while (a->blocks != NULL) {
        struct arena_block *last = a->blocks;
        a->blocks = last->previous;
        block_release(a, last);
    }
    *a = (struct arena){.budget = a->budget, .pool = a->pool, .watch = a->watch};
}

/* What the next block should have: as much as all before it, so that a document of any size takes few. */
static size_t next_size(const struct arena *a)
{
    const size_t left = a->budget - a->used;
    const bool big = a->used >= LARGEST_BLOCK || (a->pool != NULL && a->used >= POOLED_FROM);
    const size_t size = a->used < FIRST_BLOCK ? FIRST_BLOCK : a->used;
    if (big && left >= ARENA_BLOCK)
        return ARENA_BLOCK; /* of what nobody touches the kernel gives nothing */
    return size < left ? size : left;
}

/* With room for n bytes. */
static bool add_block(struct arena *a, size_t n)
{
    const size_t left = a->budget - a->used;
    size_t size = next_size(a);
    if (n > SIZE_MAX - HEADER - ALIGNMENT || (size < n + HEADER && n + HEADER > left))
        return false;
    if (size < n + HEADER)
        size = n + HEADER;
    struct arena_block *block = a->pool != NULL && size == ARENA_BLOCK ? pool_take(a->pool) : NULL;
    a->stale = block != NULL || size < MAPPED_FROM;
    if (block == NULL) {
        const bool first = a->blocks == NULL && size == FIRST_BLOCK; /* without it nothing could be said */
        a->starved = !may_take(a->pool, size, first || a->owes);
        block = a->starved ? NULL : block_map(size);
        if (block == NULL && !a->starved)
            account_give(arena_account(a), size);
    }
    if (block == NULL)
        return false;
    *block = (struct arena_block){.previous = a->blocks, .size = size};
    a->blocks = block;
    a->used += size;
    a->at = (uint8_t *)block + HEADER;
    a->end = a->block_end = (uint8_t *)block + size;
    return true;
}

/* With a watch, the room is given stretch by stretch. */
static bool find_room(struct arena *a, size_t n)
{
    if (watch_over(a->watch) || (n > (size_t)(a->block_end - a->at) && !add_block(a, n)))
        return false;
    const size_t left = (size_t)(a->block_end - a->at);
    a->end = a->watch == NULL || left - n < STRETCH ? a->block_end : a->at + n + STRETCH;
    return true;
}

/* The bytes that n bytes take, or 0: too many. */
static size_t taken_by(size_t n)
{
    return n > SIZE_MAX - ALIGNMENT ? 0 : n == 0 ? ALIGNMENT : round_up(n);
}

void *arena_take(struct arena *a, size_t count, size_t size)
{
    size_t n;
    if (!checked_mul(count, size, &n) || (n = taken_by(n)) == 0 ||
        (n > (size_t)(a->end - a->at) && !find_room(a, n)))
        return NULL;
    void *memory = a->at;
    a->at += n;
    return memory;
}

void *arena_alloc(struct arena *a, size_t count, size_t size)
{
    void *memory = arena_take(a, count, size);
    return memory != NULL && a->stale ? memset(memory, 0, (size_t)(a->at - (uint8_t *)memory)) : memory;
}

void *arena_extend(struct arena *a, void *memory, size_t old_size, size_t new_size)
{
    const size_t held = old_size == 0 ? ALIGNMENT : round_up(old_size);
    if (memory != NULL && (uint8_t *)memory + held == a->at && new_size <= SIZE_MAX - ALIGNMENT &&
        round_up(new_size) - held <= (size_t)(a->block_end - a->at)) {
        a->at = (uint8_t *)memory + round_up(new_size);
        if (a->end < a->at)
            a->end = a->at;
        return memory;
    }
    uint8_t *grown = arena_take(a, 1, new_size);
    if (grown != NULL && memory != NULL)
        memcpy(grown, memory, old_size);
    return grown;
}

void *arena_grow(struct arena *a, void *memory, size_t old_size, size_t new_size)
{
    uint8_t *grown = arena_extend(a, memory, old_size, new_size);
    if (grown != NULL && a->stale)
        memset(grown + old_size, 0, (size_t)(a->at - grown) - old_size);
    return grown;
}

struct bytes arena_copy(struct arena *a, struct bytes bytes)
{
    uint8_t *copy = bytes.len == SIZE_MAX ? NULL : arena_alloc(a, 1, bytes.len + 1);
    if (copy == NULL)
        return bytes_of(NULL, 0);
    if (bytes.len > 0)
        memcpy(copy, bytes.data, bytes.len);
    return bytes_of(copy, bytes.len);
}

char *arena_printf(struct arena *a, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    const int n = vsnprintf(NULL, 0, format, args);
    char *text = n < 0 ? NULL : arena_alloc(a, 1, (size_t)n + 1);
    if (text != NULL)
        vsnprintf(text, (size_t)n + 1, format, again);
    va_end(again);
    va_end(args);
    return text;
}

bool arena_defer(struct arena *a, arena_cleanup_fn *fn, void *arg)
{
    struct arena_cleanup *cleanup = arena_alloc(a, 1, sizeof *cleanup);
    if (cleanup == NULL)
        return false;
    *cleanup = (struct arena_cleanup){.previous = a->cleanups, .fn = fn, .arg = arg};
    a->cleanups = cleanup;
    return true;
}

void arena_allow(struct arena *a, size_t more)
{
    a->budget = more > SIZE_MAX - a->budget ? SIZE_MAX : a->budget + more;
    a->watch = NULL;
    a->owes = true;
    a->starved = false;
}

void arena_explain(const struct arena *a, struct error *err)
{
    if (!watch_check(a->watch, err))
        return;
    if (a->starved)
        account_explain(arena_account(a), err);
    else
        error_set_limit(err, "memory", a->budget, "the request needs more memory than one exchange may take");
}
