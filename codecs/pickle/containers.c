/* Opcodes that make and fill tuples, lists, dicts and sets. */
#include "machine.h"

/* value.mark while the machine runs: the value is in the list of those to be united. */
enum { UNITED = 1 };

static bool keep(struct machine *m, struct value *const *items, size_t count, struct error *err)
{
    return m->trace == NULL || trace_kept(m, items, count, err);
}

/* An object's own method is called for what is put into it. */
static bool fill(struct machine *m, struct value *to, struct value *const *items, size_t count,
                 struct error *err)
{
    return m->trace == NULL ||
           (trace_kept(m, items, count, err) &&
            (to->kind != VALUE_OBJECT || count == 0 || trace_act(m, TRACE_FILL, to, NULL, err)));
}

struct value *machine_tuple(struct machine *m, struct value *const *items, size_t count, struct error *err)
{
    if (count == 0)
        return m->empty;
    struct value *v = keep(m, items, count, err) ? machine_node(m, VALUE_TUPLE, err) : NULL;
    struct value **own = v == NULL ? NULL : arena_alloc(m->arena, count, sizeof *own);
    if (own == NULL) {
        arena_fail(m->arena, err);
        return NULL;
    }
    memcpy(own, items, count * sizeof *own);
    v->list = (struct value_list){.items = own, .count = count};
    return v;
}

static bool pack_tuple(struct machine *m, size_t count, struct error *err)
{
    if (!machine_need(m, count, err))
        return false;
    struct value *v = machine_tuple(m, m->stack + m->depth - count, count, err);
    if (v == NULL)
        return false;
    m->depth -= count;
    return machine_push(m, v, err);
}

bool op_empty_tuple(struct machine *m, struct error *err)
{
    return machine_push(m, m->empty, err);
}

bool op_tuple1(struct machine *m, struct error *err)
{
    return pack_tuple(m, 1, err);
}

bool op_tuple2(struct machine *m, struct error *err)
{
    return pack_tuple(m, 2, err);
}

bool op_tuple3(struct machine *m, struct error *err)
{
    return pack_tuple(m, 3, err);
}

bool op_tuple(struct machine *m, struct error *err)
{
    struct value **items;
    size_t count;
    return machine_pop_mark(m, &items, &count, err) &&
           machine_push(m, machine_tuple(m, items, count, err), err);
}

/* ---- lists ---- */

bool op_empty_list(struct machine *m, struct error *err)
{
    return machine_push(m, machine_node(m, VALUE_LIST, err), err);
}

bool op_list(struct machine *m, struct error *err)
{
    struct value **items, *v;
    size_t count;
    if (!machine_pop_mark(m, &items, &count, err) || (v = machine_node(m, VALUE_LIST, err)) == NULL)
        return false;
    if (!value_append_all(m->arena, &v->list, items, count))
        return arena_fail(m->arena, err);
    return keep(m, items, count, err) && machine_push(m, v, err);
}

/* Appends to a list, or notes what is appended to an object that may be one. */
static bool extend(struct machine *m, struct value *to, struct value *const *items, size_t count,
                   struct error *err)
{
    if (count == 0)
        return true;
    if (to->kind != VALUE_LIST && to->kind != VALUE_OBJECT)
        return machine_fail(m, err, "a value of type %.*s cannot be appended to", TYPE_OF(to));
    struct value_list *list = to->kind == VALUE_LIST ? &to->list : &to->object->items;
    return (value_append_all(m->arena, list, items, count) || arena_fail(m->arena, err)) &&
           fill(m, to, items, count, err);
}

bool op_append(struct machine *m, struct error *err)
{
    if (!machine_need(m, 2, err))
        return false;
    struct value *item = machine_pop(m);
    return extend(m, machine_top(m), &item, 1, err);
}

bool op_appends(struct machine *m, struct error *err)
{
    struct value **items;
    size_t count;
    return machine_pop_mark(m, &items, &count, err) && machine_need(m, 1, err) &&
           extend(m, machine_top(m), items, count, err);
}

/* ---- dicts ---- */

static bool unite_later(struct machine *m, struct value *v, struct error *err)
{
    if ((v->mark & UNITED) != 0)
        return true;
    v->mark |= UNITED;
    return value_append(m->arena, &m->united, v) || arena_fail(m->arena, err);
}

