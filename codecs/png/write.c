#include "write.h"

enum { DEPTH = 8, COLOUR_INDEXED = 3, NONE = 0 };

static void store_u32_be(uint8_t *at, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++)
        at[i] = (uint8_t)(v >> (24 - 8 * i));
}

/* Length, type, data, and the CRC of type and data. */
static bool put_chunk(const char type[5], struct bytes data, struct sink *out, struct error *err)
{
    uint8_t start[8], end[4];
    store_u32_be(start, (uint32_t)data.len);
    memcpy(start + 4, type, 4);
    uLong crc = crc32(0, start + 4, 4);
    if (data.len > 0)
        crc = crc32(crc, data.data, (uInt)data.len);
    store_u32_be(end, (uint32_t)crc);
    return sink_write(out, start, sizeof start, err) && sink_bytes(out, data, err) &&
           sink_write(out, end, sizeof end, err);
}

static void *take(void *arena, unsigned count, unsigned size)
{
    return arena_alloc(arena, count, size);
}

static void leave(void *arena, void *memory)
{
    (void)arena, (void)memory; /* is freed with the arena */
}

bool png_writer_init(struct png_writer *w, struct arena *arena, struct error *err)
{
    w->stream = (z_stream){.zalloc = take, .zfree = leave, .opaque = arena};
    if (deflateInit(&w->stream, Z_DEFAULT_COMPRESSION) != Z_OK)
        return arena_fail(arena, err);
    w->stream.next_out = w->run;
    w->stream.avail_out = PNG_RUN;
    return true;
}

bool png_write_start(uint32_t width, uint32_t height, uint8_t colours[PICTURE_LEVELS][3], struct sink *out,
                     struct error *err)
{
    static const uint8_t signature[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    static const uint8_t transparent[] = {0};
    uint8_t header[13] = {[8] = DEPTH, COLOUR_INDEXED, NONE, NONE, NONE};
    store_u32_be(header, width);
    store_u32_be(header + 4, height);
    return sink_write(out, signature, sizeof signature, err) &&
           put_chunk("IHDR", bytes_of(header, sizeof header), out, err) &&
           put_chunk("PLTE", bytes_of(colours, (size_t)PICTURE_LEVELS * 3), out, err) &&
           put_chunk("tRNS", bytes_of(transparent, sizeof transparent), out, err);
}

/* Compresses what waits; each full run is an IDAT. *done: with Z_FINISH, nothing is left. */
static bool pump(struct png_writer *w, int flush, struct sink *out, bool *done, struct error *err)
{
    const int code = deflate(&w->stream, flush);
    *done = code == Z_STREAM_END;
    if (code == Z_STREAM_ERROR)
        return FAIL(err, ERR_INTERNAL, ERROR_NO_OFFSET, "the picture cannot be compressed");
    if (w->stream.avail_out > 0 && !*done)
        return true;
    if (!put_chunk("IDAT", bytes_of(w->run, PNG_RUN - w->stream.avail_out), out, err))
        return false;
    w->stream.next_out = w->run;
    w->stream.avail_out = PNG_RUN;
    return true;
}

bool png_write_row(struct png_writer *w, struct bytes row, struct sink *out, struct error *err)
{
    bool done;
    w->stream.next_in = (uint8_t *)(uintptr_t)row.data; /* zlib only reads it */
    w->stream.avail_in = (uInt)row.len;
    while (w->stream.avail_in > 0)
        if (!pump(w, Z_NO_FLUSH, out, &done, err))
            return false;
    return true;
}

bool png_write_end(struct png_writer *w, struct sink *out, struct error *err)
{
    bool done = false;
    while (!done)
        if (!pump(w, Z_FINISH, out, &done, err))
            return false;
    return put_chunk("IEND", bytes_of(NULL, 0), out, err);
}
