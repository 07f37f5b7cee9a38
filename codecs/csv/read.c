#include "read.h"

#include "keyset.h"
#include "number.h"
#include "table.h"
#include "utf8.h"

#include <assert.h>
#include <math.h>

struct cell {
    struct bytes text;
    bool quoted;
};

struct table {
    struct arena *arena;
    const struct limits *limits;
    struct bytes in;
    size_t at;
    struct cell *cells;
    size_t count, capacity, width; /* width: cells of the first line */
};

/* ---- cells ---- */

static bool add_cell(struct table *t, struct cell cell, struct error *err)
{
    if (t->count >= t->limits->nodes)
        return FAIL_LIMIT(err, "nodes", t->limits->nodes, "the document has more values than allowed");
    struct cell *cells = arena_room(t->arena, t->cells, t->count, &t->capacity, sizeof *cells);
    if (cells == NULL)
        return arena_fail(t->arena, err);
    t->cells = cells;
    t->cells[t->count++] = cell;
    return true;
}

static bool ends_cell(const struct table *t)
{
    const uint8_t *p = t->in.data + t->at;
    return t->at == t->in.len || *p == ',' || *p == '\n' || *p == '\r';
}

static bool read_plain(struct table *t, struct cell *cell, struct error *err)
{
    const size_t start = t->at;
    for (; !ends_cell(t); t->at++)
        if (t->in.data[t->at] == '"')
            return FAIL(err, ERR_SYNTAX, t->at, "a quote inside of a cell that does not begin with one");
    cell->text = bytes_of(t->in.data + start, t->at - start);
    return true;
}

/* text without the second of each two quotes */
static bool unescape(struct table *t, struct bytes *text, struct error *err)
{
    uint8_t *copy = arena_alloc(t->arena, 1, text->len);
    size_t n = 0;
    if (copy == NULL)
        return arena_fail(t->arena, err);
    for (size_t i = 0; i < text->len; i++) {
        copy[n++] = text->data[i];
        i += text->data[i] == '"';
    }
    *text = bytes_of(copy, n);
    return true;
}

static bool read_quoted(struct table *t, struct cell *cell, struct error *err)
{
    const size_t start = ++t->at;
    bool escaped = false;
    for (;; t->at++) {
        if (t->at == t->in.len)
            return FAIL(err, ERR_SYNTAX, start - 1, "a cell begins with a quote and does not end with one");
        if (t->in.data[t->at] != '"')
            continue;
        if (t->at + 1 == t->in.len || t->in.data[t->at + 1] != '"')
            break;
        escaped = true;
        t->at++;
    }
    *cell = (struct cell){bytes_of(t->in.data + start, t->at - start), true};
    t->at++;
    if (!ends_cell(t))
        return FAIL(err, ERR_SYNTAX, t->at, "a comma or the end of the line is missing after a quote");
    return !escaped || unescape(t, &cell->text, err);
}

static bool read_line(struct table *t, struct error *err)
{
    const size_t start = t->at, first = t->count;
    for (;; t->at++) {
        struct cell cell = {0};
        const bool quoted = t->at < t->in.len && t->in.data[t->at] == '"';
        if (!(quoted ? read_quoted(t, &cell, err) : read_plain(t, &cell, err)) || !add_cell(t, cell, err))
            return false;
        if (t->at == t->in.len || t->in.data[t->at] != ',')
            break;
    }
    if (first == 0)
        t->width = t->count;
    if (t->count - first != t->width)
        return FAIL(err, ERR_SYNTAX, start, "a line has %zu cells, and the first one %zu", t->count - first,
                    t->width);
    return true;
}

static bool read_lines(struct table *t, struct error *err)
{
    const size_t valid = utf8_valid(t->in);
    if (valid != t->in.len)
        return FAIL(err, ERR_SYNTAX, valid, "CSV is text in UTF-8, and this is none");
    if (bytes_starts(t->in, "\xef\xbb\xbf"))
        t->at = 3;
    while (t->at < t->in.len)
        if (t->in.data[t->at] == '\n' || t->in.data[t->at] == '\r')
            t->at++;
        else if (!read_line(t, err))
            return false;
    return true;
}

/* ---- numbers ---- */

static struct bytes without_blanks(struct bytes text)
{
    while (text.len > 0 && text.data[0] == ' ')
        text = bytes_of(text.data + 1, text.len - 1);
    while (text.len > 0 && text.data[text.len - 1] == ' ')
        text.len--;
    return text;
}

static bool is_digits(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((text.data[i] < '0' || text.data[i] > '9') && text.data[i] != '-' && text.data[i] != '+')
            return false;
    return true;
}

/* False: text, or an integer that a double would change. */
static bool read_real(const struct cell *cell, double *out)
{
    static const struct {
        const char *text;
        double value;
    } words[] = {{"nan", NAN}, {"inf", INFINITY}, {"-inf", -INFINITY}};
    const struct bytes text = without_blanks(cell->text);
    int64_t integer;
    if (cell->quoted || text.len == 0)
        return false;
    if (number_read_int(text, &integer)) {
        *out = (double)integer;
        return integer >= -(INT64_C(1) << 53) && integer <= INT64_C(1) << 53;
    }
    for (size_t i = 0; i < ROWS(words); i++)
        if (bytes_is(text, words[i].text)) {
            *out = words[i].value;
            return true;
        }
    return !is_digits(text) && number_read_double(text, out) == text.len;
}

