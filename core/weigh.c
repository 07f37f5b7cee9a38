#include "weigh.h"

#include "walk.h"

enum {
    SMALL = 16,         /* leaves that are as soon weighed again as remembered */
    SHORTEST_TIME = 1,  /* bytes of an element, with what separates it from the next */
    DIGITS_OF_BYTE = 2, /* decimal digits of a byte of a number, and some more */
    MOST_KEPT = WALK_OPEN - 1
};

struct weight {
    uint64_t nodes, bytes;
};

/* A container that the walk is inside of. */
struct open {
    struct value *value;
    struct weight weight; /* of the parts so far */
    size_t parts;
    bool deep; /* one of them has parts too */
};

struct kept {
    struct value *value;
    struct weight weight;
};

/* value.mark: WALK_SEEN and nothing else of a container that is open, and the number of a kept one. */
struct scale {
    const struct limits *limits;
    struct arena scratch;
    struct walk walk;
    struct open *open;
    size_t depth, open_capacity;
    struct kept *kept; /* numbered from 1 on */
    size_t count, kept_capacity;
};

static uint64_t plus(uint64_t a, uint64_t b)
{
    uint64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

static struct weight add(struct weight a, struct weight b)
{
    return (struct weight){plus(a.nodes, b.nodes), plus(a.bytes, b.bytes)};
}

/* Numbers that range() gives; fewer where the bounds are beyond 64 bits, which no text can hold. */
static uint64_t range_count(const struct value *v)
{
    for (size_t i = 0; i < v->list.count; i++)
        if (v->list.items[i]->kind != VALUE_INT)
            return 0;
    return v->list.count != 3 ? 0
                              : value_range_count(v->list.items[0]->integer, v->list.items[1]->integer,
                                                  v->list.items[2]->integer);
}

/* What a value weighs without its parts. */
static struct weight own_weight(const struct value *v)
{
    uint64_t bytes = 1, count;
    if (v->kind == VALUE_STR || v->kind == VALUE_BYTES || v->kind == VALUE_BYTEARRAY)
        bytes = plus(bytes, v->text.len);
    else if (v->kind == VALUE_BIGINT)
        bytes = plus(bytes, DIGITS_OF_BYTE * (uint64_t)v->text.len);
    else if (v->kind == VALUE_RANGE)
        bytes = plus(bytes, range_count(v));
    else if (v->kind == VALUE_ARRAY && v->array->dtype.kind != DTYPE_OBJECT)
        bytes = plus(bytes, array_count(v->array, &count) ? count : UINT64_MAX);
    return (struct weight){1, bytes};
}

/* To the container that the walk is inside of. */
static void put_on(struct scale *s, struct weight weight, bool deep)
{
    if (s->depth == 0)
        return;
    struct open *open = &s->open[s->depth - 1];
    open->weight = add(open->weight, weight);
    open->parts++;
    open->deep |= deep;
}

static bool enter(struct scale *s, struct value *v, struct error *err)
{
    struct open *open = arena_room(&s->scratch, s->open, s->depth, &s->open_capacity, sizeof *open);
    if (open == NULL)
        return arena_fail(&s->scratch, err);
    s->open = open;
    s->open[s->depth++] = (struct open){.value = v, .weight = own_weight(v)};
    v->mark = WALK_SEEN;
    if (v->kind == VALUE_RANGE || (v->kind == VALUE_ARRAY && v->array->dtype.kind != DTYPE_OBJECT))
        walk_skip(&s->walk);
    return true;
}

static bool keep(struct scale *s, struct value *v, struct weight weight, struct error *err)
{
    if (s->count + 1 >= MOST_KEPT)
        return FAIL_LIMIT(err, "nodes", MOST_KEPT, "the value has more than %d parts", MOST_KEPT);
    struct kept *kept = arena_room(&s->scratch, s->kept, s->count, &s->kept_capacity, sizeof *kept);
    if (kept == NULL)
        return arena_fail(&s->scratch, err);
    s->kept = kept;
    s->kept[s->count++] = (struct kept){v, weight};
    v->mark = WALK_SEEN | (uint32_t)s->count;
    return true;
}

static bool leave(struct scale *s, struct error *err)
{
    const struct open *open = &s->open[s->depth - 1];
    struct value *v = open->value;
    const struct weight weight = open->weight;
    const bool worth_it = open->deep || open->parts > SMALL;
    if (weight.nodes > s->limits->nodes)
        v->flags |= VALUE_MANY;
    if (weight.bytes > s->limits->output)
        v->flags |= VALUE_LONG;
    if (worth_it && !keep(s, v, weight, err))
        return false;
    if (!worth_it)
        v->mark = 0;
    s->depth--;
    put_on(s, weight, true);
    return true;
}

static bool take(struct scale *s, const struct walk_event *ev, struct error *err)
{
    switch (ev->what) {
    case WALK_ENTER:
        return enter(s, ev->value, err);
    case WALK_LEAVE:
        return leave(s, err);
    case WALK_LEAF:
        if (ev->role != WALK_DATA) /* no text has it */
            put_on(s, own_weight(ev->value), false);
        return true;
    case WALK_AGAIN: {
        const uint32_t number = ev->value->mark & MOST_KEPT;
        const struct weight nothing = {0};
        put_on(s, number == 0 ? nothing : s->kept[number - 1].weight, true);
        return true;
    }
    case WALK_BLOCK:
        break;
    }
    return true;
}

static void clear_marks(struct scale *s)
{
    for (size_t i = 0; i < s->depth; i++)
        s->open[i].value->mark = 0;
    for (size_t i = 0; i < s->count; i++)
        s->kept[i].value->mark = 0;
}

bool weigh(struct value *root, const struct limits *limits, struct arena *arena, struct error *err)
{
    struct limits none = *limits;
    struct scale s = {.limits = limits};
    struct walk_event ev;
    enum step step;
    none.depth = none.nodes = UINT64_MAX; /* they are for whoever writes it */
    arena_init(&s.scratch, arena->budget - arena->used);
    s.scratch.pool = arena->pool;
    s.scratch.watch = arena->watch;
    walk_init(&s.walk, WALK_GRAPH, root, &none, &s.scratch);
    s.walk.meanings = true;
    while ((step = walk_next(&s.walk, &ev, err)) == STEP_MORE)
        if (!take(&s, &ev, err)) {
            step = STEP_FAIL;
            break;
        }
    clear_marks(&s);
    arena_free(&s.scratch);
    return step == STEP_DONE;
}

bool weigh_allows(const struct value *v, const struct limits *limits, struct error *err)
{
    if ((v->flags & VALUE_MANY) != 0)
        return FAIL_LIMIT(err, "nodes", limits->nodes,
                          "the value has more than %llu parts, shared ones counted each time",
                          (unsigned long long)limits->nodes);
    return (v->flags & VALUE_LONG) == 0 ||
           FAIL_LIMIT(err, "output", limits->output,
                      "the answer would be longer than %llu bytes, shared parts written each time",
                      (unsigned long long)limits->output);
}
