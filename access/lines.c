#include "lines.h"

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static struct bytes trim(struct bytes text)
{
    while (text.len > 0 && is_blank(text.data[text.len - 1]))
        text.len--;
    while (text.len > 0 && is_blank(text.data[0]))
        text = bytes_of(text.data + 1, text.len - 1);
    return text;
}

bool line_next(struct bytes *rest, struct bytes *line, size_t *number)
{
    while (rest->len > 0) {
        const uint8_t *end = memchr(rest->data, '\n', rest->len);
        const size_t n = end == NULL ? rest->len : (size_t)(end - rest->data);
        *line = trim(bytes_of(rest->data, n));
        *rest = bytes_of(rest->data + n + (end != NULL), rest->len - n - (end != NULL));
        ++*number;
        if (line->len > 0 && line->data[0] != '#')
            return true;
    }
    return false;
}

struct bytes line_word(struct bytes *rest)
{
    *rest = trim(*rest);
    size_t n = 0;
    while (n < rest->len && !is_blank(rest->data[n]))
        n++;
    const struct bytes word = bytes_of(rest->data, n);
    *rest = bytes_of(rest->data + n, rest->len - n);
    return word;
}
