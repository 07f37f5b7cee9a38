/*
 * TLS, where the HTTP library leaves it to us: which certificate a session shows, who its client is, and what
 * is sent past the library. A session is GnuTLS's, as the HTTP library hands it out.
 */
#ifndef MANDOLINE_TLS_H
#define MANDOLINE_TLS_H

#include <gnutls/abstract.h>
#include <sys/types.h>

#include "access.h"

/* What the HTTP library takes as its priorities: TLS 1.2 and 1.3. */
#define TLS_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

/* ---- what is read from files; lives as long as the arena ---- */

struct tls_identity;    /* a certificate, those above it, and its key */
struct tls_authorities; /* who may sign certificates of clients */

/* PEM. ERR_ARGUMENT: one of them is no such thing, or they do not belong together. */
bool tls_identity_read(struct bytes certificate, struct bytes key, struct arena *arena,
                       const struct tls_identity **out, struct error *err);
/* When the server's own certificate ends, in seconds since 1970; 0: nobody can tell. */
int64_t tls_identity_end(const struct tls_identity *identity);

/* revoked: lists that they have signed, or nothing. A list that none of them has signed, or that has ended
 * (its "next update" is over) is an error; when one ends later, no certificate counts any more. */
bool tls_authorities_read(struct bytes text, struct bytes revoked, struct arena *arena,
                          const struct tls_authorities **out, struct error *err);

/* ---- a session of the server ---- */

/* Before its handshake: identity must live until that is over. asks: for a certificate of the client. */
void tls_begin(void *session, const struct tls_identity *identity, bool asks);

/* GnuTLS asks for the certificate of a session that tls_begin() was called for. */
int tls_retrieve(gnutls_session_t session, const gnutls_datum_t *names, int name_count,
                 const gnutls_pk_algorithm_t *algorithms, int algorithm_count, gnutls_pcert_st **certificates,
                 unsigned *certificate_count, gnutls_privkey_t *key);

enum tls_peer { TLS_PEER_NONE, TLS_PEER_KNOWN, TLS_PEER_REFUSED };

/* Who the client is, by a certificate that one of the authorities has signed and that is valid now. */
enum tls_peer tls_peer_name(void *session, const struct tls_authorities *authorities,
                            char name[PRINCIPAL_MAX + 1]);

/* All of it, or false. For little: it does not wait for a client that does not read. */
bool tls_send(void *session, const void *data, size_t n);

/* Tells the client that nothing more is sent. */
void tls_end(void *session);

/* ---- a client, which asks a server on the same machine whether it is well ---- */

struct tls_client;

/*
 * A session over a connected socket, whose time-outs are set. Whose certificate it is is not looked at:
 * nothing is told to the server, one that was renewed may not be the one that it still shows, and one that
 * has expired is not made good by starting the server anew.
 */
struct tls_client *tls_client_new(int fd, struct error *err);
void tls_client_free(struct tls_client *c);

/* As send() and recv(). */
ssize_t tls_client_send(struct tls_client *c, const void *data, size_t n);
ssize_t tls_client_receive(struct tls_client *c, void *out, size_t n);

#endif
