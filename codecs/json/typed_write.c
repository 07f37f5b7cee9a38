/* A value as typed JSON, event by event. */
#include "typed.h"

#include "known.h"
#include "number.h"
#include "typed_writer.h"

/* ---- containers ---- */

/* Text that can be a member's name without being taken for a tag. */
static bool is_plain_key(const struct value *key)
{
    return key->kind == VALUE_STR && (key->flags & VALUE_PYTHON2) == 0 && !typed_has_pair(key) &&
           (key->text.len == 0 || key->text.data[0] != '$');
}

static bool enter_dict(struct typed_writer *w, struct value *v, struct sink *out, struct error *err)
{
    for (size_t i = 0; i < v->dict.count; i++) {
        if (is_plain_key(v->dict.items[i].key))
            continue;
        v->mark |= AS_PAIRS;
        return typed_open(w, "$dict", '[', out, err);
    }
    return layout_open(&w->layout, '{', out, err);
}

static const char *tag_of(const struct value *v)
{
    static const char *const tags[VALUE_KIND_COUNT] = {
        [VALUE_TUPLE] = "$tuple", [VALUE_SET] = "$set",     [VALUE_FROZENSET] = "$frozenset",
        [VALUE_RANGE] = "$range", [VALUE_SLICE] = "$slice",
    };
    return tags[v->kind];
}

/* By its own tag, or by all that it is made of. */
static bool enter_object(struct typed_writer *w, struct value *v, struct sink *out, struct error *err)
{
    const struct value_object *o = v->object;
    struct bytes text;
    const char *tag = known_tag(o, SHARED, w->limits, &text, err);
    if (tag != NULL) {
        v->mark |= TAGGED;
        if (text.data == NULL)
            return typed_open(w, tag, '[', out, err);
        walk_skip(w->walk);
        return typed_put_short_text(w, tag, text, out, err);
    }
    if (err->kind != ERR_NONE)
        return false;
    return typed_open(w, "$object", '{', out, err) && layout_member(&w->layout, "made", out, err) &&
           put_string(out, bytes_text(typed_made[o->made]), false, err);
}

static bool enter_external(struct typed_writer *w, const struct value_external *x, struct sink *out,
                           struct error *err)
{
    return typed_open(w, "$external", '{', out, err) && layout_member(&w->layout, "kind", out, err) &&
           put_string(out, bytes_text(typed_external[x->kind]), false, err) &&
           (!x->read_only ||
            (layout_member(&w->layout, "read_only", out, err) && sink_text(out, "true", err)));
}

/* Columns are two lists of pairs: see before_column. */
static bool enter_table(struct typed_writer *w, const struct value_table *t, struct sink *out,
                        struct error *err)
{
    uint8_t *room;
    if (!typed_open(w, "$table", '{', out, err) || !layout_member(&w->layout, "rows", out, err))
        return false;
    room = sink_reserve(out, NUMBER_MAX);
    if (room == NULL)
        return sink_fail(err);
    sink_commit(out, number_write_uint(t->rows, (char *)room));
    return !t->series || (layout_member(&w->layout, "series", out, err) && sink_text(out, "true", err));
}

/* ---- events ---- */

static bool enter(struct typed_writer *w, struct value *v, struct sink *out, struct error *err)
{
    if (tag_of(v) != NULL)
        return typed_open(w, tag_of(v), '[', out, err);
    if (v->kind == VALUE_DICT)
        return enter_dict(w, v, out, err);
    if (v->kind == VALUE_ARRAY)
        return typed_enter_array(w, v->array, out, err);
    if (v->kind == VALUE_OBJECT)
        return enter_object(w, v, out, err);
    if (v->kind == VALUE_EXTERNAL)
        return enter_external(w, v->external, out, err);
    if (v->kind == VALUE_TABLE)
        return enter_table(w, v->table, out, err);
    return layout_open(&w->layout, '[', out, err);
}

static bool leave(struct typed_writer *w, const struct value *v, struct sink *out, struct error *err)
{
    if (v->kind == VALUE_ARRAY)
        return typed_leave_array(w, v->array, out, err);
    if (tag_of(v) != NULL || (v->kind == VALUE_DICT && (v->mark & AS_PAIRS) != 0))
        return typed_close(w, ']', out, err);
    if (typed_has_members(v) || v->kind == VALUE_TABLE)
        return typed_close(w, '}', out, err);
    if (v->kind == VALUE_OBJECT)
        return v->object->meaning->kind == VALUE_STR || typed_close(w, ']', out, err);
    return layout_close(&w->layout, v->kind == VALUE_DICT ? '}' : ']', out, err);
}

