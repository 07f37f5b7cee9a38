/* Bodies of several parts (RFC 2046, 5.1; RFC 7578): a document, and what belongs to it. */
#ifndef MANDOLINE_MULTIPART_H
#define MANDOLINE_MULTIPART_H

#include "arena.h"
#include "limits.h"

/* Whether a Content-Type is multipart/...; it may be NULL. */
bool multipart_is(const char *type);

/*
 * The parts' contents in their order, views into the body; their headers are not looked at. ERR_SYNTAX where
 * the body does not follow its type; ERR_LIMIT "members".
 */
bool multipart_split(const char *type, struct bytes body, const struct limits *limits, struct arena *arena,
                     const struct bytes **parts, size_t *count, struct error *err);

#endif
