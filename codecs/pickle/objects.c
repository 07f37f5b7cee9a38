/* Opcodes that name, make and build objects: described, never done. */
#include "machine.h"

#include "utf8.h"

/* ---- names ---- */

static struct value *global_new(struct machine *m, struct bytes module, struct bytes name, struct error *err)
{
    struct value *v = machine_node(m, VALUE_GLOBAL, err);
    struct value_global *g = v == NULL ? NULL : arena_alloc(m->arena, 1, sizeof *g);
    if (g == NULL) {
        arena_fail(m->arena, err);
        return NULL;
    }
    *g = (struct value_global){.module = module, .name = name};
    if (m->protocol < 3)
        renamed_to_new(g);
    v->global = g;
    return m->trace == NULL || trace_import(m, module, name, v, err) ? v : NULL;
}

/* The two lines of GLOBAL and INST. Nothing is trimmed: Python does not either. */
static struct value *take_global(struct machine *m, struct error *err)
{
    struct bytes module, name;
    bool surrogates;
    if (!machine_line(m, &module, err) || !machine_line(m, &name, err))
        return NULL;
    if (module.len == 0 || name.len == 0) {
        machine_fail(m, err, "a name is empty");
        return NULL;
    }
    if (utf8_valid_surrogatepass(module, &surrogates) != module.len ||
        utf8_valid_surrogatepass(name, &surrogates) != name.len) {
        machine_fail(m, err, "a name is no UTF-8");
        return NULL;
    }
    return global_new(m, module, name, err);
}

bool op_global(struct machine *m, struct error *err)
{
    return machine_push(m, take_global(m, err), err);
}

/* A name that a call makes: nobody can look it up, but who asks what happens is told. */
static struct value *computed_global(struct machine *m, struct value *module, struct value *name,
                                     struct error *err)
{
    struct value *names[] = {module, name};
    struct value *args = machine_tuple(m, names, 2, err);
    struct value *v = args == NULL ? NULL : machine_object(m, OBJECT_INSTANCE, m->none, args, NULL, err);
    return v != NULL && trace_act(m, TRACE_COMPUTED, v, args, err) ? v : NULL;
}

bool op_stack_global(struct machine *m, struct error *err)
{
    if (!machine_need(m, 2, err))
        return false;
    struct value *name = machine_pop(m), *module = machine_pop(m);
    if (m->trace != NULL && (name->kind == VALUE_OBJECT || module->kind == VALUE_OBJECT))
        return machine_push(m, computed_global(m, module, name, err), err);
    if (name->kind != VALUE_STR || module->kind != VALUE_STR)
        return machine_fail(m, err, "a name is no text");
    return machine_push(m, global_new(m, module->text, name->text, err), err);
}

/* ---- what lies outside ---- */

static bool push_external(struct machine *m, enum external_kind kind, struct value *id, struct error *err)
{
    struct value *v = id == NULL ? NULL : machine_node(m, VALUE_EXTERNAL, err);
    struct value_external *x = v == NULL ? NULL : arena_alloc(m->arena, 1, sizeof *x);
    if (x == NULL)
        return arena_fail(m->arena, err);
    *x = (struct value_external){.kind = kind, .id = id};
    v->external = x;
    if (m->trace != NULL && kind != EXTERNAL_BUFFER &&
        !trace_act(m, kind == EXTERNAL_EXTENSION ? TRACE_EXTENSION : TRACE_PERSISTENT, v, id, err))
        return false;
    return machine_push(m, v, err);
}

static struct value *number(struct machine *m, int64_t integer, struct error *err)
{
    struct value *v = machine_node(m, VALUE_INT, err);
    if (v != NULL)
        v->integer = integer;
    return v;
}

static bool extension(struct machine *m, int64_t code, struct error *err)
{
    if (code <= 0)
        return machine_fail(m, err, "%lld is no extension code", (long long)code);
    return push_external(m, EXTERNAL_EXTENSION, number(m, code, err), err);
}

bool op_ext1(struct machine *m, struct error *err)
{
    const uint8_t *p;
    return machine_take(m, 1, &p, err) && extension(m, p[0], err);
}

bool op_ext2(struct machine *m, struct error *err)
{
    const uint8_t *p;
    return machine_take(m, 2, &p, err) && extension(m, load_u16_le(p), err);
}

