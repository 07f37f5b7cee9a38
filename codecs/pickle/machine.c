#include "machine.h"

#include "weigh.h"

#include <stdarg.h>
#include <stdio.h>

const struct opcode_row opcode_rows[256] = {
#define OPCODE_ROW(code, name, protocol, argument, function) [code] = {#name, protocol, argument, function},
    OPCODE_TABLE(OPCODE_ROW)
#undef OPCODE_ROW
};

enum { FIRST_BATCH = 32, LARGEST_BATCH = 4096 };

bool machine_fail(struct machine *m, struct error *err, const char *format, ...)
{
    char detail[160];
    va_list args;
    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    return FAIL(err, ERR_SYNTAX, m->started, "%s at byte %zu: %s", m->row->name, m->started, detail);
}

/* ---- nodes and the stack ---- */

struct value *machine_node_slow(struct machine *m, enum value_kind kind, struct error *err)
{
    const uint64_t left = m->limits->nodes - m->node_count;
    uint64_t batch = m->node_count < FIRST_BATCH ? FIRST_BATCH : m->node_count;
    if (batch > LARGEST_BATCH)
        batch = LARGEST_BATCH;
    if (batch > left)
        batch = left;
    if (batch == 0) {
        error_set_limit(err, "nodes", m->limits->nodes, "the pickle makes more than %llu values",
                        (unsigned long long)m->limits->nodes);
        return NULL;
    }
    m->nodes = arena_take(m->arena, (size_t)batch, sizeof *m->nodes);
    m->nodes_end = m->nodes == NULL ? NULL : m->nodes + batch;
    if (m->nodes == NULL) {
        arena_fail(m->arena, err);
        return NULL;
    }
    m->node_count += batch;
    return machine_node(m, kind, err);
}

bool machine_push_slow(struct machine *m, struct value *v, struct error *err)
{
    void *stack = v == NULL ? NULL : arena_room(m->arena, m->stack, m->depth, &m->capacity, sizeof *m->stack);
    if (stack == NULL)
        return arena_fail(m->arena, err);
    m->stack = stack;
    m->stack[m->depth++] = v;
    return true;
}

bool machine_pop_mark(struct machine *m, struct value ***items, size_t *count, struct error *err)
{
    if (m->mark_count == 0)
        return machine_fail(m, err, "there is no mark");
    *items = m->stack + m->fence;
    *count = m->depth - m->fence;
    m->depth = m->fence;
    m->mark_count--;
    m->fence = m->mark_count == 0 ? 0 : m->marks[m->mark_count - 1];
    return true;
}

bool op_mark(struct machine *m, struct error *err)
{
    size_t *marks = arena_room(m->arena, m->marks, m->mark_count, &m->mark_capacity, sizeof *marks);
    if (marks == NULL)
        return arena_fail(m->arena, err);
    m->marks = marks;
    m->marks[m->mark_count++] = m->fence = m->depth;
    return true;
}

/* POP removes the mark itself when nothing is above it: that is how recursive tuples are undone. */
bool op_pop(struct machine *m, struct error *err)
{
    struct value **items;
    size_t count;
    if (m->depth > m->fence)
        return machine_dropped(m, machine_pop(m), err);
    return m->mark_count == 0 ? machine_need(m, 1, err) : machine_pop_mark(m, &items, &count, err);
}

bool op_pop_mark(struct machine *m, struct error *err)
{
    struct value **items;
    size_t count;
    return machine_pop_mark(m, &items, &count, err);
}

/* One more holds a value that others hold already. */
static bool push_again(struct machine *m, struct value *v, struct error *err)
{
    m->again[v->kind] = true;
    return machine_push(m, v, err);
}

bool op_dup(struct machine *m, struct error *err)
{
    return machine_need(m, 1, err) && push_again(m, machine_top(m), err);
}

/* ---- the memo ---- */

static bool get(struct machine *m, uint64_t number, struct error *err)
{
    struct value *v = memo_get(&m->memo, number);
    if (v == NULL)
        return machine_fail(m, err, "memo has no entry %llu", (unsigned long long)number);
    return push_again(m, v, err);
}

static bool put(struct machine *m, uint64_t number, struct error *err)
{
    return machine_need(m, 1, err) && memo_put(&m->memo, number, machine_top(m), m->arena, err);
}

bool op_get(struct machine *m, struct error *err)
{
    struct bytes line;
    uint64_t number;
    return machine_line(m, &line, err) && text_index(m, line, &number, err) && get(m, number, err);
}

bool op_binget(struct machine *m, struct error *err)
{
    const uint8_t *p;
    return machine_take(m, 1, &p, err) && get(m, p[0], err);
}

bool op_long_binget(struct machine *m, struct error *err)
{
    const uint8_t *p;
    return machine_take(m, 4, &p, err) && get(m, load_u32_le(p), err);
}

