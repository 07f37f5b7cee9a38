#include "dtype.h"

#include "value.h"

/* A record that is being read. */
struct frame {
    const struct value *descr;
    size_t next, count; /* entries of the descr */
    struct dtype_field *fields;
    size_t field_count;
    size_t offset;
    const struct value *shape;                              /* of the entry that is being read; NULL: none */
    const struct value *names, *formats, *offsets, *titles; /* the dict form */
    size_t itemsize;
    bool is_subarray; /* (type, shape): element is it, once it is known */
    struct dtype element;
};

struct reading {
    struct frame frames[DTYPE_MAX_DEPTH];
    unsigned depth;
    size_t parts;
    struct arena *arena;
};

static bool bad(struct error *err, const char *what)
{
    return FAIL(err, ERR_SYNTAX, ERROR_NO_OFFSET, "the dtype's description is wrong: %s", what);
}

static bool is_sequence(const struct value *v)
{
    return v != NULL && (v->kind == VALUE_TUPLE || v->kind == VALUE_LIST);
}

/* ---- shapes ---- */

static bool read_dimension(const struct value *v, uint64_t *out, struct error *err)
{
    if (v->kind != VALUE_INT || v->integer < 0)
        return bad(err, "a shape has whole numbers");
    *out = (uint64_t)v->integer;
    return true;
}

/* The dimensions of a shape; *ndim 0: NumPy takes no sub-array for () and 1. */
static bool read_shape(const struct value *v, struct arena *arena, uint64_t **out, unsigned *ndim,
                       struct error *err)
{
    const bool single = v->kind == VALUE_INT;
    if (!single && !is_sequence(v))
        return bad(err, "a shape is a tuple of integers");
    const size_t count = single ? 1 : v->list.count;
    if (count > DTYPE_MAX_NDIM)
        return bad(err, "a shape has too many dimensions");
    uint64_t *shape = arena_alloc(arena, count, sizeof *shape);
    if (shape == NULL)
        return arena_fail(arena, err);
    for (size_t i = 0; i < count; i++)
        if (!read_dimension(single ? v : v->list.items[i], &shape[i], err))
            return false;
    *out = shape;
    *ndim = single && shape[0] == 1 ? 0 : (unsigned)count;
    return true;
}

/* t in that shape; a sub-array of sub-arrays is one with more dimensions. */
static bool wrap(const struct value *shape_value, struct arena *arena, struct dtype *t, struct error *err)
{
    uint64_t *outer;
    unsigned outer_ndim;
    if (!read_shape(shape_value, arena, &outer, &outer_ndim, err))
        return false;
    if (outer_ndim == 0)
        return true;
    const unsigned inner_ndim = t->base == NULL ? 0 : t->ndim, ndim = outer_ndim + inner_ndim;
    struct dtype *base = arena_alloc(arena, 1, sizeof *base);
    uint64_t *shape = arena_alloc(arena, ndim, sizeof *shape);
    if (base == NULL || shape == NULL)
        return arena_fail(arena, err);
    if (ndim > DTYPE_MAX_NDIM)
        return bad(err, "a shape has too many dimensions");
    size_t itemsize = t->itemsize;
    for (unsigned i = 0; i < ndim; i++)
        shape[i] = i < outer_ndim ? outer[i] : t->shape[i - outer_ndim];
    for (unsigned i = 0; i < outer_ndim; i++)
        if (!checked_mul(itemsize, outer[i], &itemsize) || itemsize > INT32_MAX)
            return bad(err, "a sub-array is too big");
    *base = inner_ndim > 0 ? *t->base : *t;
    *t = (struct dtype){
        .kind = DTYPE_VOID, .order = '|', .itemsize = itemsize, .base = base, .ndim = ndim, .shape = shape};
    return true;
}

/* ---- records ---- */

static const struct value *dict_member(const struct value *dict, const char *key, size_t count)
{
    const struct value *v = value_get(dict, key);
    return is_sequence(v) && v->list.count == count ? v : NULL;
}

