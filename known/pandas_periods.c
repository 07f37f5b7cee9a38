/* Periods and intervals, alone and in arrays: texts as pandas' str() spells them. */
#include "pandas.h"

#include "datetime64.h"
#include "number.h"

const struct known_kind known_period = {.type = "pandas.Period"};
const struct known_kind known_interval = {.type = "pandas.Interval"};

enum { TEXT_COST = 120, TEXT_MAX = 2 * DATETIME64_MAX + 2 };

/* ---- what an ordinal of a frequency is ---- */

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static size_t write_days(int64_t days, char *out)
{
    return datetime64_write(days, bytes_text("D"), out);
}

/* "2020Q1" of the year that the quarters are counted in. */
static size_t write_quarter(int64_t ordinal, int64_t anchor, char *out)
{
    (void)anchor;
    const int64_t years = floor_div(ordinal, 4);
    size_t n = datetime64_write(years, bytes_text("Y"), out);
    if (n == 0)
        return 0;
    out[n++] = 'Q';
    out[n++] = (char)('1' + (ordinal - 4 * years));
    return n;
}

/* "2019-12-30/2020-01-05"; a week ends on that day, of which Monday is 0. Week 0 ends
 * from Sunday, 1969-12-28, on. */
static size_t write_week(int64_t ordinal, int64_t weekday, char *out)
{
    int64_t end;
    if (weekday < 0 || weekday > 6 || __builtin_mul_overflow(ordinal, 7, &end) ||
        __builtin_add_overflow(end, (weekday + 1) % 7 - 4, &end) || end < INT64_MIN + 6)
        return 0;
    size_t n = write_days(end - 6, out);
    if (n == 0)
        return 0;
    out[n++] = '/';
    return n + write_days(end, out + n);
}

static size_t write_business_day(int64_t ordinal, int64_t anchor, char *out)
{
    int64_t days;
    (void)anchor;
    if (__builtin_add_overflow(ordinal, 3, &ordinal)) /* from a Monday on */
        return 0;
    const int64_t weeks = floor_div(ordinal, 5);
    return __builtin_mul_overflow(weeks, 7, &days) || days > INT64_MAX - 7 || days < INT64_MIN + 7
               ? 0
               : write_days(days + (ordinal - 5 * weeks) - 3, out);
}

/* By the class of the offset. unit: of datetime64, times so many; or a function. */
static const struct frequency {
    const char *offset, *unit;
    int64_t times;
    size_t (*write)(int64_t ordinal, int64_t anchor, char *out);
} frequencies[] = {
    {"YearEnd", "Y", 1, NULL},
    {"QuarterEnd", NULL, 0, write_quarter},
    {"MonthEnd", "M", 1, NULL},
    {"Week", NULL, 0, write_week},
    {"BusinessDay", NULL, 0, write_business_day},
    {"Day", "D", 1, NULL},
    {"Hour", "m", 60, NULL},
    {"Minute", "m", 1, NULL},
    {"Second", "s", 1, NULL},
    {"Milli", "ms", 1, NULL},
    {"Micro", "us", 1, NULL},
    {"Nano", "ns", 1, NULL},
};

/* MonthEnd(1, False), YearEnd(1, False, 12), Week(1, False, 6) ... NULL: another one. */
static const struct frequency *frequency_of(const struct value *offset, int64_t *anchor)
{
    if (offset->kind != VALUE_OBJECT || offset->object->states.count > 0)
        return NULL;
    const struct value_list *args = &offset->object->args->list;
    *anchor = args->count > 2 && args->items[2]->kind == VALUE_INT ? args->items[2]->integer : -1;
    for (size_t i = 0; i < ROWS(frequencies); i++)
        if (pandas_is(offset->object->callable, frequencies[i].offset))
            return &frequencies[i];
    return NULL;
}

/* The length; 0: there is no such date. */
static size_t write_period(const struct frequency *f, int64_t ordinal, int64_t anchor, char out[TEXT_MAX])
{
    if (f->write != NULL)
        return f->write(ordinal, anchor, out);
    if (__builtin_mul_overflow(ordinal, f->times, &ordinal))
        return 0;
    const size_t n = datetime64_write(ordinal, bytes_text(f->unit), out);
    char *const between = memchr(out, 'T', n);
    if (between != NULL)
        *between = ' ';
    return n;
}

