/* Arrays and dtypes of typed JSON. */
#include "typed_tags.h"

#include "base64.h"
#include "record.h"

/* The text of a member, or NULL data. */
static struct bytes text_of(const struct value *v)
{
    return v != NULL && v->kind == VALUE_STR ? v->text : bytes_of(NULL, 0);
}

static bool is_true(const struct value *v)
{
    return v != NULL && v->kind == VALUE_BOOL && v->boolean;
}

static bool read_labels(const struct value *list, struct arena *arena, struct dtype *out, struct error *err)
{
    if (list->kind != VALUE_LIST)
        return FAIL(err, ERR_SYNTAX, ERROR_NO_OFFSET, "labels of a dtype must be a list of [name, value]");
    struct dtype_label *labels = arena_alloc(arena, list->list.count, sizeof *labels);
    if (labels == NULL)
        return arena_fail(arena, err);
    for (size_t i = 0; i < list->list.count; i++) {
        const struct value *pair = list->list.items[i];
        if (pair->kind != VALUE_LIST || pair->list.count != 2 || pair->list.items[0]->kind != VALUE_STR ||
            pair->list.items[1]->kind != VALUE_INT)
            return FAIL(err, ERR_SYNTAX, ERROR_NO_OFFSET, "a label of a dtype must be [name, value]");
        labels[i] = (struct dtype_label){pair->list.items[0]->text, pair->list.items[1]->integer};
    }
    out->labels = labels;
    out->label_count = list->list.count;
    return true;
}

/* The value of "$dtype", and of "dtype" in an array: a descr, or an object with one and more. */
static bool read_dtype(const struct value *v, struct arena *arena, struct dtype *out, struct error *err)
{
    if (v == NULL)
        return FAIL(err, ERR_SYNTAX, ERROR_NO_OFFSET, "a dtype is missing");
    if (v->kind != VALUE_DICT || value_get(v, "names") != NULL)
        return dtype_of_descr(v, arena, out, err);
    const struct value *descr = value_get(v, "descr"), *labels = value_get(v, "labels");
    if (descr == NULL)
        return FAIL(err, ERR_SYNTAX, ERROR_NO_OFFSET, "a dtype that is an object must have a descr");
    if (!dtype_of_descr(descr, arena, out, err) || (labels != NULL && !read_labels(labels, arena, out, err)))
        return false;
    out->aligned = is_true(value_get(v, "aligned"));
    out->text_is_bytes = out->kind == DTYPE_TEXT && is_true(value_get(v, "bytes"));
    return true;
}

static bool read_shape(const struct value *v, struct arena *arena, struct array *out, struct error *err)
{
    if (v == NULL || v->kind != VALUE_LIST || v->list.count > DTYPE_MAX_NDIM)
        return FAIL(err, ERR_SYNTAX, ERROR_NO_OFFSET, "shape must be a list of at most %d lengths",
                    DTYPE_MAX_NDIM);
    uint64_t *shape = arena_alloc(arena, v->list.count, sizeof *shape);
    if (shape == NULL)
        return arena_fail(arena, err);
    for (size_t i = 0; i < v->list.count; i++) {
        const struct value *length = v->list.items[i];
        if (length->kind != VALUE_INT || length->integer < 0)
            return FAIL(err, ERR_SYNTAX, ERROR_NO_OFFSET, "a length in a shape must be an integer from 0 on");
        shape[i] = (uint64_t)length->integer;
    }
    out->shape = shape;
    out->ndim = (unsigned)v->list.count;
    return true;
}

static bool read_packed(const struct value *data, uint64_t size, struct arena *arena, struct array *out,
                        struct error *err)
{
    struct bytes raw;
    if (data->kind != VALUE_STR)
        return FAIL(err, ERR_SYNTAX, ERROR_NO_OFFSET, "data of this dtype must be base64 text");
    if (!base64_decode(data->text, arena, &raw, err))
        return false;
    if (raw.len != size)
        return FAIL(err, ERR_SYNTAX, ERROR_NO_OFFSET, "data has %zu bytes; dtype and shape need %llu",
                    raw.len, (unsigned long long)size);
    out->data = raw.data;
    return true;
}

static bool read_text(const struct value *v, bool bytes, struct arena *arena, struct bytes *out,
                      struct error *err)
{
    if (v->kind != VALUE_STR || (v->flags & VALUE_SURROGATES) != 0)
        return FAIL(err, ERR_SYNTAX, ERROR_NO_OFFSET, "an element of dtype |T must be text");
    *out = v->text;
    return !bytes || base64_decode(v->text, arena, out, err);
}

