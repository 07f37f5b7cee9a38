/*
 * How a value becomes an object of the file that is made: a dataset, or a group whose members wait on the
 * builder's stack until encode.c has placed them.
 */
#ifndef MANDOLINE_CODEC_H5_PLACE_H
#define MANDOLINE_CODEC_H5_PLACE_H

#include "build.h"

/* Where a value goes: a member of a group; group 0: it is the whole document. */
struct place {
    uint64_t group;
    struct bytes name;
    const struct value *value; /* of which it is said where it went; or NULL */
};

/* ---- place.c: datasets ---- */

/* What a dataset is, but for its dtype and elements. */
struct plan {
    const char *mark;  /* MARK_TYPE, or NULL */
    const char *dtype; /* MARK_DTYPE, or NULL */
    enum sandbox_space space;
    unsigned ndim;
    const uint64_t *dims;
};

/* The elements of a feed, block by block. */
bool place_feed(struct builder *b, struct place p, const struct plan *plan, struct h5_feed *f,
                struct error *err);
/* A dataset whose elements are not said. */
bool place_empty(struct builder *b, struct place p, const struct plan *plan, const struct dtype *t,
                 struct error *err);
/* One element that is not text. */
bool place_scalar(struct builder *b, struct place p, const char *mark, enum dtype_kind kind,
                  const void *element, size_t size, struct error *err);
/* What h5_plain_text says is text; else a failure. */
bool place_text(struct builder *b, struct place p, const char *mark, struct bytes text, struct error *err);
bool place_null(struct builder *b, struct place p, const char *mark, struct error *err);
/* Opaque bytes, or nothing where they are empty: HDF5 has no type of no bytes. */
bool place_raw(struct builder *b, struct place p, const char *mark, struct bytes raw, struct error *err);

/* An attribute of an object that is there already; texts are in room.heap. */
bool place_attribute(struct builder *b, uint64_t object, const char *name, const struct plan *plan,
                     const struct dtype *t, struct bytes elements, struct error *err);
bool place_mark_root(struct builder *b, const char *mark, struct error *err);

/* What is shared is linked to from now on. */
void place_remember(struct builder *b, const struct place *p, uint64_t object);

/* ---- place_group.c ---- */

/* The group of frame.group is made here. */
bool place_group(struct builder *b, struct place p, const char *mark, struct frame frame, struct error *err);
bool place_items(struct builder *b, struct place p, const char *mark, const struct value_list *list,
                 struct error *err);
bool place_pairs(struct builder *b, struct place p, const char *mark, const struct value_pairs *pairs,
                 struct error *err);

/* Members with names, those that are NULL left out. */
struct named {
    const char *name;
    struct value *value;
};
bool place_named(struct builder *b, struct place p, const char *mark, const struct named *members,
                 size_t count, struct error *err);

/* A list of our own making; NULL: no memory. */
struct value *place_list_of(struct builder *b, struct value **items, size_t count);
/* Keys or values of pairs as a list; *ok is false where there is no memory. */
struct value *place_half_of(struct builder *b, const struct value_pairs *pairs, bool keys, bool *ok);

/* A key that may be the name of a link. */
bool place_is_name(const struct value *key);

/* ---- a file each kind of value ---- */

bool place_dict(struct builder *b, struct place p, const struct value_pairs *d, struct error *err);
bool place_object(struct builder *b, struct place p, const struct value_object *o, struct error *err);
bool place_external(struct builder *b, struct place p, const struct value_external *x, struct error *err);
bool place_dtype(struct builder *b, struct place p, const struct dtype *t, struct error *err);
bool place_global(struct builder *b, struct place p, const struct value_global *g, struct error *err);
bool place_table(struct builder *b, struct place p, const struct value_table *t, struct error *err);
bool place_sequence(struct builder *b, struct place p, const char *mark, const struct value_list *list,
                    struct error *err);
bool place_array(struct builder *b, struct place p, const struct array *a, struct error *err);

#endif
