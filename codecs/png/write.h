/*
 * Writing a PNG (W3C PNG, second edition) of one byte a pixel: signature, IHDR, PLTE, tRNS, rows as IDAT,
 * IEND. zlib compresses and sums up; its memory is the arena's.
 */
#ifndef MANDOLINE_PNG_WRITE_H
#define MANDOLINE_PNG_WRITE_H

#include <zlib.h>

#include "arena.h"
#include "picture.h"
#include "sink.h"

enum { PNG_RUN = 32 << 10 }; /* the most in one IDAT */

struct png_writer {
    z_stream stream;
    uint8_t run[PNG_RUN];
};

/* Zeroed memory of the arena becomes a writer. */
bool png_writer_init(struct png_writer *w, struct arena *arena, struct error *err);

/* All before the rows. Level 0 is transparent. */
bool png_write_start(uint32_t width, uint32_t height, uint8_t colours[PICTURE_LEVELS][3], struct sink *out,
                     struct error *err);

/* One row, with its filter type 0 (none: what suits indexed colours) in front of the pixels. */
bool png_write_row(struct png_writer *w, struct bytes row, struct sink *out, struct error *err);

bool png_write_end(struct png_writer *w, struct sink *out, struct error *err);

#endif
