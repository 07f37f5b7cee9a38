/* The request target (RFC 9112, 3.2): path and query, percent-decoded, and held to be UTF-8. */
#ifndef MANDOLINE_TARGET_H
#define MANDOLINE_TARGET_H

#include "exchange.h"

struct target {
    struct bytes path;
    const struct param *query;
    size_t query_count;
};

/*
 * Takes text apart and decodes it in place; *out points into it. "/" that was encoded counts as any other
 * letter of a name; "+" is a blank in the query (as forms have it) and itself in the path. NUL is refused.
 */
bool target_parse(char *text, size_t len, struct arena *arena, struct target *out, struct error *err);

#endif
