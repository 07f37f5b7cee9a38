#include "rows.h"

#include "elements.h"
#include "keytext.h"
#include "table.h"

enum {
    CELLS_AT_ONCE = 256, /* cells written before the sink is asked again; one row at least */
    WINDOW = 256 << 10,  /* bytes that all columns together read at once */
};

struct column {
    struct bytes name; /* as a member: in quotes, with its colon */
    struct array element;
    struct array_cursor cursor;
    const uint8_t *block; /* the next element, of left in this block */
    size_t left;
};

/* What a row is written as. */
enum form { FORM_OBJECT, FORM_LIST, FORM_CELL, FORM_NUMBER };

struct json_rows {
    struct column *columns;
    size_t first, count; /* of the columns, those that are written now */
    const struct value_table *table;
    uint64_t at; /* the next row */
    enum form form;
    bool index; /* TABLE_SPLIT: the index comes first, and then the data */
};

/* ---- cells ---- */

static bool put_object(void *self, struct value *object, struct sink *out, struct error *err)
{
    const struct json_writer *w = self;
    return json_put_nested(w, object, w->options, out, err);
}

static bool put_value(struct json_writer *w, const uint8_t *p, struct sink *out, struct error *err)
{
    struct value *v;
    memcpy(&v, p, sizeof v);
    v = value_meaning(v);
    return json_is_leaf(v) ? json_put_leaf(w, v, out, err) : put_object(w, v, out, err);
}

static bool put_cell(struct json_writer *w, struct column *c, struct sink *out, struct error *err)
{
    const struct elements e = {.array = &c->element,
                               .nan = w->options->nan,
                               .pretty = w->layout.pretty,
                               .depth = w->layout.depth,
                               .put_object = put_object,
                               .self = w};
    if (c->left == 0 && !array_cursor_next(&c->cursor, &c->block, &c->left, err))
        return false;
    if (c->left == 0)
        return FAIL(err, ERR_INTERNAL, ERROR_NO_OFFSET, "a column is shorter than its table");
    const uint8_t *p = c->block;
    c->block += c->element.dtype.itemsize;
    c->left--;
    return c->element.dtype.kind == DTYPE_OBJECT ? put_value(w, p, out, err)
                                                 : elements_put(&e, 0, p, 1, out, err);
}

static bool put_row(struct json_writer *w, struct json_rows *r, struct sink *out, struct error *err)
{
    const bool object = r->form == FORM_OBJECT;
    if (!layout_separate(&w->layout, out, err))
        return false;
    if (r->form == FORM_NUMBER)
        return put_int(out, (int64_t)r->at, err);
    if (r->form == FORM_CELL)
        return put_cell(w, &r->columns[r->first], out, err);
    if (!layout_open(&w->layout, object ? '{' : '[', out, err))
        return false;
    for (size_t i = 0; i < r->count; i++) {
        struct column *c = &r->columns[r->first + i];
        if (!layout_separate(&w->layout, out, err) || (object && !sink_bytes(out, c->name, err)) ||
            !put_cell(w, c, out, err))
            return false;
    }
    return layout_close(&w->layout, object ? '}' : ']', out, err);
}

/* ---- beginning ---- */

/* "name": as bytes. */
static bool name_column(struct json_writer *w, struct value *label, struct bytes *out, struct error *err)
{
    AUTO(sink_deinit) struct sink sink = {0};
    if (!sink_init(&sink, 256))
        return sink_fail(err);
    if (!keytext_put(w, label, &sink, err) || !layout_colon(&w->layout, &sink, err))
        return false;
    *out = arena_copy(w->walk->arena, bytes_of(sink.data, sink.len));
    return out->data != NULL || arena_fail(w->walk->arena, err);
}

/* What a source reads anew may end the life of the text that it gave before, and two columns may share one
 * source: then they take turns, element by element. */
static bool start_column(struct json_writer *w, struct column *c, const struct array *a, size_t count,
                         struct error *err)
{
    const bool turns = count > 1 && a->source != NULL && !dtype_is_flat(&a->dtype);
    c->element = array_of_memory(a->dtype, 0, NULL, NULL);
    return array_cursor_init(&c->cursor, a, turns ? 1 : WINDOW / count + 1, w->walk->arena, err);
}

