#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>

#include "address.h"
#include "commands.h"
#include "tls.h"

enum { PATIENCE_S = 5 };

static void descriptor_drop(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static void session_drop(struct tls_client **session)
{
    tls_client_free(*session);
}

/* Whether what comes back begins with HTTP/1.x 200. session is NULL without TLS. */
static bool answers_200(int fd, struct tls_client *session)
{
    static const char request[] = "GET /healthz HTTP/1.0\r\n\r\n";
    char answer[13] = "";
    size_t got = 0;
    const size_t asked = sizeof request - 1;
    if ((session == NULL ? send(fd, request, asked, MSG_NOSIGNAL)
                         : tls_client_send(session, request, asked)) != (ssize_t)asked)
        return false;
    while (got < sizeof answer - 1) {
        const size_t room = sizeof answer - 1 - got;
        const ssize_t n = session == NULL ? recv(fd, answer + got, room, 0)
                                          : tls_client_receive(session, answer + got, room);
        if (n <= 0)
            return false;
        got += (size_t)n;
    }
    return strncmp(answer, "HTTP/1.", 7) == 0 && strcmp(answer + 8, " 200") == 0;
}

/*
 * Where there is a listener for probes they are its answers: no limit of the main one stands before it, and a
 * server that is merely full is not to be started anew. The main one is asked over TLS where it has a
 * certificate: see tls_client_new() for what is looked at.
 */
static bool ask(const struct config *config, struct error *err)
{
    const bool admin = config->admin_listen[0] != '\0';
    const bool secure = !admin && config->tls_cert[0] != '\0';
    const char *listen = admin ? config->admin_listen : config->listen;
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
    AUTO(session_drop) struct tls_client *session = NULL;
    if (secure && (session = tls_client_new(fd, err)) == NULL)
        return false;
    return answers_200(fd, session) ||
           FAIL(err, ERR_IO, ERROR_NO_OFFSET, "the server at %s is not well", listen);
}

int command_health(const struct arguments *arguments)
{
    struct error err = {0};
    if (ask(&arguments->config, &err))
        return EXIT_SUCCESS;
    fprintf(stderr, "mandoline: %s\n", err.detail);
    return EXIT_FAILURE;
}
