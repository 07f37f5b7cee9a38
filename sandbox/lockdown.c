#include "lockdown.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FILES_OPEN = 256 };

/* ---- system calls ---- */

/* Enough for a descriptor to be read, memory to be had and messages to be exchanged. */
static const int calls[] = {
    SCMP_SYS(recvmsg),      SCMP_SYS(sendmsg),    SCMP_SYS(pread64),         SCMP_SYS(munmap),
    SCMP_SYS(mremap),       SCMP_SYS(brk),        SCMP_SYS(madvise),         SCMP_SYS(futex),
    SCMP_SYS(close),        SCMP_SYS(fstat),      SCMP_SYS(clock_gettime),   SCMP_SYS(gettimeofday),
    SCMP_SYS(rt_sigreturn), SCMP_SYS(exit_group), SCMP_SYS(restart_syscall), SCMP_SYS(alarm),
    SCMP_SYS(setitimer),
};

static const int calls_to_write[] = {SCMP_SYS(pwrite64), SCMP_SYS(ftruncate), SCMP_SYS(fdatasync)};

static bool allow(scmp_filter_ctx filter, const int *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, list[i], 0) != 0 && list[i] >= 0)
            return false;
    return true;
}

/* What is not allowed fails: the library makes an ordinary error of that, and the worker lives on. */
static bool keep_few_calls(bool writes)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (filter == NULL)
        return false;
    const bool ok =
        allow(filter, calls, sizeof calls / sizeof *calls) &&
        (!writes || allow(filter, calls_to_write, sizeof calls_to_write / sizeof *calls_to_write)) &&
        seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
                         SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) == 0 &&
        seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
                         SCMP_A1(SCMP_CMP_EQ, F_DUPFD_CLOEXEC, 0)) == 0 &&
        seccomp_load(filter) == 0;
    seccomp_release(filter);
    return ok;
}

/* ---- limits ---- */

static uint64_t address_space(void)
{
    char text[64] = "";
    FILE *f = fopen("/proc/self/statm", "re");
    if (f != NULL) {
        if (fgets(text, sizeof text, f) == NULL)
            text[0] = '\0';
        fclose(f);
    }
    const uint64_t pages = strtoull(text, NULL, 10);
    return pages == 0 ? LOCKDOWN_MEMORY / 2 : pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* The soft limits are enough: no call that would raise them is left. The front raises the memory of big
 * windows. */
static void lower(int what, uint64_t most)
{
    struct rlimit limit;
    if (getrlimit(what, &limit) != 0 || limit.rlim_cur <= most)
        return;
    limit.rlim_cur = most;
    setrlimit(what, &limit);
}

uint64_t lockdown(bool writes)
{
    if (LOCKDOWN_TALKS)
        return 0;
    const uint64_t memory = address_space() + LOCKDOWN_MEMORY;
    lower(RLIMIT_CORE, 0);
    lower(RLIMIT_NOFILE, FILES_OPEN);
    lower(RLIMIT_AS, memory);
    if (!writes)
        lower(RLIMIT_FSIZE, 0);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    keep_few_calls(writes);
    return memory;
}

const char *lockdown_weakness(void)
{
    const uint32_t action = SECCOMP_RET_ERRNO;
    if (LOCKDOWN_TALKS)
        return "this is a build with sanitizers: the processes that read HDF5 keep their rights";
    if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) != 0)
        return "the kernel has no seccomp filters here: the processes that read HDF5 keep the rights of this "
               "one";
    return NULL;
}
