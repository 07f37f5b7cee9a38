#include "array_of_value.h"
#include "describe.h"
#include "params.h"
#include "part.h"
#include "routes.h"
#include "statistics.h"
#include "stored.h"
#include "table.h"

enum {
    WINDOW = 256 << 10, /* bytes of elements that are in memory at a time */
    LIGHT = 1 << 20,    /* bytes that are no work to wait for a place for */
};

static bool admit(const struct request *request, const struct array *a, struct error *err)
{
    uint64_t size;
    const bool light = array_size(a, &size) && size <= LIGHT;
    return light || request->service->admit == NULL || request->service->admit(request, err);
}

static bool add_all(const struct request *request, const struct array *a, struct statistics *s,
                    struct error *err)
{
    struct array_cursor cursor = {0};
    const uint8_t *block;
    size_t count;
    if (!admit(request, a, err) || !array_cursor_init(&cursor, a, WINDOW, request->arena, err))
        return false;
    do {
        if (!array_cursor_next(&cursor, &block, &count, err))
            return false;
        statistics_add(s, block, count);
    } while (count > 0);
    return true;
}

static void put_summary(struct dict *d, const struct summary *s)
{
    dict_uint(d, "count", s->count);
    dict_uint(d, "finite", s->finite);
    dict_uint(d, "nan", s->nan);
    dict_uint(d, "inf", s->infinite);
    dict_put(d, "min", s->min);
    dict_put(d, "max", s->max);
    dict_put(d, "positive_min", s->positive_min);
    dict_put(d, "strict_positive_min", s->strict_positive_min);
    dict_put(d, "mean", s->mean);
    dict_put(d, "std", s->std);
}

/* What is summed up, and how many elements are missing. */
struct numbers {
    struct array array;
    struct value_list present; /* of objects */
    uint64_t missing;
};

static bool is_number(const struct value *v)
{
    return (v->kind >= VALUE_BOOL && v->kind <= VALUE_COMPLEX) ||
           (v->kind == VALUE_ARRAY && v->array->scalar && dtype_is_numeric(&v->array->dtype));
}

/* A block of objects. False: one is neither a number nor None. */
static bool add_objects(struct numbers *n, const uint8_t *block, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct value *v;
        memcpy(&v, block + i * sizeof v, sizeof v);
        if (v->kind == VALUE_NONE)
            n->missing++;
        else if (is_number(v))
            n->present.items[n->present.count++] = v;
        else
            return false;
    }
    return true;
}

/* Masked arrays and pandas' nullable columns are objects, with None where there is no number. */
static bool numbers_of_objects(const struct array *a, struct arena *arena, struct numbers *out,
                               struct error *err)
{
    struct array_cursor cursor = {0};
    uint64_t total;
    const uint8_t *block;
    size_t count;
    if (!array_cursor_init(&cursor, a, WINDOW, arena, err))
        return false;
    total = cursor.total;
    out->present.items = total > SIZE_MAX ? NULL : arena_alloc(arena, (size_t)total, sizeof(struct value *));
    if (out->present.items == NULL)
        return arena_fail(arena, err);
    do {
        if (!array_cursor_next(&cursor, &block, &count, err))
            return false;
        if (!add_objects(out, block, count))
            return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET,
                        "objects have no statistics, unless they are numbers and None alone");
    } while (count > 0);
    const struct value list = {.kind = VALUE_LIST, .list = out->present};
    return array_of_value(&list, arena, &out->array, err);
}

static bool numbers_of(const struct array *a, struct arena *arena, struct numbers *out, struct error *err)
{
    *out = (struct numbers){.array = *a};
    return a->dtype.kind != DTYPE_OBJECT || numbers_of_objects(a, arena, out, err);
}

static bool summarize(const struct request *request, const struct numbers *n, struct statistics *s,
                      struct dict *d, struct error *err)
{
    struct summary summary;
    if (!add_all(request, &n->array, s, err))
        return false;
    s->count += n->missing;
    s->nan += n->missing;
    if (!statistics_summary(s, request->arena, &summary, err))
        return false;
    put_summary(d, &summary);
    return true;
}

