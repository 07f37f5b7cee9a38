/* What a document comes wrapped in: undone in one place, before its format decodes it. */
#ifndef MANDOLINE_UNPACK_H
#define MANDOLINE_UNPACK_H

#include "exchange.h"

/* A document and the format that reads it. */
struct source {
    const struct codec *codec;
    struct input input;          /* what the codec reads: out of all wrappers */
    const char *unpacked;        /* the wrappers, the outermost first: "gzip, xz"; NULL: there were none */
    uint64_t trailing;           /* bytes that followed their streams */
    const struct bytes *buffers; /* further parts of a body of several; NULL: there are none */
    size_t buffer_count;
};

/*
 * Undoes the streams (packing.h) around s->input, up to PACKING_DEPTH of them, until a format claims what is
 * there: s->codec, or any where that is NULL. Then finds s->codec where it is NULL: by the name, without the
 * extensions of the wrappers, else by content. It stays NULL when nobody knows what is inside.
 */
bool unpack_source(struct source *s, struct bytes name, const struct limits *limits, struct arena *arena,
                   struct error *err);

/* Opens the document with its buffers, and tells in the reply what was around it:
 * X-Mandoline-Unpacked, X-Mandoline-Pickles and X-Mandoline-Trailing-Bytes. */
bool source_open(const struct source *s, const struct codec_options *options, const struct request *request,
                 struct document *out, struct reply *reply, struct error *err);

#endif
