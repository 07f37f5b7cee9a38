#include "range.h"

#include <strings.h>

/* Digits at *text, saturating: a number that does not fit is beyond every file. False: no digit. */
static bool read_number(const char **text, uint64_t *out)
{
    const char *at = *text;
    uint64_t n = 0;
    for (; *at >= '0' && *at <= '9'; at++)
        if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, (uint64_t)(*at - '0'), &n))
            n = UINT64_MAX;
    const bool any = at != *text;
    *text = at;
    *out = n;
    return any;
}

static enum range_result suffix(uint64_t length, uint64_t size, struct range *out)
{
    if (length == 0 || size == 0)
        return RANGE_NONE;
    if (length > size)
        length = size;
    *out = (struct range){.start = size - length, .length = length};
    return RANGE_PART;
}

enum range_result range_parse(const char *header, uint64_t size, struct range *out)
{
    const char *at = header + strspn(header, " \t");
    uint64_t first, last = UINT64_MAX;
    if (strncasecmp(at, "bytes=", 6) != 0)
        return RANGE_WHOLE;
    at += 6;
    at += strspn(at, " \t");
    const bool has_first = read_number(&at, &first);
    if (*at++ != '-')
        return RANGE_WHOLE;
    const bool has_last = read_number(&at, &last);
    at += strspn(at, " \t");
    if (*at != '\0' || (!has_first && !has_last))
        return RANGE_WHOLE;
    if (!has_first)
        return suffix(last, size, out);
    if (has_last && last < first)
        return RANGE_WHOLE;
    if (first >= size)
        return RANGE_NONE;
    if (!has_last || last >= size)
        last = size - 1;
    *out = (struct range){.start = first, .length = last - first + 1};
    return RANGE_PART;
}
