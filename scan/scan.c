#include "judge.h"

#include "policy.h"
#include "reader.h"

/*
 * Opcodes that a search behind damage may run in all, and at one place; what it costs to begin at a place;
 * and the bytes that take as long to look at as an opcode takes to run.
 */
enum {
    SEARCH_STEPS = 20000000,
    SEARCH_STEPS_AT_ONCE = 100000,
    SEARCH_START = 16,
    SEARCH_BYTES_A_STEP = 256,
};

/* ---- pickles ---- */

/* A limit was met: it is named, and what lies behind is not known. */
static bool met_limit(struct scan *s, size_t at, const struct error *why, struct error *err)
{
    s->report->limit = why->limit == NULL ? "memory" : why->limit;
    return report_unreadable(s, at, why->detail, err);
}

static bool run(struct scan *s, size_t from, bool plain, uint64_t steps, struct arena *arena,
                struct trace_end *end, struct error *err)
{
    s->acted = false;
    meaning_forget(s);
    return pickle_trace(s->item->bytes, from, plain, steps, s->limits, arena, judge_events, s, end, err);
}

/* What a run did, as far as that tells a pickle from junk. */
struct deeds {
    const struct policy *policy;
    bool imported, certain; /* an import; and behind it a call, a state or what fills an object */
};

enum { LONG_NAME = 10 }; /* bytes of a module and its name that random bytes don't have */

/* An import that is one even if nothing comes behind it. */
static bool is_certain(const struct deeds *d, const struct value *target)
{
    const struct value_global *g = target->kind == VALUE_GLOBAL ? target->global : NULL;
    return g != NULL && (g->module.len + g->name.len >= LONG_NAME ||
                         policy_name(d->policy, g->module, g->name).severity == SEVERITY_DANGEROUS);
}

static bool note_deeds(void *arg, struct trace *events, struct error *err)
{
    struct deeds *d = arg;
    (void)err;
    for (size_t i = 0; i < events->count; i++) {
        const struct trace_event *e = &events->events[i];
        const bool uses = e->kind == TRACE_CALL || e->kind == TRACE_BUILD || e->kind == TRACE_FILL;
        d->certain |= d->imported && uses;
        d->certain |= e->kind == TRACE_COMPUTED || (e->kind == TRACE_IMPORT && is_certain(d, e->target));
        d->imported |= e->kind == TRACE_IMPORT;
    }
    events->count = 0;
    return true;
}

/*
 * Whether there is a pickle at that byte that imports something. A short import alone, of a name that nobody
 * warns of, stands in every few hundred megabytes of random bytes, such as the numbers of a model.
 */
static bool try(struct scan *s, size_t at, uint64_t steps, struct arena *arena, struct trace_end *end,
                bool *found, struct error *err)
{
    struct deeds deeds = {.policy = s->policy};
    const bool ok =
        pickle_trace(s->item->bytes, at, false, steps, s->limits, arena, note_deeds, &deeds, end, err);
    *found = deeds.certain || (deeds.imported && end->stopped.kind == ERR_NONE);
    return ok;
}

/* Behind damage, or behind the last pickle: another reader may find what is there. */
static bool search(struct scan *s, size_t from, struct error *err)
{
    const struct bytes in = s->item->bytes;
    uint64_t left = SEARCH_STEPS;
    bool ok = true;
    s->out_of_turn = true;
    for (size_t at = from; ok && at < in.len; at++) {
        struct arena scratch;
        struct trace_end end;
        const uint8_t c = in.data[at];
        if (c != 0x80 && c != 'c' && c != 'i' && c != 0x8c && c != 'U' && c != 'X')
            continue;
        left -= left > 0; /* a look costs something, too */
        if (left >= SEARCH_START && !pickle_may_begin(bytes_of(in.data + at, in.len - at)))
            continue;
        if (left < SEARCH_START) {
            s->report->limit = "nodes";
            ok = report_unreadable(s, at, "searching for more pickles takes too long", err);
            break;
        }
        arena_init(&scratch, s->arena->budget - s->arena->used);
        scratch.watch = s->arena->watch;
        const uint64_t steps = left < SEARCH_STEPS_AT_ONCE ? left : SEARCH_STEPS_AT_ONCE;
        bool found = false;
        ok = try(s, at, steps, &scratch, &end, &found, err) &&
             (!found || run(s, at, false, steps, &scratch, &end, err));
        meaning_forget(s);
        const uint64_t cost = SEARCH_START + end.steps + (end.looked_at - at) / SEARCH_BYTES_A_STEP;
        left -= cost < left ? cost : left;
        if (found && s->acted && end.at > at)
            at = end.at - 1;
        arena_free(&scratch);
    }
    s->out_of_turn = false;
    return ok;
}

/* The pickle once more, as who reads it without joblib does. */
static bool run_plain(struct scan *s, size_t from, struct error *err)
{
    struct trace_end end;
    const bool acted = s->acted;
    s->out_of_turn = true;
    const bool ok = run(s, from, true, UINT64_MAX, s->arena, &end, err);
    s->out_of_turn = false;
    s->acted |= acted;
    return ok;
}

