/* The parts of values, by name. */
#include "value.h"

#include "number.h"
#include "table.h"

static struct value *find(const struct value_pairs *pairs, struct bytes key)
{
    for (size_t i = 0; i < pairs->count; i++) {
        const struct value *k = pairs->items[i].key;
        if (k->kind == VALUE_STR && bytes_equal(k->text, key))
            return pairs->items[i].value;
    }
    return NULL;
}

struct value *value_get(const struct value *dict, const char *key)
{
    return dict->kind == VALUE_DICT ? find(&dict->dict, bytes_text(key)) : NULL;
}

/* One step with "~1" and "~0" undone. */
static bool unescape(struct bytes step, struct arena *arena, struct bytes *out, struct error *err)
{
    *out = step;
    if (step.len == 0 || memchr(step.data, '~', step.len) == NULL)
        return true;
    uint8_t *plain = arena_alloc(arena, 1, step.len);
    if (plain == NULL)
        return arena_fail(arena, err);
    size_t n = 0;
    for (size_t i = 0; i < step.len; i++) {
        const bool escape =
            step.data[i] == '~' && i + 1 < step.len && (step.data[i + 1] == '0' || step.data[i + 1] == '1');
        plain[n++] = !escape ? step.data[i] : step.data[++i] == '0' ? '~' : '/';
    }
    *out = bytes_of(plain, n);
    return true;
}

static struct value *item_at(const struct value_list *list, struct bytes step)
{
    int64_t i;
    if (!number_read_int(step, &i))
        return NULL;
    if (i < 0)
        i += (int64_t)list->count;
    return i >= 0 && (uint64_t)i < list->count ? list->items[i] : NULL;
}

/* A key that is an integer, by its text. */
static struct value *find_integer(const struct value_pairs *pairs, struct bytes step)
{
    int64_t wanted;
    if (!number_read_int(step, &wanted))
        return NULL;
    for (size_t i = 0; i < pairs->count; i++)
        if (pairs->items[i].key->kind == VALUE_INT && pairs->items[i].key->integer == wanted)
            return pairs->items[i].value;
    return NULL;
}

static struct value *find_key(const struct value_pairs *pairs, struct bytes step)
{
    struct value *found = find(pairs, step);
    return found != NULL ? found : find_integer(pairs, step);
}

/* An attribute in the states: a dict, or a tuple (dict or None, dict of slots). */
static struct value *find_attribute(const struct value_object *o, struct bytes step)
{
    for (size_t i = o->states.count; i-- > 0;) {
        const struct value *state = o->states.items[i];
        struct value *found = NULL;
        if (state->kind == VALUE_DICT)
            found = find_key(&state->dict, step);
        for (size_t j = 0; state->kind == VALUE_TUPLE && found == NULL && j < state->list.count; j++)
            if (state->list.items[j]->kind == VALUE_DICT)
                found = find_key(&state->list.items[j]->dict, step);
        if (found != NULL)
            return found;
    }
    return NULL;
}

static struct value *find_unnamed(const struct value_object *o, struct bytes step)
{
    struct value_unnamed parts[VALUE_UNNAMED_MOST];
    const size_t count = value_unnamed(o, parts);
    for (size_t i = 0; i < count; i++)
        if (bytes_is(step, parts[i].name))
            return parts[i].value;
    return NULL;
}

static struct value *object_part(const struct value_object *o, struct bytes step)
{
    struct value *found = find_attribute(o, step);
    if (found == NULL)
        found = find_key(&o->pairs, step);
    if (found == NULL)
        found = item_at(&o->items, step);
    const struct value_list *own = value_made_of(o);
    const struct value *base = value_reconstructed(o);
    if (found == NULL && own != NULL)
        found = item_at(own, step);
    if (found == NULL && base != NULL && base->kind == VALUE_DICT)
        found = find_key(&base->dict, step);
    return found != NULL ? found : find_unnamed(o, step);
}

static bool array_part(const struct array *a, struct bytes field, struct arena *arena, struct value **out,
                       struct error *err)
{
    struct array part;
    if (!array_select_fields(a, &field, 1, arena, &part, err))
        return false;
    *out = value_array(arena, &part);
    return *out != NULL || arena_fail(arena, err);
}

