/*
 * joblib's dumps: where an array stands there is an instance of NumpyArrayWrapper, and right behind its
 * BUILD, between the opcodes, lie the elements, or for arrays of objects a whole pickle
 * (joblib/numpy_pickle.py). The wrapper's node becomes the array.
 */
#include "machine.h"

#include "known.h"

/* What a wrapper says of its array. */
struct wrapper {
    struct value *subclass, *shape;
    struct dtype *dtype;
    struct value *dtype_node;
    bool fortran, padded;
};

static bool names(const struct value *v, const char *module, const char *name)
{
    return v->kind == VALUE_GLOBAL && bytes_is(v->global->module, module) && bytes_is(v->global->name, name);
}

/* Nobody could say where the opcodes go on. An error that is there already stays. */
static bool no_array(struct machine *m, const char *why, struct error *err)
{
    return err->kind == ERR_NONE ? machine_fail(m, err, "joblib's array cannot be read: %s", why) : false;
}

static bool is_wrapper(const struct value_object *o)
{
    const struct value *cls = o->callable;
    if (names(cls, "copyreg", "_reconstructor") && o->args->list.count > 0) /* protocols 0 and 1 */
        cls = o->args->list.items[0];
    return names(cls, "joblib.numpy_pickle", "NumpyArrayWrapper") ||
           names(cls, "sklearn.externals.joblib.numpy_pickle", "NumpyArrayWrapper");
}

/* False: no such thing, so that nobody can say how long the data is. */
static bool read_wrapper(struct machine *m, const struct value *state, struct wrapper *w, struct error *err)
{
    enum {
        ENTRIES_MAX = 32
    }; /* joblib writes six; many wrappers may share one state that is looked through */
    if (state->kind != VALUE_DICT || state->dict.count > ENTRIES_MAX || !recognise_early(m, err))
        return false;
    const struct value *order = value_get(state, "order"),
                       *aligned = value_get(state, "numpy_array_alignment_bytes");
    *w = (struct wrapper){.subclass = value_get(state, "subclass"),
                          .shape = value_get(state, "shape"),
                          .dtype_node = value_get(state, "dtype"),
                          .padded = aligned != NULL && aligned->kind != VALUE_NONE};
    if (w->subclass == NULL || w->shape == NULL || w->dtype_node == NULL || order == NULL ||
        order->kind != VALUE_STR || w->dtype_node->kind != VALUE_DTYPE)
        return false;
    w->fortran = bytes_is(order->text, "F");
    w->dtype = w->dtype_node->dtype;
    return true;
}

/* ---- objects: a pickle in the pickle ---- */

/*
 * It has a memo of its own, and is read as pickle.load reads it: a wrapper in it is nothing special, so this
 * goes no deeper than here.
 */
static bool read_pickle(struct machine *m, struct value *v, struct error *err)
{
    struct machine inner;
    struct value *array;
    size_t end;
    if (!machine_start(&inner, m->in, m->limits, m->arena, err))
        return false;
    inner.at = m->at;
    inner.end = m->end;
    inner.encoding = m->encoding;
    inner.embedded = true;
    inner.trace = m->trace;
    if (inner.node_count > m->limits->nodes - m->node_count)
        return FAIL_LIMIT(err, "nodes", m->limits->nodes, "the pickle makes more than %llu values",
                          (unsigned long long)m->limits->nodes);
    inner.node_count += m->node_count;
    if (!machine_run(&inner, &array, &end, err))
        return false;
    m->inner = bytes_of(m->at, (size_t)(inner.at - m->at));
    m->inner_is_pickle = true;
    m->at = inner.at;
    m->node_count = inner.node_count;
    m->again[VALUE_ARRAY] |= machine_shares(&inner); /* it is weighed with all around it */
    *v = *array;
    return true;
}

/* ---- elements ---- */

/* One byte says how many follow that fill up to an aligned place. */
static bool skip_padding(struct machine *m, struct error *err)
{
    const uint8_t *n, *padding;
    return machine_take(m, 1, &n, err) && machine_take(m, n[0], &padding, err);
}

static struct value *text(struct machine *m, enum value_kind kind, struct bytes bytes, struct error *err)
{
    struct value *v = machine_node(m, kind, err);
    if (v != NULL)
        v->text = bytes;
    return v;
}

static struct value *integer(struct machine *m, int64_t n, struct error *err)
{
    struct value *v = machine_node(m, VALUE_INT, err);
    if (v != NULL)
        v->integer = n;
    return v;
}

/* numpy.matrix and the like are what numpy's own pickle of them is: _reconstruct(cls, (0,), b'b') and a
 * state. */
static bool subclass_array(struct machine *m, struct value *v, const struct wrapper *w, struct bytes data,
                           struct error *err)
{
    struct value *callable = machine_node(m, VALUE_GLOBAL, err), *zero = integer(m, 0, err);
    struct value *one = integer(m, 1, err), *letter = text(m, VALUE_BYTES, bytes_text("b"), err);
    struct value *elements = text(m, VALUE_BYTES, data, err);
    struct value_global *g = arena_alloc(m->arena, 1, sizeof *g);
    if (callable == NULL || zero == NULL || one == NULL || letter == NULL || elements == NULL)
        return false;
    if (g == NULL)
        return arena_fail(m->arena, err);
    *g = (struct value_global){.module = bytes_text("numpy.core.multiarray"),
                               .name = bytes_text("_reconstruct")};
    callable->global = g;
    struct value *shape = machine_tuple(m, &zero, 1, err);
    if (shape == NULL)
        return false;
    struct value *args = machine_tuple(m, (struct value *[]){w->subclass, shape, letter}, 3, err);
    struct value *fortran = w->fortran ? m->yes : m->no;
    struct value *state =
        machine_tuple(m, (struct value *[]){one, w->shape, w->dtype_node, fortran, elements}, 5, err);
    if (args == NULL || state == NULL)
        return false;
    *v->object = (struct value_object){.made = OBJECT_REDUCE, .callable = callable, .args = args};
    return value_append(m->arena, &v->object->states, state) || arena_fail(m->arena, err);
}

static bool is_plain(const struct value *subclass)
{
    return names(subclass, "numpy", "ndarray") || names(subclass, "numpy", "memmap") ||
           names(subclass, "numpy.core.memmap", "memmap") || names(subclass, "numpy._core.memmap", "memmap");
}

static bool read_elements(struct machine *m, struct value *v, const struct wrapper *w, struct error *err)
{
    const uint8_t *data;
    uint64_t size;
    if (!known_size(w->dtype, w->shape, m->arena, &size, err))
        return no_array(m, "its shape is none", err);
    if ((w->padded && !skip_padding(m, err)) || !machine_take(m, size, &data, err))
        return false;
    m->inner = bytes_of(data, (size_t)size);
    m->inner_is_pickle = false;
    if (!is_plain(w->subclass))
        return subclass_array(m, v, w, m->inner, err);
    struct array a;
    return (known_flat_array(w->dtype, w->shape, w->fortran, m->inner, m->arena, &a, err) &&
            numpy_become(m, v, &a, err)) ||
           no_array(m, "its elements are none", err);
}

bool joblib_array(struct machine *m, struct value *v, struct error *err)
{
    const struct value_list *states = &v->object->states;
    struct wrapper w;
    if (m->embedded || states->count != 1 || !is_wrapper(v->object))
        return true;
    if (!read_wrapper(m, states->items[0], &w, err))
        return no_array(m, "nothing says how long it is", err);
    return dtype_is_flat(w.dtype) ? read_elements(m, v, &w, err) : read_pickle(m, v, err);
}