static bool put_reference(const struct typed_writer *w, const struct value *v, struct sink *out,
                          struct error *err)
{
    return typed_begin_short(w, "$ref", out, err) && put_int(out, sharing_number_of(v), err) &&
           put_byte(out, '}', err);
}

/* {"$id":[number, and the value follows. */
static bool open_shared(struct typed_writer *w, struct value *v, struct sink *out, struct error *err)
{
    return sharing_number(&w->sharing, v, err) && typed_open(w, "$id", '[', out, err) &&
           layout_separate(&w->layout, out, err) && put_int(out, sharing_number_of(v), err) &&
           layout_separate(&w->layout, out, err);
}

/* The value is complete. */
static bool finish(struct typed_writer *w, const struct walk_event *ev, struct sink *out, struct error *err)
{
    if ((ev->value->mark & SHARED) != 0 && !typed_close(w, ']', out, err))
        return false;
    sharing_forget(ev->value);
    return typed_after(w, ev, out, err);
}

/* What the tag says already. */
static bool is_left_out(const struct walk_event *ev)
{
    return ev->parent != NULL && ev->parent->kind == VALUE_OBJECT && (ev->parent->mark & TAGGED) != 0 &&
           (ev->role == WALK_CALLABLE || ev->role == WALK_ARGS);
}

static bool emit(struct typed_writer *w, const struct walk_event *ev, struct sink *out, struct error *err)
{
    if (is_left_out(ev))
        return true;
    const bool text_key = ev->role == WALK_KEY && ev->value->kind == VALUE_STR;
    switch (ev->what) {
    case WALK_AGAIN:
    case WALK_LEAF:
    case WALK_ENTER:
        if (!typed_before(w, ev, out, err))
            return false;
        if (text_key)
            return typed_put_text(w, ev->value, out, err) &&
                   (typed_are_pairs(ev->parent) || layout_colon(&w->layout, out, err));
        if (ev->what == WALK_AGAIN)
            return put_reference(w, ev->value, out, err) && typed_after(w, ev, out, err);
        if ((ev->value->mark & SHARED) != 0 && !open_shared(w, ev->value, out, err))
            return false;
        if (ev->what == WALK_ENTER)
            return enter(w, ev->value, out, err);
        return typed_put_leaf(w, ev->value, out, err) && finish(w, ev, out, err);
    case WALK_LEAVE:
        return leave(w, ev->value, out, err) && finish(w, ev, out, err);
    case WALK_BLOCK:
        return typed_put_block(w, ev, out, err);
    }
    return true;
}

bool typed_begin(struct encoder *e, struct error *err)
{
    struct typed_writer *w = arena_alloc(e->arena, 1, sizeof *w);
    if (w == NULL)
        return arena_fail(e->arena, err);
    *w = (struct typed_writer){.limits = e->limits, .walk = &e->walk};
    w->layout.pretty = e->options->pretty;
    w->sharing.arena = e->arena;
    if (!sharing_find(e->root, e->limits, e->arena, err))
        return false;
    walk_init(&e->walk, WALK_SECOND, e->root, e->limits, e->arena);
    e->walk.rows = true;
    e->state = w;
    return true;
}

/* One piece of output. */
static enum step advance(struct encoder *e, struct sink *out, struct error *err)
{
    struct typed_writer *w = e->state;
    struct walk_event ev;
    if (w->raw.len > 0)
        return typed_put_more(w, out, err) ? STEP_MORE : STEP_FAIL;
    const enum step step = walk_next(&e->walk, &ev, err);
    if (step == STEP_DONE)
        sharing_clear(&w->sharing);
    if (step != STEP_MORE || emit(w, &ev, out, err))
        return step;
    char pointer[sizeof err->pointer];
    walk_pointer(&e->walk, pointer, sizeof pointer);
    error_set_pointer(err, pointer);
    return STEP_FAIL;
}

enum step typed_step(struct encoder *e, struct sink *out, struct error *err)
{
    while (!sink_full(out)) {
        const enum step step = advance(e, out, err);
        if (step != STEP_MORE)
            return step;
    }
    return STEP_MORE;
}
