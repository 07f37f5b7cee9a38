/* Small values on the wire of sandbox.h: the words in which files are described. Depth is bounded, and so are
 * the calls below. */
#include "sandbox.h"

static bool put(struct sink *s, const struct value *v, unsigned depth, struct error *err);

static bool put_list(struct sink *s, const struct value_list *list, unsigned depth, struct error *err)
{
    if (!wire_put_u32(s, (uint32_t)list->count, err))
        return false;
    for (size_t i = 0; i < list->count; i++)
        if (!put(s, list->items[i], depth, err))
            return false;
    return true;
}

static bool put_dict(struct sink *s, const struct value_pairs *dict, unsigned depth, struct error *err)
{
    if (!wire_put_u32(s, (uint32_t)dict->count, err))
        return false;
    for (size_t i = 0; i < dict->count; i++) {
        const struct value *key = dict->items[i].key;
        if (key->kind != VALUE_STR)
            return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "a key of a description is not text");
        if (!wire_put_run(s, key->text, err) || !put(s, dict->items[i].value, depth, err))
            return false;
    }
    return true;
}

static bool put(struct sink *s, const struct value *v, unsigned depth, struct error *err)
{
    uint64_t bits;
    if (depth > SANDBOX_VALUE_DEPTH)
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "a description nests deeper than %d levels",
                    SANDBOX_VALUE_DEPTH);
    if (!wire_put_u8(s, v->kind, err))
        return false;
    switch (v->kind) {
    case VALUE_NONE:
        return true;
    case VALUE_BOOL:
        return wire_put_u8(s, v->boolean, err);
    case VALUE_INT:
        return wire_put_u64(s, (uint64_t)v->integer, err);
    case VALUE_FLOAT:
        memcpy(&bits, &v->real, sizeof bits);
        return wire_put_u64(s, bits, err);
    case VALUE_STR:
        return wire_put_run(s, v->text, err);
    case VALUE_LIST:
        return put_list(s, &v->list, depth + 1, err);
    case VALUE_DICT:
        return put_dict(s, &v->dict, depth + 1, err);
    default: /* the wire has no other kinds */
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "a description holds a value of a wrong kind");
    }
}

bool wire_put_value(struct sink *s, const struct value *v, struct error *err)
{
    return put(s, v, 0, err);
}

static bool get(struct reader *r, struct arena *arena, struct value **out, unsigned depth, struct error *err);

static bool get_items(struct reader *r, struct arena *arena, struct value *v, unsigned depth,
                      struct error *err)
{
    uint32_t count;
    if (!reader_u32_le(r, &count, err))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        struct value *key = NULL, *item;
        struct bytes name;
        if (v->kind == VALUE_DICT) {
            if (!wire_get_run(r, &name, err))
                return false;
            key = value_str(arena, name);
            if (key == NULL)
                return arena_fail(arena, err);
        }
        if (!get(r, arena, &item, depth, err))
            return false;
        if (!(key == NULL ? value_append(arena, &v->list, item) : value_put(arena, &v->dict, key, item)))
            return arena_fail(arena, err);
    }
    return true;
}

static bool get(struct reader *r, struct arena *arena, struct value **out, unsigned depth, struct error *err)
{
    uint8_t kind, yes;
    uint64_t bits;
    struct bytes text;
    if (depth > SANDBOX_VALUE_DEPTH)
        return FAIL(err, ERR_INTERNAL, ERROR_NO_OFFSET, "a description nests too deep");
    if (!reader_u8(r, &kind, err))
        return false;
    struct value *v = value_new(arena, (enum value_kind)kind);
    if (v == NULL)
        return arena_fail(arena, err);
    *out = v;
    switch (kind) {
    case VALUE_NONE:
        return true;
    case VALUE_BOOL:
        return reader_u8(r, &yes, err) && (v->boolean = yes != 0, true);
    case VALUE_INT:
        return reader_u64_le(r, &bits, err) && (v->integer = (int64_t)bits, true);
    case VALUE_FLOAT:
        return reader_u64_le(r, &bits, err) && (memcpy(&v->real, &bits, sizeof bits), true);
    case VALUE_STR:
        if (!wire_get_name(r, arena, &text, err))
            return false;
        *out = value_str(arena, text);
        return *out != NULL || arena_fail(arena, err);
    case VALUE_LIST:
    case VALUE_DICT:
        return get_items(r, arena, v, depth + 1, err);
    default: /* what the other side wrote is checked as any input is */
        return FAIL(err, ERR_INTERNAL, ERROR_NO_OFFSET, "a description holds a value of a wrong kind");
    }
}

bool wire_get_value(struct reader *r, struct arena *arena, struct value **out, struct error *err)
{
    return get(r, arena, out, 0, err);
}
