#include "object.h"

#include "keytext.h"

enum { SMALL_STATE = 64 }; /* attributes and slots that may be compared one by one */

/* A dict of which every key is text and none is spelled as a member of ours. */
static bool is_attributes(const struct value *v)
{
    if (v->kind != VALUE_DICT)
        return false;
    for (size_t i = 0; i < v->dict.count; i++) {
        const struct value *key = v->dict.items[i].key;
        if (key->kind != VALUE_STR || (key->text.len > 0 && key->text.data[0] == '$'))
            return false;
    }
    return true;
}

static bool share_a_key(const struct value_pairs *a, const struct value_pairs *b)
{
    for (size_t i = 0; i < a->count; i++)
        for (size_t j = 0; j < b->count; j++)
            if (bytes_equal(a->items[i].key->text, b->items[j].key->text))
                return true;
    return false;
}

/* What copyreg makes of a class with slots: a tuple (None or attributes, slots). */
static bool is_slots(const struct value *v)
{
    if (v->kind != VALUE_TUPLE || v->list.count != 2 || !is_attributes(v->list.items[1]))
        return false;
    const struct value *first = v->list.items[0], *second = v->list.items[1];
    if (first->kind == VALUE_NONE)
        return true;
    return is_attributes(first) && first->dict.count + second->dict.count <= SMALL_STATE &&
           !share_a_key(&first->dict, &second->dict);
}

static bool is_merged(const struct value_object *o)
{
    return o->states.count == 1 && (is_attributes(o->states.items[0]) || is_slots(o->states.items[0]));
}

/* ---- parts ---- */

/* What stands in front of a part of an object; *as is LEFT_OUT or MERGED where no value is to be written. */
bool object_before_part(struct json_writer *w, const struct walk_event *ev, uint32_t *as, struct sink *out,
                        struct error *err)
{
    const struct value_object *o = ev->parent->object;
    const bool first = ev->index == 0;
    switch (ev->role) {
    case WALK_CALLABLE:
        if (ev->value->kind != VALUE_GLOBAL)
            return layout_member(&w->layout, "$callable", out, err);
        *as = LEFT_OUT;
        const struct value *class = value_reconstructed(o) != NULL ? o->args->list.items[0] : ev->value;
        return layout_member(&w->layout, "$class", out, err) && json_put_name("", class->global, out, err);
    case WALK_ARGS:
        *as = value_reconstructed(o) != NULL                                 ? OF_BASE
              : ev->value->kind == VALUE_TUPLE && ev->value->list.count == 0 ? LEFT_OUT
                                                                             : 0;
        return *as != 0 || layout_member(&w->layout, "$args", out, err);
    case WALK_KWARGS:
        return layout_member(&w->layout, "$kwargs", out, err);
    case WALK_ITEM:
        return (!first || layout_open_member(&w->layout, "$items", '[', out, err)) &&
               layout_separate(&w->layout, out, err);
    case WALK_ADDED:
        return (!first || layout_open_member(&w->layout, "$added", '[', out, err)) &&
               layout_separate(&w->layout, out, err);
    case WALK_KEY:
        ev->value->mark &= ~(uint32_t)WALK_OPEN; /* the check enters it too */
        if (first &&
            !(keytext_check(w, &o->pairs, err) && layout_open_member(&w->layout, "$pairs", '{', out, err)))
            return false;
        return layout_separate(&w->layout, out, err);
    case WALK_STATE:
        *as = is_merged(o) ? MERGED : 0;
        if (*as != 0)
            return true;
        if (o->states.count == 1)
            return layout_member(&w->layout, "$state", out, err);
        return (!first || layout_open_member(&w->layout, "$states", '[', out, err)) &&
               layout_separate(&w->layout, out, err);
    case WALK_ROOT:
    case WALK_VALUE:
    case WALK_ID:
    case WALK_DATA:
        break;
    }
    return true;
}

bool object_after_part(struct json_writer *w, const struct walk_event *ev, struct sink *out,
                       struct error *err)
{
    const bool last = ev->index + 1 == ev->count;
    if (last && (ev->role == WALK_ITEM || ev->role == WALK_ADDED))
        return layout_close(&w->layout, ']', out, err);
    if (last && ev->role == WALK_STATE && ev->count > 1)
        return layout_close(&w->layout, ']', out, err);
    return !last || ev->role != WALK_VALUE || layout_close(&w->layout, '}', out, err);
}

/* ---- the value of a base ---- */

/* Which member the value of a base is, as later protocols have it; *alone: it is the only one of a list. */
static const char *base_member(const struct value *v, bool *alone)
{
    *alone = v->kind != VALUE_TUPLE && v->kind != VALUE_LIST && v->kind != VALUE_DICT;
    return v->kind == VALUE_LIST ? "$items" : v->kind == VALUE_DICT ? "$pairs" : "$args";
}

/* Later protocols write nothing of it: it is empty, or what its class makes of nothing. */
static bool is_empty(const struct value *v)
{
    return v->kind == VALUE_DICT                             ? v->dict.count == 0
           : v->kind == VALUE_LIST || v->kind == VALUE_TUPLE ? v->list.count == 0
                                                             : v->kind == VALUE_OBJECT;
}

bool object_before_base(struct json_writer *w, const struct walk_event *ev, uint32_t *as, struct sink *out,
                        struct error *err)
{
    bool alone;
    const char *member = base_member(ev->value, &alone);
    if (ev->index < 2 || is_empty(ev->value)) {
        *as = LEFT_OUT;
        return true;
    }
    return alone ? layout_open_member(&w->layout, member, '[', out, err) &&
                       layout_separate(&w->layout, out, err)
                 : layout_member(&w->layout, member, out, err);
}

bool object_after_base(struct json_writer *w, const struct walk_event *ev, struct sink *out,
                       struct error *err)
{
    bool alone;
    base_member(ev->value, &alone);
    return !alone || layout_close(&w->layout, ']', out, err);
}
