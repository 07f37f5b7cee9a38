#include "dtype.h"

#include "value.h"

/* ---- a dtype as a value ---- */

/* Dtypes whose descr has still to be put into a place of one that is there already. */
struct writer {
    struct job {
        const struct dtype *t;
        struct value **place;
    } * jobs;
    size_t count, capacity;
    struct arena *arena;
};

static bool write_later(struct writer *w, const struct dtype *t, struct value **place)
{
    struct job *jobs = arena_room(w->arena, w->jobs, w->count, &w->capacity, sizeof *jobs);
    if (jobs == NULL)
        return false;
    w->jobs = jobs;
    w->jobs[w->count++] = (struct job){.t = t, .place = place};
    return true;
}

static struct value *container(struct arena *arena, enum value_kind kind, size_t count)
{
    struct value *v = value_new(arena, kind);
    for (size_t i = 0; v != NULL && i < count; i++)
        if (!value_append(arena, &v->list, NULL))
            return NULL;
    return v;
}

static struct value *shape_value(const struct dtype *t, struct arena *arena)
{
    struct value *shape = container(arena, VALUE_TUPLE, t->ndim);
    for (unsigned i = 0; shape != NULL && i < t->ndim; i++)
        if ((shape->list.items[i] = value_uint(arena, t->shape[i])) == NULL)
            return NULL;
    return shape;
}

static struct value *name_value(const struct dtype_field *f, struct arena *arena)
{
    struct value *name = value_str(arena, f->name);
    if (f->title.len == 0 || name == NULL)
        return name;
    struct value *pair = container(arena, VALUE_TUPLE, 2);
    if (pair == NULL || (pair->list.items[0] = value_str(arena, f->title)) == NULL)
        return NULL;
    pair->list.items[1] = name;
    return pair;
}

/* (name, descr) or (name, descr, shape) */
static bool write_field(struct writer *w, const struct dtype_field *f, struct value *record)
{
    const bool shaped = f->dtype->base != NULL;
    struct value *tuple = container(w->arena, VALUE_TUPLE, shaped ? 3 : 2);
    if (tuple == NULL || !value_append(w->arena, &record->list, tuple))
        return false;
    tuple->list.items[0] = name_value(f, w->arena);
    if (shaped)
        tuple->list.items[2] = shape_value(f->dtype, w->arena);
    return tuple->list.items[0] != NULL && (!shaped || tuple->list.items[2] != NULL) &&
           write_later(w, shaped ? f->dtype->base : f->dtype, &tuple->list.items[1]);
}

/* ('', '|V4') */
static bool write_hole(struct writer *w, size_t size, struct value *record)
{
    char *text = arena_printf(w->arena, "|V%zu", size);
    struct value *tuple = container(w->arena, VALUE_TUPLE, 2);
    if (text == NULL || tuple == NULL || !value_append(w->arena, &record->list, tuple))
        return false;
    tuple->list.items[0] = value_text(w->arena, "");
    tuple->list.items[1] = value_text(w->arena, text);
    return tuple->list.items[0] != NULL && tuple->list.items[1] != NULL;
}

static bool in_order(const struct dtype *t)
{
    size_t end = 0;
    for (size_t i = 0; i < t->field_count; i++) {
        if (t->fields[i].offset < end)
            return false;
        end = t->fields[i].offset + t->fields[i].dtype->itemsize;
    }
    return true;
}

static bool write_record(struct writer *w, const struct dtype *t, struct value **place)
{
    struct value *record = value_new(w->arena, VALUE_LIST);
    size_t end = 0;
    if (record == NULL)
        return false;
    *place = record;
    for (size_t i = 0; i < t->field_count; i++) {
        const struct dtype_field *f = &t->fields[i];
        if (f->offset > end && !write_hole(w, f->offset - end, record))
            return false;
        if (!write_field(w, f, record))
            return false;
        end = f->offset + f->dtype->itemsize;
    }
    return t->itemsize <= end || write_hole(w, t->itemsize - end, record);
}

static struct value *dict_list(struct value *dict, const char *key, size_t count, struct arena *arena)
{
    struct value *name = value_text(arena, key), *list = container(arena, VALUE_LIST, count);
    return name != NULL && list != NULL && value_put(arena, &dict->dict, name, list) ? list : NULL;
}

static bool has_titles(const struct dtype *t)
{
    for (size_t i = 0; i < t->field_count; i++)
        if (t->fields[i].title.len > 0)
            return true;
    return false;
}

/* {'names': [...], 'formats': [...], 'offsets': [...], 'titles': [...], 'itemsize': n} */
static bool write_dict(struct writer *w, const struct dtype *t, struct value **place)
{
    struct arena *arena = w->arena;
    const size_t n = t->field_count;
    struct value *dict = value_new(arena, VALUE_DICT);
    if (dict == NULL)
        return false;
    struct value *names = dict_list(dict, "names", n, arena);
    struct value *formats = dict_list(dict, "formats", n, arena);
    struct value *offsets = dict_list(dict, "offsets", n, arena);
    struct value *titles = has_titles(t) ? dict_list(dict, "titles", n, arena) : dict;
    struct value *size_key = value_text(arena, "itemsize"), *size = value_uint(arena, t->itemsize);
    if (names == NULL || formats == NULL || offsets == NULL || titles == NULL || size_key == NULL ||
        size == NULL || !value_put(arena, &dict->dict, size_key, size))
        return false;
    *place = dict;
    for (size_t i = 0; i < n; i++) {
        const struct dtype_field *f = &t->fields[i];
        names->list.items[i] = value_str(arena, f->name);
        offsets->list.items[i] = value_uint(arena, f->offset);
        if (names->list.items[i] == NULL || offsets->list.items[i] == NULL ||
            !write_later(w, f->dtype, &formats->list.items[i]))
            return false;
        if (titles == dict)
            continue;
        struct value *title = f->title.len == 0 ? value_new(arena, VALUE_NONE) : value_str(arena, f->title);
        if (title == NULL)
            return false;
        titles->list.items[i] = title;
    }
    return true;
}

static bool write_one(struct writer *w, struct job job)
{
    const struct dtype *t = job.t;
    if (t->base != NULL) {
        struct value *tuple = container(w->arena, VALUE_TUPLE, 2);
        if (tuple == NULL || (tuple->list.items[1] = shape_value(t, w->arena)) == NULL)
            return false;
        *job.place = tuple;
        return write_later(w, t->base, &tuple->list.items[0]);
    }
    if (t->field_count > 0)
        return in_order(t) ? write_record(w, t, job.place) : write_dict(w, t, job.place);
    char typestr[48];
    dtype_typestr(t, typestr);
    char *text = arena_printf(w->arena, "%s", typestr);
    *job.place = text == NULL ? NULL : value_text(w->arena, text);
    return *job.place != NULL;
}

struct value *dtype_descr(const struct dtype *t, struct arena *arena)
{
    struct writer w = {.arena = arena};
    struct value *root;
    if (!write_later(&w, t, &root))
        return NULL;
    while (w.count > 0)
        if (!write_one(&w, w.jobs[--w.count]))
            return NULL;
    return root;
}
