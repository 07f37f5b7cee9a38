/* A table's rows as records in memory. */
#include "table.h"

#include "number.h"
#include "utf8.h"

#include <stdlib.h>

enum { WINDOW = 64 << 10 };

/* One column on its way into the records. */
struct column {
    const struct array *array;
    const struct dtype *dtype; /* of the field */
    size_t offset;
    bool texts; /* str objects become 'U' */
};

/* What 'U' cannot hold as it is stays an object: it would lose NULs at its end. */
static bool is_plain_text(const struct value *v)
{
    return v->kind == VALUE_STR && (v->flags & (VALUE_SURROGATES | VALUE_PYTHON2)) == 0 &&
           (v->text.len == 0 || v->text.data[v->text.len - 1] != 0);
}

/* *width: code points of the longest text; 0: the elements are not text alone. */
static bool text_width(const struct array *a, struct arena *arena, size_t *width, struct error *err)
{
    struct array_cursor c = {0};
    const uint8_t *block;
    size_t count;
    bool all = true;
    *width = 1;
    if (!array_cursor_init(&c, a, WINDOW, arena, err))
        return false;
    while (all) {
        if (!array_cursor_next(&c, &block, &count, err))
            return false;
        if (count == 0)
            break;
        for (size_t i = 0; i < count && all; i++) {
            struct value *v;
            memcpy(&v, block + i * sizeof v, sizeof v);
            all = is_plain_text(v);
            const size_t n = all ? utf8_count(v->text) : 0;
            *width = n > *width ? n : *width;
        }
    }
    *width = all ? *width : 0;
    return true;
}

static bool dtype_of_column(struct column *c, struct arena *arena, struct error *err)
{
    size_t width = 0;
    c->dtype = &c->array->dtype;
    if (c->dtype->kind != DTYPE_OBJECT)
        return true;
    if (!text_width(c->array, arena, &width, err))
        return false;
    c->texts = width > 0 && width <= SIZE_MAX / 4;
    if (!c->texts)
        return true;
    struct dtype *t = arena_alloc(arena, 1, sizeof *t);
    if (t == NULL)
        return arena_fail(arena, err);
    *t = dtype_make(DTYPE_UNICODE, 4 * width);
    c->dtype = t;
    return true;
}

/* A label as the name of a field: text, or the digits of an integer. */
static bool name_of(const struct value *label, struct arena *arena, struct bytes *out, struct error *err)
{
    char digits[NUMBER_MAX];
    if (label->kind == VALUE_STR && (label->flags & VALUE_SURROGATES) == 0)
        return *out = label->text, true;
    if (label->kind != VALUE_INT)
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET,
                    "a column of records is named by text; pickle and typed JSON can hold other labels");
    *out = arena_copy(arena, bytes_of(digits, number_write_int(label->integer, digits)));
    return out->data != NULL || arena_fail(arena, err);
}

static bool find_fields(const struct value_table *t, struct column *columns, struct dtype_field *fields,
                        size_t *size, struct arena *arena, struct error *err)
{
    struct value_pairs named;
    *size = 0;
    if (!table_named(t, arena, &named, err))
        return false;
    for (size_t i = 0; i < named.count; i++) {
        struct column *c = &columns[i];
        *c = (struct column){.array = named.items[i].value->array, .offset = *size};
        if (!dtype_of_column(c, arena, err) || !name_of(named.items[i].key, arena, &fields[i].name, err))
            return false;
        fields[i].dtype = c->dtype;
        fields[i].offset = c->offset;
        if (!checked_add(*size, c->dtype->itemsize, size))
            return arena_fail(arena, err);
    }
    return true;
}

static int by_name(const void *a, const void *b)
{
    return bytes_compare(((const struct dtype_field *)a)->name, ((const struct dtype_field *)b)->name);
}

static bool check_names(const struct dtype_field *fields, size_t count, struct arena *arena,
                        struct error *err)
{
    struct dtype_field *sorted = arena_alloc(arena, count, sizeof *sorted);
    if (sorted == NULL)
        return arena_fail(arena, err);
    memcpy(sorted, fields, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, by_name);
    for (size_t i = 1; i < count; i++)
        if (bytes_equal(sorted[i - 1].name, sorted[i].name))
            return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET,
                        "two columns have the name '%.*s'; pickle and typed JSON can hold them",
                        (int)(sorted[i].name.len < 60 ? sorted[i].name.len : 60),
                        (const char *)sorted[i].name.data);
    return true;
}

static void put_text(struct bytes text, uint8_t *to)
{
    for (size_t at = 0; at < text.len; to += sizeof(uint32_t)) {
        const uint32_t code = utf8_next(text, &at);
        memcpy(to, &code, sizeof code);
    }
}

/* records is zeroed. */
static bool fill(const struct column *c, uint8_t *records, size_t size, struct arena *arena,
                 struct error *err)
{
    struct array_cursor cursor = {0};
    uint8_t *to = records + c->offset;
    const size_t itemsize = c->array->dtype.itemsize;
    const uint8_t *block;
    size_t count;
    if (!array_cursor_init(&cursor, c->array, WINDOW, arena, err))
        return false;
    while (array_cursor_next(&cursor, &block, &count, err)) {
        if (count == 0)
            return true;
        for (size_t i = 0; i < count; i++, to += size) {
            struct value *v;
            if (!c->texts) {
                memcpy(to, block + i * itemsize, itemsize);
                continue;
            }
            memcpy(&v, block + i * itemsize, sizeof v);
            put_text(v->text, to);
        }
    }
    return false;
}

bool table_records(const struct value_table *t, struct arena *arena, struct array *out, struct error *err)
{
    const size_t count = t->columns.count;
    size_t size;
    if (t->series && count == 1)
        return *out = *t->columns.items[0].value->array, true;
    struct column *columns = arena_alloc(arena, count, sizeof *columns);
    struct dtype_field *fields = arena_alloc(arena, count, sizeof *fields);
    uint64_t *shape = arena_alloc(arena, 1, sizeof *shape);
    if (columns == NULL || fields == NULL || shape == NULL)
        return arena_fail(arena, err);
    if (count == 0)
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "a record needs at least one column");
    if (!find_fields(t, columns, fields, &size, arena, err) || !check_names(fields, count, arena, err))
        return false;
    const struct dtype record = {
        .kind = DTYPE_VOID, .order = '|', .itemsize = size, .fields = fields, .field_count = count};
    if (!dtype_check(&record, err))
        return false;
    uint8_t *records = t->rows > SIZE_MAX ? NULL : arena_alloc(arena, (size_t)t->rows, size);
    if (records == NULL)
        return arena_fail(arena, err);
    for (size_t i = 0; i < count; i++)
        if (!fill(&columns[i], records, size, arena, err))
            return false;
    *shape = t->rows;
    *out = array_of_memory(record, 1, shape, records);
    return true;
}
