/* Names, objects, and what lies outside, of typed JSON. */
#include "typed_tags.h"

#include "typed.h"

bool typed_begin_global(struct typed_reader *r, const struct tag_use *use, struct error *err)
{
    const struct value *names = use->argument;
    if (names->kind != VALUE_LIST || names->list.count != 2 || names->list.items[0]->kind != VALUE_STR ||
        names->list.items[1]->kind != VALUE_STR)
        return tag_wrong(use, "the names of module and object", err);
    const struct value *v = value_global(r->arena, names->list.items[0]->text, names->list.items[1]->text);
    if (v == NULL)
        return arena_fail(r->arena, err);
    *use->v = *v;
    return true;
}

static bool word_of(const struct value *v, const char *const *words, size_t count, unsigned *out)
{
    for (unsigned i = 0; v != NULL && v->kind == VALUE_STR && i < count; i++)
        if (bytes_is(v->text, words[i]))
            return *out = i, true;
    return false;
}

bool typed_begin_object(struct typed_reader *r, const struct tag_use *use, struct error *err)
{
    struct value *const members = use->argument;
    struct value_object *o = arena_alloc(r->arena, 1, sizeof *o);
    unsigned made;
    if (o == NULL)
        return arena_fail(r->arena, err);
    if (members->kind != VALUE_DICT ||
        !word_of(value_get(members, "made"), typed_made, TYPED_MADE_COUNT, &made))
        return tag_wrong(use, "an object; its made is reduce, newobj, newobj_ex, bare, instance or setter",
                         err);
    o->made = (enum object_made)made;
    tag_become(use->v, VALUE_OBJECT);
    use->v->object = o;
    return tag_push(r, use, frame_of_values(members), err);
}

/* As in a pickle: a number or a list where the callable stands is an error in Python too. */
static bool can_be_called(const struct value *v)
{
    return v->kind == VALUE_GLOBAL || v->kind == VALUE_OBJECT || v->kind == VALUE_EXTERNAL;
}

/* One member of "$object", resolved. */
static bool read_member(struct typed_reader *r, struct value_object *o, struct bytes name, struct value *v,
                        struct error *err)
{
    const bool list = v->kind == VALUE_LIST;
    if (bytes_is(name, "made"))
        return true;
    if (bytes_is(name, "callable") && can_be_called(v))
        return o->callable = v, true;
    if (bytes_is(name, "args") && v->kind == VALUE_TUPLE)
        return o->args = v, true;
    if (bytes_is(name, "kwargs") && v->kind == VALUE_DICT)
        return o->kwargs = v, true;
    if (bytes_is(name, "items") && list)
        return o->items = v->list, true;
    if (bytes_is(name, "added") && list)
        return o->added = v->list, true;
    if (bytes_is(name, "states") && list)
        return o->states = v->list, true;
    if (bytes_is(name, "pairs") && list)
        return tag_read_pairs(r, v, &o->pairs, err);
    return FAIL(err, ERR_SYNTAX, ERROR_NO_OFFSET,
                "$object has a member '%.*s' that is unknown or of a wrong kind",
                (int)(name.len < 60 ? name.len : 60), (const char *)name.data);
}

bool typed_finish_object(struct typed_reader *r, struct value *node, struct value *argument,
                         struct error *err)
{
    struct value_object *o = node->object;
    for (size_t i = 0; i < argument->dict.count; i++)
        if (!read_member(r, o, argument->dict.items[i].key->text, argument->dict.items[i].value, err))
            return false;
    if (o->callable == NULL || o->args == NULL)
        return FAIL(err, ERR_SYNTAX, ERROR_NO_OFFSET,
                    "$object must have callable, and args that are a $tuple");
    return !known_is(o->callable) || value_append(r->arena, &r->objects, node) || arena_fail(r->arena, err);
}

bool typed_finish_deque(struct typed_reader *r, struct value *node, struct value *argument, struct error *err)
{
    node->object->items = argument->list;
    return value_append(r->arena, &r->objects, node) || arena_fail(r->arena, err);
}

bool typed_finish_ordered(struct typed_reader *r, struct value *node, struct value *argument,
                          struct error *err)
{
    return tag_read_pairs(r, argument, &node->object->pairs, err) &&
           (value_append(r->arena, &r->objects, node) || arena_fail(r->arena, err));
}

