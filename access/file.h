/* Small files that the operator gives us. */
#ifndef MANDOLINE_ACCESS_FILE_H
#define MANDOLINE_ACCESS_FILE_H

#include "arena.h"

/* The whole file, in the arena, with a NUL behind it. what: "the tokens", for the error. */
bool file_read(const char *path, const char *what, struct arena *arena, struct bytes *out, struct error *err);

/* The next line of *rest without its end; a '#' at its start makes it a comment, which is skipped, as are
 * empty lines. False: there is none. *number counts lines. */
bool file_line(struct bytes *rest, struct bytes *line, size_t *number);

/* The next word of *rest, up to blanks; empty: there is none. */
struct bytes file_word(struct bytes *rest);

#endif
