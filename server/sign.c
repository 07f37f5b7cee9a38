#include <stdlib.h>
#include <time.h>

#include "access.h"
#include "commands.h"
#include "small_file.h"
#include "target.h"

enum { MEMORY = 8 << 20, DEFAULT_S = 3600, LINK_MAX = 8 << 10 };

const struct option sign_options[] = {
    {"--expires", NULL, "TIME", "how long the link is good for, as 15m, 12h or 30d; else an hour", NULL},
    {0},
};

/* A link, and what of it the server will see. */
struct link {
    const char *whole; /* without the two parameters */
    bool has_query;
    struct bytes path; /* decoded, from where the route begins */
    struct target target;
};

/* Where the path begins that one of our routes has: before it is the server's name, and --base-path. */
static bool find_route(struct link *l, struct error *err)
{
    const struct bytes all = l->target.path;
    for (size_t at = 0; at < all.len; at++) {
        if (all.data[at] != '/')
            continue;
        l->path = bytes_of(all.data + at, all.len - at);
        const struct route_match match = route_find("GET", l->path);
        if (match.route != NULL && match.route->scope == SCOPE_READ && match.name.len > 0)
            return true;
    }
    return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET,
                "only links to one file can be signed, as /v1/data/NAME?path=... or /v1/files/NAME");
}

static bool read_link(const char *text, struct arena *arena, struct link *l, struct error *err)
{
    const size_t n = strcspn(text, "#");
    const struct bytes copy = arena_copy(arena, bytes_of(text, n)),
                       whole = arena_copy(arena, bytes_of(text, n));
    if (n > LINK_MAX)
        return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "the link is too long");
    if (copy.data == NULL || whole.data == NULL)
        return arena_fail(arena, err);
    *l = (struct link){.whole = (const char *)whole.data, .has_query = memchr(whole.data, '?', n) != NULL};
    if (!target_parse((char *)(uintptr_t)copy.data, n, arena, &l->target, err) || !find_route(l, err))
        return false;
    for (size_t i = 0; i < l->target.query_count; i++)
        if (bytes_is(l->target.query[i].name, "expires") || bytes_is(l->target.query[i].name, "signature"))
            return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "the link is signed already");
    return true;
}

static bool sign(const struct link *l, const struct signing_keys *keys, const char *expires,
                 struct arena *arena, struct error *err)
{
    const size_t count = l->target.query_count;
    struct signed_param *query = arena_alloc(arena, count + 1, sizeof *query);
    const char *signature;
    if (query == NULL)
        return arena_fail(arena, err);
    for (size_t i = 0; i < count; i++)
        query[i] = (struct signed_param){l->target.query[i].name, l->target.query[i].value};
    query[count] = (struct signed_param){bytes_text("expires"), bytes_text(expires)};
    if (!signed_link_sign(keys, &(struct signed_link){l->path, query, count + 1}, arena, &signature, err))
        return false;
    return (printf("%s%cexpires=%s&signature=%s\n", l->whole, l->has_query ? '&' : '?', expires, signature) >
                0 &&
            fflush(stdout) == 0) ||
           FAIL(err, ERR_IO, ERROR_NO_OFFSET, "the link cannot be written");
}

static bool make(const struct arguments *a, struct arena *arena, struct error *err)
{
    const char *text = arguments_value(a, "--expires");
    const char *path = a->config.signing_key_file;
    const struct signing_keys *keys;
    struct bytes lines;
    struct link link;
    char expires[32];
    int64_t seconds = DEFAULT_S;
    if (text != NULL && !duration_read(text, &seconds))
        return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET,
                    "--expires: \"%.40s\" is no time as 90s, 15m, 12h or 30d", text);
    if (path[0] == '\0')
        return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "a link is signed with a key: set signing-key-file");
    snprintf(expires, sizeof expires, "%lld", (long long)time(NULL) + (long long)seconds);
    return small_file_read(path, "the signing keys", arena, &lines, err) &&
           signing_keys_read(lines, arena, &keys, err) && read_link(a->input, arena, &link, err) &&
           sign(&link, keys, expires, arena, err);
}

int command_sign(const struct arguments *arguments)
{
    return command_run(arguments, MEMORY, make);
}