/* Whether it is a number, however big. */
static bool is_number(const struct cell *cell)
{
    const struct bytes text = without_blanks(cell->text);
    double real;
    return read_real(cell, &real) ||
           (!cell->quoted && text.len > 0 && number_read_double(text, &real) == text.len);
}

static bool read_integer(const struct cell *cell, int64_t *out)
{
    return !cell->quoted && number_read_int(without_blanks(cell->text), out);
}

/* Every step-th of count cells from first on. */
struct run {
    const struct cell *first;
    size_t count, step;
};

/* 'i', 'f', or 0 for text. */
static int kind_of(struct run r)
{
    bool integers = true, reals = true;
    for (size_t i = 0; i < r.count && (integers || reals); i++) {
        int64_t integer;
        double real;
        integers = integers && read_integer(&r.first[i * r.step], &integer);
        reals = reals && read_real(&r.first[i * r.step], &real);
    }
    return r.count == 0 ? 0 : integers ? 'i' : reals ? 'f' : 0;
}

/* ---- values ---- */

static struct value *number_array(const struct table *t, struct run r, int kind, size_t width)
{
    assert(width > 0); /* a table has a first line, and a line a cell */
    uint64_t *shape = arena_alloc(t->arena, 2, sizeof *shape);
    uint8_t *data = arena_alloc(t->arena, r.count, 8);
    if (shape == NULL || data == NULL)
        return NULL;
    for (size_t i = 0; i < r.count; i++) {
        int64_t integer = 0;
        double real = 0;
        if (kind == 'i' && read_integer(&r.first[i * r.step], &integer))
            memcpy(data + 8 * i, &integer, 8);
        else if (kind == 'f') {
            if (!read_real(&r.first[i * r.step], &real))
                real = NAN; /* a gap in a column */
            memcpy(data + 8 * i, &real, 8);
        }
    }
    shape[0] = width == 0 ? 0 : r.count / width;
    shape[1] = width;
    const struct array a =
        array_of_memory(dtype_make(kind == 'i' ? DTYPE_INT : DTYPE_FLOAT, 8), width > 1 ? 2 : 1, shape, data);
    return value_array(t->arena, &a);
}

static struct value *text_list(const struct table *t, struct run r)
{
    struct value *list = value_new(t->arena, VALUE_LIST);
    for (size_t i = 0; list != NULL && i < r.count; i++) {
        struct value *text = value_str(t->arena, r.first[i * r.step].text);
        if (text == NULL || !value_append(t->arena, &list->list, text))
            return NULL;
    }
    return list;
}

static struct value *lists(const struct table *t)
{
    struct value *rows = value_new(t->arena, VALUE_LIST);
    for (size_t i = 0; rows != NULL && i < t->count; i += t->width) {
        struct value *row = text_list(t, (struct run){t->cells + i, t->width, 1});
        if (row == NULL || !value_append(t->arena, &rows->list, row))
            return NULL;
    }
    return rows;
}

static struct run column_of(const struct table *t, size_t column)
{
    return (struct run){t->cells + t->width + column, t->count / t->width - 1, t->width};
}

/* ---- tables: what pandas.read_csv() makes of a column ---- */

static bool is_gap(const struct cell *cell)
{
    return cell->text.len == 0 && !cell->quoted;
}

/* 'i', 'f', 'b', or 0 for text. A gap makes numbers floats. */
static int kind_of_column(struct run r)
{
    bool integers = true, reals = true, bools = true;
    size_t gaps = 0;
    for (size_t i = 0; i < r.count && (integers || reals || bools); i++) {
        const struct cell *cell = &r.first[i * r.step];
        int64_t integer;
        double real;
        if (is_gap(cell)) {
            gaps++;
            continue;
        }
        integers = integers && read_integer(cell, &integer);
        reals = reals && read_real(cell, &real);
        bools = bools && (bytes_is(cell->text, "True") || bytes_is(cell->text, "False"));
    }
    if (r.count == 0)
        return 0;
    return integers && gaps == 0 ? 'i' : reals ? 'f' : bools && gaps == 0 ? 'b' : 0;
}

static struct value *bool_array(const struct table *t, struct run r)
{
    uint64_t *shape = arena_alloc(t->arena, 1, sizeof *shape);
    uint8_t *data = arena_alloc(t->arena, r.count, 1);
    if (shape == NULL || data == NULL)
        return NULL;
    for (size_t i = 0; i < r.count; i++)
        data[i] = bytes_is(r.first[i * r.step].text, "True");
    *shape = r.count;
    const struct array a = array_of_memory(dtype_make(DTYPE_BOOL, 1), 1, shape, data);
    return value_array(t->arena, &a);
}

