/* This very program once more, as a process with another part to play: see process.h. */
#ifndef MANDOLINE_RESPAWN_H
#define MANDOLINE_RESPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { RESPAWN_FD = 3, RESPAWN_FDS = 2 };

/*
 * argv has argv[0] and what follows, and ends with NULL. The process finds the descriptors from RESPAWN_FD
 * on, at most RESPAWN_FDS, and nothing else of ours: no environment, no signal that is blocked or ignored.
 * False: errno says why.
 */
bool respawn(const char *const *argv, const int *fds, size_t count, pid_t *pid);

#endif
