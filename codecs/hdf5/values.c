/* Elements of a file as values. What h5py gives is what one gets. */
#include "h5.h"
#include "utf8.h"

/* ---- text ---- */

/* Each byte as the code point of the same number; out has twice the room. */
static size_t latin1(struct bytes raw, uint8_t *out)
{
    size_t n = 0;
    for (size_t i = 0; i < raw.len; i++)
        n += utf8_put(raw.data[i], out + n);
    return n;
}

bool h5_text(struct bytes raw, struct arena *arena, struct bytes *out, struct error *err)
{
    *out = raw;
    if (utf8_valid(raw) == raw.len)
        return true;
    uint8_t *text = arena_alloc(arena, raw.len, 2);
    if (text == NULL)
        return arena_fail(arena, err);
    *out = bytes_of(text, latin1(raw, text));
    return true;
}

/* ---- the sandbox's texts as views ---- */

/* Where the texts of an element are, and the heap that they point into. */
struct texts {
    size_t *offsets;
    size_t count;
};

static bool latin1_to_heap(struct sink *heap, uint8_t *slot, struct error *err)
{
    const uint64_t at = load_u64_le(slot), len = load_u64_le(slot + 8);
    if (at > heap->len || len > heap->len - at)
        return FAIL(err, ERR_INTERNAL, ERROR_NO_OFFSET, "a text lies outside of its heap");
    if (utf8_valid(bytes_of(heap->data + at, len)) == len)
        return true;
    uint8_t *room = sink_reserve(heap, 2 * len);
    if (room == NULL)
        return sink_fail(err);
    const size_t n = latin1(bytes_of(heap->data + at, len), room);
    store_u64_le(slot, heap->len);
    store_u64_le(slot + 8, n);
    sink_commit(heap, n);
    return true;
}

/* From offsets to views. Two passes: the heap may move while texts that are not UTF-8 are added to it. */
static bool texts_resolve(const struct texts *x, size_t itemsize, uint8_t *elements, uint64_t count,
                          struct sink *heap, struct error *err)
{
    for (uint64_t e = 0; e < count; e++)
        for (size_t i = 0; i < x->count; i++)
            if (!latin1_to_heap(heap, elements + e * itemsize + x->offsets[i], err))
                return false;
    for (uint64_t e = 0; e < count; e++)
        for (size_t i = 0; i < x->count; i++) {
            uint8_t *slot = elements + e * itemsize + x->offsets[i];
            const struct bytes text = bytes_of(heap->data + load_u64_le(slot), load_u64_le(slot + 8));
            memcpy(slot, &text, sizeof text);
        }
    return true;
}

/* ---- a dataset as the source of an array ---- */

struct dataset_source {
    struct array_source source;
    struct h5_file file;
    uint64_t base, object, extent;
    struct bytes path; /* from base: the arena's */
    size_t itemsize;
    unsigned ndim;
    const uint64_t *dims;
    struct texts texts;
    struct sink heap;
};

static void heap_drop(void *heap)
{
    sink_deinit(heap);
}

static bool source_extent(void *self, int *fd, uint64_t *offset)
{
    const struct dataset_source *s = self;
    *fd = s->file.fd;
    *offset = s->extent;
    return s->extent != UINT64_MAX;
}

/* Where the box starts in the dataset if its elements follow each other there. */
static bool one_run(const struct dataset_source *s, const struct box *box, uint64_t *start, uint64_t *count)
{
    bool inner = false; /* an axis further out has more than one place: this one must be whole */
    *start = 0;
    *count = 1;
    for (unsigned i = 0; i < s->ndim; i++) {
        if (box->count[i] > 1 && box->step[i] != 1)
            return false;
        if (inner && box->count[i] != s->dims[i])
            return false;
        if (box->start[i] + box->count[i] > s->dims[i])
            return false;
        inner |= box->count[i] > 1;
        *start = *start * s->dims[i] + box->start[i];
        *count *= box->count[i];
    }
    return true;
}

static bool source_read(void *self, const struct box *box, uint8_t *window, size_t capacity,
                        struct error *err)
{
    struct dataset_source *s = self;
    uint64_t start, count = 1;
    if (s->extent != UINT64_MAX && one_run(s, box, &start, &count) && count <= capacity / s->itemsize)
        return input_pread(s->file.fd, s->extent + start * s->itemsize, window, count * s->itemsize, err);
    const struct sandbox_request request = {.op = SANDBOX_READ,
                                            .fd = s->file.fd,
                                            .identity = s->file.identity,
                                            .base = s->base,
                                            .target = s->object,
                                            .path = s->path,
                                            .most = s->file.limits->memory,
                                            .box = box,
                                            .window = window,
                                            .window_size = capacity};
    s->heap.len = 0;
    if (!sandbox_call(&request, &s->heap, err))
        return false;
    count = 1;
    for (unsigned i = 0; i < box->ndim; i++)
        count *= box->count[i];
    return s->texts.count == 0 || texts_resolve(&s->texts, s->itemsize, window, count, &s->heap, err);
}

