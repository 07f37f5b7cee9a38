/* Keys that JSON Web Tokens are signed with. A key is of one kind, and each kind has one algorithm. */
#ifndef MANDOLINE_JWK_H
#define MANDOLINE_JWK_H

#include "arena.h"
#include "remembered.h"

#include <gnutls/abstract.h>

enum key_kind { KEY_RSA, KEY_P256, KEY_ED25519, KEY_SECRET };

struct jwk {
    enum key_kind kind;
    const char *id; /* NULL: it has none */
    gnutls_pubkey_t public;
    struct bytes secret; /* KEY_SECRET */
};

enum { JWKS_MAX = 32 };

struct jwt_keys {
    struct jwk keys[JWKS_MAX];
    size_t count;
    struct remembered remembered; /* tokens that these keys have verified */
};

/* The kind of key that an algorithm (RFC 7518, RFC 8037) takes. False: nobody here does that one. */
bool jwk_algorithm(const char *name, enum key_kind *out);

/* Whether the key signed data, with the algorithm of its kind. Thread-safe. */
bool jwk_signed(const struct jwk *key, struct bytes data, struct bytes signature);

#endif
