/*
 * Parts of a container that are leaves, or containers of few levels of leaves, are written without an event
 * for each, and by several hands where there are many.
 */
#ifndef MANDOLINE_JSON_SIBLINGS_H
#define MANDOLINE_JSON_SIBLINGS_H

#include "writer.h"

/*
 * Writes some of the parts that the walk would visit next: *written of them, 0 where the next one is for the
 * walk. A part that cannot be written is left to the walk too, which says why and where. False: no memory.
 */
bool siblings_put(struct json_writer *w, struct sink *out, size_t *written, struct error *err);

#endif
