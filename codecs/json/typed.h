/*
 * Typed JSON: every value, with its types, its sharing and its cycles. An object with exactly one member,
 * whose name begins with '$', is a tag; anything else is what JSON says it is. openapi/typed.schema.json is
 * the vocabulary.
 */
#ifndef MANDOLINE_JSON_TYPED_H
#define MANDOLINE_JSON_TYPED_H

#include "arrival.h"

/* arrival: what typed_ahead() made of it, or NULL. */
bool typed_read(struct bytes text, const struct arrival *arrival, const struct limits *limits,
                struct arena *arena, struct value **out, struct error *err);
bool typed_ahead(struct arrival *a);

bool typed_begin(struct encoder *e, struct error *err);
enum step typed_step(struct encoder *e, struct sink *out, struct error *err);

/* Words of the vocabulary, by enum object_made and enum external_kind. */
enum { TYPED_MADE_COUNT = OBJECT_MADE_COUNT, TYPED_EXTERNAL_COUNT = EXTERNAL_LINK + 1 };
extern const char *const typed_made[TYPED_MADE_COUNT];
extern const char *const typed_external[TYPED_EXTERNAL_COUNT];

#endif
