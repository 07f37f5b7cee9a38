/* Values that become groups: their members wait on the stack. */
#include "place.h"

static bool push(struct builder *b, const struct frame *frame, struct error *err)
{
    if (b->depth >= b->e->limits->depth)
        return FAIL_LIMIT(err, "depth", b->e->limits->depth, "the value is nested deeper than %llu levels",
                          (unsigned long long)b->e->limits->depth);
    struct frame *frames = arena_room(b->arena, b->frames, b->depth, &b->capacity, sizeof *frames);
    if (frames == NULL)
        return arena_fail(b->arena, err);
    b->frames = frames;
    b->frames[b->depth++] = *frame;
    return true;
}

bool place_group(struct builder *b, struct place p, const char *mark, struct frame frame, struct error *err)
{
    frame.group = b->root;
    if (p.group == 0) {
        if (mark != NULL && !place_mark_root(b, mark, err))
            return false;
    } else {
        const struct sandbox_mark type = {MARK_TYPE, mark == NULL ? bytes_of(NULL, 0) : bytes_text(mark)};
        const struct sandbox_request q = {
            .op = SANDBOX_GROUP, .base = p.group, .path = p.name, .marks = &type, .mark_count = mark != NULL};
        if (!h5_call(b, q, err) || !h5_reply_object(b, &frame.group, err))
            return false;
    }
    place_remember(b, &p, frame.group);
    return push(b, &frame, err);
}

bool place_items(struct builder *b, struct place p, const char *mark, const struct value_list *list,
                 struct error *err)
{
    return place_group(b, p, mark, (struct frame){.items = list->items, .count = list->count}, err);
}

bool place_pairs(struct builder *b, struct place p, const char *mark, const struct value_pairs *pairs,
                 struct error *err)
{
    return place_group(b, p, mark, (struct frame){.pairs = pairs->items, .count = pairs->count}, err);
}

bool place_named(struct builder *b, struct place p, const char *mark, const struct named *members,
                 size_t count, struct error *err)
{
    struct value_pair *pairs = arena_alloc(b->arena, count, sizeof *pairs);
    size_t n = 0;
    if (pairs == NULL)
        return arena_fail(b->arena, err);
    for (size_t i = 0; i < count; i++) {
        if (members[i].value == NULL)
            continue;
        pairs[n].key = value_text(b->arena, members[i].name);
        pairs[n].value = members[i].value;
        if (pairs[n++].key == NULL)
            return arena_fail(b->arena, err);
    }
    return place_group(b, p, mark, (struct frame){.pairs = pairs, .count = n}, err);
}

struct value *place_list_of(struct builder *b, struct value **items, size_t count)
{
    struct value *list = value_new(b->arena, VALUE_LIST);
    if (list != NULL)
        list->list = (struct value_list){items, count};
    return list;
}

struct value *place_half_of(struct builder *b, const struct value_pairs *pairs, bool keys, bool *ok)
{
    struct value **items = arena_alloc(b->arena, pairs->count, sizeof(struct value *));
    for (size_t i = 0; items != NULL && i < pairs->count; i++)
        items[i] = keys ? pairs->items[i].key : pairs->items[i].value;
    struct value *list = items == NULL ? NULL : place_list_of(b, items, pairs->count);
    *ok = *ok && list != NULL;
    return list;
}

bool place_is_name(const struct value *key)
{
    return h5_plain_text(key) && h5_is_link_name(key->text);
}
