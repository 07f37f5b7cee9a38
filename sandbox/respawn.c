#include "respawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <unistd.h>

static bool set_attributes(posix_spawnattr_t *a)
{
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    return posix_spawnattr_setflags(a, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF) == 0 &&
           posix_spawnattr_setsigmask(a, &none) == 0 && posix_spawnattr_setsigdefault(a, &all) == 0;
}

static bool set_descriptors(posix_spawn_file_actions_t *actions, const int *fds, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (posix_spawn_file_actions_adddup2(actions, fds[i], RESPAWN_FD + (int)i) != 0)
            return false;
    return true;
}

/* Whether it was; errno says why not. */
static bool spawn(const char *const *argv, const posix_spawn_file_actions_t *actions,
                  const posix_spawnattr_t *attributes, pid_t *pid)
{
    char *const environment[] = {(char *)(uintptr_t) "TZ=UTC0", NULL};
    errno =
        posix_spawn(pid, "/proc/self/exe", actions, attributes, (char *const *)(uintptr_t)argv, environment);
    return errno == 0;
}

static bool start(const char *const *argv, const int *fds, size_t count, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    if (posix_spawn_file_actions_init(&actions) != 0)
        return false;
    bool ok = posix_spawnattr_init(&attributes) == 0;
    if (ok) {
        ok = set_attributes(&attributes) && set_descriptors(&actions, fds, count) &&
             spawn(argv, &actions, &attributes, pid);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return ok;
}

bool respawn(const char *const *argv, const int *fds, size_t count, pid_t *pid)
{
    int moved[RESPAWN_FDS] = {-1, -1}; /* out of the way of the numbers that they get in the child */
    bool ok = count <= RESPAWN_FDS;
    size_t n = 0;
    for (; ok && n < count; n++)
        ok = (moved[n] = fcntl(fds[n], F_DUPFD_CLOEXEC, RESPAWN_FD + RESPAWN_FDS)) >= 0;
    ok = ok && start(argv, moved, count, pid);
    for (size_t i = 0; i < n; i++)
        if (moved[i] >= 0)
            close(moved[i]);
    return ok;
}
