#include "write.h"

#include "batches.h"
#include "writer.h"

/* ---- around parts ---- */

static bool before_in(struct writer *w, const struct walk_event *e, struct error *err)
{
    switch ((enum value_kind)e->parent->kind) {
    case VALUE_LIST:
        return batch_before(w, e->index, e->count, err);
    case VALUE_ARRAY:
        return write_is_held(e->parent->array) || batch_before(w, e->index, e->count, err);
    case VALUE_SET:
        if (w->protocol < 4)
            return batch_before(w, e->index, e->count, err);
        return set_item_before(w, e->index, err);
    case VALUE_FROZENSET:
        return w->protocol >= 4 || batch_before(w, e->index, e->count, err);
    case VALUE_DICT:
        return e->role == WALK_VALUE || batch_before(w, e->index, e->count, err);
    case VALUE_OBJECT:
        return write_object_before(w, e, err);
    case VALUE_NONE:
    case VALUE_BOOL:
    case VALUE_INT:
    case VALUE_BIGINT:
    case VALUE_FLOAT:
    case VALUE_COMPLEX:
    case VALUE_STR:
    case VALUE_BYTES:
    case VALUE_BYTEARRAY:
    case VALUE_TUPLE:
    case VALUE_DTYPE:
    case VALUE_RANGE:
    case VALUE_SLICE:
    case VALUE_GLOBAL:
    case VALUE_EXTERNAL:
    case VALUE_TABLE:
    case VALUE_KIND_COUNT:
        break;
    }
    return true;
}

static bool after_in(struct writer *w, const struct walk_event *e, struct error *err)
{
    switch ((enum value_kind)e->parent->kind) {
    case VALUE_LIST:
        return list_item_after(w, e->index, e->count, err);
    case VALUE_ARRAY:
        return write_is_held(e->parent->array) || list_item_after(w, e->index, e->count, err);
    case VALUE_SET:
        if (w->protocol < 4)
            return list_item_after(w, e->index, e->count, err);
        return set_item_after(w, e->index, e->count, err) &&
               empty_batch(w, e->index, e->count, OP_ADDITEMS, err);
    case VALUE_FROZENSET:
        return w->protocol >= 4 || list_item_after(w, e->index, e->count, err);
    case VALUE_DICT:
        return e->role == WALK_KEY || dict_pair_after(w, e->index, e->count, err);
    case VALUE_OBJECT:
        return write_object_after(w, e, err);
    case VALUE_NONE:
    case VALUE_BOOL:
    case VALUE_INT:
    case VALUE_BIGINT:
    case VALUE_FLOAT:
    case VALUE_COMPLEX:
    case VALUE_STR:
    case VALUE_BYTES:
    case VALUE_BYTEARRAY:
    case VALUE_TUPLE:
    case VALUE_DTYPE:
    case VALUE_RANGE:
    case VALUE_SLICE:
    case VALUE_GLOBAL:
    case VALUE_EXTERNAL:
    case VALUE_TABLE:
    case VALUE_KIND_COUNT:
        break;
    }
    return true;
}

/* ---- values ---- */

static bool enter(struct writer *w, const struct walk_event *e, struct error *err)
{
    struct value *v = e->value;
    switch ((enum value_kind)v->kind) {
    case VALUE_LIST:
        return write_list_enter(w, v, err);
    case VALUE_DICT:
        return write_dict_enter(w, v, err);
    case VALUE_TUPLE:
        return write_is_spread(w, e) || write_tuple_begin(w, v->list.count, err);
    case VALUE_SET:
    case VALUE_FROZENSET:
        return write_set_enter(w, v, err);
    case VALUE_RANGE:
    case VALUE_SLICE:
        return write_known(w, v->kind == VALUE_RANGE ? KNOWN_RANGE : KNOWN_SLICE, err) &&
               write_tuple_begin(w, v->list.count, err);
    case VALUE_OBJECT:
        return write_object_enter(w, v->object, e->role, err);
    case VALUE_EXTERNAL:
        return write_external_enter(w, v, err);
    case VALUE_TABLE: /* the walk visits the parts of the object that the node becomes */
        return write_table_object(w, v, err) && write_object_enter(w, v->object, e->role, err);
    case VALUE_ARRAY:
        return write_array_enter(w, v, err);
    case VALUE_NONE:
    case VALUE_BOOL:
    case VALUE_INT:
    case VALUE_BIGINT:
    case VALUE_FLOAT:
    case VALUE_COMPLEX:
    case VALUE_STR:
    case VALUE_BYTES:
    case VALUE_BYTEARRAY:
    case VALUE_DTYPE:
    case VALUE_GLOBAL:
    case VALUE_KIND_COUNT:
        break;
    }
    return FAIL(err, ERR_INTERNAL, ERROR_NO_OFFSET, "a value without parts was entered");
}

