/* Runs a program on a kernel that lacks something: without landlock|seccomp PROGRAM [ARGUMENT...] */
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static const struct {
    const char *name;
    int call, error;
    unsigned arguments;
    struct scmp_arg_cmp argument;
} rows[] = {
    {"landlock", SCMP_SYS(landlock_create_ruleset), ENOSYS, 0, {0}},
    {"seccomp", SCMP_SYS(seccomp), ENOSYS, 0, {0}},
    {"seccomp", SCMP_SYS(prctl), EINVAL, 1, {.arg = 0, .op = SCMP_CMP_EQ, .datum_a = PR_SET_SECCOMP}},
};

int main(int argc, char **argv)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    if (argc < 3 || filter == NULL)
        return 126;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].name, argv[1]) == 0 &&
            seccomp_rule_add(filter, SCMP_ACT_ERRNO((uint32_t)rows[i].error), rows[i].call, rows[i].arguments,
                             rows[i].argument) != 0)
            return 126;
    if (seccomp_load(filter) != 0)
        return 126;
    execv(argv[2], argv + 2);
    perror(argv[2]);
    return 127;
}
