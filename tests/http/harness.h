/* A server on a free port with a folder of its own, and clients that talk to it. */
#ifndef MANDOLINE_TEST_HARNESS_H
#define MANDOLINE_TEST_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
/* cmocka needs those above */
#include <cmocka.h>

#include "bytes.h"

enum { HEADERS_MAX = 8, FOLDER_MAX = 64, HEAD_MAX = 8192 };

struct server_process {
    pid_t pid;
    uint16_t port;
    bool secure;             /* it speaks TLS */
    char folder[FOLDER_MAX]; /* private; the server's log is "log" in it, its data "data" */
};

/* arguments: what follows "serve --listen 127.0.0.1:0 --data FOLDER/data"; NULL at the end, or NULL. */
void server_start(struct server_process *s, const char *program, const char *const *arguments);
/* SIGTERM; the server must exit with 0 (so a sanitizer's report fails the test). Removes the folder. */
void server_stop(struct server_process *s);
/* Waits for the exit of a server that was sent a signal. Removes the folder. */
void server_wait(struct server_process *s);
/* What it has logged, once text is in it (the line of an exchange may come after its answer). free() it. */
char *server_log(const struct server_process *s, const char *text);
/* A file of the data folder. */
void server_put_file(const struct server_process *s, const char *name, struct bytes content);

/* For cmocka's setup and teardown: *state is a struct server_process. */
int start_mandoline(void **state);
int start_mechanics(void **state);
int stop_server(void **state);

struct call {
    const char *method; /* NULL: GET */
    const char *path;   /* with the query, sent as it is */
    struct bytes body;  /* sent when data is not NULL */
    bool chunked;       /* without Content-Length */
    const char *from;   /* the client's address, NULL: 127.0.0.1 */
    long http;          /* CURL_HTTP_VERSION_..., 0: 1.1 */
    const char *headers[HEADERS_MAX];
    const char *authority;         /* of a secure server, a file */
    const char *certificate, *key; /* of the client, files */
    long tls;                      /* CURL_SSLVERSION_..., as the only one */
};

struct answer {
    long status;
    char head[HEAD_MAX]; /* status line and headers */
    uint8_t *body;       /* with a NUL behind it */
    size_t len, room;
    bool cut;      /* the connection ended before the answer did */
    long connects; /* new connections that this call needed */
};

/* A client with its connection. */
struct client;
struct client *client_new(const struct server_process *s);
void client_free(struct client *c);
void client_call(struct client *c, const struct call *call, struct answer *out);

/* One call with a connection of its own. */
void http(const struct server_process *s, const struct call *call, struct answer *out);
void answer_free(struct answer *a);

/* The value of a header, in a buffer of the answer's head; NULL: not there. Copies into out. */
const char *answer_header(const struct answer *a, const char *name, char out[256]);
/* A member of the problem document, as text: strings without quotes. "" when it is not there. */
const char *answer_problem(const struct answer *a, const char *member, char out[256]);
/* The answer is a problem document with that status and type ("/problems/" + slug). */
void assert_problem(const struct answer *a, long status, const char *slug);

/* For what libcurl would not do. */
int raw_connect(const struct server_process *s);
/* From another loopback address, and with a receive buffer of that size where it is not 0. */
int raw_connect_from(const struct server_process *s, const char *address, int buffer);
void raw_send(int fd, const char *text);
/* Until the server closes; closes fd. free() it. */
char *raw_read(int fd);

/* A run of a program to its end: exit status, and what it wrote (at most size - 1 bytes each). */
int run_program(const char *const *argv, const char *input, char *out, char *err, size_t size);

#endif
