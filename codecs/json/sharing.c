#include "sharing.h"

#include "record.h"

enum { SHORT_TEXT = 32 };

static bool has_identity(const struct value *v)
{
    switch ((enum value_kind)v->kind) {
    case VALUE_STR:
    case VALUE_BYTES:
        return v->text.len > SHORT_TEXT;
    case VALUE_TUPLE:
        return v->list.count > 0;
    case VALUE_LIST:
    case VALUE_SET:
    case VALUE_FROZENSET:
    case VALUE_DICT:
    case VALUE_BYTEARRAY:
    case VALUE_ARRAY:
    case VALUE_SLICE:
    case VALUE_OBJECT:
    case VALUE_EXTERNAL:
    case VALUE_TABLE:
        return true;
    case VALUE_NONE:
    case VALUE_BOOL:
    case VALUE_INT:
    case VALUE_BIGINT:
    case VALUE_FLOAT:
    case VALUE_COMPLEX:
    case VALUE_DTYPE:
    case VALUE_RANGE:
    case VALUE_GLOBAL:
    case VALUE_KIND_COUNT:
        break;
    }
    return false;
}

bool sharing_find(struct value *root, const struct limits *limits, struct arena *arena, struct error *err)
{
    struct walk walk;
    struct walk_event ev;
    enum step step;
    walk_init(&walk, WALK_GRAPH, root, limits, arena);
    walk.rows = true;
    while ((step = walk_next(&walk, &ev, err)) == STEP_MORE) {
        if (ev.role == WALK_KEY && ev.value->kind == VALUE_STR)
            continue;
        if (ev.what == WALK_AGAIN)
            ev.value->mark |= SHARED;
        else if (ev.what != WALK_BLOCK && ev.what != WALK_LEAVE && has_identity(ev.value))
            ev.value->mark |= WALK_SEEN;
        if (ev.what == WALK_ENTER && ev.value->kind == VALUE_ARRAY &&
            ev.value->array->dtype.kind != DTYPE_OBJECT && !dtype_is_mixed(&ev.value->array->dtype))
            walk_skip(&walk); /* its elements are no nodes, and may be many */
    }
    return step == STEP_DONE;
}

bool sharing_number(struct sharing *s, struct value *v, struct error *err)
{
    if (s->count == SHARED_MOST)
        return FAIL_LIMIT(err, "nodes", SHARED_MOST, "more than %d values are shared", SHARED_MOST);
    struct value **nodes = arena_room(s->arena, s->nodes, s->count, &s->capacity, sizeof(struct value *));
    if (nodes == NULL)
        return arena_fail(s->arena, err);
    s->nodes = nodes;
    s->nodes[s->count++] = v;
    v->mark |= WALK_SEEN_TWICE | (uint32_t)s->count;
    return true;
}

void sharing_clear(struct sharing *s)
{
    for (size_t i = 0; i < s->count; i++)
        s->nodes[i]->mark = 0;
}
