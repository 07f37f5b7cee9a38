#include <math.h>

#include "number.h"
#include "utf8.h"
#include "where_steps.h"

/* ---- against types ---- */

static bool is_text(const struct dtype *t)
{
    return t->kind == DTYPE_BYTES || t->kind == DTYPE_UNICODE || t->kind == DTYPE_TEXT;
}

static bool is_comparable(const struct dtype *t)
{
    return is_text(t) || (dtype_is_numeric(t) && t->kind != DTYPE_COMPLEX);
}

static bool is_text_operand(const struct operand *o, const struct where_column *columns)
{
    return o->kind == OPERAND_TEXT || (o->kind == OPERAND_FIELD && is_text(&columns[o->field].dtype));
}

/* As NumPy rounds a number that stands beside elements of fewer digits. */
static void round_to(struct operand *o, const struct dtype *t)
{
    const bool narrow = t->kind == DTYPE_FLOAT && t->itemsize < 8;
    if (o->kind != OPERAND_NUMBER || !(narrow || (t->kind == DTYPE_FLOAT && t->itemsize == 8)))
        return;
    const double wide = (double)o->number;
    const double rounded = !narrow            ? wide
                           : t->itemsize == 4 ? (double)(float)wide
                                              : number_of_half(number_to_half(wide));
    if (isfinite(rounded))
        o->number = (long double)rounded;
}

static bool bind_field(const struct operand *o, const struct where *w, const struct where_column *columns,
                       struct error *err)
{
    if (o->kind != OPERAND_FIELD || is_comparable(&columns[o->field].dtype))
        return true;
    char name[48];
    dtype_typestr(&columns[o->field].dtype, name);
    return FAIL(err, ERR_UNREPRESENTABLE, o->at,
                "'%.*s' is of type %s, which is not compared; numbers and text are",
                (int)(w->names[o->field].len < 60 ? w->names[o->field].len : 60),
                (const char *)w->names[o->field].data, name);
}

/* A text beside an enumeration is one of its names. */
static bool bind_label(struct operand *text, const struct operand *field, const struct where_column *columns,
                       struct error *err)
{
    const struct dtype *t = field->kind == OPERAND_FIELD ? &columns[field->field].dtype : NULL;
    if (text->kind != OPERAND_TEXT || t == NULL || t->labels == NULL)
        return true;
    for (size_t i = 0; i < t->label_count; i++)
        if (bytes_equal(text->text, t->labels[i].name)) {
            text->kind = OPERAND_NUMBER;
            text->number = (long double)t->labels[i].value;
            return true;
        }
    return FAIL(err, ERR_ARGUMENT, text->at, "'%.*s' is no name of the enumeration",
                (int)(text->text.len < 60 ? text->text.len : 60), (const char *)text->text.data);
}

static bool bind_step(struct where_step *s, const struct where *w, const struct where_column *columns,
                      struct error *err)
{
    if (s->kind == STEP_TRUTH) {
        if (columns[s->left.field].dtype.kind != DTYPE_BOOL)
            return FAIL(err, ERR_ARGUMENT, s->left.at, "a field that is not bool is compared with something");
        return true;
    }
    if (s->kind != STEP_COMPARE)
        return true;
    if (!bind_field(&s->left, w, columns, err) || !bind_field(&s->right, w, columns, err))
        return false;
    if (!bind_label(&s->left, &s->right, columns, err) || !bind_label(&s->right, &s->left, columns, err))
        return false;
    if (is_text_operand(&s->left, columns) != is_text_operand(&s->right, columns))
        return FAIL(err, ERR_ARGUMENT, s->right.at, "a number is not compared with a text");
    if (s->right.kind == OPERAND_FIELD)
        round_to(&s->left, &columns[s->right.field].dtype);
    if (s->left.kind == OPERAND_FIELD)
        round_to(&s->right, &columns[s->left.field].dtype);
    return true;
}

bool where_bind(struct where *w, const struct where_column *columns, struct error *err)
{
    for (size_t i = 0; i < w->step_count; i++)
        if (!bind_step(&w->steps[i], w, columns, err))
            return false;
    return true;
}

/* ---- numbers ---- */

static uint64_t load_bits(const uint8_t *at, size_t size, bool swap)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < size; i++)
        bits |= (uint64_t)at[swap ? size - 1 - i : i] << (8 * i);
    return bits;
}

