/* Elements of a file as values. What h5py gives is what one gets. */
#include "direct.h"

/* ---- a dataset as the source of an array ---- */

struct dataset_source {
    struct array_source source;
    struct h5_file file;
    uint64_t base, object, extent;
    struct bytes path; /* from base: the arena's */
    size_t itemsize;
    unsigned ndim;
    const uint64_t *dims;
    struct dtype dtype; /* which the slots point into */
    struct h5_slots slots;
    struct arena *arena,
        *objects; /* objects: for the values of 'O' elements, instead of the arena; or NULL */
    struct sink heap;
    struct direct *direct; /* NULL: the library reads */
    bool holes;            /* between the fields of a record: what the file has there is nobody's */
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
    return s->extent != UINT64_MAX && !s->holes;
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

/* True: done. A chunk that is not understood here may be understood by the library, which has the last word.
 */
static bool read_direct(struct dataset_source *s, const struct box *box, uint8_t *window, size_t capacity,
                        struct error *err)
{
    struct error why = {0};
    if (direct_read(s->direct, box, window, capacity, &why))
        return true;
    if (why.kind != ERR_SYNTAX || s->file.options->hdf5_path == HDF5_DIRECT)
        *err = why;
    return false;
}

static bool clear_holes(const struct dataset_source *s, uint8_t *elements, uint64_t count, struct error *err)
{
    AUTO(arena_free) struct arena scratch;
    arena_init(&scratch, 64 << 20);
    return !s->holes || dtype_clear_holes(&s->dtype, elements, (size_t)count, &scratch, err);
}

/* What somebody writes meanwhile is not read: the sandbox asks the same of what it reads. */
static bool unchanged(const struct dataset_source *s, struct error *err)
{
    return s->file.identity.serial != 0 || sandbox_unchanged(s->file.fd, &s->file.identity, err);
}

static bool source_read(void *self, const struct box *box, uint8_t *window, size_t capacity,
                        struct error *err)
{
    struct dataset_source *s = self;
    uint64_t start, count = 1;
    if (s->extent != UINT64_MAX && one_run(s, box, &start, &count) && count <= capacity / s->itemsize)
        return input_pread(s->file.fd, s->extent + start * s->itemsize, window, count * s->itemsize, err) &&
               clear_holes(s, window, count, err) && unchanged(s, err);
    if (s->direct != NULL && (read_direct(s, box, window, capacity, err) || err->kind != ERR_NONE))
        return err->kind == ERR_NONE && unchanged(s, err);
    count = 1;
    for (unsigned i = 0; i < box->ndim; i++)
        count *= box->count[i];
    const size_t need = count <= capacity / s->itemsize ? (size_t)count * s->itemsize : capacity;
    const struct sandbox_request request = {.op = SANDBOX_READ,
                                            .fd = s->file.fd,
                                            .identity = s->file.identity,
                                            .base = s->base,
                                            .target = s->object,
                                            .path = s->path,
                                            .most = s->file.limits->memory,
                                            .box = box,
                                            .window = window,
                                            .watch = s->file.watch,
                                            .window_size = need}; /* all of it crosses */
    s->heap.len = 0;
    if (!sandbox_call(&request, &s->heap, err))
        return false;
    struct arena *objects = s->objects != NULL ? s->objects : s->arena;
    return s->slots.count == 0 || h5_resolve(&s->slots, s->itemsize, window, count, &s->heap, objects, err);
}

static bool source_new(const struct h5_file *f, const struct h5_object *o, struct arena *arena,
                       struct dataset_source **out, struct error *err)
{
    struct dataset_source *s = arena_alloc(arena, 1, sizeof *s);
    if (s == NULL || !arena_defer(arena, heap_drop, &s->heap))
        return arena_fail(arena, err);
    *s = (struct dataset_source){.source = {.self = s, .read = source_read, .extent = source_extent},
                                 .file = *f,
                                 .base = o->base,
                                 .object = o->object,
                                 .path = arena_copy(arena, o->path),
                                 .extent = o->extent,
                                 .itemsize = o->shape.dtype.itemsize,
                                 .ndim = o->shape.ndim,
                                 .dims = o->shape.dims,
                                 .dtype = o->shape.dtype,
                                 .arena = arena};
    *out = s;
    if (s->path.data == NULL)
        return arena_fail(arena, err);
    if (!direct_new(f, o, arena, &s->direct, err))
        return false;
    if (s->extent != UINT64_MAX && !direct_has_holes(&s->dtype, arena, &s->holes, err))
        return false;
    s->source.best = s->direct == NULL ? 0 : direct_best(s->direct);
    return wire_slots(&s->dtype, arena, &s->slots.items, &s->slots.count, err);
}

void h5_objects_into(const struct array *a, struct arena *objects)
{
    if (a->source != NULL && a->source->read == source_read)
        ((struct dataset_source *)a->source->self)->objects = objects;
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

/* A scalar text is a str, whatever its length in the file is; an object is itself. */
static bool held_value(const struct dtype *t, const uint8_t *element, struct arena *arena, struct value **out,
                       struct error *err)
{
    struct bytes text;
    if (element == NULL)
        return FAIL(err, ERR_INTERNAL, ERROR_NO_OFFSET, "a scalar has no element");
    if (t->kind == DTYPE_OBJECT) {
        memcpy(out, element, sizeof *out);
        return true;
    }
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

/* A scalar of these is what it holds. */
static bool is_held(const struct dtype *t)
{
    return t->kind == DTYPE_TEXT || t->kind == DTYPE_BYTES || t->kind == DTYPE_OBJECT;
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
    if (s->space != SPACE_SCALAR || !is_held(&s->dtype))
        return array_value(array_of_source(s->dtype, s->ndim, s->dims, &source->source), s, arena, out, err);
    const uint8_t *element;
    uint64_t count;
    return h5_dataset_load(f, o, arena, &element, &count, err) &&
           held_value(&s->dtype, element, arena, out, err);
}

bool h5_attribute_value(const struct h5_attribute *a, struct arena *arena, struct value **out,
                        struct error *err)
{
    const struct h5_shape *s = &a->shape;
    struct h5_slots x;
    if (s->space == SPACE_NULL)
        return none_value(arena, out, err);
    struct array array = array_of_memory(s->dtype, s->ndim, s->dims, a->elements.data);
    uint64_t size;
    if (!array_size(&array, &size) || size != a->elements.len ||
        !wire_slots(&s->dtype, arena, &x.items, &x.count, err))
        return FAIL(err, ERR_INTERNAL, ERROR_NO_OFFSET, "an attribute has a wrong size");
    if (x.count > 0) {
        struct sink *heap = arena_alloc(arena, 1, sizeof *heap);
        const struct bytes copy = arena_copy(arena, a->elements); /* aligned, and ours to change */
        if (heap == NULL || copy.data == NULL || !arena_defer(arena, heap_drop, heap))
            return arena_fail(arena, err);
        array.data = copy.data;
        uint64_t count;
        if (!array_count(&array, &count) || !sink_bytes(heap, a->heap, err) ||
            !h5_resolve(&x, s->dtype.itemsize, (uint8_t *)(uintptr_t)copy.data, count, heap, arena, err))
            return false;
    }
    if (s->space == SPACE_SCALAR && is_held(&s->dtype))
        return held_value(&s->dtype, array.data, arena, out, err);
    return array_value(array, s, arena, out, err);
}
