/*
 * How bytes are packed: compressed streams. A stream is told by its first bytes and undone whole, under
 * limits->inflated; memory follows what comes out, not what a header declares. Archives: archive.h.
 */
#ifndef MANDOLINE_PACKING_H
#define MANDOLINE_PACKING_H

#include "arena.h"
#include "limits.h"
#include "sink.h"
#include "spool.h"

/* Wrappers around wrappers: more than this is nobody's file. */
enum { PACKING_DEPTH = 4 };

struct packing;

/* What a stream gave. */
struct unpacked {
    struct bytes bytes;  /* all of it, or what came before the damage; valid as long as the arena */
    size_t used;         /* bytes of the input that were the stream; what follows them is something else */
    struct error damage; /* ERR_NONE: the stream is whole; else with the offset in the stream */
};

/* By magic: gzip, zlib, bz2, xz, lzma, zstd, lz4, zfile (joblib before 0.10). NULL: none of them. */
const struct packing *packing_find(struct bytes head);

/* By name: those, and "deflate" (RFC 1951), which no magic tells. NULL: there is none. */
const struct packing *packing_by_name(const char *name);

const char *packing_name(const struct packing *packing);

/*
 * Undoes a stream, and those of its kind that follow it at once or after zeros (gzip, bz2, xz, zstd, lz4).
 * A damaged one is no failure: out->damage tells. False: ERR_LIMIT ("inflated", "memory"), ERR_MEMORY,
 * ERR_IO.
 */
bool packing_unpack(const struct packing *packing, struct bytes in, const struct limits *limits,
                    struct arena *arena, struct unpacked *out, struct error *err);

/* The same into a spool of the caller's, whose limit bounds it. */
bool packing_into(const struct packing *packing, struct bytes in, const struct limits *limits,
                  struct spool *out, size_t *used, struct error *damage, struct error *err);

/* packing_unpack for those who want all or nothing: damage is ERR_SYNTAX with the offset in the stream. */
bool packing_open(const struct packing *packing, struct bytes in, const struct limits *limits,
                  struct arena *arena, struct bytes *out, struct error *err);

/* ---- packing ---- */

struct packer;

/* A stream to be packed, "gzip" or "zstd", in the arena. level 1 to 9, from fast to small. */
bool packer_new(const char *name, uint64_t level, struct arena *arena, struct packer **out,
                struct error *err);

/* Packs all of in, of which something may come out later. last: the stream ends with it. */
bool packer_run(struct packer *p, struct bytes in, bool last, struct sink *out, struct error *err);

#endif
