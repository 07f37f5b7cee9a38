#include "datetime64.h"

#include <stdio.h>

__extension__ typedef __int128 wide; /* counts times a unit's factor and a day's attoseconds need it */

enum { EPOCH_YEAR = 1970, DAYS_TO_EPOCH = 719468, DAYS_PER_ERA = 146097 };

/* numpy/core/include/numpy/ndarraytypes.h: NPY_DATETIMEUNIT, from days on. */
static const struct unit {
    const char *name;
    int64_t per_day_or_second; /* parts of a day for D, h, m and s; of a second for the rest */
    int digits;                /* of the fraction of a second */
    int shown;                 /* characters of "YYYY-MM-DDTHH:MM:SS" behind the year: -1 stands for all */
} units[] = {
    {"D", 1, 0, 6},
    {"h", 24, 0, 9},
    {"m", 1440, 0, 12},
    {"s", 86400, 0, 15},
    {"ms", 1000, 3, 15},
    {"us", 1000000, 6, 15},
    {"ns", 1000000000, 9, 15},
    {"ps", 1000000000000, 12, 15},
    {"fs", 1000000000000000, 15, 15},
    {"as", 1000000000000000000, 18, 15},
};

static wide divide_down(wide a, int64_t b)
{
    const wide quotient = a / b;
    return quotient - (a % b < 0 ? 1 : 0);
}

struct date {
    int64_t year;
    int month, day;
};

/* Days since 1970-01-01, counted in eras of 400 years that begin on 1 March. */
static struct date date_of_days(wide days)
{
    const wide shifted = days + DAYS_TO_EPOCH;
    const int64_t era = (int64_t)divide_down(shifted, DAYS_PER_ERA);
    const int day_of_era = (int)(shifted - (wide)era * DAYS_PER_ERA);
    const int year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const int month = (5 * day_of_year + 2) / 153; /* March is 0 */
    return (struct date){
        .year = era * 400 + year_of_era + (month >= 10 ? 1 : 0),
        .month = month < 10 ? month + 3 : month - 9,
        .day = day_of_year - (153 * month + 2) / 5 + 1,
    };
}

static size_t put_year(int64_t year, char *out)
{
    return (size_t)snprintf(out, DATETIME64_MAX, "%04lld", (long long)year);
}

static size_t put_years(wide count, char *out)
{
    return put_year((int64_t)(count + EPOCH_YEAR), out);
}

static size_t put_months(wide count, char *out)
{
    const int64_t years = (int64_t)divide_down(count, 12);
    const size_t n = put_year(years + EPOCH_YEAR, out);
    return n + (size_t)snprintf(out + n, DATETIME64_MAX - n, "-%02d", (int)(count - (wide)years * 12) + 1);
}

static size_t put_time(wide count, const struct unit *u, char *out)
{
    const bool subsecond = u->digits > 0;
    const wide seconds =
        subsecond ? divide_down(count, u->per_day_or_second) : count * (86400 / u->per_day_or_second);
    const int64_t fraction = subsecond ? (int64_t)(count - seconds * u->per_day_or_second) : 0;
    const wide days = divide_down(seconds, 86400);
    const int second = (int)(seconds - days * 86400);
    const struct date d = date_of_days(days);
    const size_t n = put_year(d.year, out);
    snprintf(out + n, DATETIME64_MAX - n, "-%02d-%02dT%02d:%02d:%02d.%0*lld", d.month, d.day, second / 3600,
             second / 60 % 60, second % 60, u->digits > 0 ? u->digits : 1, (long long)fraction);
    return n + (size_t)u->shown + (subsecond ? 1 + (size_t)u->digits : 0);
}

/* The factor before a unit's name, 1 where there is none. */
static int64_t take_factor(struct bytes *unit)
{
    int64_t factor = 0;
    while (unit->len > 0 && unit->data[0] >= '0' && unit->data[0] <= '9' && factor < INT32_MAX) {
        factor = factor * 10 + (unit->data[0] - '0');
        *unit = bytes_of(unit->data + 1, unit->len - 1);
    }
    return factor == 0 ? 1 : factor;
}

size_t datetime64_write(int64_t count, struct bytes unit, char *out)
{
    if (count == DATETIME64_NAT) {
        memcpy(out, "NaT", 3);
        return 3;
    }
    const wide total = (wide)count * take_factor(&unit);
    const wide most = (wide)INT64_MAX; /* NumPy's own arithmetic ends there */
    if (total > most || total < -most)
        return 0;
    if (bytes_is(unit, "Y"))
        return total > most - EPOCH_YEAR ? 0 : put_years(total, out);
    if (bytes_is(unit, "M"))
        return put_months(total, out);
    if (bytes_is(unit, "W"))
        return total > most / 7 || total < -most / 7 ? 0 : put_time(total * 7, &units[0], out);
    for (size_t i = 0; i < ROWS(units); i++)
        if (bytes_is(unit, units[i].name))
            return put_time(total, &units[i], out);
    return 0;
}
