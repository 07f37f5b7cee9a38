/* What is said of the states that objects are given, and of what is appended to them. */
#include "judge.h"

/* ---- names of attributes ---- */

static bool is_one_of(struct bytes text, const char *const *words)
{
    for (; *words != NULL; words++)
        if (bytes_is(text, *words))
            return true;
    return false;
}

static bool is_hook(const struct scan *s, const struct value *v)
{
    static const char *const fillers[] = {"append", "extend", "add", "update", NULL};
    static const char *const harmless[] = {"__doc__",        "__module__",      "__name__",  "__qualname__",
                                           "__orig_class__", "__annotations__", "__notes__", NULL};
    const struct meaning key = meaning_of(s, v);
    if (key.kind != MEANS_TEXT)
        return false;
    if (bytes_starts(key.text, "__"))
        return bytes_ends(key.text, "__") && !is_one_of(key.text, harmless);
    return key.text.len <= 6 && is_one_of(key.text, fillers);
}

/* numpy's texts are keys like Python's own: numpy.str_('append') == 'append'. */
static bool is_text_of_numpy(const struct value *key)
{
    if (key->kind != VALUE_OBJECT || key->object->callable->kind != VALUE_GLOBAL ||
        !bytes_is(key->object->callable->global->name, "scalar"))
        return false;
    const struct value_list *args = &key->object->args->list;
    return args->count > 0 && dtype_may_be_text(args->items[0]);
}

static bool judge_pair(struct scan *s, const struct trace_event *e, const struct value *key,
                       const struct value *value, struct error *err)
{
    if (is_text_of_numpy(key))
        return report_find(s, SEVERITY_SUSPICIOUS, "hook-in-state", e->offset, e->opcode,
                           "It gives an object an attribute whose name is a text of numpy's, which hides it",
                           err);
    if (!is_hook(s, key))
        return true;
    if (bytes_starts(meaning_of(s, key).text, "__"))
        return report_find(s, SEVERITY_SUSPICIOUS, "hook-in-state", e->offset, e->opcode,
                           "It gives an object an attribute that Python calls by itself", err);
    return value->kind != VALUE_GLOBAL && value->kind != VALUE_OBJECT
               ? true
               : report_find(s, SEVERITY_SUSPICIOUS, "hook-in-state", e->offset, e->opcode,
                             "It gives an object a function where a method stands that unpickling calls",
                             err);
}

/* ---- what becomes attributes ---- */

bool judge_count(struct scan *s, size_t n, struct error *err)
{
    if (n > s->limits->nodes - s->pairs)
        return FAIL_LIMIT(err, "nodes", s->limits->nodes, "the states have more than %llu entries together",
                          (unsigned long long)s->limits->nodes);
    s->pairs += n;
    return true;
}

static bool judge_pairs(struct scan *s, const struct trace_event *e, const struct value_pairs *pairs,
                        struct error *err)
{
    if (!judge_count(s, pairs->count, err))
        return false;
    for (size_t i = 0; i < pairs->count; i++)
        if (!judge_pair(s, e, pairs->items[i].key, pairs->items[i].value, err))
            return false;
    return true;
}

/* The entries of a dict, or of an object that is like one: Python asks for its items, whatever it is. */
static bool judge_entries(struct scan *s, const struct trace_event *e, const struct value *v,
                          struct error *err)
{
    return (v->kind != VALUE_DICT || judge_pairs(s, e, &v->dict, err)) &&
           (v->kind != VALUE_OBJECT || judge_pairs(s, e, &v->object->pairs, err));
}

/* What a dict is made of, OrderedDict([('a', 1)]), or a tuple of dicts, tuple([None, {'a': 1}]). */
static bool judge_items(struct scan *s, const struct trace_event *e, const struct value *list,
                        struct error *err)
{
    if (list->kind != VALUE_LIST && list->kind != VALUE_TUPLE)
        return true;
    if (!judge_count(s, list->list.count, err))
        return false;
    for (size_t i = 0; i < list->list.count; i++) {
        const struct value *item = list->list.items[i];
        const bool pair = (item->kind == VALUE_LIST || item->kind == VALUE_TUPLE) && item->list.count == 2;
        if ((pair && !judge_pair(s, e, item->list.items[0], item->list.items[1], err)) ||
            !judge_entries(s, e, item, err))
            return false;
    }
    return true;
}

static bool judge_one(struct scan *s, const struct trace_event *e, const struct value *v, struct error *err)
{
    if (!judge_entries(s, e, v, err))
        return false;
    for (size_t i = 0; v->kind == VALUE_OBJECT && i < v->object->args->list.count; i++) {
        const struct value *arg = v->object->args->list.items[i];
        if (!judge_items(s, e, arg, err) || !judge_entries(s, e, arg, err))
            return false;
    }
    return true;
}

bool judge_attributes(struct scan *s, const struct trace_event *e, const struct value *state,
                      struct error *err)
{
    if (state->kind != VALUE_TUPLE)
        return judge_one(s, e, state, err);
    for (size_t i = 0; i < state->list.count && i < 4; i++)
        if (!judge_one(s, e, state->list.items[i], err))
            return false;
    return true;
}

