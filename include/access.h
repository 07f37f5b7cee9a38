/*
 * Who is asking, and what they may do: tokens, JSON Web Tokens, names in client certificates, signed links.
 * All of it is read from the texts of files, into an arena of the caller's where they are too, and not
 * changed any more.
 */
#ifndef MANDOLINE_ACCESS_H
#define MANDOLINE_ACCESS_H

#include "arena.h"
#include "grant.h"

enum {
    PRINCIPAL_MAX = 128, /* bytes of a name */
    PREFIXES_MAX = 64,   /* of one grant */
    CREDENTIALS_MAX = 16 << 10,
};

/* ---- tokens: rows of a file; access/README.md says how it is written ---- */

struct tokens;

/* ERR_ARGUMENT: a line of the file is wrong. *out lives as long as the arena. */
bool tokens_read(struct bytes text, struct arena *arena, const struct tokens **out, struct error *err);

struct token_row {
    const char *name;
    unsigned scopes;
    const char *paths; /* "a,b/c"; NULL: everything */
    int64_t expires;   /* seconds since 1970; 0: never */
};

/* A new token, and the row of the file that knows it; both in the arena. ERR_ARGUMENT: what no row can say.
 */
bool token_make(const struct token_row *row, struct arena *arena, const char **token, const char **line,
                struct error *err);

/* ---- JSON Web Tokens (RFC 7519), signed with one of these keys (a JWK Set, RFC 7517) ---- */

struct jwt_keys;

/* text has a NUL behind it. ERR_ARGUMENT: it is no such set, or none of its keys can be used here. */
bool jwt_keys_read(struct bytes text, struct arena *arena, struct jwt_keys **out, struct error *err);

/* ---- signed links ---- */

struct signing_keys;

/* A key a line; the first one signs, all of them are good for checking. */
bool signing_keys_read(struct bytes text, struct arena *arena, const struct signing_keys **out,
                       struct error *err);

struct signed_param {
    struct bytes name, value;
};

/* What of a GET is signed: all of it but the parameter "signature", percent-decoded. */
struct signed_link {
    struct bytes path;
    const struct signed_param *query;
    size_t query_count;
};

/* The value for the parameter "signature"; the query has the parameter "expires". In the arena. */
bool signed_link_sign(const struct signing_keys *keys, const struct signed_link *link, struct arena *arena,
                      const char **signature, struct error *err);

/* ERR_FORBIDDEN: the signature or the time in it is not (any more) good, or not there. */
bool signed_link_check(const struct signing_keys *keys, const struct signed_link *link, int64_t now,
                       struct arena *arena, struct error *err);

/* ---- the judge ---- */

struct access {
    const struct tokens *tokens; /* NULL: there are none, as below */
    struct jwt_keys *jwt_keys;   /* not const: it remembers what it has verified */
    const char *jwt_issuer;      /* "": any */
    const char *jwt_audience;    /* "": tokens that name one are refused */
    unsigned certificate_scopes; /* of certificates whose name is in no row of the tokens */
    unsigned anonymous_scopes;   /* of those who say nothing */
};

struct credentials {
    const char *authorization; /* the header; NULL: not sent */
    const char *certificate;   /* the name in the client's certificate, which is verified; NULL: none */
    bool certificate_refused;  /* there is one, and it is no good */
};

/* Whether there is anything that an Authorization header could prove; else it is not looked at. */
bool access_reads_header(const struct access *access);

/*
 * Who it is; *grant and its texts live as long as the arena. ERR_UNAUTHORIZED: the credentials are wrong;
 * nobody who sends wrong ones is taken for one who sends none. Thread-safe.
 */
bool access_judge(const struct access *access, const struct credentials *credentials, int64_t now,
                  struct arena *arena, struct grant *grant, struct error *err);

/* ---- times in words ---- */

/* "90", "90s", "15m", "12h" or "30d" in seconds; at most a hundred years. */
bool duration_read(const char *text, int64_t *seconds);

#endif
