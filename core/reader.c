#include "reader.h"

bool reader_take(struct reader *r, size_t n, struct bytes *out, struct error *err)
{
    const size_t left = reader_left(r);
    if (n > left) /* subtract, never add: at + n could wrap */
        return FAIL(err, ERR_SYNTAX, r->at, "needs %zu bytes, %zu are left", n, left);
    *out = bytes_of(r->in.data + r->at, n);
    r->at += n;
    return true;
}

bool reader_line(struct reader *r, struct bytes *out, struct error *err)
{
    const size_t left = reader_left(r);
    const uint8_t *start = r->in.data + r->at;
    const uint8_t *end = left == 0 ? NULL : memchr(start, '\n', left);
    if (end == NULL)
        return FAIL(err, ERR_SYNTAX, r->at, "the line does not end");
    *out = bytes_of(start, (size_t)(end - start));
    r->at += out->len + 1;
    return true;
}

bool reader_u8(struct reader *r, uint8_t *out, struct error *err)
{
    struct bytes b;
    if (!reader_take(r, 1, &b, err))
        return false;
    *out = b.data[0];
    return true;
}

bool reader_u16_le(struct reader *r, uint16_t *out, struct error *err)
{
    struct bytes b;
    if (!reader_take(r, sizeof *out, &b, err))
        return false;
    *out = load_u16_le(b.data);
    return true;
}

bool reader_u32_le(struct reader *r, uint32_t *out, struct error *err)
{
    struct bytes b;
    if (!reader_take(r, sizeof *out, &b, err))
        return false;
    *out = load_u32_le(b.data);
    return true;
}

bool reader_u64_le(struct reader *r, uint64_t *out, struct error *err)
{
    struct bytes b;
    if (!reader_take(r, sizeof *out, &b, err))
        return false;
    *out = load_u64_le(b.data);
    return true;
}

bool reader_u64_be(struct reader *r, uint64_t *out, struct error *err)
{
    uint64_t v;
    if (!reader_u64_le(r, &v, err))
        return false;
    *out = __builtin_bswap64(v);
    return true;
}
