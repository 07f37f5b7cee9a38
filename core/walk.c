#include "walk.h"

#include <stdio.h>

/*
 * The parts of a node are visited as a row of groups, each with one role: a dict has one group (pairs), an
 * object has seven. A frame remembers the group, the place in it, and whether a pair's key was given already.
 */
struct walk_frame {
    struct value *value;
    enum walk_role role; /* of value, to its parent */
    size_t role_index, role_count;
    unsigned group;
    size_t index;
    bool key_done;
};

/* One group of parts: a single value, a list, or pairs. */
struct group {
    enum walk_role role;
    struct value *one;
    struct value_list list;
    struct value_pairs pairs;
};

enum { CURSOR_WINDOW = 256 << 10 };

void walk_init(struct walk *w, enum walk_mode mode, struct value *root, const struct limits *limits,
               struct arena *arena)
{
    *w = (struct walk){.mode = mode, .limits = limits, .arena = arena, .root = root};
    w->seen = mode == WALK_GRAPH ? WALK_SEEN : mode == WALK_SECOND ? WALK_SEEN_TWICE : 0;
}

static bool object_group(const struct value_object *o, unsigned n, struct group *out)
{
    const struct group groups[] = {
        {.role = WALK_CALLABLE, .one = o->callable}, {.role = WALK_ARGS, .one = o->args},
        {.role = WALK_KWARGS, .one = o->kwargs},     {.role = WALK_ITEM, .list = o->items},
        {.role = WALK_ADDED, .list = o->added},      {.role = WALK_VALUE, .pairs = o->pairs},
        {.role = WALK_STATE, .list = o->states},
    };
    if (n >= ROWS(groups))
        return false;
    *out = groups[n];
    return true;
}

/* The n-th group of a value's parts. False: there is none. */
static bool group_of(const struct value *v, unsigned n, struct group *out)
{
    if (v->kind == VALUE_OBJECT)
        return object_group(v->object, n, out);
    if (n > 0)
        return false;
    if (v->kind == VALUE_DICT)
        *out = (struct group){.role = WALK_VALUE, .pairs = v->dict};
    else if (v->kind == VALUE_EXTERNAL)
        *out = (struct group){.role = WALK_ID, .one = v->external->id};
    else if (value_is_container(v))
        *out = (struct group){.role = WALK_ITEM, .list = v->list};
    else
        return false;
    return true;
}

static bool has_parts(const struct value *v)
{
    return value_is_container(v) || v->kind == VALUE_OBJECT || v->kind == VALUE_EXTERNAL ||
           v->kind == VALUE_ARRAY;
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
    if (w->depth == w->capacity) {
        const size_t capacity = w->capacity == 0 ? 16 : w->capacity * 2;
        struct walk_frame *frames =
            arena_grow(w->arena, w->frames, w->capacity * sizeof *frames, capacity * sizeof *frames);
        if (frames == NULL)
            return arena_fail(w->arena, err);
        w->frames = frames;
        w->capacity = capacity;
    }
    w->frames[w->depth++] = *frame;
    return true;
}

/* An array's blocks come from one cursor: arrays don't nest, except through 'O' elements, which come as
 * items. */
static bool start_array(struct walk *w, const struct array *a, struct error *err)
{
    if (w->cursor == NULL)
        w->cursor = arena_alloc(w->arena, 1, sizeof *w->cursor);
    if (w->cursor == NULL)
        return arena_fail(w->arena, err);
    return array_cursor_init(w->cursor, a, CURSOR_WINDOW, w->arena, err);
}

static enum step enter(struct walk *w, const struct walk_event *e, struct walk_event *event,
                       struct error *err)
{
    struct value *v = e->value;
    if (w->mode == WALK_TREE && (v->mark & WALK_OPEN) != 0) {
        error_set(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET,
                  "the value contains itself; typed JSON and pickle can hold that");
        return fail(w, err);
    }
    const struct walk_frame frame = {
        .value = v, .role = e->role, .role_index = e->index, .role_count = e->count};
    if (!push(w, &frame, err))
        return fail(w, err);
    if (v->kind == VALUE_ARRAY && !start_array(w, v->array, err))
        return fail(w, err);
    if (w->mode == WALK_TREE)
        v->mark |= WALK_OPEN;
    *event = *e;
    return STEP_MORE;
}

static enum step visit(struct walk *w, struct walk_event *e, struct walk_event *event, struct error *err)
{
    if (++w->nodes > w->limits->nodes) {
        error_set_limit(err, "nodes", w->limits->nodes,
                        "the value has more than %llu parts, shared ones counted each time",
                        (unsigned long long)w->limits->nodes);
        return fail(w, err);
    }
    e->what = (e->value->mark & w->seen) != 0 ? WALK_AGAIN : has_parts(e->value) ? WALK_ENTER : WALK_LEAF;
    if (e->what == WALK_ENTER)
        return enter(w, e, event, err);
    *event = *e;
    return STEP_MORE;
}

