/*
 * When work for an exchange must stop: it took its time, or nobody waits for the answer any more. Whoever
 * works asks now and then; what allocates from the exchange's arena, reads arrays or encodes does so anyway
 * (arena.h, array.h, codec.h). Any thread may ask.
 */
#ifndef MANDOLINE_WATCH_H
#define MANDOLINE_WATCH_H

#include <stdatomic.h>

#include "error.h"

enum watch_state { WATCH_GO_ON, WATCH_LATE, WATCH_GONE };

struct watch {
    atomic_uint_fast64_t until; /* microseconds of the monotonic clock */
    atomic_uint_fast64_t next;  /* when the client is looked at again */
    atomic_int state;           /* enum watch_state: once it is over, it stays so */
    bool (*gone)(const void *arg);
    const void *arg;
    uint64_t seconds;             /* limits.request_time */
    const char *operation;        /* for the error: "convert", or NULL */
    _Atomic(const char *) doing;  /* ... "reading" */
    _Atomic(const char *) format; /* ... "pickle", or NULL */
};

/* gone may be NULL: nobody can leave. The time begins now. */
void watch_start(struct watch *w, uint64_t seconds, bool (*gone)(const void *arg), const void *arg);

/* The time begins again: there was progress. */
void watch_again(struct watch *w);

/* What is being done from now on; static texts. w may be NULL. */
void watch_doing(struct watch *w, const char *doing, const char *format);

/* Whether work must stop. Costs a look at the clock, and every few milliseconds one at the client. NULL:
 * never.
 */
bool watch_over(struct watch *w);

/* The same as an error: ERR_TIME, ERR_GONE. */
bool watch_check(struct watch *w, struct error *err);

#endif
