#include "grant.h"

static const struct {
    const char *name;
    unsigned scope;
} scopes_known[] = {
    {"read", SCOPE_READ}, {"convert", SCOPE_CONVERT}, {"write", SCOPE_WRITE}, {"admin", SCOPE_ADMIN}};

const struct grant grant_everything = {.name = "", .scopes = SCOPE_ALL};

unsigned scope_find(struct bytes name)
{
    for (size_t i = 0; i < ROWS(scopes_known); i++)
        if (bytes_is(name, scopes_known[i].name))
            return scopes_known[i].scope;
    return 0;
}

const char *scope_name(unsigned scopes)
{
    for (size_t i = 0; i < ROWS(scopes_known); i++)
        if ((scopes & scopes_known[i].scope) != 0)
            return scopes_known[i].name;
    return "";
}

static bool separates(uint8_t c)
{
    return c == ' ' || c == ',';
}

bool scopes_read(struct bytes text, unsigned *scopes)
{
    unsigned all = 0;
    for (size_t at = 0; at < text.len;) {
        size_t end = at;
        while (end < text.len && !separates(text.data[end]))
            end++;
        const unsigned one = scope_find(bytes_of(text.data + at, end - at));
        if (end > at && one == 0)
            return false;
        all |= one;
        at = end + 1;
    }
    *scopes |= all;
    return true;
}

/* Whether path is folder, or something in it; every path is in "". */
static bool is_within(struct bytes path, struct bytes folder)
{
    if (folder.len == 0)
        return true;
    return path.len >= folder.len && memcmp(path.data, folder.data, folder.len) == 0 &&
           (path.len == folder.len || path.data[folder.len] == '/');
}

bool grant_has_name(const struct grant *grant, struct bytes name)
{
    for (size_t i = 0; grant->prefixes != NULL && i < grant->prefix_count; i++)
        if (is_within(name, grant->prefixes[i]))
            return true;
    return grant->prefixes == NULL;
}

bool grant_has_folder(const struct grant *grant, struct bytes folder)
{
    const struct bytes path = grant_prefix(folder);
    for (size_t i = 0; grant->prefixes != NULL && i < grant->prefix_count; i++)
        if (is_within(path, grant->prefixes[i]) || is_within(grant->prefixes[i], path))
            return true;
    return grant->prefixes == NULL;
}

struct bytes grant_prefix(struct bytes text)
{
    while (text.len > 0 && text.data[0] == '/')
        text = bytes_of(text.data + 1, text.len - 1);
    while (text.len > 0 && text.data[text.len - 1] == '/')
        text.len--;
    return text;
}
