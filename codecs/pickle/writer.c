#include "writer.h"

#include "batches.h"
#include "reader.h"
#include "utf8.h"

#include <assert.h>

/* How an object is written at a protocol: the older ones have to say it by calls. */
enum form {
    FORM_REDUCE,
    FORM_NEWOBJ,
    FORM_NEWOBJ_EX,
    FORM_OBJ,           /* INST and OBJ: the arguments lie on the stack one by one */
    FORM_RECONSTRUCTOR, /* copyreg._reconstructor(cls, object, None) */
    FORM_NEWOBJ_CALL,   /* copyreg.__newobj__(cls, *args) */
    FORM_PARTIAL,       /* functools.partial(cls.__new__, cls, *args, **kwargs)() */
};

static enum form form_of(const struct writer *w, const struct value_object *o)
{
    switch (o->made) {
    case OBJECT_REDUCE:
        break;
    case OBJECT_NEWOBJ:
        return w->protocol >= 2 ? FORM_NEWOBJ : FORM_NEWOBJ_CALL;
    case OBJECT_BARE:
        return FORM_RECONSTRUCTOR;
    case OBJECT_NEWOBJ_EX:
        return w->protocol >= 4 ? FORM_NEWOBJ_EX : FORM_PARTIAL;
    case OBJECT_INSTANCE:
        return FORM_OBJ;
    }
    return FORM_REDUCE;
}

/* The items of the tuple of arguments are written, the tuple is not. */
static bool is_spread(const struct writer *w, const struct walk_event *e)
{
    if (e->role != WALK_ARGS)
        return false;
    assert(e->parent != NULL); /* arguments are an object's */
    return form_of(w, e->parent->object) >= FORM_OBJ;
}

/* ---- batches ---- */

/* What an object yields comes one by one: a single one left over needs no mark. */
static bool yielded_before(struct writer *w, size_t index, size_t count, struct error *err)
{
    return w->protocol == 0 || index % BATCH != 0 || index + 1 == count || write_op(w, OP_MARK, err);
}

static bool yielded_after(struct writer *w, size_t index, size_t count, enum opcode one, enum opcode many,
                          struct error *err)
{
    if (w->protocol == 0 || (index + 1 == count && index % BATCH == 0))
        return write_op(w, one, err);
    return (index % BATCH != BATCH - 1 && index + 1 != count) || write_op(w, many, err);
}

bool write_item_before(struct writer *w, size_t index, size_t count, struct error *err)
{
    return batch_before(w, index, count, err);
}

bool write_item_after(struct writer *w, size_t index, size_t count, struct error *err)
{
    return list_item_after(w, index, count, err);
}

/* ---- before a part ---- */

static bool before_in(struct writer *w, const struct walk_event *e, struct error *err)
{
    switch ((enum value_kind)e->parent->kind) {
    case VALUE_LIST:
        return write_item_before(w, e->index, e->count, err);
    case VALUE_ARRAY:
        return write_is_held(e->parent->array) || write_item_before(w, e->index, e->count, err);
    case VALUE_SET:
        if (w->protocol < 4)
            return write_item_before(w, e->index, e->count, err);
        return e->index % BATCH != 0 || write_op(w, OP_MARK, err);
    case VALUE_FROZENSET:
        return w->protocol >= 4 || write_item_before(w, e->index, e->count, err);
    case VALUE_DICT:
        return e->role == WALK_VALUE || batch_before(w, e->index, e->count, err);
    case VALUE_OBJECT:
        if (e->role == WALK_ITEM || e->role == WALK_KEY)
            return yielded_before(w, e->index, e->count, err);
        if (e->role != WALK_ADDED)
            return true;
        if (w->protocol < 4)
            return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET,
                        "an object that is a set needs protocol 4");
        return e->index % BATCH != 0 || write_op(w, OP_MARK, err);
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

/* ---- after a part ---- */

/* The object is made. If it was made inside of its own arguments, that one is taken and this one dropped. */
static bool made(struct writer *w, struct value *v, struct error *err)
{
    if ((v->mark & w->e->walk.seen) == 0)
        return write_memo(w, v, err);
    walk_skip(&w->e->walk);
    return write_op(w, OP_POP, err) && write_get(w, memo_of(v), err);
}

/* partial(getattr(cls, '__new__')) and the beginning of its state: (function, (cls, ... */
static bool after_partial_class(struct writer *w, const struct value_object *o, struct error *err)
{
    if ((o->callable->mark & w->e->walk.seen) == 0)
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "this object needs protocol 4");
    if (!(write_text(w, bytes_text("__new__"), err) && write_tuple_end(w, 2, NULL, err) &&
          write_op(w, OP_REDUCE, err)))
        return false;
    const uint32_t function = w->memo_count;
    return write_memo(w, NULL, err) && write_tuple_end(w, 1, NULL, err) && write_op(w, OP_REDUCE, err) &&
           write_memo(w, NULL, err) && write_tuple_begin(w, 4, err) && write_get(w, function, err) &&
           write_tuple_begin(w, 1 + o->args->list.count, err) && write_get(w, memo_of(o->callable), err);
}

