/* How workers begin and end, as the front sees it: by this process, or by the supervisor once there is one.
 */
#ifndef MANDOLINE_START_H
#define MANDOLINE_START_H

#include <stdbool.h>
#include <sys/types.h>

/* theirs: its end of the socket; both descriptors stay the caller's. */
bool start_worker(int theirs, int window, bool writes, pid_t *pid);

/*
 * Ends it, whatever it does. Until then its number is its own, even when it has died. Returns the signal that
 * it had died of before, or 0.
 */
int end_worker(pid_t pid);

#endif