bool op_ext4(struct machine *m, struct error *err)
{
    const uint8_t *p;
    return machine_take(m, 4, &p, err) && extension(m, (int32_t)load_u32_le(p), err);
}

bool op_persid(struct machine *m, struct error *err)
{
    struct bytes line;
    if (!machine_line(m, &line, err))
        return false;
    if (!utf8_is_ascii(line))
        return machine_fail(m, err, "the persistent id is no ASCII");
    struct value *id = machine_node(m, VALUE_STR, err);
    if (id != NULL)
        id->text = line;
    return push_external(m, EXTERNAL_PERSISTENT_ID, id, err);
}

bool op_binpersid(struct machine *m, struct error *err)
{
    return machine_need(m, 1, err) && push_external(m, EXTERNAL_PERSISTENT_ID, machine_pop(m), err) &&
           torch_storage(m, machine_top(m)->external, err);
}

/* Python takes what it was given as it is: writable, so that it may be a bytearray. */
static bool push_given(struct machine *m, struct error *err)
{
    if (m->buffers >= m->given_count)
        return machine_fail(m, err, "there are %zu buffers, not more", m->given_count);
    struct value *v = machine_node(m, VALUE_BYTEARRAY, err);
    if (v == NULL)
        return false;
    v->text = m->given[m->buffers++];
    m->longest |= v->text.len;
    return machine_push(m, v, err);
}

bool op_next_buffer(struct machine *m, struct error *err)
{
    if (m->given != NULL)
        return push_given(m, err);

    struct value *n = number(m, (int64_t)m->buffers, err);
    if (!push_external(m, EXTERNAL_BUFFER, n, err))
        return false;
    m->buffers++;
    return true;
}

/* A view of what was given; of a buffer that is in band, it changes nothing that we keep. */
bool op_readonly_buffer(struct machine *m, struct error *err)
{
    if (!machine_need(m, 1, err))
        return false;
    struct value *v = machine_top(m);
    if (v->kind == VALUE_BYTEARRAY && m->given != NULL) {
        struct value *view = machine_node(m, VALUE_BYTES, err);
        if (view == NULL)
            return false;
        view->text = v->text;
        m->stack[m->depth - 1] = view;
        return true;
    }
    if (v->kind == VALUE_EXTERNAL && v->external->kind == EXTERNAL_BUFFER)
        v->external->read_only = true;
    else if (v->kind != VALUE_BYTES && v->kind != VALUE_BYTEARRAY && v->kind != VALUE_OBJECT)
        return machine_fail(m, err, "a value of type %.*s is no buffer", TYPE_OF(v));
    return true;
}

/* ---- making ---- */

struct value *machine_object(struct machine *m, enum object_made made, struct value *callable,
                             struct value *args, struct value *kwargs, struct error *err)
{
    struct value *v = args == NULL ? NULL : machine_node(m, VALUE_OBJECT, err);
    struct value_object *o = v == NULL ? NULL : arena_alloc(m->arena, 1, sizeof *o);
    if (o == NULL) {
        arena_fail(m->arena, err);
        return NULL;
    }
    *o = (struct value_object){.made = made, .callable = callable, .args = args, .kwargs = kwargs};
    v->object = o;
    if (m->trace != NULL && callable != m->none && !trace_call(m, v, err))
        return NULL;
    return recognise_note(m, v, err) ? v : NULL;
}

static bool need_tuple(struct machine *m, const struct value *args, struct error *err)
{
    return args->kind == VALUE_TUPLE ||
           machine_fail(m, err, "the arguments are of type %.*s, not tuple", TYPE_OF(args));
}

/* Only these can be called: a number or a list where the callable stands is an error in Python too. */
static bool need_callable(struct machine *m, struct value *callable, struct error *err)
{
    if (callable->kind == VALUE_OBJECT)
        callable->flags |= VALUE_CALLED;
    return callable->kind == VALUE_GLOBAL || callable->kind == VALUE_OBJECT ||
           callable->kind == VALUE_EXTERNAL ||
           machine_fail(m, err, "a value of type %.*s cannot be called", TYPE_OF(callable));
}

