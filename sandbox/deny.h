/* System calls given up by seccomp: those that the process never makes, and an attacker would. */
#ifndef MANDOLINE_DENY_H
#define MANDOLINE_DENY_H

#include <stdbool.h>

/* All threads of this process. starts: programs may still be started. False: the kernel refused. */
bool deny_calls(bool starts);

#endif
