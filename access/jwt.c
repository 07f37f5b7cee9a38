#include "jwt.h"

#include "digest.h"
#include "jwk.h"

#include <cjson/cJSON.h>
#include <strings.h>

enum { LEEWAY_S = 30, TOKEN_MAX = 12 << 10 };

/* What a token is made of: HEADER.CLAIMS.SIGNATURE. */
struct jwt {
    struct bytes signed_part, header, claims, signature;
};

static void json_drop(cJSON **json)
{
    cJSON_Delete(*json);
}

static bool refuse(const char *why, struct error *err)
{
    return FAIL(err, ERR_UNAUTHORIZED, ERROR_NO_OFFSET, "the token is not accepted: %s", why);
}

static bool take_apart(struct bytes token, struct jwt *out)
{
    const uint8_t *first = token.len == 0 ? NULL : memchr(token.data, '.', token.len);
    const uint8_t *last = token.len == 0 ? NULL : memrchr(token.data, '.', token.len);
    if (first == NULL || last == first)
        return false;
    const size_t header = (size_t)(first - token.data), signed_part = (size_t)(last - token.data);
    *out = (struct jwt){
        .signed_part = bytes_of(token.data, signed_part),
        .header = bytes_of(token.data, header),
        .claims = bytes_of(first + 1, signed_part - header - 1),
        .signature = bytes_of(last + 1, token.len - signed_part - 1),
    };
    return true;
}

/* A part of no other bytes than base64url's. why: what is said when it is not. */
static bool decode_part(struct bytes part, const char *why, struct arena *arena, struct bytes *out,
                        struct error *err)
{
    struct error inner = {0};
    if (base64url_decode(part, arena, out, &inner))
        return true;
    return inner.kind == ERR_LIMIT ? arena_fail(arena, err) : refuse(why, err);
}

/* One JSON object, without an escaped NUL, which would cut a text short. */
static bool parse_part(struct bytes part, const char *why, struct arena *arena, cJSON **out,
                       struct error *err)
{
    struct bytes text;
    if (!decode_part(part, why, arena, &text, err))
        return false;
    const struct bytes copy = arena_copy(arena, text);
    if (copy.data == NULL)
        return arena_fail(arena, err);
    if (text.len == 0 || memchr(text.data, '\0', text.len) != NULL ||
        memmem(text.data, text.len, "\\u0000", 6) != NULL)
        return refuse(why, err);
    *out = cJSON_ParseWithLengthOpts((const char *)copy.data, text.len + 1, NULL, true);
    return cJSON_IsObject(*out) || refuse(why, err);
}

/* ---- the header and the signature ---- */

static bool is_type(const cJSON *type)
{
    const char *text = cJSON_GetStringValue(type);
    return type == NULL ||
           (text != NULL && (strcasecmp(text, "JWT") == 0 || strcasecmp(text, "at+jwt") == 0));
}

/* A token that names its key has that key alone. */
static bool some_key_signed(const struct jwt_keys *k, enum key_kind kind, const char *id,
                            const struct jwt *jwt, struct bytes signature)
{
    for (size_t i = 0; i < k->count; i++) {
        const struct jwk *key = &k->keys[i];
        const bool named = id == NULL || (key->id != NULL && strcmp(id, key->id) == 0);
        if (key->kind == kind && named && jwk_signed(key, jwt->signed_part, signature))
            return true;
    }
    return false;
}

static bool check_signature(const struct jwt_keys *k, const struct jwt *jwt, struct arena *arena,
                            struct error *err)
{
    AUTO(json_drop) cJSON *header = NULL;
    if (!parse_part(jwt->header, "its header is none", arena, &header, err))
        return false;
    const cJSON *id = cJSON_GetObjectItemCaseSensitive(header, "kid");
    const char *algorithm = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(header, "alg"));
    enum key_kind kind;
    struct bytes signature;
    if (algorithm == NULL || (id != NULL && !cJSON_IsString(id)))
        return refuse("its header is none", err);
    if (!jwk_algorithm(algorithm, &kind))
        return refuse("its algorithm is none of RS256, ES256, EdDSA and HS256", err);
    if (cJSON_GetObjectItemCaseSensitive(header, "crit") != NULL ||
        !is_type(cJSON_GetObjectItemCaseSensitive(header, "typ")))
        return refuse("it is of another kind than JWT, or asks for more than that", err);
    static const char wrong[] = "its signature is not one of the keys'";
    return decode_part(jwt->signature, wrong, arena, &signature, err) &&
           (some_key_signed(k, kind, cJSON_GetStringValue(id), jwt, signature) || refuse(wrong, err));
}

/* ---- the claims ---- */

static bool read_time(const cJSON *claims, const char *name, bool needed, double *out)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(claims, name);
    if (cJSON_IsNumber(item) && item->valuedouble >= 0 && item->valuedouble < 1e15)
        *out = item->valuedouble;
    else if (item != NULL || needed)
        return false;
    return true;
}

