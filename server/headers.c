#include <strings.h>

#include <microhttpd.h>

#include "delivery.h"

static struct MHD_Connection *connection_of(const void *headers)
{
    return (struct MHD_Connection *)(uintptr_t)headers;
}

const char *headers_find(const void *headers, const char *name)
{
    return MHD_lookup_connection_value(connection_of(headers), MHD_HEADER_KIND, name);
}

/* What all lines of a header say, one after the other. */
struct joined {
    const char *name;
    char *text; /* NULL: only counted */
    size_t len;
};

static enum MHD_Result join_line(void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
    (void)kind;
    struct joined *j = cls;
    if (value == NULL || strcasecmp(name, j->name) != 0)
        return MHD_YES;
    if (j->text != NULL) {
        j->text[j->len] = ',';
        memcpy(j->text + j->len + 1, value, strlen(value));
    }
    j->len += strlen(value) + 1;
    return MHD_YES;
}

const char *headers_join(const void *headers, const char *name, struct arena *arena)
{
    struct joined j = {.name = name};
    MHD_get_connection_values(connection_of(headers), MHD_HEADER_KIND, join_line, &j);
    j.text = j.len == 0 ? NULL : arena_alloc(arena, 1, j.len + 1); /* zeroed */
    if (j.text == NULL)
        return NULL;
    j.len = 0;
    MHD_get_connection_values(connection_of(headers), MHD_HEADER_KIND, join_line, &j);
    return j.text + 1;
}

struct header_found {
    const char *name, *value;
    unsigned count;
};

static enum MHD_Result count_header(void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
    (void)kind;
    struct header_found *f = cls;
    if (strcasecmp(name, f->name) == 0) {
        f->value = value;
        f->count++;
    }
    return MHD_YES;
}

const char *headers_only(const void *headers, const char *name)
{
    struct header_found found = {.name = name};
    if (headers_find(headers, name) == NULL)
        return NULL;
    MHD_get_connection_values(connection_of(headers), MHD_HEADER_KIND, count_header, &found);
    return found.count == 1 ? found.value : NULL;
}
