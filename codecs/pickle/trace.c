/* What the machine notes of its way, and the run that hands it out. */
#include "machine.h"

static struct trace_event *add(struct machine *m, enum trace_kind kind, struct error *err)
{
    struct trace *t = m->trace;
    struct trace_event *grown = arena_room(t->arena, t->events, t->count, &t->capacity, sizeof *grown);
    if (grown == NULL) {
        arena_fail(t->arena, err);
        return NULL;
    }
    t->events = grown;
    struct trace_event *e = &t->events[t->count++];
    *e = (struct trace_event){.kind = kind, .offset = m->started, .opcode = m->row->name};
    return e;
}

bool trace_import(struct machine *m, struct bytes module, struct bytes name, struct value *global,
                  struct error *err)
{
    struct trace_event *e = add(m, TRACE_IMPORT, err);
    if (e == NULL)
        return false;
    e->module = module;
    e->name = name;
    e->target = global;
    return true;
}

bool trace_act(struct machine *m, enum trace_kind kind, struct value *target, struct value *args,
               struct error *err)
{
    struct trace_event *e = add(m, kind, err);
    if (e == NULL)
        return false;
    e->target = target;
    e->args = args;
    return true;
}

bool trace_call(struct machine *m, struct value *made, struct error *err)
{
    const struct value_object *o = made->object;
    struct trace_event *e = add(m, TRACE_CALL, err);
    if (e == NULL)
        return false;
    e->how = o->made;
    e->target = o->callable;
    e->args = o->args;
    e->kwargs = o->kwargs;
    e->made = made;
    return true;
}

bool trace_kept(struct machine *m, struct value *const *items, size_t count, struct error *err)
{
    for (size_t i = 0; m->trace->kept && i < count; i++)
        if (items[i]->kind == VALUE_GLOBAL && !trace_act(m, TRACE_KEPT, items[i], NULL, err))
            return false;
    return true;
}

/* ---- what may be a document of its own ---- */

static bool begins_binary(struct bytes t)
{
    const uint8_t a = t.data[0], b = t.data[1];
    return (a == OP_PROTO && b <= 5) || (a == 'P' && b == 'K') || (a == 0x1f && b == 0x8b) ||
           (a == 'B' && b == 'Z') || (a == 0xfd && b == '7') || (a == 0x28 && b == 0xb5) || a == 0x93 ||
           (a == 0x78 && (b == 0x9c || b == 0xda || b == 0x01 || b == 0x5e)) || (a == 0x04 && b == 0x22) ||
           (a == 0x5d && b == 0);
}

/* Protocols 0 and 1 begin with anything and end with STOP. */
static bool begins_text(struct bytes t)
{
    return t.data[t.len - 1] == '.' && memchr(t.data, '\n', t.len) != NULL &&
           (strchr("(ci]}", t.data[0]) != NULL);
}

/* A pickle in base64 begins with byte 0x80 and a small one: "gAA" to "gAU"; in hexadecimal "80"; in base64,
 * gzip is "H4s" and a zip "UEs". */
static bool begins_encoded(struct bytes t)
{
    return bytes_starts(t, "gA") || bytes_starts(t, "800") || bytes_starts(t, "H4s") ||
           bytes_starts(t, "UEs") || bytes_starts(t, "eJ") || bytes_starts(t, "Y2") || bytes_starts(t, "KG");
}

bool trace_text(struct machine *m, struct value *v, struct error *err)
{
    enum { SHORTEST = 8 };
    const struct bytes t = v->text;
    if (t.len < SHORTEST || !(begins_binary(t) || begins_text(t) || begins_encoded(t)))
        return true;
    return trace_act(m, TRACE_TEXT, v, NULL, err);
}

/* ---- the run ---- */

/*
 * Readers differ in what they do when a frame's end falls into an opcode (traps of framing in Python before
 * 3.13.15): some go on in the frame's bytes, others behind them.
 */
