/* Answers that are a value, encoded while the socket pulls. */
#ifndef MANDOLINE_ANSWER_H
#define MANDOLINE_ANSWER_H

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

/*
 * A dict under construction. What could not be put (no memory) is remembered, so only dict_done has to be
 * looked at. A NULL value counts as no memory.
 */
struct dict {
    struct arena *arena;
    struct value *value;
    bool failed;
};

struct dict dict_make(struct arena *arena);
void dict_put(struct dict *d, const char *key, struct value *value);
void dict_text(struct dict *d, const char *key, const char *utf8);
void dict_str(struct dict *d, const char *key, struct bytes utf8);
void dict_uint(struct dict *d, const char *key, uint64_t number);
/* A list of numbers; null where there are none to point at. */
void dict_numbers(struct dict *d, const char *key, const uint64_t *numbers, size_t count);
/* The dict. False: there was no memory. */
bool dict_done(const struct dict *d, struct value **out, struct error *err);

#endif
