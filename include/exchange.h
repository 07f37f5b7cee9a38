/* One request and its answer, as handlers see them: no word of the HTTP library. */
#ifndef MANDOLINE_EXCHANGE_H
#define MANDOLINE_EXCHANGE_H

#include "arrival.h"
#include "grant.h"
#include "limits.h"
#include "origin.h"
#include "store.h"

struct param {
    struct bytes name, value; /* percent-decoded UTF-8 */
};

struct policy;
struct request;
struct reply;

/* One thing that must hold for requests to be welcome. */
struct check {
    const char *name;
    const char *reason; /* why it does not hold, where it doesn't */
    bool ok;
};
enum { CHECKS_MAX = 8 };

/* What all exchanges share; lives as long as the process. */
struct service {
    const struct limits *limits;
    const struct store *store; /* NULL: no --data */
    enum hdf5_path hdf5_path;
    struct crew *crew; /* NULL: nobody helps */
    const char *version;
    const char *cache_control; /* of answers about stored files */
    /* Fills out, and says how many; what comes first is told first. NULL: nothing has to hold. */
    size_t (*checks)(const struct service *s, struct check out[CHECKS_MAX]);
    /* Whether it was ready once. NULL: it was. */
    bool (*started)(const struct service *s);
    /* Appends what is counted, as Prometheus reads it. NULL: nothing is. */
    bool (*metrics)(const struct service *s, struct sink *out, struct error *err);
    /*
     * Waits for a place for heavy work, which the exchange keeps until its answer is encoded; a second call
     * finds it there. NULL: there is no such limit.
     */
    bool (*admit)(const struct request *request, struct error *err);
    /* The answer that the same path and query had with this strong ETag, if it was kept. NULL: none are. */
    bool (*recall)(const struct request *request, const char *etag, struct reply *reply);
};

struct request {
    const struct service *service;
    struct arena *arena;         /* of this exchange */
    const char *id;              /* the request id */
    char *spare;                 /* PROBLEM_BRIEF bytes for when there is no memory; NULL: none */
    const struct policy *policy; /* of scans (scanner.h); NULL: what is built in */
    const struct grant *grant;   /* of who is asking; NULL: everything */
    const char *method;
    struct bytes path; /* percent-decoded, as sent, without the base path */
    struct bytes name; /* what {name} of the route matched, percent-decoded; may have '/' */
    const struct param *query;
    size_t query_count;
    const void *headers;                                          /* the server's */
    const char *(*header)(const void *headers, const char *name); /* NULL: not sent */
    struct input body;                                            /* decoded (Content-Encoding undone) */
    struct origin origin;
};

enum reply_kind {
    REPLY_EMPTY,   /* no body: 204, 304 */
    REPLY_BYTES,   /* in the arena, or static */
    REPLY_FILE,    /* a run of a file, by descriptor */
    REPLY_ENCODER, /* pulled by the socket */
};

enum { REPLY_HEADERS_MAX = 24 };

struct reply {
    unsigned status;
    enum reply_kind kind;
    struct bytes bytes;
    int fd;          /* REPLY_FILE: stays open until the exchange ends */
    uint64_t offset; /* REPLY_FILE */
    struct store_state
        state; /* REPLY_FILE of a stored file: it is sent while it is as it was when it was opened */
    uint64_t
        size; /* REPLY_FILE: bytes of the run; REPLY_ENCODER: the exact length where it is known, else 0 */
    struct encoder *encoder;
    bool keep; /* it depends on path, query and its ETag alone: it may be recalled */
    struct {
        const char *name, *value; /* static, or in the arena */
    } headers[REPLY_HEADERS_MAX];
    size_t header_count;
};

/* Fills *reply; on failure the server answers with the problem document of *err. */
typedef bool handler_fn(const struct request *request, struct reply *reply, struct error *err);

/*
 * request->body is the beginning of one that is on its way: what it will be decoded as, in out->codec and
 * ->options. False: that cannot be told, or the codec wants whole documents.
 */
typedef bool ahead_fn(const struct request *request, struct arrival *out);

/* NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): rows read better in this order */
struct route {
    const char *method;       /* GET serves HEAD too */
    const char *path;         /* "/v1/tree/{name}": {name} matches the rest, at least one character */
    const char *operation_id; /* in openapi.yaml */
    handler_fn *handle;
    bool heavy;                    /* waits for admission */
    enum scope scope;              /* what the grant must have */
    const char *const *parameters; /* query parameters that are known, NULL at the end; others are a 400, and
                                      so is a second one of the same name, unless a '*' follows it here */
    bool probe;                    /* on the admin listener too, and not in the log */
    ahead_fn *ahead;               /* or NULL: nothing is decoded before all is there */
};

/* All endpoints; ends with a row without method. */
extern const struct route routes[];

/* How a path and a method met the table. */
struct route_match {
    const struct route *route; /* NULL: 404, or 405 when allow is not empty */
    struct bytes name;
    char allow[64]; /* without a route: the methods of this path, "GET, HEAD, OPTIONS", or "" */
};

/* path is percent-decoded. */
struct route_match route_find(const char *method, struct bytes path);

/* Checks the query against route->parameters and {name} against the grant, then calls the handler. *reply is
 * zeroed. */
bool route_run(const struct route *route, const struct request *request, struct reply *reply,
               struct error *err);

/*
 * The problem document (RFC 9457) of an error: status, headers and JSON body. Always succeeds: when there is
 * no memory it is a constant. What *reply said before is forgotten.
 */
void problem_reply(const struct error *err, const struct request *request, struct reply *reply);

/* A path of ours ("/v1/files") as the client of this request can follow it: path itself, or in the arena.
 * NULL: no memory. */
const char *link_to(const struct request *request, const char *path);

enum { PROBLEM_BRIEF = 1024 };

/*
 * The document of that kind with what is the same for all of its kind, base and id alone, for when there is
 * no memory or no request yet. Longer bases and ids than the server takes are left out. Returns its length.
 */
size_t problem_brief(enum error_kind kind, const char *base, const char *id, char out[PROBLEM_BRIEF]);

/* The HTTP status of an error kind. */
unsigned problem_status(enum error_kind kind);

/* Its type is "/problems/" and this. */
const char *problem_slug(enum error_kind kind);

/* False: there are too many. */
bool reply_header(struct reply *reply, const char *name, const char *value);

#endif