static bool check_frames(struct machine *m, struct error *err)
{
    struct trace *t = m->trace;
    const size_t at = (size_t)(m->at - m->in.data);
    const bool raw = m->inner.data != NULL && m->inner.data > m->in.data + m->started &&
                     m->inner.data <= m->at; /* between two frames */
    bool ok = true;
    if (*(m->in.data + m->started) == OP_FRAME) {
        ok = t->frame_end <= m->started || trace_act(m, TRACE_FRAME, NULL, NULL, err);
        t->frame_end = at + (size_t)load_u64_le(m->at - 8);
    } else if (t->frame_end != 0 && at > t->frame_end) {
        ok = raw || m->started >= t->frame_end || trace_act(m, TRACE_FRAME, NULL, NULL, err);
        t->frame_end = 0;
    }
    return ok;
}

/* How much of what begins with a refused opcode has been looked at: its argument, or all in search of a
 * newline. */
static size_t looked_at(struct bytes rest)
{
    const size_t n = rest.len == 0 ? 0 : opcode_length(rest);
    if (n > rest.len)
        return 0;
    const bool no_newline = n == 0 && rest.len > 0 && opcode_rows[rest.data[0]].run != NULL;
    return no_newline ? rest.len : n;
}

bool pickle_trace(struct bytes in, size_t from, bool plain, uint64_t steps, const struct limits *limits,
                  struct arena *arena, trace_listener *listen, void *arg, struct trace_end *end,
                  struct error *err)
{
    struct machine m;
    struct trace events = {.arena = arena};
    *end = (struct trace_end){.at = from, .looked_at = from};
    if (!machine_start(&m, in, limits, arena, &end->stopped))
        return true;
    m.at += from;
    m.trace = &events;
    m.embedded = plain;
    while (m.result == NULL && end->stopped.kind == ERR_NONE && end->steps < steps) {
        const bool ok = machine_step(&m, &end->stopped);
        end->steps += ok;
        if (ok && m.trace->frame_end + (m.row->argument == ARG_U8) > 0 && !check_frames(&m, &end->stopped))
            break;
        if (events.count > 0 && !listen(arg, &events, err))
            return false;
    }
    end->at = end->stopped.kind == ERR_NONE ? (size_t)(m.at - in.data) : m.started;
    end->looked_at = end->at;
    if (end->stopped.kind != ERR_NONE)
        end->looked_at += looked_at(bytes_of(in.data + end->at, in.len - end->at));
    if (end->stopped.kind == ERR_NONE && m.result == NULL)
        error_set_limit(&end->stopped, "nodes", steps, "the pickle has too many opcodes");
    return true;
}

static bool is_word(uint8_t c)
{
    return c == '_' || c == '.' || c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z');
}

/* Length of a name up to a newline, which is not counted. 0: it is none. */
static size_t name_line(struct bytes t)
{
    enum { LONGEST = 200 };
    size_t n = 0;
    while (n < t.len && n < LONGEST && is_word(t.data[n]))
        n++;
    return n < t.len && t.data[n] == '\n' && !(t.data[0] >= '0' && t.data[0] <= '9') ? n : 0;
}

static bool is_name(struct bytes t, size_t skip)
{
    enum { LONGEST = 64 };
    const size_t n = t.len > skip ? t.data[1] : 0;
    if (n == 0 || n > LONGEST || n > t.len - skip)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!is_word(t.data[skip + i]) || t.data[skip + i] >= 0x80)
            return false;
    return true;
}

bool pickle_may_begin(struct bytes at)
{
    size_t n;
    if (at.len < 4)
        return false;
    switch (at.data[0]) {
    case OP_PROTO:
        return at.data[1] <= 5 && opcode_rows[at.data[2]].run != NULL;
    case 'c':
    case 'i':
        n = name_line(bytes_of(at.data + 1, at.len - 1));
        return n > 0 && name_line(bytes_of(at.data + n + 2, at.len - n - 2)) > 0;
    case 0x8c: /* SHORT_BINUNICODE */
    case 'U':  /* SHORT_BINSTRING */
        return is_name(at, 2);
    case 'X': /* BINUNICODE */
        return at.len > 5 && load_u32_le(at.data + 1) == at.data[1] && is_name(at, 5);
    default:
        return false;
    }
}
