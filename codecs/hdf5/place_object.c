/* Dicts, and what HDF5 has no type for: groups with marks. */
#include "known.h"
#include "place.h"

/* ---- dicts and objects ---- */

bool place_dict(struct builder *b, struct place p, const struct value_pairs *d, struct error *err)
{
    bool ok = true;
    size_t names = 0;
    while (names < d->count && place_is_name(d->items[names].key))
        names++;
    if (names == d->count)
        return place_pairs(b, p, NULL, d, err);
    const struct named members[] = {{"keys", place_half_of(b, d, true, &ok)},
                                    {"values", place_half_of(b, d, false, &ok)}};
    return ok ? place_named(b, p, "dict", members, ROWS(members), err) : arena_fail(b->arena, err);
}

/* Each the name of one link: keys that came twice are one in the dict that the object means. */
static bool are_names(const struct value_object *o)
{
    const struct value_pairs *d = &o->pairs;
    if (d->count > 0 && (o->meaning->kind != VALUE_DICT || o->meaning->dict.count != d->count))
        return false;
    for (size_t i = 0; i < d->count; i++)
        if (!place_is_name(d->items[i].key))
            return false;
    return true;
}

/* An object of a well-known class as text, or as a group of its items or pairs. *done: it was one. */
static bool put_known(struct builder *b, struct place p, const struct value_object *o, bool *done,
                      struct error *err)
{
    struct bytes text;
    const char *tag = known_tag(o, WALK_MARK_MAX, b->e->limits, &text, err);
    *done = tag != NULL && (text.data != NULL || are_names(o));
    if (!*done)
        return err->kind == ERR_NONE;
    if (text.data != NULL)
        return place_text(b, p, tag + 1, text, err);
    if (strcmp(tag, "$deque") == 0)
        return place_items(b, p, tag + 1, &o->items, err);
    return place_pairs(b, p, tag + 1, &o->pairs, err);
}

/* A list's value where it has items, else NULL with *ok kept. */
static struct value *list_if_any(struct builder *b, const struct value_list *list, bool *ok)
{
    struct value *v = list->count == 0 ? NULL : place_list_of(b, list->items, list->count);
    *ok = *ok && (v != NULL || list->count == 0);
    return v;
}

bool place_object(struct builder *b, struct place p, const struct value_object *o, struct error *err)
{
    bool ok = true, done;
    if (!put_known(b, p, o, &done, err) || done)
        return done;
    const bool pairs = o->pairs.count > 0;
    const struct named members[] = {
        {"made", value_int(b->arena, o->made)},
        {"callable", o->callable},
        {"args", o->args},
        {"kwargs", o->kwargs},
        {"states", list_if_any(b, &o->states, &ok)},
        {"items", list_if_any(b, &o->items, &ok)},
        {"added", list_if_any(b, &o->added, &ok)},
        {"keys", pairs ? place_half_of(b, &o->pairs, true, &ok) : NULL},
        {"values", pairs ? place_half_of(b, &o->pairs, false, &ok) : NULL},
    };
    ok = ok && members[0].value != NULL;
    return ok ? place_named(b, p, "object", members, ROWS(members), err) : arena_fail(b->arena, err);
}

/* ---- what leads elsewhere ---- */

static bool put_link(struct builder *b, struct place p, const struct value_external *x, struct error *err)
{
    if (p.group == 0)
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "a link alone is not a document");
    if (x->kind == EXTERNAL_SOFT_LINK)
        return build_soft_link(b, p.group, p.name, x->id->text, err);
    struct value *const *id = x->id->list.items;
    return build_external_link(b, p.group, p.name, id[0]->text, id[1]->text, err);
}

/* A link as HDF5 knows it, with plain texts. */
static bool is_link(const struct value_external *x)
{
    const struct value *id = x->id;
    if (id == NULL)
        return false;
    if (x->kind == EXTERNAL_SOFT_LINK)
        return h5_plain_text(id) && id->text.len > 0;
    return x->kind == EXTERNAL_LINK && id->kind == VALUE_TUPLE && id->list.count == 2 &&
           h5_plain_text(id->list.items[0]) && h5_plain_text(id->list.items[1]);
}

bool place_external(struct builder *b, struct place p, const struct value_external *x, struct error *err)
{
    if (is_link(x))
        return put_link(b, p, x, err);
    const struct named members[] = {
        {"kind", value_int(b->arena, x->kind)},
        {"id", x->id},
        {"read_only", value_bool(b->arena, x->read_only)},
        {"data", x->data},
    };
    if (members[0].value == NULL || members[2].value == NULL)
        return arena_fail(b->arena, err);
    return place_named(b, p, "external", members, ROWS(members), err);
}

/* ---- types and classes ---- */

bool place_dtype(struct builder *b, struct place p, const struct dtype *t, struct error *err)
{
    const struct named members[] = {
        {"descr", dtype_descr(t, b->arena)},
        {"aligned", t->aligned ? value_bool(b->arena, true) : NULL},
    };
    if (members[0].value == NULL)
        return arena_fail(b->arena, err);
    return place_named(b, p, "dtype", members, ROWS(members), err);
}

bool place_global(struct builder *b, struct place p, const struct value_global *g, struct error *err)
{
    static const uint64_t two = 2;
    struct value *leaves[] = {value_str(b->arena, g->module), value_str(b->arena, g->name)};
    struct h5_feed f = {.room = &b->room};
    const struct dtype t = dtype_make(DTYPE_TEXT, sizeof(struct bytes));
    const struct plan plan = {.mark = "global", .space = SPACE_SIMPLE, .ndim = 1, .dims = &two};
    if (leaves[0] == NULL || leaves[1] == NULL)
        return arena_fail(b->arena, err);
    if (!h5_plain_text(leaves[0]) || !h5_plain_text(leaves[1]))
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET,
                    "the name of a class has a NUL or a surrogate; typed JSON can hold it");
    return h5_feed_leaves(&f, &t, leaves, 2, err) && place_feed(b, p, &plan, &f, err);
}
