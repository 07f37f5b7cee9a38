#include "coordinate_label.h"

#include <math.h>

#include "cast.h"
#include "number.h"
#include "selection.h"

/* ---- text ---- */

/* The place of ".." in text, or its length. */
static size_t find_dots(struct bytes text)
{
    for (size_t i = 0; i + 1 < text.len; i++)
        if (text.data[i] == '.' && text.data[i + 1] == '.')
            return i;
    return text.len;
}

static bool parse_term(struct bytes text, size_t at, struct coordinate_term *out, struct error *err)
{
    const uint8_t *colon = text.len == 0 ? NULL : memchr(text.data, ':', text.len);
    if (colon == NULL || colon == text.data)
        return FAIL(err, ERR_ARGUMENT, at, "a name, ':' and a value or a range are expected here");
    const size_t n = (size_t)(colon - text.data);
    const struct bytes value = bytes_of(colon + 1, text.len - n - 1);
    const size_t dots = find_dots(value);
    *out = (struct coordinate_term){
        .name = bytes_trim(bytes_of(text.data, n), " \t"), .at = at, .range = dots < value.len};
    out->low = bytes_trim(bytes_of(value.data, dots), " \t");
    if (out->range)
        out->high = bytes_trim(bytes_of(value.data + dots + 2, value.len - dots - 2), " \t");
    if (!out->range && out->low.len == 0)
        return FAIL(err, ERR_ARGUMENT, at + text.len, "a value is expected here");
    return true;
}

bool coordinate_parse(struct bytes text, struct arena *arena, struct coordinate_term **out, size_t *count,
                      struct error *err)
{
    size_t commas = 0, n = 0;
    for (size_t i = 0; i < text.len; i++)
        commas += text.data[i] == ',';
    if (commas >= DTYPE_MAX_NDIM)
        return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "no array has more than %d axes", DTYPE_MAX_NDIM);
    struct coordinate_term *terms = arena_alloc(arena, commas + 1, sizeof *terms);
    if (terms == NULL)
        return arena_fail(arena, err);
    for (size_t at = 0, end; n <= commas; n++, at = end + 1) {
        end = at;
        while (end < text.len && text.data[end] != ',')
            end++;
        if (!parse_term(bytes_of(text.data + at, end - at), at, &terms[n], err))
            return false;
    }
    *out = terms;
    *count = n;
    return true;
}

/* ---- dates ---- */

static const long double SECOND = 1e6L;

/* Days since 1970-01-01 in the proleptic Gregorian calendar, counted in years that begin in March. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    const int64_t y = month > 2 ? year : year - 1, m = (month + 9) % 12;
    const int64_t era = y >= 0 ? y / 400 : (y - 399) / 400, of_era = y - era * 400;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + (153 * m + 2) / 5 + day - 1 - 719468;
}

static int64_t month_length(int64_t year, int64_t month)
{
    return month == 12 ? 31 : days_of(year, month + 1, 1) - days_of(year, month, 1);
}

struct scan {
    struct bytes text;
    size_t at;
};

static bool take(struct scan *s, const char *any)
{
    if (s->at >= s->text.len || strchr(any, s->text.data[s->at]) == NULL || s->text.data[s->at] == '\0')
        return false;
    s->at++;
    return true;
}

/* Up to most digits. */
static bool digits(struct scan *s, size_t least, size_t most, int64_t *out)
{
    size_t n = 0;
    int64_t v = 0;
    for (; n < most && s->at < s->text.len && s->text.data[s->at] >= '0' && s->text.data[s->at] <= '9'; n++)
        v = v * 10 + (s->text.data[s->at++] - '0');
    *out = v;
    return n >= least;
}

/* "Z", "UTC", "+01:00", "-5" or nothing: minutes east. */
static bool zone(struct scan *s, int64_t *minutes)
{
    int64_t h, m = 0;
    *minutes = 0;
    while (take(s, " "))
        ;
    if (s->at == s->text.len || take(s, "Zz"))
        return true;
    if (bytes_starts(bytes_of(s->text.data + s->at, s->text.len - s->at), "UTC"))
        return s->at += 3, true;
    const bool west = s->text.data[s->at] == '-';
    if (!take(s, "+-") || !digits(s, 1, 2, &h))
        return false;
    if ((take(s, ":") || s->at < s->text.len) && !digits(s, 2, 2, &m))
        return false;
    *minutes = (west ? -1 : 1) * (h * 60 + m);
    return true;
}

