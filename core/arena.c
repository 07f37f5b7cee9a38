#include "arena.h"

#include "arena_block.h"

#include <stdarg.h>
#include <stdio.h>

enum {
    ALIGNMENT = 16,
    FIRST_BLOCK = 16 << 10,
    POOLED_FROM = 1 << 20, /* bytes taken, from which on blocks are as the pool keeps them */
    STRETCH = 64 << 10,    /* bytes taken between two questions to the watch */
};

struct arena_cleanup {
    struct arena_cleanup *previous;
    arena_cleanup_fn *fn;
    void *arg;
};

static size_t round_up(size_t n)
{
    return (n + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
}

/* Of small allocations; a bigger one has a block of its own size. */
static size_t largest_block(const struct arena *a)
{
    return a->pool == NULL ? ARENA_BLOCK : a->pool->block;
}

static void block_release(struct arena *a, struct arena_block *block)
{
    if (a->pool == NULL || block->size != a->pool->block || !block_give(a->pool, block))
        block_drop(a->pool, block);
}

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

struct arena_mark arena_mark(const struct arena *a)
{
    return (struct arena_mark){a->blocks, a->cleanups, a->at, a->block_end, a->used};
}

void arena_rewind(struct arena *a, struct arena_mark mark)
{
    while (a->cleanups != mark.cleanups) {
        struct arena_cleanup *last = a->cleanups;
        a->cleanups = last->previous;
        last->fn(last->arg);
    }
    while (a->blocks != mark.blocks) {
        struct arena_block *last = a->blocks;
        a->blocks = last->previous;
        block_release(a, last);
    }
    a->at = mark.at;
    a->end = a->block_end = mark.block_end;
    a->used = mark.used;
    a->stale = true;
    a->starved = false;
}

void arena_free(struct arena *a)
{
    arena_rewind(a, (struct arena_mark){0});
    *a = (struct arena){.budget = a->budget, .pool = a->pool, .watch = a->watch};
}

/* What the next block should have: as much as all before it, so that a document of any size takes few. */
static size_t next_size(const struct arena *a)
{
    const size_t left = a->budget - a->used;
    const size_t largest = largest_block(a);
    const bool big = a->used >= largest || (a->pool != NULL && a->used >= POOLED_FROM);
    const size_t size = a->used < FIRST_BLOCK ? FIRST_BLOCK : a->used;
    if (big && left >= largest)
        return largest; /* of what nobody touches the kernel gives nothing */
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
    struct arena_block *block = a->pool != NULL && size == a->pool->block ? block_take(a->pool) : NULL;
    a->stale = block != NULL || size < MAPPED_FROM;
    if (block == NULL) {
        const bool first = a->blocks == NULL && size == FIRST_BLOCK; /* without it nothing could be said */
        a->starved = !block_allowed(a->pool, size, first || a->owes);
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

void *arena_double(struct arena *a, void *items, size_t *capacity, size_t size)
{
    enum { FIRST = 16 };
    size_t wanted = FIRST, bytes;
    if ((*capacity > 0 && !checked_mul(*capacity, 2, &wanted)) || !checked_mul(wanted, size, &bytes))
        return NULL;
    void *grown = arena_extend(a, items, *capacity * size, bytes);
    if (grown != NULL)
        *capacity = wanted;
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
