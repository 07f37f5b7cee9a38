/* Lists: datasets where all leaves are of one kind, else groups of their items. */
#include "place.h"

/* Bytes of an attribute: HDF5 has room for 64 KB. */
enum { BITS_MAX = 60000 };

/* A list of lists of ... of one kind of leaf, as a block. */
struct grid {
    unsigned ndim;
    uint64_t dims[DTYPE_MAX_NDIM];
    struct value *const *leaves;
    size_t count;
    enum value_kind kind; /* VALUE_KIND_COUNT: ints and floats, mixed */
};

static bool exact_float(const struct value *v)
{
    return v->kind == VALUE_FLOAT ||
           (v->kind == VALUE_INT && v->integer >= -(1LL << 53) && v->integer <= 1LL << 53);
}

/* The one kind of all leaves. False: there is none that a dataset could hold. */
static bool leaf_kind(struct grid *g)
{
    g->kind = (enum value_kind)g->leaves[0]->kind;
    bool same = true, floats = true;
    for (size_t i = 0; i < g->count && (same || floats); i++) {
        const struct value *v = g->leaves[i];
        same &= v->kind == g->kind && (v->kind != VALUE_STR || h5_plain_text(v));
        floats &= exact_float(v);
    }
    if (!same)
        g->kind = VALUE_KIND_COUNT;
    return same ? g->kind == VALUE_BOOL || g->kind == VALUE_INT || g->kind == VALUE_FLOAT ||
                      g->kind == VALUE_COMPLEX || g->kind == VALUE_STR
                : floats;
}

/* Lists of one length, none of them shared. */
static bool is_level(struct value *const *items, size_t count, size_t *length)
{
    *length = items[0]->kind == VALUE_LIST ? items[0]->list.count : 0;
    for (size_t i = 0; i < count; i++)
        if (items[i]->kind != VALUE_LIST || items[i]->list.count != *length ||
            (items[i]->mark & WALK_MARK_MAX) != 0)
            return false;
    return *length > 0;
}

static bool next_level(struct builder *b, struct grid *g, size_t length, struct error *err)
{
    size_t n;
    if (!checked_mul(g->count, length, &n))
        return arena_fail(b->arena, err);
    struct value **all = arena_alloc(b->arena, n, sizeof(struct value *));
    if (all == NULL)
        return arena_fail(b->arena, err);
    for (size_t i = 0; i < g->count; i++)
        memcpy(all + i * length, g->leaves[i]->list.items, length * sizeof *all);
    g->dims[g->ndim++] = length;
    g->leaves = all;
    g->count = n;
    return true;
}

static bool find_grid(struct builder *b, const struct value_list *list, struct grid *g, bool *found,
                      struct error *err)
{
    size_t length;
    *g = (struct grid){.ndim = 1, .dims = {list->count}, .leaves = list->items, .count = list->count};
    *found = false;
    while (g->ndim < DTYPE_MAX_NDIM && is_level(g->leaves, g->count, &length))
        if (!next_level(b, g, length, err))
            return false;
    *found = leaf_kind(g);
    return true;
}

static struct dtype grid_dtype(enum value_kind kind)
{
    if (kind == VALUE_BOOL)
        return dtype_make(DTYPE_BOOL, 1);
    if (kind == VALUE_INT)
        return dtype_make(DTYPE_INT, 8);
    if (kind == VALUE_COMPLEX)
        return dtype_make(DTYPE_COMPLEX, 16);
    return kind == VALUE_STR ? dtype_make(DTYPE_TEXT, sizeof(struct bytes)) : dtype_make(DTYPE_FLOAT, 8);
}

static bool place_leaves(struct builder *b, struct place p, const char *mark, const struct grid *g, bool ones,
                         struct error *err)
{
    struct h5_feed f = {.room = &b->room, .ones = ones};
    const struct dtype t = ones ? dtype_make(DTYPE_BOOL, 1) : grid_dtype(g->kind);
    const struct plan plan = {.mark = mark, .space = SPACE_SIMPLE, .ndim = g->ndim, .dims = g->dims};
    return h5_feed_leaves(&f, &t, g->leaves, g->count, err) && place_feed(b, p, &plan, &f, err);
}

/* Ints among many floats: a group with all as floats, and which were ints. */
static bool place_mixed_group(struct builder *b, struct place p, const char *mark, const struct grid *g,
                              struct error *err)
{
    if (!place_group(b, p, mark, (struct frame){0}, err))
        return false;
    const uint64_t group = b->frames[--b->depth].group;
    const struct place data = {group, bytes_text("data"), NULL}, ints = {group, bytes_text("ints"), NULL};
    return place_leaves(b, data, NULL, g, false, err) && place_leaves(b, ints, NULL, g, true, err);
}

/* Ints among floats: a dataset of floats, with an attribute of bits that say which were ints. */
static bool place_mixed(struct builder *b, struct place p, const char *mark, const struct grid *g,
                        struct error *err)
{
    const uint64_t size = (g->count + 7) / 8;
    const struct dtype byte = dtype_make(DTYPE_UINT, 1);
    if (size > BITS_MAX && g->ndim == 1)
        return place_mixed_group(b, p, mark, g, err);
    uint8_t *bits = arena_alloc(b->arena, size, 1);
    if (bits == NULL)
        return arena_fail(b->arena, err);
    for (size_t i = 0; i < g->count; i++)
        bits[i / 8] |= (uint8_t)((g->leaves[i]->kind == VALUE_INT) << i % 8);
    const struct plan row = {.space = SPACE_SIMPLE, .ndim = 1, .dims = &size};
    if (!place_leaves(b, p, mark, g, false, err))
        return false;
    b->room.heap.len = 0;
    return place_attribute(b, b->last, MARK_INTS, &row, &byte, bytes_of(bits, size), err);
}

static bool place_nothing(struct builder *b, struct place p, const char *mark, struct error *err)
{
    static const uint64_t none = 0;
    const struct plan plan = {.mark = mark, .space = SPACE_SIMPLE, .ndim = 1, .dims = &none};
    const struct dtype t = dtype_make(DTYPE_FLOAT, 8);
    return place_empty(b, p, &plan, &t, err);
}

bool place_sequence(struct builder *b, struct place p, const char *mark, const struct value_list *list,
                    struct error *err)
{
    struct grid g;
    bool found;
    if (list->count == 0)
        return place_nothing(b, p, mark, err);
    if (!find_grid(b, list, &g, &found, err))
        return false;
    const bool too_many = found && g.kind == VALUE_KIND_COUNT && g.ndim > 1 && g.count > (size_t)8 * BITS_MAX;
    if (!found || too_many)
        return place_items(b, p, mark, list, err);
    return g.kind == VALUE_KIND_COUNT ? place_mixed(b, p, mark, &g, err)
                                      : place_leaves(b, p, mark, &g, false, err);
}
