#include "tls.h"

#include <gnutls/gnutls.h>
#include <stdlib.h>

struct tls_client {
    gnutls_session_t session;
    gnutls_certificate_credentials_t credentials;
};

static bool begin(struct tls_client *c, int fd)
{
    if (gnutls_certificate_allocate_credentials(&c->credentials) != 0 ||
        gnutls_init(&c->session, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL) != 0 ||
        gnutls_priority_set_direct(c->session, TLS_PRIORITIES, NULL) != 0 ||
        gnutls_credentials_set(c->session, GNUTLS_CRD_CERTIFICATE, c->credentials) != 0)
        return false;
    gnutls_transport_set_int(c->session, fd);
    int result;
    do
        result = gnutls_handshake(c->session);
    while (result == GNUTLS_E_INTERRUPTED || result == GNUTLS_E_WARNING_ALERT_RECEIVED);
    return result == 0;
}

struct tls_client *tls_client_new(int fd, struct error *err)
{
    struct tls_client *c = calloc(1, sizeof *c);
    if (c != NULL && begin(c, fd))
        return c;
    tls_client_free(c);
    error_set(err, ERR_IO, ERROR_NO_OFFSET, "the server does not do TLS");
    return NULL;
}

void tls_client_free(struct tls_client *c)
{
    if (c == NULL)
        return;
    if (c->session != NULL)
        gnutls_deinit(c->session);
    if (c->credentials != NULL)
        gnutls_certificate_free_credentials(c->credentials);
    free(c);
}

ssize_t tls_client_send(struct tls_client *c, const void *data, size_t n)
{
    return gnutls_record_send(c->session, data, n);
}

ssize_t tls_client_receive(struct tls_client *c, void *out, size_t n)
{
    ssize_t got;
    do
        got = gnutls_record_recv(c->session, out, n);
    while (got == GNUTLS_E_INTERRUPTED);
    return got;
}