static bool check_times(const cJSON *claims, int64_t now, int64_t *expires, struct error *err)
{
    double exp = 0, nbf = 0;
    if (!read_time(claims, "exp", true, &exp) || !read_time(claims, "nbf", false, &nbf))
        return refuse("\"exp\" must be there, and a time; \"nbf\" may be", err);
    *expires = (int64_t)exp + LEEWAY_S;
    if (now >= *expires)
        return refuse("it has expired", err);
    return (double)now >= nbf - LEEWAY_S || refuse("its time has not come yet", err);
}

static bool names_audience(const cJSON *audience, const char *wanted)
{
    const char *text = cJSON_GetStringValue(audience);
    if (text != NULL)
        return strcmp(text, wanted) == 0;
    const cJSON *item;
    cJSON_ArrayForEach(item, audience)
    {
        text = cJSON_GetStringValue(item);
        if (text != NULL && strcmp(text, wanted) == 0)
            return true;
    }
    return false;
}

/* A token that says whom it is for is for nobody else (RFC 7519 section 4.1.3). */
static bool check_parties(const struct access *a, const cJSON *claims, struct error *err)
{
    const char *issuer = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(claims, "iss"));
    const cJSON *audience = cJSON_GetObjectItemCaseSensitive(claims, "aud");
    if (a->jwt_issuer[0] != '\0' && (issuer == NULL || strcmp(issuer, a->jwt_issuer) != 0))
        return refuse("it is from another issuer", err);
    if (a->jwt_audience[0] == '\0')
        return audience == NULL || refuse("it is for another audience", err);
    return (!cJSON_IsObject(audience) && names_audience(audience, a->jwt_audience)) ||
           refuse("it is for another audience", err);
}

/* Words that are not ours are other services'. */
static unsigned read_scopes(const char *text)
{
    unsigned scopes = 0;
    while (text != NULL && *text != '\0') {
        const size_t n = strcspn(text, " ");
        scopes |= scope_find(bytes_of(text, n));
        text += n + (text[n] == ' ');
    }
    return scopes;
}

static bool copy_prefixes(const cJSON *paths, struct arena *arena, struct grant *out, struct error *err)
{
    static const char wrong[] = "\"paths\" is no list of at most 64 texts";
    const int count = cJSON_GetArraySize(paths);
    if (!cJSON_IsArray(paths) || count > PREFIXES_MAX)
        return refuse(wrong, err);
    struct bytes *prefixes = arena_alloc(arena, (size_t)count + 1, sizeof *prefixes);
    const cJSON *item;
    if (prefixes == NULL)
        return arena_fail(arena, err);
    out->prefixes = prefixes;
    cJSON_ArrayForEach(item, paths)
    {
        if (!cJSON_IsString(item))
            return refuse(wrong, err);
        const struct bytes copy = arena_copy(arena, bytes_text(item->valuestring));
        if (copy.data == NULL)
            return arena_fail(arena, err);
        prefixes[out->prefix_count++] = grant_prefix(copy);
    }
    return true;
}

static bool read_grant(const cJSON *claims, struct arena *arena, struct grant *out, struct error *err)
{
    const cJSON *subject = cJSON_GetObjectItemCaseSensitive(claims, "sub");
    const cJSON *scope = cJSON_GetObjectItemCaseSensitive(claims, "scope");
    const cJSON *paths = cJSON_GetObjectItemCaseSensitive(claims, "paths");
    const char *name = subject == NULL ? "" : cJSON_GetStringValue(subject);
    if (name == NULL || strlen(name) > PRINCIPAL_MAX || (scope != NULL && !cJSON_IsString(scope)))
        return refuse("\"sub\" is no text of at most 128 bytes, or \"scope\" is none", err);
    *out = (struct grant){.name = (const char *)arena_copy(arena, bytes_text(name)).data,
                          .scopes = read_scopes(cJSON_GetStringValue(scope))};
    if (out->name == NULL)
        return arena_fail(arena, err);
    return paths == NULL || copy_prefixes(paths, arena, out, err);
}

static bool check_claims(const struct access *a, struct bytes part, int64_t now, struct arena *arena,
                         struct grant *out, int64_t *expires, struct error *err)
{
    AUTO(json_drop) cJSON *claims = NULL;
    return parse_part(part, "its claims are none", arena, &claims, err) &&
           check_times(claims, now, expires, err) && check_parties(a, claims, err) &&
           read_grant(claims, arena, out, err);
}

bool jwt_verify(const struct access *a, struct bytes token, int64_t now, struct arena *arena,
                struct grant *out, struct error *err)
{
    uint8_t digest[DIGEST_SIZE];
    struct jwt jwt;
    struct grant grant;
    int64_t expires;
    digest_sha256(token, bytes_of(NULL, 0), digest);
    if (remembered_find(&a->jwt_keys->remembered, digest, now, arena, out))
        return true;
    if (token.len > TOKEN_MAX || !take_apart(token, &jwt))
        return refuse("it is not three parts with points between them", err);
    if (!check_signature(a->jwt_keys, &jwt, arena, err) ||
        !check_claims(a, jwt.claims, now, arena, &grant, &expires, err))
        return false;
    remembered_put(&a->jwt_keys->remembered, digest, &grant, expires);
    *out = grant;
    return true;
}
