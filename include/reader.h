/* A view with a position: every read of hostile bytes goes through here, so the bounds check is written once.
 */
#ifndef MANDOLINE_READER_H
#define MANDOLINE_READER_H

#include "bytes.h"
#include "error.h"

struct reader {
    struct bytes in;
    size_t at;
};

static inline struct reader reader_make(struct bytes in)
{
    return (struct reader){.in = in};
}

static inline size_t reader_left(const struct reader *r)
{
    return r->in.len - r->at;
}

/* The next n bytes, as a view into the input. */
bool reader_take(struct reader *r, size_t n, struct bytes *out, struct error *err);

/* Unsigned integers, little- and big-endian. */
bool reader_u8(struct reader *r, uint8_t *out, struct error *err);
bool reader_u16_le(struct reader *r, uint16_t *out, struct error *err);
bool reader_u32_le(struct reader *r, uint32_t *out, struct error *err);
bool reader_u64_le(struct reader *r, uint64_t *out, struct error *err);

/* The same on memory that is known to be long enough; no alignment is needed. */
static inline uint16_t load_u16_le(const void *p)
{
    uint16_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline uint32_t load_u32_le(const void *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline uint64_t load_u64_le(const void *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline uint64_t load_u64_be(const void *p)
{
    return __builtin_bswap64(load_u64_le(p));
}

static inline void store_u16_le(void *p, uint16_t v)
{
    memcpy(p, &v, sizeof v);
}

static inline void store_u32_le(void *p, uint32_t v)
{
    memcpy(p, &v, sizeof v);
}

static inline void store_u64_le(void *p, uint64_t v)
{
    memcpy(p, &v, sizeof v);
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "the endian helpers above are for little-endian machines");

#endif