static bool plain_part(struct value *v, struct bytes step, struct arena *arena, struct value **out,
                       struct error *err)
{
    *out = NULL;
    switch ((enum value_kind)v->kind) {
    case VALUE_DICT:
        *out = find_key(&v->dict, step);
        return true;
    case VALUE_LIST:
    case VALUE_TUPLE:
        *out = item_at(&v->list, step);
        return true;
    case VALUE_OBJECT:
        *out = object_part(v->object, step);
        return true;
    case VALUE_ARRAY:
        return v->array->dtype.field_count == 0 || array_part(v->array, step, arena, out, err);
    case VALUE_TABLE:
        return table_part(v->table, step, arena, out, err);
    case VALUE_NONE:
    case VALUE_BOOL:
    case VALUE_INT:
    case VALUE_BIGINT:
    case VALUE_FLOAT:
    case VALUE_COMPLEX:
    case VALUE_STR:
    case VALUE_BYTES:
    case VALUE_BYTEARRAY:
    case VALUE_SET:
    case VALUE_FROZENSET:
    case VALUE_DTYPE:
    case VALUE_RANGE:
    case VALUE_SLICE:
    case VALUE_GLOBAL:
    case VALUE_EXTERNAL:
    case VALUE_KIND_COUNT:
        break;
    }
    return true;
}

/* A part of what v means; or else one of what it is made of. */
static bool part(struct value *v, struct bytes step, struct arena *arena, struct value **out,
                 struct error *err)
{
    struct value *meaning = value_meaning(v);
    return plain_part(meaning, step, arena, out, err) &&
           (*out != NULL || meaning == v || plain_part(v, step, arena, out, err));
}

/* The key "" of v where it has one; else an empty step is none. */
static bool empty_step(struct value **at, struct arena *arena, struct error *err)
{
    struct value *found = NULL;
    if (value_meaning(*at)->kind != VALUE_ARRAY && !part(*at, bytes_of("", 0), arena, &found, err))
        return false;
    *at = found == NULL ? *at : found;
    return true;
}

static bool take_step(struct value **at, struct bytes step, struct arena *arena, struct error *err)
{
    if (step.len == 0)
        return empty_step(at, arena, err);
    if (!unescape(step, arena, &step, err) || !part(*at, step, arena, at, err))
        return false;
    return *at != NULL || FAIL(err, ERR_NOT_FOUND, ERROR_NO_OFFSET, "the path leads nowhere from '%.*s' on",
                               (int)(step.len < 100 ? step.len : 100), (const char *)step.data);
}

bool value_at(struct value *root, struct bytes path, struct arena *arena, struct value **out,
              struct error *err)
{
    struct value *at = root;
    size_t i = path.len > 0 && path.data[0] == '/';
    if (i == path.len) { /* whatever keys it has */
        *out = root;
        return true;
    }
    while (i <= path.len) {
        const uint8_t *start = path.data + i;
        const uint8_t *slash = i == path.len ? NULL : memchr(start, '/', path.len - i);
        const struct bytes step = bytes_of(start, slash == NULL ? path.len - i : (size_t)(slash - start));
        i += step.len + 1;
        if (!take_step(&at, step, arena, err))
            return false;
    }
    *out = at;
    return true;
}

static bool object_is_group(const struct value_object *o)
{
    struct value_unnamed parts[VALUE_UNNAMED_MOST];
    return o->states.count + o->items.count + o->pairs.count > 0 || value_unnamed(o, parts) > 0;
}

bool value_is_group(const struct value *v)
{
    switch ((enum value_kind)v->kind) {
    case VALUE_DICT:
        return true;
    case VALUE_LIST:
    case VALUE_TUPLE:
        return v->list.count > 0;
    case VALUE_OBJECT:
        if (v->object->meaning != NULL)
            return value_is_group(v->object->meaning);
        return object_is_group(v->object);
    case VALUE_TABLE:
        return true;
    case VALUE_NONE:
    case VALUE_BOOL:
    case VALUE_INT:
    case VALUE_BIGINT:
    case VALUE_FLOAT:
    case VALUE_COMPLEX:
    case VALUE_STR:
    case VALUE_BYTES:
    case VALUE_BYTEARRAY:
    case VALUE_SET:
    case VALUE_FROZENSET:
    case VALUE_ARRAY:
    case VALUE_DTYPE:
    case VALUE_RANGE:
    case VALUE_SLICE:
    case VALUE_GLOBAL:
    case VALUE_EXTERNAL:
    case VALUE_KIND_COUNT:
        break;
    }
    return false;
}