static bool start_dict(struct frame *f, struct error *err)
{
    const struct value *names = value_get(f->descr, "names");
    const struct value *size = value_get(f->descr, "itemsize");
    f->count = is_sequence(names) ? names->list.count : 0;
    f->names = names;
    f->formats = dict_member(f->descr, "formats", f->count);
    f->offsets = dict_member(f->descr, "offsets", f->count);
    f->titles = dict_member(f->descr, "titles", f->count);
    if (!is_sequence(names) || f->formats == NULL)
        return bad(err, "names and formats must be lists of one length");
    if (size != NULL && (size->kind != VALUE_INT || size->integer < 0))
        return bad(err, "an itemsize is a whole number");
    f->itemsize = size == NULL ? 0 : (size_t)size->integer;
    return true;
}

/* (type, shape), and not a record of two fields, whose second has a name. */
static bool is_subarray(const struct value *v)
{
    if (!is_sequence(v) || v->list.count != 2 || (v->list.items[0]->kind == VALUE_INT))
        return false;
    const struct value *shape = v->list.items[1];
    if (shape->kind == VALUE_INT)
        return true;
    for (size_t i = 0; is_sequence(shape) && i < shape->list.count; i++)
        if (shape->list.items[i]->kind != VALUE_INT)
            return false;
    return is_sequence(shape);
}

static bool push(struct reading *r, const struct value *descr, struct error *err)
{
    if (r->depth == DTYPE_MAX_DEPTH)
        return FAIL_LIMIT(err, "depth", DTYPE_MAX_DEPTH, "the dtype is nested deeper than %d levels",
                          DTYPE_MAX_DEPTH);
    struct frame *f = &r->frames[r->depth];
    *f = (struct frame){.descr = descr, .is_subarray = is_subarray(descr)};
    if (descr->kind != VALUE_DICT && !is_sequence(descr))
        return bad(err, "it is a string, a list or a dict");
    if (descr->kind == VALUE_DICT && !start_dict(f, err))
        return false;
    if (descr->kind != VALUE_DICT)
        f->count = f->is_subarray ? 1 : descr->list.count;
    r->parts += f->count;
    if (r->parts > DTYPE_MAX_LEAVES)
        return FAIL_LIMIT(err, "nodes", DTYPE_MAX_LEAVES, "the dtype has more than %d parts",
                          DTYPE_MAX_LEAVES);
    f->fields = arena_alloc(r->arena, f->count, sizeof *f->fields);
    if (f->fields == NULL)
        return arena_fail(r->arena, err);
    r->depth++;
    return true;
}

/* A name, or a tuple (title, name). */
static bool read_name(const struct value *v, struct dtype_field *field, struct error *err)
{
    const bool titled = is_sequence(v) && v->list.count == 2;
    const struct value *name = titled ? v->list.items[1] : v;
    const struct value *title = titled ? v->list.items[0] : NULL;
    if (name->kind != VALUE_STR || (title != NULL && title->kind != VALUE_STR))
        return bad(err, "a field's name is a string");
    field->name = name->text;
    field->title = title == NULL ? bytes_of(NULL, 0) : title->text;
    return true;
}

static bool read_place(struct frame *f, struct dtype_field *field, struct error *err)
{
    const struct value *offset = f->offsets == NULL ? NULL : f->offsets->list.items[f->next];
    const struct value *title = f->titles == NULL ? NULL : f->titles->list.items[f->next];
    if (offset != NULL && (offset->kind != VALUE_INT || offset->integer < 0 || offset->integer > INT32_MAX))
        return bad(err, "an offset is a whole number");
    if (offset != NULL)
        f->offset = (size_t)offset->integer;
    if (title != NULL && title->kind == VALUE_STR)
        field->title = title->text;
    return true;
}

/* The entry that is next: its name into the field, its description and shape for whoever reads on. */
static bool open_entry(struct frame *f, const struct value **descr, struct error *err)
{
    struct dtype_field *field = &f->fields[f->field_count];
    f->shape = NULL;
    if (f->is_subarray) {
        *descr = f->descr->list.items[0];
        f->shape = f->descr->list.items[1];
        return true;
    }
    if (f->names != NULL) {
        *descr = f->formats->list.items[f->next];
        return read_name(f->names->list.items[f->next], field, err) && read_place(f, field, err);
    }
    const struct value *entry = f->descr->list.items[f->next];
    if (!is_sequence(entry) || entry->list.count < 2 || entry->list.count > 3)
        return bad(err, "a field is a tuple (name, type) or (name, type, shape)");
    *descr = entry->list.items[1];
    if (entry->list.count == 3)
        f->shape = entry->list.items[2];
    return read_name(entry->list.items[0], field, err);
}

