#include "tls.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

enum { CHAIN_MAX = 16, KEY_ID_SIZE = 32 };

struct tls_identity {
    gnutls_pcert_st chain[CHAIN_MAX];
    unsigned count;
    gnutls_privkey_t key;
};

static bool refuse(const char *what, int why, struct error *err)
{
    return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "%s cannot be used: %s", what, gnutls_strerror(why));
}

static gnutls_datum_t datum_of(struct bytes b)
{
    return (gnutls_datum_t){.data = (uint8_t *)(uintptr_t)b.data, .size = (unsigned)b.len};
}

static void identity_drop(void *arg)
{
    struct tls_identity *id = arg;
    for (unsigned i = 0; i < id->count; i++)
        gnutls_pcert_deinit(&id->chain[i]);
    if (id->key != NULL)
        gnutls_privkey_deinit(id->key);
}

static bool read_chain(struct bytes text, struct tls_identity *id, struct error *err)
{
    unsigned count = CHAIN_MAX;
    const gnutls_datum_t pem = datum_of(text);
    const int result = gnutls_pcert_list_import_x509_raw(id->chain, &count, &pem, GNUTLS_X509_FMT_PEM,
                                                         GNUTLS_X509_CRT_LIST_SORT);
    if (result < 0)
        return refuse("it", result, err);
    id->count = count;
    return true;
}

static bool read_key(struct bytes text, struct tls_identity *id, struct error *err)
{
    const gnutls_datum_t pem = datum_of(text);
    int result = gnutls_privkey_init(&id->key);
    if (result == 0)
        result = gnutls_privkey_import_x509_raw(id->key, &pem, GNUTLS_X509_FMT_PEM, NULL, 0);
    return result == 0 || refuse("its key", result, err);
}

/* Whether the key is that of the certificate. */
static bool belong_together(const struct tls_identity *id)
{
    uint8_t of_key[KEY_ID_SIZE], of_certificate[KEY_ID_SIZE];
    size_t n = sizeof of_key, m = sizeof of_certificate;
    gnutls_pubkey_t public = NULL;
    const bool alike =
        id->count > 0 && gnutls_pubkey_init(&public) == 0 &&
        gnutls_pubkey_import_privkey(public, id->key, 0, 0) == 0 &&
        gnutls_pubkey_get_key_id(public, GNUTLS_KEYID_USE_SHA256, of_key, &n) == 0 &&
        gnutls_pubkey_get_key_id(id->chain[0].pubkey, GNUTLS_KEYID_USE_SHA256, of_certificate, &m) == 0 &&
        bytes_equal(bytes_of(of_key, n), bytes_of(of_certificate, m));
    if (public != NULL)
        gnutls_pubkey_deinit(public);
    return alike;
}

bool tls_identity_read(struct bytes certificate, struct bytes key, struct arena *arena,
                       const struct tls_identity **out, struct error *err)
{
    struct tls_identity *id = arena_alloc(arena, 1, sizeof *id);
    if (id == NULL || !arena_defer(arena, identity_drop, id))
        return arena_fail(arena, err);
    if (!read_chain(certificate, id, err) || !read_key(key, id, err))
        return false;
    *out = id;
    return belong_together(id) ||
           FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "its key is not that of the certificate");
}

int64_t tls_identity_end(const struct tls_identity *identity)
{
    gnutls_x509_crt_t own = NULL;
    if (gnutls_pcert_export_x509((gnutls_pcert_st *)(uintptr_t)&identity->chain[0], &own) != 0)
        return 0;
    const int64_t end = gnutls_x509_crt_get_expiration_time(own);
    gnutls_x509_crt_deinit(own);
    return end < 0 ? 0 : end;
}

void tls_begin(void *session, const struct tls_identity *identity, bool asks)
{
    gnutls_session_set_ptr(session, (void *)(uintptr_t)identity);
    if (asks)
        gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUEST);
}

int tls_retrieve(gnutls_session_t session, const gnutls_datum_t *names, int name_count,
                 const gnutls_pk_algorithm_t *algorithms, int algorithm_count, gnutls_pcert_st **certificates,
                 unsigned *certificate_count, gnutls_privkey_t *key)
{
    (void)names, (void)name_count, (void)algorithms, (void)algorithm_count;
    const struct tls_identity *id = gnutls_session_get_ptr(session);
    if (id == NULL)
        return -1;
    *certificates = (gnutls_pcert_st *)(uintptr_t)id->chain;
    *certificate_count = id->count;
    *key = id->key;
    return 0;
}

bool tls_send(void *session, const void *data, size_t n)
{
    const uint8_t *at = data;
    while (n > 0) {
        const ssize_t sent = gnutls_record_send(session, at, n);
        if (sent == GNUTLS_E_INTERRUPTED)
            continue;
        if (sent <= 0)
            return false;
        at += sent;
        n -= (size_t)sent;
    }
    return true;
}

void tls_end(void *session)
{
    gnutls_bye(session, GNUTLS_SHUT_WR);
}
