/* Objects: what makes them, at each protocol, and what follows when they are made. */
#include "writer.h"

#include "batches.h"

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
    FORM_SETTER,        /* function(object, *args), which is dropped */
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
    case OBJECT_SETTER:
        return FORM_SETTER;
    case OBJECT_MADE_COUNT:
        break;
    }
    return FORM_REDUCE;
}

bool write_is_spread(const struct writer *w, const struct walk_event *e)
{
    if (e->role != WALK_ARGS)
        return false;
    assert(e->parent != NULL); /* arguments are an object's */
    return form_of(w, e->parent->object) >= FORM_OBJ;
}

/* ---- before and after parts ---- */

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
        return !no_kwargs || (write_dict_enter(w, NULL, err) && after_kwargs(w, v, err));
    case FORM_PARTIAL:
        return write_tuple_end(w, 1 + o->args->list.count, NULL, err) &&
               (!no_kwargs || (write_dict_enter(w, NULL, err) && after_kwargs(w, v, err)));
    case FORM_SETTER:
        return write_tuple_end(w, 1 + o->args->list.count, NULL, err) && write_op(w, OP_REDUCE, err) &&
               write_op(w, OP_POP, err);
    }
    return true;
}

/* A setter's first argument is the object whose state it is. */
static bool after_callable(struct writer *w, const struct value *v, struct error *err)
{
    if (form_of(w, v->object) == FORM_SETTER)
        return write_tuple_begin(w, 1 + v->object->args->list.count, err) && write_get(w, memo_of(v), err);
    return form_of(w, v->object) != FORM_PARTIAL || after_partial_class(w, v->object, err);
}

static bool is_setter(const struct value *v)
{
    return v->kind == VALUE_OBJECT && v->object->made == OBJECT_SETTER;
}

bool write_object_before(struct writer *w, const struct walk_event *e, struct error *err)
{
    if (e->role == WALK_ITEM || e->role == WALK_KEY)
        return yielded_before(w, e->index, e->count, err);
    if (e->role == WALK_STATE && is_setter(e->value))
        e->value->mark = memo_of(e->parent); /* it has no memo entry of its own */
    if (e->role != WALK_ADDED)
        return true;
    if (w->protocol < 4)
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "an object that is a set needs protocol 4");
    return set_item_before(w, e->index, err);
}

bool write_object_after(struct writer *w, const struct walk_event *e, struct error *err)
{
    struct value *v = e->parent;
    switch (e->role) {
    case WALK_CALLABLE:
        return after_callable(w, v, err);
    case WALK_ARGS:
        return after_args(w, v, err);
    case WALK_KWARGS:
        return after_kwargs(w, v, err);
    case WALK_ITEM:
        return yielded_after(w, e->index, e->count, OP_APPEND, OP_APPENDS, err);
    case WALK_VALUE:
        return yielded_after(w, e->index, e->count, OP_SETITEM, OP_SETITEMS, err);
    case WALK_ADDED:
        return set_item_after(w, e->index, e->count, err);
    case WALK_STATE:
        return is_setter(e->value) || write_op(w, OP_BUILD, err);
    case WALK_ROOT:
    case WALK_KEY:
    case WALK_ID:
    case WALK_DATA:
        break;
    }
    return true;
}

/* ---- entering ---- */

bool write_object_enter(struct writer *w, const struct value_object *o, enum walk_role role,
                        struct error *err)
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
    case FORM_SETTER:
        return role == WALK_STATE || FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET,
                                          "a setter stands among the states of an object only");
    }
    return true;
}
