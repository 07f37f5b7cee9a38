/* NumPy's dtypes, arrays and scalars as numpy's own __reduce__ writes them (numpy 1.24). */
#include "writer.h"

#include "batches.h"
#include "reader.h"
#include "record.h"
#include "utf8.h"

#include <stdio.h>

/* numpy's flags of a dtype that unpickling needs back (NPY_ITEM_REFCOUNT ... NPY_ALIGNED_STRUCT). */
enum {
    FLAG_OBJECT = 0x3f,
    FLAG_INIT = 0x08,
    FLAG_PYAPI = 0x10,
    FLAG_FROM_FIELDS = 0x1b,
    FLAG_ALIGNED = 0x80,
};

/* A dtype with parts that is being written. */
struct part_frame {
    const struct dtype *t;
    size_t next;
    int64_t flags, alignment;
};

static bool has_parts(const struct dtype *t)
{
    return t->base != NULL || t->field_count > 0;
}

static bool write_call(struct writer *w, const struct dtype *t, struct error *err)
{
    char code[48];
    dtype_typestr(t, code);
    const char *end = strchr(code, '[');
    const size_t len = end == NULL ? strlen(code) : (size_t)(end - code);
    const bool object = t->kind == DTYPE_OBJECT;
    return write_known(w, KNOWN_DTYPE, err) && write_tuple_begin(w, 3, err) &&
           write_str(w, object ? bytes_text("O8") : bytes_of(code + 1, len - 1), err) &&
           write_memo(w, NULL, err) && write_bool(w, false, err) && write_bool(w, true, err) &&
           write_tuple_end(w, 3, NULL, err) && write_op(w, OP_REDUCE, err);
}

static struct bytes order_of(const struct dtype *t)
{
    return bytes_text(t->order == '>' ? ">" : t->order == '<' ? "<" : "|");
}

/* ({}, (unit, count, 1, 1)) */
static bool write_unit(struct writer *w, struct bytes unit, struct error *err)
{
    int64_t count = 0;
    size_t digits = 0;
    for (; digits < unit.len && unit.data[digits] >= '0' && unit.data[digits] <= '9' && digits < 9; digits++)
        count = count * 10 + (unit.data[digits] - '0');
    const struct bytes name =
        unit.len == 0 ? bytes_text("generic") : bytes_of(unit.data + digits, unit.len - digits);
    return write_tuple_begin(w, 2, err) &&
           (w->protocol > 0 ? write_op(w, OP_EMPTY_DICT, err) : write_raw(w, "(d", 2, err)) &&
           write_memo(w, NULL, err) && write_tuple_begin(w, 4, err) && write_bytes(w, name, NULL, err) &&
           write_int(w, digits == 0 ? 1 : count, err) && write_int(w, 1, err) && write_int(w, 1, err) &&
           write_tuple_end(w, 4, NULL, err) && write_tuple_end(w, 2, NULL, err);
}

static bool write_sizes(struct writer *w, int64_t itemsize, int64_t alignment, int64_t flags,
                        struct error *err)
{
    return write_int(w, itemsize, err) && write_int(w, alignment, err) && write_int(w, flags, err);
}

/* The state of a dtype without parts. */
static bool write_plain_state(struct writer *w, const struct dtype *t, struct error *err)
{
    const bool dated = t->kind == DTYPE_DATETIME || t->kind == DTYPE_TIMEDELTA;
    const bool text = t->kind == DTYPE_UNICODE;
    const bool sized = text || t->kind == DTYPE_BYTES || t->kind == DTYPE_VOID;
    const int64_t flags = t->kind == DTYPE_OBJECT ? FLAG_OBJECT : text ? FLAG_INIT : 0;
    const size_t n = dated ? 9 : 8;
    if (!(write_tuple_begin(w, n, err) && write_int(w, dated ? 4 : 3, err) &&
          write_text(w, order_of(t), err) && write_none(w, err) && write_none(w, err) && write_none(w, err) &&
          write_sizes(w, sized ? (int64_t)t->itemsize : -1, sized ? (text ? 4 : 1) : -1, flags, err)))
        return false;
    return (!dated || write_unit(w, t->unit, err)) && write_tuple_end(w, n, NULL, err) &&
           write_op(w, OP_BUILD, err);
}

