/* The values of HDF5/JSON as elements: lists by shape, records as lists of their fields. */
#ifndef MANDOLINE_CODEC_H5_ELEMENTS_H
#define MANDOLINE_CODEC_H5_ELEMENTS_H

#include "h5.h"

/*
 * Packed elements of dtype in the form of sandbox.h; *out in the arena, texts in room->heap.
 * ERR_UNREPRESENTABLE says what does not fit.
 */
bool h5_elements(struct h5_room *room, const struct value *v, unsigned ndim, const uint64_t *dims,
                 const struct dtype *dtype, struct bytes *out, struct error *err);
/* The items of a list, of which there are as many as there are. */
bool h5_list_elements(struct h5_room *room, const struct value *list, const struct dtype *t,
                      struct bytes *out, struct error *err);

#endif
