#include "tokens.h"

#include "digest.h"
#include "hex.h"
#include "lines.h"
#include "time_text.h"
#include "utf8.h"

#include <stdio.h>
#include <stdlib.h>

enum { SALT_SIZE = 16, SECRET_SIZE = 32, ROWS_MAX = 100000 };

static const char mark[] = "mdl."; /* so that who finds one in a log or a repository sees what it is */

struct row {
    struct grant grant;
    int64_t expires; /* 0: never */
    bool has_token;
    uint8_t salt[SALT_SIZE], hash[DIGEST_SIZE];
};

struct tokens {
    struct row *rows; /* in the order of their names, then as in the file */
    size_t count;
};

/* ---- the file ---- */

static bool is_name_byte(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

/* A token has its name in it, so it keeps to what a header may hold; certificates have all kinds of names. */
static bool is_token_name(struct bytes name)
{
    size_t n = 0;
    while (n < name.len && is_name_byte(name.data[n]))
        n++;
    return n == name.len && n > 0 && n <= PRINCIPAL_MAX;
}

static bool unescape(struct bytes in, uint8_t *out, size_t *len)
{
    *len = 0;
    for (size_t i = 0; i < in.len; i++) {
        out[*len] = in.data[i];
        if (in.data[i] == '%') {
            const int byte = in.len - i > 2 ? hex_byte(in.data + i + 1) : -1;
            if (byte <= 0)
                return false;
            out[*len] = (uint8_t)byte;
            i += 2;
        }
        ++*len;
    }
    return true;
}

static bool add_prefix(struct bytes text, struct arena *arena, struct bytes *prefixes, size_t *count)
{
    uint8_t *plain = arena_alloc(arena, 1, text.len + 1);
    size_t len;
    if (*count == PREFIXES_MAX || plain == NULL || !unescape(text, plain, &len) ||
        utf8_valid(bytes_of(plain, len)) != len)
        return false;
    prefixes[(*count)++] = grant_prefix(bytes_of(plain, len));
    return true;
}

/* "a,b/c", percent-encoded, as the prefixes of a grant. False: no memory, too many, or not UTF-8. */
static bool prefixes_read(struct bytes text, struct arena *arena, struct grant *out)
{
    struct bytes *prefixes = arena_alloc(arena, PREFIXES_MAX, sizeof *prefixes);
    size_t count = 0;
    if (prefixes == NULL)
        return false;
    for (;;) {
        const uint8_t *comma = text.len == 0 ? NULL : memchr(text.data, ',', text.len);
        const size_t n = comma == NULL ? text.len : (size_t)(comma - text.data);
        if (n > 0 && !add_prefix(bytes_of(text.data, n), arena, prefixes, &count))
            return false;
        if (comma == NULL)
            break;
        text = bytes_of(comma + 1, text.len - n - 1);
    }
    out->prefixes = prefixes;
    out->prefix_count = count;
    return true;
}

static bool read_secret(struct bytes salt, struct bytes hash, struct row *out)
{
    if (bytes_is(salt, "-") && bytes_is(hash, "-"))
        return true;
    out->has_token = true;
    return hex_read(salt, out->salt, SALT_SIZE) && hex_read(hash, out->hash, DIGEST_SIZE);
}

static bool wrong(size_t line, const char *why, struct error *err)
{
    return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "line %zu of the tokens: %s", line, why);
}

static bool read_row(struct bytes line, size_t number, struct arena *arena, struct row *out,
                     struct error *err)
{
    const struct bytes name = line_word(&line), scopes = line_word(&line), paths = line_word(&line),
                       expires = line_word(&line), salt = line_word(&line), hash = line_word(&line);
    *out = (struct row){.grant.name = (const char *)arena_copy(arena, name).data};
    if (out->grant.name == NULL)
        return arena_fail(arena, err);
    if (hash.len == 0 || line_word(&line).len > 0)
        return wrong(number, "it is not name, scopes, paths, expiry, salt and hash", err);
    if (!scopes_read(scopes, &out->grant.scopes) || out->grant.scopes == 0)
        return wrong(number, "the scopes are read, convert, write and admin, with commas between them", err);
    if (!bytes_is(paths, "*") && !prefixes_read(paths, arena, &out->grant))
        return wrong(number, "the paths are * or at most 64 names, percent-encoded, with commas between them",
                     err);
    if (!bytes_is(expires, "-") && !time_read(expires, &out->expires))
        return wrong(number, "the expiry is - or a time, as 2030-12-31 or 2030-12-31T23:59:59Z", err);
    if (!read_secret(salt, hash, out))
        return wrong(number, "salt and hash are 32 and 64 hexadecimal digits, or - and -", err);
    if (name.len > PRINCIPAL_MAX || (out->has_token && !is_token_name(name)))
        return wrong(number, "the name is not of at most 128 letters, digits, '.', '_' and '-'", err);
    return true;
}

static int compare_rows(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    const int order = strcmp(x->grant.name, y->grant.name);
    return order != 0 ? order : x->has_token < y->has_token ? 1 : x->has_token > y->has_token ? -1 : 0;
}

