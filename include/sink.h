/*
 * The bounded queue between an encoder and a socket. Its limit is soft: an encoder stops when sink_full(),
 * and what one event needs is always accepted whole.
 */
#ifndef MANDOLINE_SINK_H
#define MANDOLINE_SINK_H

#include "account.h"
#include "bytes.h"
#include "error.h"

struct sink {
    uint8_t *data; /* bytes from taken to len wait, capacity are allocated */
    size_t len, capacity;
    size_t taken;            /* the first bytes of data that sink_drain() has given away */
    size_t limit;            /* soft: sink_full() from here on */
    struct account *account; /* of its capacity, set when it is empty; or NULL */
    bool owes;               /* the account refuses nothing */
    uint64_t total;          /* bytes ever committed, for the output limit and the log */
};

/* The queue of one answer. False: no memory. */
bool sink_init(struct sink *s, size_t limit);
void sink_deinit(struct sink *s);

static inline bool sink_full(const struct sink *s)
{
    return s->len - s->taken >= s->limit;
}

/* Room for n more bytes, to be filled and then committed. NULL: no memory (say so with sink_fail). */
uint8_t *sink_reserve_slow(struct sink *s, size_t n);

static inline uint8_t *sink_reserve(struct sink *s, size_t n)
{
    return n <= s->capacity - s->len ? s->data + s->len : sink_reserve_slow(s, n);
}

static inline void sink_commit(struct sink *s, size_t n)
{
    s->len += n;
    s->total += n;
}

/* Takes the last n bytes back, which nobody has drained yet. */
static inline void sink_undo(struct sink *s, size_t n)
{
    s->len -= n;
    s->total -= n;
}

bool sink_write(struct sink *s, const void *data, size_t n, struct error *err);

static inline bool sink_bytes(struct sink *s, struct bytes b, struct error *err)
{
    return sink_write(s, b.data, b.len, err);
}

static inline bool sink_text(struct sink *s, const char *text, struct error *err)
{
    return sink_write(s, text, strlen(text), err);
}

static inline bool sink_byte(struct sink *s, uint8_t byte, struct error *err)
{
    return sink_write(s, &byte, 1, err);
}

/* Moves up to n of the waiting bytes to out; returns how many. */
size_t sink_drain(struct sink *s, void *out, size_t n);

/* Sets ERR_MEMORY; is false. */
static inline bool sink_fail(struct error *err)
{
    return FAIL(err, ERR_MEMORY, ERROR_NO_OFFSET, "there is no memory for the answer");
}

#endif