/* The clock's part of a date: microseconds of the day, and how long what is said lasts. */
static bool time_of_day(struct scan *s, long double *us, long double *lasts)
{
    int64_t h, m = 0, sec = 0;
    if (!digits(s, 1, 2, &h) || h > 23)
        return false;
    *lasts = 3600 * SECOND;
    if (take(s, ":")) {
        *lasts = 60 * SECOND;
        if (!digits(s, 1, 2, &m) || m > 59)
            return false;
    }
    if (*lasts < 3600 * SECOND && take(s, ":")) {
        *lasts = SECOND;
        if (!digits(s, 1, 2, &sec) || sec > 60)
            return false;
    }
    *us = (long double)(h * 3600 + m * 60 + sec) * SECOND;
    if (*lasts == SECOND && take(s, ".")) {
        for (*lasts = SECOND; s->at < s->text.len && s->text.data[s->at] >= '0' && s->text.data[s->at] <= '9';
             s->at++) {
            *lasts /= 10;
            *us += *lasts * (s->text.data[s->at] - '0');
        }
    }
    return true;
}

/* YYYY[-MM[-DD[(T| )hh[:mm[:ss[.f]]][zone]]]]: when it begins and how long it lasts, in microseconds. */
static bool read_date(struct bytes text, long double *begin, long double *lasts)
{
    struct scan s = {.text = text};
    const bool before = take(&s, "-");
    int64_t year, month = 1, day = 1, east = 0;
    long double us = 0;
    if (!digits(&s, 1, 6, &year))
        return false;
    year = before ? -year : year;
    const bool has_month = take(&s, "-");
    if (has_month && (!digits(&s, 1, 2, &month) || month < 1 || month > 12))
        return false;
    const bool has_day = has_month && take(&s, "-");
    if (has_day && (!digits(&s, 1, 2, &day) || day < 1 || day > month_length(year, month)))
        return false;
    const int64_t length = has_day     ? 1
                           : has_month ? month_length(year, month)
                                       : days_of(year + 1, 1, 1) - days_of(year, 1, 1);
    *lasts = (long double)length * 86400 * SECOND;
    if (has_day && take(&s, "T t") && s.at < s.text.len && !time_of_day(&s, &us, lasts))
        return false;
    if (!zone(&s, &east) || s.at < s.text.len)
        return false;
    *begin = (long double)days_of(year, month, day) * 86400 * SECOND + us - (long double)(east * 60) * SECOND;
    return true;
}

/* ---- clocks ---- */

static const struct {
    const char *name;
    long double us;
} units_of_time[] = {
    {"microsecond", 1},     {"microseconds", 1},  {"us", 1},          {"millisecond", 1e3L},
    {"milliseconds", 1e3L}, {"msec", 1e3L},       {"ms", 1e3L},       {"second", 1e6L},
    {"seconds", 1e6L},      {"sec", 1e6L},        {"secs", 1e6L},     {"s", 1e6L},
    {"minute", 60e6L},      {"minutes", 60e6L},   {"min", 60e6L},     {"mins", 60e6L},
    {"hour", 3600e6L},      {"hours", 3600e6L},   {"hr", 3600e6L},    {"hrs", 3600e6L},
    {"h", 3600e6L},         {"day", 86400e6L},    {"days", 86400e6L}, {"d", 86400e6L},
    {"week", 604800e6L},    {"weeks", 604800e6L},
};

static bool is_gregorian(struct bytes calendar)
{
    return calendar.len == 0 || bytes_is(calendar, "standard") || bytes_is(calendar, "gregorian") ||
           bytes_is(calendar, "proleptic_gregorian");
}

bool coordinate_clock_of(struct bytes units, struct bytes calendar, struct coordinate_clock *out,
                         struct error *err)
{
    static const char since[] = " since ";
    size_t n = 0;
    long double lasts;
    *out = (struct coordinate_clock){.is_time = false};
    while (n + sizeof since - 1 <= units.len && memcmp(units.data + n, since, sizeof since - 1) != 0)
        n++;
    if (n + sizeof since - 1 > units.len)
        return true;
    const struct bytes name = bytes_trim(bytes_of(units.data, n), " \t");
    const size_t from = n + sizeof since - 1;
    for (size_t i = 0; i < ROWS(units_of_time); i++)
        if (bytes_is(name, units_of_time[i].name))
            out->unit_us = units_of_time[i].us;
    if (out->unit_us == 0 || !is_gregorian(calendar) ||
        !read_date(bytes_trim(bytes_of(units.data + from, units.len - from), " \t"), &out->start_us, &lasts))
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET,
                    "times of the unit '%.*s'%s cannot be told; numbers can be selected by slice=",
                    (int)(units.len < 60 ? units.len : 60), (const char *)units.data,
                    is_gregorian(calendar) ? "" : " in a calendar that is not the Gregorian one");
    out->is_time = true;
    return true;
}