static bool read_list(const struct value *data, uint64_t count, struct arena *arena, struct array *out,
                      struct error *err)
{
    if (data->kind != VALUE_LIST)
        return FAIL(err, ERR_SYNTAX, ERROR_NO_OFFSET, "data of this dtype must be a list");
    if (data->list.count != count)
        return FAIL(err, ERR_SYNTAX, ERROR_NO_OFFSET, "data has %zu elements; the shape needs %llu",
                    data->list.count, (unsigned long long)count);
    out->data = (const uint8_t *)data->list.items;
    if (out->dtype.kind != DTYPE_TEXT) {
        out->data = out->dtype.kind == DTYPE_OBJECT ? out->data : NULL; /* no records yet */
        return true;
    }
    struct bytes *texts = arena_alloc(arena, data->list.count, sizeof *texts);
    if (texts == NULL)
        return arena_fail(arena, err);
    for (size_t i = 0; i < data->list.count; i++)
        if (!read_text(data->list.items[i], out->dtype.text_is_bytes, arena, &texts[i], err))
            return false;
    out->data = (const uint8_t *)texts;
    return true;
}

/*
 * An array, or a NumPy scalar, from the members of "$ndarray" or "$scalar". Where elements are values (of
 * 'O', and of records that are not bytes alone), the items of members' "data" list may still be replaced
 * until typed_finish_array(). 'O' elements are these items themselves; records are not there before (data:
 * NULL).
 */
static bool read_array(const struct value *members, bool scalar, struct arena *arena, struct array *out,
                       struct error *err)
{
    uint64_t count, size;
    const struct value *data = value_get(members, "data");
    struct array a = {0};
    if (!read_dtype(value_get(members, "dtype"), arena, &a.dtype, err) ||
        (!scalar && !read_shape(value_get(members, "shape"), arena, &a, err)))
        return false;
    *out = array_of_memory(a.dtype, a.ndim, a.shape, NULL);
    out->scalar = scalar;
    out->fortran = bytes_is(text_of(value_get(members, "order")), "F") && a.ndim > 1;
    if (!array_count(out, &count) || !array_size(out, &size))
        return FAIL(err, ERR_SYNTAX, ERROR_NO_OFFSET, "the shape has more elements than there can be");
    if (data == NULL)
        return FAIL(err, ERR_SYNTAX, ERROR_NO_OFFSET, "an array has no data");
    if (!dtype_is_flat(&out->dtype))
        return read_list(data, count, arena, out, err);
    return read_packed(data, size, arena, out, err);
}

/* Tuples become records. */
static bool pack_records(struct array *a, const struct value *data, struct arena *arena, struct error *err)
{
    if (record_elements(&a->dtype, &data->list, arena, &a->data, err))
        return array_turn(a, arena, err);
    return err->kind != ERR_NONE
               ? false
               : FAIL(err, ERR_SYNTAX, ERROR_NO_OFFSET,
                      "an element of this dtype must be a $tuple of values that its fields hold");
}

bool typed_begin_array(struct typed_reader *r, const struct tag_use *use, struct error *err)
{
    struct array *a = arena_alloc(r->arena, 1, sizeof *a);
    struct value *const members = use->argument;
    if (a == NULL)
        return arena_fail(r->arena, err);
    if (members->kind != VALUE_DICT)
        return tag_wrong(use, "an object with dtype, shape and data", err);
    if (!read_array(members, strcmp(use->tag->name, "$scalar") == 0, r->arena, a, err))
        return false;
    const struct value *data = value_get(members, "data");
    tag_become(use->v, VALUE_ARRAY);
    use->v->array = a;
    return a->dtype.kind == DTYPE_TEXT || dtype_is_flat(&a->dtype) ||
           tag_push(r, use, frame_of_items(&data->list), err);
}

/* Elements are what they will be: those of 'O' come into Fortran order where the array has it. */
bool typed_finish_array(struct typed_reader *r, struct value *node, struct value *argument, struct error *err)
{
    struct array *a = node->array;
    if (dtype_is_mixed(&a->dtype))
        return pack_records(a, value_get(argument, "data"), r->arena, err);
    return a->dtype.kind != DTYPE_OBJECT || array_turn(a, r->arena, err);
}

bool typed_begin_dtype(struct typed_reader *r, const struct tag_use *use, struct error *err)
{
    struct dtype *t = arena_alloc(r->arena, 1, sizeof *t);
    if (t == NULL)
        return arena_fail(r->arena, err);
    if (!read_dtype(use->argument, r->arena, t, err))
        return false;
    tag_become(use->v, VALUE_DTYPE);
    use->v->dtype = t;
    return true;
}
