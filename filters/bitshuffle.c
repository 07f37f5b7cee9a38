/*
 * Bitshuffle: in blocks of elements, bit k of all elements, then bit k + 1 of all, the lowest bit of the
 * lowest byte first; what does not make eight elements is at the end as it was. Each block may be compressed:
 * then there is a header of u64 size and u32 size of a block, and each block has its stored size before it,
 * all of it big-endian.
 */
#include <lz4.h>
#include <zstd.h>

#include "rows.h"

enum { SIZE = 2, BLOCK = 3, PACKED = 4 }; /* which value is what: bytes of an element, elements of a block */
enum { PLAIN = 0, LZ4 = 2, ZSTD = 3 };    /* the values of PACKED */
enum { HEAD = 12, TARGET = 8192, LEAST = 128, MANY = 8 };
enum { BLOCK_MOST = 64 << 20 }; /* bytes of a block */

struct shape {
    size_t size;  /* bytes of an element */
    size_t block; /* elements of a block, a multiple of 8 */
};

static size_t default_block(size_t size)
{
    const size_t n = TARGET / size / MANY * MANY;
    return n < LEAST ? LEAST : n;
}

/* Row i of eight bits becomes column i: bit j of byte i to bit i of byte j. */
static uint64_t transpose(uint64_t x)
{
    uint64_t t = (x ^ (x >> 7)) & 0x00aa00aa00aa00aaULL;
    x ^= t ^ (t << 7);
    t = (x ^ (x >> 14)) & 0x0000cccc0000ccccULL;
    x ^= t ^ (t << 14);
    t = (x ^ (x >> 28)) & 0x00000000f0f0f0f0ULL;
    return x ^ t ^ (t << 28);
}

/* n elements, a multiple of 8. */
static void unshuffle(const uint8_t *in, uint8_t *out, size_t n, size_t size)
{
    const size_t row = n / MANY;
    for (size_t k = 0; k < size; k++)
        for (size_t i = 0; i < row; i++) {
            const uint8_t *from = in + k * MANY * row + i;
            uint8_t *to = out + i * MANY * size + k;
            uint64_t bits = 0;
            for (size_t j = 0; j < MANY; j++)
                bits |= (uint64_t)from[j * row] << (j * 8);
            bits = transpose(bits);
            for (size_t j = 0; j < MANY; j++)
                to[j * size] = (uint8_t)(bits >> (j * 8));
        }
}

static bool unpack(unsigned packed, struct bytes in, uint8_t *out, size_t size)
{
    if (packed == LZ4)
        return in.len <= INT32_MAX &&
               LZ4_decompress_safe((const char *)in.data, (char *)out, (int)in.len, (int)size) == (int)size;
    return ZSTD_decompress(out, size, in.data, in.len) == size;
}

/* The next block of `bytes` bytes: a view of the input, or unpacked into scratch. */
static bool next_block(unsigned packed, struct bytes *in, size_t bytes, struct sink *scratch,
                       const uint8_t **block)
{
    size_t used = bytes;
    *block = in->data;
    if (packed != PLAIN) {
        if (in->len < 4)
            return false;
        used = be32(in->data);
        *in = bytes_of(in->data + 4, in->len - 4);
        scratch->len = 0;
        uint8_t *to = used > in->len ? NULL : sink_reserve(scratch, bytes);
        if (to == NULL || !unpack(packed, bytes_of(in->data, used), to, bytes))
            return false;
        *block = to;
    }
    if (used > in->len)
        return false;
    *in = bytes_of(in->data + used, in->len - used);
    return true;
}

static bool undo_blocks(const struct shape *s, unsigned packed, struct bytes in, uint8_t *out, size_t size)
{
    AUTO(sink_deinit) struct sink scratch = {0};
    const size_t whole = size / s->size / MANY * MANY; /* elements that are shuffled */
    const uint8_t *block;
    for (size_t at = 0, n; at < whole; at += n) {
        n = whole - at < s->block ? whole - at : s->block;
        if (!next_block(packed, &in, n * s->size, &scratch, &block))
            return false;
        unshuffle(block, out + at * s->size, n, s->size);
    }
    const size_t rest = size - whole * s->size;
    if (in.len < rest)
        return false;
    memcpy(out + whole * s->size, in.data, rest);
    return true;
}

size_t size_bitshuffle(const struct filter_use *use, struct bytes in)
{
    if (filter_value(use, PACKED) == PLAIN)
        return in.len;
    return in.len < HEAD ? 0 : (size_t)be64(in.data);
}

bool undo_bitshuffle(const struct filter_use *use, struct bytes in, uint8_t *out, size_t room, size_t *made)
{
    const unsigned packed = filter_value(use, PACKED);
    const size_t size = size_bitshuffle(use, in);
    struct shape s = {.size = filter_value(use, SIZE), .block = filter_value(use, BLOCK)};
    if (size > room || s.size == 0 || (packed != PLAIN && packed != LZ4 && packed != ZSTD) ||
        (packed != PLAIN && in.len < HEAD))
        return false;
    if (packed != PLAIN) {
        s.block = be32(in.data + 8) / s.size;
        in = bytes_of(in.data + HEAD, in.len - HEAD);
    }
    if (s.block == 0)
        s.block = default_block(s.size);
    if (s.block % MANY != 0 || s.size > BLOCK_MOST / s.block)
        return false;
    *made = size;
    return undo_blocks(&s, packed, in, out, size);
}
