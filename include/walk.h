/*
 * Visits a value graph in document order without recursion: counts depth and nodes, finds cycles, cuts arrays
 * into blocks. A codec turns one event into bytes and keeps no stack of its own.
 *
 * Order below an OBJECT: callable, args, kwargs, appended items, added items, pairs (key, value), states.
 * Below a TABLE: each column's label and values, as a dict's pairs, levels of the index first.
 */
#ifndef MANDOLINE_WALK_H
#define MANDOLINE_WALK_H

#include "limits.h"
#include "value.h"

enum walk_what {
    WALK_LEAF,  /* a value without parts; bytes and strings too */
    WALK_ENTER, /* a container, an object, an external with an id: its parts follow, then WALK_LEAVE */
    WALK_LEAVE,
    WALK_BLOCK, /* between ENTER and LEAVE of an array: elements, packed, in C order */
    WALK_AGAIN, /* WALK_GRAPH, WALK_SECOND: a node that was marked as seen; it is not entered */
};

enum walk_role {
    WALK_ROOT,
    WALK_ITEM,  /* of a list, tuple, set, frozenset, range, slice; appended to an object; or an 'O' array's
                   element */
    WALK_ADDED, /* added to an object */
    WALK_KEY,
    WALK_VALUE,
    WALK_CALLABLE,
    WALK_ARGS,
    WALK_KWARGS,
    WALK_STATE,
    WALK_ID,   /* of an external */
    WALK_DATA, /* its bytes; not of a WALK_TREE */
};

enum walk_mode {
    WALK_TREE,   /* a shared node is visited each time; a cycle is ERR_UNREPRESENTABLE, and what weigh() found
                    to be over a limit is ERR_LIMIT */
    WALK_GRAPH,  /* a node whose mark has WALK_SEEN is WALK_AGAIN; the codec sets it, at ENTER, LEAF or LEAVE
                  */
    WALK_SECOND, /* the same with WALK_SEEN_TWICE: a second pass over a graph, after one with WALK_GRAPH */
};

/* The top bits of value.mark; the others are the codec's (a memo index, a reference number). */
enum walk_mark {
    WALK_OPEN = 1 << 28, /* WALK_TREE's own: we are inside of this node */
    WALK_SEEN_TWICE = 1 << 29,
    WALK_SEEN = 1 << 30,
    WALK_MARK_MAX = WALK_OPEN - 1,
};

struct walk_event {
    enum walk_what what;
    enum walk_role role; /* what the value is to its parent */
    struct value *value;
    struct value *parent; /* NULL for the root */
    size_t index,
        count; /* place among, and number of, the parts with this role; a pair's key and value share one */
    const uint8_t *block; /* WALK_BLOCK: elements of value->array->dtype */
    size_t elements;
};

struct walk_frame;

struct walk {
    enum walk_mode mode;
    uint32_t seen; /* the mark that makes a node WALK_AGAIN */
    const struct limits *limits;
    struct arena *arena;
    bool meanings; /* set after walk_init(): objects of well-known classes are visited as what they mean */
    bool inside;   /* the same for those that value_leans_outside() of */
    bool rows; /* set after walk_init(): elements of arrays that are not bytes alone (dtype_is_mixed) come as
                  WALK_ITEM values, which live until the next call only */
    struct walk_frame *frames;
    size_t depth, capacity;
    uint64_t nodes;
    struct value *root;
    struct array_cursor *cursor;
    bool done;
};

enum step { STEP_MORE, STEP_DONE, STEP_FAIL };

void walk_init(struct walk *w, enum walk_mode mode, struct value *root, const struct limits *limits,
               struct arena *arena);

/*
 * The next event. STEP_DONE: none is left. 'O' arrays: their elements
 * come as WALK_ITEM values, not blocks. On failure err->pointer says where.
 */
enum step walk_next(struct walk *w, struct walk_event *event, struct error *err);

/*
 * The parts of a list, tuple, set, frozenset or dict that were not visited yet: whoever can write some of
 * them without the walk saves an event for each.
 */
struct walk_run {
    struct value *parent;
    struct value *const *items;     /* count of them, or NULL and */
    const struct value_pair *pairs; /* count of these */
    size_t count;
};

/* False: there are none at hand. Else limits->nodes still allows *nodes values. */
bool walk_siblings(const struct walk *w, struct walk_run *run, uint64_t *nodes);

/* The first count of the run were written, nodes values in all: they are not visited. */
void walk_took(struct walk *w, size_t count, uint64_t nodes);

/* Parts of the value just entered are not wanted: the next event is its WALK_LEAVE. */
void walk_skip(struct walk *w);

/* Where the walk stands, as a JSON Pointer, cut to fit. */
void walk_pointer(const struct walk *w, char *out, size_t size);

#endif