static bool start_columns(struct json_writer *w, struct json_rows *r, const struct value_table *t,
                          struct error *err)
{
    struct value_pairs named;
    if (!table_named(t, w->walk->arena, &named, err))
        return false;
    if (r->form == FORM_OBJECT && !keytext_differ(w, &named, err))
        return false;
    for (size_t i = 0; i < named.count; i++) {
        struct column *c = &r->columns[i];
        if ((r->form == FORM_OBJECT && !name_column(w, named.items[i].key, &c->name, err)) ||
            !start_column(w, c, named.items[i].value->array, named.count, err))
            return false;
    }
    return true;
}

static bool is_bare_series(const struct value_table *t)
{
    return t->series && t->levels == 0;
}

/* The labels, and the rows of the index begin. */
static bool open_split(struct json_writer *w, struct json_rows *r, const struct value_table *t,
                       struct sink *out, struct error *err)
{
    if (!layout_open(&w->layout, '{', out, err))
        return false;
    if (t->series && !(layout_member(&w->layout, "name", out, err) &&
                       json_put_nested(w, t->columns.items[t->levels].key, w->options, out, err)))
        return false;
    if (!t->series && !layout_open_member(&w->layout, "columns", '[', out, err))
        return false;
    for (size_t i = t->levels; !t->series && i < t->columns.count; i++)
        if (!layout_separate(&w->layout, out, err) ||
            !json_put_nested(w, t->columns.items[i].key, w->options, out, err))
            return false;
    r->form = t->levels == 0 ? FORM_NUMBER : t->levels == 1 ? FORM_CELL : FORM_LIST;
    r->count = t->levels;
    r->index = true;
    return (t->series || layout_close(&w->layout, ']', out, err)) &&
           layout_open_member(&w->layout, "index", '[', out, err);
}

static bool open_data(struct json_writer *w, struct json_rows *r, struct sink *out, struct error *err)
{
    r->index = false;
    r->at = 0;
    r->first = r->table->levels;
    r->count = r->table->columns.count - r->first;
    r->form = r->table->series ? FORM_CELL : FORM_LIST;
    return layout_close(&w->layout, ']', out, err) && layout_open_member(&w->layout, "data", '[', out, err);
}

bool rows_are_columns(const struct json_writer *w, const struct value_table *t)
{
    return w->options->table == TABLE_COLUMNS && !is_bare_series(t);
}

bool rows_begin(struct json_writer *w, const struct value_table *t, struct sink *out, struct error *err)
{
    struct arena *arena = w->walk->arena;
    struct json_rows *r = arena_alloc(arena, 1, sizeof *r);
    struct column *columns = arena_alloc(arena, t->columns.count, sizeof *columns);
    if (r == NULL || columns == NULL)
        return arena_fail(arena, err);
    const bool split = w->options->table == TABLE_SPLIT;
    *r = (struct json_rows){.columns = columns,
                            .count = t->columns.count,
                            .table = t,
                            .form = split || is_bare_series(t) ? FORM_CELL : FORM_OBJECT};
    if (!start_columns(w, r, t, err))
        return false;
    w->rows = r;
    return split ? open_split(w, r, t, out, err) : layout_open(&w->layout, '[', out, err);
}

bool rows_put(struct json_writer *w, struct sink *out, struct error *err)
{
    struct json_rows *r = w->rows;
    const uint64_t rows = r->table->rows;
    for (size_t cells = 0; cells < CELLS_AT_ONCE && r->at < rows; cells += r->count + 1, r->at++)
        if (!put_row(w, r, out, err))
            return false;
    if (r->at < rows)
        return true;
    if (r->index)
        return open_data(w, r, out, err);
    w->rows = NULL;
    return true;
}

bool rows_end(struct json_writer *w, const struct value_table *t, struct sink *out, struct error *err)
{
    if (rows_are_columns(w, t))
        return layout_close(&w->layout, '}', out, err);
    return layout_close(&w->layout, ']', out, err) &&
           (w->options->table != TABLE_SPLIT || layout_close(&w->layout, '}', out, err));
}
