#include "base64.h"
#include "bigint.h"
#include "hex.h"
#include "keyset.h"
#include "known.h"
#include "number.h"
#include "read.h"
#include "table.h"
#include "typed.h"
#include "typed_array.h"
#include "utf8.h"
#include "weigh.h"

#include <math.h>
#include <stdio.h>

/*
 * The plain JSON reader has made a tree; tags are resolved in it, in document order and in place: the dict
 * that was the tag becomes what it stands for, before its contents are looked at, so that a reference from
 * inside finds it. Only "$id" and "$ref" put another node into the place where they stand.
 */

enum { JSON_LEVELS = 6 }; /* at most, that one level of the value takes: $id, [], $object, {}, states, [] */

struct typed_reader;

/* All parts of the argument are resolved: node becomes complete. */
typedef bool finish_fn(struct typed_reader *r, struct value *node, struct value *argument, struct error *err);

/* Places whose values are being resolved one after the other. */
struct frame {
    struct value **places;
    size_t count, next;
    unsigned stride;                /* of places: 1 in a list, 2 in a dict's pairs */
    const struct value_pair *names; /* a dict's pairs, for the error's pointer; or NULL */
    const char *tag;                /* or NULL */
    finish_fn *finish;              /* or NULL */
    struct value *node, *argument;
};

struct typed_reader {
    struct arena *arena;
    struct frame *frames;
    size_t depth, capacity;
    struct value **ids; /* from 1 on */
    size_t id_count, id_capacity;
    struct keyset keyset;
    struct value_list objects; /* whose classes are well known */
    bool shares;               /* there was a $ref */
    struct known_work known;
    const struct limits *limits;
};

/* ---- places to resolve ---- */

static bool push(struct typed_reader *r, struct frame f, struct error *err)
{
    struct frame *frames = arena_room(r->arena, r->frames, r->depth, &r->capacity, sizeof *frames);
    if (frames == NULL)
        return arena_fail(r->arena, err);
    r->frames = frames;
    r->frames[r->depth++] = f;
    return true;
}

static struct frame items_of(const struct value_list *list)
{
    return (struct frame){.places = list->items, .count = list->count, .stride = 1};
}

static struct frame values_of(struct value *dict)
{
    struct value_pair *pairs = dict->dict.items;
    return (struct frame){
        .places = dict->dict.count == 0 ? NULL : &pairs[0].value,
        .count = dict->dict.count,
        .stride = sizeof *pairs / sizeof(struct value *),
        .names = pairs,
    };
}

/* ---- tags: what stands in front of a value is made of the dict that it was ---- */

/* One tag at work: v is the dict with the tag, in *place; argument is what the tag holds. */
struct tag_use {
    struct value **place;
    struct value *v, *argument;
    const struct tag *tag;
};

struct tag {
    const char *name;
    bool (*begin)(struct typed_reader *r, const struct tag_use *use, struct error *err);
    enum value_kind kind;
    finish_fn *finish;
};

static bool wrong(const struct tag_use *use, const char *what, struct error *err)
{
    return FAIL(err, ERR_SYNTAX, ERROR_NO_OFFSET, "%s must hold %s", use->tag->name, what);
}

static bool push_tag(struct typed_reader *r, const struct tag_use *use, struct frame f, struct error *err)
{
    f.tag = use->tag->name;
    f.finish = use->tag->finish;
    f.node = use->v;
    f.argument = use->argument;
    return push(r, f, err);
}

/* v is a zeroed node of another kind from here on. */
static void become(struct value *v, enum value_kind kind)
{
    *v = (struct value){.kind = (uint8_t)kind};
}

static bool begin_items(struct typed_reader *r, const struct tag_use *use, struct error *err)
{
    if (use->argument->kind != VALUE_LIST)
        return wrong(use, "a list", err);
    const bool three = use->tag->kind == VALUE_RANGE || use->tag->kind == VALUE_SLICE;
    if (three && use->argument->list.count != 3)
        return wrong(use, "start, stop and step", err);
    become(use->v, use->tag->kind);
    use->v->list = use->argument->list;
    return push_tag(r, use, items_of(&use->v->list), err);
}

static bool finish_set(struct typed_reader *r, struct value *node, struct value *argument, struct error *err)
{
    (void)argument;
    return keyset_unite_items(&r->keyset, &node->list, err);
}

static bool finish_range(struct typed_reader *r, struct value *node, struct value *argument,
                         struct error *err)
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

