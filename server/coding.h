/* Content codings (RFC 9110, 8.4.1; zstd: RFC 8878) that a body may come in. */
#ifndef MANDOLINE_CODING_H
#define MANDOLINE_CODING_H

#include "spool.h"

struct coding {
    const char *name;
    /* Writes what body holds to out, whose limit bounds it. NULL: the body is as it is. */
    bool (*undo)(struct bytes body, struct spool *out, struct error *err);
};

/* For Accept-Encoding, with a 415. */
#define CODING_NAMES "gzip, deflate, zstd"

/* By the value of Content-Encoding; NULL: not known, or more than one. No header (NULL) is "identity". */
const struct coding *coding_find(const char *header);

#endif
