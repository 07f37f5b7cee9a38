#include "time_text.h"

#include "access.h"

#include <stdio.h>
#include <time.h>

enum { CENTURY_DAYS = 36525 };

bool time_read(struct bytes text, int64_t *out)
{
    static const char *const formats[] = {"%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"};
    char copy[TIME_TEXT_MAX];
    if (text.len == 0 || text.len >= sizeof copy || text.data[0] < '1' || text.data[0] > '9')
        return false;
    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    for (size_t i = 0; i < ROWS(formats); i++) {
        struct tm tm = {0};
        const char *end = strptime(copy, formats[i], &tm);
        const int day = tm.tm_mday;
        if (end == NULL || *end != '\0')
            continue;
        *out = timegm(&tm);
        return *out > 0 && tm.tm_mday == day; /* there is no 30th of February */
    }
    return false;
}

void time_write(int64_t seconds, char out[TIME_TEXT_MAX])
{
    struct tm tm;
    const time_t when = (time_t)seconds;
    if (gmtime_r(&when, &tm) == NULL || strftime(out, TIME_TEXT_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        snprintf(out, TIME_TEXT_MAX, "-");
}

bool duration_read(const char *text, int64_t *seconds)
{
    static const struct {
        const char *unit;
        int64_t seconds;
    } units[] = {{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
    int64_t n = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9' && n < INT64_MAX / 1000; at++)
        n = n * 10 + (*at - '0');
    for (size_t i = 0; at != text && i < ROWS(units); i++)
        if (strcmp(at, units[i].unit) == 0 && n > 0 &&
            n <= CENTURY_DAYS * INT64_C(86400) / units[i].seconds) {
            *seconds = n * units[i].seconds;
            return true;
        }
    return false;
}
