/* Lists, sets, ranges and dicts of typed JSON. */
#include "typed_tags.h"

bool typed_begin_items(struct typed_reader *r, const struct tag_use *use, struct error *err)
{
    if (use->argument->kind != VALUE_LIST)
        return tag_wrong(use, "a list", err);
    const bool three = use->tag->kind == VALUE_RANGE || use->tag->kind == VALUE_SLICE;
    if (three && use->argument->list.count != 3)
        return tag_wrong(use, "start, stop and step", err);
    tag_become(use->v, use->tag->kind);
    use->v->list = use->argument->list;
    return tag_push(r, use, frame_of_items(&use->v->list), err);
}

bool typed_finish_set(struct typed_reader *r, struct value *node, struct value *argument, struct error *err)
{
    (void)argument;
    return keyset_unite_items(&r->keyset, &node->list, err);
}

bool typed_finish_range(struct typed_reader *r, struct value *node, struct value *argument, struct error *err)
{
    (void)r, (void)argument;
    for (size_t i = 0; i < 3; i++) {
        const struct value *v = node->list.items[i];
        if (v->kind != VALUE_INT && v->kind != VALUE_BIGINT)
            return FAIL(err, ERR_SYNTAX, ERROR_NO_OFFSET, "$range must hold three integers");
        if (i == 2 && v->kind == VALUE_INT && v->integer == 0)
            return FAIL(err, ERR_SYNTAX, ERROR_NO_OFFSET, "the step of a $range must not be 0");
    }
    return true;
}

bool typed_begin_dict(struct typed_reader *r, const struct tag_use *use, struct error *err)
{
    if (use->argument->kind != VALUE_LIST)
        return tag_wrong(use, "a list of lists of key and value", err);
    tag_become(use->v, VALUE_DICT);
    return tag_push(r, use, frame_of_items(&use->argument->list), err);
}

bool typed_finish_dict(struct typed_reader *r, struct value *node, struct value *argument, struct error *err)
{
    return tag_read_pairs(r, argument, &node->dict, err) && keyset_unite_pairs(&r->keyset, &node->dict, err);
}