/* datetime64's unit: "ns", "25s", "D". */
static bool clock_of_unit(struct bytes unit, struct coordinate_clock *out)
{
    static const struct {
        const char *name;
        long double us;
    } rows[] = {{"ns", 1e-3L},  {"us", 1},       {"ms", 1e3L},     {"s", 1e6L},  {"m", 60e6L},
                {"h", 3600e6L}, {"D", 86400e6L}, {"W", 604800e6L}, {"ps", 1e-6L}};
    struct scan s = {.text = unit};
    int64_t factor;
    digits(&s, 0, 9, &factor);
    const struct bytes name = bytes_of(unit.data + s.at, unit.len - s.at);
    for (size_t i = 0; i < ROWS(rows); i++)
        if (bytes_is(name, rows[i].name)) {
            *out = (struct coordinate_clock){.is_time = true,
                                             .unit_us = rows[i].us * (s.at == 0 ? 1 : (long double)factor)};
            return true;
        }
    return false;
}

/* ---- the ends of a range, in the numbers of the coordinate ---- */

/* From low on, and up to high: with high itself, or (dates) up to but without it. */
struct ends {
    double low, high;
    bool without_high;
};

/* Four digits, which would be a number too. */
static bool is_year(struct bytes text)
{
    struct scan s = {.text = text};
    int64_t year;
    return digits(&s, 4, 4, &year) && s.at == text.len;
}

static bool read_end(struct bytes text, const struct coordinate_clock *clock, size_t at, double *begin,
                     double *end, bool *date, struct error *err)
{
    double number;
    long double us, lasts;
    *date = false;
    if (number_read_double(text, &number) == text.len && !isnan(number) &&
        !(clock->is_time && is_year(text))) {
        *begin = *end = number;
        return true;
    }
    *date = true;
    if (!read_date(text, &us, &lasts))
        return FAIL(err, ERR_ARGUMENT, at, "'%.*s' is neither a number nor a date",
                    (int)(text.len < 60 ? text.len : 60), (const char *)text.data);
    if (!clock->is_time)
        return FAIL(err, ERR_ARGUMENT, at, "the coordinate is of numbers that are no times");
    *begin = (double)((us - clock->start_us) / clock->unit_us);
    *end = (double)((us + lasts - clock->start_us) / clock->unit_us);
    return true;
}

static bool read_ends(const struct coordinate_term *term, const struct coordinate_clock *clock,
                      struct ends *out, bool *one, struct error *err)
{
    double begin = -INFINITY, end = INFINITY, unused;
    bool date = false;
    *out = (struct ends){.low = -INFINITY, .high = INFINITY};
    if (term->low.len > 0 && !read_end(term->low, clock, term->at, &begin, &end, &date, err))
        return false;
    out->low = begin;
    *one = !term->range && !date;
    if (!term->range) {
        out->high = end;
        out->without_high = date;
        return true;
    }
    if (term->high.len > 0 &&
        !read_end(term->high, clock, term->at, &unused, &out->high, &out->without_high, err))
        return false;
    return true;
}

/* ---- searching ---- */

enum { SCANNED = 1 << 20 /* elements that are all looked at */ };

struct search {
    struct array numbers; /* as float64 */
    uint64_t length;
    const struct limits *limits;
    struct arena *arena;
    const double *all; /* where all of them were read */
    bool unordered;
};

static bool number_at(const struct search *s, uint64_t i, double *out, struct error *err)
{
    const struct selection_part part = {.kind = SELECT_INDEX, .start = (int64_t)i};
    const struct selection selection = {.parts = &part, .count = 1};
    struct array one;
    const uint8_t *packed;
    if (s->all != NULL)
        return *out = s->all[i], true;
    if (!array_select(&s->numbers, &selection, s->limits, s->arena, &one, err) ||
        !array_pack(&one, s->arena, &packed, err))
        return false;
    memcpy(out, packed, sizeof *out);
    return true;
}