/* The next part of the frame's value. False: no part is left. */
static bool next_part(struct walk_frame *f, struct walk_event *e)
{
    struct group g;
    for (; group_of(f->value, f->group, &g); f->group++, f->index = 0) {
        const size_t count = g.one != NULL ? 1 : g.list.count + g.pairs.count;
        if (f->index >= count)
            continue;
        *e = (struct walk_event){.role = g.role, .parent = f->value, .index = f->index, .count = count};
        if (g.pairs.count > 0) {
            const struct value_pair *pair = &g.pairs.items[f->index];
            e->role = f->key_done ? WALK_VALUE : WALK_KEY;
            e->value = f->key_done ? pair->value : pair->key;
            f->index += f->key_done;
            f->key_done = !f->key_done;
            return true;
        }
        e->value = g.one != NULL ? g.one : g.list.items[f->index];
        f->index++;
        return true;
    }
    return false;
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

/* The next block of numbers, or the next element of an 'O' array. An empty block is the end. */
static enum step next_in_array(struct walk *w, struct walk_frame *f, struct walk_event *event,
                               struct error *err)
{
    const struct array *a = f->value->array;
    if (a->dtype.kind == DTYPE_OBJECT) {
        uint64_t total;
        if (!array_count(a, &total) || f->index >= total)
            return leave(w, event);
        /* An element may hold arrays itself, so the shared cursor is wound to the place each time it is
         * needed. */
        const uint8_t *element;
        size_t one;
        struct array_cursor *c = w->cursor;
        if (c->array != a && !array_cursor_init(c, a, sizeof(struct value *), w->arena, err))
            return fail(w, err);
        c->at = f->index;
        c->block_elements = 1;
        if (!array_cursor_next(c, &element, &one, err))
            return fail(w, err);
        struct walk_event e = {
            .role = WALK_ITEM, .parent = f->value, .index = f->index, .count = (size_t)total};
        memcpy(&e.value, element, sizeof e.value);
        f->index++;
        return visit(w, &e, event, err);
    }
    struct walk_event e = {.what = WALK_BLOCK, .role = f->role, .value = f->value, .index = f->index};
    if (!array_cursor_next(w->cursor, &e.block, &e.elements, err))
        return fail(w, err);
    if (e.elements == 0)
        return leave(w, event);
    f->index += e.elements;
    *event = e;
    return STEP_MORE;
}

enum step walk_next(struct walk *w, struct walk_event *event, struct error *err)
{
    if (w->done)
        return STEP_DONE;
    if (w->depth == 0) {
        struct walk_event e = {.role = WALK_ROOT, .value = w->root, .count = 1};
        const enum step step = visit(w, &e, event, err);
        w->done = w->depth == 0;
        return step;
    }
    struct walk_frame *f = &w->frames[w->depth - 1];
    if (f->value->kind == VALUE_ARRAY)
        return next_in_array(w, f, event, err);
    struct walk_event e;
    return next_part(f, &e) ? visit(w, &e, event, err) : leave(w, event);
}

void walk_skip(struct walk *w)
{
    struct walk_frame *f = &w->frames[w->depth - 1];
    f->group = UINT8_MAX;
    f->index = SIZE_MAX;
    if (f->value->kind == VALUE_ARRAY)
        w->cursor->at = w->cursor->total;
}

/* The step from a frame's value to the part that is being visited. */
static int pointer_step(const struct walk_frame *f, char *out, size_t size)
{
    const struct value *v = f->value;
    const size_t at = f->index == 0 ? 0 : f->index - (f->key_done ? 0 : 1);
    if (v->kind == VALUE_DICT && at < v->dict.count && v->dict.items[at].key->kind == VALUE_STR) {
        const struct bytes key = v->dict.items[at].key->text;
        return snprintf(out, size, "/%.*s", (int)(key.len < 60 ? key.len : 60), (const char *)key.data);
    }
    return snprintf(out, size, "/%zu", at);
}

void walk_pointer(const struct walk *w, char *out, size_t size)
{
    size_t n = 0;
    out[0] = '\0';
    for (size_t i = 0; i < w->depth && n + 1 < size; i++) {
        if (w->frames[i].index == 0 && !w->frames[i].key_done && w->frames[i].group == 0)
            break; /* just entered: nothing below it is being visited */
        const int step = pointer_step(&w->frames[i], out + n, size - n);
        if (step < 0)
            return;
        n += (size_t)step;
    }
}
