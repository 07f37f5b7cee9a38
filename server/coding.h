/* Content codings (RFC 9110, 8.4.1; zstd: RFC 8878) that a body may come in. */
#ifndef MANDOLINE_CODING_H
#define MANDOLINE_CODING_H

#include "limits.h"
#include "spool.h"

struct coding;

/* For Accept-Encoding, with a 415. */
#define CODING_NAMES "gzip, deflate, zstd"

/* By the value of Content-Encoding; NULL: not known, or more than one. No header (NULL) is "identity". */
const struct coding *coding_find(const char *header);

/* Whether there is nothing to undo. */
bool coding_is_identity(const struct coding *coding);

/* Writes what body holds to out, whose limit bounds it. All of the body must be what the coding says. */
bool coding_undo(const struct coding *coding, struct bytes body, const struct limits *limits,
                 struct spool *out, struct error *err);

#endif
