/* A piece of a dataset, in words. */
#ifndef MANDOLINE_CODEC_H5_PIECE_H
#define MANDOLINE_CODEC_H5_PIECE_H

#include "h5.h"

/* words: of the dataset, as the sandbox says them. Whether its elements are those of the dataset: of the same
 * type, and array types whole. */
bool piece_fits(const struct h5_object *o, const struct value *words, const struct array *piece);
/* Whether it has as many dimensions. */
bool piece_keeps_rank(const struct h5_object *o, const struct value *words, const struct array *piece);
/* Its shape; and the creation properties in words become what they are for it. It fits. */
bool piece_words(const struct h5_object *o, const struct value *words, const struct array *piece,
                 struct value **shape, struct arena *arena, struct error *err);

#endif
