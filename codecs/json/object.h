/* What stands before and after the parts of an object, and which of them are not written. */
#ifndef MANDOLINE_JSON_OBJECT_H
#define MANDOLINE_JSON_OBJECT_H

#include "writer.h"

/* Bits of value.mark: how a part of an object is written, where that is not as a value of its own. */
enum {
    MERGED = 1,   /* attributes that are members of their object */
    LEFT_OUT = 2, /* not at all */
    OF_BASE = 4,  /* arguments of which only the value of the base is written */
};

/* *as: one of the marks, or 0. */
bool object_before_part(struct json_writer *w, const struct walk_event *ev, uint32_t *as, struct sink *out,
                        struct error *err);
bool object_after_part(struct json_writer *w, const struct walk_event *ev, struct sink *out,
                       struct error *err);

/* The same of arguments that are marked OF_BASE. */
bool object_before_base(struct json_writer *w, const struct walk_event *ev, uint32_t *as, struct sink *out,
                        struct error *err);
bool object_after_base(struct json_writer *w, const struct walk_event *ev, struct sink *out,
                       struct error *err);

#endif
