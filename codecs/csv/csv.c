/* CSV as RFC 4180 quotes it, with lines that end in "\n", as Python's tools write and read it. */
#include "array_of_value.h"
#include "codec.h"
#include "number.h"
#include "put.h"
#include "read.h"
#include "table.h"
#include "weigh.h"

enum { WINDOW = 256 << 10 };

/* One array on its way: the only one, or one column of a dict. */
struct source {
    struct bytes name; /* of the column */
    struct array array;
    struct array_cursor cursor;
    const uint8_t *block; /* the next element, of left in this block */
    size_t left;
};

struct writer {
    struct source *sources;
    size_t count;
    size_t next;        /* the source of the next element */
    uint64_t width, at; /* elements in a line, and in this one so far */
    bool header;        /* is still to be written */
    bool gaps;          /* NaN and NaT are empty cells, as pandas writes them */
    bool lonely;        /* a line is one cell, which must be seen even when it is empty */
    const struct limits *limits;
};

/* ---- what a table is ---- */

/* The sizes that numbers have, as sums of powers of 2 (dtype.h). */
static const struct {
    enum dtype_kind kind;
    size_t sizes;
} numbers[] = {
    {DTYPE_INT, 1 | 2 | 4 | 8},   {DTYPE_UINT, 1 | 2 | 4 | 8}, {DTYPE_FLOAT, 2 | 4 | 8 | 16},
    {DTYPE_COMPLEX, 8 | 16 | 32}, {DTYPE_DATETIME, 8},         {DTYPE_TIMEDELTA, 8},
};

static bool is_cell(const struct dtype *t)
{
    for (size_t i = 0; i < ROWS(numbers); i++)
        if (t->kind == numbers[i].kind)
            return (t->itemsize & (t->itemsize - 1)) == 0 && (t->itemsize & numbers[i].sizes) != 0;
    return t->kind != DTYPE_VOID;
}

static bool check_cell(const struct dtype *t, struct error *err)
{
    if (t->base != NULL || !is_cell(t))
        return FAIL(
            err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET,
            "a cell of CSV is a number or text, no sub-array, record or raw bytes; npy, pickle and JSON "
            "can hold it");
    return true;
}

static bool check_cells(const struct array *a, struct error *err)
{
    const struct dtype *t = &a->dtype;
    if (t->field_count == 0)
        return check_cell(t, err);
    for (size_t i = 0; i < t->field_count; i++)
        if (!check_cell(t->fields[i].dtype, err))
            return false;
    return true;
}

static bool has_objects(const struct dtype *t)
{
    bool found = t->kind == DTYPE_OBJECT;
    for (size_t i = 0; i < t->field_count; i++)
        found |= t->fields[i].dtype->kind == DTYPE_OBJECT;
    return found;
}

static bool check_element(const struct dtype *t, const uint8_t *p, struct error *err)
{
    if (t->field_count == 0)
        return csv_check_object(p, err);
    for (size_t i = 0; i < t->field_count; i++)
        if (t->fields[i].dtype->kind == DTYPE_OBJECT && !csv_check_object(p + t->fields[i].offset, err))
            return false;
    return true;
}

/* Before the first line goes out: whatever is an object must have a spelling. */
static bool check_objects(const struct array *a, struct arena *arena, struct error *err)
{
    struct array_cursor cursor = {0};
    const uint8_t *block;
    size_t count = 1;
    if (!has_objects(&a->dtype))
        return true;
    if (!array_cursor_init(&cursor, a, WINDOW, arena, err))
        return false;
    while (count > 0) {
        if (!array_cursor_next(&cursor, &block, &count, err))
            return false;
        for (size_t i = 0; i < count; i++)
            if (!check_element(&a->dtype, block + i * a->dtype.itemsize, err))
                return false;
    }
    return true;
}

/*
 * What a source reads anew may end the life of the text that it gave before, and two columns may share one
 * source: then they take turns, element by element.
 */
static bool start(struct writer *w, struct source *s, struct arena *arena, struct error *err)
{
    const bool turns = w->count > 1 && s->array.source != NULL && !dtype_is_flat(&s->array.dtype);
    return check_cells(&s->array, err) && check_objects(&s->array, arena, err) &&
           array_cursor_init(&s->cursor, &s->array, turns ? 1 : WINDOW / w->count + 1, arena, err);
}

