#include "confine.h"

#include <sys/prctl.h>

#include "deny.h"
#include "landlock.h"
#include "lockdown.h"

static const struct confine_gap
    no_privileges = {"no-new-privs", "the kernel does not let this process give up new privileges", true},
    no_landlock = {"landlock",
                   "the kernel has no Landlock: every file that its user may reach stays in reach", true},
    no_files = {"landlock", "the kernel refused the rules for Landlock: files stay in reach", true},
    no_truncate = {"landlock-truncate",
                   "the kernel's Landlock is older than version 3: files that may be read can be emptied",
                   true},
    no_network = {"landlock-network",
                  "the kernel's Landlock is older than version 4: TCP reaches any machine", false},
    no_signals =
        {"landlock-signals",
         "the kernel's Landlock is older than version 6: processes of the same user can be signalled", false},
    no_calls = {"seccomp", "the kernel has no seccomp filters here: every system call stays possible", true},
    sanitized = {"sanitizers", "this is a build with sanitizers: the process keeps its rights", true};

static size_t confine_files(const struct confine_plan *plan, struct confine_gap *gaps)
{
    const unsigned version = landlock_version();
    size_t n = 0;
    if (version == 0)
        return gaps[0] = no_landlock, 1;
    if (!landlock_confine(plan, version))
        return gaps[0] = no_files, 1;
    if (version < 3)
        gaps[n++] = no_truncate;
    if (version < 4 && !plan->connects)
        gaps[n++] = no_network;
    if (version < 6)
        gaps[n++] = no_signals;
    return n;
}

size_t confine(const struct confine_plan *plan, struct confine_gap gaps[CONFINE_GAPS_MAX])
{
    size_t n = 0;
    if (LOCKDOWN_TALKS)
        return gaps[0] = sanitized, 1;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        gaps[n++] = no_privileges;
    n += confine_files(plan, gaps + n);
    if (!deny_calls(plan->starts))
        gaps[n++] = no_calls;
    return n;
}
