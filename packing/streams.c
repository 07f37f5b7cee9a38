#include "streams.h"

enum { TAKE_MAX = 1 << 30 }; /* zlib and bzip2 count in unsigned int */

static unsigned take(size_t n)
{
    return n > TAKE_MAX ? TAKE_MAX : (unsigned)n;
}

static void move_on(struct stream_piece *p, size_t read, size_t written)
{
    p->in = bytes_of(p->in.data + read, p->in.len - read);
    p->out += written;
    p->room -= written;
}

/* ---- zlib: RFC 1950, 1951, 1952 ---- */

static bool zlib_start(struct stream *s, bool again, int window_bits)
{
    return again ? inflateReset(&s->zlib) == Z_OK : inflateInit2(&s->zlib, window_bits) == Z_OK;
}

static bool gzip_start(struct stream *s, bool again)
{
    return zlib_start(s, again, MAX_WBITS + 16);
}

static bool zlib_header_start(struct stream *s, bool again)
{
    return zlib_start(s, again, MAX_WBITS);
}

static bool deflate_start(struct stream *s, bool again)
{
    return zlib_start(s, again, -MAX_WBITS);
}

static enum stream_step zlib_step(struct stream *s, struct stream_piece *p)
{
    z_stream *z = &s->zlib;
    const unsigned given = take(p->in.len), room = take(p->room);
    z->next_in = (uint8_t *)(uintptr_t)p->in.data; /* zlib's own declaration lacks the const */
    z->avail_in = given;
    z->next_out = p->out;
    z->avail_out = room;
    const int state = inflate(z, Z_NO_FLUSH);
    move_on(p, given - z->avail_in, room - z->avail_out);
    if (state == Z_STREAM_END)
        return STREAM_END;
    if (state == Z_MEM_ERROR)
        return STREAM_NO_MEMORY;
    return state == Z_OK || state == Z_BUF_ERROR ? STREAM_MORE : STREAM_BROKEN;
}

static void zlib_stop(struct stream *s)
{
    inflateEnd(&s->zlib);
}

const struct stream_kind stream_gzip = {gzip_start, zlib_step, zlib_stop};
const struct stream_kind stream_zlib = {zlib_header_start, zlib_step, zlib_stop};
const struct stream_kind stream_deflate = {deflate_start, zlib_step, zlib_stop};

/* ---- bzip2 ---- */

static bool bz2_start(struct stream *s, bool again)
{
    if (again)
        BZ2_bzDecompressEnd(&s->bz2);
    s->bz2 = (bz_stream){0};
    return BZ2_bzDecompressInit(&s->bz2, 0, 0) == BZ_OK;
}

static enum stream_step bz2_step(struct stream *s, struct stream_piece *p)
{
    bz_stream *z = &s->bz2;
    const unsigned given = take(p->in.len), room = take(p->room);
    z->next_in = (char *)(uintptr_t)p->in.data;
    z->avail_in = given;
    z->next_out = (char *)p->out;
    z->avail_out = room;
    const int state = BZ2_bzDecompress(z);
    move_on(p, given - z->avail_in, room - z->avail_out);
    if (state == BZ_STREAM_END)
        return STREAM_END;
    if (state == BZ_MEM_ERROR)
        return STREAM_NO_MEMORY;
    return state == BZ_OK ? STREAM_MORE : STREAM_BROKEN;
}

static void bz2_stop(struct stream *s)
{
    BZ2_bzDecompressEnd(&s->bz2);
}

const struct stream_kind stream_bz2 = {bz2_start, bz2_step, bz2_stop};

/* ---- xz and the lzma files before it ---- */

/* liblzma takes a stream that was used before, and keeps its memory. */
static bool xz_start(struct stream *s, bool again)
{
    if (!again)
        s->lzma = (lzma_stream)LZMA_STREAM_INIT;
    return lzma_stream_decoder(&s->lzma, s->limits->memory, 0) == LZMA_OK;
}

static bool lzma_start(struct stream *s, bool again)
{
    if (!again)
        s->lzma = (lzma_stream)LZMA_STREAM_INIT;
    return lzma_alone_decoder(&s->lzma, s->limits->memory) == LZMA_OK;
}

static enum stream_step lzma_step(struct stream *s, struct stream_piece *p)
{
    lzma_stream *z = &s->lzma;
    const size_t given = p->in.len, room = p->room;
    z->next_in = p->in.data;
    z->avail_in = given;
    z->next_out = p->out;
    z->avail_out = room;
    const lzma_ret state = lzma_code(z, LZMA_RUN);
    move_on(p, given - z->avail_in, room - z->avail_out);
    if (state == LZMA_STREAM_END)
        return STREAM_END;
    if (state == LZMA_MEM_ERROR)
        return STREAM_NO_MEMORY;
    if (state == LZMA_MEMLIMIT_ERROR)
        return STREAM_TOO_MUCH;
    return state == LZMA_OK || state == LZMA_BUF_ERROR ? STREAM_MORE : STREAM_BROKEN;
}

static void lzma_stop(struct stream *s)
{
    lzma_end(&s->lzma);
}

const struct stream_kind stream_xz = {xz_start, lzma_step, lzma_stop};
const struct stream_kind stream_lzma = {lzma_start, lzma_step, lzma_stop};

/* ---- zstd: RFC 8878 ---- */

static bool zstd_start(struct stream *s, bool again)
{
    if (!again)
        s->zstd = ZSTD_createDStream();
    return s->zstd != NULL;
}

static enum stream_step zstd_step(struct stream *s, struct stream_piece *p)
{
    ZSTD_inBuffer in = {.src = p->in.data, .size = p->in.len};
    ZSTD_outBuffer out = {.dst = p->out, .size = p->room};
    const size_t state = ZSTD_decompressStream(s->zstd, &out, &in);
    move_on(p, in.pos, out.pos);
    if (ZSTD_isError(state))
        return STREAM_BROKEN;
    return state == 0 ? STREAM_END : STREAM_MORE;
}

static void zstd_stop(struct stream *s)
{
    ZSTD_freeDStream(s->zstd);
}

const struct stream_kind stream_zstd = {zstd_start, zstd_step, zstd_stop};

/* ---- lz4 frames ---- */

static bool lz4_start(struct stream *s, bool again)
{
    if (!again && LZ4F_isError(LZ4F_createDecompressionContext(&s->lz4, LZ4F_VERSION)))
        s->lz4 = NULL;
    return s->lz4 != NULL;
}

static enum stream_step lz4_step(struct stream *s, struct stream_piece *p)
{
    size_t read = p->in.len, written = p->room;
    const size_t state = LZ4F_decompress(s->lz4, p->out, &written, p->in.data, &read, NULL);
    if (LZ4F_isError(state))
        return STREAM_BROKEN;
    move_on(p, read, written);
    return state == 0 ? STREAM_END : STREAM_MORE;
}

static void lz4_stop(struct stream *s)
{
    LZ4F_freeDecompressionContext(s->lz4);
}

const struct stream_kind stream_lz4 = {lz4_start, lz4_step, lz4_stop};
