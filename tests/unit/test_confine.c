/* What a process can still do when it has given up what it doesn't need: each is tried by a child that did.
 */
#include "confine.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

enum { NOT_CONFINED = 100, SURPRISE = 101 };

static char folder[] = "/tmp/mandoline-confine.XXXXXX";
static char served[64], spool[64], secret[64], served_file[80], spool_file[80];
static bool network, signals; /* the kernel's Landlock can do that */

/* ---- attempts: 0, or errno ---- */

static int result(long rc)
{
    return rc < 0 ? errno : 0;
}

static int try_open(const char *path, int flags)
{
    const int fd = open(path, flags | O_CLOEXEC, 0600);
    const int rc = result(fd);
    if (fd >= 0)
        close(fd);
    return rc;
}

static int read_served(void)
{
    return try_open(served_file, O_RDONLY);
}

static int write_served(void)
{
    return try_open(served_file, O_WRONLY);
}

static int empty_served(void)
{
    return result(truncate(served_file, 0));
}

static int read_secret(void)
{
    return try_open(secret, O_RDONLY);
}

static int read_passwd(void)
{
    return try_open("/etc/passwd", O_RDONLY);
}

static int read_around(void)
{
    return try_open("/proc/self/root/etc/passwd", O_RDONLY);
}

static int make_spool_file(void)
{
    const int rc = try_open(spool_file, O_RDWR | O_CREAT | O_TRUNC);
    return rc != 0 ? rc : result(unlink(spool_file));
}

static int make_unnamed_file(void)
{
    const int fd = open(spool, O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
    return fd < 0 ? errno : result(ftruncate(fd, 1000));
}

static int execute(void)
{
    char *const argv[] = {(char *)(uintptr_t) "true", NULL};
    return result(execve("/bin/true", argv, argv));
}

static int execute_by_descriptor(void)
{
    char *const argv[] = {(char *)(uintptr_t) "true", NULL};
    const int fd = memfd_create("program", MFD_CLOEXEC);
    return result(syscall(SYS_execveat, fd, "", argv, argv, AT_EMPTY_PATH));
}

static int trace(void)
{
    return result(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL));
}

static int read_memory(void)
{
    char byte;
    const struct iovec here = {&byte, 1}, there = {&byte, 1};
    return result(process_vm_readv(getppid(), &here, 1, &there, 1, 0));
}

static int mount_something(void)
{
    return result(mount("none", spool, "tmpfs", 0, NULL));
}

static int leave_namespace(void)
{
    return result(unshare(CLONE_NEWUSER));
}

static int make_namespace(void)
{
    return result(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL));
}

static int load_bpf(void)
{
    return result(syscall(SYS_bpf, 0, NULL, 0));
}

static int add_a_key(void)
{
    return result(syscall(SYS_add_key, "user", "name", "x", 1, -3));
}

static int become_root(void)
{
    return result(setuid(0));
}

static int make_code(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? errno
                                                                                                     : 0;
}

static int open_packets(void)
{
    return result(socket(AF_PACKET, SOCK_RAW, 0));
}

static int connect_somewhere(void)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(1), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    return result(connect(socket(AF_INET, SOCK_STREAM, 0), (const struct sockaddr *)&to, sizeof to));
}

static int signal_the_parent(void)
{
    return result(kill(getppid(), 0));
}

static void *nothing(void *arg)
{
    return arg;
}

static int start_a_thread(void)
{
    pthread_t thread;
    return pthread_create(&thread, NULL, nothing, NULL) != 0 ? EAGAIN : pthread_join(thread, NULL);
}

static int listen_for_clients(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    return fd < 0 || bind(fd, (const struct sockaddr *)&at, sizeof at) != 0 ? errno : result(listen(fd, 1));
}

