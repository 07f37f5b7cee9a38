#include "array_copy.h"

/* Some fields of the records of another storage, as a source of their own. */
struct fields_source {
    struct array_source source;
    struct array records; /* a box of the storage, in whole records */
    struct axis axes[DTYPE_MAX_NDIM];
    uint64_t shape[DTYPE_MAX_NDIM];
    struct field_place {
        size_t from, to, size;
    } * places;
    size_t place_count;
    size_t itemsize;                 /* of what is given */
    unsigned tail;                   /* axes after those of the storage: a sub-array's */
    int64_t strides[DTYPE_MAX_NDIM]; /* of the tail, in a record */
    struct array_cursor cursor;
    struct arena *arena;
};

enum { FIELDS_WINDOW = 256 << 10 };

/* The records of the box's leading axes. */
static void aim_records(struct fields_source *f, const struct box *box)
{
    for (unsigned i = 0; i < f->records.storage_ndim; i++) {
        f->axes[i] =
            (struct axis){.start = box->start[i], .step = (int64_t)box->step[i], .count = box->count[i]};
        f->shape[i] = box->count[i];
    }
}

/* One place of n records to window; the tail's part of the box for each. */
static uint64_t copy_place(const struct fields_source *f, const struct field_place *place,
                           const struct box *box, const uint8_t *records, size_t n, uint8_t *window)
{
    const unsigned ndim = f->records.storage_ndim;
    struct copy c = {.ndim = f->tail + 1, .size = place->size};
    int64_t stride = (int64_t)f->itemsize;
    c.from = records + place->from;
    c.to = window + place->to;
    for (unsigned i = f->tail; i-- > 0;) {
        c.count[i + 1] = box->count[ndim + i];
        c.to_stride[i + 1] = stride;
        c.from_stride[i + 1] = (int64_t)box->step[ndim + i] * f->strides[i];
        c.from += (int64_t)box->start[ndim + i] * f->strides[i];
        stride *= (int64_t)box->count[ndim + i];
    }
    c.count[0] = n;
    c.to_stride[0] = stride;
    c.from_stride[0] = (int64_t)f->records.dtype.itemsize;
    copy_run(&c);
    return (uint64_t)stride;
}

/* Text in records is valid until the next read, so all of it is read at once. */
static size_t window_for(const struct fields_source *f)
{
    return dtype_is_flat(&f->records.dtype) ? FIELDS_WINDOW : SIZE_MAX;
}

static bool fields_read(void *self, const struct box *box, uint8_t *window, size_t capacity,
                        struct error *err)
{
    struct fields_source *f = self;
    const uint8_t *records;
    size_t n;
    (void)capacity;
    aim_records(f, box);
    if (!array_cursor_init(&f->cursor, &f->records, window_for(f), f->arena, err))
        return false;
    while (array_cursor_next(&f->cursor, &records, &n, err)) {
        if (n == 0)
            return true;
        uint64_t bytes = 0; /* of one record, as it is given */
        for (size_t i = 0; i < f->place_count; i++)
            bytes = copy_place(f, &f->places[i], box, records, n, window);
        window += bytes * n;
    }
    return false;
}

/* ---- making one ---- */

static const struct dtype_field *find_field(const struct dtype *t, struct bytes name)
{
    for (size_t i = 0; i < t->field_count; i++)
        if (bytes_equal(t->fields[i].name, name))
            return &t->fields[i];
    return NULL;
}

/* The record that the name begins with, as in "wind.speed"; *name is the rest then. */
static const struct dtype_field *find_record(const struct dtype *t, struct bytes *name)
{
    for (size_t i = 0; i < name->len; i++) {
        const struct dtype_field *field =
            name->data[i] == '.' ? find_field(t, bytes_of(name->data, i)) : NULL;
        if (field != NULL && field->dtype->field_count > 0) {
            *name = bytes_of(name->data + i + 1, name->len - i - 1);
            return field;
        }
    }
    return NULL;
}

