#include "coding.h"

#include <strings.h>

#include <zlib.h>
#include <zstd.h>

enum { PIECE = 64 << 10, TAKE_MAX = 1 << 30 };

static bool broken(struct bytes body, size_t left, struct error *err)
{
    return FAIL(err, ERR_SYNTAX, body.len - left, "the body is not what Content-Encoding says it is");
}

/* One run of inflate: what it gives goes to out. */
static bool zlib_piece(z_stream *z, int *state, struct spool *out, struct error *err)
{
    uint8_t piece[PIECE];
    z->next_out = piece;
    z->avail_out = sizeof piece;
    *state = inflate(z, Z_NO_FLUSH);
    return spool_write(out, piece, sizeof piece - z->avail_out, err);
}

/* Members follow each other (RFC 1952, 2.2); a deflate body has one. */
static bool zlib_run(z_stream *z, struct bytes body, bool members, struct spool *out, struct error *err)
{
    size_t left = body.len;
    z->next_in = (uint8_t *)(uintptr_t)body.data; /* zlib's own declaration lacks the const */
    for (int state = Z_OK; state != Z_STREAM_END || left > 0;) {
        if (state == Z_STREAM_END && (!members || inflateReset(z) != Z_OK))
            return broken(body, left, err);
        const unsigned given = left > TAKE_MAX ? TAKE_MAX : (unsigned)left;
        z->avail_in = given;
        if (!zlib_piece(z, &state, out, err))
            return false;
        left -= given - z->avail_in;
        if (state == Z_MEM_ERROR)
            return FAIL(err, ERR_MEMORY, ERROR_NO_OFFSET, "there is no memory to inflate the body");
        if (state != Z_OK && state != Z_STREAM_END) /* Z_BUF_ERROR: it ends too early */
            return broken(body, left, err);
    }
    return true;
}

static void zlib_drop(z_stream *z)
{
    inflateEnd(z);
}

static bool zlib_undo(struct bytes body, int window_bits, bool members, struct spool *out, struct error *err)
{
    AUTO(zlib_drop) z_stream z = {0};
    if (inflateInit2(&z, window_bits) != Z_OK)
        return FAIL(err, ERR_MEMORY, ERROR_NO_OFFSET, "there is no memory to inflate the body");
    return zlib_run(&z, body, members, out, err);
}

static bool gzip_undo(struct bytes body, struct spool *out, struct error *err)
{
    return zlib_undo(body, MAX_WBITS + 16, true, out, err);
}

/* HTTP says zlib (RFC 1950); some clients send the raw stream (RFC 1951), which has no such header. */
static bool deflate_undo(struct bytes body, struct spool *out, struct error *err)
{
    const bool zlib =
        body.len >= 2 && (body.data[0] & 0x0f) == Z_DEFLATED && (body.data[0] << 8 | body.data[1]) % 31 == 0;
    return zlib_undo(body, zlib ? MAX_WBITS : -MAX_WBITS, false, out, err);
}

static void zstd_drop(ZSTD_DStream **z)
{
    ZSTD_freeDStream(*z);
}

static bool zstd_undo(struct bytes body, struct spool *out, struct error *err)
{
    AUTO(zstd_drop) ZSTD_DStream *z = ZSTD_createDStream();
    if (z == NULL)
        return FAIL(err, ERR_MEMORY, ERROR_NO_OFFSET, "there is no memory to inflate the body");
    ZSTD_inBuffer in = {.src = body.data, .size = body.len};
    uint8_t piece[PIECE];
    size_t state, filled;
    do {
        ZSTD_outBuffer to = {.dst = piece, .size = sizeof piece};
        const size_t before = in.pos;
        state = ZSTD_decompressStream(z, &to, &in);
        filled = to.pos;
        if (ZSTD_isError(state) || (in.pos == before && filled == 0))
            return broken(body, in.size - in.pos, err);
        if (!spool_write(out, piece, filled, err))
            return false;
    } while (in.pos < in.size || state != 0);
    return true;
}

static const struct coding codings[] = {
    {"identity", NULL},        {"gzip", gzip_undo}, {"x-gzip", gzip_undo},
    {"deflate", deflate_undo}, {"zstd", zstd_undo},
};

const struct coding *coding_find(const char *header)
{
    if (header == NULL || header[0] == '\0')
        return &codings[0];
    for (size_t i = 0; i < ROWS(codings); i++)
        if (strcasecmp(header, codings[i].name) == 0)
            return &codings[i];
    return NULL;
}
