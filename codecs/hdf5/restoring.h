/*
 * A file that is made from its words (described.h), which may be a client's: what the files that restore
 * share. Whatever fails says so in r->err.
 */
#ifndef MANDOLINE_CODEC_H5_RESTORING_H
#define MANDOLINE_CODEC_H5_RESTORING_H

#include "build.h"

enum collection { GROUPS, DATATYPES, DATASETS, COLLECTIONS };

extern const char *const collection_names[COLLECTIONS];

struct entry {
    struct bytes id;
    const struct value *dict;
    enum collection collection;
    uint64_t object; /* 0: not made yet */
};

/* What is completed last: the elements of a dataset (words: its own), or an attribute (words: its own). */
struct pending {
    const struct value *words;
    uint64_t object;
    bool attribute;
    const struct entry *group; /* whose member it is, or is of; NULL: the root, or a named type */
    const struct value *link;
};

/* The work. Its memory is the arena's. */
struct restoring {
    struct builder *b;
    struct arena *arena;
    struct error *err;
    struct entry *entries; /* sorted by id */
    size_t count;
    struct entry **queue; /* groups whose members are to be made; each once */
    size_t queued, next;
    const struct entry *group; /* at work */
    const struct value *link;
    struct pending *later;
    size_t later_count, later_capacity;
    struct bytes prefix; /* what paths in references begin with: described.h */
};

/* ---- restoring.c ---- */

/* A part of a dict that is of this kind, or NULL. */
const struct value *restore_get(const struct value *dict, const char *key, enum value_kind kind);
/* A text of a dict; empty where there is none. */
struct bytes restore_text(const struct value *dict, const char *key);

/* Is false: the document says what cannot be. */
bool restore_fail(struct restoring *r, const char *what);
/* The failure was at this link. */
void restore_point(const struct restoring *r, const struct entry *group, const struct value *link);

/* Finds all entries of the document. */
bool restore_collect(struct restoring *r, const struct value *document);
/* The entry of this id, or NULL. */
struct entry *restore_find(const struct restoring *r, struct bytes id);
/* Words that are completed when all else is made. */
bool restore_later(struct restoring *r, const struct value *words, uint64_t object, bool attribute);

/* What the words of a dataset or an attribute say of its elements. */
struct typed {
    const struct value *holder; /* the words */
    const struct value *type;   /* or NULL: */
    uint64_t named;             /* the object of the named type */
    struct dtype dtype;         /* of an element, an array type's included */
    bool none;                  /* H5S_NULL */
    unsigned ndim;
    uint64_t dims[DTYPE_MAX_NDIM];
    uint64_t count;
};
bool restore_typed(struct restoring *r, const struct value *holder, struct typed *t);

/* Appends the words to the payload; NULL: None. */
bool restore_put_words(struct restoring *r, const struct value *v);

/* ---- restore_attributes.c ---- */

/* One element, and the heap that its texts and sequences lie in. */
struct fill {
    struct bytes element, heap;
};

/* Makes the dataset or attribute; the texts of its elements are in room.heap. */
bool restore_make(struct restoring *r, const struct typed *t, enum sandbox_op op, uint64_t base,
                  struct bytes name, const struct fill *fill, struct bytes elements);
/* All elements, in the form of sandbox.h, valid until the next feed; texts are in room.heap. v: or NULL. */
bool restore_elements(struct restoring *r, const struct typed *t, const struct value *v, struct bytes *out);
/* Checks that an array has the elements that are described; *inner: of it for each place of the shape. */
bool restore_check_array(struct restoring *r, const struct typed *t, const struct array *a, uint64_t *inner);
/* A scalar whose value is what its one element holds: the array of a sequence, too. */
bool restore_is_one_object(const struct typed *t);

bool restore_attribute(struct restoring *r, const struct typed *t, uint64_t object);
/* Those of holder; what has references is put off. */
bool restore_attributes(struct restoring *r, const struct value *holder, uint64_t object);

/* ---- restore_datasets.c ---- */

bool restore_dataset(struct restoring *r, struct entry *e, uint64_t group, struct bytes name);
/* Its elements, where they were put off. */
bool restore_late_dataset(struct restoring *r, const struct typed *t, uint64_t object);

#endif
