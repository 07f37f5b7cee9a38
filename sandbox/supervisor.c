#include "supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "confine.h"
#include "message.h"
#include "process.h"
#include "respawn.h"

enum {
    LAST_BREATH_MS = 50, /* who dies closes its socket a little before it is dead */
    END_MS = 5000,       /* a process that the kernel does not let go in this time is left to itself */
};

bool supervisor_start_here(const int fds[2], bool writes, bool supervised, pid_t *pid)
{
    const char *const argv[] = {process_worker, writes ? PROCESS_WRITES : PROCESS_READS,
                                supervised ? PROCESS_SUPERVISED : NULL, NULL};
    return respawn(argv, fds, 2, pid);
}

/* True: it is a child of ours, and *pidfd becomes readable when it has ended. */
static bool watch(pid_t pid, int *pidfd)
{
    siginfo_t info;
    int rc;
    while ((rc = waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT)) != 0 && errno == EINTR)
        ;
    return rc == 0 && (*pidfd = (int)syscall(SYS_pidfd_open, pid, 0)) >= 0;
}

static bool ends_within(int pidfd, int ms)
{
    struct pollfd process = {.fd = pidfd, .events = POLLIN};
    int ready;
    while ((ready = poll(&process, 1, ms)) < 0 && errno == EINTR)
        ;
    return ready > 0;
}

static bool end(pid_t pid, int pidfd, int *signal)
{
    siginfo_t how = {0};
    const bool alone = ends_within(pidfd, LAST_BREATH_MS);
    if (!alone) {
        kill(pid, SIGKILL); /* not reaped yet, so the number is still its own */
        ends_within(pidfd, END_MS);
    }
    if (waitid(P_PID, (id_t)pid, &how, WEXITED | WNOHANG) != 0 || how.si_pid != pid)
        return false;
    *signal = alone && how.si_code != CLD_EXITED ? how.si_status : 0;
    return true;
}

bool supervisor_end_here(pid_t pid, int *signal)
{
    int pidfd = -1;
    if (pid <= 0 || !watch(pid, &pidfd))
        return false;
    const bool ok = end(pid, pidfd, signal);
    close(pidfd);
    return ok;
}

/* -1: errno says why. It waits for nobody at the other end of a pipe. */
static int open_file(char *const *files, uint32_t file)
{
    for (uint32_t i = 0; files[i] != NULL; i++)
        if (i == file)
            return open(files[i], O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    errno = EACCES;
    return -1;
}

static bool say(int socket, const struct supervisor_answer *a, int fd)
{
    const struct message m = {.head = (void *)(uintptr_t)a,
                              .head_size = sizeof *a,
                              .fds = fd >= 0 ? &fd : NULL,
                              .fd_count = fd >= 0};
    return message_send(socket, &m);
}

static bool say_file(int socket, char *const *files, uint32_t file)
{
    const int fd = open_file(files, file);
    const struct supervisor_answer a = {.pid = fd >= 0 ? getpid() : 0, .reason = fd >= 0 ? 0 : errno};
    const bool ok = say(socket, &a, fd);
    if (fd >= 0)
        close(fd);
    return ok;
}

static struct supervisor_answer answer_to(const struct supervisor_question *q, const int *fds, size_t count)
{
    struct supervisor_answer a = {0};
    pid_t pid = 0;
    int signal = 0;
    if (q->op == SUPERVISOR_START && count == 2 && supervisor_start_here(fds, q->writes != 0, true, &pid))
        a.pid = pid;
    if (q->op == SUPERVISOR_END && count == 0 && supervisor_end_here(q->pid, &signal))
        a = (struct supervisor_answer){.pid = q->pid, .signal = signal};
    return a;
}

static bool serve_one(int socket, char *const *files)
{
    struct supervisor_question q;
    int fds[MESSAGE_FDS];
    size_t count = 0;
    if (message_receive(socket, (struct message_wait){0}, &q, sizeof q, NULL, 0, fds, &count) != 0)
        return false;
    const struct supervisor_answer a = answer_to(&q, fds, count);
    for (size_t i = 0; i < count; i++)
        close(fds[i]);
    return q.op == SUPERVISOR_OPEN ? say_file(socket, files, q.file) : say(socket, &a, -1);
}

/* What this process gives up, and with it the workers before they read the first byte. What the kernel does
 * not let go is said by the server, which gives up more. */
static void give_up(void)
{
    static const struct confine_path null = {"/dev/null", true};
    struct confine_gap gaps[CONFINE_GAPS_MAX];
    confine(&(struct confine_plan){.paths = &null, .count = 1, .starts = true}, gaps);
}

void supervisor_run(int socket, char *const *files)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    give_up();
    prctl(PR_SET_NAME, "supervisor");
    setpgid(0, 0); /* what a terminal or a shell sends to the group of the server is the server's to answer */
    bool ok = say(socket, &(struct supervisor_answer){.pid = getpid()}, -1);
    while (ok)
        ok = serve_one(socket, files);
}
