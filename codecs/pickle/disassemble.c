#include "disassemble.h"

#include "bigint.h"
#include "listing.h"
#include <math.h>

/* ---- arguments ---- */

static struct argument number_of(struct listing *l, size_t digits)
{
    return (struct argument){.kind = ARGUMENT_NUMBER, .text = bytes_of(l->digits, digits)};
}

static struct argument unsigned_of(struct listing *l, uint64_t number)
{
    return number_of(l, number_write_uint(number, l->digits));
}

static struct argument signed_of(struct listing *l, int64_t number)
{
    return number_of(l, number_write_int(number, l->digits));
}

static struct argument double_of(struct listing *l, double real)
{
    struct argument a = number_of(l, number_write_double(real, l->digits));
    if (!isfinite(real))
        a.kind = ARGUMENT_WORD;
    return a;
}

/* Its digits are there until the next one's. */
static struct argument big_of(struct listing *l, struct bytes twos_complement)
{
    struct argument a = {.kind = ARGUMENT_NUMBER};
    arena_free(&l->big);
    arena_init(&l->big, l->budget);
    return bigint_to_decimal(twos_complement, l->limits->digits, &l->big, &a.text, &l->problem)
               ? a
               : (struct argument){0};
}

/* What the machine has made of an argument that is text. */
static struct argument made_of(struct listing *l, const struct value *v)
{
    switch ((enum value_kind)v->kind) {
    case VALUE_BOOL:
        return (struct argument){.kind = v->boolean ? ARGUMENT_TRUE : ARGUMENT_FALSE};
    case VALUE_INT:
        return signed_of(l, v->integer);
    case VALUE_BIGINT:
        return big_of(l, v->text);
    case VALUE_FLOAT:
        return double_of(l, v->real);
    case VALUE_STR:
    case VALUE_BYTES:
        return (struct argument){.kind = (v->flags & VALUE_PYTHON2) != 0 ? ARGUMENT_LATIN1 : ARGUMENT_UTF8,
                                 .text = v->text};
    case VALUE_EXTERNAL: /* PERSID's */
        return made_of(l, v->external->id);
    case VALUE_NONE:
    case VALUE_COMPLEX:
    case VALUE_BYTEARRAY:
    case VALUE_LIST:
    case VALUE_TUPLE:
    case VALUE_SET:
    case VALUE_FROZENSET:
    case VALUE_DICT:
    case VALUE_ARRAY:
    case VALUE_DTYPE:
    case VALUE_RANGE:
    case VALUE_SLICE:
    case VALUE_GLOBAL:
    case VALUE_OBJECT:
    case VALUE_KIND_COUNT:
        break;
    }
    return (struct argument){0};
}

/* What a counted text or counted bytes are. */
static enum argument_kind counted_kind(uint8_t code)
{
    static const uint8_t kinds[256] = {
        [OP_BINSTRING] = ARGUMENT_LATIN1,     [OP_SHORT_BINSTRING] = ARGUMENT_LATIN1,
        [OP_BINUNICODE] = ARGUMENT_UTF8,      [OP_SHORT_BINUNICODE] = ARGUMENT_UTF8,
        [OP_BINUNICODE8] = ARGUMENT_UTF8,     [OP_BINBYTES] = ARGUMENT_BYTES,
        [OP_SHORT_BINBYTES] = ARGUMENT_BYTES, [OP_BINBYTES8] = ARGUMENT_BYTES,
        [OP_BYTEARRAY8] = ARGUMENT_BYTEARRAY, [OP_LONG1] = ARGUMENT_NUMBER,
        [OP_LONG4] = ARGUMENT_NUMBER,
    };
    return kinds[code];
}

