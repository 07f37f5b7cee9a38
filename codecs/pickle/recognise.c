/*
 * Calls whose results are values of a kind of their own. A row is a callable and the kinds of its arguments;
 * what matches no row, or is refused by the row's function, stays an object.
 */
#include "machine.h"

#include "known.h"
#include "utf8.h"

static struct value *argument(const struct value *v, size_t i)
{
    return v->object->args->list.items[i];
}

static size_t argument_count(const struct value *v)
{
    return v->object->args->list.count;
}

/* ---- what the node becomes ---- */

static bool become_text(struct value *v, enum value_kind kind, struct bytes text)
{
    v->kind = (uint8_t)kind;
    v->text = text;
    return true;
}

static bool is_latin1(const struct value *name)
{
    return bytes_is(name->text, "latin1") || bytes_is(name->text, "latin-1");
}

/* _codecs.encode(text, 'latin1'): how protocols 0 to 2 write bytes. */
static bool encoded_bytes(struct machine *m, struct value *v, struct error *err)
{
    struct bytes bytes;
    return is_latin1(argument(v, 1)) && value_to_latin1(argument(v, 0)->text, m->arena, &bytes, err) &&
           become_text(v, VALUE_BYTES, bytes);
}

static bool encoded_bytearray(struct machine *m, struct value *v, struct error *err)
{
    struct bytes bytes;
    return is_latin1(argument(v, 1)) && value_to_latin1(argument(v, 0)->text, m->arena, &bytes, err) &&
           become_text(v, VALUE_BYTEARRAY, bytes);
}

/* bytes() and bytearray(): of nothing, or of one argument. */
static bool plain(struct machine *m, struct value *v, enum value_kind kind, struct error *err)
{
    struct bytes bytes = bytes_of(NULL, 0);
    return (argument_count(v) == 0 || value_raw(argument(v, 0), m->arena, &bytes, err)) &&
           become_text(v, kind, bytes);
}

static bool plain_bytes(struct machine *m, struct value *v, struct error *err)
{
    return plain(m, v, VALUE_BYTES, err);
}

static bool plain_bytearray(struct machine *m, struct value *v, struct error *err)
{
    return plain(m, v, VALUE_BYTEARRAY, err);
}

/* A set of a list's items: the list stays what it is. Members that can be none leave a call. */
static bool set_of(struct machine *m, struct value *v, enum value_kind kind, struct error *err)
{
    struct value_list items = {0};
    struct error refused = {0};
    if (argument_count(v) == 1 &&
        !value_append_all(m->arena, &items, argument(v, 0)->list.items, argument(v, 0)->list.count))
        return arena_fail(m->arena, err);
    if (!keyset_unite_items(&m->keys, &items, &refused)) {
        if (refused.kind == ERR_LIMIT)
            *err = refused;
        return false;
    }
    v->kind = (uint8_t)kind;
    v->list = items;
    return true;
}

static bool plain_set(struct machine *m, struct value *v, struct error *err)
{
    return set_of(m, v, VALUE_SET, err);
}

static bool plain_frozenset(struct machine *m, struct value *v, struct error *err)
{
    return set_of(m, v, VALUE_FROZENSET, err);
}

static double number_of(const struct value *v)
{
    return v->kind == VALUE_FLOAT ? v->real : (double)v->integer;
}

static bool plain_complex(struct machine *m, struct value *v, struct error *err)
{
    double *parts = arena_alloc(m->arena, 2, sizeof *parts);
    if (parts == NULL)
        return arena_fail(m->arena, err);
    parts[0] = number_of(argument(v, 0));
    parts[1] = number_of(argument(v, 1));
    v->kind = VALUE_COMPLEX;
    v->complex = parts;
    return true;
}

/* (stop), (start, stop) or (start, stop, step), with first and last for what is left out. */
static bool three(struct machine *m, struct value *v, enum value_kind kind, struct value *first,
                  struct value *last, struct error *err)
{
    struct value **items = arena_alloc(m->arena, 3, sizeof *items);
    const size_t n = argument_count(v);
    if (items == NULL || first == NULL || last == NULL)
        return arena_fail(m->arena, err);
    items[0] = n == 1 ? first : argument(v, 0);
    items[1] = n == 1 ? argument(v, 0) : argument(v, 1);
    items[2] = n == 3 ? argument(v, 2) : last;
    v->kind = (uint8_t)kind;
    v->list = (struct value_list){.items = items, .count = 3};
    return true;
}

