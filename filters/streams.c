/* Filters that are one call of a library. */
#include <blosc.h>
#include <bzlib.h>
#include <libdeflate.h>
#include <lz4.h>
#include <szlib.h>
#include <zstd.h>

#include "rows.h"

/* ---- deflate: a zlib stream (RFC 1950) ---- */

static void decompressor_drop(struct libdeflate_decompressor **d)
{
    libdeflate_free_decompressor(*d);
}

bool undo_deflate(const struct filter_use *use, struct bytes in, uint8_t *out, size_t room, size_t *made)
{
    size_t used;
    (void)use;
    AUTO(decompressor_drop) struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
    return d != NULL &&
           libdeflate_zlib_decompress_ex(d, in.data, in.len, out, room, &used, made) == LIBDEFLATE_SUCCESS;
}

/* ---- zstd: frames ---- */

bool undo_zstd(const struct filter_use *use, struct bytes in, uint8_t *out, size_t room, size_t *made)
{
    (void)use;
    *made = ZSTD_decompress(out, room, in.data, in.len);
    return ZSTD_isError(*made) == 0;
}

size_t size_zstd(const struct filter_use *use, struct bytes in)
{
    const unsigned long long n = ZSTD_getFrameContentSize(in.data, in.len);
    (void)use;
    return n >= ZSTD_CONTENTSIZE_ERROR ? 0 : (size_t)n;
}

/* ---- bzip2 ---- */

bool undo_bzip2(const struct filter_use *use, struct bytes in, uint8_t *out, size_t room, size_t *made)
{
    unsigned n = room > UINT32_MAX ? UINT32_MAX : (unsigned)room;
    (void)use;
    if (in.len > UINT32_MAX || BZ2_bzBuffToBuffDecompress((char *)out, &n, (char *)(uintptr_t)in.data,
                                                          (unsigned)in.len, 0, 0) != BZ_OK)
        return false;
    *made = n;
    return true;
}

/* ---- lz4: u64 size, u32 size of a block, both big-endian; each block has its stored size before it ---- */

enum { LZ4_HEAD = 12 };

static bool lz4_block(struct bytes in, uint8_t *out, size_t size)
{
    if (in.len == size) {
        memcpy(out, in.data, size);
        return true;
    }
    return LZ4_decompress_safe((const char *)in.data, (char *)out, (int)in.len, (int)size) == (int)size;
}

bool undo_lz4(const struct filter_use *use, struct bytes in, uint8_t *out, size_t room, size_t *made)
{
    const size_t size = size_lz4(use, in);
    if (size == 0 || size > room || size > FILTERS_CHUNK_MOST || in.len > INT32_MAX)
        return false;
    const size_t block = be32(in.data + 8);
    size_t at = LZ4_HEAD, n;
    for (size_t done = 0; done < size; done += n) {
        n = size - done < block ? size - done : block;
        const size_t stored = n == 0 || in.len - at < 4 ? SIZE_MAX : be32(in.data + at);
        if (stored == SIZE_MAX || stored > in.len - at - 4 ||
            !lz4_block(bytes_of(in.data + at + 4, stored), out + done, n))
            return false;
        at += 4 + stored;
    }
    *made = size;
    return true;
}

size_t size_lz4(const struct filter_use *use, struct bytes in)
{
    (void)use;
    return in.len < LZ4_HEAD ? 0 : (size_t)be64(in.data);
}

/* ---- blosc: its header has the sizes, and is checked against what is there ---- */

size_t size_blosc(const struct filter_use *use, struct bytes in)
{
    size_t size;
    (void)use;
    return in.len < BLOSC_MIN_HEADER_LENGTH || blosc_cbuffer_validate(in.data, in.len, &size) != 0 ? 0 : size;
}

bool undo_blosc(const struct filter_use *use, struct bytes in, uint8_t *out, size_t room, size_t *made)
{
    const size_t size = size_blosc(use, in);
    if (size == 0 || size > room || blosc_decompress_ctx(in.data, out, room, 1) != (int)size)
        return false;
    *made = size;
    return true;
}

/* ---- szip: u32 size, then the stream; its values are those of H5Pset_szip, and two that the library adds
 * ---- */

enum { SZIP_HEAD = 4, SZIP_MASK = 0, SZIP_BLOCK = 1, SZIP_BITS = 2, SZIP_SCANLINE = 3 };

size_t size_szip(const struct filter_use *use, struct bytes in)
{
    (void)use;
    if (in.len < SZIP_HEAD)
        return 0;
    return in.data[0] | (size_t)in.data[1] << 8 | (size_t)in.data[2] << 16 | (size_t)in.data[3] << 24;
}

/* What libaec takes for granted. */
static bool szip_is_sane(const SZ_com_t *p)
{
    return p->pixels_per_block >= 2 && p->pixels_per_block <= SZ_MAX_PIXELS_PER_BLOCK &&
           p->pixels_per_block % 2 == 0 &&
           ((p->bits_per_pixel >= 1 && p->bits_per_pixel <= 24) || p->bits_per_pixel == 32 ||
            p->bits_per_pixel == 64) &&
           p->pixels_per_scanline >= 1 &&
           p->pixels_per_scanline <= SZ_MAX_BLOCKS_PER_SCANLINE * p->pixels_per_block;
}

bool undo_szip(const struct filter_use *use, struct bytes in, uint8_t *out, size_t room, size_t *made)
{
    size_t size = size_szip(use, in);
    SZ_com_t p = {.options_mask = (int)filter_value(use, SZIP_MASK),
                  .bits_per_pixel = (int)filter_value(use, SZIP_BITS),
                  .pixels_per_block = (int)filter_value(use, SZIP_BLOCK),
                  .pixels_per_scanline = (int)filter_value(use, SZIP_SCANLINE)};
    const size_t expect = size;
    if (size == 0 || size > room || !szip_is_sane(&p) ||
        SZ_BufftoBuffDecompress(out, &size, in.data + SZIP_HEAD, in.len - SZIP_HEAD, &p) != SZ_OK ||
        size != expect)
        return false;
    *made = size;
    return true;
}
