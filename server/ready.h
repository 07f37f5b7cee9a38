/* Whether this process can do what is asked of it, for struct service: nothing here waits. */
#ifndef MANDOLINE_READY_H
#define MANDOLINE_READY_H

#include "exchange.h"

size_t ready_checks(const struct service *service, struct check out[CHECKS_MAX]);

/* Whether all of them held at once since it began, but for draining. */
bool ready_was(const struct service *service);

#endif