static const struct {
    const char *name;
    int (*attempt)(void);
    int expect;
    const bool *able; /* NULL: always */
} rows[] = {
    {"a served file is read", read_served, 0, NULL},
    {"a served file is not written", write_served, EACCES, NULL},
    {"a served file is not emptied", empty_served, EACCES, NULL},
    {"a file beside the folder is not read", read_secret, EACCES, NULL},
    {"the list of users is not read", read_passwd, EACCES, NULL},
    {"nor by another way", read_around, EACCES, NULL},
    {"a file in the spool is made and removed", make_spool_file, 0, NULL},
    {"a file without a name is made in the spool", make_unnamed_file, 0, NULL},
    {"no program is started", execute, EPERM, NULL},
    {"no program is started from memory", execute_by_descriptor, EPERM, NULL},
    {"no process is traced", trace, EPERM, NULL},
    {"no other memory is read", read_memory, EPERM, NULL},
    {"nothing is mounted", mount_something, EPERM, NULL},
    {"no namespace is entered", leave_namespace, EPERM, NULL},
    {"no namespace is made", make_namespace, EPERM, NULL},
    {"nothing is loaded into the kernel", load_bpf, EPERM, NULL},
    {"no key is kept", add_a_key, EPERM, NULL},
    {"no other user is taken on", become_root, EPERM, NULL},
    {"memory does not become code", make_code, EPERM, NULL},
    {"no packets are made", open_packets, EAFNOSUPPORT, NULL},
    {"no other machine is reached", connect_somewhere, EACCES, &network},
    {"no other process is signalled", signal_the_parent, EPERM, &signals},
    {"a thread is started", start_a_thread, 0, NULL},
    {"clients are listened for", listen_for_clients, 0, NULL},
};

/* ---- the child ---- */

static int in_a_child(int (*attempt)(void), bool starts)
{
    const struct confine_path paths[] = {{served, false}, {spool, true}, {"/not/there", false}};
    const pid_t pid = fork();
    if (pid == 0) {
        struct confine_gap gaps[CONFINE_GAPS_MAX];
        const struct confine_plan plan = {.paths = paths, .count = ROWS(paths), .starts = starts};
        const size_t n = confine(&plan, gaps);
        for (size_t i = 0; i < n; i++)
            if (gaps[i].vital)
                _exit(NOT_CONFINED);
        const int rc = attempt();
        _exit(rc < NOT_CONFINED ? rc : SURPRISE);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int do_nothing(void)
{
    return 0;
}

static void what_was_given_up_is_gone(void **state)
{
    (void)state;
    if (in_a_child(do_nothing, false) == NOT_CONFINED)
        skip(); /* an older kernel, or sanitizers */
    for (size_t i = 0; i < ROWS(rows); i++) {
        if (rows[i].able != NULL && !*rows[i].able)
            continue;
        print_message("%s\n", rows[i].name);
        assert_int_equal(in_a_child(rows[i].attempt, false), rows[i].expect);
    }
}

static void who_starts_programs_writes_no_file(void **state)
{
    (void)state;
    if (in_a_child(do_nothing, true) == NOT_CONFINED)
        skip();
    assert_int_equal(in_a_child(execute, true), 0);
    assert_int_equal(in_a_child(read_passwd, true), 0);
    assert_int_equal(in_a_child(make_spool_file, true), 0);
    assert_int_equal(in_a_child(write_served, true), EACCES);
    assert_int_equal(in_a_child(trace, true), EPERM);
}

static void put(const char *path)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "x", 1), 1);
    close(fd);
}

static int setup(void **state)
{
    (void)state;
    const long version = syscall(444, NULL, 0, 1); /* landlock_create_ruleset(): the version */
    network = version >= 4;
    signals = version >= 6;
    assert_non_null(mkdtemp(folder));
    snprintf(served, sizeof served, "%s/served", folder);
    snprintf(spool, sizeof spool, "%s/spool", folder);
    snprintf(secret, sizeof secret, "%s/secret", folder);
    snprintf(served_file, sizeof served_file, "%s/file", served);
    snprintf(spool_file, sizeof spool_file, "%s/file", spool);
    assert_int_equal(mkdir(served, 0700), 0);
    assert_int_equal(mkdir(spool, 0700), 0);
    put(secret);
    put(served_file);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink(served_file);
    unlink(secret);
    rmdir(served);
    rmdir(spool);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_given_up_is_gone),
        cmocka_unit_test(who_starts_programs_writes_no_file),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
