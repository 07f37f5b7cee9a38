/* Small files that the operator gives us: settings, keys, policies. */
#ifndef MANDOLINE_SMALL_FILE_H
#define MANDOLINE_SMALL_FILE_H

#include "arena.h"

/* The whole file, in the arena, with a NUL behind it. what: "the tokens", for the error. */
bool small_file_read(const char *path, const char *what, struct arena *arena, struct bytes *out,
                     struct error *err);

/* The same of one that is open; fd is closed. */
bool small_file_take(int fd, const char *path, const char *what, struct arena *arena, struct bytes *out,
                     struct error *err);

#endif
