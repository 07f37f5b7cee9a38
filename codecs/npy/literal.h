/* A Python literal made of dicts, lists, tuples, strings, ints, True, False and None: the header of npy. */
#ifndef MANDOLINE_NPY_LITERAL_H
#define MANDOLINE_NPY_LITERAL_H

#include "value.h"

/*
 * The whole of text, which is UTF-8, or latin-1. base is where text begins in the document, for errors.
 * Strings are in the arena.
 */
bool literal_read(struct bytes text, bool utf8, size_t base, struct arena *arena, struct value **out,
                  struct error *err);

/* Appends what Python's repr() gives to *text, which grows in the arena. False: no memory. */
struct literal_text {
    uint8_t *data;
    size_t len, capacity;
    struct arena *arena;
};

bool literal_add(struct literal_text *text, struct bytes bytes);
bool literal_write(struct literal_text *text, const struct value *v);

#endif