bool op_put(struct machine *m, struct error *err)
{
    struct bytes line;
    uint64_t number;
    return machine_line(m, &line, err) && text_index(m, line, &number, err) && put(m, number, err);
}

bool op_binput(struct machine *m, struct error *err)
{
    const uint8_t *p;
    return machine_take(m, 1, &p, err) && put(m, p[0], err);
}

bool op_long_binput(struct machine *m, struct error *err)
{
    const uint8_t *p;
    return machine_take(m, 4, &p, err) && put(m, load_u32_le(p), err);
}

/* The next number is how many are in use, which may be one that PUT gave away already. */
bool op_memoize(struct machine *m, struct error *err)
{
    return put(m, m->memo.count, err);
}

/* ---- header, frames and the end ---- */

bool op_proto(struct machine *m, struct error *err)
{
    const uint8_t *p;
    if (!machine_take(m, 1, &p, err))
        return false;
    if (p[0] > 5)
        return machine_fail(m, err, "protocol %u is not known", p[0]);
    m->protocol = p[0];
    return true;
}

/* A frame only says how far to read ahead: what is in it is read straight through. */
bool op_frame(struct machine *m, struct error *err)
{
    const uint8_t *p;
    if (!machine_take(m, 8, &p, err))
        return false;
    const uint64_t length = load_u64_le(p);
    if (length > (size_t)(m->end - m->at))
        return machine_fail(m, err, "the frame has %llu bytes, %zu are left", (unsigned long long)length,
                            (size_t)(m->end - m->at));
    return true;
}

bool op_stop(struct machine *m, struct error *err)
{
    if (!machine_need(m, 1, err))
        return false;
    m->result = machine_pop(m);
    return true;
}

/* ---- the loop ---- */

bool machine_step(struct machine *m, struct error *err)
{
    if (m->at == m->end)
        return FAIL(err, ERR_SYNTAX, m->in.len, "the pickle ends before its STOP");
    m->started = (size_t)(m->at - m->in.data);
    m->row = &opcode_rows[*m->at++];
    if (m->row->run == NULL)
        return FAIL(err, ERR_SYNTAX, m->started, "byte 0x%02x is no opcode", m->in.data[m->started]);
    return m->row->run(m, err);
}

/* Every row of the values that may hold equal keys, once all keys are what they will be. */
static bool unite(struct machine *m, struct error *err)
{
    for (size_t i = 0; i < m->united.count; i++) {
        struct value *v = m->united.items[i];
        v->mark = 0;
        if (v->kind == VALUE_DICT ? !keyset_unite_pairs(&m->keys, &v->dict, err)
                                  : !keyset_unite_items(&m->keys, &v->list, err))
            return false;
    }
    return true;
}

static struct value *truth(struct machine *m, bool boolean, struct error *err)
{
    struct value *v = machine_node(m, VALUE_BOOL, err);
    if (v != NULL)
        v->boolean = boolean;
    return v;
}

bool machine_start(struct machine *m, struct bytes in, const struct limits *limits, struct arena *arena,
                   struct error *err)
{
    *m = (struct machine){.in = in, .at = in.data, .end = in.data + in.len, .arena = arena, .limits = limits};
    if (in.len == 0)
        return FAIL(err, ERR_SYNTAX, 0, "the pickle is empty");
    keyset_init(&m->keys, arena);
    m->none = machine_node(m, VALUE_NONE, err);
    m->yes = truth(m, true, err);
    m->no = truth(m, false, err);
    m->empty = machine_node(m, VALUE_TUPLE, err);
    return m->empty != NULL;
}

bool machine_shares(const struct machine *m)
{
    enum { SHORT_TEXT = 255 }; /* bytes: what repeats them is not much shorter */
    for (unsigned kind = VALUE_LIST; kind < VALUE_KIND_COUNT; kind++)
        if (m->again[kind] && kind != VALUE_DTYPE && kind != VALUE_GLOBAL)
            return true;
    return m->longest > SHORT_TEXT && (m->again[VALUE_STR] || m->again[VALUE_BYTES] ||
                                       m->again[VALUE_BYTEARRAY] || m->again[VALUE_BIGINT]);
}

bool machine_finish(struct machine *m, struct error *err)
{
    return recognise_all(m, err) && unite(m, err) && recognise_known(m, err) &&
           (!machine_shares(m) || weigh(m->result, m->limits, m->arena, err));
}

bool machine_run(struct machine *m, struct value **out, size_t *used, struct error *err)
{
    enum { STEPS = 4096 }; /* between two questions to the watch */
    m->runs = true;
    for (unsigned i = 1; m->result == NULL; i++)
        if (!machine_step(m, err) || (i % STEPS == 0 && !watch_check(m->arena->watch, err)))
            return false;
    if (!machine_finish(m, err))
        return false;
    *used = (size_t)(m->at - m->in.data);
    *out = m->result;
    return true;
}
