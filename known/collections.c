/* The collections of the standard library: dicts and lists. */
#include "rows.h"

const struct known_kind known_ordered_dict = {.type = "collections.OrderedDict", .tag = "$ordereddict"};
const struct known_kind known_default_dict = {.type = "collections.defaultdict"};
const struct known_kind known_counter = {.type = "collections.Counter"};
const struct known_kind known_deque = {.type = "collections.deque", .tag = "$deque"};
const struct known_kind known_array_array = {.type = "array.array"};

/* The dict of pairs that may name a key twice. NULL: a key can be none; or (err) no memory. */
static struct value *dict_of_pairs(struct known_work *w, const struct value_pairs *pairs, struct error *err)
{
    struct value *v = known_made_of(w, value_new(w->arena, VALUE_DICT), err);
    struct error refused = {0};
    if (v == NULL || !value_put_all(w->arena, &v->dict, (struct value *const *)pairs->items, pairs->count))
        return known_made_of(w, NULL, err);
    if (keyset_unite_pairs(&w->keys, &v->dict, &refused))
        return v;
    if (refused.kind == ERR_LIMIT)
        *err = refused;
    return NULL;
}

/* () and pairs, or (factory) and pairs. */
struct value *dict_of(struct known_work *w, const struct value_object *o, struct error *err)
{
    return dict_of_pairs(w, &o->pairs, err); /* its own: no other object has them */
}

/* A state dict of torch's modules: the numbers of their versions stand in an attribute. */
struct value *dict_of_module(struct known_work *w, const struct value_object *o, struct error *err)
{
    const struct value *state = o->states.count == 1 ? o->states.items[0] : NULL;
    return state != NULL && state->kind == VALUE_DICT && state->dict.count == 1 &&
                   value_get(state, "_metadata") != NULL
               ? dict_of_pairs(w, &o->pairs, err)
               : NULL;
}

/* ([[key, value], ...]): Python 2. */
struct value *dict_of_lists(struct known_work *w, const struct value_object *o, struct error *err)
{
    const struct value_list *list = &known_argument(o, 0)->list;
    struct value_pairs pairs = {0};
    if (!known_afford(w, list->count, sizeof *pairs.items))
        return NULL;
    for (size_t i = 0; i < list->count; i++) {
        const struct value *pair = list->items[i];
        if ((pair->kind != VALUE_LIST && pair->kind != VALUE_TUPLE) || pair->list.count != 2)
            return NULL;
        if (!value_put(w->arena, &pairs, pair->list.items[0], pair->list.items[1]))
            return known_made_of(w, NULL, err);
    }
    return dict_of_pairs(w, &pairs, err);
}

/* (dict). */
struct value *counter_of(struct known_work *w, const struct value_object *o, struct error *err)
{
    (void)w, (void)err;
    return known_argument(o, 0);
}

/* (), (list) or (list, most), and what was appended; only the last are kept where there is a most. */
struct value *deque_of(struct known_work *w, const struct value_object *o, struct error *err)
{
    struct value *v = known_made_of(w, value_new(w->arena, VALUE_LIST), err);
    const size_t n = known_argument_count(o);
    const size_t first = n > 0 ? known_argument(o, 0)->list.count : 0;
    if (v == NULL || !known_afford(w, first, sizeof(struct value *)))
        return NULL;
    if (first > 0 && !value_append_all(w->arena, &v->list, known_argument(o, 0)->list.items, first))
        return known_made_of(w, NULL, err);
    if (!value_append_all(w->arena, &v->list, o->items.items, o->items.count))
        return known_made_of(w, NULL, err);
    const struct value *most = n > 1 ? known_argument(o, 1) : NULL;
    if (most == NULL || most->kind != VALUE_INT || (uint64_t)most->integer >= v->list.count)
        return v;
    v->list.items += v->list.count - (size_t)most->integer;
    v->list.count = (size_t)most->integer;
    return v;
}

/* ---- array.array ---- */

/* (class, code of C, code of the machine, bytes): Python's Modules/arraymodule.c, enum machine_format_code.
 */
struct value *array_of_machine(struct known_work *w, const struct value_object *o, struct error *err)
{
    static const char *const types[] = {"u1",  "i1",  "<u2", ">u2", "<i2", ">i2", "<u4", ">u4",
                                        "<i4", ">i4", "<u8", ">u8", "<i8", ">i8", "<f4", ">f4",
                                        "<f8", ">f8", NULL,  NULL,  "<U1", ">U1"};
    const struct value *code = known_argument(o, 2);
    struct bytes data;
    if (!value_raw(known_argument(o, 3), w->arena, &data, err))
        return NULL;
    static const uint8_t nothing[1];
    struct error refused = {0};
    struct dtype t;
    if (code->kind != VALUE_INT || (uint64_t)code->integer >= ROWS(types) || types[code->integer] == NULL ||
        !dtype_parse(bytes_text(types[code->integer]), &t, &refused) || data.len % t.itemsize != 0)
        return NULL;
    uint64_t *count = arena_alloc(w->arena, 1, sizeof *count);
    if (count == NULL)
        return known_made_of(w, NULL, err);
    *count = data.len / t.itemsize;
    const struct array a = array_of_memory(t, 1, count, data.len == 0 ? nothing : data.data);
    return known_made_of(w, value_array(w->arena, &a), err);
}

/* (code, list of numbers or characters): below protocol 3. */
struct value *array_of_list(struct known_work *w, const struct value_object *o, struct error *err)
{
    const struct bytes code = known_argument(o, 0)->text;
    struct value *list = known_argument(o, 1);
    (void)w, (void)err;
    return code.len == 1 && list->kind == VALUE_LIST && memchr("bBhHiIlLqQfduwc", code.data[0], 15) != NULL
               ? list
               : NULL;
}
