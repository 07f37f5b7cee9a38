#include "disassemble.h"

#include "listing.h"

/* ---- one opcode ---- */

/* Cuts at the width, between characters. */
static void cut(struct line *line, uint64_t width)
{
    struct argument *a = &line->argument;
    if (width == 0 || a->text.len <= width || a->kind < ARGUMENT_UTF8 || a->kind == ARGUMENT_PAIR)
        return;
    line->length = a->text.len;
    a->text.len = (size_t)width;
    while (a->kind == ARGUMENT_UTF8 && a->text.len > 0 && (a->text.data[a->text.len] & 0xc0) == 0x80)
        a->text.len--;
}

/* Whether an opcode that the machine has refused can be shown all the same: that its argument is right can be
 * told without the machine. */
static bool is_shown(struct bytes opcode, bool has_memo)
{
    if (opcode.len == 0)
        return false;
    switch ((enum opcode_argument)opcode_rows[opcode.data[0]].argument) {
    case ARG_NONE:
    case ARG_U1:
    case ARG_U2:
    case ARG_I4:
    case ARG_U4:
    case ARG_U8:
        return true;
    case ARG_NUMBER:
        return has_memo;
    case ARG_F8:
    case ARG_BYTES1:
    case ARG_BYTES4:
    case ARG_BYTES4S:
    case ARG_BYTES8:
    case ARG_LINE:
    case ARG_TWO_LINES:
    case ARG_QUOTED:
        break;
    }
    return false;
}

/* All bytes of the opcode at the start of rest; none: it is no opcode, or cut off. */
static struct bytes opcode_of(struct bytes rest)
{
    const size_t n = rest.len == 0 ? 0 : opcode_length(rest);
    return n > rest.len ? bytes_of(NULL, 0) : bytes_of(rest.data, n);
}

/* Notes where a mark was set, or which one was taken away. */
static bool follow_marks(struct listing *l, size_t before, struct error *err)
{
    const struct machine *m = &l->machine;
    l->line.indent = before;
    if (m->mark_count < before) {
        l->line.has_mark = true;
        l->line.mark = l->marks[m->mark_count];
    }
    if (m->mark_count <= before)
        return true;
    if (m->mark_count > l->limits->depth)
        return FAIL_LIMIT(err, "depth", l->limits->depth, "more than %llu marks are open",
                          (unsigned long long)l->limits->depth);
    if (before == l->mark_capacity) {
        const size_t wanted = before == 0 ? 64 : before * 2;
        size_t *grown = arena_grow(&l->own, l->marks, before * sizeof *grown, wanted * sizeof *grown);
        if (grown == NULL)
            return arena_fail(&l->own, err);
        l->marks = grown;
        l->mark_capacity = wanted;
    }
    l->marks[before] = l->line.offset;
    return true;
}

/*
 * A frame that is longer than what is left is as a rule the first trace of a pickle that was cut off: what is
 * there of it can still be listed. The machine stands behind the opcode, with nothing changed.
 */
static bool forgive_frame(struct listing *l, struct bytes opcode)
{
    if (opcode.len == 0 || opcode.data[0] != OP_FRAME || l->problem.kind != ERR_SYNTAX)
        return false;
    if (l->frame.kind == ERR_NONE)
        l->frame = l->problem;
    l->problem = (struct error){0};
    return true;
}

