#include "walk.h"

#include "walk_rows.h"
#include "weigh.h"

#include <stdio.h>

/*
 * The parts of a node come in groups, each with one role: a dict has one group (pairs), an object has seven.
 * A frame holds the group at hand and the place in it.
 */
struct walk_frame {
    struct value *value;
    enum walk_role role; /* of value, to its parent */
    enum walk_role part_role;
    size_t role_index, role_count;
    struct value *const *items;     /* the group: values, or */
    const struct value_pair *pairs; /* pairs */
    size_t index, count;
    struct walk_rows *rows; /* of an array whose elements are values for now, or NULL */
    size_t passed;          /* of those, before the ones at hand */
    unsigned next_group;
    bool key_done; /* the pair's key was given, its value is next */
};

enum { CURSOR_WINDOW = 256 << 10 };

void walk_init(struct walk *w, enum walk_mode mode, struct value *root, const struct limits *limits,
               struct arena *arena)
{
    *w = (struct walk){.mode = mode, .limits = limits, .arena = arena, .root = root};
    w->seen = mode == WALK_GRAPH ? WALK_SEEN : mode == WALK_SECOND ? WALK_SEEN_TWICE : 0;
}

static void set_items(struct walk_frame *f, enum walk_role role, struct value *const *items, size_t count)
{
    f->part_role = role;
    f->items = items;
    f->pairs = NULL;
    f->count = count;
}

static void set_pairs(struct walk_frame *f, const struct value_pairs *pairs)
{
    f->part_role = WALK_VALUE;
    f->pairs = pairs->items;
    f->count = pairs->count;
}

static bool object_group(struct walk_frame *f, unsigned n)
{
    const struct value_object *o = f->value->object;
    switch (n) {
    case 0:
        set_items(f, WALK_CALLABLE, &o->callable, 1);
        return true;
    case 1:
        set_items(f, WALK_ARGS, &o->args, 1);
        return true;
    case 2:
        set_items(f, WALK_KWARGS, &o->kwargs, o->kwargs != NULL);
        return true;
    case 3:
        set_items(f, WALK_ITEM, o->items.items, o->items.count);
        return true;
    case 4:
        set_items(f, WALK_ADDED, o->added.items, o->added.count);
        return true;
    case 5:
        set_pairs(f, &o->pairs);
        return true;
    case 6:
        set_items(f, WALK_STATE, o->states.items, o->states.count);
        return true;
    default:
        return false;
    }
}

/* Puts the next group of the value's parts at hand. False: there is none. */
static bool next_group(const struct walk *w, struct walk_frame *f)
{
    const struct value *v = f->value;
    const unsigned n = f->next_group++;
    f->index = 0;
    if (v->kind == VALUE_OBJECT)
        return object_group(f, n);
    if (n == 1 && v->kind == VALUE_EXTERNAL && v->external->data != NULL && w->mode != WALK_TREE)
        return set_items(f, WALK_DATA, &v->external->data, 1), true;
    if (n > 0)
        return false;
    if (v->kind == VALUE_DICT)
        set_pairs(f, &v->dict);
    else if (v->kind == VALUE_TABLE)
        set_pairs(f, &v->table->columns);
    else if (v->kind == VALUE_EXTERNAL)
        set_items(f, WALK_ID, &v->external->id, 1);
    else if (value_is_container(v))
        set_items(f, WALK_ITEM, v->list.items, v->list.count);
    else
        return false;
    return true;
}

static bool has_parts(const struct value *v)
{
    return value_is_container(v) || v->kind == VALUE_OBJECT || v->kind == VALUE_EXTERNAL ||
           v->kind == VALUE_TABLE || v->kind == VALUE_ARRAY;
}

static enum step fail(struct walk *w, struct error *err)
{
    char pointer[sizeof err->pointer];
    walk_pointer(w, pointer, sizeof pointer);
    error_set_pointer(err, pointer);
    return STEP_FAIL;
}

static bool push(struct walk *w, const struct walk_frame *frame, struct error *err)
{
    if (w->depth >= w->limits->depth)
        return FAIL_LIMIT(err, "depth", w->limits->depth, "the value is nested deeper than %llu levels",
                          (unsigned long long)w->limits->depth);
    struct walk_frame *frames = arena_room(w->arena, w->frames, w->depth, &w->capacity, sizeof *frames);
    if (frames == NULL)
        return arena_fail(w->arena, err);
    w->frames = frames;
    w->frames[w->depth++] = *frame;
    return true;
}