/* Plain dtypes are written once: afterwards they are a reference. */
static bool write_plain_dtype(struct writer *w, const struct dtype *t, uint32_t *number, struct error *err)
{
    char code[48];
    dtype_typestr(t, code);
    for (size_t i = 0; i < w->dtype_count; i++)
        if (bytes_is(w->dtypes[i].text, code)) {
            *number = w->dtypes[i].number;
            return write_get(w, *number, err);
        }
    if (!write_call(w, t, err))
        return false;
    *number = w->memo_count;
    if (w->dtype_count < KNOWN_TEXTS) {
        const struct bytes copy = arena_copy(w->e->arena, bytes_text(code));
        if (copy.data == NULL)
            return arena_fail(w->e->arena, err);
        w->dtypes[w->dtype_count++] = (struct known_text){.text = copy, .number = *number};
    }
    return write_memo(w, NULL, err) && write_plain_state(w, t, err);
}

static bool write_shape(struct writer *w, unsigned ndim, const uint64_t *shape, struct error *err)
{
    if (!write_tuple_begin(w, ndim, err))
        return false;
    for (unsigned i = 0; i < ndim; i++)
        if (!write_int(w, (int64_t)shape[i], err))
            return false;
    return write_tuple_end(w, ndim, NULL, err);
}

static bool write_names(struct writer *w, const struct dtype *t, struct error *err)
{
    if (!write_tuple_begin(w, t->field_count, err))
        return false;
    for (size_t i = 0; i < t->field_count; i++)
        if (!write_str(w, t->fields[i].name, err) || !write_memo(w, NULL, err))
            return false;
    return write_tuple_end(w, t->field_count, NULL, err);
}

/* Up to the first part: the call, and of the state version, order, then (base, ... or None, names, {... */
static bool open_parts(struct writer *w, const struct dtype *t, uint32_t *number, struct error *err)
{
    if (!write_call(w, t, err))
        return false;
    *number = w->memo_count;
    if (!write_memo(w, NULL, err) || !write_tuple_begin(w, 8, err) || !write_int(w, 3, err) ||
        !write_text(w, bytes_text("|"), err))
        return false;
    if (t->base != NULL)
        return write_tuple_begin(w, 2, err);
    return write_none(w, err) && write_names(w, t, err) &&
           (w->protocol > 0 ? write_op(w, OP_EMPTY_DICT, err) : write_raw(w, "(d", 2, err)) &&
           write_memo(w, NULL, err);
}

static bool before_part(struct writer *w, const struct part_frame *f, struct error *err)
{
    if (f->t->base != NULL)
        return true;
    const struct dtype_field *field = &f->t->fields[f->next];
    return write_str(w, field->name, err) && write_memo(w, NULL, err) &&
           write_tuple_begin(w, field->title.len > 0 ? 3 : 2, err);
}

/* A title is a second key of the same tuple. */
static bool after_part(struct writer *w, const struct part_frame *f, struct error *err)
{
    if (f->t->base != NULL)
        return write_shape(w, f->t->ndim, f->t->shape, err) && write_tuple_end(w, 2, NULL, err);
    const struct dtype_field *field = &f->t->fields[f->next];
    if (!write_int(w, (int64_t)field->offset, err))
        return false;
    if (field->title.len == 0)
        return write_tuple_end(w, 2, NULL, err) && write_op(w, OP_SETITEM, err);
    if (!write_str(w, field->title, err) || !write_memo(w, NULL, err))
        return false;
    const uint32_t tuple = w->memo_count;
    return write_tuple_end(w, 3, NULL, err) && write_op(w, OP_SETITEM, err) &&
           write_str(w, field->title, err) && write_memo(w, NULL, err) && write_get(w, tuple, err) &&
           write_op(w, OP_SETITEM, err);
}

static bool close_parts(struct writer *w, struct part_frame *f, struct error *err)
{
    const bool record = f->t->base == NULL;
    /* NOLINTNEXTLINE(misc-redundant-expression): None is written twice */
    if (!record && !(write_none(w, err) && write_none(w, err)))
        return false;
    f->flags = (f->flags & FLAG_FROM_FIELDS) | (record ? FLAG_PYAPI : 0) | (f->t->aligned ? FLAG_ALIGNED : 0);
    if (record && !f->t->aligned)
        f->alignment = 1;
    const int64_t as_char = f->flags >= 0x80 ? f->flags - 0x100 : f->flags;
    return write_sizes(w, (int64_t)f->t->itemsize, f->alignment, as_char, err) &&
           write_tuple_end(w, 8, NULL, err) && write_op(w, OP_BUILD, err);
}

static void learn(struct part_frame *f, int64_t flags, int64_t alignment)
{
    f->flags |= flags;
    if (alignment > f->alignment)
        f->alignment = alignment;
}

