/* Rights over files and sockets, given up by Landlock. */
#ifndef MANDOLINE_LANDLOCK_H
#define MANDOLINE_LANDLOCK_H

#include "confine.h"

/* The version of the kernel's interface; 0: there is none. */
unsigned landlock_version(void);

/* This thread, and those that it starts. False: the kernel refused. */
bool landlock_confine(const struct confine_plan *plan, unsigned version);

#endif
