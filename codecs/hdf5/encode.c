/*
 * A value as an HDF5 file: dicts are groups, arrays datasets; what h5py has no word for carries marks
 * (README.md). The file is made in a private place and then given away byte by byte. No recursion: groups
 * whose members are still to come wait on a stack.
 */
#include "bigint.h"
#include "described.h"
#include "known.h"
#include "number.h"
#include "place.h"
#include "utf8.h"

#include <stdio.h>

enum { PIECE = 256 << 10 };

/* ---- any value ---- */

static bool put_bigint(struct builder *b, struct place p, const struct value *v, struct error *err)
{
    struct bytes digits;
    return bigint_to_decimal(v->text, b->e->limits->digits, b->arena, &digits, err) &&
           place_text(b, p, "int", digits, err);
}

static bool put_str(struct builder *b, struct place p, const struct value *v, struct error *err)
{
    const bool old = (v->flags & VALUE_PYTHON2) != 0;
    return h5_plain_text(v) ? place_text(b, p, NULL, v->text, err)
                            : place_raw(b, p, old ? "py2str" : "str", v->text, err);
}

/* A DataFrame or Series is its columns: that is what h5py's users look for. An index is an object. */
static bool is_frame(struct value *v)
{
    return value_meaning(v)->kind == VALUE_TABLE && strcmp(v->object->known->type, "pandas.Index") != 0;
}

/*
 * Tensors are datasets and a state dict is a group, whatever else torch keeps of them. Their meanings are no
 * objects, so that this goes one level deep.
 */
static bool is_of_torch(const struct value *v)
{
    const struct value_object *o = v->object;
    return o->meaning != NULL &&
           (bytes_starts(bytes_text(o->known->type), "torch.") ||
            (strcmp(o->known->type, "collections.OrderedDict") == 0 && o->states.count > 0));
}

static bool put_value(struct builder *b, struct place p, struct value *v, struct error *err)
{
    const uint8_t boolean = v->kind == VALUE_BOOL && v->boolean;
    switch ((enum value_kind)v->kind) {
    case VALUE_NONE:
        return place_null(b, p, NULL, err);
    case VALUE_BOOL:
        return place_scalar(b, p, "bool", DTYPE_BOOL, &boolean, 1, err);
    case VALUE_INT:
        return place_scalar(b, p, "int", DTYPE_INT, &v->integer, sizeof v->integer, err);
    case VALUE_BIGINT:
        return put_bigint(b, p, v, err);
    case VALUE_FLOAT:
        return place_scalar(b, p, "float", DTYPE_FLOAT, &v->real, sizeof v->real, err);
    case VALUE_COMPLEX:
        return place_scalar(b, p, "complex", DTYPE_COMPLEX, v->complex, 2 * sizeof *v->complex, err);
    case VALUE_STR:
        return put_str(b, p, v, err);
    case VALUE_BYTES:
        return place_raw(b, p, (v->flags & VALUE_PYTHON2) != 0 ? "py2bytes" : "bytes", v->text, err);
    case VALUE_BYTEARRAY:
        return place_raw(b, p, "bytearray", v->text, err);
    case VALUE_LIST:
        return place_sequence(b, p, "list", &v->list, err);
    case VALUE_TUPLE:
        return place_sequence(b, p, "tuple", &v->list, err);
    case VALUE_SET:
        return place_sequence(b, p, "set", &v->list, err);
    case VALUE_FROZENSET:
        return place_sequence(b, p, "frozenset", &v->list, err);
    case VALUE_DICT:
        return place_dict(b, p, &v->dict, err);
    case VALUE_ARRAY:
        return place_array(b, p, v->array, err);
    case VALUE_DTYPE:
        return place_dtype(b, p, v->dtype, err);
    case VALUE_RANGE:
        return place_items(b, p, "range", &v->list, err);
    case VALUE_SLICE:
        return place_items(b, p, "slice", &v->list, err);
    case VALUE_GLOBAL:
        return place_global(b, p, v->global, err);
    case VALUE_OBJECT:
        if (is_of_torch(v))
            return put_value(b, p, value_meaning(v), err);
        if (is_frame(v))
            return place_table(b, p, value_meaning(v)->table, err);
        return place_object(b, p, v->object, err);
    case VALUE_EXTERNAL:
        return place_external(b, p, v->external, err);
    case VALUE_TABLE:
        return place_table(b, p, v->table, err);
    case VALUE_KIND_COUNT:
        break;
    }
    return FAIL(err, ERR_INTERNAL, ERROR_NO_OFFSET, "a value of no known kind");
}

/* ---- members ---- */

