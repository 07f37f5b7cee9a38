/* A stored file, found by the {name} of the route, and opened to be looked into. */
#ifndef MANDOLINE_STORED_H
#define MANDOLINE_STORED_H

#include "unpack.h"

struct stored {
    struct store_file file;
    struct source source;
    struct document document;
    struct bytes path; /* of path=; "/" when it was not sent */
};

/* Opens the file; neither its format nor its content is looked at. */
bool stored_find(const struct request *request, struct stored *out, struct error *err);

/* Finds the format and opens the document, as index= and encoding= say; the reply tells what was around it.
 */
bool stored_open(const struct request *request, struct stored *s, struct reply *reply, struct error *err);

/* A reply that is a run of the file ends where somebody writes it. */
void stored_guard(const struct stored *s, struct reply *reply);

/*
 * stored_find, the entity tag and its conditions: all that a 304 needs. *done: the answer is complete. format
 * is what the answer is written in.
 */
bool stored_check(const struct request *request, const struct codec *format, bool varies, struct stored *out,
                  struct reply *reply, bool *done, struct error *err);

#endif