static bool read_all(struct search *s, struct error *err)
{
    const uint8_t *packed;
    if (s->length > SCANNED)
        return true;
    if (!array_pack(&s->numbers, s->arena, &packed, err))
        return false;
    s->all = (const double *)(const void *)packed;
    const bool falls = s->length > 1 && s->all[s->length - 1] < s->all[0];
    for (uint64_t i = 1; i < s->length; i++)
        if (!(falls ? s->all[i] <= s->all[i - 1] : s->all[i] >= s->all[i - 1]))
            s->unordered = true;
    return true;
}

/* In no order a number may still be there once. */
static bool find_alone(const struct search *s, double wanted, uint64_t *start, uint64_t *count,
                       struct error *err)
{
    *count = 0;
    for (uint64_t i = 0; i < s->length; i++)
        if (s->all[i] == wanted) {
            *start = i;
            ++*count;
        }
    return *count < 2 || FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET,
                              "the value is in more than one place of the coordinate; points= can name them");
}

/* Whether v lies before what is wanted, on the way that the coordinate goes; edge: of its far end. */
static bool is_before(const struct ends *e, bool falls, bool edge, double v)
{
    const bool high = falls != edge; /* which end is meant */
    if (!high)
        return falls ? v >= e->low : v < e->low;
    if (falls)
        return e->without_high ? v >= e->high : v > e->high;
    return e->without_high ? v < e->high : v <= e->high;
}

/* The first element that is not before it. */
static bool first_after(const struct search *s, const struct ends *e, bool falls, bool edge, uint64_t *out,
                        struct error *err)
{
    uint64_t low = 0, high = s->length;
    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        double v;
        if (!number_at(s, middle, &v, err))
            return false;
        if (is_before(e, falls, edge, v))
            low = middle + 1;
        else
            high = middle;
    }
    *out = low;
    return true;
}

static bool prepare(const struct array *a, struct coordinate_clock *clock, struct search *s,
                    struct error *err)
{
    const struct dtype real = dtype_make(DTYPE_FLOAT, sizeof(double));
    struct array whole = *a;
    if (a->ndim != 1)
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "a coordinate has one dimension, this has %u",
                    a->ndim);
    if (a->dtype.kind == DTYPE_DATETIME) {
        if (!clock_of_unit(a->dtype.unit, clock))
            return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET,
                        "the coordinate counts no unit of a calendar");
        whole.dtype = dtype_make(DTYPE_INT, 8);
        whole.dtype.order = a->dtype.order;
    }
    s->length = a->shape[0];
    return array_cast(&whole, &real, s->arena, &s->numbers, err) && read_all(s, err);
}

bool coordinate_find(const struct array *a, const struct coordinate_term *term,
                     const struct coordinate_clock *clock, const struct limits *limits, struct arena *arena,
                     uint64_t *start, uint64_t *count, bool *one, struct error *err)
{
    struct search s = {.limits = limits, .arena = arena};
    struct coordinate_clock own = *clock;
    struct ends ends;
    double first = 0, last = 0;
    uint64_t end;
    if (coordinate_is_labels(a))
        return coordinate_find_label(a, term, arena, start, count, one, err);
    if (!prepare(a, &own, &s, err) || !read_ends(term, &own, &ends, one, err))
        return false;
    if (s.length > 0 && (!number_at(&s, 0, &first, err) || !number_at(&s, s.length - 1, &last, err)))
        return false;
    if (s.unordered && !*one)
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET,
                    "the coordinate neither climbs nor falls all the way, so a range has no place");
    const bool falls = last < first;
    if (s.unordered ? !find_alone(&s, ends.low, start, &end, err)
                    : !first_after(&s, &ends, falls, false, start, err) ||
                          !first_after(&s, &ends, falls, true, &end, err))
        return false;
    *count = s.unordered ? end : end > *start ? end - *start : 0;
    if (*one && *count == 0)
        return FAIL(err, ERR_ARGUMENT, term->at, "'%.*s' has no element of the value %.*s",
                    (int)(term->name.len < 60 ? term->name.len : 60), (const char *)term->name.data,
                    (int)(term->low.len < 60 ? term->low.len : 60), (const char *)term->low.data);
    return true;
}
