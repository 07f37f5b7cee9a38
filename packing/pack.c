/* The other direction: streams that are packed piece by piece. */
#include <zlib.h>
#include <zstd.h>

#include "packing.h"

enum { GZIP_WINDOW = 15 + 16, MEMORY_LEVEL = 8, PIECE = 16 << 10, LEVEL_MOST = 9, COST = 1 << 20 };

struct packer {
    const struct packer_kind *kind;
    struct account *account; /* has COST for what the libraries allocate */
    union {
        z_stream zlib;
        ZSTD_CStream *zstd;
    };
};

/* A row's functions; run is called until it says that all of the input is in the stream. */
struct packer_kind {
    const char *name;
    bool (*start)(struct packer *p, int level);
    bool (*run)(struct packer *p, struct bytes *in, bool last, uint8_t *out, size_t *room, bool *done);
    void (*stop)(struct packer *p);
};

/* ---- gzip: RFC 1952 ---- */

static bool gzip_start(struct packer *p, int level)
{
    return deflateInit2(&p->zlib, level, Z_DEFLATED, GZIP_WINDOW, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) == Z_OK;
}

static bool gzip_run(struct packer *p, struct bytes *in, bool last, uint8_t *out, size_t *room, bool *done)
{
    z_stream *z = &p->zlib;
    const uInt given = in->len > UINT32_MAX ? UINT32_MAX : (uInt)in->len;
    z->next_in = (uint8_t *)(uintptr_t)in->data;
    z->avail_in = given;
    z->next_out = out;
    z->avail_out = (uInt)*room;
    const bool end = last && given == in->len;
    const int state = deflate(z, end ? Z_FINISH : Z_NO_FLUSH);
    *in = bytes_of(in->data + (given - z->avail_in), in->len - (given - z->avail_in));
    *room = z->avail_out;
    *done = end ? state == Z_STREAM_END : in->len == 0 && z->avail_out > 0;
    return state == Z_OK || state == Z_STREAM_END || state == Z_BUF_ERROR;
}

static void gzip_stop(struct packer *p)
{
    deflateEnd(&p->zlib);
}

/* ---- zstd: RFC 8878; clients need not take windows over 8 MB ---- */

static bool zstd_start(struct packer *p, int level)
{
    p->zstd = ZSTD_createCStream();
    return p->zstd != NULL && !ZSTD_isError(ZSTD_CCtx_setParameter(p->zstd, ZSTD_c_compressionLevel, level));
}

/* The same for all kinds, and gzip writes there. NOLINTNEXTLINE(readability-non-const-parameter) */
static bool zstd_run(struct packer *p, struct bytes *in, bool last, uint8_t *out, size_t *room, bool *done)
{
    ZSTD_inBuffer from = {.src = in->data, .size = in->len};
    ZSTD_outBuffer to = {.dst = out, .size = *room};
    const size_t left = ZSTD_compressStream2(p->zstd, &to, &from, last ? ZSTD_e_end : ZSTD_e_continue);
    *in = bytes_of(in->data + from.pos, in->len - from.pos);
    *room -= to.pos;
    *done = last ? left == 0 : in->len == 0;
    return !ZSTD_isError(left);
}

static void zstd_stop(struct packer *p)
{
    ZSTD_freeCStream(p->zstd);
}

static const struct packer_kind kinds[] = {
    {"zstd", zstd_start, zstd_run, zstd_stop},
    {"gzip", gzip_start, gzip_run, gzip_stop},
};

/* ---- from outside ---- */

static void stop(void *arg)
{
    struct packer *p = arg;
    p->kind->stop(p);
    account_give(p->account, COST);
}

static const struct packer_kind *kind_of(const char *name)
{
    for (size_t i = 0; i < ROWS(kinds); i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

bool packer_new(const char *name, uint64_t level, struct arena *arena, struct packer **out, struct error *err)
{
    struct packer *p = arena_alloc(arena, 1, sizeof *p);
    if (p == NULL)
        return arena_fail(arena, err);
    p->kind = kind_of(name);
    if (p->kind == NULL)
        return FAIL(err, ERR_INTERNAL, ERROR_NO_OFFSET, "nobody packs %s", name);
    p->account = arena_account(arena);
    if (!account_take(p->account, COST))
        return account_fail(p->account, err);
    if (!p->kind->start(p, level > LEVEL_MOST ? LEVEL_MOST : (int)level)) {
        stop(p);
        return FAIL(err, ERR_MEMORY, ERROR_NO_OFFSET, "there is no memory to compress the answer");
    }
    if (!arena_defer(arena, stop, p)) {
        stop(p);
        return arena_fail(arena, err);
    }
    *out = p;
    return true;
}

bool packer_run(struct packer *p, struct bytes in, bool last, struct sink *out, struct error *err)
{
    for (bool done = false; !done;) {
        size_t room = PIECE;
        uint8_t *at = sink_reserve(out, room);
        if (at == NULL)
            return sink_fail(err);
        if (!p->kind->run(p, &in, last, at, &room, &done))
            return FAIL(err, ERR_INTERNAL, ERROR_NO_OFFSET, "the answer cannot be compressed");
        sink_commit(out, PIECE - room);
    }
    return true;
}
