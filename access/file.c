#include "file.h"

#include <errno.h>
#include <stdio.h>

enum { LARGEST = 4 << 20, PIECE = 16 << 10 };

static void file_drop(FILE **file)
{
    if (*file != NULL)
        fclose(*file);
}

bool file_read(const char *path, const char *what, struct arena *arena, struct bytes *out, struct error *err)
{
    AUTO(file_drop) FILE *file = fopen(path, "re");
    if (file == NULL)
        return FAIL(err, ERR_IO, ERROR_NO_OFFSET, "%s %.120s cannot be opened: %s", what, path,
                    strerror(errno));
    uint8_t *text = NULL;
    size_t len = 0, room = 0;
    for (;;) {
        if (room - len < PIECE) {
            text = arena_grow(arena, text, room, room + len + PIECE);
            if (text == NULL)
                return arena_fail(arena, err);
            room += len + PIECE;
        }
        const size_t n = fread(text + len, 1, room - len - 1, file);
        len += n;
        if (n == 0)
            break;
    }
    if (ferror(file) || len > LARGEST)
        return FAIL(err, ERR_IO, ERROR_NO_OFFSET, "%s %.120s cannot be read or is too big", what, path);
    text[len] = '\0';
    *out = bytes_of(text, len);
    return true;
}

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

bool file_line(struct bytes *rest, struct bytes *line, size_t *number)
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

struct bytes file_word(struct bytes *rest)
{
    *rest = trim(*rest);
    size_t n = 0;
    while (n < rest->len && !is_blank(rest->data[n]))
        n++;
    const struct bytes word = bytes_of(rest->data, n);
    *rest = bytes_of(rest->data + n, rest->len - n);
    return word;
}
