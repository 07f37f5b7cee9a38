/* What typed JSON has around the parts of a value: names, brackets, commas. */
#include "typed_writer.h"

static const char *part_name(enum walk_role role)
{
    switch (role) {
    case WALK_CALLABLE:
        return "callable";
    case WALK_ARGS:
        return "args";
    case WALK_KWARGS:
        return "kwargs";
    case WALK_ITEM:
        return "items";
    case WALK_ADDED:
        return "added";
    case WALK_KEY:
        return "pairs";
    case WALK_STATE:
        return "states";
    case WALK_ID:
        return "id";
    case WALK_DATA:
        return "data";
    case WALK_VALUE:
    case WALK_ROOT:
        break;
    }
    return "";
}

static bool is_single(enum walk_role role)
{
    return role == WALK_CALLABLE || role == WALK_ARGS || role == WALK_KWARGS || role == WALK_ID ||
           role == WALK_DATA;
}

/* Parts of objects are members; those that may be many are in a list. */
static bool before_member(struct typed_writer *w, const struct walk_event *ev, struct sink *out,
                          struct error *err)
{
    if (is_single(ev->role))
        return layout_member(&w->layout, part_name(ev->role), out, err);
    if (ev->role != WALK_VALUE && ev->index == 0 &&
        !layout_open_member(&w->layout, part_name(ev->role), '[', out, err))
        return false;
    return layout_separate(&w->layout, out, err);
}

bool typed_has_members(const struct value *v)
{
    return (v->kind == VALUE_OBJECT && (v->mark & TAGGED) == 0) || v->kind == VALUE_EXTERNAL;
}

/* The levels of the index are one list, the other columns another. */
static bool before_column(struct typed_writer *w, const struct walk_event *ev, struct sink *out,
                          struct error *err)
{
    const size_t levels = ev->parent->table->levels;
    if (ev->role == WALK_KEY && (ev->index == 0 || ev->index == levels) &&
        !layout_open_member(&w->layout, ev->index < levels ? "index" : "columns", '[', out, err))
        return false;
    return layout_separate(&w->layout, out, err);
}

static bool ends_list(const struct walk_event *ev)
{
    if (ev->parent->kind == VALUE_TABLE)
        return ev->index + 1 == ev->count || ev->index + 1 == ev->parent->table->levels;
    return ev->parent->kind == VALUE_OBJECT && typed_has_members(ev->parent) && !is_single(ev->role) &&
           ev->index + 1 == ev->count;
}

bool typed_are_pairs(const struct value *parent)
{
    return parent->kind == VALUE_OBJECT || parent->kind == VALUE_TABLE || (parent->mark & AS_PAIRS) != 0;
}

bool typed_before(struct typed_writer *w, const struct walk_event *ev, struct sink *out, struct error *err)
{
    const struct value *parent = ev->parent;
    if (parent == NULL)
        return true;
    const bool members = typed_has_members(parent);
    if (ev->role == WALK_VALUE && !typed_are_pairs(parent))
        return true; /* the colon is there */
    if (!(members                       ? before_member(w, ev, out, err)
          : parent->kind == VALUE_TABLE ? before_column(w, ev, out, err)
                                        : layout_separate(&w->layout, out, err)))
        return false;
    if (ev->role == WALK_KEY && typed_are_pairs(parent))
        return layout_open(&w->layout, '[', out, err) && layout_separate(&w->layout, out, err);
    return true;
}

bool typed_after(struct typed_writer *w, const struct walk_event *ev, struct sink *out, struct error *err)
{
    const struct value *parent = ev->parent;
    if (parent == NULL || ev->role == WALK_KEY)
        return true;
    if (ev->role == WALK_VALUE && typed_are_pairs(parent) && !layout_close(&w->layout, ']', out, err))
        return false;
    return !ends_list(ev) || layout_close(&w->layout, ']', out, err);
}
