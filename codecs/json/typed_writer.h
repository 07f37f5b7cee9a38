/* Writing typed JSON: what its files share. */
#ifndef MANDOLINE_JSON_TYPED_WRITER_H
#define MANDOLINE_JSON_TYPED_WRITER_H

#include "layout.h"
#include "put.h"
#include "sharing.h"
#include "walk.h"

struct typed_writer {
    const struct limits *limits;
    struct walk *walk;
    struct layout layout;
    struct sharing sharing;
    struct bytes raw; /* memory of a Fortran array that is still to be written */
    uint8_t carry[3]; /* bytes that are no whole group of base64 yet */
    size_t carried;
};

/* ---- typed_leaf.c ---- */

/* {"$tag": and a bracket. */
bool typed_open(struct typed_writer *w, const char *tag, char bracket, struct sink *out, struct error *err);
bool typed_close(struct typed_writer *w, char bracket, struct sink *out, struct error *err);
/* The same on one line, without a bracket: a '}' ends it. */
bool typed_begin_short(const struct typed_writer *w, const char *tag, struct sink *out, struct error *err);
/* {"$tag":"text"} */
bool typed_put_short_text(const struct typed_writer *w, const char *tag, struct bytes text, struct sink *out,
                          struct error *err);

bool typed_put_leaf(const struct typed_writer *w, const struct value *v, struct sink *out, struct error *err);
bool typed_put_text(const struct typed_writer *w, const struct value *v, struct sink *out, struct error *err);
bool typed_put_dtype(const struct typed_writer *w, const struct dtype *t, struct sink *out,
                     struct error *err);
/* Two surrogates that JSON's readers would take for one character. */
bool typed_has_pair(const struct value *text);

/* ---- typed_write_array.c ---- */

bool typed_enter_array(struct typed_writer *w, const struct array *a, struct sink *out, struct error *err);
bool typed_put_block(struct typed_writer *w, const struct walk_event *ev, struct sink *out,
                     struct error *err);
bool typed_leave_array(struct typed_writer *w, const struct array *a, struct sink *out, struct error *err);
/* The next piece of w->raw. */
bool typed_put_more(struct typed_writer *w, struct sink *out, struct error *err);

/* ---- typed_around.c ---- */

/* Its parts are pairs, each in brackets. */
bool typed_are_pairs(const struct value *parent);
/* Its parts are members that have names. */
bool typed_has_members(const struct value *v);
bool typed_before(struct typed_writer *w, const struct walk_event *ev, struct sink *out, struct error *err);
bool typed_after(struct typed_writer *w, const struct walk_event *ev, struct sink *out, struct error *err);

#endif
