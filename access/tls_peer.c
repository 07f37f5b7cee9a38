#include "tls.h"

#include "utf8.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <time.h>

enum { CHAIN_MAX = 8 };

struct tls_authorities {
    gnutls_x509_trust_list_t list;
    time_t end; /* of the list of what is revoked that ends first; 0: there is none, or it has none */
};

static void authorities_drop(void *arg)
{
    struct tls_authorities *a = arg;
    if (a->list != NULL)
        gnutls_x509_trust_list_deinit(a->list, 1);
}

static gnutls_datum_t datum_of(struct bytes b)
{
    return (gnutls_datum_t){.data = (uint8_t *)(uintptr_t)b.data, .size = (unsigned)b.len};
}

/* The library looks at it once, when a list is added. */
static bool find_end(struct tls_authorities *a, const gnutls_datum_t *pem)
{
    gnutls_x509_crl_t *lists;
    unsigned count = 0;
    if (gnutls_x509_crl_list_import2(&lists, &count, pem, GNUTLS_X509_FMT_PEM, 0) < 0)
        return false;
    for (unsigned i = 0; i < count; i++) {
        const time_t end = gnutls_x509_crl_get_next_update(lists[i]);
        if (end != (time_t)-1 && (a->end == 0 || end < a->end))
            a->end = end;
        gnutls_x509_crl_deinit(lists[i]);
    }
    gnutls_free(lists);
    return true;
}

static bool add_revoked(struct tls_authorities *a, struct bytes text, struct error *err)
{
    static const unsigned strict = GNUTLS_TL_VERIFY_CRL | GNUTLS_TL_FAIL_ON_INVALID_CRL;
    const gnutls_datum_t pem = datum_of(text);
    if (text.data == NULL)
        return true;
    return (find_end(a, &pem) &&
            gnutls_x509_trust_list_add_trust_mem(a->list, NULL, &pem, GNUTLS_X509_FMT_PEM, strict, 0) > 0) ||
           FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET,
                "what tls-client-crl names is no list of one of these authorities, or has ended");
}

bool tls_authorities_read(struct bytes text, struct bytes revoked, struct arena *arena,
                          const struct tls_authorities **out, struct error *err)
{
    struct tls_authorities *a = arena_alloc(arena, 1, sizeof *a);
    if (a == NULL || !arena_defer(arena, authorities_drop, a))
        return arena_fail(arena, err);
    const gnutls_datum_t pem = datum_of(text);
    if (gnutls_x509_trust_list_init(&a->list, 0) != 0)
        return FAIL(err, ERR_MEMORY, ERROR_NO_OFFSET, "there is no memory for the authorities");
    if (gnutls_x509_trust_list_add_trust_mem(a->list, &pem, NULL, GNUTLS_X509_FMT_PEM, 0, 0) <= 0)
        return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "there is no certificate of an authority");
    *out = a;
    return add_revoked(a, revoked, err);
}

/* A text in a certificate as a name: not cut short by a NUL, and such that it can be logged. */
static bool take_name(const char *text, size_t n, char name[PRINCIPAL_MAX + 1])
{
    if (n == 0 || n > PRINCIPAL_MAX || memchr(text, '\0', n) != NULL || utf8_valid(bytes_of(text, n)) != n)
        return false;
    memcpy(name, text, n);
    name[n] = '\0';
    return true;
}

/* The first alternative name that is a URI, a host or an address of mail. *found: there is one. */
static bool alternative_name(gnutls_x509_crt_t certificate, char name[PRINCIPAL_MAX + 1], bool *found)
{
    char text[PRINCIPAL_MAX + 1];
    for (unsigned i = 0; !*found; i++) {
        size_t n = sizeof text;
        const int type = gnutls_x509_crt_get_subject_alt_name(certificate, i, text, &n, NULL);
        if (type == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
            return false;
        *found =
            type < 0 || type == GNUTLS_SAN_URI || type == GNUTLS_SAN_DNSNAME || type == GNUTLS_SAN_RFC822NAME;
        if (*found)
            return type > 0 && take_name(text, n, name);
    }
    return false;
}

static bool name_of(gnutls_x509_crt_t certificate, char name[PRINCIPAL_MAX + 1])
{
    char text[PRINCIPAL_MAX + 1];
    size_t n = sizeof text;
    bool found = false;
    if (alternative_name(certificate, name, &found) || found)
        return name[0] != '\0';
    return gnutls_x509_crt_get_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0, 0, text, &n) == 0 &&
           take_name(text, n, name);
}

/* Signed by an authority, not revoked, valid now, and meant for clients. */
static bool is_trusted(gnutls_x509_crt_t *chain, unsigned count, const struct tls_authorities *authorities)
{
    gnutls_typed_vdata_st purpose = {
        .type = GNUTLS_DT_KEY_PURPOSE_OID, .data = (uint8_t *)(uintptr_t)GNUTLS_KP_TLS_WWW_CLIENT, .size = 0};
    unsigned status = GNUTLS_CERT_INVALID;
    if (authorities->end != 0 && time(NULL) >= authorities->end)
        return false;
    return gnutls_x509_trust_list_verify_crt2(authorities->list, chain, count, &purpose, 1, 0, &status,
                                              NULL) == 0 &&
           status == 0;
}

enum tls_peer tls_peer_name(void *session, const struct tls_authorities *authorities,
                            char name[PRINCIPAL_MAX + 1])
{
    unsigned count = 0, known = 0;
    gnutls_x509_crt_t chain[CHAIN_MAX];
    const gnutls_datum_t *sent = gnutls_certificate_get_peers(session, &count);
    name[0] = '\0';
    if (sent == NULL || count == 0)
        return TLS_PEER_NONE;
    bool ok = count <= CHAIN_MAX;
    while (ok && known < count) {
        ok = gnutls_x509_crt_init(&chain[known]) == 0;
        if (ok)
            ok = gnutls_x509_crt_import(chain[known], &sent[known], GNUTLS_X509_FMT_DER) == 0, known++;
    }
    ok = ok && is_trusted(chain, count, authorities) && name_of(chain[0], name);
    for (unsigned i = 0; i < known; i++)
        gnutls_x509_crt_deinit(chain[i]);
    return ok ? TLS_PEER_KNOWN : TLS_PEER_REFUSED;
}
