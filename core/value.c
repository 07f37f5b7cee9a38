#include "value.h"

#include "bigint.h"
#include "utf8.h"

struct value *value_new(struct arena *arena, enum value_kind kind)
{
    struct value *v = arena_alloc(arena, 1, sizeof *v);
    if (v != NULL)
        v->kind = (uint8_t)kind;
    return v;
}

struct value *value_bool(struct arena *arena, bool boolean)
{
    struct value *v = value_new(arena, VALUE_BOOL);
    if (v != NULL)
        v->boolean = boolean;
    return v;
}

struct value *value_int(struct arena *arena, int64_t integer)
{
    struct value *v = value_new(arena, VALUE_INT);
    if (v != NULL)
        v->integer = integer;
    return v;
}

struct value *value_uint(struct arena *arena, uint64_t integer)
{
    if (integer <= INT64_MAX)
        return value_int(arena, (int64_t)integer);
    uint8_t *bytes = arena_alloc(arena, 1, 9); /* the ninth is the sign */
    struct value *v = bytes == NULL ? NULL : value_new(arena, VALUE_BIGINT);
    if (v == NULL)
        return NULL;
    memcpy(bytes, &integer, sizeof integer);
    v->text = bytes_of(bytes, 9);
    return v;
}

struct value *value_integer(struct arena *arena, struct bytes twos_complement)
{
    int64_t small;
    if (bigint_to_int64(twos_complement, &small))
        return value_int(arena, small);
    struct value *v = value_new(arena, VALUE_BIGINT);
    if (v != NULL)
        v->text = bigint_trim(twos_complement);
    return v;
}

struct value *value_float(struct arena *arena, double real)
{
    struct value *v = value_new(arena, VALUE_FLOAT);
    if (v != NULL)
        v->real = real;
    return v;
}

struct value *value_complex(struct arena *arena, double real, double imaginary)
{
    double *parts = arena_alloc(arena, 2, sizeof *parts);
    struct value *v = parts == NULL ? NULL : value_new(arena, VALUE_COMPLEX);
    if (v == NULL)
        return NULL;
    parts[0] = real;
    parts[1] = imaginary;
    v->complex = parts;
    return v;
}

static struct value *text_new(struct arena *arena, enum value_kind kind, struct bytes text)
{
    struct value *v = value_new(arena, kind);
    if (v != NULL)
        v->text = text;
    return v;
}

/* Names that a document brings may have surrogates, too. */
struct value *value_str(struct arena *arena, struct bytes utf8)
{
    struct value *v = text_new(arena, VALUE_STR, utf8);
    if (v != NULL && utf8_has_surrogates(utf8))
        v->flags = VALUE_SURROGATES;
    return v;
}

struct value *value_text(struct arena *arena, const char *utf8)
{
    return value_str(arena, bytes_text(utf8));
}

struct value *value_bytes(struct arena *arena, struct bytes bytes)
{
    return text_new(arena, VALUE_BYTES, bytes);
}

struct value *value_array(struct arena *arena, const struct array *array)
{
    struct array *copy = arena_alloc(arena, 1, sizeof *copy);
    struct value *v = copy == NULL ? NULL : value_new(arena, VALUE_ARRAY);
    if (v == NULL)
        return NULL;
    *copy = *array;
    v->array = copy;
    return v;
}

struct value *value_global(struct arena *arena, struct bytes module, struct bytes name)
{
    struct value_global *global = arena_alloc(arena, 1, sizeof *global);
    struct value *v = global == NULL ? NULL : value_new(arena, VALUE_GLOBAL);
    if (v == NULL)
        return NULL;
    *global = (struct value_global){.module = module, .name = name};
    v->global = global;
    return v;
}

struct value *value_external(struct arena *arena, enum external_kind kind, struct value *id)
{
    struct value_external *external = arena_alloc(arena, 1, sizeof *external);
    struct value *v = external == NULL ? NULL : value_new(arena, VALUE_EXTERNAL);
    if (v == NULL)
        return NULL;
    *external = (struct value_external){.kind = kind, .id = id};
    v->external = external;
    return v;
}

/* Growing lists have room for a power of two items; so a count that is one means: full. */
static void *make_room(struct arena *arena, void *items, size_t count, size_t size)
{
    if (count != 0 && (count & (count - 1)) != 0)
        return items;
    size_t bytes, wanted;
    if (!checked_mul(count, size, &bytes) || !checked_mul(count == 0 ? 1 : count * 2, size, &wanted))
        return NULL;
    return arena_extend(arena, items, bytes, wanted);
}

bool value_append(struct arena *arena, struct value_list *list, struct value *item)
{
    struct value **items = make_room(arena, list->items, list->count, sizeof(struct value *));
    if (items == NULL)
        return false;
    items[list->count++] = item;
    list->items = items;
    return true;
}

