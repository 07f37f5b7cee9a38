#include "certificates.h"

#include "harness.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <gnutls/x509.h>

enum { DAY_S = 86400, PEM_MAX = 16 << 10 };

static void path_of(const struct certificate_wish *wish, const char *file, const char *ending, char out[256])
{
    assert_true(snprintf(out, 256, "%s/%s.%s", wish->folder, file, ending) < 256);
}

/* Into a file that takes the place of the old one at once. */
static void write_pem(const struct certificate_wish *wish, const char *ending, const gnutls_datum_t *pem)
{
    char path[256], beside[260];
    path_of(wish, wish->file, ending, path);
    snprintf(beside, sizeof beside, "%s.new", path);
    FILE *f = fopen(beside, "we");
    assert_non_null(f);
    assert_int_equal(fwrite(pem->data, 1, pem->size, f), pem->size);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(rename(beside, path), 0);
}

static gnutls_datum_t read_pem(const struct certificate_wish *wish, const char *ending)
{
    char path[256];
    gnutls_datum_t pem;
    path_of(wish, wish->issuer, ending, path);
    assert_int_equal(gnutls_load_file(path, &pem), 0);
    return pem;
}

static void name_it(gnutls_x509_crt_t c, const struct certificate_wish *wish)
{
    struct in_addr address;
    if (wish->common_name != NULL)
        assert_int_equal(gnutls_x509_crt_set_dn_by_oid(c, GNUTLS_OID_X520_COMMON_NAME, 0, wish->common_name,
                                                       (unsigned)strlen(wish->common_name)),
                         0);
    if (wish->uri != NULL)
        gnutls_x509_crt_set_subject_alt_name(c, GNUTLS_SAN_URI, wish->uri, (unsigned)strlen(wish->uri),
                                             GNUTLS_FSAN_APPEND);
    if (wish->host != NULL)
        gnutls_x509_crt_set_subject_alt_name(c, GNUTLS_SAN_DNSNAME, wish->host, (unsigned)strlen(wish->host),
                                             GNUTLS_FSAN_APPEND);
    if (wish->address != NULL && inet_pton(AF_INET, wish->address, &address) == 1)
        gnutls_x509_crt_set_subject_alt_name(c, GNUTLS_SAN_IPADDRESS, &address, sizeof address,
                                             GNUTLS_FSAN_APPEND);
}

static void limit_it(gnutls_x509_crt_t c, const struct certificate_wish *wish)
{
    uint8_t serial[8];
    const time_t now = time(NULL);
    assert_int_equal(getentropy(serial, sizeof serial), 0);
    serial[0] = (uint8_t)((serial[0] & 0x3f) | 0x40);
    gnutls_x509_crt_set_version(c, 3);
    gnutls_x509_crt_set_serial(c, serial, sizeof serial);
    gnutls_x509_crt_set_activation_time(c, now - 30 * DAY_S);
    gnutls_x509_crt_set_expiration_time(c, now + (time_t)wish->days * DAY_S);
    gnutls_x509_crt_set_basic_constraints(c, wish->authority, -1);
    if (wish->purpose != NULL)
        gnutls_x509_crt_set_key_purpose_oid(c, wish->purpose, 0);
}

static void load_issuer(const struct certificate_wish *wish, gnutls_x509_crt_t *issuer,
                        gnutls_x509_privkey_t *key)
{
    gnutls_datum_t pem = read_pem(wish, "pem"), key_pem = read_pem(wish, "key");
    gnutls_x509_crt_init(issuer);
    gnutls_x509_privkey_init(key);
    assert_int_equal(gnutls_x509_crt_import(*issuer, &pem, GNUTLS_X509_FMT_PEM), 0);
    assert_int_equal(gnutls_x509_privkey_import(*key, &key_pem, GNUTLS_X509_FMT_PEM), 0);
    gnutls_free(pem.data);
    gnutls_free(key_pem.data);
}

static void sign_it(gnutls_x509_crt_t c, gnutls_x509_privkey_t key, const struct certificate_wish *wish)
{
    gnutls_x509_crt_t issuer;
    gnutls_x509_privkey_t issuer_key;
    if (wish->issuer == NULL) {
        assert_int_equal(gnutls_x509_crt_sign2(c, c, key, GNUTLS_DIG_SHA256, 0), 0);
        return;
    }
    load_issuer(wish, &issuer, &issuer_key);
    assert_int_equal(gnutls_x509_crt_sign2(c, issuer, issuer_key, GNUTLS_DIG_SHA256, 0), 0);
    gnutls_x509_crt_deinit(issuer);
    gnutls_x509_privkey_deinit(issuer_key);
}

void make_certificate(const struct certificate_wish *wish)
{
    gnutls_x509_crt_t c;
    gnutls_x509_privkey_t key;
    gnutls_datum_t pem, key_pem;
    gnutls_x509_crt_init(&c);
    gnutls_x509_privkey_init(&key);
    assert_int_equal(gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
                                                  GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0),
                     0);
    assert_int_equal(gnutls_x509_crt_set_key(c, key), 0);
    name_it(c, wish);
    limit_it(c, wish);
    sign_it(c, key, wish);
    assert_int_equal(gnutls_x509_crt_export2(c, GNUTLS_X509_FMT_PEM, &pem), 0);
    assert_int_equal(gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &key_pem), 0);
    write_pem(wish, "key", &key_pem);
    write_pem(wish, "pem", &pem);
    gnutls_free(pem.data);
    gnutls_free(key_pem.data);
    gnutls_x509_crt_deinit(c);
    gnutls_x509_privkey_deinit(key);
}

static void revoke_it(gnutls_x509_crl_t crl, const char *folder, const char *file)
{
    gnutls_x509_crt_t c;
    gnutls_datum_t pem = read_pem(&(struct certificate_wish){.folder = folder, .issuer = file}, "pem");
    gnutls_x509_crt_init(&c);
    assert_int_equal(gnutls_x509_crt_import(c, &pem, GNUTLS_X509_FMT_PEM), 0);
    assert_int_equal(gnutls_x509_crl_set_crt(crl, c, time(NULL) - DAY_S), 0);
    gnutls_x509_crt_deinit(c);
    gnutls_free(pem.data);
}

void make_revocation(const char *folder, const char *file, const char *issuer, const char *revoked,
                     int seconds)
{
    const struct certificate_wish wish = {.folder = folder, .file = file, .issuer = issuer};
    gnutls_x509_crl_t crl;
    gnutls_x509_crt_t c;
    gnutls_x509_privkey_t key;
    gnutls_datum_t pem;
    load_issuer(&wish, &c, &key);
    gnutls_x509_crl_init(&crl);
    gnutls_x509_crl_set_version(crl, 2);
    gnutls_x509_crl_set_this_update(crl, time(NULL) - 2 * DAY_S);
    gnutls_x509_crl_set_next_update(crl, time(NULL) + seconds);
    if (revoked != NULL)
        revoke_it(crl, folder, revoked);
    assert_int_equal(gnutls_x509_crl_sign2(crl, c, key, GNUTLS_DIG_SHA256, 0), 0);
    assert_int_equal(gnutls_x509_crl_export2(crl, GNUTLS_X509_FMT_PEM, &pem), 0);
    write_pem(&wish, "pem", &pem);
    gnutls_free(pem.data);
    gnutls_x509_crl_deinit(crl);
    gnutls_x509_crt_deinit(c);
    gnutls_x509_privkey_deinit(key);
}
