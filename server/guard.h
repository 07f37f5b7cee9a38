/* Whether the settings together say who may do what: nobody shall open a server to the world by accident. */
#ifndef MANDOLINE_GUARD_H
#define MANDOLINE_GUARD_H

#include "address.h"
#include "config.h"
#include "log.h"

/* ERR_ARGUMENT: they contradict each other, or everybody could do everything and nobody said so. */
bool guard_check(const struct config *config, struct error *err);

/* The same of an address that is not in the settings, as that of a socket that somebody else has opened. */
bool guard_check_address(const struct config *config, const struct address *address, struct error *err);

/* What is allowed and may not be meant. */
void guard_warn(const struct config *config, const struct log *log);

#endif
