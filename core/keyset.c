#include "keyset.h"

#include "key_print.h"

/* 96 bits of a fingerprint; place + 1, or 0 where the slot is free. */
struct keyset_slot {
    uint64_t high;
    uint32_t low, place;
};

void keyset_init(struct keyset *k, struct arena *arena)
{
    *k = (struct keyset){.arena = arena};
}

void keyset_clear(struct keyset *k)
{
    if (k->count > 0)
        memset(k->slots, 0, k->capacity * sizeof *k->slots);
    k->count = k->capacity = 0;
}

static struct keyset_slot *slot_of(const struct keyset *k, uint64_t high, uint32_t low)
{
    const size_t mask = k->capacity - 1;
    size_t i = (size_t)high & mask;
    while (k->slots[i].place != 0 && (k->slots[i].high != high || k->slots[i].low != low))
        i = (i + 1) & mask;
    return &k->slots[i];
}

/* Room for count keys in all, at most two thirds full. */
static bool reserve(struct keyset *k, size_t count, struct error *err)
{
    if (count <= k->capacity / 3 * 2)
        return true;
    const struct keyset old = *k;
    size_t capacity = old.capacity == 0 ? 16 : old.capacity;
    while (count > capacity / 3 * 2)
        if (!checked_mul(capacity, 2, &capacity))
            return arena_fail(k->arena, err);
    if (capacity > k->room || k->count > 0) {
        struct keyset_slot *slots = arena_alloc(k->arena, capacity, sizeof *slots);
        if (slots == NULL)
            return arena_fail(k->arena, err);
        k->slots = slots;
        k->room = capacity;
    }
    k->capacity = capacity;
    for (size_t i = 0; i < old.capacity; i++)
        if (old.slots[i].place != 0)
            *slot_of(k, old.slots[i].high, old.slots[i].low) = old.slots[i];
    return true;
}

bool keyset_add(struct keyset *k, const struct value *key, size_t place, size_t *found, struct error *err)
{
    struct sip_print print;
    if (!key_print(k, key, &print, err) || !reserve(k, k->count + 1, err))
        return false;
    if (place >= UINT32_MAX)
        return arena_fail(k->arena, err);
    /* key_print() is true only when it has a print; the analyzer does not follow refuse() to its false. */
    /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage) */
    struct keyset_slot *slot = slot_of(k, print.a, (uint32_t)print.b);
    if (slot->place == 0) {
        *slot = (struct keyset_slot){.high = print.a, .low = (uint32_t)print.b, .place = (uint32_t)place + 1};
        k->count++;
    }
    *found = slot->place - 1;
    return true;
}

/* ---- many keys at once ---- */

/*
 * Most big dicts have no two equal keys, and that is told without a table that misses the processor's caches
 * at each key: the prints are dealt into buckets, and each bucket is looked through in a small table.
 */
enum { MANY = 4096, BUCKET = 512, BUCKET_TABLE = 4 * BUCKET };

/* False too when the bucket is far fuller than chance would have it. */
static bool bucket_differs(const uint64_t *prints, size_t count)
{
    uint64_t table[BUCKET_TABLE] = {0};
    if (count > BUCKET_TABLE / 2)
        return false;
    for (size_t i = 0; i < count; i++) {
        const uint64_t print = prints[i] | 1; /* 0 is a free slot */
        size_t at = (size_t)(print >> 1) % BUCKET_TABLE;
        while (table[at] != 0 && table[at] != print)
            at = (at + 1) % BUCKET_TABLE;
        if (table[at] != 0)
            return false;
        table[at] = print;
    }
    return true;
}

/* ends: room for 2 ** bits numbers, dealt: for count. Buckets are told apart by the topmost bits. */
static bool buckets_differ(const uint64_t *prints, size_t count, unsigned bits, size_t *ends, uint64_t *dealt)
{
    const unsigned shift = 64 - bits;
    const size_t buckets = (size_t)1 << bits;
    for (size_t i = 0; i < count; i++)
        ends[prints[i] >> shift]++;
    for (size_t b = 0, start = 0; b < buckets; b++) {
        const size_t size = ends[b];
        ends[b] = start; /* where the bucket's next print goes; its end, once all are dealt */
        start += size;
    }
    for (size_t i = 0; i < count; i++)
        dealt[ends[prints[i] >> shift]++] = prints[i];
    for (size_t b = 0, start = 0; b < buckets; start = ends[b++])
        if (!bucket_differs(dealt + start, ends[b] - start))
            return false;
    return true;
}

/* Keys are stride values apart. *differ: no two are equal; when it is false, some may be. */
static bool all_differ(struct keyset *k, struct value *const *keys, size_t stride, size_t count, bool *differ,
                       struct error *err)
{
    unsigned bits = 1;
    while (count >> bits > BUCKET)
        bits++;
    uint64_t *prints = arena_take(k->arena, count, 2 * sizeof *prints);
    size_t *ends = arena_alloc(k->arena, (size_t)1 << bits, sizeof *ends);
    if (prints == NULL || ends == NULL)
        return arena_fail(k->arena, err);
    for (size_t i = 0; i < count; i++)
        if (!key_print_half(k, keys[i * stride], &prints[i], err))
            return false;
    *differ = buckets_differ(prints, count, bits, ends, prints + count);
    return true;
}

bool keyset_unite_pairs(struct keyset *k, struct value_pairs *pairs, struct error *err)
{
    bool differ = false;
    if (pairs->count >= MANY && !all_differ(k, &pairs->items->key, 2, pairs->count, &differ, err))
        return false;
    if (differ)
        return true;
    keyset_clear(k);
    if (!reserve(k, pairs->count, err))
        return false;
    size_t kept = 0;
    for (size_t i = 0; i < pairs->count; i++) {
        size_t at;
        if (!keyset_add(k, pairs->items[i].key, kept, &at, err))
            return false;
        if (at < kept)
            pairs->items[at].value = pairs->items[i].value;
        else
            pairs->items[kept++] = pairs->items[i];
    }
    pairs->count = kept;
    return true;
}

bool keyset_unite_items(struct keyset *k, struct value_list *items, struct error *err)
{
    bool differ = false;
    if (items->count >= MANY && !all_differ(k, items->items, 1, items->count, &differ, err))
        return false;
    if (differ)
        return true;
    keyset_clear(k);
    if (!reserve(k, items->count, err))
        return false;
    size_t kept = 0;
    for (size_t i = 0; i < items->count; i++) {
        size_t at;
        if (!keyset_add(k, items->items[i], kept, &at, err))
            return false;
        if (at == kept)
            items->items[kept++] = items->items[i];
    }
    items->count = kept;
    return true;
}
