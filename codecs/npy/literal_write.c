#include <stdio.h>

#include "literal.h"
#include "number.h"
#include "utf8.h"

enum { DEPTH = 128 }; /* dtypes have fewer levels */

bool literal_add(struct literal_text *text, struct bytes bytes)
{
    if (bytes.len > text->capacity - text->len) {
        const size_t capacity = 2 * (text->len + bytes.len) + 256;
        uint8_t *data = arena_grow(text->arena, text->data, text->capacity, capacity);
        if (data == NULL)
            return false;
        text->data = data;
        text->capacity = capacity;
    }
    if (bytes.len > 0)
        memcpy(text->data + text->len, bytes.data, bytes.len);
    text->len += bytes.len;
    return true;
}

/* Controls, the two blanks of latin-1 that are not printable, and surrogates are escaped. */
static size_t spell(uint32_t code, char quote, char *out, size_t size)
{
    if (code == '\\' || code == (uint32_t)quote)
        return (size_t)snprintf(out, size, "\\%c", (char)code);
    if (code == '\n' || code == '\r' || code == '\t')
        return (size_t)snprintf(out, size, "\\%c", code == '\n' ? 'n' : code == '\r' ? 'r' : 't');
    if (code < 0x20 || (code >= 0x7f && code <= 0xa0) || code == 0xad)
        return (size_t)snprintf(out, size, "\\x%02x", code);
    if (code >= 0xd800 && code <= 0xdfff)
        return (size_t)snprintf(out, size, "\\u%04x", code);
    return utf8_put(code, (uint8_t *)out);
}

static bool write_string(struct literal_text *text, struct bytes s)
{
    const bool single = s.len > 0 && memchr(s.data, '\'', s.len) != NULL;
    const bool twice = s.len > 0 && memchr(s.data, '"', s.len) != NULL;
    const char quote = single && !twice ? '"' : '\'';
    if (!literal_add(text, bytes_of(&quote, 1)))
        return false;
    for (size_t at = 0; at < s.len;) {
        char out[16];
        const size_t n = spell(utf8_next(s, &at), quote, out, sizeof out);
        if (!literal_add(text, bytes_of(out, n)))
            return false;
    }
    return literal_add(text, bytes_of(&quote, 1));
}

static bool write_plain(struct literal_text *text, const struct value *v)
{
    char digits[NUMBER_MAX];
    if (v->kind == VALUE_STR)
        return write_string(text, v->text);
    return literal_add(text, bytes_of(digits, number_write_int(v->integer, digits)));
}

/* What comes before the n-th part of a list or tuple, or after the last. */
static const char *between(const struct value *v, size_t n)
{
    const bool tuple = v->kind == VALUE_TUPLE;
    if (n < v->list.count)
        return n > 0 ? ", " : tuple ? "(" : "[";
    if (n == 0)
        return tuple ? "()" : "[]";
    return !tuple ? "]" : n == 1 ? ",)" : ")";
}

bool literal_write(struct literal_text *text, const struct value *v)
{
    struct {
        const struct value *v;
        size_t next;
    } frames[DEPTH];
    unsigned depth = 0;
    for (;;) {
        if (v->kind == VALUE_LIST || v->kind == VALUE_TUPLE) {
            if (depth == DEPTH)
                return false;
            frames[depth].v = v;
            frames[depth++].next = 0;
        } else if (!write_plain(text, v))
            return false;
        while (depth > 0) {
            const struct value *top = frames[depth - 1].v;
            const size_t n = frames[depth - 1].next++;
            if (!literal_add(text, bytes_text(between(top, n))))
                return false;
            if (n < top->list.count) {
                v = top->list.items[n];
                break;
            }
            depth--;
        }
        if (depth == 0)
            return true;
    }
}
