#include "jwk.h"

#include "access.h"
#include "digest.h"

#include <cjson/cJSON.h>
#include <gnutls/crypto.h>

enum { RSA_BITS_MIN = 2048, RSA_BITS_MAX = 8192, SECRET_MIN = 32, P256_SIZE = 32, KEYS_MEMORY = 8 << 20 };

/* One algorithm a kind, so no token can choose how its key is used. */
static const struct {
    const char *name, *type, *curve;
    enum key_kind kind;
    gnutls_sign_algorithm_t algorithm;
} algorithms[] = {
    {"RS256", "RSA", NULL, KEY_RSA, GNUTLS_SIGN_RSA_SHA256},
    {"ES256", "EC", "P-256", KEY_P256, GNUTLS_SIGN_ECDSA_SHA256},
    {"EdDSA", "OKP", "Ed25519", KEY_ED25519, GNUTLS_SIGN_EDDSA_ED25519},
    {"HS256", "oct", NULL, KEY_SECRET, GNUTLS_SIGN_UNKNOWN},
};

bool jwk_algorithm(const char *name, enum key_kind *out)
{
    for (size_t i = 0; i < ROWS(algorithms); i++)
        if (strcmp(name, algorithms[i].name) == 0) {
            *out = algorithms[i].kind;
            return true;
        }
    return false;
}

static const char *text_member(const cJSON *object, const char *name)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

static bool is_or_absent(const char *text, const char *wanted)
{
    return text == NULL || strcmp(text, wanted) == 0;
}

static bool may_verify(const cJSON *item)
{
    const cJSON *operations = cJSON_GetObjectItemCaseSensitive(item, "key_ops"), *operation;
    cJSON_ArrayForEach(operation, operations)
    {
        const char *name = cJSON_GetStringValue(operation);
        if (name != NULL && strcmp(name, "verify") == 0)
            return true;
    }
    return operations == NULL;
}

/* Sets of keys have keys for other uses too; those are not ours. */
static bool find_kind(const cJSON *item, enum key_kind *out)
{
    const char *type = text_member(item, "kty"), *curve = text_member(item, "crv");
    if (type == NULL || !is_or_absent(text_member(item, "use"), "sig") || !may_verify(item))
        return false;
    for (size_t i = 0; i < ROWS(algorithms); i++)
        if (strcmp(type, algorithms[i].type) == 0 &&
            (algorithms[i].curve == NULL || (curve != NULL && strcmp(curve, algorithms[i].curve) == 0))) {
            *out = algorithms[i].kind;
            return is_or_absent(text_member(item, "alg"), algorithms[i].name);
        }
    return false;
}

static void key_drop(void *arg)
{
    gnutls_pubkey_t *key = arg;
    if (*key != NULL)
        gnutls_pubkey_deinit(*key);
    *key = NULL;
}

static gnutls_datum_t datum_of(struct bytes b)
{
    return (gnutls_datum_t){.data = (uint8_t *)(uintptr_t)b.data, .size = (unsigned)b.len};
}

/* A member that is base64url. */
static bool bytes_member(const cJSON *item, const char *name, struct arena *arena, gnutls_datum_t *out,
                         struct error *err)
{
    const char *text = text_member(item, name);
    struct bytes b;
    if (text == NULL)
        return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "a key has no \"%s\"", name);
    if (!base64url_decode(bytes_text(text), arena, &b, err))
        return false;
    *out = datum_of(b);
    return b.len > 0 || FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "\"%s\" of a key is empty", name);
}

static bool import_rsa(const cJSON *item, gnutls_pubkey_t key, struct arena *arena, struct error *err)
{
    gnutls_datum_t n, e;
    unsigned bits = 0;
    if (!bytes_member(item, "n", arena, &n, err) || !bytes_member(item, "e", arena, &e, err))
        return false;
    if (gnutls_pubkey_import_rsa_raw(key, &n, &e) != 0 ||
        gnutls_pubkey_get_pk_algorithm(key, &bits) != GNUTLS_PK_RSA)
        return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "an RSA key is damaged");
    return (bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX) ||
           FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "an RSA key has %u bits, not %d to %d", bits,
                RSA_BITS_MIN, RSA_BITS_MAX);
}

