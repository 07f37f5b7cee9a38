/* Which objects of well-known classes typed JSON writes by a tag of their own. */
#ifndef MANDOLINE_JSON_TYPED_KNOWN_H
#define MANDOLINE_JSON_TYPED_KNOWN_H

#include "limits.h"
#include "value.h"

/*
 * The tag of an object ("$datetime"), or NULL: only where the reader makes of it the very same object, so
 * that nothing is lost. *text: what the tag holds; data is NULL where it holds the object's items or pairs.
 * The marks of parts that are then not to be visited are cleared. Between sharing_find() and sharing_clear().
 */
const char *typed_known_tag(const struct value_object *o, const struct limits *limits, struct bytes *text,
                            struct error *err);

#endif
