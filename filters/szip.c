/*
 * Szip: u32 size, then a stream of CCSDS 121.0 (libaec). Its values are those of H5Pset_szip, and two that
 * the library adds. libsz says nothing of a stream that ends early, and gives what its memory held; hence
 * libaec itself.
 */
#include <szlib.h>

#include "rows.h"

enum { HEAD = 4, MASK = 0, BLOCK = 1, BITS = 2, SCANLINE = 3 };

struct lines {
    size_t count;         /* scanlines, the last one perhaps in part */
    size_t bytes, padded; /* of one, and of one in whole blocks */
};

size_t size_szip(const struct filter_use *use, struct bytes in)
{
    (void)use;
    if (in.len < HEAD)
        return 0;
    return in.data[0] | (size_t)in.data[1] << 8 | (size_t)in.data[2] << 16 | (size_t)in.data[3] << 24;
}

/* What libaec takes for granted. */
static bool is_sane(const struct filter_use *use)
{
    const unsigned block = filter_value(use, BLOCK), bits = filter_value(use, BITS),
                   line = filter_value(use, SCANLINE);
    return block >= 2 && block <= SZ_MAX_PIXELS_PER_BLOCK && block % 2 == 0 && line >= 1 &&
           line <= SZ_MAX_BLOCKS_PER_SCANLINE * block &&
           ((bits >= 1 && bits <= 24) || bits == 32 || bits == 64);
}

/* Exactly size bytes of the stream, or what is missing is damage. */
static bool decode(const struct filter_use *use, unsigned bits, struct bytes in, uint8_t *out, size_t size,
                   size_t needed)
{
    const unsigned mask = filter_value(use, MASK), block = filter_value(use, BLOCK);
    struct aec_stream stream = {.next_in = in.data,
                                .avail_in = in.len,
                                .avail_out = size,
                                .bits_per_sample = bits,
                                .block_size = block,
                                .rsi = (filter_value(use, SCANLINE) + block - 1) / block,
                                .flags = ((mask & SZ_MSB_OPTION_MASK) != 0 ? AEC_DATA_MSB : 0U) |
                                         ((mask & SZ_NN_OPTION_MASK) != 0 ? AEC_DATA_PREPROCESS : 0U)};
    stream.next_out = out;
    return aec_buffer_decode(&stream) == AEC_OK && stream.total_out >= needed;
}

/* Scanlines that are no whole blocks were padded. */
static bool decode_padded(const struct filter_use *use, unsigned bits, const struct lines *l, struct bytes in,
                          uint8_t *out, size_t size)
{
    AUTO(sink_deinit) struct sink padded = {0};
    const size_t last = size - (l->count - 1) * l->bytes;
    uint8_t *lines = sink_reserve(&padded, l->count * l->padded);
    if (lines == NULL ||
        !decode(use, bits, in, lines, l->count * l->padded, (l->count - 1) * l->padded + last))
        return false;
    for (size_t i = 0; i < l->count; i++)
        memcpy(out + i * l->bytes, lines + i * l->padded, i + 1 < l->count ? l->bytes : last);
    return true;
}

static bool decode_lines(const struct filter_use *use, unsigned bits, struct bytes in, uint8_t *out,
                         size_t size)
{
    const size_t pixel = bits > 16 ? 4 : bits > 8 ? 2 : 1, block = filter_value(use, BLOCK);
    const size_t line = filter_value(use, SCANLINE), blocks = (line + block - 1) / block;
    const struct lines l = {(size + line * pixel - 1) / (line * pixel), line * pixel, blocks * block * pixel};
    return l.padded == l.bytes ? decode(use, bits, in, out, size, size)
                               : decode_padded(use, bits, &l, in, out, size);
}

/* Pixels of 32 and 64 bits are coded as bytes, shuffled. */
static bool decode_wide(const struct filter_use *use, unsigned bytes, struct bytes in, uint8_t *out,
                        size_t size)
{
    AUTO(sink_deinit) struct sink planes = {0};
    const struct filter_use shuffle = {.values = &bytes, .count = 1};
    size_t made;
    uint8_t *to = sink_reserve(&planes, size);
    return to != NULL && decode_lines(use, 8, in, to, size) &&
           undo_shuffle(&shuffle, bytes_of(to, size), out, size, &made);
}

bool undo_szip(const struct filter_use *use, struct bytes in, uint8_t *out, size_t room, size_t *made)
{
    const size_t size = size_szip(use, in);
    const unsigned bits = filter_value(use, BITS);
    if (size == 0 || size > room || !is_sane(use))
        return false;
    *made = size;
    in = bytes_of(in.data + HEAD, in.len - HEAD);
    return bits == 32 || bits == 64 ? decode_wide(use, bits / 8, in, out, size)
                                    : decode_lines(use, bits, in, out, size);
}