/* ---- states ---- */

/* functools.partial's state: the function, its first arguments, its keywords. */
static bool judge_partial(struct scan *s, const struct value_list *state, struct meaning *out,
                          struct error *err)
{
    const struct meaning f = meaning_of(s, state->items[0]);
    const bool plain =
        state->count > 2 && state->items[1]->kind == VALUE_TUPLE && state->items[2]->kind == VALUE_DICT;
    if (f.kind != MEANS_NAME && f.kind != MEANS_PARTIAL)
        return true;
    if (plain)
        return meaning_partial(s, f, &state->items[1]->list, 0, state->items[2], out, err);
    *out = f;
    out->kind = MEANS_PARTIAL;
    out->bound = NULL;
    return true;
}

static bool is_call_of(const struct value *v, const char *module, const char *name)
{
    const struct value *f = v->kind == VALUE_OBJECT ? v->object->callable : NULL;
    return f != NULL && f->kind == VALUE_GLOBAL && bytes_is(f->global->module, module) &&
           (name == NULL || bytes_is(f->global->name, name));
}

/* Calls that give what is there already, and used by all of the process. name NULL: all of the module. */
static bool gives_shared(const struct value *v)
{
    static const struct {
        const char *module, *name;
    } rows[] = {
        {"logging", "getLogger"}, {"http", "HTTPStatus"}, {"uuid", "SafeUUID"},        {"re", "_compile"},
        {"pytz", NULL},           {"numpy.dtypes", NULL}, {"numpy", "dtype[float64]"},
    };
    for (size_t i = 0; i < ROWS(rows); i++)
        if (is_call_of(v, rows[i].module, rows[i].name))
            return true;
    return false;
}

bool judge_state(struct scan *s, const struct trace_event *e, struct error *err)
{
    const struct value *state = e->args;
    const struct meaning m = meaning_of(s, e->target), given = meaning_of(s, state);
    if (given.kind == MEANS_NAME && judge_is_finder(&given) && !judge_keeps_finder(s, e, &given, err))
        return false;
    if (e->target->kind == VALUE_OBJECT && e->target->object->states.count > 1 &&
        !report_find(
            s, SEVERITY_SUSPICIOUS, "second-state", e->offset, e->opcode,
            "It gives an object a second state, for which a method is called that the first may have set",
            err))
        return false;
    if (m.kind == MEANS_NAME && e->target->kind == VALUE_GLOBAL && state->kind != VALUE_NONE)
        return judge_find(s, e, &m, SEVERITY_DANGEROUS, "changes-import",
                          "It changes attributes of something that was imported", NULL, err);
    if (m.kind == MEANS_NAME && e->target->kind == VALUE_OBJECT)
        return judge_find(s, e, &m, SEVERITY_SUSPICIOUS, "changes-import",
                          "It changes attributes of something that was found by its name", NULL, err);
    if (state->kind == VALUE_TUPLE && dtype_is_used_early(&state->list) && !judge_odd_dtype(s, e, err))
        return false;
    if (gives_shared(e->target))
        return report_find(s, SEVERITY_SUSPICIOUS, "changes-shared", e->offset, e->opcode,
                           "It changes attributes of something that all of the process uses", err);
    if (is_call_of(e->target, "numpy", "dtype"))
        return judge_dtype(s, e, err);
    /* functools.partial keeps what it calls in its state: (function, arguments, keywords, attributes) */
    if (m.kind == MEANS_PARTIAL && state->kind == VALUE_TUPLE && state->list.count > 0 &&
        state->list.count <= 4) {
        struct meaning f = {.kind = MEANS_NOTHING};
        if (!judge_partial(s, &state->list, &f, err) || !meaning_set(s, e->target, f, err))
            return false;
    }
    return judge_attributes(s, e, state, err);
}

/* ---- filling ---- */

/*
 * What is appended to an object goes through its own method, which its class, its attributes or its
 * __getattr__ may have made any function.
 */
bool judge_fill(struct scan *s, const struct trace_event *e, struct error *err)
{
    enum { FILL_FINDINGS = 20 };
    const struct value_object *o = e->target->object;
    struct meaning m = meaning_of(s, o->callable);
    if (m.kind == MEANS_NAME && judge_is_maker(&m) && o->args->list.count > 0)
        m = meaning_of(s, o->args->list.items[0]);
    if (m.kind != MEANS_NAME)
        return judge_computed(s, e, err);
    struct known_name *n = judge_know(s, &m, err);
    if (n == NULL)
        return false;
    if (n->opinion.severity != SEVERITY_QUIET || (n->opinion.uses & USE_FILL) != 0 ||
        ++n->call_findings > FILL_FINDINGS)
        return true;
    return judge_find(s, e, &m, SEVERITY_SUSPICIOUS, "unknown-method",
                      "It fills an object that is no list: a method is called that may be any function", NULL,
                      err);
}

bool judge_kept(struct scan *s, const struct trace_event *e, struct error *err)
{
    const struct meaning m = meaning_of(s, e->target);
    return !judge_is_finder(&m) || judge_keeps_finder(s, e, &m, err);
}
