/*
 * What clients say of themselves: the Authorization header, and signed links. The input begins with a byte
 * that says which; a web token gets the signature that its first two parts should have, so that its claims
 * are looked at, too.
 */
#include "access.h"
#include "base64.h"

#include <stdlib.h>

#include <gnutls/crypto.h>

enum { NOW = 1700000000, MEMORY = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char jwk[] =
    "{\"keys\":[{\"kty\":\"oct\",\"k\":\"a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s\"}]}";
static const char row[] = "x read,write a,b%20c - 00000000000000000000000000000000 "
                          "0000000000000000000000000000000000000000000000000000000000000000\n";
static const char key[] = "0123456789abcdef0123456789abcdef\n";

struct setup {
    struct arena arena;
    struct access access;
    const struct signing_keys *keys;
};

static void set_up(struct setup *s)
{
    struct error err = {0};
    arena_init(&s->arena, 8 << 20);
    s->access = (struct access){.jwt_issuer = "", .jwt_audience = ""};
    if (!jwt_keys_read(bytes_text(jwk), &s->arena, &s->access.jwt_keys, &err) ||
        !tokens_read(bytes_text(row), &s->arena, &s->access.tokens, &err) ||
        !signing_keys_read(bytes_text(key), &s->arena, &s->keys, &err))
        abort();
}

/* text, and behind it the signature of HS256; a text from here on. */
static const char *sign(struct bytes text, struct arena *arena)
{
    uint8_t hmac[32], encoded[48];
    if (gnutls_hmac_fast(GNUTLS_MAC_SHA256, "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk", 32, text.data, text.len,
                         hmac) != 0)
        abort();
    const size_t n = base64_encode(bytes_of(hmac, sizeof hmac), encoded);
    for (size_t i = 0; i < n; i++)
        encoded[i] = encoded[i] == '+' ? '-' : encoded[i] == '/' ? '_' : encoded[i] == '=' ? ' ' : encoded[i];
    return arena_printf(arena, "Bearer %.*s.%.*s", (int)text.len, (const char *)text.data, (int)n,
                        (const char *)encoded);
}

/* {"alg":"HS256"}, and claims that are the input. */
static const char *claim(struct bytes claims, struct arena *arena)
{
    uint8_t *encoded = arena_alloc(arena, 1, claims.len * 2 + 64);
    static const char head[] = "eyJhbGciOiJIUzI1NiJ9.";
    if (encoded == NULL)
        return NULL;
    memcpy(encoded, head, sizeof head - 1);
    size_t n = base64_encode(claims, encoded + sizeof head - 1);
    for (uint8_t *c = encoded + sizeof head - 1; *c != '\0'; c++)
        *c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
    while (n > 0 && encoded[sizeof head - 2 + n] == '=')
        n--;
    return sign(bytes_of(encoded, sizeof head - 1 + n), arena);
}

static void judge(const struct setup *s, const char *header, struct arena *arena)
{
    struct grant g;
    struct error err = {0};
    const struct credentials c = {.authorization = header};
    if (header != NULL && access_judge(&s->access, &c, NOW, arena, &g, &err) && g.name == NULL)
        abort();
}

/* Parts between newlines: the path, then names and values. What is signed must be good, and only that. */
static void link_both_ways(const struct setup *s, struct bytes text, struct arena *arena)
{
    struct signed_param query[16];
    struct bytes parts[32];
    size_t count = 0;
    while (count < ROWS(parts) && text.len > 0) {
        const uint8_t *end = memchr(text.data, '\n', text.len);
        const size_t n = end == NULL ? text.len : (size_t)(end - text.data);
        parts[count++] = bytes_of(text.data, n);
        text = bytes_of(text.data + n + (end != NULL), text.len - n - (end != NULL));
    }
    struct signed_link link = {count > 0 ? parts[0] : bytes_text(""), query, 0};
    for (size_t i = 1; i + 1 < count && link.query_count < 14; i += 2)
        query[link.query_count++] = (struct signed_param){parts[i], parts[i + 1]};
    struct error err = {0};
    const bool plain = signed_link_check(s->keys, &link, NOW, arena, &err);
    if (plain)
        abort(); /* nobody guesses a signature */
    const char *signature;
    err = (struct error){0};
    query[link.query_count++] = (struct signed_param){bytes_text("expires"), bytes_text("1800000000")};
    if (!signed_link_sign(s->keys, &link, arena, &signature, &err))
        return;
    query[link.query_count++] = (struct signed_param){bytes_text("signature"), bytes_text(signature)};
    bool once = true;
    for (size_t i = 0; i + 2 < link.query_count; i++)
        once &= !bytes_is(query[i].name, "expires") && !bytes_is(query[i].name, "signature");
    err = (struct error){0};
    if (signed_link_check(s->keys, &link, NOW, arena, &err) != once)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct setup setup;
    static bool done;
    struct arena arena;
    if (size == 0)
        return 0;
    if (!done)
        set_up(&setup);
    done = true;
    arena_init(&arena, MEMORY);
    const struct bytes text = bytes_of(data + 1, size - 1);
    const char *copy = (const char *)arena_copy(&arena, text).data;
    switch (data[0] % 4) {
    case 0:
        judge(&setup, copy, &arena);
        break;
    case 1:
        judge(&setup, sign(text, &arena), &arena);
        break;
    case 2:
        judge(&setup, claim(text, &arena), &arena);
        break;
    case 3:
        link_both_ways(&setup, text, &arena);
        break;
    }
    arena_free(&arena);
    return 0;
}