static long double real_of(const uint8_t *at, const struct dtype *t, bool swap)
{
    uint8_t extended[16];
    const uint64_t bits = t->itemsize <= 8 ? load_bits(at, t->itemsize, swap) : 0;
    const uint32_t low = (uint32_t)bits;
    float single;
    double real;
    switch (t->itemsize) {
    case 2:
        return (long double)number_of_half((uint16_t)bits);
    case 4:
        memcpy(&single, &low, sizeof single);
        return (long double)single;
    case 8:
        memcpy(&real, &bits, sizeof real);
        return (long double)real;
    default:
        for (size_t i = 0; i < sizeof extended; i++)
            extended[i] = at[swap ? sizeof extended - 1 - i : i];
        return (long double)number_of_extended(extended);
    }
}

static long double number_at(const uint8_t *at, const struct dtype *t)
{
    const bool swap = t->order == '>';
    if (t->kind == DTYPE_FLOAT)
        return real_of(at, t, swap);
    const uint64_t bits = load_bits(at, t->itemsize, swap);
    if (t->kind == DTYPE_BOOL)
        return bits != 0;
    if (t->kind == DTYPE_UINT || t->itemsize > 8)
        return (long double)bits;
    const unsigned unused = 64 - 8 * (unsigned)t->itemsize;
    return (long double)((int64_t)(bits << unused) >> unused);
}

static void numbers_of(const struct operand *o, const struct where_column *columns, size_t count,
                       long double *out)
{
    const struct where_column *c = o->kind == OPERAND_FIELD ? &columns[o->field] : NULL;
    for (size_t i = 0; i < count; i++)
        out[i] = c == NULL ? o->number : number_at(c->data + i * c->stride, &c->dtype);
}

/* One loop for each comparison, so that NaN is what the machine makes of it. */
static void compare_numbers(enum comparison how, const long double *a, const long double *b, size_t count,
                            uint8_t *out)
{
    switch (how) {
    case IS_EQUAL:
        for (size_t i = 0; i < count; i++)
            out[i] = a[i] == b[i];
        return;
    case IS_UNEQUAL:
        for (size_t i = 0; i < count; i++)
            out[i] = a[i] != b[i];
        return;
    case IS_LESS:
        for (size_t i = 0; i < count; i++)
            out[i] = a[i] < b[i];
        return;
    case IS_LESS_EQUAL:
        for (size_t i = 0; i < count; i++)
            out[i] = a[i] <= b[i];
        return;
    case IS_GREATER:
        for (size_t i = 0; i < count; i++)
            out[i] = a[i] > b[i];
        return;
    case IS_GREATER_EQUAL:
        for (size_t i = 0; i < count; i++)
            out[i] = a[i] >= b[i];
        return;
    }
}

/* ---- text ---- */

/* A text as code points, one by one: UCS-4, or UTF-8 (what is not UTF-8: bytes). */
struct letters {
    struct bytes text;
    size_t at;
    bool wide, swap, raw;
};

static struct letters letters_of(const struct operand *o, const struct where_column *columns, size_t i)
{
    struct letters l = {.text = o->text};
    if (o->kind == OPERAND_FIELD) {
        const struct where_column *c = &columns[o->field];
        const uint8_t *at = c->data + i * c->stride;
        l.text = bytes_of(at, c->dtype.itemsize);
        if (c->dtype.kind == DTYPE_TEXT)
            memcpy(&l.text, at, sizeof l.text);
        l.wide = c->dtype.kind == DTYPE_UNICODE;
        l.swap = c->dtype.order == '>';
    }
    while (!l.wide && l.text.len > 0 && o->kind == OPERAND_FIELD && l.text.data[l.text.len - 1] == 0)
        l.text.len--;
    l.raw = !l.wide && utf8_valid(l.text) != l.text.len;
    return l;
}

/* The next code point, or -1 at the end. Of UCS-4, NULs at the end are none. */
static int64_t next_letter(struct letters *l)
{
    if (l->at >= l->text.len)
        return -1;
    if (l->wide) {
        const uint32_t c = (uint32_t)load_bits(l->text.data + l->at, 4, l->swap);
        l->at += 4;
        for (size_t i = l->at; c == 0; i += 4) {
            if (i >= l->text.len)
                return -1;
            if (load_bits(l->text.data + i, 4, false) != 0)
                break;
        }
        return c;
    }
    return l->raw ? l->text.data[l->at++] : (int64_t)utf8_next(l->text, &l->at);
}

