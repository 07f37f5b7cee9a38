#include "value.h"

#include "bigint.h"
#include "number.h"
#include "table.h"
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

static struct value *find(const struct value_pairs *pairs, struct bytes key)
{
    for (size_t i = 0; i < pairs->count; i++) {
        const struct value *k = pairs->items[i].key;
        if (k->kind == VALUE_STR && bytes_equal(k->text, key))
            return pairs->items[i].value;
    }
    return NULL;
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

struct value *value_get(const struct value *dict, const char *key)
{
    return dict->kind == VALUE_DICT ? find(&dict->dict, bytes_text(key)) : NULL;
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

/* ---- paths ---- */

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

uint64_t value_range_count(int64_t start, int64_t stop, int64_t step)
{
    if (step > 0 && start < stop)
        return ((uint64_t)stop - (uint64_t)start - 1) / (uint64_t)step + 1;
    if (step < 0 && start > stop)
        return ((uint64_t)start - (uint64_t)stop - 1) / -(uint64_t)step + 1;
    return 0;
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