bool typed_begin_external(struct typed_reader *r, const struct tag_use *use, struct error *err)
{
    struct value *const members = use->argument;
    struct value_external *x = arena_alloc(r->arena, 1, sizeof *x);
    unsigned kind;
    if (x == NULL)
        return arena_fail(r->arena, err);
    if (members->kind != VALUE_DICT || value_get(members, "id") == NULL ||
        !word_of(value_get(members, "kind"), typed_external, TYPED_EXTERNAL_COUNT, &kind))
        return tag_wrong(use, "an object with a known kind and an id", err);
    const struct value *read_only = value_get(members, "read_only");
    x->kind = (enum external_kind)kind;
    x->read_only = read_only != NULL && read_only->kind == VALUE_BOOL && read_only->boolean;
    x->id = value_get(members, "id");
    tag_become(use->v, VALUE_EXTERNAL);
    use->v->external = x;
    return tag_push(r, use, frame_of_values(members), err);
}

bool typed_finish_external(struct typed_reader *r, struct value *node, struct value *argument,
                           struct error *err)
{
    (void)r;
    struct value *const id = value_get(argument, "id");
    const enum external_kind kind = node->external->kind;
    const bool number = kind == EXTERNAL_EXTENSION || kind == EXTERNAL_BUFFER;
    const int64_t least = kind == EXTERNAL_EXTENSION ? 1 : 0; /* pickle's codes are from 1 to 2^31 - 1 */
    if (number && (id->kind != VALUE_INT || id->integer < least || id->integer > INT32_MAX))
        return FAIL(err, ERR_SYNTAX, ERROR_NO_OFFSET,
                    "the id of this $external must be an integer from %lld on", (long long)least);
    if (kind == EXTERNAL_SOFT_LINK && id->kind != VALUE_STR)
        return FAIL(err, ERR_SYNTAX, ERROR_NO_OFFSET, "the id of a soft link must be text");
    if (kind == EXTERNAL_LINK &&
        (id->kind != VALUE_TUPLE || id->list.count != 2 || id->list.items[0]->kind != VALUE_STR ||
         id->list.items[1]->kind != VALUE_STR))
        return FAIL(err, ERR_SYNTAX, ERROR_NO_OFFSET,
                    "the id of an external link must be a $tuple of two texts");
    struct value *const data = value_get(argument, "data");
    if (data != NULL && (kind != EXTERNAL_PERSISTENT_ID || data->kind != VALUE_BYTES))
        return FAIL(err, ERR_SYNTAX, ERROR_NO_OFFSET,
                    "the data of an $external is $bytes, and of a persistent_id only");
    node->external->data = data;
    node->external->id = id;
    return true;
}

/* ---- objects of well-known classes ---- */

/* What is text: see known_of_text(). */
bool typed_begin_known(struct typed_reader *r, const struct tag_use *use, struct error *err)
{
    if (use->argument->kind != VALUE_STR)
        return tag_wrong(use, "text", err);
    const struct value *v = known_of_text(&r->known, use->tag->name, use->argument->text, err);
    if (v == NULL)
        return false;
    *use->v = *v;
    return true;
}

/* collections.OrderedDict() or collections.deque(), whose parts follow. */
bool typed_begin_collection(struct typed_reader *r, const struct tag_use *use, struct error *err)
{
    const bool deque = use->tag->finish == typed_finish_deque;
    struct value_object *o = arena_alloc(r->arena, 1, sizeof *o);
    if (use->argument->kind != VALUE_LIST)
        return tag_wrong(use, deque ? "a list" : "a list of lists of key and value", err);
    if (o == NULL)
        return arena_fail(r->arena, err);
    *o = (struct value_object){
        .made = OBJECT_REDUCE,
        .callable =
            value_global(r->arena, bytes_text("collections"), bytes_text(deque ? "deque" : "OrderedDict")),
        .args = value_new(r->arena, VALUE_TUPLE),
    };
    if (o->callable == NULL || o->args == NULL)
        return arena_fail(r->arena, err);
    tag_become(use->v, VALUE_OBJECT);
    use->v->object = o;
    return tag_push(r, use, frame_of_items(&use->argument->list), err);
}
