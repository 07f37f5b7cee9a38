/*
 * The keys of one document, each kept once: CPython's json module memoises keys over a document, so equal
 * keys are one object there, which a pickle shows. An open-addressing table; its hash is seeded for every
 * document, so nobody can choose keys that collide.
 */
#ifndef MANDOLINE_JSON_KEYS_H
#define MANDOLINE_JSON_KEYS_H

#include "value.h"

/* A key, and what is remembered about it. */
struct key {
    struct value value; /* VALUE_STR; first, so that a node of the graph is its key */
    struct key
        *next;  /* the key that followed it the last time, or NULL: objects repeat their keys in order */
    bool plain; /* the document has it without escapes: its bytes can be compared with the document's */
};

struct key_slot {
    uint64_t hash;
    struct key *key; /* NULL: free */
};

struct keys {
    struct key_slot *slots;
    size_t capacity, count; /* capacity is 0 or a power of two */
    uint64_t seed;
};

void keys_init(struct keys *k);

/*
 * Where the key text is, or is to be put: *slot is NULL when it is new; then the caller fills it before the
 * next call. NULL: no memory.
 */
struct key **keys_find(struct keys *k, struct bytes text, struct arena *arena);

/* Sets value.mark of every key to 0. */
void keys_clear_marks(struct keys *k);

#endif
