/* What is said of names that are reached. */
#include "judge.h"

static size_t slot_of(const struct scan *s, const struct known_name *names, size_t slots, struct bytes module,
                      struct bytes name)
{
    struct sip sip = sip_start(s->seed);
    sip_bytes(&sip, 0, module);
    sip_bytes(&sip, 0, name);
    size_t i = (size_t)sip_end(&sip) & (slots - 1);
    while (names[i].name.module.data != NULL &&
           !(bytes_equal(names[i].name.module, module) && bytes_equal(names[i].name.name, name)))
        i = (i + 1) & (slots - 1);
    return i;
}

static bool grow(struct scan *s, struct error *err)
{
    const size_t wanted = s->name_slots == 0 ? 64 : s->name_slots * 2;
    struct known_name *names = arena_alloc(s->arena, wanted, sizeof *names);
    if (names == NULL)
        return arena_fail(s->arena, err);
    for (size_t i = 0; i < s->name_slots; i++)
        if (s->names[i].name.module.data != NULL)
            names[slot_of(s, names, wanted, s->names[i].name.module, s->names[i].name.name)] = s->names[i];
    s->names = names;
    s->name_slots = wanted;
    return true;
}

struct known_name *judge_know(struct scan *s, const struct meaning *m, struct error *err)
{
    if (s->name_count * 2 >= s->name_slots && !grow(s, err))
        return NULL;
    struct known_name *n = &s->names[slot_of(s, s->names, s->name_slots, m->module, m->name)];
    if (n->name.module.data != NULL)
        return n;
    const struct bytes module = arena_copy(s->arena, m->module), name = arena_copy(s->arena, m->name);
    if (module.data == NULL || name.data == NULL) {
        arena_fail(s->arena, err);
        return NULL;
    }
    s->name_count++;
    n->name.module = module;
    n->name.name = name;
    n->opinion = policy_name(s->policy, n->name.module, m->name.len == 0 ? bytes_text("*") : m->name);
    return n;
}

static bool is_odd(struct bytes name)
{
    for (size_t i = 0; i < name.len; i++)
        if (name.data[i] <= ' ' || name.data[i] >= 0x7f)
            return true;
    return false;
}

const char *judge_words(struct scan *s, const char *verb, struct bytes what, const char *otherwise)
{
    return what.len == 0 ? otherwise : arena_printf(s->arena, "%s: it %.*s", verb, (int)what.len, what.data);
}

bool judge_find(struct scan *s, const struct trace_event *e, const struct meaning *m, enum severity severity,
                const char *rule, const char *does, const char *call, struct error *err)
{
    const struct known_name *n = judge_know(s, m, err);
    if (n == NULL || does == NULL)
        return arena_fail(s->arena, err);
    const struct finding f = {.severity = severity,
                              .rule = rule,
                              .offset = e->offset,
                              .opcode = e->opcode,
                              .module = n->name.module,
                              .name = n->name.name,
                              .does = does,
                              .call = call};
    return report_add(s, &f, err);
}

bool judge_is_loader(const struct meaning *m)
{
    return bytes_is(m->module, "torch.storage") && bytes_is(m->name, "_load_from_bytes");
}

bool judge_is_finder(const struct meaning *m)
{
    return judge_is_loader(m) || (bytes_is(m->module, "builtins") && bytes_is(m->name, "getattr")) ||
           (bytes_is(m->name, "_ufunc_reconstruct") &&
            (bytes_is(m->module, "numpy.core") || bytes_is(m->module, "numpy._core")));
}

bool judge_keeps_finder(struct scan *s, const struct trace_event *e, const struct meaning *m,
                        struct error *err)
{
    return judge_find(
        s, e, m, SEVERITY_SUSPICIOUS, "loader-kept",
        "It keeps a function that loads pickles, or finds anything by its name, where something "
        "else may call it",
        NULL, err);
}

bool judge_reach(struct scan *s, const struct trace_event *e, const struct meaning *m, bool chained,
                 struct error *err)
{
    struct known_name *n = judge_know(s, m, err);
    if (n == NULL)
        return false;
    s->acted = true;
    s->joblib |= bytes_ends(m->module, "joblib.numpy_pickle");
    if (n->name.count++ == 0) {
        const struct bytes raw_module = chained ? n->name.module : arena_copy(s->arena, e->module),
                           raw_name = chained ? n->name.name : arena_copy(s->arena, e->name);
        if (raw_module.data == NULL || raw_name.data == NULL)
            return arena_fail(s->arena, err);
        const struct scan_name name = {.module = n->name.module,
                                       .name = n->name.name,
                                       .raw_module = raw_module,
                                       .raw_name = raw_name,
                                       .severity = n->opinion.severity,
                                       .member = s->item->member,
                                       .offset = e->offset,
                                       .opcode = e->opcode,
                                       .count = 1};
        if (!report_name(s, &s->report->imports, &s->report->import_count, &name, err))
            return false;
    }
    if (chained && judge_is_finder(m) && !judge_keeps_finder(s, e, m, err))
        return false;
    if (n->reported == s->item)
        return true;
    n->reported = s->item;
    if (is_odd(m->module) || is_odd(m->name))
        return judge_find(s, e, m, SEVERITY_SUSPICIOUS, "odd-name",
                          "It imports a name with blanks or letters that look like others", NULL, err);
    if (n->opinion.severity == SEVERITY_QUIET)
        return true;
    if (n->opinion.severity == SEVERITY_DANGEROUS)
        return judge_find(s, e, m, SEVERITY_DANGEROUS, chained ? "dangerous-chain" : "dangerous-import",
                          judge_words(s, "It reaches a dangerous function", n->opinion.does,
                                      "It reaches a dangerous function"),
                          NULL, err);
    return judge_find(
        s, e, m, SEVERITY_SUSPICIOUS, chained ? "unknown-chain" : "unknown-import",
        judge_words(s, "It imports what may be misused", n->opinion.does,
                    "It imports a name that is not known to be harmless, which runs its module's code"),
        NULL, err);
}

/*
 * An attribute of something that may be named, spelled as a constant: a member of an enumeration. Others may
 * be methods, of which some run what is in a text or write files (DataFrame.eval, ndarray.tofile); those that
 * do no harm have rows of their own.
 */
static bool is_constant(struct bytes name)
{
    for (size_t i = 0; i < name.len; i++) {
        const uint8_t c = name.data[i];
        if (!(c >= 'A' && c <= 'Z') && (i == 0 || !(c == '_' || (c >= '0' && c <= '9'))))
            return false;
    }
    return name.len > 0;
}

bool judge_reach_attribute(struct scan *s, const struct trace_event *e, const struct meaning *of,
                           struct bytes attribute, const struct meaning *m, struct error *err)
{
    const struct opinion o = policy_name(s->policy, m->module, m->name.len == 0 ? bytes_text("*") : m->name);
    const struct opinion parent =
        policy_name(s->policy, of->module, of->name.len == 0 ? bytes_text("*") : of->name);
    const bool covered = parent.severity == SEVERITY_QUIET && parent.match > o.match;
    if ((o.severity == SEVERITY_DANGEROUS && !covered) || of->name.len == 0 ||
        (o.severity == SEVERITY_QUIET && o.match > parent.match))
        return judge_reach(s, e, m, true, err);
    if (is_constant(attribute) || bytes_is(attribute, "__new__"))
        return parent.severity != SEVERITY_DANGEROUS || judge_reach(s, e, m, true, err);
    return judge_find(s, e, m, SEVERITY_SUSPICIOUS, "hidden-attribute",
                      "It looks up a method, or what leads into the inside of a class or module", NULL, err);
}
