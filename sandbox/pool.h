/* The worker processes, and who may talk to which. Safe from any thread. */
#ifndef MANDOLINE_POOL_H
#define MANDOLINE_POOL_H

#include "slot.h"

struct pool_place {
    struct slot *slot;
    struct slot_manner how;
};

/* 0 workers: one a core. Before the first call, or never. */
void pool_configure(size_t workers, uint64_t seconds);
uint32_t pool_seconds(void);
void pool_charge(struct account *account);

/* All but the cache's part. */
void pool_snapshot(struct sandbox_snapshot *out);

/* Whether the last attempt to start a process succeeded, or one does now. */
bool pool_ready(void);

/*
 * A worker that is ready for this request, after a wait while all are busy. Reading: the one that has the
 * file open if it is idle. Writing: BEGIN chooses one of those that read nothing, so that no file from
 * outside can take it down, and what follows goes to the same.
 */
bool pool_take(const struct sandbox_request *q, struct pool_place *out, struct error *err);
void pool_give(struct slot *s);
/* Between take and give: its process is ended, the next who takes it gets another. */
int pool_kill(struct slot *s, enum slot_end end);

/* Between take and give: a session began (its number becomes one for the whole pool), or ended. */
uint64_t pool_session_began(struct slot *s, uint64_t number);
void pool_session_ended(struct slot *s);
/* The number that the session's own worker knows it by. */
uint64_t pool_session_number(uint64_t session);

/* Every worker that has the file open closes it: at once, or when it is idle. */
void pool_forget(const struct sandbox_identity *identity);

#endif
