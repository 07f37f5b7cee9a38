#include "systemd.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "number.h"

enum { FIRST = 3, MOST = 16 };

/* A whole number in the environment. False: it is not there, or none. */
static bool variable(const char *name, int64_t *out)
{
    const char *text = getenv(name);
    return text != NULL && number_read_int(bytes_text(text), out) && *out >= 0;
}

/* ---- sockets ---- */

static bool listens(int fd)
{
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof address, size = sizeof(int);
    int type = 0, accepts = 0;
    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM &&
           getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &size) == 0 && accepts != 0 &&
           getsockname(fd, (struct sockaddr *)&address, &len) == 0 &&
           (address.ss_family == AF_INET || address.ss_family == AF_INET6);
}

/* Of the names between colons, the one at that place. */
static struct bytes name_at(const char *names, int64_t place)
{
    for (; place > 0 && names != NULL; place--) {
        names = strchr(names, ':');
        names = names == NULL ? NULL : names + 1;
    }
    return names == NULL ? bytes_of("", 0) : bytes_of(names, strcspn(names, ":"));
}

static bool take_socket(struct activation *out, int fd, struct bytes name, struct error *err)
{
    int *place = bytes_is(name, "admin") ? &out->admin : &out->main;
    if (*place >= 0)
        return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET,
                    "LISTEN_FDS: one socket is served, and one that LISTEN_FDNAMES calls \"admin\"");
    if (!listens(fd) || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
        return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET,
                    "LISTEN_FDS: descriptor %d is no TCP socket that listens", fd);
    *place = fd;
    return true;
}

bool activation_take(struct activation *out, struct error *err)
{
    int64_t pid, count;
    *out = (struct activation){-1, -1};
    if (!variable("LISTEN_PID", &pid) || pid != getpid() || !variable("LISTEN_FDS", &count))
        return true;
    if (count > MOST)
        return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "LISTEN_FDS: these are too many sockets");
    const char *names = getenv("LISTEN_FDNAMES");
    for (int64_t i = 0; i < count; i++)
        if (!take_socket(out, FIRST + (int)i, name_at(names, i), err))
            return false;
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
    return true;
}

/* ---- notices ---- */

/* Its path, or behind an '@' its name without a file. */
static bool notice_address(struct sockaddr_un *out, socklen_t *len)
{
    const char *path = getenv("NOTIFY_SOCKET");
    const size_t n = path == NULL ? 0 : strlen(path);
    *out = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (n < 2 || n >= sizeof out->sun_path || (path[0] != '/' && path[0] != '@'))
        return false;
    memcpy(out->sun_path, path, n);
    if (path[0] == '@')
        out->sun_path[0] = '\0';
    *len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
    return true;
}

static const char *const notices[] = {
    [NOTICE_READY] = "READY=1",
    [NOTICE_RELOADING] = "RELOADING=1",
    [NOTICE_STOPPING] = "STOPPING=1",
    [NOTICE_WATCHDOG] = "WATCHDOG=1",
};

void notify(enum notice notice)
{
    struct sockaddr_un address;
    socklen_t len;
    char text[80];
    if (!notice_address(&address, &len))
        return;
    const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int n = snprintf(text, sizeof text, "%s", notices[notice]);
    if (notice == NOTICE_RELOADING) /* who hears READY=1 later knows which reload it ends */
        n = snprintf(text, sizeof text, "%s\nMONOTONIC_USEC=%lld", notices[notice],
                     (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
    sendto(fd, text, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT, (const struct sockaddr *)&address, len);
    close(fd);
}

uint64_t notify_watchdog_ms(void)
{
    int64_t pid, microseconds;
    if ((variable("WATCHDOG_PID", &pid) && pid != getpid()) || !variable("WATCHDOG_USEC", &microseconds) ||
        microseconds == 0)
        return 0;
    return microseconds < 2000 ? 1 : (uint64_t)microseconds / 2000;
}