static bool import_curve(const cJSON *item, enum key_kind kind, gnutls_pubkey_t key, struct arena *arena,
                         struct error *err)
{
    gnutls_datum_t x, y;
    if (!bytes_member(item, "x", arena, &x, err) ||
        (kind == KEY_P256 && !bytes_member(item, "y", arena, &y, err)))
        return false;
    const int result = kind == KEY_P256
                           ? gnutls_pubkey_import_ecc_raw(key, GNUTLS_ECC_CURVE_SECP256R1, &x, &y)
                           : gnutls_pubkey_import_ecc_raw(key, GNUTLS_ECC_CURVE_ED25519, &x, NULL);
    return (result == 0 && x.size == P256_SIZE) ||
           FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "a key on a curve is damaged");
}

static bool import_secret(const cJSON *item, struct jwk *out, struct arena *arena, struct error *err)
{
    gnutls_datum_t k;
    if (!bytes_member(item, "k", arena, &k, err))
        return false;
    out->secret = bytes_of(k.data, k.size);
    return k.size >= SECRET_MIN ||
           FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "a key for HS256 has less than %d bytes", SECRET_MIN);
}

static bool read_key(const cJSON *item, struct jwk *out, struct arena *arena, struct error *err)
{
    const char *id = text_member(item, "kid");
    if (id != NULL)
        out->id = (const char *)arena_copy(arena, bytes_text(id)).data;
    if (id != NULL && out->id == NULL)
        return arena_fail(arena, err);
    if (out->kind == KEY_SECRET)
        return import_secret(item, out, arena, err);
    if (!arena_defer(arena, key_drop, &out->public))
        return arena_fail(arena, err);
    if (gnutls_pubkey_init(&out->public) != 0)
        return FAIL(err, ERR_MEMORY, ERROR_NO_OFFSET, "there is no memory for a key");
    return out->kind == KEY_RSA ? import_rsa(item, out->public, arena, err)
                                : import_curve(item, out->kind, out->public, arena, err);
}

static bool read_set(const cJSON *set, struct jwt_keys *k, struct arena *arena, struct error *err)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(set, "keys"), *item;
    if (!cJSON_IsArray(list))
        return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "the keys are no JWK Set: {\"keys\": [...]}");
    cJSON_ArrayForEach(item, list)
    {
        struct jwk *next = &k->keys[k->count];
        if (k->count == JWKS_MAX)
            return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "there are more than %d keys", JWKS_MAX);
        if (!find_kind(item, &next->kind))
            continue;
        if (!read_key(item, next, arena, err))
            return false;
        k->count++;
    }
    return k->count > 0 || FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET,
                                "none of the keys is for RS256, ES256, EdDSA or HS256 signatures");
}

static void json_drop(cJSON **json)
{
    cJSON_Delete(*json);
}

static void forget(void *arg)
{
    remembered_deinit(arg);
}

bool jwt_keys_read(struct bytes text, struct arena *arena, struct jwt_keys **out, struct error *err)
{
    struct jwt_keys *k = arena_alloc(arena, 1, sizeof *k);
    if (k == NULL || !arena_defer(arena, forget, &k->remembered))
        return arena_fail(arena, err);
    remembered_init(&k->remembered);
    AUTO(json_drop) cJSON *set = cJSON_ParseWithOpts((const char *)text.data, NULL, true);
    if (!read_set(set, k, arena, err))
        return false;
    *out = k;
    return true;
}

/* ---- signatures ---- */

/* The two numbers side by side, as JSON Web Signatures have them, are not how X.509 has them. */
static bool verify_p256(gnutls_pubkey_t key, const gnutls_datum_t *data, struct bytes signature)
{
    gnutls_datum_t der = {0};
    if (signature.len != (size_t)2 * P256_SIZE)
        return false;
    const gnutls_datum_t r = datum_of(bytes_of(signature.data, P256_SIZE)),
                         s = datum_of(bytes_of(signature.data + P256_SIZE, P256_SIZE));
    if (gnutls_encode_rs_value(&der, &r, &s) != 0)
        return false;
    const bool ok = gnutls_pubkey_verify_data2(key, algorithms[KEY_P256].algorithm, 0, data, &der) >= 0;
    gnutls_free(der.data);
    return ok;
}

bool jwk_signed(const struct jwk *key, struct bytes data, struct bytes signature)
{
    const gnutls_datum_t message = datum_of(data), given = datum_of(signature);
    uint8_t hmac[DIGEST_SIZE];
    switch (key->kind) {
    case KEY_RSA:
    case KEY_ED25519:
        return gnutls_pubkey_verify_data2(key->public, algorithms[key->kind].algorithm, 0, &message,
                                          &given) >= 0;
    case KEY_P256:
        return verify_p256(key->public, &message, signature);
    case KEY_SECRET:
        digest_hmac(key->secret, data, hmac);
        return signature.len == DIGEST_SIZE && digest_equal(hmac, signature.data);
    }
    return false;
}
