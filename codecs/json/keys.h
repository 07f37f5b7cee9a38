/*
 * The keys of one document, each kept once: CPython's json module memoises keys over a document, so equal
 * keys are one object there, which a pickle shows. An open-addressing table; its hash is seeded for every
 * document, so nobody can choose keys that collide.
 */
#ifndef MANDOLINE_JSON_KEYS_H
#define MANDOLINE_JSON_KEYS_H

#include "value.h"

struct key_slot {
    uint64_t hash;
    struct value *node; /* VALUE_STR; NULL: free */
};

struct keys {
    struct key_slot *slots;
    size_t capacity, count; /* capacity is 0 or a power of two */
    uint64_t seed;
};

void keys_init(struct keys *k);

/*
 * Where the node of text is, or is to be put: *slot is NULL when the key is new; then the caller fills it
 * before the next call. NULL: no memory.
 */
struct value **keys_find(struct keys *k, struct bytes text, struct arena *arena);

/* Sets value.mark of every key to 0. */
void keys_clear_marks(struct keys *k);

#endif
