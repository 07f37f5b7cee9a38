#include "lines.h"

#define BLANKS " \t\r"

static bool is_blank(uint8_t c)
{
    return memchr(BLANKS, c, strlen(BLANKS)) != NULL;
}

bool line_next(struct bytes *rest, struct bytes *line, size_t *number)
{
    while (rest->len > 0) {
        const uint8_t *end = memchr(rest->data, '\n', rest->len);
        const size_t n = end == NULL ? rest->len : (size_t)(end - rest->data);
        *line = bytes_trim(bytes_of(rest->data, n), BLANKS);
        *rest = bytes_of(rest->data + n + (end != NULL), rest->len - n - (end != NULL));
        ++*number;
        if (line->len > 0 && line->data[0] != '#')
            return true;
    }
    return false;
}

struct bytes line_word(struct bytes *rest)
{
    *rest = bytes_trim(*rest, BLANKS);
    size_t n = 0;
    while (n < rest->len && !is_blank(rest->data[n]))
        n++;
    const struct bytes word = bytes_of(rest->data, n);
    *rest = bytes_of(rest->data + n, rest->len - n);
    return word;
}