/* One after the other, against all before: false when a key is no text, or there are too many. */
static bool unite_now(struct machine *m, struct value_pairs *pairs, size_t from)
{
    size_t kept = from;
    if (pairs->count > FEW_KEYS)
        return false;
    for (size_t i = from; i < pairs->count; i++)
        if (pairs->items[i].key->kind != VALUE_STR)
            return false;
    for (size_t i = from; i < pairs->count; i++) {
        const struct value *key = pairs->items[i].key;
        size_t at = 0;
        while (
            at < kept && pairs->items[at].key != key &&
            !(pairs->items[at].key->kind == VALUE_STR && bytes_equal(pairs->items[at].key->text, key->text)))
            at++;
        if (at < kept)
            pairs->items[at].value = pairs->items[i].value;
        else
            pairs->items[kept++] = pairs->items[i];
    }
    if (kept == pairs->count)
        m->alike[kept] = pairs->items;
    pairs->count = kept;
    return true;
}

/* Whether the last dict of so many keys has the very same: they differ from each other, then. */
static bool is_like_the_last(const struct machine *m, struct value *const *items, size_t count)
{
    const struct value_pair *last = count > FEW_KEYS ? NULL : m->alike[count];
    size_t same = 0;
    while (last != NULL && same < count && items[2 * same] == last[same].key)
        same++;
    return same == count;
}

/* Puts into a dict, or notes what is put into an object that may be one. */
static bool put_all(struct machine *m, struct value *to, struct value *const *items, size_t count,
                    struct error *err)
{
    if (count % 2 != 0)
        return machine_fail(m, err, "a key has no value");
    if (count == 0)
        return true;
    if (to->kind != VALUE_DICT && to->kind != VALUE_OBJECT)
        return machine_fail(m, err, "a value of type %.*s takes no keys", TYPE_OF(to));
    struct value_pairs *pairs = to->kind == VALUE_DICT ? &to->dict : &to->object->pairs;
    const size_t before = pairs->count;
    const bool differ = before == 0 && is_like_the_last(m, items, count / 2);
    if (!value_put_all(m->arena, pairs, items, count / 2))
        return arena_fail(m->arena, err);
    if (!keep(m, items, count, err))
        return false;
    if (to->kind == VALUE_OBJECT || differ || (to->mark & UNITED) != 0 || unite_now(m, pairs, before))
        return true;
    return unite_later(m, to, err);
}

bool op_empty_dict(struct machine *m, struct error *err)
{
    return machine_push(m, machine_node(m, VALUE_DICT, err), err);
}

bool op_dict(struct machine *m, struct error *err)
{
    struct value **items, *v;
    size_t count;
    return machine_pop_mark(m, &items, &count, err) && (v = machine_node(m, VALUE_DICT, err)) != NULL &&
           put_all(m, v, items, count, err) && machine_push(m, v, err);
}

bool op_setitem(struct machine *m, struct error *err)
{
    if (!machine_need(m, 3, err))
        return false;
    m->depth -= 2;
    return put_all(m, machine_top(m), m->stack + m->depth, 2, err);
}

bool op_setitems(struct machine *m, struct error *err)
{
    struct value **items;
    size_t count;
    return machine_pop_mark(m, &items, &count, err) && machine_need(m, 1, err) &&
           put_all(m, machine_top(m), items, count, err);
}

/* ---- sets ---- */

bool op_empty_set(struct machine *m, struct error *err)
{
    return machine_push(m, machine_node(m, VALUE_SET, err), err);
}

bool op_additems(struct machine *m, struct error *err)
{
    struct value **items;
    size_t count;
    if (!machine_pop_mark(m, &items, &count, err) || !machine_need(m, 1, err))
        return false;
    struct value *to = machine_top(m);
    if (to->kind != VALUE_SET && to->kind != VALUE_OBJECT)
        return machine_fail(m, err, "nothing can be added to a value of type %.*s", TYPE_OF(to));
    struct value_list *list = to->kind == VALUE_SET ? &to->list : &to->object->added;
    if (!value_append_all(m->arena, list, items, count))
        return arena_fail(m->arena, err);
    if (!fill(m, to, items, count, err))
        return false;
    return to->kind == VALUE_OBJECT || unite_later(m, to, err);
}

bool op_frozenset(struct machine *m, struct error *err)
{
    struct value **items, *v;
    size_t count;
    if (!machine_pop_mark(m, &items, &count, err) || (v = machine_node(m, VALUE_FROZENSET, err)) == NULL)
        return false;
    if (!value_append_all(m->arena, &v->list, items, count) || !value_append(m->arena, &m->noted, v))
        return arena_fail(m->arena, err);
    return keep(m, items, count, err) && machine_push(m, v, err);
}
