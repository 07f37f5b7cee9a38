/*
 * What all exchanges together have of the memory: one number, taken from before memory is asked for and given
 * back when it is free, so that a request is refused before the process has more than it may.
 */
#ifndef MANDOLINE_ACCOUNT_H
#define MANDOLINE_ACCOUNT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "error.h"

struct account {
    atomic_size_t used;
    size_t most;
};

/* False: there would be more than `most`; nothing was taken. A NULL account has no end. */
bool account_take(struct account *a, size_t n);
/* Takes it even so: for what is there already. */
void account_owe(struct account *a, size_t n);
void account_give(struct account *a, size_t n);

/* What to say when account_take() is false. */
void account_explain(const struct account *a, struct error *err);

/* Is false. */
static inline bool account_fail(const struct account *a, struct error *err)
{
    account_explain(a, err);
    return false;
}

#endif
