/* Answers in several parts (RFC 2046, 5.1): a selection each, in a format of its own. */
#ifndef MANDOLINE_PARTS_H
#define MANDOLINE_PARTS_H

#include "part.h"

/* multipart/mixed, and what the formData() of browsers reads; NULL at the end. For negotiate_more(). */
extern const struct codec *const parts_formats[];

struct parts;

/* An answer of that many parts in one of parts_formats. False: format is none of them, or *err says why. */
bool parts_new(const struct request *request, const struct codec *format, const struct codec_options *options,
               size_t count, struct parts **out, struct error *err);

/* The next part: what is selected, in part->format. */
bool parts_add(struct parts *p, struct bytes name, const struct document *document, const struct part *part,
               struct error *err);

/* 200 with what was added. */
void parts_answer(struct parts *p, struct reply *reply);

#endif
