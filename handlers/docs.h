/* The files of the documentation, put into the program when it is built (openapi/docs/embed.py). */
#ifndef MANDOLINE_DOCS_H
#define MANDOLINE_DOCS_H

#include "bytes.h"

struct docs_file {
    const char *name, *type;
    const char *policy;              /* Content-Security-Policy; NULL: that of all answers */
    struct bytes gzip;               /* its bytes, packed */
    const char *etag, *etag_of_gzip; /* entity tags of the two forms */
};

/* Ends with a row without a name; the first one is what /docs shows. */
extern const struct docs_file docs_files[];

#endif
