#include "dtype_leaves.h"

static bool cover(void *arg, uint8_t *at, const struct dtype *type)
{
    (void)arg;
    memset(at, 0xff, type->itemsize);
    return true;
}

/* A byte for each of an element: 0 where no field lies. */
static uint8_t *mask_of(const struct dtype *t, struct arena *arena)
{
    uint8_t *mask = arena_alloc(arena, 1, t->itemsize);
    struct dtype_leaves leaves = dtype_leaves_of(t);
    while (mask != NULL && dtype_leaves_next(&leaves))
        dtype_leaf_each(&leaves.leaf, mask, 1, t->itemsize, cover, NULL);
    return mask;
}

/* A mask again: whose bytes were met before. */
struct crossing {
    uint8_t as; /* LITTLE or BIG: the field at hand */
    bool met;
};

enum { FREE, LITTLE, BIG };

static bool cross(void *arg, uint8_t *at, const struct dtype *type)
{
    struct crossing *c = arg;
    for (size_t i = 0; i < type->itemsize; i++) {
        c->met |= at[i] != FREE && (at[i] == BIG || c->as == BIG);
        at[i] = c->as;
    }
    return !c->met;
}

bool dtype_crosses(const struct dtype *t, struct arena *arena, bool *crosses, struct error *err)
{
    struct crossing c = {0};
    *crosses = false;
    if (t->field_count == 0 && t->base == NULL)
        return true;
    uint8_t *mask = arena_alloc(arena, 1, t->itemsize);
    if (mask == NULL)
        return arena_fail(arena, err);
    struct dtype_leaves leaves = dtype_leaves_of(t);
    while (!c.met && dtype_leaves_next(&leaves)) {
        c.as = leaves.leaf.type->order == '>' ? BIG : LITTLE;
        dtype_leaf_each(&leaves.leaf, mask, 1, t->itemsize, cross, &c);
    }
    *crosses = c.met;
    return true;
}

bool dtype_clear_holes(const struct dtype *t, uint8_t *elements, size_t count, struct arena *arena,
                       struct error *err)
{
    if (t->field_count == 0 && t->base == NULL)
        return true;
    const uint8_t *mask = mask_of(t, arena);
    if (mask == NULL)
        return arena_fail(arena, err);
    if (memchr(mask, 0, t->itemsize) == NULL)
        return true;
    for (; count > 0; count--, elements += t->itemsize)
        for (size_t i = 0; i < t->itemsize; i++)
            elements[i] &= mask[i];
    return true;
}
