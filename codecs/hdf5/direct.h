/*
 * The direct path: the stored chunks that a box touches are read with pread and their filters undone here, by
 * as many threads as are free, straight into the window; the library only says where they lie.
 */
#ifndef MANDOLINE_CODEC_DIRECT_H
#define MANDOLINE_CODEC_DIRECT_H

#include "h5.h"

struct direct;

/* *out is NULL where this dataset must be read by the library. Lives as long as the arena. */
bool direct_new(const struct h5_file *f, const struct h5_object *o, struct arena *arena, struct direct **out,
                struct error *err);

/* As array_source.read. */
bool direct_read(struct direct *d, const struct box *box, uint8_t *window, size_t capacity,
                 struct error *err);

/* Bytes that are best read at a time: whole chunks, enough of them for all who help. */
size_t direct_best(const struct direct *d);

/* Bytes that belong to no field would leave as they lie in the file: others clear them. */
bool direct_has_holes(const struct dtype *t, struct arena *arena, bool *holes, struct error *err);

#endif
