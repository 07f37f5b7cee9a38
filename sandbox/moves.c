/* Both forms of an element, the library's and that of a window, piece by piece. */
#include "worker.h"

struct moves {
    struct arena *arena;
    struct move *items;
    size_t count, capacity;
};

static bool joins(const struct move *last, const struct move *next)
{
    return !next->text && !last->text && next->object == NULL && last->object == NULL &&
           last->memory + last->size == next->memory && last->window + last->size == next->window;
}

static bool add_move(struct moves *m, const struct move *move, struct error *err)
{
    struct move *last = m->count == 0 ? NULL : &m->items[m->count - 1];
    if (last != NULL && joins(last, move)) {
        last->size += move->size;
        return true;
    }
    struct move *items = arena_room(m->arena, m->items, m->count, &m->capacity, sizeof *items);
    if (items == NULL)
        return arena_fail(m->arena, err);
    m->items = items;
    m->items[m->count++] = *move;
    return true;
}

static bool find_moves(struct moves *m, const struct dtype *t, size_t *memory, size_t window,
                       struct error *err);

static bool add_sequence(struct moves *m, struct move *move, struct error *err)
{
    struct moves inner = {.arena = m->arena};
    if (!dtype_is_flat(move->object->sequence) &&
        !find_moves(&inner, move->object->sequence, &move->inner_memory, 0, err))
        return false;
    move->inner = inner.items;
    move->inner_count = inner.count;
    return add_move(m, move, err);
}

static bool add_object(struct moves *m, const struct dtype *t, size_t *memory, size_t window,
                       struct error *err)
{
    struct move move = {.memory = *memory, .window = window, .size = t->itemsize, .object = t};
    *memory += t->sequence != NULL   ? sizeof(hvl_t)
               : t->reference == 'o' ? sizeof(hobj_ref_t)
                                     : sizeof(hdset_reg_ref_t);
    return t->sequence != NULL ? add_sequence(m, &move, err) : add_move(m, &move, err);
}

/* Follows the rule of types.c and types_of_dtypes.c: a record that is not flat is packed in both forms. */
static bool find_moves(struct moves *m, const struct dtype *t, size_t *memory, size_t window,
                       struct error *err)
{
    if (t->kind == DTYPE_OBJECT)
        return add_object(m, t, memory, window, err);
    if (t->kind == DTYPE_TEXT || dtype_is_flat(t)) {
        const bool text = t->kind == DTYPE_TEXT;
        const struct move move = {.memory = *memory,
                                  .window = window,
                                  .size = text ? sizeof(struct bytes) : t->itemsize,
                                  .text = text};
        *memory += text ? sizeof(char *) : t->itemsize;
        return add_move(m, &move, err);
    }
    for (size_t i = 0; i < t->field_count; i++)
        if (!find_moves(m, t->fields[i].dtype, memory, window + t->fields[i].offset, err))
            return false;
    for (size_t i = 0; t->base != NULL && i + t->base->itemsize <= t->itemsize; i += t->base->itemsize)
        if (!find_moves(m, t->base, memory, window + i, err))
            return false;
    return true;
}

bool type_moves(const struct type *t, struct arena *arena, struct move **out, size_t *count,
                struct error *err)
{
    struct moves m = {.arena = arena};
    size_t memory = 0;
    if (!find_moves(&m, &t->dtype, &memory, 0, err))
        return false;
    *out = m.items;
    *count = m.count;
    return true;
}