static bool call(struct machine *m, enum object_made made, struct error *err)
{
    if (!machine_need(m, 2, err) || !need_tuple(m, machine_top(m), err) ||
        !need_callable(m, m->stack[m->depth - 2], err))
        return false;
    struct value *args = machine_pop(m), *callable = machine_pop(m);
    return machine_push(m, machine_object(m, made, callable, args, NULL, err), err);
}

bool op_reduce(struct machine *m, struct error *err)
{
    m->called = m->at;
    return call(m, OBJECT_REDUCE, err);
}

/*
 * Pickle's state_setter: REDUCE of function(object, state), and POP at once, since only what it does to the
 * object counts. Nobody else can have the result. Where the object is none that is described, nothing is
 * kept.
 */
bool machine_dropped(struct machine *m, struct value *v, struct error *err)
{
    if (m->called == NULL || m->called != m->in.data + m->started || v->kind != VALUE_OBJECT)
        return true;
    const struct value_list *args = &v->object->args->list;
    if (args->count == 0 || args->items[0]->kind != VALUE_OBJECT)
        return true;
    struct value *rest = machine_tuple(m, args->items + 1, args->count - 1, err);
    struct value *setter = rest == NULL ? NULL : machine_node(m, VALUE_OBJECT, err);
    struct value_object *o = setter == NULL ? NULL : arena_alloc(m->arena, 1, sizeof *o);
    if (o == NULL)
        return arena_fail(m->arena, err);
    *o = (struct value_object){.made = OBJECT_SETTER, .callable = v->object->callable, .args = rest};
    setter->object = o;
    return value_append(m->arena, &args->items[0]->object->states, setter) || arena_fail(m->arena, err);
}

bool op_newobj(struct machine *m, struct error *err)
{
    return call(m, OBJECT_NEWOBJ, err);
}

bool op_newobj_ex(struct machine *m, struct error *err)
{
    if (!machine_need(m, 3, err))
        return false;
    struct value *kwargs = machine_pop(m), *args = machine_pop(m), *callable = machine_pop(m);
    if (!need_tuple(m, args, err) || !need_callable(m, callable, err))
        return false;
    if (kwargs->kind != VALUE_DICT)
        return machine_fail(m, err, "the keyword arguments are of type %.*s, not dict", TYPE_OF(kwargs));
    return machine_push(m, machine_object(m, OBJECT_NEWOBJ_EX, callable, args, kwargs, err), err);
}

bool op_inst(struct machine *m, struct error *err)
{
    struct value **items;
    size_t count;
    struct value *callable = take_global(m, err);
    if (callable == NULL || !machine_pop_mark(m, &items, &count, err))
        return false;
    struct value *args = machine_tuple(m, items, count, err);
    return machine_push(m, machine_object(m, OBJECT_INSTANCE, callable, args, NULL, err), err);
}

bool op_obj(struct machine *m, struct error *err)
{
    struct value **items;
    size_t count;
    if (!machine_pop_mark(m, &items, &count, err))
        return false;
    if (count == 0)
        return machine_fail(m, err, "there is no class above the mark");
    struct value *callable = items[0];
    if (!need_callable(m, callable, err))
        return false;
    struct value *args = machine_tuple(m, items + 1, count - 1, err);
    return machine_push(m, machine_object(m, OBJECT_INSTANCE, callable, args, NULL, err), err);
}

/* ---- building ---- */

/*
 * A state is kept as it is: what it means is the class's own business. A class or function takes attributes
 * too, and what is outside may; nobody here could say what that would change.
 */
bool op_build(struct machine *m, struct error *err)
{
    if (!machine_need(m, 2, err))
        return false;
    struct value *state = machine_pop(m), *v = machine_top(m);
    if (m->trace != NULL && !trace_act(m, TRACE_BUILD, v, state, err))
        return false;
    if (v->kind == VALUE_OBJECT)
        return (value_append(m->arena, &v->object->states, state) || arena_fail(m->arena, err)) &&
               recognise_note(m, v, err) && joblib_array(m, v, err);
    if (state->kind == VALUE_NONE || v->kind == VALUE_GLOBAL || v->kind == VALUE_EXTERNAL)
        return true;
    return machine_fail(m, err, "a value of type %.*s has no state", TYPE_OF(v));
}
