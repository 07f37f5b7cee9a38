/* Dtypes nest at most DTYPE_MAX_DEPTH levels (dtype_check): that bounds the calls below. */
#include "record.h"

#include "bigint.h"
#include "number.h"
#include "reader.h"
#include "scalar.h"
#include "utf8.h"

#include <stdlib.h>

bool dtype_is_mixed(const struct dtype *t)
{
    return t->kind != DTYPE_OBJECT && t->kind != DTYPE_TEXT && !dtype_is_flat(t);
}

/* ---- an element as a value ---- */

static struct value *integer_value(const struct dtype *t, const uint8_t *at, struct arena *arena)
{
    const uint64_t bits = scalar_load(at, t->itemsize, t->order == '>');
    const unsigned unused = (unsigned)(64 - 8 * t->itemsize) & 63;
    return t->kind == DTYPE_UINT ? value_uint(arena, bits)
                                 : value_int(arena, (int64_t)(bits << unused) >> unused);
}

static size_t trimmed(const uint8_t *p, size_t n)
{
    while (n > 0 && p[n - 1] == 0)
        n--;
    return n;
}

/* Code points that are none are what numpy refuses to give: the replacement character. */
static struct value *unicode_value(const struct dtype *t, const uint8_t *at, struct arena *arena)
{
    size_t count = t->itemsize / 4, n = 0;
    while (count > 0 && scalar_load(at + 4 * (count - 1), 4, t->order == '>') == 0)
        count--;
    uint8_t *text = arena_take(arena, count + 1, 4);
    for (size_t i = 0; text != NULL && i < count; i++) {
        const uint32_t code = (uint32_t)scalar_load(at + 4 * i, 4, t->order == '>');
        n += utf8_put(code > 0x10FFFF ? 0xFFFD : code, text + n);
    }
    return text == NULL ? NULL : value_str(arena, bytes_of(text, n));
}

static struct value *text_value(const struct dtype *t, const uint8_t *at, struct arena *arena)
{
    struct bytes text;
    memcpy(&text, at, sizeof text);
    return t->text_is_bytes || utf8_valid(text) != text.len ? value_bytes(arena, text)
                                                            : value_str(arena, text);
}

/* An array, or a scalar, of a copy of the bytes. */
static struct value *array_value(const struct dtype *t, unsigned ndim, const uint64_t *shape, size_t size,
                                 const uint8_t *at, struct arena *arena)
{
    const struct bytes copy = arena_copy(arena, bytes_of(at, size));
    struct array a = array_of_memory(*t, ndim, shape, copy.data);
    a.scalar = ndim == 0;
    return copy.data == NULL ? NULL : value_array(arena, &a);
}

static struct value *object_at(const uint8_t *at)
{
    struct value *v;
    memcpy(&v, at, sizeof v);
    return v;
}

static struct value *plain_value(const struct dtype *t, const uint8_t *at, struct arena *arena)
{
    const size_t size = t->itemsize;
    switch (t->kind) {
    case DTYPE_BOOL:
        return value_bool(arena, *at != 0);
    case DTYPE_INT:
    case DTYPE_UINT:
        return integer_value(t, at, arena);
    case DTYPE_FLOAT:
        return size == 16 ? array_value(t, 0, NULL, size, at, arena)
                          : value_float(arena, scalar_load_real(at, size, t->order == '>'));
    case DTYPE_COMPLEX:
        return size == 32 ? array_value(t, 0, NULL, size, at, arena)
                          : value_complex(arena, scalar_load_real(at, size / 2, t->order == '>'),
                                          scalar_load_real(at + size / 2, size / 2, t->order == '>'));
    case DTYPE_DATETIME:
    case DTYPE_TIMEDELTA:
        return array_value(t, 0, NULL, size, at, arena);
    case DTYPE_BYTES:
        return value_bytes(arena, bytes_of(at, trimmed(at, size)));
    case DTYPE_VOID:
        return value_bytes(arena, bytes_of(at, size));
    case DTYPE_UNICODE:
        return unicode_value(t, at, arena);
    case DTYPE_TEXT:
        return text_value(t, at, arena);
    case DTYPE_OBJECT:
        return object_at(at);
    }
    return NULL;
}

static bool fields_value(const struct dtype *t, const uint8_t *at, struct arena *arena, struct value **out,
                         struct error *err)
{
    struct value *tuple = value_new(arena, VALUE_TUPLE);
    struct value **items = arena_alloc(arena, t->field_count, sizeof(struct value *));
    if (tuple == NULL || items == NULL)
        return arena_fail(arena, err);
    for (size_t i = 0; i < t->field_count; i++)
        if (!record_value(t->fields[i].dtype, at + t->fields[i].offset, arena, &items[i], err))
            return false;
    tuple->list = (struct value_list){items, t->field_count};
    *out = tuple;
    return true;
}

