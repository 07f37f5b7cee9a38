/* Answers that are a value, encoded while the socket pulls. */
#ifndef MANDOLINE_ANSWER_H
#define MANDOLINE_ANSWER_H

#include "dict.h"
#include "exchange.h"

/* The format of our own documents. */
const struct codec *json_format(void);

/* 200 with root in that format. NULL options are the defaults. */
bool answer_value(const struct request *request, const struct codec *codec, struct value *root,
                  const struct codec_options *options, struct reply *reply, struct error *err);

/*
 * The same for what was selected: raw elements have headers that say their dtype and shape, and the answer's
 * length is known.
 */
bool answer_selected(const struct request *request, const struct codec *format, struct value *v,
                     const struct codec_options *options, struct reply *reply, struct error *err);

/* 200 with a document of ours as JSON; pretty= where the route knows it. */
bool answer_json(const struct request *request, struct value *root, struct reply *reply, struct error *err);

#endif
