#include "deny.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/socket.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/*
 * A list of what is denied, not of what is allowed: which calls the C library, libmicrohttpd, GnuTLS and
 * libcurl make differs from release to release, and one that is missing would be found by a user. The
 * workers, which meet the hostile files, have a list of what is allowed (lockdown.c).
 */
static const int denied[] = {
    /* other processes */
    SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(process_madvise),
    SCMP_SYS(pidfd_getfd),
    SCMP_SYS(kcmp),
    SCMP_SYS(perf_event_open),
    /* other views of the machine */
    SCMP_SYS(unshare),
    SCMP_SYS(setns),
    SCMP_SYS(chroot),
    SCMP_SYS(pivot_root),
    SCMP_SYS(mount),
    SCMP_SYS(umount),
    SCMP_SYS(umount2),
    SCMP_SYS(mount_setattr),
    SCMP_SYS(move_mount),
    SCMP_SYS(open_tree),
    SCMP_SYS(fsopen),
    SCMP_SYS(fsconfig),
    SCMP_SYS(fsmount),
    SCMP_SYS(fspick),
    SCMP_SYS(name_to_handle_at),
    SCMP_SYS(open_by_handle_at),
    SCMP_SYS(fanotify_init),
    /* other users and rights */
    SCMP_SYS(setuid),
    SCMP_SYS(setgid),
    SCMP_SYS(setreuid),
    SCMP_SYS(setregid),
    SCMP_SYS(setresuid),
    SCMP_SYS(setresgid),
    SCMP_SYS(setfsuid),
    SCMP_SYS(setfsgid),
    SCMP_SYS(setgroups),
    SCMP_SYS(capset),
    SCMP_SYS(personality),
    SCMP_SYS(add_key),
    SCMP_SYS(request_key),
    SCMP_SYS(keyctl),
    /* the kernel: what configures it, and parts of it with a history */
    SCMP_SYS(bpf),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(io_uring_enter),
    SCMP_SYS(io_uring_register),
    SCMP_SYS(init_module),
    SCMP_SYS(finit_module),
    SCMP_SYS(delete_module),
    SCMP_SYS(kexec_load),
    SCMP_SYS(kexec_file_load),
    SCMP_SYS(reboot),
    SCMP_SYS(swapon),
    SCMP_SYS(swapoff),
    SCMP_SYS(syslog),
    SCMP_SYS(acct),
    SCMP_SYS(quotactl),
    SCMP_SYS(quotactl_fd),
    SCMP_SYS(iopl),
    SCMP_SYS(ioperm),
    SCMP_SYS(modify_ldt),
    SCMP_SYS(lookup_dcookie),
    SCMP_SYS(vhangup),
    SCMP_SYS(mknod),
    SCMP_SYS(mknodat),
    SCMP_SYS(settimeofday),
    SCMP_SYS(stime),
    SCMP_SYS(clock_settime),
    SCMP_SYS(clock_settime64),
    SCMP_SYS(adjtimex),
    SCMP_SYS(clock_adjtime),
    SCMP_SYS(clock_adjtime64),
    SCMP_SYS(sethostname),
    SCMP_SYS(setdomainname),
};

static const int denied_programs[] = {SCMP_SYS(execve), SCMP_SYS(execveat)};

/* Memory becomes code by these; their third argument is the protection. */
static const int protecting[] = {SCMP_SYS(mmap), SCMP_SYS(mmap2), SCMP_SYS(mprotect),
                                 SCMP_SYS(pkey_mprotect)};

static const int families[] = {AF_UNIX, AF_INET, AF_INET6,
                               AF_NETLINK}; /* the last: which addresses there are */

/* Flags of clone() that make namespaces. The kernel has flags and stack the other way round on one
 * architecture. */
static const unsigned long namespaces[] = {CLONE_NEWNS,   CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC,
                                           CLONE_NEWUSER, CLONE_NEWPID,    CLONE_NEWNET};
#ifdef __s390x__
#define CLONE_FLAGS 1
#else
#define CLONE_FLAGS 0
#endif

static bool add(scmp_filter_ctx filter, uint32_t action, int call, unsigned count, struct scmp_arg_cmp arg)
{
    return seccomp_rule_add(filter, action, call, count, arg) == 0 ||
           call < 0; /* < 0: not on this architecture */
}

static bool deny(scmp_filter_ctx filter, const int *calls, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!add(filter, SCMP_ACT_ERRNO(EPERM), calls[i], 0, (struct scmp_arg_cmp){0}))
            return false;
    return true;
}

static bool deny_code(scmp_filter_ctx filter)
{
    for (size_t i = 0; i < COUNT(protecting); i++)
        if (!add(filter, SCMP_ACT_ERRNO(EPERM), protecting[i], 1,
                 SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC)))
            return false;
    return true;
}

/* clone3() has its flags in memory, where no filter sees them: the C library does without it. */
static bool deny_namespaces(scmp_filter_ctx filter)
{
    for (size_t i = 0; i < COUNT(namespaces); i++)
        if (!add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
                 SCMP_CMP64(CLONE_FLAGS, SCMP_CMP_MASKED_EQ, namespaces[i], namespaces[i])))
            return false;
    return add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0, (struct scmp_arg_cmp){0});
}

static bool may_talk(int family)
{
    for (size_t i = 0; i < COUNT(families); i++)
        if (families[i] == family)
            return true;
    return false;
}

static bool deny_families(scmp_filter_ctx filter)
{
    for (int f = 0; f <= AF_NETLINK; f++)
        if (!may_talk(f) && !add(filter, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1,
                                 SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)f, 0)))
            return false;
    return add(filter, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1,
               SCMP_A0(SCMP_CMP_GT, AF_NETLINK, 0));
}

bool deny_calls(bool starts)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    if (filter == NULL)
        return false;
    const bool ok =
        seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1) == 0 &&
        seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2) == 0 && deny(filter, denied, COUNT(denied)) &&
        deny_namespaces(filter) && deny_families(filter) &&
        (starts || (deny(filter, denied_programs, COUNT(denied_programs)) && deny_code(filter))) &&
        seccomp_load(filter) == 0;
    seccomp_release(filter);
    return ok;
}