/* Text, and NaN where there is none. */
static struct value *object_list(const struct table *t, struct run r)
{
    struct value *list = value_new(t->arena, VALUE_LIST), *gap = value_float(t->arena, NAN);
    for (size_t i = 0; list != NULL && gap != NULL && i < r.count; i++) {
        const struct cell *cell = &r.first[i * r.step];
        struct value *v = is_gap(cell) ? gap : value_str(t->arena, cell->text);
        if (v == NULL || !value_append(t->arena, &list->list, v))
            return NULL;
    }
    return gap == NULL ? NULL : list;
}

static struct value *column(const struct table *t, struct run r)
{
    const int kind = kind_of_column(r);
    return kind == 0 ? object_list(t, r) : kind == 'b' ? bool_array(t, r) : number_array(t, r, kind, 1);
}

/* ---- the names of columns ---- */

/* Names that were given, and those that were made; a name's place is its number. */
struct names {
    struct keyset taken;
    size_t count; /* numbers given */
    size_t given; /* of them, those that stand in the header */
    size_t *used; /* by number: columns that have or wanted it */
    struct arena *arena;
};

static struct value *name_of(const struct table *t, size_t column)
{
    if (t->cells[column].text.len > 0)
        return value_str(t->arena, t->cells[column].text);
    char *text = arena_printf(t->arena, "Unnamed: %zu", column);
    return text == NULL ? NULL : value_text(t->arena, text);
}

static bool number_of(struct names *n, const struct value *name, size_t *out, struct error *err)
{
    if (!keyset_add(&n->taken, name, n->count, out, err))
        return false;
    n->count += *out == n->count;
    return true;
}

/* "name.1" */
static struct value *numbered(struct arena *arena, struct bytes name, size_t number)
{
    char end[NUMBER_MAX + 1] = ".";
    const size_t n = 1 + number_write_int((int64_t)number, end + 1);
    uint8_t *text = arena_alloc(arena, 1, name.len + n);
    if (text == NULL)
        return NULL;
    memcpy(mempcpy(text, name.data, name.len), end, n);
    return value_str(arena, bytes_of(text, name.len + n));
}

/* A name that an earlier column has becomes "name.1", or what else is free, as pandas spells it. */
static bool settle(struct names *n, struct value **name, struct error *err)
{
    size_t wanted, at;
    if (!number_of(n, *name, &wanted, err))
        return false;
    const struct bytes text = (*name)->text;
    for (at = wanted; n->used[at] > 0;) {
        *name = numbered(n->arena, text, n->used[wanted]++);
        if (*name == NULL)
            return arena_fail(n->arena, err);
        if (!number_of(n, *name, &at, err))
            return false;
        if (at < n->given && at != wanted) {
            at = wanted; /* it is another column's own */
            continue;
        }
    }
    n->used[at]++;
    return true;
}

/* Columns with names come first: those without take what is left. */
static bool name_columns(const struct table *t, struct value **names, struct error *err)
{
    struct names n = {.arena = t->arena, .used = arena_alloc(t->arena, 3 * t->width, sizeof *n.used)};
    size_t number;
    if (n.used == NULL)
        return arena_fail(t->arena, err);
    keyset_init(&n.taken, t->arena);
    for (size_t i = 0; i < t->width; i++) {
        names[i] = name_of(t, i);
        if (names[i] == NULL)
            return arena_fail(t->arena, err);
        if (!number_of(&n, names[i], &number, err))
            return false;
    }
    n.given = n.count;
    for (unsigned unnamed = 0; unnamed < 2; unnamed++)
        for (size_t i = 0; i < t->width; i++)
            if ((t->cells[i].text.len == 0) == unnamed && !settle(&n, &names[i], err))
                return false;
    return true;
}

static bool columns(const struct table *t, struct value **out, struct error *err)
{
    struct value_table table = {.rows = t->count / t->width - 1};
    struct value **names = arena_alloc(t->arena, t->width, sizeof(struct value *));
    if (names == NULL)
        return arena_fail(t->arena, err);
    if (!name_columns(t, names, err))
        return false;
    for (size_t i = 0; i < t->width; i++) {
        struct value *v = column(t, column_of(t, i));
        if (v == NULL || !value_put(t->arena, &table.columns, names[i], v))
            return arena_fail(t->arena, err);
    }
    return table_new(t->arena, &table, out, err);
}

static bool only_numbers(const struct table *t)
{
    size_t i = 0;
    while (i < t->count && is_number(&t->cells[i]))
        i++;
    return i == t->count;
}

bool csv_read(struct bytes text, enum csv_header header, const struct limits *limits, struct arena *arena,
              struct value **out, struct error *err)
{
    struct table t = {.arena = arena, .limits = limits, .in = text};
    if (!read_lines(&t, err))
        return false;
    if (t.count > 0 && (header == CSV_HEADER || (header == CSV_HEADER_OF_TEXT && !only_numbers(&t))))
        return columns(&t, out, err);
    const struct run all = {t.cells, t.count, 1};
    const int kind = kind_of(all);
    *out = kind != 0 ? number_array(&t, all, kind, t.width) : lists(&t);
    return *out != NULL || arena_fail(arena, err);
}
