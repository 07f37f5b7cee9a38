/*
 * Timestamp, Timedelta and NaT: texts as their isoformat() spells them, but for zones that are not UTC: the
 * time is written in UTC, "Z", and the zone's name in brackets (RFC 9557).
 */
#include "pandas.h"

#include <stdlib.h>

#include "datetime64.h"
#include "number.h"

const struct known_kind known_timestamp = {.type = "pandas.Timestamp"};
const struct known_kind known_pandas_timedelta = {.type = "pandas.Timedelta"};
const struct known_kind known_nat = {.type = "pandas.NaT"};

/* What the count counts: pandas' _reso. */
static const char *unit_of(const struct value_object *o, size_t at)
{
    static const char *const units[] = {[7] = "s", [8] = "ms", [9] = "us", [10] = "ns"};
    const struct value *reso = at < known_argument_count(o) ? known_argument(o, at) : NULL;
    if (reso == NULL)
        return "ns";
    return reso->kind == VALUE_INT && reso->integer >= 7 && reso->integer <= 10 ? units[reso->integer] : NULL;
}

struct value *pandas_nat_of(struct known_work *w, const struct value_object *o, struct error *err)
{
    (void)o;
    return known_made_of(w, value_new(w->arena, VALUE_NONE), err);
}

/* As datetime.isoformat(): six digits of a second, nine where they are needed, none where they are zeros. */
static size_t cut_fraction(const char *text, size_t n)
{
    static const size_t digits[] = {0, 6, 9};
    const char *dot = memchr(text, '.', n);
    if (dot == NULL)
        return n;
    size_t shown = n - (size_t)(dot - text) - 1, cut = 0;
    while (shown > 0 && dot[shown] == '0')
        shown--;
    while (cut + 1 < ROWS(digits) && digits[cut] < shown)
        cut++;
    return (size_t)(dot - text) + (digits[cut] == 0 ? 0 : 1 + digits[cut]);
}

size_t pandas_write_time(int64_t count, struct bytes unit, char text[PANDAS_TIME_MAX])
{
    size_t n = count == DATETIME64_NAT ? 0 : datetime64_write(count, unit, text);
    for (const char *dot = memchr(text, '.', n); dot != NULL && n - (size_t)(dot - text) < 7;)
        text[n++] = '0'; /* milliseconds */
    return cut_fraction(text, n);
}

/* (count, freq, tz[, reso]) */
struct value *pandas_timestamp_of(struct known_work *w, const struct value_object *o, struct error *err)
{
    char text[PANDAS_TIME_MAX];
    const struct value *count = known_argument(o, 0);
    const char *unit = unit_of(o, 3);
    struct value *zone = known_argument(o, 2);
    if (unit == NULL || count->kind != VALUE_INT)
        return NULL;
    const size_t n = pandas_write_time(count->integer, bytes_text(unit), text);
    if (n == 0)
        return NULL;
    if (zone->kind == VALUE_NONE)
        return known_text(w, err, "%.*s", (int)n, text);
    if (!known_resolve(w, zone, err) || value_meaning(zone)->kind != VALUE_STR)
        return NULL;
    const struct bytes name = value_meaning(zone)->text;
    if (bytes_is(name, "UTC"))
        return known_text(w, err, "%.*s+00:00", (int)n, text);
    return known_text(w, err, "%.*sZ[%.*s]", (int)n, text, (int)(name.len < 60 ? name.len : 60),
                      (const char *)name.data);
}

/* ".5", or nothing. Returns the length. */
static size_t write_fraction(int64_t nanoseconds, char *out)
{
    size_t n = 0;
    if (nanoseconds == 0)
        return 0;
    out[n++] = '.';
    for (int64_t digit = 100000000; nanoseconds > 0; nanoseconds %= digit, digit /= 10)
        out[n++] = (char)('0' + nanoseconds / digit);
    return n;
}

static size_t write_part(uint64_t count, char letter, char *out)
{
    size_t n = 0;
    if (count == 0)
        return 0;
    n = number_write_uint(count, out);
    out[n] = letter;
    return n + 1;
}

/* (count[, reso]): "P1DT2H", "-PT0.5S", "PT0S", as a datetime.timedelta. */
struct value *pandas_timedelta_of(struct known_work *w, const struct value_object *o, struct error *err)
{
    static const struct {
        char letter;
        uint64_t per_second;
    } units[] = {{'s', 1}, {'m', 1000}, {'u', 1000000}, {'n', 1000000000}};
    const struct value *count = known_argument(o, 0);
    const char *unit = unit_of(o, 1);
    char text[5 * NUMBER_MAX + 16];
    size_t n = 0, i = 0;
    if (unit == NULL || count->kind != VALUE_INT || count->integer == DATETIME64_NAT)
        return NULL;
    while (units[i].letter != unit[0])
        i++;
    const uint64_t scale = units[i].per_second;
    const uint64_t total = (uint64_t)llabs(count->integer), seconds = total / scale;
    const int64_t fraction = (int64_t)(total % scale * (1000000000 / scale));
    if (count->integer < 0)
        text[n++] = '-';
    text[n++] = 'P';
    n += write_part(seconds / 86400, 'D', text + n);
    if (seconds % 86400 > 0 || fraction > 0 || total == 0)
        text[n++] = 'T';
    n += write_part(seconds / 3600 % 24, 'H', text + n);
    n += write_part(seconds / 60 % 60, 'M', text + n);
    if (seconds % 60 > 0 || fraction > 0 || total == 0) {
        n += number_write_uint(seconds % 60, text + n);
        n += write_fraction(fraction, text + n);
        text[n++] = 'S';
    }
    return known_text(w, err, "%.*s", (int)n, text);
}
