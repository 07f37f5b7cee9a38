#include "landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * The kernel's interface as its documentation (userspace-api/landlock) has it. The numbers are the same on
 * all architectures; the headers of the C library are older than the kernels that this runs on.
 */
enum {
    CALL_CREATE_RULESET = 444,
    CALL_ADD_RULE = 445,
    CALL_RESTRICT_SELF = 446,
    ASK_VERSION = 1,
    RULE_PATH_BENEATH = 1,
};

enum file_right {
    EXECUTE = 1 << 0,
    WRITE_FILE = 1 << 1,
    READ_FILE = 1 << 2,
    READ_DIR = 1 << 3,
    REMOVE_DIR = 1 << 4,
    REMOVE_FILE = 1 << 5,
    MAKE_DIR = 1 << 7,
    MAKE_REG = 1 << 8,
    ALL_OF_VERSION_1 = (1 << 13) - 1,
    REFER = 1 << 13,
    TRUNCATE = 1 << 14,
    IOCTL_DEV = 1 << 15,
};

enum { CONNECT_TCP = 1 << 1, SCOPE_SIGNAL = 1 << 1 };

struct ruleset {
    uint64_t files, network, scopes;
};

struct path_rule {
    uint64_t rights;
    int32_t folder;
} __attribute__((packed));

/* What each version added. */
static const struct {
    unsigned version;
    uint64_t files, network, scopes;
    size_t size; /* of the ruleset that it knows */
} additions[] = {
    {1, ALL_OF_VERSION_1, 0, 0, 8}, {2, REFER, 0, 0, 8},      {3, TRUNCATE, 0, 0, 8},
    {4, 0, CONNECT_TCP, 0, 16},     {5, IOCTL_DEV, 0, 0, 16}, {6, 0, 0, SCOPE_SIGNAL, 24},
};

enum {
    RIGHTS_TO_READ = READ_FILE | READ_DIR,
    RIGHTS_TO_WRITE = WRITE_FILE | REMOVE_FILE | REMOVE_DIR | MAKE_REG | MAKE_DIR | REFER | TRUNCATE,
    RIGHTS_OF_A_FILE = EXECUTE | READ_FILE | WRITE_FILE | TRUNCATE,
};

unsigned landlock_version(void)
{
    const long version = syscall(CALL_CREATE_RULESET, NULL, 0, ASK_VERSION);
    return version < 0 ? 0 : (unsigned)version;
}

/* All that this version can take; size: of the struct as the version knows it. */
static struct ruleset whole(unsigned version, size_t *size)
{
    struct ruleset all = {0};
    for (size_t i = 0; i < sizeof additions / sizeof *additions && additions[i].version <= version; i++) {
        all.files |= additions[i].files;
        all.network |= additions[i].network;
        all.scopes |= additions[i].scopes;
        *size = additions[i].size;
    }
    return all;
}

static bool allow(int rules, const char *path, uint64_t rights)
{
    struct stat st;
    const int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR || errno == EACCES;
    if (fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode))
        rights &= RIGHTS_OF_A_FILE;
    const struct path_rule rule = {.rights = rights, .folder = fd};
    const bool ok = syscall(CALL_ADD_RULE, rules, RULE_PATH_BENEATH, &rule, 0) == 0;
    close(fd);
    return ok;
}

static bool allow_all(int rules, const struct confine_plan *plan, uint64_t known)
{
    for (size_t i = 0; i < plan->count; i++) {
        const struct confine_path *p = &plan->paths[i];
        if (!allow(rules, p->path, known & (uint64_t)(RIGHTS_TO_READ | (p->writes ? RIGHTS_TO_WRITE : 0))))
            return false;
    }
    return !plan->starts || allow(rules, "/", RIGHTS_TO_READ | EXECUTE);
}

bool landlock_confine(const struct confine_plan *plan, unsigned version)
{
    size_t size = 0;
    struct ruleset all = whole(version, &size);
    if (plan->connects)
        all.network = 0;
    if (plan->starts)
        all.scopes = 0; /* its children are in its own domain; who asks it to end them is not told apart */
    const int rules = (int)syscall(CALL_CREATE_RULESET, &all, size, 0);
    if (rules < 0)
        return false;
    const bool ok = allow_all(rules, plan, all.files) && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
                    syscall(CALL_RESTRICT_SELF, rules, 0) == 0;
    close(rules);
    return ok;
}