static bool empty_dict(struct writer *w, struct error *err)
{
    return (w->protocol > 0 ? write_op(w, OP_EMPTY_DICT, err) : write_raw(w, "(d", 2, err)) &&
           write_memo(w, NULL, err);
}

static bool after_kwargs(struct writer *w, struct value *v, struct error *err)
{
    if (form_of(w, v->object) == FORM_NEWOBJ_EX)
        return write_op(w, OP_NEWOBJ_EX, err) && made(w, v, err);
    return write_none(w, err) && write_tuple_end(w, 4, NULL, err) && write_op(w, OP_BUILD, err) &&
           write_tuple_begin(w, 0, err) && write_tuple_end(w, 0, NULL, err) && write_op(w, OP_REDUCE, err) &&
           made(w, v, err);
}

static bool after_args(struct writer *w, struct value *v, struct error *err)
{
    const struct value_object *o = v->object;
    const bool no_kwargs = o->kwargs == NULL;
    switch (form_of(w, o)) {
    case FORM_REDUCE:
        return write_op(w, OP_REDUCE, err) && made(w, v, err);
    case FORM_NEWOBJ:
        return write_op(w, OP_NEWOBJ, err) && made(w, v, err);
    case FORM_OBJ:
        return write_op(w, OP_OBJ, err) && made(w, v, err);
    case FORM_RECONSTRUCTOR:
        return write_known(w, KNOWN_OBJECT, err) && write_none(w, err) && write_tuple_end(w, 3, NULL, err) &&
               write_op(w, OP_REDUCE, err) && made(w, v, err);
    case FORM_NEWOBJ_CALL:
        return write_tuple_end(w, 1 + o->args->list.count, NULL, err) && write_op(w, OP_REDUCE, err) &&
               made(w, v, err);
    case FORM_NEWOBJ_EX:
        return !no_kwargs || (empty_dict(w, err) && after_kwargs(w, v, err));
    case FORM_PARTIAL:
        return write_tuple_end(w, 1 + o->args->list.count, NULL, err) &&
               (!no_kwargs || (empty_dict(w, err) && after_kwargs(w, v, err)));
    }
    return true;
}

static bool after_in_object(struct writer *w, const struct walk_event *e, struct error *err)
{
    struct value *v = e->parent;
    switch (e->role) {
    case WALK_CALLABLE:
        return form_of(w, v->object) != FORM_PARTIAL || after_partial_class(w, v->object, err);
    case WALK_ARGS:
        return after_args(w, v, err);
    case WALK_KWARGS:
        return after_kwargs(w, v, err);
    case WALK_ITEM:
        return yielded_after(w, e->index, e->count, OP_APPEND, OP_APPENDS, err);
    case WALK_VALUE:
        return yielded_after(w, e->index, e->count, OP_SETITEM, OP_SETITEMS, err);
    case WALK_ADDED:
        return (e->index % BATCH != BATCH - 1 && e->index + 1 != e->count) || write_op(w, OP_ADDITEMS, err);
    case WALK_STATE:
        return write_op(w, OP_BUILD, err);
    case WALK_ROOT:
    case WALK_KEY:
    case WALK_ID:
    case WALK_DATA:
        break;
    }
    return true;
}