bool tokens_read(struct bytes text, struct arena *arena, const struct tokens **out, struct error *err)
{
    struct tokens *t = arena_alloc(arena, 1, sizeof *t);
    struct bytes line;
    size_t room = 0, number = 0;
    if (t == NULL)
        return arena_fail(arena, err);
    while (line_next(&text, &line, &number)) {
        if (t->count == ROWS_MAX)
            return wrong(number, "there are too many", err);
        if (t->count == room) {
            t->rows = arena_grow(arena, t->rows, room * sizeof *t->rows, (2 * room + 8) * sizeof *t->rows);
            room = 2 * room + 8;
        }
        if (t->rows == NULL)
            return arena_fail(arena, err);
        if (!read_row(line, number, arena, &t->rows[t->count++], err))
            return false;
    }
    if (t->count > 0)
        qsort(t->rows, t->count, sizeof *t->rows, compare_rows);
    *out = t;
    return true;
}

/* ---- asking ---- */

/* The first row of that name, or the end. */
static size_t first_of_name(const struct tokens *t, struct bytes name)
{
    size_t low = 0, high = t->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (bytes_compare(bytes_text(t->rows[middle].grant.name), name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool has_expired(const struct row *row, int64_t now)
{
    return row->expires != 0 && now >= row->expires;
}

bool token_is_ours(struct bytes text)
{
    return bytes_starts(text, mark);
}

/* "mdl.NAME.SECRET" */
static struct bytes name_in(struct bytes token)
{
    const size_t start = sizeof mark - 1;
    const uint8_t *dot = token.len <= start ? NULL : memrchr(token.data + start, '.', token.len - start);
    return dot == NULL ? bytes_of(NULL, 0) : bytes_of(token.data + start, (size_t)(dot - token.data) - start);
}

static bool knows(const struct row *row, struct bytes token)
{
    uint8_t hash[DIGEST_SIZE];
    digest_sha256(bytes_of(row->salt, SALT_SIZE), token, hash);
    return digest_equal(hash, row->hash) && row->has_token;
}

bool tokens_verify(const struct tokens *t, struct bytes token, int64_t now, struct grant *out)
{
    static const struct row nobody;
    const struct bytes name = name_in(token);
    size_t i = first_of_name(t, name);
    if (i == t->count || !bytes_is(name, t->rows[i].grant.name))
        return knows(&nobody,
                     token); /* false, after as long as it takes to refuse one of a name that exists */
    for (; i < t->count && bytes_is(name, t->rows[i].grant.name); i++)
        if (knows(&t->rows[i], token) && !has_expired(&t->rows[i], now)) {
            *out = t->rows[i].grant;
            return true;
        }
    return false;
}

bool tokens_by_name(const struct tokens *t, struct bytes name, int64_t now, struct grant *out)
{
    bool found = false;
    for (size_t i = first_of_name(t, name); i < t->count && bytes_is(name, t->rows[i].grant.name); i++) {
        const bool expired = has_expired(&t->rows[i], now);
        if (!found || !expired)
            *out = t->rows[i].grant;
        if (!expired)
            return true;
        out->scopes = 0;
        found = true;
    }
    return found;
}

/* ---- making one ---- */

static bool write_row(const struct token_row *row, struct bytes token, struct arena *arena, const char **line,
                      struct error *err)
{
    uint8_t salt[SALT_SIZE], hash[DIGEST_SIZE];
    char salt_text[2 * SALT_SIZE + 1], hash_text[2 * DIGEST_SIZE + 1], expires[TIME_TEXT_MAX] = "-";
    char scopes[64] = "";
    if (!random_bytes(salt, sizeof salt, err))
        return false;
    digest_sha256(bytes_of(salt, sizeof salt), token, hash);
    hex_write(salt, sizeof salt, salt_text);
    hex_write(hash, sizeof hash, hash_text);
    if (row->expires != 0)
        time_write(row->expires, expires);
    for (unsigned left = row->scopes & ~(unsigned)SCOPE_OPEN; left != 0;) {
        const char *name = scope_name(left);
        const size_t n = strlen(scopes);
        snprintf(scopes + n, sizeof scopes - n, "%s%s", n == 0 ? "" : ",", name);
        left &= ~scope_find(bytes_text(name));
    }
    *line = arena_printf(arena, "%s %s %s %s %s %s\n", row->name, scopes,
                         row->paths == NULL ? "*" : row->paths, expires, salt_text, hash_text);
    return *line != NULL || arena_fail(arena, err);
}

bool token_make(const struct token_row *row, struct arena *arena, const char **token, const char **line,
                struct error *err)
{
    uint8_t secret[SECRET_SIZE];
    struct row back;
    if (!is_token_name(bytes_text(row->name)))
        return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET,
                    "the name is not of at most 128 letters, digits, '.', '_' and '-'");
    if (!random_bytes(secret, sizeof secret, err))
        return false;
    const char *text = base64url_encode(bytes_of(secret, sizeof secret), arena);
    const char *whole = text == NULL ? NULL : arena_printf(arena, "%s%s.%s", mark, row->name, text);
    if (whole == NULL)
        return arena_fail(arena, err);
    if (!write_row(row, bytes_text(whole), arena, line, err))
        return false;
    *token = whole;
    return read_row(bytes_of(*line, strlen(*line) - 1), 1, arena, &back, err); /* no file gets a bad one */
}