static bool make_sources(struct writer *w, size_t count, struct encoder *e, struct error *err)
{
    if (count == 0)
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET,
                    "CSV cannot hold a table without columns; JSON can");
    w->count = count;
    w->sources = arena_alloc(e->arena, count, sizeof *w->sources);
    if (w->sources == NULL)
        return arena_fail(e->arena, err);
    memset(w->sources, 0, count * sizeof *w->sources);
    return true;
}

static bool begin_array(struct writer *w, struct encoder *e, struct error *err)
{
    if (!make_sources(w, 1, e, err))
        return false;
    struct source *s = w->sources;
    if (!array_of_value(value_meaning(e->root), e->arena, &s->array, err))
        return false;
    const bool records = s->array.dtype.field_count > 0;
    if (s->array.ndim > 2 || (records && s->array.ndim > 1))
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET,
                    "CSV holds one table, and not %u dimensions of %s; npy, hdf5 and JSON can", s->array.ndim,
                    records ? "records" : "elements");
    w->width = s->array.ndim == 2 ? s->array.shape[1] : 1;
    if (w->width == 0)
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET,
                    "CSV cannot say how many rows a table without columns has; npy and JSON can");
    w->header = records && e->options->header;
    w->lonely = w->width == 1 && s->array.dtype.field_count < 2;
    return start(w, s, e->arena, err);
}

static void begin_named(struct writer *w, const struct encoder *e)
{
    w->width = w->count;
    w->header = e->options->header;
    w->lonely = w->count == 1;
}

/* A table's columns are arrays; a label that is no text is its digits. */
static bool name_column(struct source *s, const struct value *label, struct arena *arena, struct error *err)
{
    char digits[NUMBER_MAX];
    s->name = label->text;
    if (label->kind == VALUE_STR && (label->flags & VALUE_SURROGATES) == 0)
        return true;
    if (label->kind != VALUE_INT)
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET,
                    "a column of CSV is named by text; pickle and typed JSON can hold other labels");
    s->name = arena_copy(arena, bytes_of(digits, number_write_int(label->integer, digits)));
    return s->name.data != NULL || arena_fail(arena, err);
}

static bool begin_table(struct writer *w, const struct value_table *table, struct encoder *e,
                        struct error *err)
{
    struct value_pairs named;
    if (!make_sources(w, table->columns.count, e, err) || !table_named(table, e->arena, &named, err))
        return false;
    for (size_t i = 0; i < w->count; i++) {
        struct source *s = &w->sources[i];
        s->array = *named.items[i].value->array;
        if (!name_column(s, named.items[i].key, e->arena, err) || !start(w, s, e->arena, err))
            return false;
        if (s->array.dtype.field_count > 0)
            return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET,
                        "a column of CSV holds numbers or text, no records; JSON and hdf5 can hold them");
    }
    w->gaps = true;
    begin_named(w, e);
    return true;
}

static bool begin_rows(struct writer *w, struct encoder *e, struct error *err)
{
    struct value *table;
    return table_of_rows(&value_meaning(e->root)->list, e->arena, &table, err) &&
           begin_table(w, table->table, e, err);
}

/* What no array of numbers holds is written as it is: text with NULs at its end, integers of any size, gaps.
 */
static bool has_cells(const struct value *v)
{
    if (v->kind != VALUE_LIST && v->kind != VALUE_TUPLE)
        return false;
    for (size_t i = 0; i < v->list.count; i++) {
        const uint8_t kind = value_meaning(v->list.items[i])->kind;
        if (kind == VALUE_NONE || kind == VALUE_STR || kind == VALUE_BIGINT)
            return true;
    }
    return false;
}

static bool find_column(struct source *s, const struct value_pair *pair, struct arena *arena,
                        struct error *err)
{
    if (pair->key->kind != VALUE_STR || (pair->key->flags & VALUE_SURROGATES))
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET,
                    "a column of CSV is named by text; pickle and typed JSON can hold other keys");
    const struct value *v = value_meaning(pair->value);
    s->name = pair->key->text;
    if (!(has_cells(v) ? array_of_objects(&v->list, arena, &s->array, err)
                       : array_of_value(v, arena, &s->array, err)))
        return false;
    if (s->array.ndim != 1 || s->array.dtype.field_count > 0)
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET,
                    "a column of CSV is a list or an array of one dimension; JSON and hdf5 can hold other "
                    "values");
    return true;
}