/* The argument of an opcode that has run; opcode is all of its bytes. */
static struct argument argument_of(struct listing *l, struct bytes opcode)
{
    static const uint8_t lengths[] = {
        [ARG_BYTES1] = 1, [ARG_BYTES4] = 4, [ARG_BYTES4S] = 4, [ARG_BYTES8] = 8};
    const struct bytes rest = bytes_of(opcode.data + 1, opcode.len - 1);
    const uint8_t *p = rest.data;
    double real;
    uint64_t bits;
    switch ((enum opcode_argument)opcode_rows[opcode.data[0]].argument) {
    case ARG_NONE:
        break;
    case ARG_U1:
        return unsigned_of(l, p[0]);
    case ARG_U2:
        return unsigned_of(l, load_u16_le(p));
    case ARG_I4:
        return signed_of(l, (int32_t)load_u32_le(p));
    case ARG_U4:
        return unsigned_of(l, load_u32_le(p));
    case ARG_U8:
        return unsigned_of(l, load_u64_le(p));
    case ARG_F8:
        bits = load_u64_be(p);
        memcpy(&real, &bits, sizeof real);
        return double_of(l, real);
    case ARG_BYTES1:
    case ARG_BYTES4:
    case ARG_BYTES4S:
    case ARG_BYTES8: {
        const uint8_t n = lengths[opcode_rows[opcode.data[0]].argument];
        const struct bytes counted = bytes_of(p + n, rest.len - n);
        const enum argument_kind kind = counted_kind(opcode.data[0]);
        return kind == ARGUMENT_NUMBER ? made_of(l, machine_top(&l->machine))
                                       : (struct argument){.kind = kind, .text = counted};
    }
    case ARG_TWO_LINES:
        return (struct argument){.kind = ARGUMENT_PAIR, .text = bytes_of(p, rest.len - 1)};
    case ARG_NUMBER:
        if (opcode.data[0] == OP_GET || opcode.data[0] == OP_PUT)
            return unsigned_of(l, l->line.memo);
        return made_of(l, machine_top(&l->machine));
    case ARG_LINE:
    case ARG_QUOTED:
        return made_of(l, machine_top(&l->machine));
    }
    return (struct argument){0};
}

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

/* ---- one opcode ---- */

/* The memo entry that an opcode is about. False: none. next is what MEMOIZE takes. */
static bool memo_of(struct listing *l, struct bytes opcode, uint64_t next, uint64_t *out)
{
    struct error ignored = {0};
    switch (opcode.data[0]) {
    case OP_MEMOIZE:
        *out = next;
        return true;
    case OP_BINGET:
    case OP_BINPUT:
        *out = opcode.data[1];
        return true;
    case OP_LONG_BINGET:
    case OP_LONG_BINPUT:
        *out = load_u32_le(opcode.data + 1);
        return true;
    case OP_GET:
    case OP_PUT:
        return text_index(&l->machine, bytes_of(opcode.data + 1, opcode.len - 2), out, &ignored);
    default: /* opcodes are no enum of ours to list: most have no memo */
        return false;
    }
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
    *line = (struct line){.offset = (size_t)(m->at - m->in.data)};
    l->end = line->offset;
    bool ran = machine_step(m, &l->problem);
    const struct bytes opcode = ran ? bytes_of(rest.data, (size_t)(m->at - rest.data)) : opcode_of(rest);
    ran = ran || forgive_frame(l, opcode);
    line->has_memo = opcode.len > 0 && memo_of(l, opcode, next, &line->memo);
    if (!ran && !is_shown(opcode, line->has_memo))
        return false;
    line->code = opcode.data[0];
    line->row = &opcode_rows[line->code];
    line->depth = m->depth;
    const bool followed = follow_marks(l, marks, &l->problem);
    line->argument = argument_of(l, opcode);
    cut(line, l->options.width);
    if (line->row->protocol > l->highest)
        l->highest = line->row->protocol;
    if (ran && line->code == OP_PROTO)
        l->declared = (int)m->protocol;
    if (ran && followed && listing_complete(l))
        l->end += opcode.len;
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
    l->stage = LISTING_ENDS;
    if (!run_opcode(l))
        return true;
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
                          .budget = arena->budget - arena->used};
    *out = e;
    return options->index == DISASSEMBLE_ALL || skip_pickles(l, err);
}
