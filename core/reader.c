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
