#include "routes.h"

#include <stdio.h>

#include "negotiate.h"
#include "page.h"
#include "params.h"
#include "part.h"

static const char *const none[] = {NULL};
static const char *const page[] = {PAGE_PARAMETERS, NULL};
static const char *const pretty[] = {"pretty", NULL};
static const char *const converting[] = {"from", "to", PART_PARAMETERS, PARAM_OPTIONS, NULL};
static const char *const inspecting[] = {"from", "path", "depth", "pretty", PARAM_READING, NULL};
static const char *const disassembling[] = {"format", "index", "width", NULL};
static const char *const listing[] = {"prefix", "after", "limit", "pretty", NULL};
static const char *const structure[] = {"path", "depth", "pretty", PARAM_READING, NULL};
static const char *const one_object[] = {"path", "pretty", PARAM_READING, NULL};
static const char *const attributes[] = {"path",     "name*",    "format",      "nan", "pretty",
                                         "protocol", "optimize", PARAM_READING, NULL};
static const char *const data[] = {PART_PARAMETERS, "format", PARAM_OPTIONS, NULL};
static const char *const previewing[] = {"path",  "slice",  "sel",         "where",       "points", "fields",
                                         "width", "height", PARAM_PICTURE, PARAM_READING, NULL};
static const char *const querying[] = {"format", PARAM_OPTIONS, NULL};
static const char *const picking[] = {"from",  "path",   "slice",       "sel", "fields",
                                      "dtype", "format", PARAM_OPTIONS, NULL};
static const char *const statistics[] = {PART_PARAMETERS, "pretty", PARAM_READING, NULL};

const struct route routes[] = {
    {"POST", "/v1/convert", "convert", convert, true, SCOPE_CONVERT, converting, false, negotiate_ahead},
    {"POST", "/v1/inspect", "inspect", inspect, true, SCOPE_CONVERT, inspecting, false, negotiate_ahead},
    {"POST", "/v1/disassemble", "disassemble", disassemble, true, SCOPE_CONVERT, disassembling, false, NULL},
    {"POST", "/v1/scan", "scan", scan, true, SCOPE_CONVERT, pretty, false, NULL},
    {"GET", "/v1/files", "listFiles", list_files, false, SCOPE_READ, listing, false, NULL},
    {"GET", "/v1/files/{name}", "getFile", get_file, false, SCOPE_READ, none, false, NULL},
    {"GET", "/v1/tree/{name}", "getTree", get_tree, true, SCOPE_READ, structure, false, NULL},
    {"GET", "/v1/meta/{name}", "getMeta", get_meta, false, SCOPE_READ, one_object, false, NULL},
    {"GET", "/v1/attrs/{name}", "getAttributes", get_attrs, false, SCOPE_READ, attributes, false, NULL},
    {"GET", "/v1/data/{name}", "getData", get_data, false, SCOPE_READ, data, false, NULL},
    {"POST", "/v1/data/{name}", "pickData", post_data, true, SCOPE_READ, picking, false, NULL},
    {"GET", "/v1/stats/{name}", "getStatistics", get_stats, false, SCOPE_READ, statistics, false, NULL},
    {"GET", "/v1/preview/{name}", "getPreview", get_preview, false, SCOPE_READ, previewing, false, NULL},
    {"POST", "/v1/query/{name}", "query", post_query, true, SCOPE_READ, querying, false, NULL},
    {"GET", "/v1/formats", "listFormats", list_formats, false, SCOPE_OPEN, pretty, false, NULL},
    {"GET", "/", "welcome", welcome, false, SCOPE_OPEN, page, false, NULL},
    {"GET", "/docs", "docs", docs, false, SCOPE_OPEN, none, false, NULL},
    {"GET", "/docs/{file}", "getDocsFile", docs_file, false, SCOPE_OPEN, none, false, NULL},
    {"GET", "/problems", "listProblems", list_problems, false, SCOPE_OPEN, page, false, NULL},
    {"GET", "/problems/{type}", "getProblem", get_problem, false, SCOPE_OPEN, page, false, NULL},
    {"GET", "/healthz", "health", health, false, SCOPE_OPEN, none, true, NULL},
    {"GET", "/readyz", "ready", ready, false, SCOPE_OPEN, none, true, NULL},
    {"GET", "/startupz", "started", started, false, SCOPE_OPEN, none, true, NULL},
    {"GET", "/metrics", "metrics", metrics, false, SCOPE_ADMIN, none, true, NULL},
    {"GET", "/openapi.json", "openapi", openapi, false, SCOPE_OPEN, none, false, NULL},
    {0},
};

/* Whether pattern has this path; *name is then what its {name} stands for, if there is one. */
static bool matches(const char *pattern, struct bytes path, struct bytes *name)
{
    const char *open = strchr(pattern, '{');
    if (open == NULL)
        return bytes_is(path, pattern);
    const size_t prefix = (size_t)(open - pattern);
    if (path.len <= prefix || memcmp(path.data, pattern, prefix) != 0)
        return false;
    *name = bytes_of(path.data + prefix, path.len - prefix);
    return true;
}

/* Whether the row is for this method. HEAD is GET, without the body. */
static bool serves(const struct route *route, const char *method)
{
    return strcmp(route->method, strcmp(method, "HEAD") == 0 ? "GET" : method) == 0;
}

static void allow(struct route_match *match, const char *method)
{
    const size_t n = strlen(match->allow);
    const bool get = strcmp(method, "GET") == 0;
    snprintf(match->allow + n, sizeof match->allow - n, "%s%s%s", n == 0 ? "" : ", ", method,
             get ? ", HEAD" : "");
}

/* What is told to those who came with another method. */
static void list_methods(struct route_match *match, struct bytes path)
{
    for (const struct route *r = routes; r->method != NULL; r++)
        if (matches(r->path, path, &match->name))
            allow(match, r->method);
    if (match->allow[0] != '\0')
        allow(match, "OPTIONS");
}

struct route_match route_find(const char *method, struct bytes path)
{
    struct route_match match = {0};
    for (const struct route *r = routes; r->method != NULL; r++)
        if (serves(r, method) && matches(r->path, path, &match.name)) {
            match.route = r;
            return match;
        }
    list_methods(&match, path);
    return match;
}

bool route_run(const struct route *route, const struct request *request, struct reply *reply,
               struct error *err)
{
    if (!params_check(request, route->parameters, err))
        return false;
    if (request->name.len > 0 && request->grant != NULL && !grant_has_name(request->grant, request->name))
        return store_no_such_file(request->name,
                                  err); /* as if it were not there: nobody learns whether it is */
    return route->handle(request, reply, err);
}
