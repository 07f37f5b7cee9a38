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

/* For the page of the type. */
struct advice {
    const char *meaning, *remedy; /* sentences; names are in backquotes */
};

/* A row for every kind but ERR_NONE; a test holds it complete. */
extern const struct advice problem_advice[ERR_KIND_COUNT];

/* The "type" of documents of that kind, as the client of this request can follow it. NULL: no memory. */
const char *problem_type(const struct request *request, enum error_kind kind);

#endif
