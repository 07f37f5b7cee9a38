/* What is said of each thing that a pickle does. */
#include "judge.h"

static bool judge_computed_name(struct scan *s, const struct trace_event *e, struct error *err)
{
    const struct meaning module = meaning_of(s, e->args->list.items[0]),
                         name = meaning_of(s, e->args->list.items[1]);
    if (!report_find(s, SEVERITY_DANGEROUS, "computed-name", e->offset, e->opcode,
                     "It imports a name that it computes, which only hides the name", err))
        return false;
    s->acted = true;
    if (module.kind != MEANS_TEXT || name.kind != MEANS_TEXT)
        return true;
    const struct meaning m = {.kind = MEANS_NAME, .module = module.text, .name = name.text};
    return judge_reach(s, e, &m, true, err) && meaning_set(s, e->target, m, err);
}

static bool judge_import(struct scan *s, const struct trace_event *e, struct error *err)
{
    const struct meaning m = meaning_of(s, e->target);
    return judge_reach(s, e, &m, false, err);
}

/* Junk asks for one in every hundredth run: it counts where something says that this is a pickle. */
static bool judge_extension(struct scan *s, const struct trace_event *e, struct error *err)
{
    if (!s->item->asked && !s->out_of_turn && !pickle_may_begin(s->item->bytes))
        return true;
    s->acted = true;
    return report_find(s, SEVERITY_SUSPICIOUS, "extension-code", e->offset, e->opcode,
                       "It takes a name from the registry of extensions, which nobody can see here", err);
}

static bool judge(struct scan *s, const struct trace_event *e, struct error *err)
{
    switch (e->kind) {
    case TRACE_IMPORT:
        return judge_import(s, e, err);
    case TRACE_COMPUTED:
        return judge_computed_name(s, e, err);
    case TRACE_CALL:
        return judge_call(s, e, err);
    case TRACE_BUILD:
        return judge_state(s, e, err);
    case TRACE_FILL:
        return judge_fill(s, e, err);
    case TRACE_KEPT:
        return judge_kept(s, e, err);
    case TRACE_PERSISTENT:
        s->report->persistent_ids++;
        return true;
    case TRACE_EXTENSION:
        return judge_extension(s, e, err);
    case TRACE_TEXT:
        return scan_push(s, e->target->text, s->item->member, e->target->kind == VALUE_STR ? "text" : "bytes",
                         bytes_of(NULL, e->offset), false, err);
    case TRACE_FRAME:
        s->acted = true;
        return report_find(s, SEVERITY_DANGEROUS, "frame-crossed", e->offset, e->opcode,
                           "A frame ends inside of an opcode or frame: readers disagree on what follows",
                           err);
    }
    return false;
}

bool judge_events(void *arg, struct trace *events, struct error *err)
{
    struct scan *s = arg;
    for (size_t i = 0; i < events->count; i++) {
        const struct trace_event *e = &events->events[i];
        if (!judge(s, e, err))
            return false;
        if (e->kind == TRACE_IMPORT) {
            const struct meaning m = meaning_of(s, e->target);
            events->kept |= judge_is_finder(&m);
        }
    }
    events->count = 0;
    return true;
}
