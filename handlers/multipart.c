#include "multipart.h"

#include <strings.h>

enum { BOUNDARY_MAX = 70 }; /* RFC 2046 */

bool multipart_is(const char *type)
{
    return type != NULL && strncasecmp(type, "multipart/", 10) == 0;
}

/* ---- the Content-Type: type/subtype, and parameters (RFC 9110, 5.6.6 and 8.3.1; RFC 2045, 5.1) ---- */

static const char *skip_blanks(const char *at)
{
    return at + strspn(at, " \t");
}

/* The value at *at, a token or a quoted string, without quotes and escapes; as much of it as out holds. *len
 * is its whole length. Moves *at behind it. */
static void take_value(const char **at, char *out, size_t size, size_t *len)
{
    const char *p = *at;
    const bool quoted = *p == '"';
    size_t n = 0;
    p += quoted;
    for (; *p != '\0' && (quoted ? *p != '"' : strchr("; \t,", *p) == NULL); p++) {
        if (quoted && *p == '\\' && p[1] != '\0')
            p++;
        if (n < size)
            out[n] = *p;
        n++;
    }
    *len = n;
    *at = p + (quoted && *p == '"');
}

/* The first parameter of that name. False: there is none. */
static bool find_parameter(const char *type, const char *name, char *out, size_t size, size_t *len)
{
    const size_t name_len = strlen(name);
    const char *at = type + strcspn(type, ";");
    while (*at == ';') {
        at = skip_blanks(at + 1);
        const size_t n = strcspn(at, "=; \t");
        const bool wanted = n == name_len && strncasecmp(at, name, n) == 0;
        at = skip_blanks(at + n);
        if (*at == '=') {
            at = skip_blanks(at + 1);
            take_value(&at, out, size, len);
            if (wanted)
                return true;
        }
        at += strcspn(at, ";");
    }
    return false;
}

/* "\r\n--" and the boundary: what stands before every part but perhaps the first, and after the last. */
static bool delimiter_of(const char *type, char *out, size_t *len, struct error *err)
{
    size_t n = 0;
    memcpy(out, "\r\n--", 4);
    if (!find_parameter(type, "boundary", out + 4, BOUNDARY_MAX, &n) || n == 0 || n > BOUNDARY_MAX)
        return FAIL(err, ERR_SYNTAX, ERROR_NO_OFFSET,
                    "the Content-Type has no boundary of 1 to %d characters", BOUNDARY_MAX);
    *len = n + 4;
    return true;
}

/* ---- the body ---- */

static struct bytes skip(struct bytes b, size_t n)
{
    return bytes_of(b.data + n, b.len - n);
}

/* What follows a delimiter: blanks and the end of the line, or "--" after the last part. */
static bool line_end(struct bytes *rest, bool *last)
{
    struct bytes b = *rest;
    *last = bytes_starts(b, "--");
    while (!*last && b.len > 0 && (b.data[0] == ' ' || b.data[0] == '\t'))
        b = skip(b, 1);
    if (!*last && !bytes_starts(b, "\r\n"))
        return false;
    *rest = *last ? b : skip(b, 2);
    return true;
}

/* Moves *rest behind the next delimiter; *before is what stands before it. False: there is none. */
static bool next_delimiter(struct bytes *rest, const char *delimiter, size_t len, struct bytes *before,
                           bool *last)
{
    const uint8_t *from = rest->data;
    for (struct bytes b = *rest;;) {
        const uint8_t *found = b.len == 0 ? NULL : memmem(b.data, b.len, delimiter, len);
        if (found == NULL)
            return false;
        b = skip(b, (size_t)(found - b.data) + len);
        *before = bytes_of(from, (size_t)(found - from));
        if (line_end(&b, last)) { /* else it only begins like one */
            *rest = b;
            return true;
        }
    }
}

/* A part without its headers, which end with an empty line. */
static bool content_of(struct bytes part, struct bytes *out)
{
    if (bytes_starts(part, "\r\n")) {
        *out = skip(part, 2);
        return true;
    }
    const uint8_t *end = part.len == 0 ? NULL : memmem(part.data, part.len, "\r\n\r\n", 4);
    if (end != NULL)
        *out = skip(part, (size_t)(end - part.data) + 4);
    return end != NULL;
}

static bool add(struct bytes **parts, size_t *count, struct bytes content, const struct limits *limits,
                struct arena *arena, struct error *err)
{
    if (*count >= limits->members)
        return FAIL_LIMIT(err, "members", limits->members, "the body has more than %llu parts",
                          (unsigned long long)limits->members);
    if ((*count & (*count - 1)) == 0) { /* it is full at every power of two */
        struct bytes *grown = arena_grow(arena, *parts, *count * sizeof **parts,
                                         (*count == 0 ? 1 : *count * 2) * sizeof **parts);
        if (grown == NULL)
            return arena_fail(arena, err);
        *parts = grown;
    }
    (*parts)[(*count)++] = content;
    return true;
}

/* The first delimiter may be at the very start, where no line ends before it. */
static bool find_first(struct bytes *rest, const char *delimiter, size_t len, bool *last)
{
    struct bytes preamble, b = *rest;
    if (b.len >= len - 2 && memcmp(b.data, delimiter + 2, len - 2) == 0) {
        b = skip(b, len - 2);
        if (line_end(&b, last)) {
            *rest = b;
            return true;
        }
    }
    return next_delimiter(rest, delimiter, len, &preamble, last);
}

bool multipart_split(const char *type, struct bytes body, const struct limits *limits, struct arena *arena,
                     const struct bytes **parts, size_t *count, struct error *err)
{
    char delimiter[4 + BOUNDARY_MAX];
    size_t len, n = 0;
    struct bytes rest = body, part, content, *list = NULL;
    bool last = false;
    if (!delimiter_of(type, delimiter, &len, err))
        return false;
    if (!find_first(&rest, delimiter, len, &last))
        return FAIL(err, ERR_SYNTAX, 0, "the body has no part that begins with the boundary of its type");
    while (!last) {
        const size_t at = (size_t)(rest.data - body.data);
        if (!next_delimiter(&rest, delimiter, len, &part, &last))
            return FAIL(err, ERR_SYNTAX, at, "the part does not end");
        if (!content_of(part, &content))
            return FAIL(err, ERR_SYNTAX, at, "the headers of the part do not end");
        if (!add(&list, &n, content, limits, arena, err))
            return false;
    }
    if (n == 0)
        return FAIL(err, ERR_SYNTAX, 0, "the body has no part");
    *parts = list;
    *count = n;
    return true;
}
