/*
 * Where named files live: a folder, seen through the kernel's own rule that nothing outside of it can be
 * named (openat2 with RESOLVE_BENEATH and RESOLVE_NO_MAGICLINKS; symbolic links that stay inside are
 * followed).
 */
#ifndef MANDOLINE_STORE_H
#define MANDOLINE_STORE_H

#include <sys/stat.h>
#include <time.h>

#include "grant.h"
#include "input.h"

struct store;

/* path is opened once; later changes of the working directory don't matter. */
bool store_new(const char *path, struct store **out, struct error *err);
void store_free(struct store *s);
/* False when the folder cannot be listed now (readiness). */
bool store_ready(const struct store *s);

/* What differs when somebody writes a file: all of it, or some. */
struct store_state {
    uint64_t size;
    struct timespec modified;
};

/* The file is still in that state. A size of 0 is no state: it holds. */
bool store_state_holds(int fd, const struct store_state *state);

enum { STORE_ETAG = 2 + 32 + 1 };

/* An open file. The descriptor is closed by arena_free(). */
struct store_file {
    struct input input; /* fd and size */
    struct timespec modified;
    char etag[STORE_ETAG]; /* as store_etag() has it */
};

/*
 * The strong entity tag, quoted, of the state of a file: from inode, size, and modification and change time
 * to the nanosecond, which all who share a volume see alike.
 */
void store_etag(const struct stat *st, char etag[STORE_ETAG]);

/*
 * name is relative, UTF-8, '/' between folders. ERR_NOT_FOUND: no such regular file, or it would lead
 * outside.
 */
bool store_open(const struct store *s, struct bytes name, struct arena *arena, struct store_file *out,
                struct error *err);

/*
 * The entity tag that store_open() would give now, without opening. False: ask store_open(). Only for finding
 * what was made of a file that was opened by that name: symbolic links are followed here wherever they lead.
 */
bool store_look(const struct store *s, struct bytes name, char etag[STORE_ETAG]);
/* What store_open() says of a name that is none. Is false. */
bool store_no_such_file(struct bytes name, struct error *err);

struct store_entry {
    struct bytes name; /* with folders, relative to the root */
    uint64_t size;
    struct timespec modified;
    char etag[STORE_ETAG];
};

/*
 * Regular files below the root, in the byte order of their names, those that start with prefix and come after
 * `after` (empty: from the start), at most count. Hidden files (a name or folder that starts with '.') are
 * left out, and so is what is not of the grant (NULL: everything is). *more: there are further ones.
 */
bool store_list(const struct store *s, const struct grant *grant, struct bytes prefix, struct bytes after,
                size_t count, struct arena *arena, struct store_entry **out, size_t *found, bool *more,
                struct error *err);

#endif
