/* What is said of calls. */
#include "judge.h"

enum { CALL_FINDINGS = 20 }; /* of one callable in one scan: a million calls are no million findings */

static bool count_call(struct scan *s, const struct trace_event *e, const struct meaning *m,
                       const struct value_list *args, enum severity severity, struct error *err)
{
    struct known_name *n = judge_know(s, m, err);
    struct scan_report *r = s->report;
    if (n == NULL)
        return false;
    if (n->calls > 0) {
        r->calls[n->calls - 1].count++;
        if (severity > r->calls[n->calls - 1].severity)
            r->calls[n->calls - 1].severity = severity;
        return true;
    }
    const struct scan_name name = {.module = n->name.module,
                                   .name = n->name.name,
                                   .raw_module = n->name.module,
                                   .raw_name = n->name.name,
                                   .severity = severity,
                                   .member = s->item->member,
                                   .offset = e->offset,
                                   .opcode = e->opcode,
                                   .call = report_call(s, m->module, m->name, args),
                                   .count = 1};
    if (name.call == NULL)
        return arena_fail(s->arena, err);
    if (!report_name(s, &r->calls, &r->call_count, &name, err))
        return false;
    n->calls = r->call_count;
    return true;
}

/* Whether made is an instance that comes to be without a call of its class's own code. */
static bool is_making(const struct trace_event *e)
{
    return e->how == OBJECT_NEWOBJ || e->how == OBJECT_NEWOBJ_EX ||
           (e->how == OBJECT_INSTANCE && e->args->list.count == 0);
}

static bool call_severity(struct scan *s, const struct meaning *m, const struct value_list *args, bool making,
                          enum severity *severity, const char **rule, struct error *err)
{
    const struct known_name *n = judge_know(s, m, err);
    if (n == NULL)
        return false;
    *severity = n->opinion.severity;
    *rule = *severity == SEVERITY_DANGEROUS ? "dangerous-call" : "unknown-call";
    if (*severity == SEVERITY_DANGEROUS)
        return true;
    const unsigned uses = n->opinion.uses & (making ? USE_CALL | USE_MAKE : USE_CALL);
    const bool made = making && (uses & USE_MAKE) != 0 && args != NULL && args->count == 0;
    const bool called = uses != 0 && args != NULL && policy_takes(s->policy, uses, m->module, m->name, args);
    const bool may = *severity == SEVERITY_QUIET && (made || called);
    *severity = may ? SEVERITY_QUIET : SEVERITY_SUSPICIOUS;
    *rule = uses != 0 ? "unusual-arguments" : "unknown-call";
    return true;
}

/*
 * joblib's wrappers have behind their state what is no opcode. The machine knows those that are made plainly;
 * to a reader that knows others, other opcodes would follow.
 */
static bool is_hidden_wrapper(const struct trace_event *e, const struct meaning *m)
{
    const struct value *by = e->target;
    const bool plain = by->kind == VALUE_GLOBAL && (bytes_is(by->global->name, "NumpyArrayWrapper") ||
                                                    bytes_is(by->global->name, "_reconstructor"));
    return bytes_is(m->name, "NumpyArrayWrapper") && bytes_ends(m->module, "joblib.numpy_pickle") && !plain;
}

/* args NULL: nobody can say which. */
static bool call(struct scan *s, const struct trace_event *e, const struct meaning *m,
                 const struct value_list *args, bool making, struct error *err)
{
    enum severity severity;
    const char *rule;
    if (!call_severity(s, m, args, making, &severity, &rule, err))
        return false;
    if (severity == SEVERITY_QUIET && is_hidden_wrapper(e, m)) {
        severity = SEVERITY_SUSPICIOUS;
        rule = "hidden-array";
    }
    if (!count_call(s, e, m, args, severity, err))
        return false;
    struct known_name *n = judge_know(s, m, err);
    if (n == NULL)
        return false;
    if (severity == SEVERITY_QUIET || ++n->call_findings > CALL_FINDINGS)
        return true;
    const char *call = report_call(s, m->module, m->name, args);
    if (call == NULL)
        return arena_fail(s->arena, err);
    const char *otherwise = severity == SEVERITY_DANGEROUS ? "It calls a dangerous function"
                            : making ? "It makes an instance of a class that is not known to be harmless"
                                     : "It calls what is not known to be harmless with such arguments";
    return judge_find(s, e, m, severity, rule, judge_words(s, "It makes a call", n->opinion.does, otherwise),
                      call, err);
}

