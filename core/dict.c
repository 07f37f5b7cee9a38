#include "dict.h"

struct dict dict_make(struct arena *arena)
{
    struct value *value = value_new(arena, VALUE_DICT);
    return (struct dict){.arena = arena, .value = value, .failed = value == NULL};
}

void dict_put(struct dict *d, const char *key, struct value *value)
{
    if (d->failed)
        return;
    struct value *name = value_text(d->arena, key);
    d->failed = value == NULL || name == NULL || !value_put(d->arena, &d->value->dict, name, value);
}

void dict_text(struct dict *d, const char *key, const char *utf8)
{
    dict_put(d, key, value_text(d->arena, utf8));
}

void dict_str(struct dict *d, const char *key, struct bytes utf8)
{
    dict_put(d, key, value_str(d->arena, utf8));
}

void dict_uint(struct dict *d, const char *key, uint64_t number)
{
    dict_put(d, key, value_uint(d->arena, number));
}

void dict_numbers(struct dict *d, const char *key, const uint64_t *numbers, size_t count)
{
    const bool unknown = numbers == NULL && count > 0;
    struct value *list = value_new(d->arena, unknown ? VALUE_NONE : VALUE_LIST);
    for (size_t i = 0; list != NULL && !unknown && i < count; i++) {
        struct value *number =
            numbers[i] == UINT64_MAX ? value_new(d->arena, VALUE_NONE) : value_uint(d->arena, numbers[i]);
        if (number == NULL || !value_append(d->arena, &list->list, number))
            list = NULL;
    }
    dict_put(d, key, list);
}

bool dict_done(const struct dict *d, struct value **out, struct error *err)
{
    if (d->failed)
        return arena_fail(d->arena, err);
    *out = d->value;
    return true;
}