/* A node that is there already is linked to: sharing and cycles survive. */
static bool put_member(struct builder *b, uint64_t group, struct bytes name, struct value *v,
                       struct error *err)
{
    const uint32_t number = v->mark & WALK_MARK_MAX;
    if (number > 0 && b->objects[number - 1] != 0)
        return build_hard_link(b, group, name, b->objects[number - 1], err);
    const struct place p = {group, name, v};
    return put_value(b, p, v, err);
}

static bool next_member(struct builder *b, struct frame *f, struct error *err)
{
    char digits[NUMBER_MAX];
    const size_t i = f->next++;
    if (f->pairs != NULL)
        return put_member(b, f->group, f->pairs[i].key->text, f->pairs[i].value, err);
    return put_member(b, f->group, bytes_of(digits, number_write_uint(i, digits)), f->items[i], err);
}

static void point(const struct builder *b, struct error *err)
{
    char pointer[sizeof err->pointer] = "";
    size_t n = 0;
    for (size_t i = 0; i < b->depth && n + 1 < sizeof pointer; i++) {
        const struct frame *f = &b->frames[i];
        if (f->next == 0)
            break;
        const struct bytes key = f->pairs == NULL ? bytes_of(NULL, 0) : f->pairs[f->next - 1].key->text;
        n +=
            (size_t)(f->pairs == NULL ? snprintf(pointer + n, sizeof pointer - n, "/%zu", f->next - 1)
                                      : snprintf(pointer + n, sizeof pointer - n, "/%.*s",
                                                 (int)(key.len < 60 ? key.len : 60), (const char *)key.data));
    }
    error_set_pointer(err, pointer);
}

static bool build(struct builder *b, struct error *err)
{
    const struct place whole = {0, bytes_of(NULL, 0), b->e->root};
    if (!put_value(b, whole, b->e->root, err))
        return false;
    while (b->depth > 0) {
        struct frame *top = &b->frames[b->depth - 1];
        if (top->next == top->count) {
            b->depth--;
        } else if (!next_member(b, top, err)) {
            point(b, err);
            return false;
        }
    }
    return true;
}

/* ---- before: which nodes are shared ---- */

/* What is kept as one object and may be met again; numbers and the like are written each time. */
static bool may_be_shared(const struct value *v)
{
    return v->kind >= VALUE_STR && v->kind != VALUE_GLOBAL && v->kind != VALUE_EXTERNAL &&
           (v->kind > VALUE_BYTEARRAY || v->text.len > 64);
}

/* Numbers the nodes that are met more than once. */
static bool number_shared(struct builder *b, struct error *err)
{
    struct walk w;
    struct walk_event event;
    enum step step;
    walk_init(&w, WALK_GRAPH, b->e->root, b->e->limits, b->arena);
    while ((step = walk_next(&w, &event, err)) == STEP_MORE) {
        struct value *v = event.value;
        if (event.what == WALK_AGAIN && (v->mark & WALK_MARK_MAX) == 0)
            v->mark |= (uint32_t)++b->shared;
        if ((event.what == WALK_ENTER || event.what == WALK_LEAF) && may_be_shared(v))
            v->mark |= WALK_SEEN;
        if (event.what == WALK_ENTER && v->kind == VALUE_ARRAY && v->array->dtype.kind != DTYPE_OBJECT)
            walk_skip(&w);
    }
    if (step == STEP_FAIL)
        return false;
    if (b->shared >= WALK_MARK_MAX)
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "too many parts of the value are shared");
    b->objects = arena_alloc(b->arena, b->shared, sizeof *b->objects);
    return b->objects != NULL || arena_fail(b->arena, err);
}

/* ---- the encoder ---- */

bool h5_begin(struct encoder *e, struct error *err)
{
    struct builder *b = arena_alloc(e->arena, 1, sizeof *b);
    if (b == NULL)
        return arena_fail(e->arena, err);
    *b = (struct builder){.e = e, .arena = e->arena, .fd = -1, .room = {.arena = e->arena}};
    if (!arena_defer(e->arena, build_drop, b))
        return arena_fail(e->arena, err);
    e->state = b;
    if (value_is_described(e->root))
        return build_begin(b, err) && h5_restore(b, e->root, err) && build_finish(b, err);
    return number_shared(b, err) && build_begin(b, err) && build(b, err) && build_finish(b, err);
}

enum step h5_step(struct encoder *e, struct sink *out, struct error *err)
{
    struct builder *b = e->state;
    while (!sink_full(out) && b->at < b->size) {
        const uint64_t left = b->size - b->at;
        const size_t n = left < PIECE ? (size_t)left : PIECE;
        uint8_t *room = sink_reserve(out, n);
        if (room == NULL) {
            sink_fail(err);
            return STEP_FAIL;
        }
        if (!input_pread(b->fd, b->at, room, n, err))
            return STEP_FAIL;
        sink_commit(out, n);
        b->at += n;
    }
    return b->at == b->size ? STEP_DONE : STEP_MORE;
}