bool judge_computed(struct scan *s, const struct trace_event *e, struct error *err)
{
    return report_find(s, SEVERITY_SUSPICIOUS, "computed-call", e->offset, e->opcode,
                       "It calls what another call gives, which cannot be told without calling", err);
}

bool judge_is_maker(const struct meaning *m)
{
    return bytes_is(m->module, "copyreg") &&
           (bytes_is(m->name, "_reconstructor") || bytes_is(m->name, "__newobj__") ||
            bytes_is(m->name, "__newobj_ex__"));
}

static struct value_list behind(const struct value_list *args, size_t n)
{
    return n < args->count ? (struct value_list){.items = args->items + n, .count = args->count - n}
                           : (struct value_list){0};
}

/* The arguments that such a call hands to the class's __new__. NULL: nobody can say which, or they are odd.
 */
static const struct value_list *made_with(struct scan *s, const struct meaning *maker,
                                          const struct value_list *args, struct value_list *room)
{
    *room = behind(args, 1);
    if (bytes_is(maker->name, "__newobj__"))
        return room;
    if (args->count != 3)
        return NULL;
    if (bytes_is(maker->name, "__newobj_ex__")) {
        const struct value *more = args->items[1], *keywords = args->items[2];
        return more->kind == VALUE_TUPLE && keywords->kind == VALUE_DICT && keywords->dict.count == 0
                   ? &more->list
                   : NULL;
    }
    const struct meaning base = meaning_of(s, args->items[1]); /* _reconstructor: the base gets the state */
    const struct value_list state = behind(args, 2);
    *room = (struct value_list){0};
    return base.kind == MEANS_NAME && (bytes_is(base.name, "object") ||
                                       policy_takes(s->policy, USE_CALL, base.module, base.name, &state))
               ? room
               : NULL;
}

/* map(f, ..), filter(f, ..), reduce(f, ..) and their like call what they are given. */
static bool calls_argument(struct scan *s, const struct trace_event *e, const struct value_list *args,
                           struct error *err)
{
    for (size_t i = 0; i < args->count && i < 2; i++) {
        const struct meaning m = meaning_of(s, args->items[i]);
        const struct known_name *n;
        if ((m.kind != MEANS_NAME && m.kind != MEANS_PARTIAL) || m.name.len == 0)
            continue;
        n = judge_know(s, &m, err);
        if (n == NULL || (n->opinion.severity == SEVERITY_DANGEROUS && !call(s, e, &m, NULL, false, err)))
            return false;
    }
    return true;
}

/* A function that is allowed because what it loads is looked at: it must be looked at, however it begins. */
static bool loads_argument(struct scan *s, const struct meaning *m, const struct value_list *args,
                           struct error *err)
{
    if (!judge_is_loader(m) || args->count != 1)
        return true;
    const struct meaning loaded = meaning_of(s, args->items[0]);
    if (loaded.kind != MEANS_TEXT || s->out_of_turn)
        return report_unreadable(s, 0, "what it loads cannot be told", err);
    return scan_push(s, loaded.text, s->item->member, "loaded", bytes_of(NULL, 0), true, err);
}

/* Functions that call one of their arguments, which may be a name of that module or below it and nothing
 * else. */