/* Below, equal or above 0. */
static int order_of(struct letters a, struct letters b)
{
    for (;;) {
        const int64_t x = next_letter(&a), y = next_letter(&b);
        if (x != y)
            return x < y ? -1 : 1;
        if (x < 0)
            return 0;
    }
}

static bool holds(enum comparison how, int order)
{
    switch (how) {
    case IS_EQUAL:
        return order == 0;
    case IS_UNEQUAL:
        return order != 0;
    case IS_LESS:
        return order < 0;
    case IS_LESS_EQUAL:
        return order <= 0;
    case IS_GREATER:
        return order > 0;
    case IS_GREATER_EQUAL:
        return order >= 0;
    }
    return false;
}

/* ---- a block ---- */

static void compare(const struct where_step *s, const struct where_column *columns, size_t count,
                    uint8_t *out)
{
    long double left[WHERE_BLOCK], right[WHERE_BLOCK];
    if (is_text_operand(&s->left, columns)) {
        for (size_t i = 0; i < count; i++)
            out[i] = holds(s->comparison,
                           order_of(letters_of(&s->left, columns, i), letters_of(&s->right, columns, i)));
        return;
    }
    numbers_of(&s->left, columns, count, left);
    numbers_of(&s->right, columns, count, right);
    compare_numbers(s->comparison, left, right, count, out);
}

void where_test(struct where *w, const struct where_column *columns, size_t count, uint8_t *truths)
{
    uint8_t *top = w->truths; /* the next free block of the stack */
    for (size_t n = 0; n < w->step_count; n++) {
        const struct where_step *s = &w->steps[n];
        uint8_t *last = top - WHERE_BLOCK, *before = last - WHERE_BLOCK;
        switch (s->kind) {
        case STEP_COMPARE:
            compare(s, columns, count, top);
            top += WHERE_BLOCK;
            break;
        case STEP_TRUTH:
            for (size_t i = 0; i < count; i++)
                top[i] = columns[s->left.field].data[i * columns[s->left.field].stride] != 0;
            top += WHERE_BLOCK;
            break;
        case STEP_NOT:
            for (size_t i = 0; i < count; i++)
                last[i] = !last[i];
            break;
        case STEP_AND:
            for (size_t i = 0; i < count; i++)
                before[i] = before[i] & last[i];
            top = last;
            break;
        case STEP_OR:
            for (size_t i = 0; i < count; i++)
                before[i] = before[i] | last[i];
            top = last;
            break;
        }
    }
    memcpy(truths, w->truths, count);
}

/* ---- all of an array ---- */

struct hits {
    struct arena *arena;
    uint64_t *places;
    uint64_t count, room;
};

static bool add_hits(struct hits *h, const uint8_t *truths, size_t count, uint64_t first, struct error *err)
{
    if (h->room - h->count < count) {
        const uint64_t room = 2 * h->room + WHERE_BLOCK;
        uint64_t *places =
            arena_grow(h->arena, h->places, (size_t)h->room * sizeof *places, (size_t)room * sizeof *places);
        if (places == NULL)
            return arena_fail(h->arena, err);
        h->places = places;
        h->room = room;
    }
    for (size_t i = 0; i < count; i++) {
        h->places[h->count] = first + i;
        h->count += truths[i];
    }
    return true;
}

/* A run of elements, in blocks. columns are moved on. */
static bool test_run(struct where *w, struct where_column *columns, uint64_t count, uint64_t first,
                     struct hits *h, struct error *err)
{
    uint8_t truths[WHERE_BLOCK];
    for (uint64_t done = 0, n; done < count; done += n) {
        n = count - done < WHERE_BLOCK ? count - done : WHERE_BLOCK;
        where_test(w, columns, (size_t)n, truths);
        if (!add_hits(h, truths, (size_t)n, first + done, err))
            return false;
        for (size_t i = 0; i < w->name_count; i++)
            columns[i].data += n * columns[i].stride;
    }
    return true;
}

