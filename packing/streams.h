/* The decompressors, each behind the same four functions. */
#ifndef MANDOLINE_PACKING_STREAMS_H
#define MANDOLINE_PACKING_STREAMS_H

#include <bzlib.h>
#include <lz4frame.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include "bytes.h"
#include "limits.h"

enum stream_step {
    STREAM_MORE,      /* give it more input, or more room; no progress at all: the stream is cut off */
    STREAM_END,       /* of one stream */
    STREAM_BROKEN,    /* the input is no such stream from here on */
    STREAM_NO_MEMORY, /* the machine has none left */
    STREAM_TOO_MUCH,  /* its dictionary is bigger than limits->memory */
};

/* One decompressor at work. */
struct stream {
    const struct limits *limits;
    union {
        z_stream zlib;
        bz_stream bz2;
        lzma_stream lzma;
        ZSTD_DStream *zstd;
        LZ4F_dctx *lz4;
    };
};

/* What goes in and where it comes out; a step moves both on. */
struct stream_piece {
    struct bytes in;
    uint8_t *out;
    size_t room;
};

/* A row's functions. start is called again after STREAM_END, on the same stream, for the next one. */
struct stream_kind {
    bool (*start)(struct stream *s, bool again);
    enum stream_step (*step)(struct stream *s, struct stream_piece *p);
    void (*stop)(struct stream *s);
};

extern const struct stream_kind stream_gzip, stream_zlib, stream_deflate, stream_bz2, stream_xz, stream_lzma,
    stream_zstd, stream_lz4;

#endif