static bool plain_range(struct machine *m, struct value *v, struct error *err)
{
    struct value *zero = machine_node(m, VALUE_INT, err), *one = machine_node(m, VALUE_INT, err);
    if (one == NULL)
        return false;
    one->integer = 1;
    if (argument_count(v) == 3 && argument(v, 2)->kind == VALUE_INT && argument(v, 2)->integer == 0)
        return false;
    return three(m, v, VALUE_RANGE, zero, one, err);
}

static bool plain_slice(struct machine *m, struct value *v, struct error *err)
{
    return three(m, v, VALUE_SLICE, m->none, m->none, err);
}

/* getattr(class, name), as protocols below 4 name a class inside of another. */
static bool is_inner(const struct value *v)
{
    const struct value_object *o = v->object;
    if (v->kind != VALUE_OBJECT || o->made != OBJECT_REDUCE || o->callable->kind != VALUE_GLOBAL ||
        !bytes_is(o->callable->global->name, "getattr") || o->states.count > 0 ||
        !(known_match(&o->args->list, "gs") || known_match(&o->args->list, "os")))
        return false;
    const struct bytes name = argument(v, 1)->text;
    return name.len > 0 && memchr(name.data, '.', name.len) == NULL &&
           bytes_is(o->callable->global->module, "builtins");
}

/* Where a class must be, such calls become the name that they are from protocol 4 on: "Outer.Inner". */
static bool inner_class(struct machine *m, struct value *v, struct error *err)
{
    enum { DEEP = 8, LONG = 1000 };
    struct value *chain[DEEP];
    size_t depth = 0;
    for (; depth < DEEP && is_inner(v); v = argument(v, 0))
        chain[depth++] = v;
    while (v->kind == VALUE_GLOBAL && depth-- > 0) {
        const struct bytes outer = v->global->name, name = argument(chain[depth], 1)->text;
        if (outer.len + name.len > LONG)
            return true;
        uint8_t *dotted = arena_alloc(m->arena, 1, outer.len + 1 + name.len);
        struct value_global *g = arena_alloc(m->arena, 1, sizeof *g);
        if (dotted == NULL || g == NULL)
            return arena_fail(m->arena, err);
        mempcpy(mempcpy(mempcpy(dotted, outer.data, outer.len), ".", 1), name.data, name.len);
        *g = (struct value_global){.module = v->global->module,
                                   .name = bytes_of(dotted, outer.len + 1 + name.len)};
        v = chain[depth];
        v->kind = VALUE_GLOBAL;
        v->global = g;
    }
    return true;
}

/* copyreg._reconstructor(cls, object, None): how protocols 0 and 1 make a bare instance. */
static bool bare_instance(struct machine *m, struct value *v, struct error *err)
{
    const struct value_global *base = argument(v, 1)->global;
    struct value *class = argument(v, 0);
    if (!inner_class(m, class, err) || class->kind != VALUE_GLOBAL || !bytes_is(base->module, "builtins") ||
        !bytes_is(base->name, "object"))
        return false;
    v->object->made = OBJECT_BARE;
    v->object->callable = class;
    v->object->args = m->empty;
    return true;
}

/* The same with a value of the base: it stays the call that it is. */
static bool based_instance(struct machine *m, struct value *v, struct error *err)
{
    return inner_class(m, argument(v, 0), err);
}

/* copyreg.__newobj__(cls, *args): the same with arguments. */
static bool new_instance(struct machine *m, struct value *v, struct error *err)
{
    const struct value_list *all = &v->object->args->list;
    struct value *cls = all->items[0];
    struct value *args = machine_tuple(m, all->items + 1, all->count - 1, err);
    if (args == NULL || !inner_class(m, cls, err))
        return false;
    v->object->made = OBJECT_NEWOBJ;
    v->object->callable = cls;
    v->object->args = args;
    return true;
}

/* ---- the table ---- */

enum { STATE = 1, PARTS = 2 };

