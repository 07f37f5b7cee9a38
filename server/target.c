#include "target.h"

#include "hex.h"
#include "utf8.h"

/* Decodes text[0..len) in place. base is where it stands in the target, for the error. */
static bool decode(char *text, size_t len, size_t base, bool query, struct bytes *out, struct error *err)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        const size_t place = base + i;
        char c = query && text[i] == '+' ? ' ' : text[i];
        if (c == '%') {
            const int byte = len - i > 2 ? hex_byte(text + i + 1) : -1;
            if (byte < 0)
                return FAIL(err, ERR_ARGUMENT, place, "a '%%' in the URL is not followed by two hex digits");
            c = (char)byte;
            i += 2;
        }
        if (c == '\0')
            return FAIL(err, ERR_ARGUMENT, place, "the URL holds a NUL byte");
        text[n++] = c;
    }
    *out = bytes_of(text, n);
    if (utf8_valid(*out) != n)
        return FAIL(err, ERR_ARGUMENT, base, "the URL is not valid UTF-8 where it is percent-decoded");
    return true;
}

static bool parse_param(char *text, size_t len, size_t base, struct param *out, struct error *err)
{
    char *equals = memchr(text, '=', len);
    const size_t name = equals == NULL ? len : (size_t)(equals - text);
    const size_t value = equals == NULL ? len : name + 1;
    return decode(text, name, base, true, &out->name, err) &&
           decode(text + value, len - value, base + value, true, &out->value, err);
}

static bool parse_query(char *text, size_t len, size_t base, struct arena *arena, struct target *out,
                        struct error *err)
{
    size_t most = 1;
    for (size_t i = 0; i < len; i++)
        most += text[i] == '&';
    struct param *params = arena_alloc(arena, most, sizeof *params);
    if (params == NULL)
        return arena_fail(arena, err);
    size_t count = 0;
    for (size_t at = 0; at < len;) {
        const char *end = memchr(text + at, '&', len - at);
        const size_t n = end == NULL ? len - at : (size_t)(end - text) - at;
        if (n > 0 && !parse_param(text + at, n, base + at, &params[count++], err))
            return false;
        at += n + 1;
    }
    out->query = params;
    out->query_count = count;
    return true;
}

/* A proxy may send the absolute form, "http://host/path": where its path begins. */
static size_t skip_authority(const char *text, size_t len)
{
    const struct bytes all = bytes_of(text, len);
    const size_t scheme = bytes_starts(all, "http://") ? 7 : bytes_starts(all, "https://") ? 8 : 0;
    const char *path = scheme == 0 ? text : memchr(text + scheme, '/', len - scheme);
    return path == NULL ? len : (size_t)(path - text);
}

bool target_parse(char *text, size_t len, struct arena *arena, struct target *out, struct error *err)
{
    const size_t start = skip_authority(text, len);
    const char *mark = memchr(text + start, '?', len - start);
    const size_t end = mark == NULL ? len : (size_t)(mark - text);
    *out = (struct target){0};
    if (!decode(text + start, end - start, start, false, &out->path, err))
        return false;
    return end + 1 >= len || parse_query(text + end + 1, len - end - 1, end + 1, arena, out, err);
}
