#include "machine.h"

struct memo_slot {
    uint64_t number;
    struct value *value; /* NULL: free */
};

/* A number is dense while at least a third of the array would be in use, or the array is small. */
enum { SMALL = 1024 };

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
    if (number < memo->dense_count && memo->dense[number] != NULL)
        return memo->dense[number];
    return sparse_get(memo, number);
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

static bool dense_grow(struct memo *memo, uint64_t number, struct arena *arena, struct error *err)
{
    size_t count = memo->dense_count == 0 ? 64 : memo->dense_count;
    while (count <= number)
        count *= 2;
    struct value **dense =
        arena_grow(arena, memo->dense, memo->dense_count * sizeof *dense, count * sizeof *dense);
    if (dense == NULL)
        return arena_fail(arena, err);
    memo->dense = dense;
    memo->dense_count = count;
    return true;
}

bool memo_put(struct memo *memo, uint64_t number, struct value *v, struct arena *arena, struct error *err)
{
    if (number >= memo->dense_count) {
        if (number >= SMALL && number / 3 > memo->count)
            return sparse_put(memo, number, v, arena, err);
        if (!dense_grow(memo, number, arena, err))
            return false;
    }
    if (memo->dense[number] == NULL && sparse_get(memo, number) == NULL)
        memo->count++;
    memo->dense[number] = v;
    return true;
}
