#include "network.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

#include "number.h"

enum { BITS = 128, MAPPED_BITS = 96 };

static struct ip mapped(const void *v4)
{
    struct ip ip = {.byte = {[10] = 0xff, [11] = 0xff}};
    memcpy(ip.byte + 12, v4, 4);
    return ip;
}

static bool is_mapped(const struct ip *ip)
{
    static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};
    return memcmp(ip->byte, prefix, sizeof prefix) == 0;
}

bool ip_parse(struct bytes text, struct ip *out)
{
    char copy[IP_TEXT_MAX];
    struct in_addr v4;
    struct in6_addr v6;
    if (text.len >= sizeof copy || (text.len > 0 && memchr(text.data, '\0', text.len) != NULL))
        return false;
    snprintf(copy, sizeof copy, "%.*s", (int)text.len, text.len == 0 ? "" : (const char *)text.data);
    if (inet_pton(AF_INET, copy, &v4) == 1) {
        *out = mapped(&v4);
        return true;
    }
    if (inet_pton(AF_INET6, copy, &v6) != 1)
        return false;
    memcpy(out->byte, &v6, sizeof out->byte);
    return true;
}

bool ip_of_socket(const struct sockaddr *socket, struct ip *out)
{
    if (socket != NULL && socket->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, socket, sizeof v4);
        *out = mapped(&v4.sin_addr);
        return true;
    }
    if (socket == NULL || socket->sa_family != AF_INET6)
        return false;
    struct sockaddr_in6 v6;
    memcpy(&v6, socket, sizeof v6);
    memcpy(out->byte, &v6.sin6_addr, sizeof out->byte);
    return true;
}

/* Every request has one: inet_ntop() would take it through printf(). */
static void v4_text(const uint8_t *byte, char out[IP_TEXT_MAX])
{
    size_t n = 0;
    for (unsigned i = 0; i < 4; i++) {
        if (i > 0)
            out[n++] = '.';
        n += number_write_uint(byte[i], out + n);
    }
    out[n] = '\0';
}

void ip_text(const struct ip *ip, char out[IP_TEXT_MAX])
{
    if (is_mapped(ip))
        v4_text(ip->byte + 12, out);
    else if (inet_ntop(AF_INET6, ip->byte, out, IP_TEXT_MAX) == NULL)
        out[0] = '\0';
}

/* Keeps the first so many bits. */
static void clear_rest(struct ip *ip, unsigned bits)
{
    for (unsigned i = 0; i < sizeof ip->byte; i++) {
        const unsigned kept = bits <= 8 * i ? 0 : bits - 8 * i >= 8 ? 8 : bits - 8 * i;
        ip->byte[i] &= (uint8_t)(0xff00 >> kept);
    }
}

static bool add(struct networks *networks, struct bytes text)
{
    const uint8_t *slash = memchr(text.data, '/', text.len);
    const size_t host = slash == NULL ? text.len : (size_t)(slash - text.data);
    struct ip ip;
    if (networks->count == NETWORKS_MAX || !ip_parse(bytes_of(text.data, host), &ip))
        return false;
    const unsigned least = is_mapped(&ip) ? MAPPED_BITS : 0;
    int64_t bits = BITS - least;
    if (slash != NULL && (!number_read_int(bytes_of(slash + 1, text.len - host - 1), &bits) || bits < 0 ||
                          bits > BITS - (int64_t)least))
        return false;
    clear_rest(&ip, (unsigned)bits + least);
    networks->row[networks->count].first = ip;
    networks->row[networks->count++].bits = (unsigned)bits + least;
    return true;
}

bool networks_parse(const char *text, struct networks *out, struct error *err)
{
    *out = (struct networks){0};
    for (const char *at = text; *at != '\0';) {
        at += strspn(at, " ");
        const size_t n = strcspn(at, ",");
        size_t used = n;
        while (used > 0 && at[used - 1] == ' ')
            used--;
        if (used == 0 || !add(out, bytes_of(at, used)))
            return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET,
                        "\"%.60s\" is no list of networks, as 10.0.0.0/8,fd00::/8 (at most %d)", text,
                        NETWORKS_MAX);
        at += n + (at[n] == ',');
    }
    return true;
}

bool networks_hold(const struct networks *networks, const struct ip *ip)
{
    for (size_t i = 0; i < networks->count; i++) {
        struct ip cut = *ip;
        clear_rest(&cut, networks->row[i].bits);
        if (memcmp(&cut, &networks->row[i].first, sizeof cut) == 0)
            return true;
    }
    return false;
}
