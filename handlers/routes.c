#include "routes.h"

#include <stdio.h>

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
    {"POST", "/v1/convert", "convert", convert, true, converting},
    {"POST", "/v1/inspect", "inspect", inspect, true, inspecting},
    {"POST", "/v1/disassemble", "disassemble", disassemble, true, disassembling},
    {"POST", "/v1/scan", "scan", scan, true, pretty},
    {"GET", "/v1/files", "listFiles", list_files, false, listing},
    {"GET", "/v1/files/{name}", "getFile", get_file, false, none},
    {"GET", "/v1/tree/{name}", "getTree", get_tree, true, structure},
    {"GET", "/v1/meta/{name}", "getMeta", get_meta, false, one_object},
    {"GET", "/v1/attrs/{name}", "getAttributes", get_attrs, false, attributes},
    {"GET", "/v1/data/{name}", "getData", get_data, false, data},
    {"POST", "/v1/data/{name}", "pickData", post_data, true, picking},
    {"GET", "/v1/stats/{name}", "getStatistics", get_stats, false, statistics},
    {"GET", "/v1/preview/{name}", "getPreview", get_preview, false, previewing},
    {"POST", "/v1/query/{name}", "query", post_query, true, querying},
    {"GET", "/v1/formats", "listFormats", list_formats, false, pretty},
    {"GET", "/", "welcome", welcome, false, page},
    {"GET", "/docs", "docs", docs, false, none},
    {"GET", "/docs/{file}", "getDocsFile", docs_file, false, none},
    {"GET", "/problems", "listProblems", list_problems, false, page},
    {"GET", "/problems/{type}", "getProblem", get_problem, false, page},
    {"GET", "/healthz", "health", health, false, none},
    {"GET", "/readyz", "ready", ready, false, none},
    {"GET", "/openapi.json", "openapi", openapi, false, none},
    {0},
};

/* Whether pattern has this path; *name is what its {name} stands for. */
static bool matches(const char *pattern, struct bytes path, struct bytes *name)
{
    const char *open = strchr(pattern, '{');
    *name = bytes_of(NULL, 0);
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

struct route_match route_find(const char *method, struct bytes path)
{
    struct route_match match = {0};
    struct bytes name;
    for (const struct route *r = routes; r->method != NULL; r++) {
        if (!matches(r->path, path, &name))
            continue;
        allow(&match, r->method);
        match.name = name;
        if (serves(r, method))
            match.route = r;
    }
    if (match.allow[0] != '\0')
        allow(&match, "OPTIONS");
    return match;
}

bool route_run(const struct route *route, const struct request *request, struct reply *reply,
               struct error *err)
{
    return params_check(request, route->parameters, err) && route->handle(request, reply, err);
}
