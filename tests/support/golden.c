#include "golden.h"

static struct bytes up_to(struct bytes *text, uint8_t end)
{
    const uint8_t *at = memchr(text->data, end, text->len);
    const size_t n = at == NULL ? text->len : (size_t)(at - text->data);
    const struct bytes field = bytes_of(text->data, n);
    const size_t past = at == NULL ? n : n + 1;
    *text = bytes_of(text->data + past, text->len - past);
    return field;
}

bool golden_next(struct bytes *text, struct bytes *fields, size_t n)
{
    if (text->len == 0)
        return false;
    struct bytes line = up_to(text, '\n');
    for (size_t i = 0; i < n; i++)
        fields[i] = up_to(&line, ' ');
    assert_int_equal(line.len, 0);
    assert_true(fields[n - 1].len > 0);
    return true;
}

static unsigned digit(uint8_t c)
{
    return c <= '9' ? c - (unsigned)'0' : c - (unsigned)'a' + 10;
}

uint64_t golden_number(struct bytes field)
{
    uint64_t v = 0;
    for (size_t i = 0; i < field.len; i++)
        v = v << 4 | digit(field.data[i]);
    return v;
}

struct bytes golden_bytes(struct bytes field, uint8_t *out)
{
    if (bytes_is(field, "-"))
        return bytes_of(out, 0);
    for (size_t i = 0; i < field.len / 2; i++)
        out[i] = (uint8_t)(digit(field.data[2 * i]) << 4 | digit(field.data[2 * i + 1]));
    return bytes_of(out, field.len / 2);
}
