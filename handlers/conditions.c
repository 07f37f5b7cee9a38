#include "conditions.h"

#include <stdio.h>

enum { DATE_MAX = 40 };

/* Names as RFC 9110 section 5.6.7 has them, whatever the locale. */
static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/* "Sun, 06 Nov 1994 08:49:37 GMT" in the arena. NULL: no memory. */
static const char *date_text(struct arena *arena, time_t when)
{
    struct tm tm;
    char *out = arena_alloc(arena, 1, DATE_MAX);
    if (out == NULL || gmtime_r(&when, &tm) == NULL)
        return NULL;
    snprintf(out, DATE_MAX, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[tm.tm_wday], tm.tm_mday,
             months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
    return out;
}

/* An HTTP date, in any of its three forms. */
static bool date_parse(const char *text, time_t *out)
{
    static const char *const forms[] = {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT",
                                        "%a %b %d %H:%M:%S %Y"};
    for (size_t i = 0; i < ROWS(forms); i++) {
        struct tm tm = {0};
        const char *end = strptime(text, forms[i], &tm);
        if (end == NULL || *end != '\0')
            continue;
        *out = timegm(&tm);
        return true;
    }
    return false;
}

/* The next entity tag of a list, quotes included; *weak: it had W/ before it. False: the list is over. */
static bool next_tag(const char **list, struct bytes *tag, bool *weak)
{
    const char *at = *list + strspn(*list, " \t,");
    *weak = strncmp(at, "W/", 2) == 0;
    at += *weak ? 2 : 0;
    const char *end = *at == '"' ? strchr(at + 1, '"') : NULL;
    if (end == NULL)
        return false;
    *tag = bytes_of(at, (size_t)(end + 1 - at));
    *list = end + 1;
    return true;
}

/* Answers that were compressed have "abc+gzip" for "abc": the same state of the same thing. */
static bool same_state(struct bytes tag, const char *etag)
{
    static const char *const codings[] = {"+gzip\"", "+zstd\""};
    const size_t n = strlen(etag);
    if (bytes_is(tag, etag))
        return true;
    if (n == 0 || tag.len < n || memcmp(tag.data, etag, n - 1) != 0)
        return false;
    for (size_t i = 0; i < ROWS(codings); i++)
        if (bytes_is(bytes_of(tag.data + n - 1, tag.len - n + 1), codings[i]))
            return true;
    return false;
}

/* *found is the tag as it stands in the list, empty where anything will do. */
static bool lists_tag(const char *list, const char *etag, bool weak_counts, struct bytes *found)
{
    bool weak;
    *found = bytes_of(NULL, 0);
    if (list[strspn(list, " \t")] == '*')
        return true;
    while (next_tag(&list, found, &weak))
        if ((weak_counts || !weak) && same_state(*found, etag))
            return true;
    return false;
}

static const char *header(const struct request *request, const char *name)
{
    return request->header(request->headers, name);
}

/* Whether it was modified after the date in a header. A date that cannot be read says nothing. */
static bool modified_since(const char *date, const struct timespec *modified, bool unreadable)
{
    time_t when;
    return date_parse(date, &when) ? modified->tv_sec > when : unreadable;
}

static bool holds(const struct request *request, const char *etag, const struct timespec *modified)
{
    const char *match = header(request, "If-Match");
    const char *since = header(request, "If-Unmodified-Since");
    struct bytes found;
    if (match != NULL)
        return lists_tag(match, etag, false, &found);
    return since == NULL || modified == NULL || !modified_since(since, modified, false);
}

static bool not_modified(const struct request *request, const char *etag, const struct timespec *modified,
                         struct bytes *found)
{
    const char *none = header(request, "If-None-Match");
    const char *since = header(request, "If-Modified-Since");
    if (none != NULL)
        return lists_tag(none, etag, true, found);
    return since != NULL && modified != NULL && !modified_since(since, modified, true);
}

bool conditions_sent(const struct request *request)
{
    static const char *const names[] = {"If-Match", "If-None-Match", "If-Modified-Since",
                                        "If-Unmodified-Since"};
    for (size_t i = 0; i < ROWS(names); i++)
        if (header(request, names[i]) != NULL)
            return true;
    return false;
}

bool conditions_check(const struct request *request, const char *etag, const struct timespec *modified,
                      struct reply *reply, bool *done, struct error *err)
{
    const struct service *service = request->service;
    const char *date = modified == NULL ? NULL : date_text(request->arena, modified->tv_sec);
    struct bytes found = {NULL, 0};
    *done = false;
    if (!holds(request, etag, modified))
        return FAIL(err, ERR_PRECONDITION, ERROR_NO_OFFSET, "what is there now has the entity tag %s", etag);
    const bool same = not_modified(request, etag, modified, &found);
    const char *tag = found.len > strlen(etag) && same
                          ? arena_printf(request->arena, "%.*s", (int)found.len, (const char *)found.data)
                          : etag;
    reply_header(reply, "ETag", tag == NULL ? etag : tag); /* the client's copy may be a compressed one */
    reply_header(reply, "Cache-Control",
                 service == NULL || service->cache_control == NULL ? "no-cache" : service->cache_control);
    if (date != NULL)
        reply_header(reply, "Last-Modified", date);
    *done = same;
    if (*done) {
        reply->status = 304;
        reply->kind = REPLY_EMPTY;
    }
    return true;
}

bool conditions_range(const struct request *request, const char *etag, const struct timespec *modified)
{
    const char *range = header(request, "If-Range");
    time_t when;
    if (range == NULL)
        return true;
    if (range[0] == '"' || range[0] == 'W')
        return strcmp(range, etag) == 0;
    return date_parse(range, &when) && when == modified->tv_sec;
}
