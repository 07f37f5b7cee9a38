#include "identity.h"

#include <time.h>

static bool has_param(const struct request *r, const char *name)
{
    for (size_t i = 0; i < r->query_count; i++)
        if (bytes_is(r->query[i].name, name))
            return true;
    return false;
}

/* The handlers know nothing of these two. */
static bool take_out(struct request *r, struct error *err)
{
    struct param *left = arena_alloc(r->arena, r->query_count, sizeof *left);
    size_t count = 0;
    if (left == NULL)
        return arena_fail(r->arena, err);
    for (size_t i = 0; i < r->query_count; i++)
        if (!bytes_is(r->query[i].name, "expires") && !bytes_is(r->query[i].name, "signature"))
            left[count++] = r->query[i];
    r->query = left;
    r->query_count = count;
    return true;
}

/* A link is for one file, and for reading it. */
static bool is_for_links(const struct transaction *t)
{
    return t->match.route->scope == SCOPE_READ && strcmp(t->match.route->method, "GET") == 0 &&
           t->match.name.len > 0;
}

static bool check_link(struct transaction *t, int64_t now)
{
    struct request *r = &t->request;
    struct signed_param *query = arena_alloc(r->arena, r->query_count, sizeof *query);
    struct bytes *name = arena_alloc(r->arena, 1, sizeof *name);
    if (query == NULL || name == NULL)
        return arena_fail(r->arena, &t->error);
    for (size_t i = 0; i < r->query_count; i++)
        query[i] = (struct signed_param){r->query[i].name, r->query[i].value};
    const struct signed_link link = {r->path, query, r->query_count};
    if (!signed_link_check(t->generation->signing_keys, &link, now, r->arena, &t->error))
        return false;
    *name = r->name;
    t->grant =
        (struct grant){.name = "signed-link", .scopes = SCOPE_READ, .prefixes = name, .prefix_count = 1};
    return take_out(r, &t->error);
}

static bool find_grant(struct transaction *t)
{
    const struct request *r = &t->request;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (t->generation->signing_keys != NULL && is_for_links(t) && has_param(r, "signature"))
        return check_link(t, now.tv_sec);
    const struct credentials credentials = {
        .authorization = r->header(r->headers, "Authorization"),
        .certificate = t->certificate,
        .certificate_refused = t->certificate_refused,
    };
    t->wrong_token = credentials.authorization != NULL && access_reads_header(&t->generation->access);
    return access_judge(&t->generation->access, &credentials, now.tv_sec, r->arena, &t->grant, &t->error);
}

bool identity_check(struct transaction *t)
{
    const struct route *route = t->match.route;
    if (route == NULL || route->scope == SCOPE_OPEN)
        return true;
    if (!find_grant(t))
        return false;
    t->principal = t->grant.name;
    t->request.grant = &t->grant;
    return (t->grant.scopes & route->scope) != 0 ||
           FAIL(&t->error, ERR_FORBIDDEN, ERROR_NO_OFFSET, "this takes the scope \"%s\"",
                scope_name(route->scope));
}

void identity_challenge(struct transaction *t)
{
    if (t->error.kind == ERR_UNAUTHORIZED) {
        reply_header(&t->reply, "WWW-Authenticate",
                     t->wrong_token ? "Bearer realm=\"mandoline\", error=\"invalid_token\""
                                    : "Bearer realm=\"mandoline\"");
        reply_header(&t->reply, "WWW-Authenticate", "Basic realm=\"mandoline\", charset=\"UTF-8\"");
    }
    if (t->error.kind == ERR_FORBIDDEN && t->match.route != NULL && t->request.grant != NULL) {
        const char *text = arena_printf(&t->arena,
                                        "Bearer realm=\"mandoline\", error=\"insufficient_scope\", "
                                        "scope=\"%s\"",
                                        scope_name(t->match.route->scope));
        if (text != NULL)
            reply_header(&t->reply, "WWW-Authenticate", text);
    }
}