bool value_put(struct arena *arena, struct value_pairs *pairs, struct value *key, struct value *value)
{
    struct value_pair *items = make_room(arena, pairs->items, pairs->count, sizeof *items);
    if (items == NULL)
        return false;
    items[pairs->count++] = (struct value_pair){.key = key, .value = value};
    pairs->items = items;
    return true;
}

/* Room for more items: the capacity stays the power of two that make_room expects of the count. */
static void *make_room_for(struct arena *arena, void *items, size_t count, size_t more, size_t size)
{
    size_t total, bytes, held = count == 0 ? 0 : 1;
    if (!checked_add(count, more, &total))
        return NULL;
    while (held < count)
        held *= 2;
    size_t wanted = held == 0 ? 1 : held;
    while (wanted < total)
        if (!checked_mul(wanted, 2, &wanted))
            return NULL;
    if (wanted == held)
        return items;
    return checked_mul(wanted, size, &bytes) ? arena_extend(arena, items, held * size, bytes) : NULL;
}

bool value_append_all(struct arena *arena, struct value_list *list, struct value *const *items, size_t count)
{
    if (count == 0)
        return true;
    struct value **all = make_room_for(arena, list->items, list->count, count, sizeof *all);
    if (all == NULL)
        return false;
    memcpy(all + list->count, items, count * sizeof *all);
    list->items = all;
    list->count += count;
    return true;
}

bool value_put_all(struct arena *arena, struct value_pairs *pairs, struct value *const *keys_and_values,
                   size_t count)
{
    if (count == 0)
        return true;
    struct value_pair *all = make_room_for(arena, pairs->items, pairs->count, count, sizeof *all);
    if (all == NULL)
        return false;
    memcpy(all + pairs->count, keys_and_values, count * sizeof *all); /* a pair is a key and a value */
    pairs->items = all;
    pairs->count += count;
    return true;
}

bool value_to_latin1(struct bytes text, struct arena *arena, struct bytes *out, struct error *err)
{
    *out = text;
    if (utf8_is_ascii(text))
        return true;
    uint8_t *bytes = arena_alloc(arena, 1, text.len);
    size_t n = 0;
    if (bytes == NULL)
        return arena_fail(arena, err);
    for (size_t at = 0; at < text.len;) {
        const uint32_t code = utf8_next(text, &at);
        if (code > 0xff)
            return false;
        bytes[n++] = (uint8_t)code;
    }
    *out = bytes_of(bytes, n);
    return true;
}

bool value_raw(const struct value *v, struct arena *arena, struct bytes *out, struct error *err)
{
    if (v->kind == VALUE_STR && (v->flags & VALUE_DECODED) != 0)
        return value_to_latin1(v->text, arena, out, err);
    *out = v->text;
    return true;
}

struct bytes value_type_name(const struct value *v)
{
    static const char *const names[VALUE_KIND_COUNT] = {
        [VALUE_NONE] = "NoneType",
        [VALUE_BOOL] = "bool",
        [VALUE_INT] = "int",
        [VALUE_BIGINT] = "int",
        [VALUE_FLOAT] = "float",
        [VALUE_COMPLEX] = "complex",
        [VALUE_STR] = "str",
        [VALUE_BYTES] = "bytes",
        [VALUE_BYTEARRAY] = "bytearray",
        [VALUE_LIST] = "list",
        [VALUE_TUPLE] = "tuple",
        [VALUE_SET] = "set",
        [VALUE_FROZENSET] = "frozenset",
        [VALUE_DICT] = "dict",
        [VALUE_ARRAY] = "numpy.ndarray",
        [VALUE_DTYPE] = "numpy.dtype",
        [VALUE_RANGE] = "range",
        [VALUE_SLICE] = "slice",
        [VALUE_GLOBAL] = "global",
        [VALUE_OBJECT] = "object",
        [VALUE_EXTERNAL] = "external",
        [VALUE_TABLE] = "pandas.DataFrame",
    };
    if (v->kind == VALUE_ARRAY && v->array->scalar)
        return bytes_text("numpy.generic");
    if (v->kind == VALUE_TABLE && v->table->series)
        return bytes_text("pandas.Series");
    if (v->kind == VALUE_OBJECT && v->object->known != NULL)
        return bytes_text(v->object->known->type);
    if (v->kind == VALUE_OBJECT && v->object->callable != NULL && v->object->callable->kind == VALUE_GLOBAL)
        return value_reconstructed(v->object) != NULL ? v->object->args->list.items[0]->global->name
                                                      : v->object->callable->global->name;
    return bytes_text(names[v->kind]);
}

uint64_t value_range_count(int64_t start, int64_t stop, int64_t step)
{
    if (step > 0 && start < stop)
        return ((uint64_t)stop - (uint64_t)start - 1) / (uint64_t)step + 1;
    if (step < 0 && start > stop)
        return ((uint64_t)start - (uint64_t)stop - 1) / -(uint64_t)step + 1;
    return 0;
}