/*
 * An array's blocks come from one cursor, since arrays don't nest, except through the elements of an 'O'
 * array: those are a group of parts.
 */
static bool start_array(struct walk *w, struct walk_frame *f, struct error *err)
{
    const struct array *a = f->value->array;
    if (a->dtype.kind == DTYPE_OBJECT) {
        const uint8_t *elements;
        uint64_t count;
        if (!array_count(a, &count))
            return arena_fail(w->arena, err);
        if (!array_pack(a, w->arena, &elements, err))
            return false;
        set_items(f, WALK_ITEM, (struct value *const *)(const void *)elements, (size_t)count);
        return true;
    }
    if (w->rows && dtype_is_mixed(&a->dtype))
        return walk_rows_new(a, w->arena, &f->rows, err);
    if (w->cursor == NULL)
        w->cursor = arena_alloc(w->arena, 1, sizeof *w->cursor);
    return w->cursor == NULL ? arena_fail(w->arena, err)
                             : array_cursor_init(w->cursor, a, CURSOR_WINDOW, w->arena, err);
}

static enum step enter(struct walk *w, const struct walk_event *e, struct error *err)
{
    struct value *v = e->value;
    if (w->mode == WALK_TREE && (v->mark & WALK_OPEN) != 0) {
        error_set(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET,
                  "the value contains itself; typed JSON and pickle can hold that");
        return fail(w, err);
    }
    if (w->mode == WALK_TREE && !weigh_allows(v, w->limits, err))
        return fail(w, err);
    const struct walk_frame frame = {
        .value = v, .role = e->role, .role_index = e->index, .role_count = e->count};
    if (!push(w, &frame, err))
        return fail(w, err);
    if (v->kind == VALUE_ARRAY && !start_array(w, &w->frames[w->depth - 1], err))
        return fail(w, err);
    if (w->mode == WALK_TREE)
        v->mark |= WALK_OPEN;
    return STEP_MORE;
}

static enum step visit(struct walk *w, struct walk_event *e, struct error *err)
{
    if (w->meanings || (w->inside && value_leans_outside(e->value)))
        e->value = value_meaning(e->value);
    if (++w->nodes > w->limits->nodes) {
        error_set_limit(err, "nodes", w->limits->nodes,
                        "the value has more than %llu parts, shared ones counted each time",
                        (unsigned long long)w->limits->nodes);
        return fail(w, err);
    }
    e->what = (e->value->mark & w->seen) != 0 ? WALK_AGAIN : has_parts(e->value) ? WALK_ENTER : WALK_LEAF;
    return e->what == WALK_ENTER ? enter(w, e, err) : STEP_MORE;
}

/* The part at hand; there is one. */
static void take_part(struct walk_frame *f, struct walk_event *e)
{
    e->parent = f->value;
    e->index = f->passed + f->index;
    e->count = f->rows == NULL ? f->count : walk_rows_count(f->rows);
    e->role = f->part_role;
    if (f->pairs == NULL) {
        e->value = f->items[f->index++];
        return;
    }
    e->role = f->key_done ? WALK_VALUE : WALK_KEY;
    e->value = f->key_done ? f->pairs[f->index].value : f->pairs[f->index].key;
    f->index += f->key_done;
    f->key_done = !f->key_done;
}

static enum step leave(struct walk *w, struct walk_event *event)
{
    const struct walk_frame *f = &w->frames[--w->depth];
    if (w->mode == WALK_TREE)
        f->value->mark &= ~(uint32_t)WALK_OPEN;
    w->done = w->depth == 0;
    *event = (struct walk_event){
        .what = WALK_LEAVE,
        .role = f->role,
        .value = f->value,
        .parent = w->depth == 0 ? NULL : w->frames[w->depth - 1].value,
        .index = f->role_index,
        .count = f->role_count,
    };
    return STEP_MORE;
}

static enum step next_block(struct walk *w, struct walk_frame *f, struct walk_event *event, struct error *err)
{
    *event = (struct walk_event){.what = WALK_BLOCK, .role = f->role, .value = f->value, .index = f->index};
    if (!array_cursor_next(w->cursor, &event->block, &event->elements, err))
        return fail(w, err);
    if (event->elements == 0)
        return leave(w, event);
    f->index += event->elements;
    f->count = f->index; /* no part is at hand */
    return STEP_MORE;
}

