/*
 * How long a graph gets when it is written as text, where a part that many share is written for each of them:
 * a hundred bytes of pickle can be 2^60 numbers. Whoever decodes what can share parts weighs it once, and so
 * whoever writes it can refuse it before the first byte.
 */
#ifndef MANDOLINE_WEIGH_H
#define MANDOLINE_WEIGH_H

#include "limits.h"
#include "value.h"

/*
 * Flags every container, array, object and table below root of which a text would have more than
 * limits->nodes values (VALUE_MANY) or limits->output bytes (VALUE_LONG). Objects weigh what they mean.
 * Bytes are the least that JSON or CSV need; a part that is inside of itself weighs nothing there. The graph
 * is visited once, whatever is shared in it. False: no memory.
 */
bool weigh(struct value *root, const struct limits *limits, struct arena *arena, struct error *err);

/* Fails with the limit that weigh() found v to be over. */
bool weigh_allows(const struct value *v, const struct limits *limits, struct error *err);

#endif