/* A field, or one of a field. *out: NULL where there is none. */
static bool find_deep(const struct dtype *t, struct bytes name, struct arena *arena,
                      const struct dtype_field **out, struct error *err)
{
    const struct dtype_field *record;
    struct bytes rest = name;
    size_t offset = 0;
    while ((*out = find_field(t, rest)) == NULL && (record = find_record(t, &rest)) != NULL) {
        offset += record->offset;
        t = record->dtype;
    }
    if (*out == NULL || rest.len == name.len)
        return true;
    struct dtype_field *deep = arena_alloc(arena, 1, sizeof *deep);
    if (deep == NULL)
        return arena_fail(arena, err);
    *deep = (struct dtype_field){.name = name, .offset = offset + (*out)->offset, .dtype = (*out)->dtype};
    *out = deep;
    return true;
}

static bool find_fields(const struct array *a, const struct bytes *names, size_t count, struct arena *arena,
                        const struct dtype_field **found, struct error *err)
{
    if (a->dtype.field_count == 0)
        return FAIL(err, ERR_NOT_FOUND, ERROR_NO_OFFSET, "the array has no fields");
    for (size_t i = 0; i < count; i++) {
        if (!find_deep(&a->dtype, names[i], arena, &found[i], err))
            return false;
        if (found[i] == NULL)
            return FAIL(err, ERR_NOT_FOUND, ERROR_NO_OFFSET, "the records have no field '%.*s'",
                        (int)(names[i].len < 100 ? names[i].len : 100), (const char *)names[i].data);
        for (size_t j = 0; j < i; j++)
            if (bytes_equal(names[j], names[i]))
                return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "the field '%.*s' is named twice",
                            (int)(names[i].len < 100 ? names[i].len : 100), (const char *)names[i].data);
    }
    return true;
}

/* The shape, storage shape and axes of a, and after them those of a sub-array. */
static bool add_tail(struct array *out, const struct dtype *field, struct arena *arena, struct error *err)
{
    const struct array a = *out;
    if (field->base == NULL) {
        out->dtype = *field;
        return true;
    }
    const unsigned tail = field->ndim;
    if (a.ndim + tail > DTYPE_MAX_NDIM || a.storage_ndim + tail > DTYPE_MAX_NDIM)
        return FAIL(err, ERR_UNSUPPORTED, ERROR_NO_OFFSET, "the field would have more than %d dimensions",
                    DTYPE_MAX_NDIM);
    uint64_t *shape = arena_alloc(arena, a.ndim + tail, sizeof *shape);
    uint64_t *storage = arena_alloc(arena, a.storage_ndim + tail, sizeof *storage);
    struct axis *axes = arena_alloc(arena, a.storage_ndim + tail, sizeof *axes);
    if (shape == NULL || storage == NULL || axes == NULL)
        return arena_fail(arena, err);
    for (unsigned i = 0; i < a.ndim; i++)
        shape[i] = a.shape[i];
    for (unsigned i = 0; i < a.storage_ndim; i++) {
        storage[i] = a.storage_shape[i];
        axes[i] = array_axis(&a, i);
    }
    for (unsigned i = 0; i < tail; i++) {
        shape[a.ndim + i] = storage[a.storage_ndim + i] = field->shape[i];
        axes[a.storage_ndim + i] = (struct axis){.step = 1, .count = field->shape[i]};
    }
    out->dtype = *field->base;
    out->ndim += tail;
    out->storage_ndim += tail;
    out->shape = shape;
    out->storage_shape = storage;
    out->axes = axes;
    out->scalar = a.scalar && tail == 0;
    return true;
}

/* Packed in C order. */
static void tail_strides(const struct dtype *field, int64_t *strides)
{
    uint64_t stride = field->base == NULL ? 0 : field->base->itemsize;
    for (unsigned i = field->base == NULL ? 0 : field->ndim; i-- > 0; stride *= field->shape[i])
        strides[i] = (int64_t)stride;
}

