#include "walk_rows.h"

enum { WINDOW = 64 << 10 };

struct walk_rows {
    struct array array;
    struct array_cursor cursor;
    struct arena values; /* of the block at hand */
};

static void drop_values(void *rows)
{
    arena_free(&((struct walk_rows *)rows)->values);
}

bool walk_rows_new(const struct array *a, struct arena *arena, struct walk_rows **out, struct error *err)
{
    struct walk_rows *r = arena_alloc(arena, 1, sizeof *r);
    if (r == NULL || !arena_defer(arena, drop_values, r))
        return arena_fail(arena, err);
    arena_init(&r->values, arena->budget);
    r->array = *a;
    *out = r;
    return array_cursor_init(&r->cursor, &r->array, WINDOW, arena, err);
}

size_t walk_rows_count(const struct walk_rows *r)
{
    return (size_t)r->cursor.total;
}

bool walk_rows_next(struct walk_rows *r, struct value *const **items, size_t *count, struct error *err)
{
    const struct dtype *t = &r->array.dtype;
    const size_t budget = r->values.budget;
    const uint8_t *block;
    size_t n;
    if (!array_cursor_next(&r->cursor, &block, &n, err))
        return false;
    arena_free(&r->values);
    arena_init(&r->values, budget);
    struct value **made = arena_alloc(&r->values, n, sizeof(struct value *));
    if (made == NULL)
        return arena_fail(&r->values, err);
    for (size_t i = 0; i < n; i++)
        if (!record_value(t, block + i * t->itemsize, &r->values, &made[i], err))
            return false;
    *items = made;
    *count = n;
    return true;
}

void walk_rows_skip(struct walk_rows *r)
{
    r->cursor.at = r->cursor.total;
}
