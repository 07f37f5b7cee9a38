/* Why something failed, for the client: kinds know nothing of HTTP. */
#ifndef MANDOLINE_ERROR_H
#define MANDOLINE_ERROR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum error_kind {
    ERR_NONE,
    ERR_SYNTAX,          /* the input does not follow its format */
    ERR_ARGUMENT,        /* a parameter of the request is wrong */
    ERR_UNSUPPORTED,     /* well-formed, and nobody here can read it */
    ERR_UNREPRESENTABLE, /* the target format cannot hold this value */
    ERR_NOT_FOUND,       /* no such file, or nothing at that path */
    ERR_FORMAT,          /* the format of the input is not known or not given */
    ERR_NOT_ACCEPTABLE,  /* none of the formats asked for can be written */
    ERR_LIMIT,           /* a limit of this server was reached: see error.limit */
    ERR_UNAUTHORIZED,    /* who is asking is not known, and must be */
    ERR_FORBIDDEN,       /* who is asking may not do this */
    ERR_METHOD,          /* the endpoint exists and does not do this */
    ERR_PRECONDITION,    /* If-Match or If-Unmodified-Since does not hold */
    ERR_RANGE,           /* no byte of the range asked for exists */
    ERR_BUSY,            /* come back later */
    ERR_DIED,            /* the process that worked on the document ended, and another took its place */
    ERR_WRITTEN,         /* somebody else writes the file just now */
    ERR_COSTLY,          /* the document takes more than a limit allows: see error.limit */
    ERR_SLOW,            /* the client took too long over its part: see error.limit */
    ERR_TIME,            /* the request took longer than it may: see error.limit */
    ERR_GONE,            /* nobody waits for the answer any more */
    ERR_FULL,            /* there is no room to keep what was sent */
    ERR_IO,              /* reading or writing failed */
    ERR_MEMORY,          /* the machine has no memory left */
    ERR_INTERNAL,        /* our mistake */
    ERR_KIND_COUNT
};

#define ERROR_NO_OFFSET SIZE_MAX

struct error {
    enum error_kind kind;
    size_t offset;        /* byte of the input, or ERROR_NO_OFFSET */
    const char *limit;    /* where one was reached: its name, a string constant (a row of limits.h) */
    uint64_t limit_value; /* with limit: what it is set to */
    unsigned retry_s;     /* of a 429 or 503: seconds after which it is worth another try; 0: one */
    char pointer[128];    /* place in the value as a JSON Pointer (RFC 6901), or "" */
    char detail[240];     /* one sentence for the client: never a pointer, a server path or a secret */
};

/* Fills *err; the first error wins: a kind that is already set is kept. */
void error_set(struct error *err, enum error_kind kind, size_t offset, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* As error_set with ERR_LIMIT; limit is a string constant. */
void error_set_limit(struct error *err, const char *limit, uint64_t value, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The place in the value, where it is known later than the error. The first place wins. */
void error_set_pointer(struct error *err, const char *pointer);

/* Fills *err and is false. */
#define FAIL(...)       (error_set(__VA_ARGS__), false)
#define FAIL_LIMIT(...) (error_set_limit(__VA_ARGS__), false)

#endif
