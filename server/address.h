/* "ADDR:PORT" as the settings spell it: 127.0.0.1:8080, [::1]:8080, localhost:8080, :8080 (every address). */
#ifndef MANDOLINE_ADDRESS_H
#define MANDOLINE_ADDRESS_H

#include <sys/socket.h>

#include "error.h"

struct address {
    struct sockaddr_storage socket;
    socklen_t len;
};

enum { ADDRESS_TEXT_MAX = 80 };

bool address_parse(const char *text, struct address *out, struct error *err);

/* The way back: "127.0.0.1:8080", "[::1]:8080". */
void address_text(const struct address *address, char out[ADDRESS_TEXT_MAX]);

/* Where a socket that listens does so. */
bool address_of(int fd, struct address *out);

/* A socket that listens there; *address becomes what was really bound (port 0: a free one). -1 and *err. */
int address_listen(struct address *address, struct error *err);

/* Whether only the same machine can reach it. */
bool address_is_local(const struct address *address);

/* Every address (0.0.0.0, ::) becomes the loopback one, for a client on the same machine. */
void address_make_local(struct address *address);

#endif
