#include "reader.h"
#include "writer.h"

#include <stdio.h>

enum { FRAME_LEAST = 4 }; /* CPython's pickler gives a frame that has less no header */

bool write_held_slow(struct writer *w, const void *data, size_t n, struct error *err)
{
    size_t need, capacity = w->held_capacity == 0 ? (size_t)2 * FRAME_TARGET : w->held_capacity;
    if (!checked_add(w->held_len, n, &need))
        return arena_fail(w->e->arena, err);
    while (capacity < need)
        if (!checked_mul(capacity, 2, &capacity))
            return arena_fail(w->e->arena, err);
    uint8_t *held = arena_grow(w->e->arena, w->held, w->held_capacity, capacity);
    if (held == NULL)
        return arena_fail(w->e->arena, err);
    w->held = held;
    w->held_capacity = capacity;
    return write_raw(w, data, n, err);
}

/* What is left of something large has its place before all that follows. */
static bool write_rest(struct writer *w, struct error *err)
{
    const struct bytes rest = w->rest;
    w->rest = bytes_of(NULL, 0);
    return sink_bytes(w->out, rest, err);
}

bool write_flush(struct writer *w, struct error *err)
{
    uint8_t header[9] = {OP_FRAME};
    if (w->pass == PASS_SURVEY)
        w->held_len = 0; /* nobody reads it */
    if (w->held_len == 0)
        return true;
    if (w->rest.len > 0 && !write_rest(w, err))
        return false;
    store_u64_le(header + 1, w->held_len);
    if (w->protocol >= 4 && w->held_len >= FRAME_LEAST && !sink_write(w->out, header, sizeof header, err))
        return false;
    const size_t n = w->held_len;
    w->held_len = 0;
    return sink_write(w->out, w->held, n, err);
}

/* pickle.dumps() counts what is in it, pickletools.optimize() all of the opcode. */
static bool is_frameless(const struct writer *w, size_t header, uint64_t size)
{
    return w->pass == PASS_OPTIMIZED ? size > FRAME_TARGET - header : size >= FRAME_TARGET;
}

bool write_sized(struct writer *w, const void *header, size_t n, struct bytes data, struct error *err)
{
    if (w->pass == PASS_SURVEY)
        return true;
    if (!is_frameless(w, n, data.len))
        return write_start(w, err) && write_raw(w, header, n, err) &&
               (data.len == 0 || write_raw(w, data.data, data.len, err));
    if (!write_flush(w, err) || !write_rest(w, err) || !sink_write(w->out, header, n, err))
        return false;
    w->rest = data;
    return true;
}

bool write_blocks_begin(struct writer *w, const void *header, size_t n, uint64_t size, struct error *err)
{
    w->array_bypass = is_frameless(w, n, size);
    if (w->pass == PASS_SURVEY)
        return true;
    if (!w->array_bypass)
        return write_start(w, err) && write_raw(w, header, n, err);
    return write_flush(w, err) && write_rest(w, err) && sink_write(w->out, header, n, err);
}

bool write_block(struct writer *w, const void *data, size_t n, struct error *err)
{
    if (w->pass == PASS_SURVEY)
        return true;
    return w->array_bypass ? sink_write(w->out, data, n, err) : write_raw(w, data, n, err);
}

/* ---- the memo ---- */

/* Whether the entry is written, and with which number. */
static bool keeps(struct writer *w, uint32_t *number)
{
    if (w->pass == PASS_ONLY)
        return true;
    if (w->pass == PASS_SURVEY || *number >= w->use_count || w->uses[*number] == 0)
        return false;
    *number = w->uses[*number] = w->kept++;
    return true;
}

static bool note_use(struct writer *w, uint32_t number, struct error *err)
{
    size_t count = w->use_count == 0 ? 64 : w->use_count;
    while (count <= number)
        count *= 2;
    if (count > w->use_count) {
        uint32_t *uses = arena_grow(w->e->arena, w->uses, w->use_count * sizeof *uses, count * sizeof *uses);
        if (uses == NULL)
            return arena_fail(w->e->arena, err);
        w->uses = uses;
        w->use_count = count;
    }
    w->uses[number] = 1;
    return true;
}

bool write_memo(struct writer *w, struct value *v, struct error *err)
{
    uint8_t op[16];
    uint32_t number = w->memo_count++;
    if (number >= WALK_MARK_MAX)
        return FAIL_LIMIT(err, "nodes", WALK_MARK_MAX, "a pickle of ours has at most %d memo entries",
                          WALK_MARK_MAX);
    if (v != NULL)
        v->mark = w->e->walk.seen | number;
    if (!keeps(w, &number))
        return true;
    if (w->protocol >= 4)
        return write_op(w, OP_MEMOIZE, err);
    if (w->protocol == 0) {
        const int n = snprintf((char *)op, sizeof op, "p%u\n", number);
        return write_raw(w, op, (size_t)n, err);
    }
    op[0] = number < 256 ? OP_BINPUT : OP_LONG_BINPUT;
    store_u32_le(op + 1, number);
    return write_raw(w, op, number < 256 ? 2 : 5, err);
}

bool write_get(struct writer *w, uint32_t number, struct error *err)
{
    uint8_t op[16];
    if (w->pass == PASS_SURVEY)
        return note_use(w, number, err);
    if (w->pass == PASS_OPTIMIZED) {
        if (number >= w->use_count)
            return FAIL(err, ERR_IO, ERROR_NO_OFFSET, "what is converted changed while it was read");
        number = w->uses[number];
    }
    if (!write_start(w, err))
        return false;
    if (w->protocol == 0) {
        const int n = snprintf((char *)op, sizeof op, "g%u\n", number);
        return write_raw(w, op, (size_t)n, err);
    }
    op[0] = number < 256 ? OP_BINGET : OP_LONG_BINGET;
    store_u32_le(op + 1, number);
    return write_raw(w, op, number < 256 ? 2 : 5, err);
}
