/*
 * torch's tensors: a view of a storage, by offset, sizes and strides, all counted in elements
 * (torch/_utils.py). Storages are bytes that came beside the pickle, or in a torch.save inside of it.
 */
#include "rows.h"

#include <math.h>

const struct known_kind known_tensor = {.type = "torch.Tensor"};
const struct known_kind known_parameter = {.type = "torch.nn.Parameter"};
const struct known_kind known_torch_size = {.type = "torch.Size"};
const struct known_kind known_torch_device = {.type = "torch.device"};

/* ---- types ---- */

/* One part of an element as a float32: complex32 has two. */
typedef float widen_fn(const uint8_t *element);

struct element {
    const char *storage; /* class in torch, or NULL: tensors of it are on untyped storages only */
    const char *dtype;   /* torch's name, or NULL: no meaning (quantised) */
    const char *bits;    /* as they lie there */
    widen_fn *widen;     /* NULL: NumPy has it */
    unsigned parts;      /* float32s that an element is widened to */
};

static float float_of_bits(uint32_t bits)
{
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

static float widen_bfloat16(const uint8_t *p)
{
    return float_of_bits((uint32_t)p[0] << 16 | (uint32_t)p[1] << 24);
}

/* Sign, exponent and fraction of a small float; what the largest exponent means is the caller's business. */
static float small_float(uint32_t bits, unsigned exponent_bits, unsigned fraction_bits, int bias)
{
    const uint32_t fraction = bits & ((1U << fraction_bits) - 1);
    const int exponent = (int)(bits >> fraction_bits & ((1U << exponent_bits) - 1));
    const float magnitude = exponent == 0 ? ldexpf((float)fraction, 1 - bias - (int)fraction_bits)
                                          : ldexpf((float)(fraction + (1U << fraction_bits)),
                                                   exponent - bias - (int)fraction_bits);
    return (bits >> (exponent_bits + fraction_bits) & 1) != 0 ? -magnitude : magnitude;
}

static float widen_half(const uint8_t *p)
{
    const uint32_t bits = (uint32_t)p[0] | (uint32_t)p[1] << 8;
    if ((bits & 0x7c00) == 0x7c00)
        return float_of_bits((bits & 0x8000) << 16 | 0x7f800000 | (bits & 0x3ff) << 13);
    return small_float(bits, 5, 10, 15);
}

/* No infinities; all ones is NaN. */
static float widen_e4m3fn(const uint8_t *p)
{
    return (p[0] & 0x7f) == 0x7f ? NAN : small_float(p[0], 4, 3, 7);
}

/* As IEEE 754 would have it. */
static float widen_e5m2(const uint8_t *p)
{
    if ((p[0] & 0x7c) == 0x7c)
        return (p[0] & 3) != 0 ? NAN : (p[0] & 0x80) != 0 ? -INFINITY : INFINITY;
    return small_float(p[0], 5, 2, 15);
}

/* The "fnuz" kinds: what would be -0 is NaN, and the bias is one more. */
static float widen_e4m3fnuz(const uint8_t *p)
{
    return p[0] == 0x80 ? NAN : small_float(p[0], 4, 3, 8);
}

static float widen_e5m2fnuz(const uint8_t *p)
{
    return p[0] == 0x80 ? NAN : small_float(p[0], 5, 2, 16);
}

static const struct element elements[] = {
    {"DoubleStorage", "float64", "<f8", NULL, 1},
    {"FloatStorage", "float32", "<f4", NULL, 1},
    {"HalfStorage", "float16", "<f2", NULL, 1},
    {"LongStorage", "int64", "<i8", NULL, 1},
    {"IntStorage", "int32", "<i4", NULL, 1},
    {"ShortStorage", "int16", "<i2", NULL, 1},
    {"CharStorage", "int8", "|i1", NULL, 1},
    {"ByteStorage", "uint8", "|u1", NULL, 1},
    {"BoolStorage", "bool", "|b1", NULL, 1},
    {"ComplexFloatStorage", "complex64", "<c8", NULL, 1},
    {"ComplexDoubleStorage", "complex128", "<c16", NULL, 1},
    {"BFloat16Storage", "bfloat16", "<u2", widen_bfloat16, 1},
    {"ComplexHalfStorage", "complex32", "<u2", widen_half, 2},
    {NULL, "uint16", "<u2", NULL, 1},
    {NULL, "uint32", "<u4", NULL, 1},
    {NULL, "uint64", "<u8", NULL, 1},
    {NULL, "float8_e4m3fn", "|u1", widen_e4m3fn, 1},
    {NULL, "float8_e5m2", "|u1", widen_e5m2, 1},
    {NULL, "float8_e4m3fnuz", "|u1", widen_e4m3fnuz, 1},
    {NULL, "float8_e5m2fnuz", "|u1", widen_e5m2fnuz, 1},
    {"UntypedStorage", NULL, "|u1", NULL, 1},
    {"_UntypedStorage", NULL, "|u1", NULL, 1},
    {"QInt8Storage", NULL, "|i1", NULL, 1},
    {"QUInt8Storage", NULL, "|u1", NULL, 1},
    {"QInt32Storage", NULL, "<i4", NULL, 1},
    {"QUInt4x2Storage", NULL, "|u1", NULL, 1},
    {"QUInt2x4Storage", NULL, "|u1", NULL, 1},
};

/* By the name of a class of storages, or of a dtype. */
static const struct element *element_of(const struct value *global, bool storage)
{
    if (global->kind != VALUE_GLOBAL)
        return NULL;
    const struct value_global *g = global->global;
    if (!bytes_is(g->module, "torch") && !bytes_is(g->module, "torch.cuda") &&
        !bytes_is(g->module, "torch.storage"))
        return NULL;
    for (size_t i = 0; i < ROWS(elements); i++) {
        const char *name = storage ? elements[i].storage : elements[i].dtype;
        if (name != NULL && bytes_is(g->name, name))
            return &elements[i];
    }
    return NULL;
}

static bool bits_of(const struct element *e, struct dtype *out)
{
    struct error never = {0};
    return dtype_parse(bytes_text(e->bits), out, &never);
}

bool known_torch_storage(const struct value *class, struct dtype *out)
{
    const struct element *e = element_of(class, true);
    if (e == NULL || !bits_of(e, out))
        return false;
    if (e->parts == 2) /* both halves */
        out->itemsize *= 2;
    return true;
}

/* ---- views ---- */

struct view {
    const struct element *element;
    size_t itemsize; /* of an element as it lies there */
    unsigned ndim;
    uint64_t *shape;
    int64_t *strides;    /* bytes; 0 along what has one place only */
    const uint8_t *data; /* of the first element */
};

/* Where the last element ends, in elements of the storage. False: nowhere. */
static bool measure(struct view *v, const struct value_list *sizes, const struct value_list *strides,
                    size_t *end)
{
    bool empty = false;
    for (unsigned i = 0; i < v->ndim; i++) {
        const struct value *size = sizes->items[i], *stride = strides->items[i];
        if (size->kind != VALUE_INT || size->integer < 0 || stride->kind != VALUE_INT || stride->integer < 0)
            return false;
        v->shape[i] = (uint64_t)size->integer;
        empty = empty || size->integer == 0;
    }
    for (unsigned i = 0; !empty && i < v->ndim; i++) {
        size_t reach, bytes;
        const size_t stride = v->shape[i] == 1 ? 0 : (size_t)strides->items[i]->integer;
        if (!checked_mul((size_t)v->shape[i] - 1, stride, &reach) || !checked_add(*end, reach, end) ||
            !checked_mul(stride, v->itemsize, &bytes) || bytes > INT64_MAX)
            return false;
        v->strides[i] = (int64_t)bytes;
    }
    return empty || checked_add(*end, 1, end);
}

/* *v from the offset, sizes and strides. False: they lead out of the storage; or (err) no memory. */
static bool see(struct known_work *w, struct bytes storage, const struct value_object *o, struct view *v,
                struct error *err)
{
    const struct value *offset = known_argument(o, 1);
    const struct value_list *sizes = &known_argument(o, 2)->list, *strides = &known_argument(o, 3)->list;
    if (offset->kind != VALUE_INT || offset->integer < 0 || sizes->count != strides->count ||
        sizes->count > DTYPE_MAX_NDIM)
        return false;
    v->ndim = (unsigned)sizes->count;
    v->shape = arena_alloc(w->arena, v->ndim, sizeof *v->shape);
    v->strides = arena_alloc(w->arena, v->ndim, sizeof *v->strides);
    if (v->shape == NULL || v->strides == NULL)
        return arena_fail(w->arena, err);
    size_t end = (size_t)offset->integer, bytes;
    if (!measure(v, sizes, strides, &end) || !checked_mul(end, v->itemsize, &bytes) || bytes > storage.len)
        return false;
    static const uint8_t nothing[1];
    v->data = storage.len == 0 ? nothing : storage.data + (size_t)offset->integer * v->itemsize;
    return true;
}

static bool is_packed(const struct view *v)
{
    int64_t expected = (int64_t)v->itemsize;
    for (unsigned i = v->ndim; i-- > 0;) {
        if (v->shape[i] != 1 && v->strides[i] != expected)
            return false;
        expected *= (int64_t)v->shape[i];
    }
    return true;
}

/* ---- what NumPy has no type for is widened as it is read ---- */

static void widen_one(const struct view *v, int64_t at, uint8_t *out)
{
    for (unsigned i = 0; i < v->element->parts; i++) {
        const float f = v->element->widen(v->data + at + i * (v->itemsize / v->element->parts));
        memcpy(out + i * sizeof f, &f, sizeof f);
    }
}

/* The next row of the box, which is all but its last axis. False: that was the last one. */
static bool next_row(const struct box *box, uint64_t *index)
{
    for (unsigned i = box->ndim < 1 ? 0 : box->ndim - 1; i-- > 0;) {
        if (++index[i] < box->count[i])
            return true;
        index[i] = 0;
    }
    return false;
}

/* Where element 0 of the row is, in bytes from the view's first. */
static int64_t row_at(const struct view *v, const struct box *box, const uint64_t *index)
{
    int64_t at = 0;
    for (unsigned i = 0; i < box->ndim; i++)
        at += (int64_t)(box->start[i] + box->step[i] * index[i]) * v->strides[i];
    return at;
}

static bool read_box(void *self, const struct box *box, uint8_t *window, size_t capacity, struct error *err)
{
    const struct view *v = self;
    const unsigned n = box->ndim;
    const size_t size = v->element->parts * sizeof(float);
    const uint64_t count = n == 0 ? 1 : box->count[n - 1];
    const int64_t stride = n == 0 ? 0 : (int64_t)box->step[n - 1] * v->strides[n - 1];
    uint64_t index[DTYPE_MAX_NDIM] = {0};
    (void)err;
    for (unsigned i = 0; i < n; i++)
        if (box->count[i] == 0)
            return true;
    do {
        int64_t at = row_at(v, box, index);
        for (uint64_t i = 0; i < count && capacity >= size; i++, at += stride) {
            widen_one(v, at, window);
            window += size;
            capacity -= size;
        }
    } while (next_row(box, index));
    return true;
}

static struct value *widened(struct known_work *w, const struct view *view, struct error *err)
{
    struct view *self = arena_alloc(w->arena, 1, sizeof *self);
    struct array_source *source = arena_alloc(w->arena, 1, sizeof *source);
    if (self == NULL || source == NULL)
        return known_made_of(w, NULL, err);
    *self = *view;
    *source = (struct array_source){.self = self, .read = read_box};
    const struct dtype dtype = dtype_make(view->element->parts == 2 ? DTYPE_COMPLEX : DTYPE_FLOAT,
                                          view->element->parts * sizeof(float));
    const struct array a = array_of_source(dtype, view->ndim, view->shape, source);
    return known_made_of(w, value_array(w->arena, &a), err);
}

static struct value *array_of_view(struct known_work *w, const struct view *v, struct error *err)
{
    struct dtype dtype;
    uint64_t size;
    if (!bits_of(v->element, &dtype))
        return NULL;
    struct array a = array_of_memory(dtype, v->ndim, v->shape, v->data);
    if (!array_size(&a, &size) || size / dtype.itemsize > w->limits->elements)
        return NULL;
    if (v->element->widen != NULL)
        return widened(w, v, err);
    if (size > 0 && !is_packed(v))
        a.strides = v->strides;
    return known_made_of(w, value_array(w->arena, &a), err);
}

/* ---- tensors ---- */

/* ('storage', class, key, device, elements[, view]), and its bytes. */
static bool is_storage(const struct value *v)
{
    return v->kind == VALUE_EXTERNAL && v->external->kind == EXTERNAL_PERSISTENT_ID &&
           v->external->data != NULL && v->external->id->kind == VALUE_TUPLE &&
           v->external->id->list.count >= 5;
}

/* Of a tensor that is to be conjugated or negated when it is read: {"conj": True}. */
static bool is_plain(const struct value *metadata)
{
    return metadata->kind == VALUE_NONE || (metadata->kind == VALUE_DICT && metadata->dict.count == 0);
}

/*
 * (storage, offset, size, stride[, requires_grad, hooks[, dtype][, metadata]]): the dtype is the storage's,
 * or its own.
 */
struct value *tensor_of(struct known_work *w, const struct value_object *o, struct error *err)
{
    const struct value *storage = value_meaning(known_argument(o, 0));
    struct view v = {0};
    const size_t n = known_argument_count(o);
    const bool typed = n > 6 && known_argument(o, 6)->kind == VALUE_GLOBAL;
    const size_t plain = typed ? 7 : 6; /* arguments before the metadata */
    if (!is_storage(storage) || n > plain + 1 || (n == plain + 1 && !is_plain(known_argument(o, plain))))
        return NULL;
    v.element = typed ? element_of(known_argument(o, 6), false)
                      : element_of(storage->external->id->list.items[1], true);
    struct dtype bits;
    if (v.element == NULL || v.element->dtype == NULL || !bits_of(v.element, &bits))
        return NULL;
    v.itemsize = bits.itemsize * v.element->parts;
    return see(w, storage->external->data->text, o, &v, err) ? array_of_view(w, &v, err) : NULL;
}

/* (function, class, its arguments, attributes): a subclass, or a tensor that was given attributes. */
struct value *tensor_of_type(struct known_work *w, const struct value_object *o, struct error *err)
{
    const struct value_object call = {
        .made = OBJECT_REDUCE, .callable = known_argument(o, 0), .args = known_argument(o, 2)};
    const struct known *row = known_find(call.callable);
    return row->fn == tensor_of && known_match(&call.args->list, row->arguments) ? tensor_of(w, &call, err)
                                                                                 : NULL;
}

/* (tensor, requires_grad, hooks[, attributes]) */
struct value *parameter_of(struct known_work *w, const struct value_object *o, struct error *err)
{
    struct value *tensor = known_argument(o, 0);
    return known_is_a(w, tensor, &known_tensor, err) ? tensor->object->meaning : NULL;
}

struct value *torch_size_of(struct known_work *w, const struct value_object *o, struct error *err)
{
    (void)w, (void)err;
    return known_argument(o, 0);
}

/* "cpu", or "cuda" and a number. */
struct value *torch_device_of(struct known_work *w, const struct value_object *o, struct error *err)
{
    struct value *type = known_argument(o, 0);
    const struct value *index = known_argument_count(o) > 1 ? known_argument(o, 1) : NULL;
    if (index == NULL)
        return type;
    if (index->kind != VALUE_INT || type->text.len > 40)
        return NULL;
    return known_text(w, err, "%.*s:%lld", (int)type->text.len, (const char *)type->text.data,
                      (long long)index->integer);
}
