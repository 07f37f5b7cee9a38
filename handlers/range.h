/* Ranges of bytes (RFC 9110 section 14). */
#ifndef MANDOLINE_RANGE_H
#define MANDOLINE_RANGE_H

#include "bytes.h"

struct range {
    uint64_t start, length;
};

enum range_result {
    RANGE_WHOLE, /* send all of it: not in bytes, not well-formed, or several ranges (which may be ignored) */
    RANGE_PART,  /* send *out */
    RANGE_NONE,  /* well-formed, and no byte of it exists */
};

enum range_result range_parse(const char *header, uint64_t size, struct range *out);

#endif
