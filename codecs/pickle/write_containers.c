/* Lists, dicts, tuples and sets, and what lies outside of the pickle. */
#include "writer.h"

#include "reader.h"
#include "utf8.h"

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

bool write_tuple_leave(struct writer *w, struct value *v, struct error *err)
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

/* ---- sets ---- */

bool write_set_enter(struct writer *w, struct value *v, struct error *err)
{
    const bool frozen = v->kind == VALUE_FROZENSET;
    if (w->protocol >= 4)
        return frozen ? write_op(w, OP_MARK, err) : write_op(w, OP_EMPTY_SET, err) && write_memo(w, v, err);
    return write_known(w, frozen ? KNOWN_FROZENSET : KNOWN_SET, err) && write_tuple_begin(w, 1, err) &&
           write_list_enter(w, NULL, err);
}

bool write_set_leave(struct writer *w, struct value *v, struct error *err)
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

bool write_external_enter(struct writer *w, struct value *v, struct error *err)
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

bool write_external_leave(struct writer *w, const struct value_external *x, struct error *err)
{
    return x->kind != EXTERNAL_PERSISTENT_ID || is_line(w, x->id) || write_op(w, OP_BINPERSID, err);
}
