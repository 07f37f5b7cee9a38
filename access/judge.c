#include "access.h"

#include "base64.h"
#include "jwt.h"
#include "tokens.h"

#include <strings.h>

static bool refuse(const char *why, struct error *err)
{
    return FAIL(err, ERR_UNAUTHORIZED, ERROR_NO_OFFSET, "%s", why);
}

static bool judge_token(const struct access *a, struct bytes token, int64_t now, struct arena *arena,
                        struct grant *grant, struct error *err)
{
    if (a->jwt_keys != NULL && !token_is_ours(token))
        return jwt_verify(a, token, now, arena, grant, err);
    return (a->tokens != NULL && tokens_verify(a->tokens, token, now, grant)) ||
           refuse("the token is not known, or has expired", err);
}

/* The user is the name of the token, the password the token: for clients that know nothing else. */
static bool judge_basic(const struct access *a, struct bytes text, int64_t now, struct arena *arena,
                        struct grant *grant, struct error *err)
{
    struct error inner = {0};
    struct bytes pair;
    if (!base64_decode(text, arena, &pair, &inner))
        return inner.kind == ERR_LIMIT ? arena_fail(arena, err)
                                       : refuse("what follows Basic is not base64", err);
    const uint8_t *colon = pair.len == 0 ? NULL : memchr(pair.data, ':', pair.len);
    if (colon == NULL)
        return refuse("what follows Basic is not a user and a password", err);
    const struct bytes user = bytes_of(pair.data, (size_t)(colon - pair.data));
    const struct bytes token = bytes_of(colon + 1, pair.len - user.len - 1);
    return (judge_token(a, token, now, arena, grant, err) && bytes_is(user, grant->name)) ||
           refuse("the user is not the name of the token", err);
}

/* "Bearer" and "Basic" in any case, then blanks. *rest is what follows. */
static bool has_scheme(const char *header, const char *scheme, struct bytes *rest)
{
    const size_t n = strlen(scheme);
    if (strncasecmp(header, scheme, n) != 0 || header[n] != ' ')
        return false;
    header += n + strspn(header + n, " ");
    *rest = bytes_text(header);
    while (rest->len > 0 && rest->data[rest->len - 1] == ' ')
        rest->len--;
    return true;
}

static bool judge_header(const struct access *a, const char *header, int64_t now, struct arena *arena,
                         struct grant *grant, struct error *err)
{
    struct bytes rest;
    if (strlen(header) > CREDENTIALS_MAX)
        return refuse("the Authorization header is too long", err);
    if (has_scheme(header, "Bearer", &rest))
        return judge_token(a, rest, now, arena, grant, err);
    if (has_scheme(header, "Basic", &rest))
        return judge_basic(a, rest, now, arena, grant, err);
    return refuse("the Authorization header is neither Bearer nor Basic", err);
}

/* A row of the tokens says what the certificate of that name may do, else all of them may do the same. */
static bool judge_certificate(const struct access *a, const char *name, int64_t now, struct arena *arena,
                              struct grant *grant, struct error *err)
{
    if (a->tokens != NULL && tokens_by_name(a->tokens, bytes_text(name), now, grant))
        return true;
    *grant = (struct grant){.name = (const char *)arena_copy(arena, bytes_text(name)).data,
                            .scopes = a->certificate_scopes};
    return grant->name != NULL || arena_fail(arena, err);
}

bool access_reads_header(const struct access *a)
{
    return a->tokens != NULL || a->jwt_keys != NULL;
}

bool access_judge(const struct access *a, const struct credentials *c, int64_t now, struct arena *arena,
                  struct grant *grant, struct error *err)
{
    if (c->authorization != NULL && access_reads_header(a)) /* else it is for somebody else */
        return judge_header(a, c->authorization, now, arena, grant, err);
    if (c->certificate_refused)
        return refuse("the client's certificate is not of an authority of this server, or not valid now",
                      err);
    if (c->certificate != NULL)
        return judge_certificate(a, c->certificate, now, arena, grant, err);
    *grant = (struct grant){.name = "", .scopes = a->anonymous_scopes};
    return a->anonymous_scopes != 0 || refuse("this needs a token, or another proof of who is asking", err);
}