/* More elements at hand. False with err->kind set: failed; without: there are none. */
static bool next_rows(struct walk_frame *f, struct error *err)
{
    struct value *const *items;
    size_t count;
    f->passed += f->count;
    set_items(f, WALK_ITEM, NULL, 0);
    f->index = 0;
    if (!walk_rows_next(f->rows, &items, &count, err))
        return false;
    set_items(f, WALK_ITEM, items, count);
    return count > 0;
}

static enum step visit_root(struct walk *w, struct walk_event *event, struct error *err)
{
    *event = (struct walk_event){.role = WALK_ROOT, .value = w->root, .count = 1};
    const enum step step = visit(w, event, err);
    w->done = w->depth == 0;
    return step;
}

enum step walk_next(struct walk *w, struct walk_event *event, struct error *err)
{
    if (w->done)
        return STEP_DONE;
    if (w->depth == 0)
        return visit_root(w, event, err);
    struct walk_frame *f = &w->frames[w->depth - 1];
    while (f->index == f->count) {
        if (f->rows != NULL) {
            if (next_rows(f, err))
                break;
            return err->kind == ERR_NONE ? leave(w, event) : fail(w, err);
        }
        if (f->value->kind == VALUE_ARRAY && f->value->array->dtype.kind != DTYPE_OBJECT)
            return next_block(w, f, event, err);
        if (!next_group(w, f))
            return leave(w, event);
    }
    take_part(f, event);
    return visit(w, event, err);
}

bool walk_siblings(const struct walk *w, struct walk_run *run, uint64_t *nodes)
{
    if (w->depth == 0)
        return false;
    const struct walk_frame *f = &w->frames[w->depth - 1];
    if (f->index == f->count || f->key_done || f->value->kind < VALUE_LIST || f->value->kind > VALUE_DICT)
        return false;
    *nodes = w->limits->nodes - w->nodes;
    *run = (struct walk_run){
        .parent = f->value,
        .items = f->pairs == NULL ? f->items + f->index : NULL,
        .pairs = f->pairs == NULL ? NULL : f->pairs + f->index,
        .count = f->count - f->index,
    };
    return true;
}

void walk_took(struct walk *w, size_t count, uint64_t nodes)
{
    w->frames[w->depth - 1].index += count;
    w->nodes += nodes;
}

void walk_skip(struct walk *w)
{
    struct walk_frame *f = &w->frames[w->depth - 1];
    f->next_group = UINT8_MAX;
    f->index = f->count;
    f->key_done = false;
    if (f->rows != NULL)
        walk_rows_skip(f->rows);
    else if (f->value->kind == VALUE_ARRAY && f->value->array->dtype.kind != DTYPE_OBJECT)
        w->cursor->at = w->cursor->total;
}

/* "/key" with '~' and '/' as RFC 6901 writes them; what has no room is cut. Returns the length. */
static int escape_key(struct bytes key, char *out, size_t size)
{
    size_t n = 0;
    if (size < 4)
        return 0;
    out[n++] = '/';
    for (size_t i = 0; i < key.len && n + 3 < size; i++) {
        const char c = (char)key.data[i];
        if (c == '~' || c == '/')
            out[n++] = '~';
        out[n++] = (char)(c == '~' ? '0' : c == '/' ? '1' : c);
    }
    out[n] = '\0';
    return (int)n;
}

/* The step from a frame's value to the part that is being visited. */
static int pointer_step(const struct walk_frame *f, char *out, size_t size)
{
    const size_t at = f->key_done ? f->index : f->index - 1;
    if (f->pairs != NULL && f->pairs[at].key->kind == VALUE_STR) {
        return escape_key(f->pairs[at].key->text, out, size);
    }
    return snprintf(out, size, "/%zu", f->passed + at);
}

void walk_pointer(const struct walk *w, char *out, size_t size)
{
    size_t n = 0;
    out[0] = '\0';
    for (size_t i = 0; i < w->depth && n + 1 < size; i++) {
        if (w->frames[i].index == 0 && !w->frames[i].key_done)
            break; /* just entered: nothing below it is being visited */
        const int step = pointer_step(&w->frames[i], out + n, size - n);
        if (step < 0)
            return;
        n += (size_t)step;
    }
}