static const struct {
    const char *module, *name;
    size_t argument;
    const char *within;
} callers[] = {
    {"torch._tensor", "_rebuild_from_type_v2", 0, "torch._utils"},
    {"numpy.random._pickle", "__generator_ctor", 1, "numpy.random"},
    {"numpy.random._pickle", "__randomstate_ctor", 1, "numpy.random"},
    {"numpy.random._pickle", "__bit_generator_ctor", 0, "numpy.random"},
    {"copyreg", "_reconstructor", 1, "builtins"},
    {"sklearn.neighbors._kd_tree", "newObj", 0, "sklearn"},
    {"sklearn.neighbors._ball_tree", "newObj", 0, "sklearn"},
    {"sklearn.metrics._dist_metrics", "newObj", 0, "sklearn"},
    {"pandas.core.indexes.base", "_new_Index", 0, "pandas"},
    {"pandas.core.indexes.datetimes", "_new_DatetimeIndex", 0, "pandas"},
    {"pandas.core.indexes.interval", "_new_IntervalIndex", 0, "pandas"},
    {"pandas.core.indexes.period", "_new_PeriodIndex", 0, "pandas"},
};

/* Functions that set attributes by what one of their arguments says, as BUILD does. */
static const struct {
    const char *module, *name;
    size_t argument;
} setters[] = {
    {"torch._utils", "_rebuild_parameter_with_state", 3},
    {"torch._tensor", "_rebuild_from_type_v2", 3},
};

static bool sets_attributes(struct scan *s, const struct trace_event *e, const struct meaning *m,
                            const struct value_list *args, struct error *err)
{
    for (size_t i = 0; i < ROWS(setters); i++)
        if (bytes_is(m->name, setters[i].name) && bytes_is(m->module, setters[i].module) &&
            setters[i].argument < args->count &&
            !judge_attributes(s, e, args->items[setters[i].argument], err))
            return false;
    return true;
}

/* torch._tensor._rebuild_from_type_v2(function, class, its arguments, state) calls that function. */
static bool calls_with(struct scan *s, const struct trace_event *e, const struct meaning *m,
                       const struct value_list *args, struct error *err)
{
    if (!bytes_is(m->name, "_rebuild_from_type_v2") || args->count < 3)
        return true;
    const struct meaning f = meaning_of(s, args->items[0]);
    const struct value *more = args->items[2];
    if (f.kind != MEANS_NAME)
        return true; /* which calls_only_its_own() has told */
    return sets_attributes(s, e, &f, more->kind == VALUE_TUPLE ? &more->list : args, err) &&
           call(s, e, &f, more->kind == VALUE_TUPLE ? &more->list : NULL, false, err);
}

/* A text is no function: it is called by none of them. */
static bool calls_only_its_own(struct scan *s, const struct trace_event *e, const struct meaning *m,
                               const struct value_list *args, struct error *err)
{
    for (size_t i = 0; i < ROWS(callers); i++) {
        const size_t at = callers[i].argument;
        if (!bytes_is(m->name, callers[i].name) || !bytes_is(m->module, callers[i].module) ||
            at >= args->count)
            continue;
        const struct meaning f = meaning_of(s, args->items[at]);
        if (f.kind != MEANS_TEXT &&
            (f.kind != MEANS_NAME || !policy_is_within(bytes_text(callers[i].within), f.module)))
            return judge_computed(s, e, err);
    }
    return true;
}

static bool call_name(struct scan *s, const struct trace_event *e, const struct meaning *m,
                      const struct value_list *args, bool making, struct error *err)
{
    struct meaning gives;
    bool found;
    if (judge_is_maker(m) && args->count > 0) {
        struct value_list room;
        const struct meaning cls = meaning_of(s, args->items[0]);
        if (!count_call(s, e, m, args, SEVERITY_QUIET, err) || !calls_only_its_own(s, e, m, args, err))
            return false;
        return cls.kind == MEANS_NAME ? call(s, e, &cls, made_with(s, m, args, &room), true, err)
                                      : judge_computed(s, e, err);
    }
    if (!meaning_of_call(s, m, args, &gives, &found, err))
        return false;
    const bool attribute = bytes_is(m->module, "builtins") && bytes_is(m->name, "getattr");
    const bool partial = gives.kind == MEANS_PARTIAL;
    if (gives.kind != MEANS_NOTHING && !meaning_set(s, e->made, gives, err))
        return false;
    if (gives.kind == MEANS_NAME && found && args->count > 1 && attribute) {
        const struct meaning of = meaning_of(s, args->items[0]);
        return count_call(s, e, m, args, SEVERITY_QUIET, err) &&
               judge_reach_attribute(s, e, &of, meaning_of(s, args->items[1]).text, &gives, err);
    }
    if (gives.kind == MEANS_NAME && !judge_reach(s, e, &gives, true, err))
        return false;
    if (partial)
        return count_call(s, e, m, args, SEVERITY_QUIET, err);
    return loads_argument(s, m, args, err) && calls_argument(s, e, args, err) &&
           calls_only_its_own(s, e, m, args, err) && calls_with(s, e, m, args, err) &&
           sets_attributes(s, e, m, args, err) && call(s, e, m, args, making, err);
}