/* (None, offset, ordinal) */
struct value *pandas_period_of(struct known_work *w, const struct value_object *o, struct error *err)
{
    char text[TEXT_MAX];
    int64_t anchor;
    const struct value *ordinal = known_argument(o, 2);
    const struct frequency *f = frequency_of(known_argument(o, 1), &anchor);
    if (f == NULL || ordinal->kind != VALUE_INT || ordinal->integer == DATETIME64_NAT)
        return NULL;
    const size_t n = write_period(f, ordinal->integer, anchor, text);
    return n == 0 ? NULL : known_text(w, err, "%.*s", (int)n, text);
}

/* ---- arrays ---- */

/* Objects in the shape of a. */
static struct value *objects_like(struct known_work *w, const struct array *a, struct value **items,
                                  struct error *err)
{
    const struct array out = array_of_memory(dtype_make(DTYPE_OBJECT, sizeof(struct value *)), a->ndim,
                                             a->shape, (const uint8_t *)items);
    return known_made_of(w, value_array(w->arena, &out), err);
}

static bool is_int64(const struct array *a)
{
    return a->dtype.kind == DTYPE_INT && a->dtype.itemsize == 8 && a->dtype.order != '>';
}

struct value *pandas_period_array(struct known_work *w, const struct value *dtype, struct value *data,
                                  struct error *err)
{
    char text[TEXT_MAX];
    int64_t anchor, ordinal;
    uint64_t count;
    const uint8_t *ordinals;
    if (dtype->kind != VALUE_OBJECT || !pandas_is(dtype->object->callable, "PeriodDtype") ||
        dtype->object->args->list.count != 1)
        return NULL;
    const struct frequency *f = frequency_of(dtype->object->args->list.items[0], &anchor);
    const struct value *numbers = f == NULL ? NULL : pandas_array(w, data, err);
    if (numbers == NULL || !is_int64(numbers->array) || !array_count(numbers->array, &count) ||
        !known_afford(w, count, TEXT_COST) || !array_pack(numbers->array, w->arena, &ordinals, err))
        return NULL;
    struct value **items = arena_alloc(w->arena, count, sizeof(struct value *));
    if (items == NULL)
        return known_made_of(w, NULL, err);
    for (uint64_t i = 0; i < count; i++) {
        memcpy(&ordinal, ordinals + 8 * i, sizeof ordinal);
        const bool missing = ordinal == DATETIME64_NAT;
        const size_t n = missing ? 0 : write_period(f, ordinal, anchor, text);
        if (n == 0 && !missing)
            return NULL;
        items[i] = missing ? known_made_of(w, value_new(w->arena, VALUE_NONE), err)
                           : known_text(w, err, "%.*s", (int)n, text);
        if (items[i] == NULL)
            return NULL;
    }
    return objects_like(w, numbers->array, items, err);
}

/* ---- intervals ---- */

enum { END_MAX = PANDAS_TIME_MAX };
_Static_assert((int)END_MAX >= (int)NUMBER_MAX, "a number takes no more than a time");

static bool is_time(const struct value *v)
{
    return v->kind == VALUE_ARRAY && v->array->dtype.kind == DTYPE_DATETIME;
}

static int64_t count_of(const struct array *time)
{
    uint8_t bytes[8];
    int64_t count;
    memcpy(bytes, time->data, sizeof bytes);
    dtype_swap(&time->dtype, bytes, 1);
    memcpy(&count, bytes, sizeof count);
    return count;
}

/* A number, a time, or the text that one means. False: another end. */
static bool end_of(const struct value *v, char digits[END_MAX], struct bytes *out)
{
    if (v->kind == VALUE_STR) {
        *out = v->text;
        return v->text.len < END_MAX;
    }
    if (is_time(v)) {
        *out = bytes_of(digits, pandas_write_time(count_of(v->array), v->array->dtype.unit, digits));
        return out->len > 0;
    }
    if (v->kind != VALUE_INT && v->kind != VALUE_FLOAT)
        return false;
    *out = bytes_of(digits, v->kind == VALUE_INT ? number_write_int(v->integer, digits)
                                                 : number_write_double(v->real, digits));
    return true;
}

