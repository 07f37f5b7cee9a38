/* Networks in CIDR notation, and whether an address lies in one. IPv4 is IPv6's ::ffff:0:0/96 here. */
#ifndef MANDOLINE_NETWORK_H
#define MANDOLINE_NETWORK_H

#include <sys/socket.h>

#include "bytes.h"
#include "error.h"

enum { NETWORKS_MAX = 64, IP_TEXT_MAX = 46 };

struct ip {
    uint8_t byte[16];
};

struct networks {
    struct {
        struct ip first;
        unsigned bits; /* of 128 */
    } row[NETWORKS_MAX];
    size_t count;
};

/* "192.0.2.1", "2001:db8::1"; no port, no brackets. */
bool ip_parse(struct bytes text, struct ip *out);

/* Of a socket's other end. False: it has none (a Unix socket). */
bool ip_of_socket(const struct sockaddr *socket, struct ip *out);

/* IPv4 with its dots, whatever it came as. */
void ip_text(const struct ip *ip, char out[IP_TEXT_MAX]);

/* "10.0.0.0/8,::1": networks and single addresses; "" is none. */
bool networks_parse(const char *text, struct networks *out, struct error *err);

bool networks_hold(const struct networks *networks, const struct ip *ip);

#endif