static bool source_new(const struct h5_file *f, const struct h5_object *o, struct arena *arena,
                       struct dataset_source **out, struct error *err)
{
    struct dataset_source *s = arena_alloc(arena, 1, sizeof *s);
    if (s == NULL || !arena_defer(arena, heap_drop, &s->heap))
        return arena_fail(arena, err);
    *s = (struct dataset_source){.source = {s, source_read, source_extent},
                                 .file = *f,
                                 .base = o->base,
                                 .object = o->object,
                                 .path = arena_copy(arena, o->path),
                                 .extent = o->extent,
                                 .itemsize = o->shape.dtype.itemsize,
                                 .ndim = o->shape.ndim,
                                 .dims = o->shape.dims};
    *out = s;
    if (s->path.data == NULL)
        return arena_fail(arena, err);
    return wire_texts(&o->shape.dtype, arena, &s->texts.offsets, &s->texts.count, err);
}

bool h5_whole_dataset(const struct array *a, struct sandbox_request *out)
{
    if (a->source == NULL || a->source->read != source_read || a->axes != NULL)
        return false;
    const struct dataset_source *s = a->source->self;
    *out = (struct sandbox_request){.fd = s->file.fd,
                                    .identity = s->file.identity,
                                    .base = s->base,
                                    .target = s->object,
                                    .path = s->path,
                                    .most = s->file.limits->memory};
    return true;
}

bool h5_dataset_load(const struct h5_file *f, const struct h5_object *o, struct arena *arena,
                     const uint8_t **out, uint64_t *count, struct error *err)
{
    struct dataset_source *s;
    if (!source_new(f, o, arena, &s, err))
        return false;
    const struct array a = array_of_source(o->shape.dtype, o->shape.ndim, o->shape.dims, &s->source);
    *out = NULL;
    if (!array_count(&a, count))
        return FAIL(err, ERR_UNSUPPORTED, ERROR_NO_OFFSET, "the dataset is too big");
    if (o->shape.space == SPACE_NULL)
        *count = 0;
    return *count == 0 || array_pack(&a, arena, out, err);
}

/* ---- scalars ---- */

static size_t trimmed(const uint8_t *text, size_t n)
{
    while (n > 0 && text[n - 1] == 0)
        n--;
    return n;
}

/* A scalar text: str, whatever its length in the file is. */
static bool text_value(const struct dtype *t, const uint8_t *element, struct arena *arena, struct value **out,
                       struct error *err)
{
    struct bytes text;
    if (element == NULL)
        return FAIL(err, ERR_INTERNAL, ERROR_NO_OFFSET, "a scalar has no element");
    if (t->kind == DTYPE_TEXT)
        memcpy(&text, element, sizeof text);
    else
        text = bytes_of(element, trimmed(element, t->itemsize));
    if (!h5_text(text, arena, &text, err))
        return false;
    text = arena_copy(arena, text);
    *out = text.data == NULL ? NULL : value_str(arena, text);
    return *out != NULL || arena_fail(arena, err);
}

static bool is_text(const struct dtype *t)
{
    return t->kind == DTYPE_TEXT || t->kind == DTYPE_BYTES;
}

static bool array_value(struct array a, const struct h5_shape *s, struct arena *arena, struct value **out,
                        struct error *err)
{
    a.scalar = s->space == SPACE_SCALAR;
    *out = value_array(arena, &a);
    return *out != NULL || arena_fail(arena, err);
}

static bool none_value(struct arena *arena, struct value **out, struct error *err)
{
    *out = value_new(arena, VALUE_NONE);
    return *out != NULL || arena_fail(arena, err);
}

bool h5_dataset_value(const struct h5_file *f, const struct h5_object *o, struct arena *arena,
                      struct value **out, struct error *err)
{
    const struct h5_shape *s = &o->shape;
    struct dataset_source *source;
    if (s->space == SPACE_NULL)
        return none_value(arena, out, err);
    if (!source_new(f, o, arena, &source, err))
        return false;
    if (s->space != SPACE_SCALAR || !is_text(&s->dtype))
        return array_value(array_of_source(s->dtype, s->ndim, s->dims, &source->source), s, arena, out, err);
    const uint8_t *element;
    uint64_t count;
    return h5_dataset_load(f, o, arena, &element, &count, err) &&
           text_value(&s->dtype, element, arena, out, err);
}

bool h5_attribute_value(const struct h5_attribute *a, struct arena *arena, struct value **out,
                        struct error *err)
{
    const struct h5_shape *s = &a->shape;
    struct texts x;
    if (s->space == SPACE_NULL)
        return none_value(arena, out, err);
    struct array array = array_of_memory(s->dtype, s->ndim, s->dims, a->elements.data);
    uint64_t size;
    if (!array_size(&array, &size) || size != a->elements.len ||
        !wire_texts(&s->dtype, arena, &x.offsets, &x.count, err))
        return FAIL(err, ERR_INTERNAL, ERROR_NO_OFFSET, "an attribute has a wrong size");
    if (x.count > 0) {
        struct sink *heap = arena_alloc(arena, 1, sizeof *heap);
        const struct bytes copy = arena_copy(arena, a->elements); /* aligned, and ours to change */
        if (heap == NULL || copy.data == NULL || !arena_defer(arena, heap_drop, heap))
            return arena_fail(arena, err);
        array.data = copy.data;
        uint64_t count;
        if (!array_count(&array, &count) || !sink_bytes(heap, a->heap, err) ||
            !texts_resolve(&x, s->dtype.itemsize, (uint8_t *)(uintptr_t)copy.data, count, heap, err))
            return false;
    }
    if (s->space == SPACE_SCALAR && is_text(&s->dtype))
        return text_value(&s->dtype, array.data, arena, out, err);
    return array_value(array, s, arena, out, err);
}
