/* The functions of filters.c's table: see struct filter. */
#ifndef MANDOLINE_FILTER_ROWS_H
#define MANDOLINE_FILTER_ROWS_H

#include "filters.h"

typedef bool filter_undo(const struct filter_use *use, struct bytes in, uint8_t *out, size_t room,
                         size_t *made);
typedef size_t filter_size(const struct filter_use *use, struct bytes in);

filter_undo undo_deflate, undo_shuffle, undo_szip, undo_lzf, undo_zstd, undo_lz4, undo_blosc, undo_bitshuffle,
    undo_bzip2;
filter_size size_szip, size_lzf, size_zstd, size_lz4, size_blosc, size_bitshuffle, size_unknown;
bool strip_fletcher32(struct bytes in, struct bytes *out);

/* The value at that place, or 0. */
static inline unsigned filter_value(const struct filter_use *use, size_t at)
{
    return at < use->count ? use->values[at] : 0;
}

/* The headers that filters write are big-endian, most of them. */
static inline uint32_t be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint64_t be64(const uint8_t *p)
{
    return (uint64_t)be32(p) << 32 | be32(p + 4);
}

#endif
