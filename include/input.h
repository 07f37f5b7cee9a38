/* A document that came in: bytes in memory (a request body), or an open file (a stored file, read with
 * pread). */
#ifndef MANDOLINE_INPUT_H
#define MANDOLINE_INPUT_H

#include "arena.h"

struct arrival;

struct input {
    struct bytes bytes; /* when data is NULL, only the descriptor is there */
    int fd;             /* or -1 */
    uint64_t size;
    const struct arrival *arrival; /* what was decoded of it while it came (arrival.h); NULL: nothing */
};

/* Memory. bytes must live as long as what is decoded from it. */
struct input input_of_bytes(struct bytes bytes);
/* An open regular file that its owner keeps open as long as what is decoded from it. */
struct input input_of_fd(int fd, uint64_t size);

/* The whole document in memory: as it is, or read into the arena (ERR_LIMIT when the budget is too small). */
bool input_bytes(const struct input *in, struct arena *arena, struct bytes *out, struct error *err);

/* A stored document without its bytes from `from` to `to`: zeros stand there, and take no memory. */
bool input_around(const struct input *in, uint64_t from, uint64_t to, struct arena *arena, struct bytes *out,
                  struct error *err);

/* The first bytes, up to n of them (for sniffing). */
bool input_head(const struct input *in, size_t n, struct arena *arena, struct bytes *out, struct error *err);

/* A descriptor with the document: its own, or a sealed anonymous file that arena_free() closes. */
bool input_fd(const struct input *in, struct arena *arena, int *out, struct error *err);

/* Reads exactly n bytes at offset, whatever signals come. */
bool input_pread(int fd, uint64_t offset, void *out, size_t n, struct error *err);

#endif