static int64_t plain_alignment(const struct dtype *t)
{
    const bool bytes = t->kind == DTYPE_BYTES || t->kind == DTYPE_VOID;
    return bytes                      ? 1
           : t->kind == DTYPE_UNICODE ? 4
                                      : (int64_t)(t->kind == DTYPE_COMPLEX ? t->itemsize / 2 : t->itemsize);
}

static bool write_parts(struct writer *w, const struct dtype *t, uint32_t *number, struct error *err)
{
    struct part_frame frames[DTYPE_MAX_DEPTH + 1] = {{.t = t, .alignment = 1}};
    unsigned depth = 1;
    uint32_t part_number;
    if (!open_parts(w, t, number, err))
        return false;
    while (depth > 0) {
        struct part_frame *f = &frames[depth - 1];
        if (f->next == (f->t->base != NULL ? 1 : f->t->field_count)) {
            if (!close_parts(w, f, err))
                return false;
            if (--depth > 0) {
                learn(f - 1, f->flags, f->alignment);
                if (!after_part(w, f - 1, err))
                    return false;
                f[-1].next++;
            }
            continue;
        }
        const struct dtype *part = f->t->base != NULL ? f->t->base : f->t->fields[f->next].dtype;
        if (!before_part(w, f, err))
            return false;
        if (has_parts(part)) {
            if (depth > DTYPE_MAX_DEPTH || !open_parts(w, part, &part_number, err))
                return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "the dtype is nested too deep");
            frames[depth++] = (struct part_frame){.t = part, .alignment = 1};
            continue;
        }
        const int64_t flags = part->kind == DTYPE_OBJECT    ? FLAG_OBJECT
                              : part->kind == DTYPE_UNICODE ? FLAG_INIT
                                                            : 0;
        learn(f, flags, plain_alignment(part));
        if (!write_plain_dtype(w, part, &part_number, err) || !after_part(w, f, err))
            return false;
        f->next++;
    }
    return true;
}

bool write_dtype(struct writer *w, const struct dtype *t, uint32_t *number, struct error *err)
{
    if (!dtype_check(t, err))
        return false;
    t = dtype_of_objects(t, w->e->arena);
    if (t == NULL)
        return arena_fail(w->e->arena, err);
    if (!has_parts(t))
        return write_plain_dtype(w, t, number, err);
    return write_parts(w, t, number, err);
}

/* ---- arrays ---- */

/* Elements that become a list of values: numpy does so wherever there are objects. */
static bool is_listed(const struct array *a)
{
    return !dtype_is_flat(&a->dtype);
}

bool write_is_held(const struct array *a)
{
    return a->scalar && is_listed(a) && !dtype_is_mixed(&a->dtype);
}

/* By protocol 5's buffers, as numpy does; that those of no size cannot be loaded it does not mind. */
static bool is_buffered(const struct writer *w, const struct array *a)
{
    return w->protocol >= 5 && !is_listed(a) && !a->scalar && a->dtype.kind != DTYPE_DATETIME &&
           a->dtype.kind != DTYPE_TIMEDELTA && a->dtype.itemsize > 0;
}

/* Memory that holds exactly the elements, in C or in Fortran order. */
static bool is_whole(const struct array *a)
{
    return a->data != NULL && a->source == NULL && a->axes == NULL && a->strides == NULL;
}

static bool keeps_fortran(const struct array *a)
{
    return a->fortran && a->ndim > 1 && is_whole(a);
}

/* Below protocol 3 bytes are text, whose length is known only when all of them have been seen. */
static bool write_elements_as_text(struct writer *w, const struct array *a, uint64_t size, struct error *err)
{
    const uint8_t *data = a->data;
    if (!(is_whole(a) ? true : array_pack(a, w->e->arena, &data, err)))
        return false;
    walk_skip(&w->e->walk);
    return write_bytes(w, bytes_of(data, (size_t)size), NULL, err);
}

static bool write_elements(struct writer *w, const struct array *a, struct error *err)
{
    uint8_t header[9] = {OP_BYTEARRAY8};
    uint64_t size;
    if (!array_size(a, &size))
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "the array is too big");
    if (w->protocol < 3)
        return write_elements_as_text(w, a, size, err);
    store_u64_le(header + 1, size);
    const size_t n = is_buffered(w, a) ? sizeof header : write_bytes_header(w, size, header);
    if (n == 0)
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET,
                    "more than 4 GiB in one array need protocol 4");
    if (!is_whole(a))
        return write_blocks_begin(w, header, n, size, err);
    walk_skip(&w->e->walk);
    return write_sized(w, header, n, bytes_of(a->data, (size_t)size), err);
}

