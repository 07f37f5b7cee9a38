/* The little cryptography that is needed here, by the library that brings TLS as well. */
#ifndef MANDOLINE_DIGEST_H
#define MANDOLINE_DIGEST_H

#include "arena.h"

enum { DIGEST_SIZE = 32 };

/* SHA-256 of the one followed by the other; HMAC-SHA-256. Our mistake alone could make them fail. */
void digest_sha256(struct bytes first, struct bytes second, uint8_t out[DIGEST_SIZE]);
void digest_hmac(struct bytes key, struct bytes data, uint8_t out[DIGEST_SIZE]);

/* Takes as long whether they are alike or not. */
bool digest_equal(const uint8_t a[DIGEST_SIZE], const uint8_t b[DIGEST_SIZE]);

bool random_bytes(void *out, size_t n, struct error *err);

/* Without padding (RFC 7515 section 2). In the arena; encode: a C string, NULL without memory. */
const char *base64url_encode(struct bytes in, struct arena *arena);
bool base64url_decode(struct bytes text, struct arena *arena, struct bytes *out, struct error *err);

#endif
