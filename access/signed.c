/*
 * Signed links. What is signed is a text that is easily made in any language:
 *
 *   "GET" LF path LF name=value&name=value...
 *
 * with the parameters in the byte order of their names (those of the same name as they come), and everything
 * percent-encoded but letters, digits, "-", ".", "_", "~", and in the path "/".
 */
#include "access.h"
#include "digest.h"
#include "lines.h"
#include "number.h"

enum { KEYS_MAX = 16, KEY_MIN = 32, QUERY_MAX = 64, CANONICAL_MAX = 64 << 10 };

struct signing_keys {
    struct bytes keys[KEYS_MAX];
    size_t count;
};

bool signing_keys_read(struct bytes text, struct arena *arena, const struct signing_keys **out,
                       struct error *err)
{
    struct signing_keys *k = arena_alloc(arena, 1, sizeof *k);
    struct bytes line;
    size_t number = 0;
    if (k == NULL)
        return arena_fail(arena, err);
    while (line_next(&text, &line, &number)) {
        if (k->count == KEYS_MAX || line.len < KEY_MIN)
            return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET,
                        "line %zu of the signing keys: at most %d keys, of at least %d characters each",
                        number, KEYS_MAX, KEY_MIN);
        k->keys[k->count++] = line;
    }
    *out = k;
    return k->count > 0 || FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "there is no signing key");
}

/* ---- the text that is signed ---- */

struct canonical {
    uint8_t *data; /* CANONICAL_MAX */
    size_t len;
    bool full;
};

static void put_byte(struct canonical *c, uint8_t byte)
{
    if (c->len == CANONICAL_MAX)
        c->full = true;
    else
        c->data[c->len++] = byte;
}

static bool is_plain(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

static void put_escaped(struct canonical *c, struct bytes text, bool is_path)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.len; i++) {
        const uint8_t byte = text.data[i];
        if (is_plain(byte) || (is_path && byte == '/')) {
            put_byte(c, byte);
            continue;
        }
        put_byte(c, '%');
        put_byte(c, (uint8_t)digits[byte >> 4]);
        put_byte(c, (uint8_t)digits[byte & 15]);
    }
}

/* By name; stable, and the list is short. */
static void sort(const struct signed_param **list, size_t count)
{
    for (size_t i = 1; i < count; i++)
        for (size_t j = i; j > 0 && bytes_compare(list[j - 1]->name, list[j]->name) > 0; j--) {
            const struct signed_param *swap = list[j];
            list[j] = list[j - 1];
            list[j - 1] = swap;
        }
}

static bool is_signature(const struct signed_param *p)
{
    return bytes_is(p->name, "signature");
}

static bool canonical_text(const struct signed_link *link, struct arena *arena, struct bytes *out,
                           struct error *err)
{
    const struct signed_param *list[QUERY_MAX];
    size_t count = 0;
    for (size_t i = 0; i < link->query_count && count < QUERY_MAX; i++)
        if (!is_signature(&link->query[i]))
            list[count++] = &link->query[i];
    struct canonical c = {.data = arena_alloc(arena, 1, CANONICAL_MAX), .full = count == QUERY_MAX};
    if (c.data == NULL)
        return arena_fail(arena, err);
    sort(list, count);
    put_escaped(&c, bytes_text("GET"), false);
    put_byte(&c, '\n');
    put_escaped(&c, link->path, true);
    for (size_t i = 0; i < count; i++) {
        put_byte(&c, i == 0 ? '\n' : '&');
        put_escaped(&c, list[i]->name, false);
        put_byte(&c, '=');
        put_escaped(&c, list[i]->value, false);
    }
    *out = bytes_of(c.data, c.len);
    return !c.full || FAIL(err, ERR_FORBIDDEN, ERROR_NO_OFFSET, "the link is too long to be a signed one");
}

/* ---- signing and checking ---- */

bool signed_link_sign(const struct signing_keys *keys, const struct signed_link *link, struct arena *arena,
                      const char **signature, struct error *err)
{
    struct bytes text;
    uint8_t hmac[DIGEST_SIZE];
    if (!canonical_text(link, arena, &text, err))
        return false;
    digest_hmac(keys->keys[0], text, hmac);
    *signature = base64url_encode(bytes_of(hmac, sizeof hmac), arena);
    return *signature != NULL || arena_fail(arena, err);
}

/* The one parameter of that name; NULL: there is none, or more than one. */
static const struct signed_param *only(const struct signed_link *link, const char *name)
{
    const struct signed_param *found = NULL;
    for (size_t i = 0; i < link->query_count; i++) {
        if (!bytes_is(link->query[i].name, name))
            continue;
        if (found != NULL)
            return NULL;
        found = &link->query[i];
    }
    return found;
}

static bool has_good_signature(const struct signing_keys *keys, struct bytes text, struct bytes given)
{
    uint8_t hmac[DIGEST_SIZE];
    bool good = false;
    for (size_t i = 0; given.len == DIGEST_SIZE && i < keys->count; i++) {
        digest_hmac(keys->keys[i], text, hmac);
        good |= digest_equal(hmac, given.data);
    }
    return good;
}

bool signed_link_check(const struct signing_keys *keys, const struct signed_link *link, int64_t now,
                       struct arena *arena, struct error *err)
{
    const struct signed_param *signature = only(link, "signature"), *expires = only(link, "expires");
    struct error inner = {0};
    struct bytes text, given;
    int64_t end;
    if (signature == NULL || expires == NULL)
        return FAIL(err, ERR_FORBIDDEN, ERROR_NO_OFFSET,
                    "a signed link has one parameter \"expires\" and one \"signature\"");
    if (!canonical_text(link, arena, &text, err))
        return false;
    const bool is_text = base64url_decode(signature->value, arena, &given, &inner);
    if (inner.kind == ERR_LIMIT)
        return arena_fail(arena, err);
    if (!is_text || !has_good_signature(keys, text, given))
        return FAIL(err, ERR_FORBIDDEN, ERROR_NO_OFFSET,
                    "the signature is not that of this link: something in it was changed");
    if (!number_read_int(expires->value, &end) || now >= end)
        return FAIL(err, ERR_FORBIDDEN, ERROR_NO_OFFSET, "the link has expired");
    return true;
}
