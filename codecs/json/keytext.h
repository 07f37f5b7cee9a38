/* Keys of Python dicts as member names of JSON objects. */
#ifndef MANDOLINE_JSON_KEYTEXT_H
#define MANDOLINE_JSON_KEYTEXT_H

#include "text.h"
#include "writer.h"

/* The member's name in double quotes. */
bool keytext_put(const struct json_writer *w, struct value *key, struct sink *out, struct error *err);

/* Refuses pairs of which two keys would have one name: {1: a, "1": b}. Costs little where all are text. */
bool keytext_check(const struct json_writer *w, const struct value_pairs *pairs, struct error *err);

/* The same where keys of one kind may be equal too: labels of columns. */
bool keytext_differ(const struct json_writer *w, const struct value_pairs *pairs, struct error *err);

#endif