/* One field of records in memory is memory with bigger strides. */
static bool select_in_memory(const struct array *a, const struct dtype_field *field, struct arena *arena,
                             struct array *out, struct error *err)
{
    const unsigned tail = field->dtype->base == NULL ? 0 : field->dtype->ndim;
    int64_t *strides = arena_alloc(arena, a->storage_ndim + tail, sizeof *strides);
    struct array view = *a;
    if (strides == NULL)
        return arena_fail(arena, err);
    if (!add_tail(&view, field->dtype, arena, err))
        return false;
    array_strides(a, strides);
    tail_strides(field->dtype, strides + a->storage_ndim);
    view.strides = strides;
    view.fortran = false;
    view.data += field->offset;
    *out = view;
    return true;
}

/* A record of the fields, one after the other, and where each comes from. */
static bool pack_fields(const struct dtype_field *const *found, size_t count, struct fields_source *f,
                        struct arena *arena, struct dtype *out, struct error *err)
{
    struct dtype_field *fields = arena_alloc(arena, count, sizeof *fields);
    f->places = arena_alloc(arena, count, sizeof *f->places);
    if (fields == NULL || f->places == NULL)
        return arena_fail(arena, err);
    size_t offset = 0;
    for (size_t i = 0; i < count; i++) {
        const size_t size = found[i]->dtype->itemsize;
        fields[i] = *found[i];
        fields[i].offset = offset;
        f->places[i] = (struct field_place){.from = found[i]->offset, .to = offset, .size = size};
        if (!checked_add(offset, size, &offset))
            return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "the fields together are too big");
    }
    f->place_count = count;
    *out = (struct dtype){
        .kind = DTYPE_VOID, .order = '|', .itemsize = offset, .fields = fields, .field_count = count};
    return true;
}

static struct fields_source *fields_source_new(const struct array *a, struct arena *arena)
{
    struct fields_source *f = arena_alloc(arena, 1, sizeof *f);
    if (f == NULL)
        return NULL;
    f->source = (struct array_source){.self = f, .read = fields_read};
    f->arena = arena;
    f->records = *a;
    f->records.ndim = a->storage_ndim;
    f->records.shape = f->shape;
    f->records.axes = f->axes;
    return f;
}

static bool select_from_source(const struct array *a, const struct dtype_field *const *found, size_t count,
                               struct arena *arena, struct array *out, struct error *err)
{
    struct fields_source *f = fields_source_new(a, arena);
    struct array view = *a;
    struct dtype record;
    if (f == NULL)
        return arena_fail(arena, err);
    if (!pack_fields(found, count, f, arena, &record, err))
        return false;
    if (!add_tail(&view, count == 1 ? found[0]->dtype : &record, arena, err))
        return false;
    view.data = NULL;
    view.strides = NULL;
    view.fortran = false;
    view.source = &f->source;
    f->itemsize = view.dtype.itemsize;
    if (count == 1) {
        f->tail = view.storage_ndim - a->storage_ndim;
        f->places[0].size = f->itemsize;
        tail_strides(found[0]->dtype, f->strides);
    }
    *out = view;
    return true;
}

bool array_select_fields(const struct array *a, const struct bytes *names, size_t count, struct arena *arena,
                         struct array *out, struct error *err)
{
    if (count == 0 || count > a->dtype.field_count + 1)
        return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "between one and all of the fields can be selected");
    const struct dtype_field **found = arena_alloc(arena, count, sizeof *found);
    if (found == NULL)
        return arena_fail(arena, err);
    if (!find_fields(a, names, count, arena, found, err))
        return false;
    if (count == 1 && a->source == NULL)
        return select_in_memory(a, found[0], arena, out, err);
    return select_from_source(a, found, count, arena, out, err);
}