/* A frame of a thinkable length, which is cut off. */
static bool is_cut_frame(struct bytes at)
{
    enum { FRAME = 0x95, LENGTH = 8, THINKABLE = 40 };
    return at.len > LENGTH && at.data[0] == FRAME && load_u64_le(at.data + 1) >> THINKABLE == 0;
}

/* A pickle by its own words, of which more than these ran, or that is cut off in its frame: junk is neither.
 */
static bool is_pickle(struct bytes in, size_t at, const struct trace_end *end)
{
    enum { PROTO = 0x80, HIGHEST = 5, ENOUGH = 2 };
    return in.len - at > 2 && in.data[at] == PROTO && in.data[at + 1] <= HIGHEST &&
           (end->steps > ENOUGH ||
            (end->steps == 1 && is_cut_frame(bytes_of(in.data + end->at, in.len - end->at))));
}

/*
 * "class Linear(Module):", as in the code of TorchScript, is an import of what no module is named: where
 * nothing says that it is a pickle, it is none.
 */
static bool is_prose(const struct item *item)
{
    return !item->asked && item->bytes.len > 0 &&
           (item->bytes.data[0] == 'c' || item->bytes.data[0] == 'i') && !pickle_may_begin(item->bytes);
}

/* Pickles in a row from the start of the item. known: the item is something else, and this a second look. */
static bool scan_pickles(struct scan *s, bool known, struct error *err)
{
    const struct bytes in = s->item->bytes;
    struct trace_end end = {0};
    size_t at = 0;
    bool acted = false;
    if (is_prose(s->item))
        return search(s, 0, err);
    while (at < in.len) {
        s->joblib = false;
        if (!run(s, at, false, UINT64_MAX, s->arena, &end, err) || (s->joblib && !run_plain(s, at, err)))
            return false;
        acted |= s->acted;
        if (end.stopped.kind != ERR_NONE)
            break;
        s->part->pickles++;
        at = end.at;
    }
    if (s->part->format == NULL && (s->part->pickles > 0 || acted))
        s->part->format = "pickle";
    if (at >= in.len && in.len > 0)
        return true;
    if (end.stopped.kind != ERR_NONE && end.stopped.kind != ERR_SYNTAX && !(known && !s->acted))
        return met_limit(s, end.at, &end.stopped, err);
    if (known && !acted)
        return true;
    const bool broken = in.len > 0 && is_pickle(in, at, &end);
    if (s->part->pickles > 0 && !s->acted && !broken) {
        s->part->trailing = in.len - at;
    } else if (s->acted || s->item->asked || broken) {
        const bool nothing = end.steps == 0 && s->part->pickles == 0;
        if (broken && s->part->format == NULL)
            s->part->format = "pickle";
        if (!report_unreadable(s, end.at, nothing ? "the format is not known" : end.stopped.detail, err))
            return false;
    }
    return search(s, s->part->pickles > 0 && !s->acted ? at : end.at < in.len ? end.at + 1 : in.len, err);
}

/* ---- the queue ---- */

static bool scan_item(struct scan *s, const struct item *item, struct error *err)
{
    const size_t parts = s->report->part_count;
    bool known = false;
    s->item = item;
    s->taken += item->bytes.len;
    if (!report_part(s, item, NULL, err))
        return false;
    if (s->taken > s->limits->inflated + s->limits->body) {
        s->report->limit = "inflated";
        return report_unreadable(s, 0, "there is more inside than may be unpacked", err);
    }
    if (!scan_containers(s, &known, err) || !scan_pickles(s, known, err))
        return false;
    /* a text or a member that turned out to be nothing */
    if (parts > 0 && s->part->format == NULL && s->part->broken_at == SIZE_MAX)
        s->report->part_count = parts;
    return true;
}

static bool run_queue(struct scan *s, struct error *err)
{
    for (size_t i = 0; i < s->queue.count; i++) {
        struct item *item = arena_alloc(s->arena, 1, sizeof *item);
        if (item == NULL)
            return arena_fail(s->arena, err);
        *item = s->queue.items[i];
        if (!scan_item(s, item, err))
            return false;
    }
    return true;
}

bool scan_document(struct bytes in, const struct policy *policy, const struct limits *limits,
                   struct arena *arena, struct scan_report *out, struct error *err)
{
    struct scan s = {
        .policy = policy, .limits = limits, .arena = arena, .report = out, .seed = sip_seed_make()};
    struct error failed = {0};
    struct item first = {.bytes = in, .member = bytes_of("", 0), .asked = true};
    *out = (struct scan_report){0};
    s.queue = (struct items){.items = &first, .count = 1, .capacity = 1};
    if (!run_queue(&s, &failed)) {
        if (failed.kind != ERR_LIMIT) {
            *err = failed;
            return false;
        }
        out->limit = failed.limit;
        s.unreadable = true;
    }
    if (out->verdict == VERDICT_SAFE && s.unreadable)
        out->verdict = VERDICT_UNREADABLE;
    return true;
}