static void put_type(struct dict *d, const struct array *a)
{
    describe_dtype(d, &a->dtype);
    dict_numbers(d, "shape", a->shape, a->ndim);
}

/* A column that is no numbers says so, and the others are not spoiled. */
static bool put_column(const struct request *request, const struct array *a, struct value **out,
                       struct error *err)
{
    struct numbers n;
    struct statistics s;
    struct error why = {0};
    struct dict d = dict_make(request->arena);
    put_type(&d, a);
    if (numbers_of(a, request->arena, &n, &why) && statistics_init(&s, &n.array.dtype, &why))
        return summarize(request, &n, &s, &d, err) && dict_done(&d, out, err);
    if (why.kind != ERR_UNREPRESENTABLE)
        return *err = why, false;
    dict_text(&d, "problem", arena_printf(request->arena, "%s", why.detail));
    return dict_done(&d, out, err);
}

/* Column by column, without the levels of the index. */
static bool put_columns(const struct request *request, const struct value_table *t, struct dict *d,
                        struct error *err)
{
    struct value_pairs named;
    struct value *columns;
    if (!table_named(t, request->arena, &named, err))
        return false;
    for (size_t i = t->levels; i < named.count; i++)
        if (!put_column(request, named.items[i].value->array, &named.items[i].value, err))
            return false;
    if (!table_dict(named.items + t->levels, named.count - t->levels, request->arena, &columns, err))
        return false;
    dict_uint(d, "rows", t->rows);
    dict_put(d, "columns", columns);
    return true;
}

static bool put_array(const struct request *request, const struct array *a, struct dict *d, struct error *err)
{
    struct numbers n;
    struct statistics s;
    put_type(d, a);
    return numbers_of(a, request->arena, &n, err) && statistics_init(&s, &n.array.dtype, err) &&
           summarize(request, &n, &s, d, err);
}

static bool put_value(const struct request *request, struct value *v, struct dict *d, struct error *err)
{
    struct array array;
    v = value_meaning(v);
    if (v->kind == VALUE_TABLE && !v->table->series)
        return put_columns(request, v->table, d, err);
    if (v->kind == VALUE_TABLE)
        v = v->table->columns.items[v->table->levels].value;
    return array_of_value(v, request->arena, &array, err) && put_array(request, &array, d, err);
}

static bool put_nothing(const struct request *request, const struct dtype *dtype, struct dict *d,
                        struct error *err)
{
    static const uint64_t shape[] = {0};
    const struct array empty = array_of_memory(*dtype, 1, shape, NULL);
    return put_array(request, &empty, d, err);
}

/* What is in a file is asked what it is first: a group would be read as a whole to be refused. */
static bool put_object(const struct request *request, const struct stored *s, const struct part *part,
                       struct dict *d, struct error *err)
{
    struct node node;
    struct value *v;
    if (!s->document.ops->node(s->document.self, part->path, request->arena, &node, err))
        return false;
    if (s->source.codec->by_parts && node.kind == NODE_GROUP)
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET,
                    "a group has no statistics; its datasets have");
    if (node.null_space && node.dtype != NULL)
        return put_nothing(request, node.dtype, d, err);
    return part_value(request, &s->document, part, &v, err) && put_value(request, v, d, err);
}

bool get_stats(const struct request *request, struct reply *reply, struct error *err)
{
    struct stored s;
    struct part part;
    struct value *root;
    bool done = false;
    if (!part_of_request(request, &part, err) ||
        !stored_check(request, json_format(), false, &s, reply, &done, err) || done)
        return done;
    struct dict d = dict_make(request->arena);
    dict_str(&d, "name", request->name);
    dict_str(&d, "path", s.path);
    return stored_open(request, &s, reply, err) && put_object(request, &s, &part, &d, err) &&
           dict_done(&d, &root, err) && answer_json(request, root, reply, err);
}