static bool check_names(const struct frame *f, struct error *err)
{
    const struct bytes name = f->fields[f->field_count].name;
    for (size_t i = 0; i < f->field_count; i++)
        if (bytes_equal(f->fields[i].name, name))
            return bad(err, "two fields have one name");
    return true;
}

/* Holes are unnamed plain voids (numpy.lib.format.descr_to_dtype). */
static bool is_hole(const struct frame *f, const struct dtype *t)
{
    return f->names == NULL && f->fields[f->field_count].name.len == 0 && t->kind == DTYPE_VOID &&
           t->field_count == 0 && t->base == NULL;
}

/* The entry's type is known. */
static bool close_entry(struct frame *f, struct arena *arena, struct dtype t, struct error *err)
{
    struct dtype_field *field = &f->fields[f->field_count];
    size_t end;
    if (f->shape != NULL && !wrap(f->shape, arena, &t, err))
        return false;
    if (!checked_add(f->offset, t.itemsize, &end) || end > INT32_MAX)
        return bad(err, "a record is too big");
    f->next++;
    f->element = t;
    if (f->is_subarray)
        return true;
    if (is_hole(f, &t)) {
        f->offset = end;
        return true;
    }
    struct dtype *copy = arena_alloc(arena, 1, sizeof *copy);
    if (copy == NULL)
        return arena_fail(arena, err);
    if (!check_names(f, err))
        return false;
    *copy = t;
    field->dtype = copy;
    field->offset = f->offset;
    f->field_count++;
    f->offset = end;
    return true;
}

static bool close_record(const struct frame *f, struct dtype *out, struct error *err)
{
    size_t end = f->offset;
    for (size_t i = 0; i < f->field_count; i++)
        if (f->fields[i].offset + f->fields[i].dtype->itemsize > end)
            end = f->fields[i].offset + f->fields[i].dtype->itemsize;
    if (f->itemsize > 0 && f->itemsize < end)
        return bad(err, "the itemsize is smaller than the fields");
    *out = (struct dtype){.kind = DTYPE_VOID,
                          .order = '|',
                          .itemsize = f->itemsize > end ? f->itemsize : end,
                          .fields = f->fields,
                          .field_count = f->field_count};
    return true;
}

/* ---- all of it ---- */

static bool read_plain(const struct value *v, struct dtype *out, struct error *err)
{
    struct error why = {0};
    return dtype_parse(v->text, out, &why) || FAIL(err, ERR_SYNTAX, ERROR_NO_OFFSET, "%s", why.detail);
}

static bool close_frame(const struct frame *f, struct dtype *out, struct error *err)
{
    if (!f->is_subarray)
        return close_record(f, out, err);
    *out = f->element;
    return true;
}

/*
 * One step: reads the description *v when there is one; else what is complete, *t, goes to the record around
 * it, whose next entry is *v then, or which is complete itself.
 */
static bool step(struct reading *r, const struct value **v, struct dtype *t, bool *complete,
                 struct error *err)
{
    if (*v != NULL) {
        const struct value *descr = *v;
        *v = NULL;
        *complete = descr->kind == VALUE_STR;
        return *complete ? read_plain(descr, t, err) : push(r, descr, err);
    }
    struct frame *f = &r->frames[r->depth - 1];
    if (*complete && !close_entry(f, r->arena, *t, err))
        return false;
    *complete = f->next == f->count;
    if (!*complete)
        return open_entry(f, v, err);
    r->depth--;
    return close_frame(f, t, err);
}

bool dtype_of_descr(const struct value *descr, struct arena *arena, struct dtype *out, struct error *err)
{
    struct reading r = {.arena = arena};
    const struct value *v = descr;
    struct dtype t = {0};
    bool complete = false;
    while (v != NULL || r.depth > 0)
        if (!step(&r, &v, &t, &complete, err))
            return false;
    *out = t;
    return true;
}
