/* Tables: groups of their columns. */
#include "place.h"
#include "table.h"

#include <stdlib.h>

static int by_name(const void *a, const void *b)
{
    return bytes_compare(((const struct value_pair *)a)->key->text,
                         ((const struct value_pair *)b)->key->text);
}

/* *yes: the columns can be members of a group under these names, and the marks tell which they were. */
static bool labels_are_names(struct builder *b, const struct value_table *t, const struct value_pairs *named,
                             bool *yes, struct error *err)
{
    *yes = named->count > 0;
    for (size_t i = 0; i < named->count && *yes; i++) {
        const struct value *label = t->columns.items[i].key;
        *yes = place_is_name(named->items[i].key) &&
               (label->kind == VALUE_NONE || !h5_unnamed(t->series, i < t->levels, label->text));
    }
    struct value_pair *sorted = *yes ? arena_alloc(b->arena, named->count, sizeof *sorted) : NULL;
    if (*yes && sorted == NULL)
        return arena_fail(b->arena, err);
    if (*yes)
        qsort(memcpy(sorted, named->items, named->count * sizeof *sorted), named->count, sizeof *sorted,
              by_name);
    for (size_t i = 1; i < named->count && *yes; i++)
        *yes = by_name(&sorted[i - 1], &sorted[i]) != 0;
    return true;
}

/* Labels that are no names, or not different: what can hold all of them. */
static bool put_labelled(struct builder *b, struct place p, const struct value_table *t, struct error *err)
{
    bool ok = true;
    const struct named members[] = {
        {"rows", value_int(b->arena, (int64_t)t->rows)},
        {"levels", value_int(b->arena, (int64_t)t->levels)},
        {"series", value_bool(b->arena, t->series)},
        {"labels", place_half_of(b, &t->columns, true, &ok)},
        {"values", place_half_of(b, &t->columns, false, &ok)},
    };
    for (size_t i = 0; i < ROWS(members); i++)
        ok = ok && members[i].value != NULL;
    return ok ? place_named(b, p, "columns", members, ROWS(members), err) : arena_fail(b->arena, err);
}

bool place_table(struct builder *b, struct place p, const struct value_table *t, struct error *err)
{
    struct value_pairs named;
    bool names;
    if (!table_named(t, b->arena, &named, err))
        return false;
    if (t->series && t->columns.items[t->levels].key->kind == VALUE_NONE) {
        named.items[t->levels].key = value_text(b->arena, UNNAMED_SERIES);
        if (named.items[t->levels].key == NULL)
            return arena_fail(b->arena, err);
    }
    if (!labels_are_names(b, t, &named, &names, err))
        return false;
    if (!names)
        return put_labelled(b, p, t, err);
    const char *mark = arena_printf(b->arena, "%s:%zu", t->series ? "series" : "table", t->levels);
    if (mark == NULL)
        return arena_fail(b->arena, err);
    return place_pairs(b, p, mark, &named, err);
}
