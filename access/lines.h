/* Files of lines that are words. */
#ifndef MANDOLINE_ACCESS_LINES_H
#define MANDOLINE_ACCESS_LINES_H

#include "bytes.h"

/* The next line of *rest without its end; a '#' at its start makes it a comment, which is skipped, as are
 * empty lines. False: there is none. *number counts lines. */
bool line_next(struct bytes *rest, struct bytes *line, size_t *number);

/* The next word of *rest, up to blanks; empty: there is none. */
struct bytes line_word(struct bytes *rest);

#endif
