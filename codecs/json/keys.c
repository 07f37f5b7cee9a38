#include "keys.h"

#include "reader.h"

#include <sys/random.h>

enum { FIRST_CAPACITY = 64 };

void keys_init(struct keys *k)
{
    *k = (struct keys){0};
    /* Where the kernel has no randomness to give, an address will do. */
    if (getrandom(&k->seed, sizeof k->seed, GRND_NONBLOCK) != (ssize_t)sizeof k->seed)
        k->seed = (uintptr_t)k * 0x9e3779b97f4a7c15U;
}

/* Both halves of a 128-bit product: every bit of a and b reaches the result. */
static uint64_t mix(uint64_t a, uint64_t b)
{
    __extension__ const unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t load_short(const uint8_t *p, size_t n)
{
    if (n >= 4)
        return load_u32_le(p) | (uint64_t)load_u32_le(p + n - 4) << 32;
    return n == 0 ? 0 : p[0] | (uint64_t)p[n / 2] << 8 | (uint64_t)p[n - 1] << 16;
}

static uint64_t hash_of(struct bytes text, uint64_t seed)
{
    const uint64_t c1 = 0x8a91a6d40bf42041, c2 = 0xd6e8feb86659fd93;
    const uint8_t *p = text.data;
    size_t n = text.len;
    uint64_t h = seed ^ mix(text.len ^ c1, c2);
    for (; n > 16; n -= 16, p += 16)
        h = mix(load_u64_le(p) ^ h, load_u64_le(p + 8) ^ seed ^ c1);
    if (n < 8)
        return mix(load_short(p, n) ^ h, seed ^ c2);
    return mix(load_u64_le(p) ^ h, load_u64_le(p + n - 8) ^ seed ^ c2);
}

static bool grow(struct keys *k, struct arena *arena)
{
    const size_t capacity = k->capacity == 0 ? FIRST_CAPACITY : k->capacity * 2;
    struct key_slot *slots = arena_alloc(arena, capacity, sizeof *slots);
    if (slots == NULL)
        return false;
    for (size_t i = 0; i < k->capacity; i++) {
        if (k->slots[i].key == NULL)
            continue;
        size_t at = k->slots[i].hash & (capacity - 1);
        while (slots[at].key != NULL)
            at = (at + 1) & (capacity - 1);
        slots[at] = k->slots[i];
    }
    k->slots = slots;
    k->capacity = capacity;
    return true;
}

struct key **keys_find(struct keys *k, struct bytes text, struct arena *arena)
{
    if (k->count >= k->capacity / 2 && !grow(k, arena))
        return NULL;
    const uint64_t hash = hash_of(text, k->seed);
    for (size_t at = hash & (k->capacity - 1);; at = (at + 1) & (k->capacity - 1)) {
        struct key_slot *s = &k->slots[at];
        if (s->key == NULL) {
            s->hash = hash;
            k->count++;
            return &s->key;
        }
        if (s->hash == hash && bytes_equal(s->key->value.text, text))
            return &s->key;
    }
}

void keys_clear_marks(struct keys *k)
{
    for (size_t i = 0; i < k->capacity; i++)
        if (k->slots[i].key != NULL)
            k->slots[i].key->value.mark = 0;
}