/* A list of lists [key, value] as pairs. */
static bool read_pairs(struct typed_reader *r, const struct value *list, struct value_pairs *out,
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

static bool begin_dict(struct typed_reader *r, const struct tag_use *use, struct error *err)
{
    if (use->argument->kind != VALUE_LIST)
        return wrong(use, "a list of lists of key and value", err);
    become(use->v, VALUE_DICT);
    return push_tag(r, use, items_of(&use->argument->list), err);
}

static bool finish_dict(struct typed_reader *r, struct value *node, struct value *argument, struct error *err)
{
    return read_pairs(r, argument, &node->dict, err) && keyset_unite_pairs(&r->keyset, &node->dict, err);
}

/* ---- numbers, text and bytes ---- */

/* As struct.pack(">d", v).hex() has them. */
static bool float_of_bits(struct bytes hex, double *out)
{
    uint8_t big_endian[8];
    if (!hex_read(hex, big_endian, sizeof big_endian))
        return false;
    const uint64_t bits = __builtin_bswap64(load_u64_le(big_endian));
    memcpy(out, &bits, sizeof bits);
    return true;
}

static bool begin_float(struct typed_reader *r, const struct tag_use *use, struct error *err)
{
    (void)r;
    const struct bytes text = use->argument->text;
    double v = 0;
    if (use->argument->kind != VALUE_STR)
        return wrong(use, "text", err);
    if (bytes_is(text, "inf") || bytes_is(text, "-inf"))
        v = text.data[0] == '-' ? -(double)INFINITY : (double)INFINITY;
    else if (bytes_is(text, "nan"))
        float_of_bits(bytes_text("7ff8000000000000"), &v);
    else if (!float_of_bits(text, &v))
        return wrong(use, "\"inf\", \"-inf\", \"nan\" or 16 hexadecimal digits", err);
    become(use->v, VALUE_FLOAT);
    use->v->real = v;
    return true;
}

static bool begin_int(struct typed_reader *r, const struct tag_use *use, struct error *err)
{
    struct bytes digits = use->argument->text, big;
    if (use->argument->kind != VALUE_STR)
        return wrong(use, "decimal text", err);
    const bool negative = digits.len > 0 && digits.data[0] == '-';
    if (negative)
        digits = bytes_of(digits.data + 1, digits.len - 1);
    if (digits.len > r->limits->digits)
        return FAIL_LIMIT(err, "digits", r->limits->digits, "an integer has %zu digits", digits.len);
    for (size_t i = 0; i < digits.len; i++)
        if (digits.data[i] < '0' || digits.data[i] > '9')
            return wrong(use, "decimal text", err);
    if (digits.len == 0)
        return wrong(use, "decimal text", err);
    if (!bigint_of_decimal(digits, negative, r->arena, &big, err))
        return false;
    const struct value *v = value_integer(r->arena, big);
    if (v == NULL)
        return arena_fail(r->arena, err);
    *use->v = *v;
    return true;
}

static bool begin_complex(struct typed_reader *r, const struct tag_use *use, struct error *err)
{
    double *parts = arena_alloc(r->arena, 2, sizeof *parts);
    if (parts == NULL)
        return arena_fail(r->arena, err);
    if (use->argument->kind != VALUE_LIST || use->argument->list.count != 2)
        return wrong(use, "two numbers", err);
    become(use->v, VALUE_COMPLEX);
    use->v->complex = parts;
    return push_tag(r, use, items_of(&use->argument->list), err);
}

static bool finish_complex(struct typed_reader *r, struct value *node, struct value *argument,
                           struct error *err)
{
    (void)r;
    for (size_t i = 0; i < 2; i++) {
        const struct value *part = argument->list.items[i];
        if (part->kind != VALUE_FLOAT && part->kind != VALUE_INT)
            return FAIL(err, ERR_SYNTAX, ERROR_NO_OFFSET, "$complex must hold two numbers");
        node->complex[i] = part->kind == VALUE_FLOAT ? part->real : (double)part->integer;
    }
    return true;
}

static bool begin_bytes(struct typed_reader *r, const struct tag_use *use, struct error *err)
{
    struct bytes bytes;
    if (use->argument->kind != VALUE_STR)
        return wrong(use, "base64 text", err);
    if (!base64_decode(use->argument->text, r->arena, &bytes, err))
        return false;
    become(use->v, use->tag->kind);
    use->v->text = bytes;
    use->v->flags = strcmp(use->tag->name, "$py2bytes") == 0 ? VALUE_PYTHON2 : 0;
    return true;
}

/* Text whose surrogates are no pairs. */
static bool begin_utf8(struct typed_reader *r, const struct tag_use *use, struct error *err)
{
    struct bytes text;
    bool surrogates = false;
    if (use->argument->kind != VALUE_STR || !base64_decode(use->argument->text, r->arena, &text, err) ||
        utf8_valid_surrogatepass(text, &surrogates) != text.len)
        return err->kind != ERR_NONE ? false : wrong(use, "base64 of UTF-8, which may have surrogates", err);
    become(use->v, VALUE_STR);
    use->v->text = text;
    use->v->flags = surrogates ? VALUE_SURROGATES : 0;
    return true;
}

static bool begin_py2str(struct typed_reader *r, const struct tag_use *use, struct error *err)
{
    (void)r;
    if (use->argument->kind != VALUE_STR)
        return wrong(use, "text", err);
    *use->v = *use->argument;
    use->v->flags |= VALUE_PYTHON2;
    return true;
}

/* ---- arrays and names ---- */

static bool begin_array(struct typed_reader *r, const struct tag_use *use, struct error *err)
{
    struct array *a = arena_alloc(r->arena, 1, sizeof *a);
    struct value *const members = use->argument;
    if (a == NULL)
        return arena_fail(r->arena, err);
    if (members->kind != VALUE_DICT)
        return wrong(use, "an object with dtype, shape and data", err);
    if (!typed_array_read(members, strcmp(use->tag->name, "$scalar") == 0, r->arena, a, err))
        return false;
    const struct value *data = value_get(members, "data");
    become(use->v, VALUE_ARRAY);
    use->v->array = a;
    return a->dtype.kind == DTYPE_TEXT || dtype_is_flat(&a->dtype) ||
           push_tag(r, use, items_of(&data->list), err);
}

static bool finish_array(struct typed_reader *r, struct value *node, struct value *argument,
                         struct error *err)
{
    return typed_array_complete(node->array, argument, r->arena, err);
}

static bool begin_dtype(struct typed_reader *r, const struct tag_use *use, struct error *err)
{
    struct dtype *t = arena_alloc(r->arena, 1, sizeof *t);
    if (t == NULL)
        return arena_fail(r->arena, err);
    if (!typed_dtype_read(use->argument, r->arena, t, err))
        return false;
    become(use->v, VALUE_DTYPE);
    use->v->dtype = t;
    return true;
}

static bool begin_global(struct typed_reader *r, const struct tag_use *use, struct error *err)
{
    const struct value *names = use->argument;
    if (names->kind != VALUE_LIST || names->list.count != 2 || names->list.items[0]->kind != VALUE_STR ||
        names->list.items[1]->kind != VALUE_STR)
        return wrong(use, "the names of module and object", err);
    const struct value *v = value_global(r->arena, names->list.items[0]->text, names->list.items[1]->text);
    if (v == NULL)
        return arena_fail(r->arena, err);
    *use->v = *v;
    return true;
}

/* ---- objects ---- */

static bool word_of(const struct value *v, const char *const *words, size_t count, unsigned *out)
{
    for (unsigned i = 0; v != NULL && v->kind == VALUE_STR && i < count; i++)
        if (bytes_is(v->text, words[i]))
            return *out = i, true;
    return false;
}

static bool begin_object(struct typed_reader *r, const struct tag_use *use, struct error *err)
{
    struct value *const members = use->argument;
    struct value_object *o = arena_alloc(r->arena, 1, sizeof *o);
    unsigned made;
    if (o == NULL)
        return arena_fail(r->arena, err);
    if (members->kind != VALUE_DICT ||
        !word_of(value_get(members, "made"), typed_made, TYPED_MADE_COUNT, &made))
        return wrong(use, "an object; its made is reduce, newobj, newobj_ex, bare, instance or setter", err);
    o->made = (enum object_made)made;
    become(use->v, VALUE_OBJECT);
    use->v->object = o;
    return push_tag(r, use, values_of(members), err);
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
        return read_pairs(r, v, &o->pairs, err);
    return FAIL(err, ERR_SYNTAX, ERROR_NO_OFFSET,
                "$object has a member '%.*s' that is unknown or of a wrong kind",
                (int)(name.len < 60 ? name.len : 60), (const char *)name.data);
}

static bool finish_object(struct typed_reader *r, struct value *node, struct value *argument,
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

static bool finish_deque(struct typed_reader *r, struct value *node, struct value *argument,
                         struct error *err)
{
    node->object->items = argument->list;
    return value_append(r->arena, &r->objects, node) || arena_fail(r->arena, err);
}

static bool finish_ordered(struct typed_reader *r, struct value *node, struct value *argument,
                           struct error *err)
{
    return read_pairs(r, argument, &node->object->pairs, err) &&
           (value_append(r->arena, &r->objects, node) || arena_fail(r->arena, err));
}

static bool begin_external(struct typed_reader *r, const struct tag_use *use, struct error *err)
{
    struct value *const members = use->argument;
    struct value_external *x = arena_alloc(r->arena, 1, sizeof *x);
    unsigned kind;
    if (x == NULL)
        return arena_fail(r->arena, err);
    if (members->kind != VALUE_DICT || value_get(members, "id") == NULL ||
        !word_of(value_get(members, "kind"), typed_external, TYPED_EXTERNAL_COUNT, &kind))
        return wrong(use, "an object with a known kind and an id", err);
    const struct value *read_only = value_get(members, "read_only");
    x->kind = (enum external_kind)kind;
    x->read_only = read_only != NULL && read_only->kind == VALUE_BOOL && read_only->boolean;
    x->id = value_get(members, "id");
    become(use->v, VALUE_EXTERNAL);
    use->v->external = x;
    return push_tag(r, use, values_of(members), err);
}

static bool finish_external(struct typed_reader *r, struct value *node, struct value *argument,
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

/* ---- tables ---- */

static bool begin_table(struct typed_reader *r, const struct tag_use *use, struct error *err)
{
    struct value *const members = use->argument;
    struct value_table *t = arena_alloc(r->arena, 1, sizeof *t);
    if (t == NULL)
        return arena_fail(r->arena, err);
    if (members->kind != VALUE_DICT)
        return wrong(use, "an object with rows and columns", err);
    become(use->v, VALUE_TABLE);
    use->v->table = t;
    return push_tag(r, use, values_of(members), err);
}

/* One list of columns behind those that are there. */
static bool add_columns(struct typed_reader *r, const struct value *list, struct value_table *t,
                        struct error *err)
{
    struct value_pairs pairs;
    if (!read_pairs(r, list, &pairs, err))
        return false;
    for (size_t i = 0; i < pairs.count; i++)
        if (!value_put(r->arena, &t->columns, pairs.items[i].key, pairs.items[i].value))
            return arena_fail(r->arena, err);
    return true;
}

static bool finish_table(struct typed_reader *r, struct value *node, struct value *argument,
                         struct error *err)
{
    const struct value *rows = value_get(argument, "rows"), *series = value_get(argument, "series");
    const struct value *index = value_get(argument, "index"), *columns = value_get(argument, "columns");
    struct value_table t = {0};
    if (rows == NULL || rows->kind != VALUE_INT || rows->integer < 0 ||
        (series != NULL && series->kind != VALUE_BOOL) || (index != NULL && index->kind != VALUE_LIST) ||
        (columns != NULL && columns->kind != VALUE_LIST) ||
        argument->dict.count != 1U + (series != NULL) + (index != NULL) + (columns != NULL))
        return FAIL(err, ERR_SYNTAX, ERROR_NO_OFFSET,
                    "$table must have rows (a number), and may have index, columns (lists of lists of label "
                    "and values) and series (true)");
    t.rows = (uint64_t)rows->integer;
    t.series = series != NULL && series->boolean;
    if (index != NULL && !add_columns(r, index, &t, err))
        return false;
    t.levels = t.columns.count;
    return (columns == NULL || add_columns(r, columns, &t, err)) && table_become(node, r->arena, &t, err);
}

/* ---- objects of well-known classes ---- */

/* What is text: see known_of_text(). */
static bool begin_known(struct typed_reader *r, const struct tag_use *use, struct error *err)
{
    if (use->argument->kind != VALUE_STR)
        return wrong(use, "text", err);
    const struct value *v = known_of_text(&r->known, use->tag->name, use->argument->text, err);
    if (v == NULL)
        return false;
    *use->v = *v;
    return true;
}

/* collections.OrderedDict() or collections.deque(), whose parts follow. */
static bool begin_collection(struct typed_reader *r, const struct tag_use *use, struct error *err)
{
    const bool deque = use->tag->finish == finish_deque;
    struct value_object *o = arena_alloc(r->arena, 1, sizeof *o);
    if (use->argument->kind != VALUE_LIST)
        return wrong(use, deque ? "a list" : "a list of lists of key and value", err);
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
    become(use->v, VALUE_OBJECT);
    use->v->object = o;
    return push_tag(r, use, items_of(&use->argument->list), err);
}

/* ---- sharing ---- */

static const struct tag *tag_of(const struct value *v, struct error *err);
static bool visit(struct typed_reader *r, struct value **place, struct error *err);

static bool begin_ref(struct typed_reader *r, const struct tag_use *use, struct error *err)
{
    const struct value *n = use->argument;
    if (n->kind != VALUE_INT || n->integer < 1 || (uint64_t)n->integer > r->id_count)
        return wrong(use, "the number of an $id that stands before it", err);
    *use->place = r->ids[n->integer - 1];
    r->shares = true;
    return true;
}

/* The value takes the place of its "$id", and is known by its number from here on. */
static bool begin_id(struct typed_reader *r, const struct tag_use *use, struct error *err)
{
    struct value *const pair = use->argument;
    if (pair->kind != VALUE_LIST || pair->list.count != 2 || pair->list.items[0]->kind != VALUE_INT ||
        (uint64_t)pair->list.items[0]->integer != r->id_count + 1)
        return FAIL(err, ERR_SYNTAX, ERROR_NO_OFFSET,
                    "$id must hold a number and a value; numbers count from 1, and the next is %zu",
                    r->id_count + 1);
    struct value *const v = pair->list.items[1];
    const struct tag *inner = v->kind == VALUE_DICT ? tag_of(v, err) : NULL;
    if (inner != NULL && (inner->begin == begin_id || inner->begin == begin_ref))
        return wrong(use, "a value, not another $id or $ref", err);
    struct value **ids = arena_room(r->arena, r->ids, r->id_count, &r->id_capacity, sizeof(struct value *));
    if (ids == NULL)
        return arena_fail(r->arena, err);
    r->ids = ids;
    r->ids[r->id_count++] = v;
    *use->place = v;
    return visit(r, use->place, err); /* once: v is no "$id" */
}

static const struct tag tags[] = {
    {"$tuple", begin_items, VALUE_TUPLE, NULL},
    {"$set", begin_items, VALUE_SET, finish_set},
    {"$frozenset", begin_items, VALUE_FROZENSET, finish_set},
    {"$range", begin_items, VALUE_RANGE, finish_range},
    {"$slice", begin_items, VALUE_SLICE, NULL},
    {"$dict", begin_dict, VALUE_DICT, finish_dict},
    {"$float", begin_float, VALUE_FLOAT, NULL},
    {"$int", begin_int, VALUE_INT, NULL},
    {"$complex", begin_complex, VALUE_COMPLEX, finish_complex},
    {"$bytes", begin_bytes, VALUE_BYTES, NULL},
    {"$bytearray", begin_bytes, VALUE_BYTEARRAY, NULL},
    {"$py2bytes", begin_bytes, VALUE_BYTES, NULL},
    {"$py2str", begin_py2str, VALUE_STR, NULL},
    {"$utf8", begin_utf8, VALUE_STR, NULL},
    {"$ndarray", begin_array, VALUE_ARRAY, finish_array},
    {"$scalar", begin_array, VALUE_ARRAY, finish_array},
    {"$dtype", begin_dtype, VALUE_DTYPE, NULL},
    {"$global", begin_global, VALUE_GLOBAL, NULL},
    {"$object", begin_object, VALUE_OBJECT, finish_object},
    {"$external", begin_external, VALUE_EXTERNAL, finish_external},
    {"$table", begin_table, VALUE_TABLE, finish_table},
    {"$datetime", begin_known, VALUE_OBJECT, NULL},
    {"$date", begin_known, VALUE_OBJECT, NULL},
    {"$time", begin_known, VALUE_OBJECT, NULL},
    {"$timedelta", begin_known, VALUE_OBJECT, NULL},
    {"$decimal", begin_known, VALUE_OBJECT, NULL},
    {"$fraction", begin_known, VALUE_OBJECT, NULL},
    {"$uuid", begin_known, VALUE_OBJECT, NULL},
    {"$path", begin_known, VALUE_OBJECT, NULL},
    {"$ordereddict", begin_collection, VALUE_OBJECT, finish_ordered},
    {"$deque", begin_collection, VALUE_OBJECT, finish_deque},
    {"$id", begin_id, VALUE_NONE, NULL},
    {"$ref", begin_ref, VALUE_NONE, NULL},
};

/* A dict of one pair whose key begins with '$' is a tag. NULL: v is none, or *err says that it is unknown. */
static const struct tag *tag_of(const struct value *v, struct error *err)
{
    if (v->dict.count != 1)
        return NULL;
    const struct bytes name = v->dict.items[0].key->text;
    if (name.len == 0 || name.data[0] != '$')
        return NULL;
    for (size_t i = 0; i < ROWS(tags); i++)
        if (bytes_is(name, tags[i].name))
            return &tags[i];
    error_set(err, ERR_SYNTAX, ERROR_NO_OFFSET,
              "there is no tag '%.*s'; a dict with such a key is written as $dict",
              (int)(name.len < 60 ? name.len : 60), (const char *)name.data);
    return NULL;
}

/* Resolves what stands in a place, but for its parts: those are pushed. */
static bool visit(struct typed_reader *r, struct value **place, struct error *err)
{
    struct value *v = *place;
    if (v->kind == VALUE_LIST)
        return v->list.count == 0 || push(r, items_of(&v->list), err);
    if (v->kind != VALUE_DICT || v->dict.count == 0)
        return true;
    const struct tag *tag = tag_of(v, err);
    if (tag == NULL)
        return err->kind == ERR_NONE && push(r, values_of(v), err);
    const struct tag_use use = {.place = place, .v = v, .argument = v->dict.items[0].value, .tag = tag};
    return tag->begin(r, &use, err);
}

static bool resolve(struct typed_reader *r, struct value **root, struct error *err)
{
    if (!visit(r, root, err))
        return false;
    while (r->depth > 0) {
        struct frame *f = &r->frames[r->depth - 1];
        if (f->next < f->count) {
            if (!visit(r, &f->places[f->next++ * f->stride], err))
                return false;
            continue;
        }
        if (f->finish != NULL && !f->finish(r, f->node, f->argument, err))
            return false;
        r->depth--;
    }
    return true;
}

/* Where the reader stands, as a JSON Pointer into the document. */
static void point(const struct typed_reader *r, struct error *err)
{
    char pointer[sizeof err->pointer] = "";
    size_t n = 0;
    for (size_t i = 0; i < r->depth && n < sizeof pointer - 1; i++) {
        const struct frame *f = &r->frames[i];
        const size_t room = sizeof pointer - n;
        int step = f->tag == NULL ? 0 : snprintf(pointer + n, room, "/%s", f->tag);
        if (f->next > 0 && (size_t)step < room) {
            const struct bytes name = f->names == NULL ? bytes_of(NULL, 0) : f->names[f->next - 1].key->text;
            step += f->names == NULL
                        ? snprintf(pointer + n + step, room - (size_t)step, "/%zu", f->next - 1)
                        : snprintf(pointer + n + step, room - (size_t)step, "/%.*s",
                                   (int)(name.len < 60 ? name.len : 60), (const char *)name.data);
        }
        n += (size_t)step;
    }
    error_set_pointer(err, pointer);
}

static bool resolve_known(struct typed_reader *r, struct error *err)
{
    for (size_t i = 0; i < r->objects.count; i++)
        if (!known_resolve(&r->known, r->objects.items[i], err))
            return false;
    return true;
}

static struct limits limits_of_text(const struct limits *limits)
{
    struct limits l = *limits;
    if (l.depth < UINT64_MAX / JSON_LEVELS)
        l.depth *= JSON_LEVELS;
    return l;
}

bool typed_ahead(struct arrival *a)
{
    if (a->state == NULL) {
        struct limits *l = arena_alloc(a->arena, 1, sizeof *l);
        if (l == NULL)
            return false;
        *l = limits_of_text(a->limits);
        a->limits = l;
    }
    return json_ahead(a);
}

bool typed_read(struct bytes text, const struct arrival *arrival, const struct limits *limits,
                struct arena *arena, struct value **out, struct error *err)
{
    struct typed_reader r = {.arena = arena, .limits = limits};
    const struct limits json_limits = limits_of_text(limits);
    struct value *root;
    if (!json_read(text, arrival, &json_limits, arena, &root, err))
        return false;
    keyset_init(&r.keyset, arena);
    known_start(&r.known, limits, arena);
    if (!resolve(&r, &root, err)) {
        point(&r, err);
        return false;
    }
    *out = root;
    return resolve_known(&r, err) && (!r.shares || weigh(root, limits, arena, err));
}