bool record_value(const struct dtype *t, const uint8_t *element, struct arena *arena, struct value **out,
                  struct error *err)
{
    if (t->field_count > 0)
        return fields_value(t, element, arena, out, err);
    *out = t->base != NULL ? array_value(t->base, t->ndim, t->shape, t->itemsize, element, arena)
                           : plain_value(t, element, arena);
    return *out != NULL || arena_fail(arena, err);
}

/* ---- and back ---- */

static bool put_integer(const struct dtype *t, const struct value *v, uint8_t *at)
{
    const unsigned bits = (unsigned)(8 * t->itemsize);
    uint64_t big;
    if (v->kind == VALUE_BIGINT) {
        if (t->kind != DTYPE_UINT || bits != 64 || !bigint_to_uint64(v->text, &big))
            return false;
    } else if (v->kind == VALUE_INT || v->kind == VALUE_BOOL) {
        const int64_t n = v->kind == VALUE_INT ? v->integer : v->boolean;
        const bool fits = t->kind == DTYPE_UINT ? n >= 0 && (bits == 64 || n >> bits == 0)
                                                : n >> (bits - 1) == 0 || n >> (bits - 1) == -1;
        if (!fits)
            return false;
        big = (uint64_t)n;
    } else {
        return false;
    }
    scalar_store(at, t->itemsize, t->order == '>', big);
    return true;
}

static bool put_float(const struct dtype *t, const struct value *v, uint8_t *at)
{
    if (v->kind != VALUE_FLOAT && v->kind != VALUE_INT)
        return false;
    scalar_store_real(at, t->itemsize, t->order == '>', v->kind == VALUE_INT ? (double)v->integer : v->real);
    return true;
}

static bool put_complex(const struct dtype *t, const struct value *v, uint8_t *at)
{
    const size_t half = t->itemsize / 2;
    if (v->kind != VALUE_COMPLEX)
        return false;
    scalar_store_real(at, half, t->order == '>', v->complex[0]);
    scalar_store_real(at + half, half, t->order == '>', v->complex[1]);
    return true;
}

/* An array or scalar of exactly these elements. */
static bool put_array(const struct dtype *t, unsigned ndim, const uint64_t *shape, size_t size,
                      const struct value *v, uint8_t *at, struct arena *arena, struct error *err)
{
    const struct array *a = v->kind == VALUE_ARRAY ? v->array : NULL;
    const uint8_t *packed;
    uint64_t have;
    if (a == NULL || (a->data == NULL && a->source == NULL) || a->ndim != ndim ||
        !dtype_equal(&a->dtype, t) || (ndim > 0 && memcmp(a->shape, shape, ndim * sizeof *shape) != 0) ||
        !array_size(a, &have) || have != size)
        return false;
    if (size == 0)
        return true;
    if (!array_pack(a, arena, &packed, err))
        return false;
    memcpy(at, packed, size);
    return true;
}

static bool put_bytes(const struct dtype *t, const struct value *v, uint8_t *at)
{
    if (v->kind != VALUE_BYTES || v->text.len > t->itemsize ||
        (t->kind == DTYPE_VOID && v->text.len != t->itemsize))
        return false;
    if (v->text.len > 0)
        memcpy(at, v->text.data, v->text.len);
    return true;
}

static bool put_unicode(const struct dtype *t, const struct value *v, uint8_t *at)
{
    if (v->kind != VALUE_STR || utf8_count(v->text) > t->itemsize / 4)
        return false;
    for (size_t i = 0; i < v->text.len; at += 4)
        scalar_store(at, 4, t->order == '>', utf8_next(v->text, &i));
    return true;
}

static bool put_text(const struct dtype *t, const struct value *v, uint8_t *at)
{
    const bool text = v->kind == VALUE_STR && !t->text_is_bytes && (v->flags & VALUE_SURROGATES) == 0;
    if (!text && v->kind != VALUE_BYTES)
        return false;
    memcpy(at, &v->text, sizeof v->text);
    return true;
}

static bool put_plain(const struct dtype *t, const struct value *v, uint8_t *at, struct arena *arena,
                      struct error *err)
{
    const bool wide = t->itemsize == (t->kind == DTYPE_COMPLEX ? 32 : 16);
    switch (t->kind) {
    case DTYPE_BOOL:
        *at = v->kind == VALUE_BOOL && v->boolean;
        return v->kind == VALUE_BOOL;
    case DTYPE_INT:
    case DTYPE_UINT:
        return put_integer(t, v, at);
    case DTYPE_FLOAT:
        return wide ? put_array(t, 0, NULL, t->itemsize, v, at, arena, err) : put_float(t, v, at);
    case DTYPE_COMPLEX:
        return wide ? put_array(t, 0, NULL, t->itemsize, v, at, arena, err) : put_complex(t, v, at);
    case DTYPE_DATETIME:
    case DTYPE_TIMEDELTA:
        return put_array(t, 0, NULL, t->itemsize, v, at, arena, err);
    case DTYPE_BYTES:
    case DTYPE_VOID:
        return put_bytes(t, v, at);
    case DTYPE_UNICODE:
        return put_unicode(t, v, at);
    case DTYPE_TEXT:
        return put_text(t, v, at);
    case DTYPE_OBJECT:
        memcpy(at, &v, sizeof v);
        return true;
    }
    return false;
}