/* Runs one opcode into l->line. False: there is no line to write. */
static bool run_opcode(struct listing *l)
{
    struct machine *m = &l->machine;
    const struct bytes rest = bytes_of(m->at, (size_t)(m->end - m->at));
    const size_t marks = m->mark_count;
    const uint64_t next = m->memo.count;
    struct line *line = &l->line;
    arena_free(&l->big); /* the machine may need its memory */
    *line = (struct line){.offset = (size_t)(m->at - m->in.data)};
    l->end = line->offset;
    bool ran = machine_step(m, &l->problem);
    const struct bytes opcode = ran ? bytes_of(rest.data, (size_t)(m->at - rest.data)) : opcode_of(rest);
    ran = ran || forgive_frame(l, opcode);
    line->has_memo = opcode.len > 0 && listing_memo(l, opcode, next, &line->memo);
    if (!ran && !is_shown(opcode, line->has_memo))
        return false;
    line->code = opcode.data[0];
    line->row = &opcode_rows[line->code];
    line->depth = m->depth;
    const bool followed = follow_marks(l, marks, &l->problem);
    line->argument = listing_argument(l, opcode);
    cut(line, l->options.width);
    if (line->row->protocol > l->highest)
        l->highest = line->row->protocol;
    if (ran && line->code == OP_PROTO)
        l->declared = (int)m->protocol;
    if (ran && followed && listing_complete(l))
        l->end += opcode.len;
    return true;
}

/* ---- the length of the listing ---- */

/* Bytes that an argument takes. */
static bool measure(const struct listing *l, uint64_t *len, struct error *err)
{
    enum { PIECE = 4096 };
    AUTO(sink_deinit) struct sink scratch = {0};
    struct spelling s;
    if (!sink_init(&scratch, PIECE))
        return sink_fail(err);
    spelling_start(&s, l->line.argument, l->form->json);
    while (!s.closed) {
        if (!spelling_run(&s, &scratch, err))
            return false;
        scratch.len = scratch.taken = 0;
    }
    *len = scratch.total;
    return true;
}

/*
 * Whether the line, and after it the end of the listing, is within limits->output: what has begun can say why
 * it ends, and need not be cut. Arguments are measured only where it matters.
 */
static bool line_fits(const struct listing *l, uint64_t total, bool *fits, struct error *err)
{
    enum {
        WORST = 6,       /* bytes of text for one of an argument */
        LINE_ROOM = 512, /* for the rest of a line, without its indent */
        END_ROOM = 2048
    };
    const uint64_t rest = total + INDENT * l->line.indent + LINE_ROOM + END_ROOM, most = l->limits->output;
    uint64_t len;
    *fits = rest <= most && l->line.argument.text.len <= (most - rest) / WORST;
    if (*fits || rest > most || l->line.argument.text.len > most - rest)
        return true;
    if (!measure(l, &len, err))
        return false;
    *fits = len <= most - rest;
    return true;
}

/* ---- pickles ---- */

static void listing_drop(void *arg)
{
    struct listing *l = arg;
    arena_free(&l->own);
    arena_free(&l->big);
}

/* Ready for the pickle at l->start. */
static bool begin_pickle(struct listing *l, struct error *err)
{
    arena_free(&l->own);
    arena_init(&l->own, l->budget);
    l->own.watch = l->watch;
    l->marks = NULL;
    l->mark_capacity = 0;
    l->lines = 0;
    l->declared = l->highest = -1;
    l->frame = (struct error){0};
    l->end = l->start;
    if (!machine_start(&l->machine, l->in, l->limits, &l->own, err))
        return false;
    l->machine.at += l->start;
    return true;
}

/* Whether another one begins where the last one ended. */
static bool next_pickle(struct listing *l)
{
    if (!pickle_begins(bytes_of(l->in.data + l->end, l->in.len - l->end)))
        return false;
    l->start = l->end;
    l->index++;
    return true;
}

/* Runs through the pickles before the one to list. */
static bool skip_pickles(struct listing *l, struct error *err)
{
    while (l->index < l->options.index) {
        if (!begin_pickle(l, err))
            return false;
        while (l->machine.result == NULL)
            if (!machine_step(&l->machine, err))
                return false;
        l->end = (size_t)(l->machine.at - l->in.data);
        if (!next_pickle(l))
            return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "index cannot be %llu: %llu pickle%s in the body",
                        (unsigned long long)l->options.index, (unsigned long long)l->index + 1,
                        l->index == 0 ? " is" : "s are");
    }
    return true;
}

