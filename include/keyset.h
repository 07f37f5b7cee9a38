/*
 * Keys of dicts and members of sets, told apart as Python tells them apart: 1 == 1.0 == True, text and bytes
 * are never equal, tuples are compared by their elements, NaN and objects are themselves only, and a list, a
 * dict, a set or a bytearray can be no key (Python's object.__hash__ and __eq__).
 *
 * A key is reduced to a keyed fingerprint (SipHash-1-3, of which 96 bits are compared), and two keys are
 * equal when their fingerprints are: nobody who does not know the seed can make two meet, and a key that
 * shares its parts costs what its distinct parts cost, since the fingerprints of big parts are remembered.
 */
#ifndef MANDOLINE_KEYSET_H
#define MANDOLINE_KEYSET_H

#include "sip.h"
#include "value.h"

struct keyset_slot;
struct keyset_known;
struct keyset_frame;

struct keyset {
    struct arena *arena;
    struct sip_seed seed;
    bool seeded;
    struct keyset_slot *slots; /* open addressing; capacity is 0 or a power of two */
    size_t count, capacity,
        room;                   /* keys; slots in use by this set; slots there are, zeroed beyond capacity */
    struct keyset_known *known; /* fingerprints of parts, by identity */
    size_t known_count, known_capacity;
    struct keyset_frame *frames; /* of the key that is being read */
    size_t depth, frame_capacity;
};

/* An empty set. Its memory is the arena's; nothing is allocated until the first key. */
void keyset_init(struct keyset *k, struct arena *arena);

/* Forgets the keys and keeps the memory, and what it knows about parts: they must not have changed. */
void keyset_clear(struct keyset *k);

/*
 * Adds key with the number place unless an equal one is there; *found is the place of the one that is in the
 * set now. ERR_SYNTAX: the key is not hashable, or contains itself.
 */
bool keyset_add(struct keyset *k, const struct value *key, size_t place, size_t *found, struct error *err);

/*
 * A dict's pairs in the order in which they were put become what Python's dict would hold: the first of equal
 * keys stays, with the last value. A set's items: the first of equal items stays. Clears k first.
 */
bool keyset_unite_pairs(struct keyset *k, struct value_pairs *pairs, struct error *err);
bool keyset_unite_items(struct keyset *k, struct value_list *items, struct error *err);

#endif
