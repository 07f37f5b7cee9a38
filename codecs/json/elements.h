/* The elements of an array as plain JSON: nested lists by shape, records as objects. */
#ifndef MANDOLINE_JSON_ELEMENTS_H
#define MANDOLINE_JSON_ELEMENTS_H

#include "codec.h"

/* How the elements of one array are written, and where they stand. */
struct elements {
    const struct array *array;
    enum nan_spelling nan;
    bool pretty;
    bool record_lists; /* a record is a list of its fields */
    size_t depth;      /* of indentation, outside of the array */
    /* Writes a Python object that is a field of a record. */
    bool (*put_object)(void *self, struct value *object, struct sink *out, struct error *err);
    void *self;
};

/* count packed elements from the index-th on (C order), with the brackets that open and close around them. */
bool elements_put(const struct elements *e, uint64_t index, const uint8_t *block, size_t count,
                  struct sink *out, struct error *err);

/* An array without elements: the empty lists that numpy.ndarray.tolist() gives. */
bool elements_put_empty(const struct elements *e, struct sink *out, struct error *err);

/* The brackets and the separator in front of the index-th element, and those behind it. */
bool elements_open(const struct elements *e, uint64_t index, struct sink *out, struct error *err);
bool elements_close(const struct elements *e, uint64_t index, struct sink *out, struct error *err);

#endif
