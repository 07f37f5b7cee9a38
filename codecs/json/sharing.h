/*
 * Which nodes of a graph are met more than once, and the numbers that typed JSON gives them. Kept in
 * value.mark between sharing_find() and sharing_clear().
 */
#ifndef MANDOLINE_JSON_SHARING_H
#define MANDOLINE_JSON_SHARING_H

#include "walk.h"

enum {
    SHARED = 1 << 27,           /* the node is met more than once */
    AS_PAIRS = 1 << 26,         /* free for the writer: a dict that is written as pairs */
    TAGGED = AS_PAIRS,          /* the same of an object: it has a tag of its own */
    SHARED_MOST = AS_PAIRS - 1, /* the bits below are its number */
};

struct sharing {
    struct arena *arena;
    struct value **nodes; /* numbered so far, from 1 on */
    size_t count, capacity;
};

/*
 * Marks SHARED the nodes whose identity can be observed and that are met twice: containers, arrays, objects,
 * and text and bytes that are long enough to be worth it. A text that is a key does not count.
 */
bool sharing_find(struct value *root, const struct limits *limits, struct arena *arena, struct error *err);

/* Gives a SHARED node, met for the first time in a WALK_SECOND, its number. */
bool sharing_number(struct sharing *s, struct value *v, struct error *err);

static inline uint32_t sharing_number_of(const struct value *v)
{
    return v->mark & SHARED_MOST;
}

/* For nodes that are not SHARED: the walk leaves it, its mark goes. */
static inline void sharing_forget(struct value *v)
{
    if ((v->mark & SHARED) == 0)
        v->mark = 0;
}

/* At the end of the second walk: no node has a mark. */
void sharing_clear(struct sharing *s);

#endif