static bool after_in(struct writer *w, const struct walk_event *e, struct error *err)
{
    switch ((enum value_kind)e->parent->kind) {
    case VALUE_LIST:
        return write_item_after(w, e->index, e->count, err);
    case VALUE_ARRAY:
        return write_is_held(e->parent->array) || write_item_after(w, e->index, e->count, err);
    case VALUE_SET:
        if (w->protocol < 4)
            return write_item_after(w, e->index, e->count, err);
        return ((e->index % BATCH != BATCH - 1 && e->index + 1 != e->count) ||
                write_op(w, OP_ADDITEMS, err)) &&
               empty_batch(w, e->index, e->count, OP_ADDITEMS, err);
    case VALUE_FROZENSET:
        return w->protocol >= 4 || write_item_after(w, e->index, e->count, err);
    case VALUE_DICT:
        return e->role == WALK_KEY || dict_pair_after(w, e->index, e->count, err);
    case VALUE_OBJECT:
        return after_in_object(w, e, err);
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

/* ---- entering ---- */

bool write_list_enter(struct writer *w, struct value *v, struct error *err)
{
    return (w->protocol > 0 ? write_op(w, OP_EMPTY_LIST, err) : write_raw(w, "(l", 2, err)) &&
           write_memo(w, v, err);
}

bool write_dict_enter(struct writer *w, struct value *v, struct error *err)
{
    return (w->protocol > 0 ? write_op(w, OP_EMPTY_DICT, err) : write_raw(w, "(d", 2, err)) &&
           write_memo(w, v, err);
}

/* Below protocol 4 a set is a call with a list. */
static bool enter_set(struct writer *w, struct value *v, struct error *err)
{
    const bool frozen = v->kind == VALUE_FROZENSET;
    if (w->protocol >= 4)
        return frozen ? write_op(w, OP_MARK, err) : write_op(w, OP_EMPTY_SET, err) && write_memo(w, v, err);
    return write_known(w, frozen ? KNOWN_FROZENSET : KNOWN_SET, err) && write_tuple_begin(w, 1, err) &&
           write_list_enter(w, NULL, err);
}

static bool enter_object(struct writer *w, const struct value_object *o, struct error *err)
{
    switch (form_of(w, o)) {
    case FORM_REDUCE:
    case FORM_NEWOBJ:
    case FORM_NEWOBJ_EX:
        break;
    case FORM_OBJ:
        return write_op(w, OP_MARK, err);
    case FORM_RECONSTRUCTOR:
        return write_known(w, KNOWN_RECONSTRUCTOR, err) && write_tuple_begin(w, 3, err);
    case FORM_NEWOBJ_CALL:
        return write_known(w, KNOWN_NEWOBJ, err) && write_tuple_begin(w, 1 + o->args->list.count, err);
    case FORM_PARTIAL:
        return write_known(w, KNOWN_PARTIAL, err) && write_tuple_begin(w, 1, err) &&
               write_known(w, KNOWN_GETATTR, err) && write_tuple_begin(w, 2, err);
    }
    return true;
}

/* ---- what lies outside ---- */

/* PERSID holds a line of ASCII; every other id goes on the stack. */
static bool is_line(const struct writer *w, const struct value *id)
{
    return w->protocol == 0 && id->kind == VALUE_STR && utf8_is_ascii(id->text) &&
           (id->text.len == 0 || memchr(id->text.data, '\n', id->text.len) == NULL);
}

static bool write_extension(struct writer *w, const struct value *id, struct error *err)
{
    uint8_t op[5];
    if (w->protocol < 2 || id->kind != VALUE_INT || id->integer <= 0 || id->integer > INT32_MAX)
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "an extension code needs protocol 2");
    const uint32_t code = (uint32_t)id->integer;
    op[0] = code < 0x100 ? OP_EXT1 : code < 0x10000 ? OP_EXT2 : OP_EXT4;
    store_u32_le(op + 1, code);
    return write_start(w, err) && write_raw(w, op, code < 0x100 ? 2 : code < 0x10000 ? 3 : 5, err);
}

static bool enter_external(struct writer *w, struct value *v, struct error *err)
{
    const struct value_external *x = v->external;
    if (x->data != NULL)
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET,
                    "a storage of torch's lies beside its pickle, and is no tensor that could be an array");
    switch (x->kind) {
    case EXTERNAL_PERSISTENT_ID:
        if (!is_line(w, x->id))
            return true;
        walk_skip(&w->e->walk);
        return write_op(w, OP_PERSID, err) && write_raw(w, x->id->text.data, x->id->text.len, err) &&
               write_raw(w, "\n", 1, err);
    case EXTERNAL_EXTENSION:
        walk_skip(&w->e->walk);
        return write_extension(w, x->id, err);
    case EXTERNAL_BUFFER:
        walk_skip(&w->e->walk);
        if (w->protocol < 5)
            return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "an out-of-band buffer needs protocol 5");
        return write_op(w, OP_NEXT_BUFFER, err) && (!x->read_only || write_op(w, OP_READONLY_BUFFER, err)) &&
               write_memo(w, v, err);
    case EXTERNAL_SOFT_LINK:
    case EXTERNAL_LINK:
        break;
    }
    return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "a pickle cannot hold a link that leads nowhere");
}

