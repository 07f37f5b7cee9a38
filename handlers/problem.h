/* Errors as problem documents (RFC 9457): the one table between error kinds and HTTP. */
#ifndef MANDOLINE_PROBLEM_H
#define MANDOLINE_PROBLEM_H

#include "exchange.h"

struct problem {
    unsigned status;
    const char *slug; /* the type is "/problems/<slug>" */
    const char *title;
};

/* A row for every kind; a test holds it complete. */
extern const struct problem problems[ERR_KIND_COUNT];

#endif
