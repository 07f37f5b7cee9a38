/* JSON text (RFC 8259) as a value graph. */
#ifndef MANDOLINE_JSON_READ_H
#define MANDOLINE_JSON_READ_H

#include "arrival.h"

/*
 * The whole of text as one value. What CPython's json.loads makes of it, to the identity of strings: equal
 * keys share one node, and so do the empty string and each character of Latin-1, as keys or values; null,
 * true and false are one node each. Strings without escapes are views of text. Of two equal keys the first
 * keeps its place and the last its value. A lone surrogate may come as an escape only (VALUE_SURROGATES). A
 * number that is too big for a float64 is infinity. Marks are 0.
 */
bool json_read(struct bytes text, const struct arrival *arrival, const struct limits *limits,
               struct arena *arena, struct value **out, struct error *err);

/* For json_codec.ahead; json_read() goes on from there. Its arrival may be NULL. */
bool json_ahead(struct arrival *a);

#endif
