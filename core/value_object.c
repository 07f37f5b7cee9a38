/* What objects are made of. */
#include "value.h"

struct value *value_reconstructed(const struct value_object *o)
{
    const struct value_list *args = &o->args->list;
    const bool is = o->made == OBJECT_REDUCE && o->callable != NULL && o->callable->kind == VALUE_GLOBAL &&
                    bytes_is(o->callable->global->name, "_reconstructor") &&
                    bytes_is(o->callable->global->module, "copyreg") && o->args->kind == VALUE_TUPLE &&
                    args->count == 3 && args->items[0]->kind == VALUE_GLOBAL &&
                    args->items[1]->kind == VALUE_GLOBAL && args->items[2]->kind != VALUE_NONE;
    return is ? args->items[2] : NULL;
}

const struct value_list *value_made_of(const struct value_object *o)
{
    const struct value *base = value_reconstructed(o);
    if (o->args->list.count == 0 || o->items.count + o->added.count + o->pairs.count > 0)
        return NULL;
    if (base != NULL)
        return base->kind == VALUE_TUPLE || base->kind == VALUE_LIST ? &base->list : NULL;
    return o->made == OBJECT_NEWOBJ && o->states.count == 0 ? &o->args->list : NULL;
}

/* A parameter leans on a tensor, which leans on a storage. */
bool value_leans_outside(const struct value *v)
{
    enum { LEVELS = 4 };
    for (unsigned level = 0; level < LEVELS; level++) {
        if (v->kind != VALUE_OBJECT || v->object->meaning == NULL || v->object->args->list.count == 0)
            return false;
        v = v->object->args->list.items[0];
        if (v->kind == VALUE_EXTERNAL)
            return v->external->data != NULL;
    }
    return false;
}

static bool has_attributes(const struct value *state)
{
    bool any = state->kind == VALUE_DICT;
    for (size_t i = 0; state->kind == VALUE_TUPLE && !any && i < state->list.count; i++)
        any = state->list.items[i]->kind == VALUE_DICT;
    return any;
}

size_t value_unnamed(const struct value_object *o, struct value_unnamed *out)
{
    size_t n = 0;
    if (o->made != OBJECT_BARE && o->args->kind == VALUE_TUPLE && o->args->list.count > 0)
        out[n++] = (struct value_unnamed){"$args", o->args};
    if (o->kwargs != NULL)
        out[n++] = (struct value_unnamed){"$kwargs", o->kwargs};
    if (o->states.count == 1 && !has_attributes(o->states.items[0]))
        out[n++] = (struct value_unnamed){"$state", o->states.items[0]};
    return n;
}
