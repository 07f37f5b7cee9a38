/*
 * Documents that took workers down. The same one does it again: after the second time it is refused for a
 * while. Known by identity, and by content, so that an upload is met again too. Safe from any thread.
 */
#ifndef MANDOLINE_BLAME_H
#define MANDOLINE_BLAME_H

#include "sandbox.h"

/* False: the document is refused; ERR_DIED with the time that is left. deep: its content is compared too. */
bool blame_check(const struct sandbox_request *q, bool deep, struct error *err);
/* A worker died, or had to be killed, when it worked on this one. */
void blame(const struct sandbox_request *q);

#endif