/* ---- the events ---- */

static bool enter(struct writer *w, const struct walk_event *e, struct error *err)
{
    struct value *v = e->value;
    switch ((enum value_kind)v->kind) {
    case VALUE_LIST:
        return write_list_enter(w, v, err);
    case VALUE_DICT:
        return write_dict_enter(w, v, err);
    case VALUE_TUPLE:
        return is_spread(w, e) || write_tuple_begin(w, v->list.count, err);
    case VALUE_SET:
    case VALUE_FROZENSET:
        return enter_set(w, v, err);
    case VALUE_RANGE:
    case VALUE_SLICE:
        return write_known(w, v->kind == VALUE_RANGE ? KNOWN_RANGE : KNOWN_SLICE, err) &&
               write_tuple_begin(w, v->list.count, err);
    case VALUE_OBJECT:
        return enter_object(w, v->object, err);
    case VALUE_EXTERNAL:
        return enter_external(w, v, err);
    case VALUE_TABLE: /* the walk visits the parts of the object that the node becomes */
        return write_table_object(w, v, err) && enter_object(w, v->object, err);
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

/* A tuple that was met again among its own items is in the memo: this second one is undone. */
static bool leave_tuple(struct writer *w, struct value *v, struct error *err)
{
    const size_t n = v->list.count;
    if ((v->mark & w->e->walk.seen) == 0)
        return write_tuple_end(w, n, v, err);
    const bool marked = n > 3 || w->protocol < 2;
    if (marked && w->protocol > 0)
        return write_op(w, OP_POP_MARK, err) && write_get(w, memo_of(v), err);
    for (size_t i = 0; i < n + marked; i++)
        if (!write_op(w, OP_POP, err))
            return false;
    return write_get(w, memo_of(v), err);
}

static bool leave_set(struct writer *w, struct value *v, struct error *err)
{
    const bool again = (v->mark & w->e->walk.seen) != 0;
    if (w->protocol < 4)
        return write_tuple_end(w, 1, NULL, err) && write_op(w, OP_REDUCE, err) &&
               (again ? write_op(w, OP_POP, err) && write_get(w, memo_of(v), err) : write_memo(w, v, err));
    if (v->kind == VALUE_SET)
        return true;
    if (again)
        return write_op(w, OP_POP_MARK, err) && write_get(w, memo_of(v), err);
    return write_op(w, OP_FROZENSET, err) && write_memo(w, v, err);
}

static bool leave(struct writer *w, const struct walk_event *e, struct error *err)
{
    struct value *v = e->value;
    if (v->kind == VALUE_TUPLE)
        return is_spread(w, e) || leave_tuple(w, v, err);
    if (v->kind == VALUE_SET || v->kind == VALUE_FROZENSET)
        return leave_set(w, v, err);
    if (v->kind == VALUE_RANGE || v->kind == VALUE_SLICE)
        return write_tuple_end(w, v->list.count, NULL, err) && write_op(w, OP_REDUCE, err) &&
               write_memo(w, v, err);
    if (v->kind == VALUE_EXTERNAL)
        return v->external->kind != EXTERNAL_PERSISTENT_ID || is_line(w, v->external->id) ||
               write_op(w, OP_BINPERSID, err);
    return v->kind != VALUE_ARRAY || write_array_leave(w, v, err);
}

static bool again(struct writer *w, const struct walk_event *e, struct error *err)
{
    if (is_spread(w, e))
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