static bool begin_columns(struct writer *w, struct encoder *e, struct error *err)
{
    if (!make_sources(w, value_meaning(e->root)->dict.count, e, err))
        return false;
    for (size_t i = 0; i < w->count; i++) {
        struct source *s = &w->sources[i];
        if (!find_column(s, &value_meaning(e->root)->dict.items[i], e->arena, err) ||
            !start(w, s, e->arena, err))
            return false;
        if (s->array.shape[0] != w->sources[0].array.shape[0])
            return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET,
                        "the columns of CSV are equally long; JSON and hdf5 can hold others");
    }
    begin_named(w, e);
    return true;
}

static bool csv_begin(struct encoder *e, struct error *err)
{
    const struct value *root = value_meaning(e->root);
    struct writer *w = arena_alloc(e->arena, 1, sizeof *w);
    if (w == NULL)
        return arena_fail(e->arena, err);
    if (!weigh_allows(root, e->limits, err))
        return false;
    *w = (struct writer){.limits = e->limits};
    e->state = w;
    return root->kind == VALUE_TABLE  ? begin_table(w, root->table, e, err)
           : root->kind == VALUE_DICT ? begin_columns(w, e, err)
           : table_is_rows(root)      ? begin_rows(w, e, err)
                                      : begin_array(w, e, err);
}

/* ---- lines ---- */

static bool put_header(const struct writer *w, struct sink *out, struct error *err)
{
    const struct dtype *t = &w->sources->array.dtype;
    const size_t count = t->field_count > 0 ? t->field_count : w->count;
    for (size_t i = 0; i < count; i++) {
        const struct bytes name = t->field_count > 0 ? t->fields[i].name : w->sources[i].name;
        if ((i > 0 && !sink_byte(out, ',', err)) || !csv_put_text(name, w->lonely, out, err))
            return false;
    }
    return sink_byte(out, '\n', err);
}

static bool put_element(const struct writer *w, const struct dtype *t, const uint8_t *p, struct sink *out,
                        struct error *err)
{
    if (w->gaps && csv_is_gap(t, p))
        return csv_put_text(bytes_of(NULL, 0), w->lonely, out, err);
    if (t->field_count == 0)
        return csv_put_cell(t, p, w->lonely, w->limits, out, err);
    for (size_t i = 0; i < t->field_count; i++) {
        const struct dtype_field *f = &t->fields[i];
        if ((i > 0 && !sink_byte(out, ',', err)) ||
            !csv_put_cell(f->dtype, p + f->offset, w->lonely, w->limits, out, err))
            return false;
    }
    return true;
}

/* *more: there was one. */
static bool put_next(struct writer *w, bool *more, struct sink *out, struct error *err)
{
    struct source *s = &w->sources[w->next];
    if (s->left == 0 && !array_cursor_next(&s->cursor, &s->block, &s->left, err))
        return false;
    *more = s->left > 0;
    if (!*more)
        return true;
    if ((w->at > 0 && !sink_byte(out, ',', err)) || !put_element(w, &s->array.dtype, s->block, out, err))
        return false;
    s->block += s->array.dtype.itemsize;
    s->left--;
    w->next = w->next + 1 < w->count ? w->next + 1 : 0;
    if (++w->at < w->width)
        return true;
    w->at = 0;
    return sink_byte(out, '\n', err);
}

static enum step csv_step(struct encoder *e, struct sink *out, struct error *err)
{
    struct writer *w = e->state;
    if (w->header && !put_header(w, out, err))
        return STEP_FAIL;
    w->header = false;
    while (!sink_full(out)) {
        bool more;
        if (!put_next(w, &more, out, err))
            return STEP_FAIL;
        if (!more)
            return STEP_DONE;
    }
    return STEP_MORE;
}

static bool csv_decode(const struct input *in, const struct codec_options *options,
                       const struct limits *limits, struct arena *arena, struct value **out,
                       struct error *err)
{
    struct bytes text;
    const enum csv_header header = !options->header       ? CSV_NO_HEADER
                                   : options->header_said ? CSV_HEADER
                                                          : CSV_HEADER_OF_TEXT;
    return input_bytes(in, arena, &text, err) && csv_read(text, header, limits, arena, out, err);
}

const struct codec csv_codec = {
    .name = "csv",
    .title = "CSV",
    .media_types = (const char *const[]){"text/csv", NULL},
    .extensions = (const char *const[]){"csv", NULL},
    .decode = csv_decode,
    .begin = csv_begin,
    .step = csv_step,
};
