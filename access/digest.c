#include "digest.h"

#include "base64.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>

void digest_sha256(struct bytes first, struct bytes second, uint8_t out[DIGEST_SIZE])
{
    gnutls_hash_hd_t hash;
    if (gnutls_hash_init(&hash, GNUTLS_DIG_SHA256) != 0 || gnutls_hash(hash, first.data, first.len) != 0 ||
        gnutls_hash(hash, second.data, second.len) != 0)
        abort();
    gnutls_hash_deinit(hash, out);
}

void digest_hmac(struct bytes key, struct bytes data, uint8_t out[DIGEST_SIZE])
{
    if (gnutls_hmac_fast(GNUTLS_MAC_SHA256, key.data, key.len, data.data, data.len, out) != 0)
        abort();
}

bool digest_equal(const uint8_t a[DIGEST_SIZE], const uint8_t b[DIGEST_SIZE])
{
    return gnutls_memcmp(a, b, DIGEST_SIZE) == 0;
}

bool random_bytes(void *out, size_t n, struct error *err)
{
    return gnutls_rnd(GNUTLS_RND_KEY, out, n) == 0 ||
           FAIL(err, ERR_INTERNAL, ERROR_NO_OFFSET, "there are no random numbers");
}

const char *base64url_encode(struct bytes in, struct arena *arena)
{
    char *text = arena_alloc(arena, 1, (in.len + 2) / 3 * 4 + 1);
    if (text == NULL)
        return NULL;
    base64_encode(in, (uint8_t *)text);
    for (char *c = text; *c != '\0'; c++)
        *c = (char)(*c == '+' ? '-' : *c == '/' ? '_' : *c == '=' ? '\0' : *c);
    return text;
}

/* As the other alphabet spells it; one that is none of this alphabet becomes one that is of neither. */
static uint8_t translate(uint8_t c)
{
    return c == '-' ? '+' : c == '_' ? '/' : c == '+' || c == '/' || c == '=' ? '!' : c;
}

bool base64url_decode(struct bytes text, struct arena *arena, struct bytes *out, struct error *err)
{
    const size_t padded = (text.len + 3) / 4 * 4;
    uint8_t *other = arena_alloc(arena, 1, padded + 1);
    if (other == NULL)
        return arena_fail(arena, err);
    if (text.len % 4 == 1)
        return FAIL(err, ERR_SYNTAX, text.len, "base64url text of an impossible length");
    for (size_t i = 0; i < padded; i++)
        other[i] = i < text.len ? translate(text.data[i]) : '=';
    return base64_decode(bytes_of(other, padded), arena, out, err);
}
