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