static const struct {
    const char *module, *name, *arguments; /* arguments: letters of known_match() */
    int may_have; /* STATE: it may have been built; PARTS: it may have items, pairs and so on */
    recognise_fn *fn;
} rows[] = {
    {"_codecs", "encode", "ss", 0, encoded_bytes},
    {"builtins", "bytes", "", 0, plain_bytes},
    {"builtins", "bytes", "b", 0, plain_bytes},
    {"builtins", "bytearray", "", 0, plain_bytearray},
    {"builtins", "bytearray", "b", 0, plain_bytearray},
    {"builtins", "bytearray", "ss", 0, encoded_bytearray},
    {"builtins", "set", "", 0, plain_set},
    {"builtins", "set", "l", 0, plain_set},
    {"builtins", "frozenset", "", 0, plain_frozenset},
    {"builtins", "frozenset", "l", 0, plain_frozenset},
    {"builtins", "complex", "nn", 0, plain_complex},
    {"builtins", "range", "i", 0, plain_range},
    {"builtins", "range", "ii", 0, plain_range},
    {"builtins", "range", "iii", 0, plain_range},
    {"builtins", "slice", "*", 0, plain_slice},
    {"builtins", "slice", "**", 0, plain_slice},
    {"builtins", "slice", "***", 0, plain_slice},
    {"copyreg", "_reconstructor", "*g0", STATE | PARTS, bare_instance},
    {"copyreg", "_reconstructor", "*g*", STATE | PARTS, based_instance},
    {"copyreg", "__newobj__", "+", STATE | PARTS, new_instance},
    {"numpy", "dtype", "s", STATE, numpy_dtype},
    {"numpy", "dtype", "s**", STATE, numpy_dtype},
    {"numpy.core.multiarray", "_reconstruct", "gl*", STATE, numpy_reconstruct},
    {"numpy.core.multiarray", "scalar", "db", 0, numpy_scalar},
    {"numpy.core.numeric", "_frombuffer", "ydls", 0, numpy_frombuffer},
    {"torch.storage", "_load_from_bytes", "b", 0, torch_loaded},
};

/* The first row with this callable, or ROWS(rows). Most pickles name none of them: tell that by one letter.
 */
static size_t first_row(const struct value_object *o)
{
    const struct value *callable = o->callable;
    if (callable->kind != VALUE_GLOBAL || callable->global->module.len == 0 ||
        memchr("_bcnt", callable->global->module.data[0], 5) == NULL)
        return ROWS(rows);
    const struct bytes module = known_module(callable->global->module), name = callable->global->name;
    size_t i = 0;
    while (i < ROWS(rows) && !(bytes_is(name, rows[i].name) && bytes_is(module, rows[i].module)))
        i++;
    return i;
}

bool recognise_note(struct machine *m, struct value *object, struct error *err)
{
    const struct value_object *o = object->object;
    const bool call = o->made == OBJECT_REDUCE && first_row(o) != ROWS(rows);
    if (!call && !known_is(o->callable))
        return true;
    return value_append(m->arena, &m->noted, object) || arena_fail(m->arena, err);
}

/* What a row may stand for: more was done to the object than the row says, and it is something else. */
static bool row_allows(size_t row, const struct value_object *o)
{
    const bool parts = o->items.count + o->added.count + o->pairs.count > 0;
    return (o->states.count == 0 || (rows[row].may_have & STATE) != 0) &&
           (!parts || (rows[row].may_have & PARTS) != 0) && known_match(&o->args->list, rows[row].arguments);
}

static bool recognise(struct machine *m, struct value *v, struct error *err)
{
    const size_t first = first_row(v->object);
    if ((v->flags & VALUE_CALLED) != 0) /* a number cannot be called: Python refuses, and we tell what was */
        return inner_class(m, v, err);
    for (size_t i = first; i < ROWS(rows) && strcmp(rows[i].name, rows[first].name) == 0; i++)
        if (row_allows(i, v->object))
            return rows[i].fn(m, v, err) || err->kind == ERR_NONE;
    return true;
}

/* dtypes, and the bytes that dates have in theirs. */
static bool is_early(const struct value_object *o)
{
    return (bytes_is(o->callable->global->name, "dtype") && o->states.count > 0) ||
           bytes_is(o->callable->global->name, "encode");
}

bool recognise_early(struct machine *m, struct error *err)
{
    for (; m->early < m->noted.count; m->early++) {
        struct value *v = m->noted.items[m->early];
        if (v->kind == VALUE_OBJECT && v->object->made == OBJECT_REDUCE && is_early(v->object) &&
            !recognise(m, v, err))
            return false;
    }
    return true;
}

bool recognise_all(struct machine *m, struct error *err)
{
    for (size_t i = 0; i < m->noted.count; i++) {
        struct value *v = m->noted.items[i];
        if (v->kind == VALUE_FROZENSET && !keyset_unite_items(&m->keys, &v->list, err))
            return false;
        if (v->kind == VALUE_OBJECT && v->object->made == OBJECT_REDUCE && !recognise(m, v, err))
            return false;
    }
    return true;
}

bool recognise_known(struct machine *m, struct error *err)
{
    struct known_work work;
    known_start(&work, m->limits, m->arena);
    for (size_t i = 0; i < m->noted.count; i++)
        if (!known_resolve(&work, m->noted.items[i], err))
            return false;
    return true;
}
