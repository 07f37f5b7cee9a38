/* Texts, sequences and references on their way into a file. */
#ifndef MANDOLINE_CODEC_H5_OUTGOING_H
#define MANDOLINE_CODEC_H5_OUTGOING_H

#include "h5.h"

/* Into room->heap, with its place in the slot. A NUL inside is refused. */
bool h5_put_text(struct h5_room *room, struct bytes text, uint8_t *slot, struct error *err);

/*
 * The same of an 'O' that HDF5 has a type for: a sequence (an array of its elements, or a list), a reference
 * (a path, or what room->names makes of one) or a region ({"path": ..., and "slice", "points" or "blocks":
 * ...}); None is nothing. ERR_UNREPRESENTABLE: v is none of that.
 */
bool h5_put_object(struct h5_room *room, const struct dtype *t, const struct value *v, uint8_t *slot,
                   struct error *err);

/* All slots of an element as arrays have it, which becomes one of a window. */
bool h5_put_slots(struct h5_room *room, const struct h5_slots *slots, uint8_t *element, struct error *err);

bool h5_has_references(const struct dtype *t);

#endif