bool record_of_value(const struct dtype *t, const struct value *v, uint8_t *element, struct arena *arena,
                     struct error *err)
{
    if (t->base != NULL)
        return put_array(t->base, t->ndim, t->shape, t->itemsize, v, element, arena, err);
    if (t->field_count == 0)
        return put_plain(t, v, element, arena, err);
    if (v->kind != VALUE_TUPLE || v->list.count != t->field_count)
        return false;
    for (size_t i = 0; i < t->field_count; i++)
        if (!record_of_value(t->fields[i].dtype, v->list.items[i], element + t->fields[i].offset, arena, err))
            return false;
    return true;
}

/* ---- dtypes that overlap ---- */

struct range {
    size_t from, to;
    bool pointers;
};

static int by_start(const void *a, const void *b)
{
    const struct range *x = a, *y = b;
    return x->from < y->from ? -1 : x->from > y->from;
}

static bool are_apart(struct range *ranges, size_t count)
{
    size_t end = 0, end_of_pointers = 0;
    qsort(ranges, count, sizeof *ranges, by_start);
    for (size_t i = 0; i < count; i++) {
        const struct range *r = &ranges[i];
        if (r->from < (r->pointers ? end : end_of_pointers))
            return false;
        end = r->to > end ? r->to : end;
        end_of_pointers = r->pointers ? r->to : end_of_pointers;
    }
    return true;
}

/* No byte of a pointer is another field's too, who could write it. False: one is, or (err) no memory. */
static bool pointers_apart(const struct dtype *t, struct arena *arena, struct error *err)
{
    if (t->base != NULL)
        return pointers_apart(t->base, arena, err);
    struct range *ranges = arena_alloc(arena, t->field_count, sizeof *ranges);
    if (ranges == NULL)
        return arena_fail(arena, err);
    size_t count = 0;
    for (size_t i = 0; i < t->field_count; i++) {
        const struct dtype_field *f = &t->fields[i];
        const bool flat = dtype_is_flat(f->dtype);
        if (!flat && !pointers_apart(f->dtype, arena, err))
            return false;
        if (f->dtype->itemsize > 0)
            ranges[count++] = (struct range){f->offset, f->offset + f->dtype->itemsize, !flat};
    }
    return are_apart(ranges, count);
}

bool record_elements(const struct dtype *t, const struct value_list *values, struct arena *arena,
                     const uint8_t **out, struct error *err)
{
    if (!dtype_is_flat(t) && !pointers_apart(t, arena, err))
        return false;
    uint8_t *elements = arena_alloc(arena, values->count, t->itemsize);
    if (elements == NULL)
        return arena_fail(arena, err);
    for (size_t i = 0; i < values->count; i++)
        if (!record_of_value(t, values->items[i], elements + i * t->itemsize, arena, err))
            return false;
    *out = elements;
    return true;
}

/* ---- dtypes ---- */

static bool has_text(const struct dtype *t)
{
    if (t->base != NULL)
        return has_text(t->base);
    for (size_t i = 0; i < t->field_count; i++)
        if (has_text(t->fields[i].dtype))
            return true;
    return t->kind == DTYPE_TEXT;
}

static bool repack(struct dtype *t, struct arena *arena)
{
    struct dtype_field *fields = arena_alloc(arena, t->field_count, sizeof *fields);
    if (fields == NULL)
        return false;
    memcpy(fields, t->fields, t->field_count * sizeof *fields);
    t->itemsize = 0;
    t->aligned = false;
    for (size_t i = 0; i < t->field_count; i++) {
        fields[i].dtype = dtype_of_objects(t->fields[i].dtype, arena);
        if (fields[i].dtype == NULL)
            return false;
        fields[i].offset = t->itemsize;
        t->itemsize += fields[i].dtype->itemsize;
    }
    t->fields = fields;
    return true;
}

const struct dtype *dtype_of_objects(const struct dtype *t, struct arena *arena)
{
    if (!has_text(t))
        return t;
    struct dtype *copy = arena_alloc(arena, 1, sizeof *copy);
    if (copy == NULL)
        return NULL;
    *copy = t->kind == DTYPE_TEXT ? dtype_make(DTYPE_OBJECT, sizeof(struct value *)) : *t;
    if (t->field_count > 0)
        return repack(copy, arena) ? copy : NULL;
    if (t->base == NULL)
        return copy;
    copy->base = dtype_of_objects(t->base, arena);
    copy->itemsize = copy->base == NULL ? 0 : t->itemsize / t->base->itemsize * copy->base->itemsize;
    return copy->base == NULL ? NULL : copy;
}
