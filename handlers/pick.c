#include "pick.h"

#include "array_of_value.h"
#include "points.h"
#include "selection.h"
#include "table.h"
#include "where.h"

bool array_needed(struct value **v, const char *parameter, struct arena *arena, struct error *err)
{
    struct array array;
    const struct bytes type = value_type_name(*v);
    *v = value_meaning(*v);
    if ((*v)->kind == VALUE_ARRAY)
        return true;
    if ((*v)->kind != VALUE_LIST && (*v)->kind != VALUE_TUPLE && (*v)->kind != VALUE_TABLE)
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "%s= needs an array; there is a %.*s",
                    parameter, (int)(type.len < 60 ? type.len : 60), (const char *)type.data);
    if (!array_of_value(*v, arena, &array, err))
        return false;
    *v = value_array(arena, &array);
    return *v != NULL || arena_fail(arena, err);
}

static bool take(const struct array *a, const struct points *p, const struct limits *limits,
                 struct arena *arena, struct value **v, struct error *err)
{
    struct array picked;
    if (!array_points(a, p, limits, arena, &picked, err))
        return false;
    *v = value_array(arena, &picked);
    return *v != NULL || arena_fail(arena, err);
}

/* ---- rows of a table ---- */

/* An array of str objects as text. Others are left as they are, and are not compared. */
static bool texts_of_objects(struct array *a, struct arena *arena, struct error *err)
{
    const uint8_t *packed;
    uint64_t count;
    if (a->dtype.kind != DTYPE_OBJECT)
        return true;
    if (!array_pack(a, arena, &packed, err))
        return false;
    struct bytes *texts = array_count(a, &count) ? arena_alloc(arena, (size_t)count, sizeof *texts) : NULL;
    if (texts == NULL)
        return arena_fail(arena, err);
    for (uint64_t i = 0; i < count; i++) {
        const struct value *v;
        memcpy(&v, packed + i * sizeof v, sizeof v);
        if (v->kind != VALUE_STR)
            return true;
        texts[i] = v->text;
    }
    *a = array_of_memory((struct dtype){.kind = DTYPE_TEXT, .order = '|', .itemsize = sizeof *texts}, a->ndim,
                         a->shape, (const uint8_t *)texts);
    return true;
}

static bool column_of(const struct value_pairs *named, struct bytes name, struct arena *arena,
                      struct where_column *out, struct error *err)
{
    for (size_t i = 0; i < named->count; i++) {
        const struct value *key = named->items[i].key;
        if (key->kind != VALUE_STR || !bytes_equal(key->text, name))
            continue;
        struct array a = *named->items[i].value->array;
        if (!texts_of_objects(&a, arena, err))
            return false;
        *out = (struct where_column){.dtype = a.dtype, .stride = a.dtype.itemsize};
        return array_pack(&a, arena, &out->data, err);
    }
    return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "there is no column '%.*s'",
                (int)(name.len < 60 ? name.len : 60), (const char *)name.data);
}

static bool table_where(struct where *w, const struct value_table *t, const struct limits *limits,
                        struct arena *arena, struct value **v, struct error *err)
{
    struct value_pairs named;
    size_t count;
    uint64_t *places, hits;
    const struct bytes *names = where_names(w, &count);
    struct where_column *columns = arena_alloc(arena, count, sizeof *columns);
    if (columns == NULL)
        return arena_fail(arena, err);
    if (!table_named(t, arena, &named, err))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!column_of(&named, names[i], arena, &columns[i], err))
            return false;
    if (!where_rows(w, columns, t->rows, arena, &places, &hits, err))
        return false;
    const struct selection_part part = {
        .kind = SELECT_LIST, .list = (const int64_t *)places, .list_count = (size_t)hits};
    const struct selection selection = {.parts = &part, .count = 1};
    return table_select(t, &selection, limits, arena, v, err);
}

/* ---- where= ---- */

enum { LIGHT = 1 << 20 /* bytes that are no work to wait for a place for */ };

/* All of it is looked at: as heavy as a conversion, and of as many elements as a selection. */
static bool may_search(const struct request *request, const struct array *a, struct error *err)
{
    const struct limits *limits = request->service->limits;
    uint64_t count, size;
    if (!array_count(a, &count) || !array_size(a, &size) || count > limits->elements)
        return FAIL_LIMIT(err, "elements", limits->elements, "more than %llu elements would be searched",
                          (unsigned long long)limits->elements);
    return size <= LIGHT || request->service->admit == NULL || request->service->admit(request, err);
}

bool pick_where(const struct request *request, const struct part *part, const struct limits *limits,
                struct value **v, struct error *err)
{
    struct arena *arena = request->arena;
    struct where *w;
    struct points p = {.axes = 1, .ndim = 1};
    uint64_t *places;
    if (!where_parse(part->where, arena, &w, err))
        return false;
    const struct value *meaning = value_meaning(*v);
    if (meaning->kind == VALUE_TABLE && (!meaning->table->series || meaning->table->levels > 0))
        return table_where(w, meaning->table, limits, arena, v, err);
    if (!array_needed(v, "where", arena, err) || !may_search(request, (*v)->array, err) ||
        !where_places(w, (*v)->array, arena, &places, &p.count, err))
        return false;
    const uint64_t shape[] = {p.count};
    p.shape = shape;
    p.places = places;
    return take((*v)->array, &p, limits, arena, v, err);
}

bool pick_points(const struct part *part, const struct limits *limits, struct arena *arena, struct value **v,
                 struct error *err)
{
    struct points p;
    if (!array_needed(v, "points", arena, err))
        return false;
    const struct array *a = (*v)->array;
    if (part->index != NULL ? !points_of_value(part->index, a->ndim, a->shape, arena, &p, err)
                            : !points_parse(part->points, a->ndim, a->shape, arena, &p, err))
        return false;
    return take(a, &p, limits, arena, v, err);
}