/* cls.__new__(cls, ..) by its name. */
static bool is_new(const struct meaning *m)
{
    return bytes_ends(m->name, ".__new__");
}

/* What is made is of the first argument's class, which need not be the one that was asked. */
static bool judge_new(struct scan *s, const struct trace_event *e, struct meaning asked,
                      const struct value_list *args, struct error *err)
{
    asked.name.len -= strlen(".__new__");
    struct meaning cls = {.kind = MEANS_NOTHING};
    if (args != NULL && args->count > 0)
        cls = meaning_of(s, args->items[0]);
    if (cls.kind != MEANS_NAME)
        return judge_computed(s, e, err);
    const struct value_list more = behind(args, 1), none = {0};
    return call(s, e, &asked, &more, true, err) &&
           ((bytes_equal(asked.module, cls.module) && bytes_equal(asked.name, cls.name)) ||
            call(s, e, &cls, &none, true, err));
}

/* Before its archives, torch asked for classes by ('module', class, file, source): its reader gives the
 * class. */
static struct meaning meaning_of_callable(const struct scan *s, const struct value *v)
{
    const struct value *id =
        v->kind == VALUE_EXTERNAL && v->external->kind == EXTERNAL_PERSISTENT_ID ? v->external->id : NULL;
    const bool module = id != NULL && id->kind == VALUE_TUPLE && id->list.count == 4 &&
                        id->list.items[0]->kind == VALUE_STR && bytes_is(id->list.items[0]->text, "module") &&
                        id->list.items[1]->kind == VALUE_GLOBAL;
    return meaning_of(s, module ? id->list.items[1] : v);
}

bool judge_call(struct scan *s, const struct trace_event *e, struct error *err)
{
    const struct value_list *args = &e->args->list, *all;
    struct meaning m = meaning_of_callable(s, e->target), gives;
    s->acted = true;
    if (dtype_is_used_early(args) && !judge_odd_dtype(s, e, err))
        return false;
    switch (m.kind) {
    case MEANS_NAME:
    case MEANS_PARTIAL:
        if (!meaning_arguments(s, &m, args, &all, err))
            return false;
        if (e->kwargs != NULL && e->kwargs->dict.count > 0)
            all = NULL;
        if (is_new(&m))
            return judge_new(s, e, m, all, err);
        if (all == NULL) /* there are more arguments than can be told */
            return call(s, e, &m, NULL, false, err);
        m.kind = MEANS_NAME;
        return call_name(s, e, &m, all, is_making(e), err);
    case MEANS_ATTRIBUTE:
    case MEANS_METHOD:
        if (args->count == 0 || meaning_of(s, args->items[0]).kind != MEANS_NAME)
            return judge_computed(s, e, err);
        if (!meaning_attribute(s, meaning_of(s, args->items[0]), m.text, &gives, err) ||
            !judge_reach(s, e, &gives, true, err))
            return false;
        if (m.kind == MEANS_METHOD)
            return call(s, e, &gives, NULL, false, err);
        return meaning_set(s, e->made, gives, err);
    case MEANS_NOTHING:
    case MEANS_DATA:
    case MEANS_DTYPE:
    case MEANS_TEXT:
        return e->target->kind == VALUE_EXTERNAL
                   ? report_find(s, SEVERITY_SUSPICIOUS, "outside-call", e->offset, e->opcode,
                                 "It calls what lies outside of the document", err)
                   : judge_computed(s, e, err);
    }
    return false;
}