static bool leave(struct writer *w, const struct walk_event *e, struct error *err)
{
    struct value *v = e->value;
    if (v->kind == VALUE_TUPLE)
        return write_is_spread(w, e) || write_tuple_leave(w, v, err);
    if (v->kind == VALUE_SET || v->kind == VALUE_FROZENSET)
        return write_set_leave(w, v, err);
    if (v->kind == VALUE_RANGE || v->kind == VALUE_SLICE)
        return write_tuple_end(w, v->list.count, NULL, err) && write_op(w, OP_REDUCE, err) &&
               write_memo(w, v, err);
    if (v->kind == VALUE_EXTERNAL)
        return write_external_leave(w, v->external, err);
    return v->kind != VALUE_ARRAY || write_array_leave(w, v, err);
}

static bool again(struct writer *w, const struct walk_event *e, struct error *err)
{
    if (write_is_spread(w, e))
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET,
                    "arguments that are shared with another value need protocol 4");
    return write_get(w, memo_of(e->value), err);
}

static bool emit(struct writer *w, const struct walk_event *e, struct error *err)
{
    const bool begins = e->what == WALK_LEAF || e->what == WALK_ENTER || e->what == WALK_AGAIN;
    const bool ends = e->what == WALK_LEAF || e->what == WALK_LEAVE || e->what == WALK_AGAIN;
    if (begins && ((e->parent != NULL && !before_in(w, e, err)) || !write_boundary(w, err)))
        return false;
    bool ok = false;
    switch (e->what) {
    case WALK_LEAF:
        ok = write_scalar(w, e->value, err);
        break;
    case WALK_ENTER:
        ok = enter(w, e, err);
        break;
    case WALK_LEAVE:
        ok = leave(w, e, err);
        break;
    case WALK_BLOCK:
        ok = write_array_block(w, e, err);
        break;
    case WALK_AGAIN:
        ok = again(w, e, err);
        break;
    }
    return ok && (!ends || e->parent == NULL || after_in(w, e, err));
}

/* ---- the encoder ---- */

static void walk_begin(struct encoder *e, enum walk_mode mode)
{
    walk_init(&e->walk, mode, e->root, e->limits, e->arena);
    e->walk.inside = true;
    e->walk.rows = true;
}

bool writer_begin(struct encoder *e, struct error *err)
{
    struct writer *w = arena_alloc(e->arena, 1, sizeof *w);
    if (w == NULL)
        return arena_fail(e->arena, err);
    *w = (struct writer){.e = e, .protocol = e->options->protocol};
    if (w->protocol < 0 || w->protocol > 5)
        return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "there is no pickle protocol %d", w->protocol);
    walk_begin(e, WALK_GRAPH);
    e->state = w;
    return true;
}

/* A part of something large, as much as the sink likes. */
static bool drain_rest(struct writer *w, struct error *err)
{
    enum { PIECE = 256 << 10 };
    const size_t n = w->rest.len < PIECE ? w->rest.len : PIECE;
    const struct bytes piece = bytes_of(w->rest.data, n);
    w->rest = bytes_of(w->rest.data + n, w->rest.len - n);
    return sink_bytes(w->out, piece, err);
}

static bool advance(struct writer *w, struct error *err)
{
    struct walk_event event;
    bool any = false, ok = write_run(w, &any, err);
    if (ok && !any) {
        const enum step step = walk_next(&w->e->walk, &event, err);
        if (step == STEP_FAIL)
            return false;
        if (step == STEP_DONE) {
            w->ended = true;
            return write_op(w, OP_STOP, err) && write_flush(w, err);
        }
        ok = emit(w, &event, err);
    }
    if (ok)
        return true;
    char pointer[sizeof err->pointer];
    walk_pointer(&w->e->walk, pointer, sizeof pointer);
    error_set_pointer(err, pointer);
    return false;
}

/* All of it without an answer. Afterwards the writer and the walk are new but for what was learnt. */
static bool survey(struct writer *w, struct error *err)
{
    struct encoder *e = w->e;
    w->pass = PASS_SURVEY;
    while (!w->ended) {
        if (!advance(w, err))
            return false;
        w->held_len = 0;
    }
    *w = (struct writer){
        .e = e,
        .out = w->out,
        .protocol = w->protocol,
        .held = w->held,
        .held_capacity = w->held_capacity,
        .pass = PASS_OPTIMIZED,
        .uses = w->uses,
        .use_count = w->use_count,
    };
    walk_begin(e, WALK_SECOND);
    return true;
}

static bool start(struct writer *w, struct error *err)
{
    if (w->e->options->optimize && !survey(w, err))
        return false;
    const uint8_t header[] = {OP_PROTO, (uint8_t)w->protocol};
    w->started = true;
    return w->protocol < 2 || sink_write(w->out, header, sizeof header, err);
}

enum step writer_step(struct encoder *e, struct sink *out, struct error *err)
{
    struct writer *w = e->state;
    w->out = out;
    if (!w->started && !start(w, err))
        return STEP_FAIL;
    while (!sink_full(out)) {
        if (w->rest.len > 0) {
            if (!drain_rest(w, err))
                return STEP_FAIL;
            continue;
        }
        if (w->protocol < 4 && !write_flush(w, err))
            return STEP_FAIL;
        if (w->ended)
            return STEP_DONE;
        if (!advance(w, err))
            return STEP_FAIL;
    }
    return STEP_MORE;
}