static bool give(const struct hits *h, uint64_t **places, uint64_t *count)
{
    *places = h->places;
    *count = h->count;
    return true;
}

bool where_rows(struct where *w, const struct where_column *columns, uint64_t rows, struct arena *arena,
                uint64_t **places, uint64_t *count, struct error *err)
{
    struct hits h = {.arena = arena};
    struct where_column *at = arena_alloc(arena, w->name_count, sizeof *at);
    if (at == NULL)
        return arena_fail(arena, err);
    memcpy(at, columns, w->name_count * sizeof *at);
    return where_bind(w, columns, err) && test_run(w, at, rows, 0, &h, err) && give(&h, places, count);
}

/* The field that a name with dots leads to. *offset: of its bytes in an element. */
static const struct dtype *field_of(const struct dtype *t, struct bytes name, size_t *offset)
{
    *offset = 0;
    for (;;) {
        const struct dtype_field *whole = NULL, *start = NULL;
        for (size_t i = 0; i < t->field_count; i++) {
            const struct dtype_field *f = &t->fields[i];
            if (bytes_equal(f->name, name))
                whole = f;
            if (f->name.len < name.len && name.data[f->name.len] == '.' && f->name.len > 0 &&
                memcmp(f->name.data, name.data, f->name.len) == 0)
                start = f;
        }
        if (whole != NULL)
            return *offset += whole->offset, whole->dtype;
        if (start == NULL)
            return NULL;
        *offset += start->offset;
        t = start->dtype;
        name = bytes_of(name.data + start->name.len + 1, name.len - start->name.len - 1);
    }
}

/* The character where a field is named first. */
static size_t first_use(const struct where *w, size_t field)
{
    for (size_t i = 0; i < w->step_count; i++) {
        const struct where_step *s = &w->steps[i];
        if (s->kind != STEP_COMPARE && s->kind != STEP_TRUTH)
            continue;
        if (s->left.kind == OPERAND_FIELD && s->left.field == field)
            return s->left.at;
        if (s->right.kind == OPERAND_FIELD && s->right.field == field && s->kind == STEP_COMPARE)
            return s->right.at;
    }
    return ERROR_NO_OFFSET;
}

/* Where the fields are in an element: columns[i].data counts from NULL. */
static bool find_columns(const struct where *w, const struct dtype *t, struct where_column *columns,
                         size_t *offsets, struct error *err)
{
    for (size_t i = 0; i < w->name_count; i++) {
        const bool itself = t->field_count == 0 && bytes_is(w->names[i], "value");
        const struct dtype *found = itself ? t : field_of(t, w->names[i], &offsets[i]);
        if (itself)
            offsets[i] = 0;
        if (found == NULL)
            return FAIL(err, ERR_ARGUMENT, first_use(w, i), "there is no field '%.*s'%s",
                        (int)(w->names[i].len < 60 ? w->names[i].len : 60), (const char *)w->names[i].data,
                        t->field_count == 0 ? "; an element is value" : "");
        columns[i] = (struct where_column){.dtype = *found, .stride = t->itemsize};
    }
    return true;
}

bool where_places(struct where *w, const struct array *a, struct arena *arena, uint64_t **places,
                  uint64_t *count, struct error *err)
{
    enum { WINDOW = 256 << 10 };
    struct hits h = {.arena = arena};
    struct array_cursor cursor = {0};
    struct where_column *columns = arena_alloc(arena, w->name_count, sizeof *columns);
    size_t *offsets = arena_alloc(arena, w->name_count, sizeof *offsets);
    const uint8_t *block;
    size_t n;
    if (columns == NULL || offsets == NULL)
        return arena_fail(arena, err);
    if (a->ndim != 1)
        return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "where= needs one dimension; there are %u", a->ndim);
    if (!find_columns(w, &a->dtype, columns, offsets, err) || !where_bind(w, columns, err) ||
        !array_cursor_init(&cursor, a, WINDOW, arena, err))
        return false;
    for (uint64_t first = 0;; first += n) {
        if (!array_cursor_next(&cursor, &block, &n, err))
            return false;
        if (n == 0)
            return give(&h, places, count);
        for (size_t i = 0; i < w->name_count; i++)
            columns[i].data = block + offsets[i];
        if (!test_run(w, columns, n, first, &h, err))
            return false;
    }
}
