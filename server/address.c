#include "address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <unistd.h>

#include "number.h"

enum { BACKLOG = 1024 };

static bool parse_port(struct bytes text, in_port_t *out)
{
    int64_t port;
    if (!number_read_int(text, &port) || port < 0 || port > 65535 || text.data[0] < '0')
        return false;
    *out = htons((uint16_t)port);
    return true;
}

static bool parse_host(struct bytes host, in_port_t port, struct address *out)
{
    char text[INET6_ADDRSTRLEN + 2];
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = port};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = port};
    if (host.len >= sizeof text)
        return false;
    const bool bracketed = host.len >= 2 && host.data[0] == '[' && host.data[host.len - 1] == ']';
    snprintf(text, sizeof text, "%.*s", (int)(bracketed ? host.len - 2 : host.len), host.data + bracketed);
    if (bracketed ? inet_pton(AF_INET6, text, &v6.sin6_addr) == 1 : false) {
        memcpy(&out->socket, &v6, sizeof v6);
        out->len = sizeof v6;
        return true;
    }
    const char *spelled = host.len == 0 ? "0.0.0.0" : strcmp(text, "localhost") == 0 ? "127.0.0.1" : text;
    if (bracketed || inet_pton(AF_INET, spelled, &v4.sin_addr) != 1)
        return false;
    memcpy(&out->socket, &v4, sizeof v4);
    out->len = sizeof v4;
    return true;
}

bool address_parse(const char *text, struct address *out, struct error *err)
{
    const char *colon = strrchr(text, ':');
    in_port_t port;
    *out = (struct address){0};
    if (colon == NULL || !parse_port(bytes_text(colon + 1), &port) ||
        !parse_host(bytes_of(text, (size_t)(colon - text)), port, out))
        return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET,
                    "listen: \"%.80s\" is not ADDR:PORT, as 127.0.0.1:8080 or [::1]:8080", text);
    return true;
}

void address_text(const struct address *address, char out[ADDRESS_TEXT_MAX])
{
    char host[INET6_ADDRSTRLEN] = "?";
    if (address->socket.ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&address->socket;
        inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host);
        snprintf(out, ADDRESS_TEXT_MAX, "[%s]:%u", host, ntohs(v6->sin6_port));
        return;
    }
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)&address->socket;
    inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host);
    snprintf(out, ADDRESS_TEXT_MAX, "%s:%u", host, ntohs(v4->sin_port));
}

bool address_of(int fd, struct address *out)
{
    *out = (struct address){.len = sizeof out->socket};
    return getsockname(fd, (struct sockaddr *)&out->socket, &out->len) == 0;
}

int address_listen(struct address *address, struct error *err)
{
    const int yes = 1, no = 0;
    const int fd = socket(address->socket.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no); /* fails on IPv4, where it means nothing */
    }
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address->socket, address->len) != 0 ||
        listen(fd, BACKLOG) != 0 ||
        getsockname(fd, (struct sockaddr *)&address->socket, &address->len) != 0) {
        char text[ADDRESS_TEXT_MAX];
        const int why = errno;
        address_text(address, text);
        error_set(err, ERR_IO, ERROR_NO_OFFSET, "cannot listen on %s: %s", text, strerror(why));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    return fd;
}

void address_make_local(struct address *address)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)&address->socket;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address->socket;
    if (v4->sin_family == AF_INET && v4->sin_addr.s_addr == htonl(INADDR_ANY))
        v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (v4->sin_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr))
        v6->sin6_addr = in6addr_loopback;
}

bool address_is_local(const struct address *address)
{
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)&address->socket;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&address->socket;
    if (address->socket.ss_family == AF_INET6)
        return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
    return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
}
