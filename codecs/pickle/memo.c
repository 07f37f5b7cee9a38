#include "machine.h"

struct memo_slot {
    uint64_t number;
    struct value *value; /* NULL: free */
};

/* A number is dense while at least a third of all up to it are in use, or it is small. */
enum { SMALL = 1024, PAGE = 256 };

static size_t sparse_place(struct sip_seed seed, const struct memo_slot *slots, size_t capacity,
                           uint64_t number)
{
    size_t i = (size_t)sip_number(seed, number) & (capacity - 1);
    while (slots[i].value != NULL && slots[i].number != number)
        i = (i + 1) & (capacity - 1);
    return i;
}

static struct value *sparse_get(const struct memo *memo, uint64_t number)
{
    if (memo->sparse_count == 0)
        return NULL;
    return memo->sparse[sparse_place(memo->seed, memo->sparse, memo->sparse_capacity, number)].value;
}

struct value *memo_get(const struct memo *memo, uint64_t number)
{
    struct value **page = number / PAGE < memo->page_count ? memo->pages[number / PAGE] : NULL;
    return page != NULL && page[number % PAGE] != NULL ? page[number % PAGE] : sparse_get(memo, number);
}

static bool sparse_grow(struct memo *memo, struct arena *arena, struct error *err)
{
    const size_t capacity = memo->sparse_capacity == 0 ? 64 : memo->sparse_capacity * 2;
    if (memo->sparse_capacity == 0)
        memo->seed = sip_seed_make();
    struct memo_slot *slots = arena_alloc(arena, capacity, sizeof *slots);
    if (slots == NULL)
        return arena_fail(arena, err);
    for (size_t i = 0; i < memo->sparse_capacity; i++)
        if (memo->sparse[i].value != NULL)
            slots[sparse_place(memo->seed, slots, capacity, memo->sparse[i].number)] = memo->sparse[i];
    memo->sparse = slots;
    memo->sparse_capacity = capacity;
    return true;
}

static bool sparse_put(struct memo *memo, uint64_t number, struct value *v, struct arena *arena,
                       struct error *err)
{
    if (memo->sparse_count * 2 >= memo->sparse_capacity && !sparse_grow(memo, arena, err))
        return false;
    struct memo_slot *slot =
        &memo->sparse[sparse_place(memo->seed, memo->sparse, memo->sparse_capacity, number)];
    const bool added = slot->value == NULL;
    *slot = (struct memo_slot){.number = number, .value = v};
    memo->sparse_count += added;
    memo->count += added;
    return true;
}

/* The page of a number, made where there is none yet. NULL: there is no memory. */
static struct value **page_of(struct memo *memo, uint64_t number, struct arena *arena)
{
    const size_t at = (size_t)(number / PAGE);
    size_t count = memo->page_count == 0 ? SMALL / PAGE : memo->page_count;
    while (count <= at)
        count *= 2;
    struct value ***pages = memo->pages;
    if (count > memo->page_count)
        pages = arena_grow(arena, pages, memo->page_count * sizeof *pages, count * sizeof *pages);
    if (pages == NULL)
        return NULL;
    memo->pages = pages;
    memo->page_count = count;
    if (pages[at] == NULL)
        pages[at] = arena_alloc(arena, PAGE, sizeof *pages[at]);
    return pages[at];
}

static bool is_dense(const struct memo *memo, uint64_t number)
{
    return number < SMALL || number / 3 <= memo->count;
}

bool memo_put(struct memo *memo, uint64_t number, struct value *v, struct arena *arena, struct error *err)
{
    struct value **page = number / PAGE < memo->page_count ? memo->pages[number / PAGE] : NULL;
    if (page == NULL && !is_dense(memo, number))
        return sparse_put(memo, number, v, arena, err);
    if (page == NULL && (page = page_of(memo, number, arena)) == NULL)
        return arena_fail(arena, err);
    if (page[number % PAGE] == NULL && sparse_get(memo, number) == NULL)
        memo->count++;
    page[number % PAGE] = v;
    return true;
}
