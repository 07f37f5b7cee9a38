/* What somebody may do: kinds of work, and the names of files that it may be done to. */
#ifndef MANDOLINE_GRANT_H
#define MANDOLINE_GRANT_H

#include "bytes.h"

/* 0 is none of them, so that a route that forgets to say what it takes is open to nobody. */
enum scope {
    SCOPE_OPEN = 1,    /* of routes: takes no grant at all */
    SCOPE_READ = 2,    /* stored files, and their list */
    SCOPE_CONVERT = 4, /* documents that the client brings */
    SCOPE_WRITE = 8,   /* changes of stored files */
    SCOPE_ADMIN = 16,  /* what is for those who run the service */
};
enum { SCOPE_ALL = SCOPE_OPEN | SCOPE_READ | SCOPE_CONVERT | SCOPE_WRITE | SCOPE_ADMIN };

struct grant {
    const char *name; /* of who has it; "": nobody in particular */
    unsigned scopes;
    const struct bytes *prefixes; /* files and folders, without '/' at either end; NULL: everything */
    size_t prefix_count;
};

/* Everything, for nobody in particular. */
extern const struct grant grant_everything;

/* The scope of that name: read, convert, write or admin. 0: there is none. */
unsigned scope_find(struct bytes name);

/* The first name of the scopes; "" of none. */
const char *scope_name(unsigned scopes);

/* Adds the scopes that are named, with blanks or commas between them. False: one of them is none. */
bool scopes_read(struct bytes text, unsigned *scopes);

/* Whether the file of that name is among those: it, or a folder that it is in, is one of the prefixes. */
bool grant_has_name(const struct grant *grant, struct bytes name);

/* Whether a file in that folder ("" or "a/b/") may be among them. */
bool grant_has_folder(const struct grant *grant, struct bytes folder);

/* A prefix as a grant wants it: without '/' at either end. */
struct bytes grant_prefix(struct bytes text);

#endif