static bool is_missing(const struct value *v)
{
    return is_time(v) ? count_of(v->array) == DATETIME64_NAT : v->kind == VALUE_FLOAT && v->real != v->real;
}

/* "(0, 1]"; None where an end is missing. */
static struct value *interval_text(struct known_work *w, const struct value *left, const struct value *right,
                                   const struct value *closed, struct error *err)
{
    char digits[2][END_MAX];
    struct bytes ends[2];
    if (closed == NULL || closed->kind != VALUE_STR)
        return NULL;
    if (is_missing(left) && is_missing(right))
        return known_made_of(w, value_new(w->arena, VALUE_NONE), err);
    if (!end_of(left, digits[0], &ends[0]) || !end_of(right, digits[1], &ends[1]))
        return NULL;
    const bool both = bytes_is(closed->text, "both");
    return known_text(w, err, "%c%.*s, %.*s%c", both || bytes_is(closed->text, "left") ? '[' : '(',
                      (int)ends[0].len, (const char *)ends[0].data, (int)ends[1].len,
                      (const char *)ends[1].data, both || bytes_is(closed->text, "right") ? ']' : ')');
}

/* (left, right, closed) */
struct value *pandas_interval_of(struct known_work *w, const struct value_object *o, struct error *err)
{
    struct value *left = known_argument(o, 0), *right = known_argument(o, 1);
    if (!known_resolve(w, left, err) || !known_resolve(w, right, err))
        return NULL;
    return interval_text(w, value_meaning(left), value_meaning(right), known_argument(o, 2), err);
}

static struct value *interval_array(struct known_work *w, struct value *left, struct value *right,
                                    const struct value *closed, struct error *err)
{
    const struct value *lefts = left == NULL ? NULL : pandas_array(w, left, err);
    const struct value *rights = lefts == NULL || right == NULL ? NULL : pandas_array(w, right, err);
    const uint8_t *from, *to;
    if (rights == NULL || lefts->array->ndim != 1 || rights->array->ndim != 1 ||
        lefts->array->shape[0] != rights->array->shape[0])
        return NULL;
    const struct dtype *t = &lefts->array->dtype, *u = &rights->array->dtype;
    const size_t count = (size_t)lefts->array->shape[0];
    if (!known_afford(w, count, (size_t)3 * TEXT_COST) || !array_pack(lefts->array, w->arena, &from, err) ||
        !array_pack(rights->array, w->arena, &to, err))
        return NULL;
    struct value **items = arena_alloc(w->arena, count, sizeof(struct value *));
    if (items == NULL)
        return known_made_of(w, NULL, err);
    for (size_t i = 0; i < count; i++) {
        const struct value *a = pandas_element(w, t, from + i * t->itemsize, err);
        const struct value *b = a == NULL ? NULL : pandas_element(w, u, to + i * u->itemsize, err);
        items[i] = b == NULL ? NULL : interval_text(w, a, b, closed, err);
        if (items[i] == NULL)
            return NULL;
    }
    return objects_like(w, lefts->array, items, err);
}

/* (class, {"left": ..., "right": ..., "closed": ...}) */
struct value *pandas_interval_index_of(struct known_work *w, const struct value_object *o, struct error *err)
{
    const struct value *members = known_argument(o, 1);
    if (!pandas_is_small(members))
        return NULL;
    return interval_array(w, value_get(members, "left"), value_get(members, "right"),
                          value_get(members, "closed"), err);
}

/* (class, checksum, None), and ({"_left": ..., "_right": ..., "_dtype": IntervalDtype},) as its state. */
struct value *pandas_interval_array_of(struct known_work *w, const struct value_object *o, struct error *err)
{
    const struct value *state = o->states.count == 1 ? o->states.items[0] : known_argument(o, 2);
    if (state->kind == VALUE_TUPLE && state->list.count > 0)
        state = state->list.items[0];
    const struct value *dtype = pandas_is_small(state) ? value_get(state, "_dtype") : NULL;
    const struct value *members = dtype == NULL ? NULL : pandas_state(dtype);
    if (members == NULL)
        return NULL;
    return interval_array(w, value_get(state, "_left"), value_get(state, "_right"),
                          value_get(members, "closed"), err);
}
