/* What all tags of typed JSON do. */
#include "typed_tags.h"

bool frame_push(struct typed_reader *r, struct frame f, struct error *err)
{
    struct frame *frames = arena_room(r->arena, r->frames, r->depth, &r->capacity, sizeof *frames);
    if (frames == NULL)
        return arena_fail(r->arena, err);
    r->frames = frames;
    r->frames[r->depth++] = f;
    return true;
}

struct frame frame_of_items(const struct value_list *list)
{
    return (struct frame){.places = list->items, .count = list->count, .stride = 1};
}

struct frame frame_of_values(struct value *dict)
{
    struct value_pair *pairs = dict->dict.items;
    return (struct frame){
        .places = dict->dict.count == 0 ? NULL : &pairs[0].value,
        .count = dict->dict.count,
        .stride = sizeof *pairs / sizeof(struct value *),
        .names = pairs,
    };
}

bool tag_wrong(const struct tag_use *use, const char *what, struct error *err)
{
    return FAIL(err, ERR_SYNTAX, ERROR_NO_OFFSET, "%s must hold %s", use->tag->name, what);
}

bool tag_push(struct typed_reader *r, const struct tag_use *use, struct frame f, struct error *err)
{
    f.tag = use->tag->name;
    f.finish = use->tag->finish;
    f.node = use->v;
    f.argument = use->argument;
    return frame_push(r, f, err);
}

void tag_become(struct value *v, enum value_kind kind)
{
    *v = (struct value){.kind = (uint8_t)kind};
}

bool tag_read_pairs(struct typed_reader *r, const struct value *list, struct value_pairs *out,
                    struct error *err)
{
    struct value_pair *pairs = arena_alloc(r->arena, list->list.count, sizeof *pairs);
    if (pairs == NULL)
        return arena_fail(r->arena, err);
    for (size_t i = 0; i < list->list.count; i++) {
        const struct value *pair = list->list.items[i];
        if (pair->kind != VALUE_LIST || pair->list.count != 2)
            return FAIL(err, ERR_SYNTAX, ERROR_NO_OFFSET, "item %zu must be a list of key and value", i);
        pairs[i] = (struct value_pair){pair->list.items[0], pair->list.items[1]};
    }
    *out = (struct value_pairs){.items = pairs, .count = list->list.count};
    return true;
}