static bool write_empty_list(struct writer *w, struct error *err)
{
    return (w->protocol > 0 ? write_op(w, OP_EMPTY_LIST, err) : write_raw(w, "(l", 2, err)) &&
           write_memo(w, NULL, err);
}

/* _reconstruct(ndarray, (0,), b'b'), and of its state all before the elements. */
static bool write_reconstruct(struct writer *w, const struct array *a, struct value *v, struct error *err)
{
    uint32_t number;
    return write_known(w, KNOWN_ARRAY, err) && write_tuple_begin(w, 3, err) &&
           write_known(w, KNOWN_NDARRAY, err) && write_tuple_begin(w, 1, err) && write_int(w, 0, err) &&
           write_tuple_end(w, 1, NULL, err) && write_bytes(w, bytes_text("b"), NULL, err) &&
           write_tuple_end(w, 3, NULL, err) && write_op(w, OP_REDUCE, err) && write_memo(w, v, err) &&
           write_tuple_begin(w, 5, err) && write_int(w, 1, err) && write_shape(w, a->ndim, a->shape, err) &&
           write_dtype(w, &a->dtype, &number, err) && write_bool(w, keeps_fortran(a), err) &&
           (is_listed(a) ? write_empty_list(w, err) : write_elements(w, a, err));
}

bool write_array_enter(struct writer *w, struct value *v, struct error *err)
{
    const struct array *a = v->array;
    uint32_t number;
    if (write_is_held(a))
        return true;
    if (a->scalar) /* of a record with objects, the second argument is an array of no dimensions */
        return write_known(w, KNOWN_SCALAR, err) && write_tuple_begin(w, 2, err) &&
               write_dtype(w, &a->dtype, &number, err) &&
               (is_listed(a) ? write_reconstruct(w, a, NULL, err) : write_elements(w, a, err));
    if (is_buffered(w, a))
        return write_known(w, KNOWN_FROMBUFFER, err) && write_tuple_begin(w, 4, err) &&
               write_elements(w, a, err);
    return write_reconstruct(w, a, v, err);
}

/* One element of variable length. */
static bool write_piece(struct writer *w, const struct dtype *t, struct bytes piece, struct error *err)
{
    if (t->text_is_bytes || utf8_valid(piece) != piece.len)
        return write_bytes(w, piece, NULL, err);
    return write_str(w, piece, err) && write_memo(w, NULL, err);
}

bool write_array_block(struct writer *w, const struct walk_event *event, struct error *err)
{
    const struct array *a = event->value->array;
    uint64_t count;
    if (a->dtype.kind != DTYPE_TEXT)
        return write_block(w, event->block, event->elements * a->dtype.itemsize, err);
    if (!array_count(a, &count))
        return false;
    for (size_t i = 0; i < event->elements; i++) {
        struct bytes piece;
        memcpy(&piece, event->block + i * sizeof piece, sizeof piece);
        /* The source owns it until the next block: nothing of it may be left for later. */
        if (!write_boundary(w, err) ||
            (!a->scalar && !batch_before(w, event->index + i, (size_t)count, err)) ||
            !write_piece(w, &a->dtype, piece, err) ||
            (!a->scalar && !list_item_after(w, event->index + i, (size_t)count, err)) ||
            (w->rest.len > 0 && !write_flush(w, err)))
            return false;
    }
    return true;
}

bool write_array_leave(struct writer *w, struct value *v, struct error *err)
{
    const struct array *a = v->array;
    uint32_t number;
    if (write_is_held(a))
        return true;
    if (!is_listed(a) && w->protocol >= 3 && !write_memo(w, NULL, err)) /* of the bytes */
        return false;
    if (a->scalar && is_listed(a) && !(write_tuple_end(w, 5, NULL, err) && write_op(w, OP_BUILD, err)))
        return false;
    if (a->scalar)
        return write_tuple_end(w, 2, NULL, err) && write_op(w, OP_REDUCE, err) && write_memo(w, v, err);
    if (is_buffered(w, a))
        return write_dtype(w, &a->dtype, &number, err) && write_shape(w, a->ndim, a->shape, err) &&
               write_text(w, bytes_text(keeps_fortran(a) ? "F" : "C"), err) &&
               write_tuple_end(w, 4, NULL, err) && write_op(w, OP_REDUCE, err) && write_memo(w, v, err);
    return write_tuple_end(w, 5, NULL, err) && write_op(w, OP_BUILD, err);
}
