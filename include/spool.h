/*
 * Where a body is kept while it arrives: in memory up to a size, then in blocks that the pool lends if it
 * fits, else in a private file without a name that is mapped once it is complete. Nobody else can truncate
 * that file, so the mapping is safe to read.
 */
#ifndef MANDOLINE_SPOOL_H
#define MANDOLINE_SPOOL_H

#include "input.h"

struct spool {
    uint8_t *data; /* in memory: the bytes; later: the mapping */
    size_t capacity;
    uint64_t size;
    int fd; /* or -1: in memory */
    bool mapped;
    struct arena_pool *pool; /* set after spool_init(), or NULL */
    size_t charged;          /* to the pool's account */
    bool borrowed;           /* data is blocks of the pool */
    uint64_t expected;       /* bytes that are said to come, if that was said; set after spool_init() */
    struct watch *watch;     /* set after spool_init(), or NULL: asked by every write */
    uint64_t memory;         /* bytes that stay in memory */
    uint64_t limit;          /* bytes at most */
    const char *limit_name;
};

/* limit_name is the row of limits.h that the error names. Allocates nothing yet. */
void spool_init(struct spool *s, uint64_t memory, const char *limit_name, uint64_t limit);
void spool_deinit(struct spool *s);

/* Whether a body that is too long for memory could be kept now. */
bool spool_ready(void);

bool spool_write(struct spool *s, const void *data, size_t n, struct error *err);

/*
 * Where all of a body is going to be that was announced, while it arrives: it does not move any more. False:
 * not yet, or never.
 */
bool spool_settled(const struct spool *s, struct bytes *whole);

/* After spool_finish(): the bytes stay, and the descriptor goes, of which there are few. */
void spool_close(struct spool *s);

/* The complete body, valid until spool_deinit(). Nothing may be written after it. */
bool spool_finish(struct spool *s, struct input *out, struct error *err);

#endif