/* ---- the stages, each of which appends to out and says what comes next ---- */

static bool opens(struct listing *l, struct sink *out, struct error *err)
{
    l->stage = LISTING_STARTS;
    return l->form->open(l, out, err);
}

static bool starts(struct listing *l, struct sink *out, struct error *err)
{
    l->stage = begin_pickle(l, &l->problem) ? LISTING_STEPS : LISTING_ENDS;
    return l->form->start(l, out, err);
}

static bool steps(struct listing *l, struct sink *out, struct error *err)
{
    bool fits;
    l->stage = LISTING_ENDS;
    if (!run_opcode(l))
        return true;
    if (!line_fits(l, out->total, &fits, err))
        return false;
    if (!fits) {
        l->end = l->line.offset;
        error_set_limit(&l->problem, "output", l->limits->output,
                        "the listing would be longer than %llu bytes", (unsigned long long)l->limits->output);
        return true;
    }
    l->stage = LISTING_SPELLS;
    spelling_start(&l->spelling, l->line.argument, l->form->json);
    return l->form->before(l, out, err);
}

static bool spells(struct listing *l, struct sink *out, struct error *err)
{
    if (!spelling_run(&l->spelling, out, err))
        return false;
    if (!l->spelling.closed)
        return true;
    l->lines++;
    l->stage = l->machine.result != NULL || !listing_complete(l) ? LISTING_ENDS : LISTING_STEPS;
    return l->form->after(l, out, err);
}

static bool ends(struct listing *l, struct sink *out, struct error *err)
{
    if (listing_complete(l))
        l->problem = l->frame;
    if (l->problem.offset == ERROR_NO_OFFSET)
        l->problem.offset = l->end;
    if (!l->form->end(l, out, err))
        return false;
    const bool more = listing_complete(l) && l->options.index == DISASSEMBLE_ALL && next_pickle(l);
    l->stage = more ? LISTING_STARTS : LISTING_DONE;
    return more || l->form->close(l, out, err);
}

static enum step listing_step(struct encoder *e, struct sink *out, struct error *err)
{
    static bool (*const stages[])(struct listing * l, struct sink * out, struct error * err) = {
        [LISTING_OPENS] = opens,   [LISTING_STARTS] = starts, [LISTING_STEPS] = steps,
        [LISTING_SPELLS] = spells, [LISTING_ENDS] = ends,
    };
    struct listing *l = e->state;
    while (l->stage != LISTING_DONE && !sink_full(out))
        if (!stages[l->stage](l, out, err))
            return STEP_FAIL;
    return l->stage == LISTING_DONE ? STEP_DONE : STEP_MORE;
}

/* Of no registry: only its step is there to be run. */
static const struct codec listing_codec = {.name = "disassembly", .step = listing_step};

const struct error *disassemble_problem(const struct encoder *e)
{
    const struct listing *l = e->state;
    return l->problem.kind == ERR_NONE ? NULL : &l->problem;
}

bool disassemble_new(struct bytes in, const struct disassemble_options *options, const struct limits *limits,
                     struct arena *arena, struct encoder **out, struct error *err)
{
    if (in.len == 0)
        return FAIL(err, ERR_SYNTAX, 0, "the body is empty");
    struct encoder *e = arena_alloc(arena, 1, sizeof *e);
    struct listing *l = arena_alloc(arena, 1, sizeof *l);
    if (e == NULL || l == NULL || !arena_defer(arena, listing_drop, l))
        return arena_fail(arena, err);
    *e = (struct encoder){.codec = &listing_codec, .limits = limits, .arena = arena, .state = l};
    *l = (struct listing){.form = options->form == DISASSEMBLE_JSON ? &listing_json : &listing_text,
                          .options = *options,
                          .in = in,
                          .limits = limits,
                          .budget = arena->budget - arena->used,
                          .watch = arena->watch};
    *out = e;
    return options->index == DISASSEMBLE_ALL || skip_pickles(l, err);
}
