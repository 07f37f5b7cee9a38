/* Selections as JSON documents: what POST /v1/query takes. */
#ifndef MANDOLINE_QUERY_H
#define MANDOLINE_QUERY_H

#include "part.h"

#define QUERY_MEMBERS "path, slice, fields, dtype, sel, where, points and format"

/* An object whose members are named as the query parameters of /v1/data are; or a text: a path. */
bool query_part(const struct value *v, struct arena *arena, struct part *out, struct error *err);

#endif
