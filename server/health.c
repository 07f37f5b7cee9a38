#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>

#include "address.h"
#include "commands.h"

enum { PATIENCE_S = 5 };

static void descriptor_drop(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

/* Whether what comes back begins with HTTP/1.x 200. */
static bool answers_200(int fd)
{
    static const char request[] = "GET /healthz HTTP/1.0\r\n\r\n";
    char answer[13] = "";
    size_t got = 0;
    if (send(fd, request, sizeof request - 1, MSG_NOSIGNAL) != (ssize_t)sizeof request - 1)
        return false;
    while (got < sizeof answer - 1) {
        const ssize_t n = recv(fd, answer + got, sizeof answer - 1 - got, 0);
        if (n <= 0)
            return false;
        got += (size_t)n;
    }
    return strncmp(answer, "HTTP/1.", 7) == 0 && strcmp(answer + 8, " 200") == 0;
}

static bool ask(const char *listen, struct error *err)
{
    struct address address;
    if (!address_parse(listen, &address, err))
        return false;
    address_make_local(&address);
    const struct timeval patience = {.tv_sec = PATIENCE_S};
    AUTO(descriptor_drop) int fd = socket(address.socket.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) != 0 ||
        connect(fd, (const struct sockaddr *)&address.socket, address.len) != 0)
        return FAIL(err, ERR_IO, ERROR_NO_OFFSET, "nobody answers at %s", listen);
    return answers_200(fd) || FAIL(err, ERR_IO, ERROR_NO_OFFSET, "the server at %s is not well", listen);
}

int command_health(const struct arguments *arguments)
{
    struct error err = {0};
    if (ask(arguments->config.listen, &err))
        return EXIT_SUCCESS;
    fprintf(stderr, "mandoline: %s\n", err.detail);
    return EXIT_FAILURE;
}
