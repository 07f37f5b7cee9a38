#include "start.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "message.h"
#include "process.h"
#include "respawn.h"
#include "supervisor.h"

enum { PATIENCE_S = 30 }; /* for an answer */

/* One question at a time. */
static struct supervisor {
    pthread_mutex_t lock;
    pid_t pid; /* 0: there is none */
    int socket;
    const char *argv[SANDBOX_FILES_MAX + 2]; /* its name, and the files that it opens */
} supervisor = {.lock = PTHREAD_MUTEX_INITIALIZER, .socket = -1};

/* However long its start takes on a machine that has much to do: one that fails closes its socket. */
static bool is_ready(int socket)
{
    const struct timeval patience = {.tv_sec = PATIENCE_S};
    struct supervisor_answer ready;
    return message_receive(socket, (struct message_wait){0}, &ready, sizeof ready, NULL, 0, NULL, NULL) ==
               0 &&
           setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0;
}

static bool name_files(const char *const *files)
{
    supervisor.argv[0] = process_supervisor;
    for (size_t i = 0; i <= SANDBOX_FILES_MAX; i++) {
        supervisor.argv[i + 1] = files[i];
        if (files[i] == NULL)
            return true;
    }
    return false;
}

bool sandbox_supervise(const char *const *files, struct error *err)
{
    int pair[2];
    if (supervisor.pid != 0)
        return true;
    if (!name_files(files))
        return FAIL(err, ERR_INTERNAL, ERROR_NO_OFFSET, "there are too many files for the supervisor");
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return FAIL(err, ERR_IO, ERROR_NO_OFFSET, "there is no socket for the supervisor of the workers: %s",
                    strerror(errno));
    const bool started = respawn(supervisor.argv, &pair[1], 1, &supervisor.pid);
    const int why = errno;
    close(pair[1]);
    supervisor.socket = pair[0];
    if (!started)
        return FAIL(err, ERR_IO, ERROR_NO_OFFSET, "the supervisor of the workers cannot be started: %s",
                    strerror(why));
    return is_ready(pair[0]) ||
           FAIL(err, ERR_IO, ERROR_NO_OFFSET, "the supervisor of the workers ended at its start");
}

bool sandbox_supervisor_lost(void)
{
    siginfo_t end = {0};
    return supervisor.pid > 0 &&
           (waitid(P_PID, (id_t)supervisor.pid, &end, WEXITED | WNOHANG | WNOWAIT) != 0 || end.si_pid != 0);
}

/* After a question that is not answered there is none any more, so that no answer is taken for another's. */
static bool ask(const struct supervisor_question *q, const int *fds, size_t count,
                struct supervisor_answer *a, int *got, size_t *got_count)
{
    const struct message m = {
        .head = (void *)(uintptr_t)q, .head_size = sizeof *q, .fds = fds, .fd_count = count};
    pthread_mutex_lock(&supervisor.lock);
    const bool asked = message_send(supervisor.socket, &m);
    const bool ok = asked && message_receive(supervisor.socket, (struct message_wait){0}, a, sizeof *a, NULL,
                                             0, got, got_count) == 0;
    if (asked && !ok)
        shutdown(supervisor.socket, SHUT_RDWR);
    pthread_mutex_unlock(&supervisor.lock);
    return ok && a->pid > 0;
}

bool start_worker(int theirs, int window, bool writes, pid_t *pid)
{
    const int fds[] = {theirs, window};
    const struct supervisor_question q = {.op = SUPERVISOR_START, .writes = writes};
    struct supervisor_answer a;
    if (supervisor.pid == 0)
        return supervisor_start_here(fds, writes, false, pid);
    if (!ask(&q, fds, ROWS(fds), &a, NULL, NULL))
        return false;
    *pid = a.pid;
    return true;
}

int end_worker(pid_t pid)
{
    const struct supervisor_question q = {.op = SUPERVISOR_END, .pid = pid};
    struct supervisor_answer a;
    int signal = 0;
    if (supervisor.pid == 0)
        return supervisor_end_here(pid, &signal) ? signal : 0;
    return ask(&q, NULL, 0, &a, NULL, NULL) ? a.signal : 0;
}

int sandbox_open(const char *path)
{
    struct supervisor_question q = {.op = SUPERVISOR_OPEN};
    struct supervisor_answer a = {.reason = EIO};
    int fds[MESSAGE_FDS];
    size_t count = 0;
    if (supervisor.pid == 0)
        return open(path, O_RDONLY | O_CLOEXEC);
    for (size_t i = 1; supervisor.argv[i] != NULL && strcmp(supervisor.argv[i], path) != 0; i++)
        q.file++;
    if (ask(&q, NULL, 0, &a, fds, &count) && count == 1)
        return fds[0];
    errno = a.reason;
    return -1;
}
