/*
 * The server with endpoints that do nothing but exercise it: answers of any length, failures at any byte,
 * work that takes its time.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "exchange.h"
#include "number.h"
#include "server.h"

static uint64_t parameter(const struct request *request, const char *name, uint64_t otherwise)
{
    int64_t n;
    for (size_t i = 0; i < request->query_count; i++)
        if (bytes_is(request->query[i].name, name) && number_read_int(request->query[i].value, &n))
            return (uint64_t)n;
    return otherwise;
}

static void pause_ms(uint64_t ms)
{
    const struct timespec t = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
    nanosleep(&t, NULL);
}

/* Byte i of a stream is i % 251. */
struct stream {
    uint64_t at, end, fail_at, pause;
};

static enum step stream_step(struct encoder *e, struct sink *out, struct error *err)
{
    struct stream *s = e->state;
    for (; s->at < s->end; s->at++) {
        if (sink_full(out)) {
            pause_ms(s->pause);
            return STEP_MORE;
        }
        if (s->at == s->fail_at) {
            error_set(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "the stream fails here");
            return STEP_FAIL;
        }
        if (!sink_byte(out, (uint8_t)(s->at % 251), err))
            return STEP_FAIL;
    }
    return STEP_DONE;
}

static const struct codec stream_codec = {.name = "stream", .step = stream_step};

static bool stream(const struct request *request, struct reply *reply, struct error *err)
{
    struct encoder *e = arena_alloc(request->arena, 1, sizeof *e);
    struct stream *s = arena_alloc(request->arena, 1, sizeof *s);
    if (e == NULL || s == NULL)
        return arena_fail(request->arena, err);
    *s = (struct stream){.end = parameter(request, "bytes", 0),
                         .fail_at = parameter(request, "fail", UINT64_MAX),
                         .pause = parameter(request, "pause", 0)};
    *e = (struct encoder){
        .codec = &stream_codec, .limits = request->service->limits, .arena = request->arena, .state = s};
    *reply = (struct reply){.status = 200, .kind = REPLY_ENCODER, .fd = -1, .encoder = e};
    reply->size = parameter(request, "size", 0);
    return reply_header(reply, "Content-Type", "application/octet-stream");
}

static void close_file(void *arg)
{
    close(*(int *)arg);
}

/* A run of a file whose byte i is i % 251. */
static bool file(const struct request *request, struct reply *reply, struct error *err)
{
    int *fd = arena_alloc(request->arena, 1, sizeof *fd);
    if (fd == NULL)
        return arena_fail(request->arena, err);
    *fd = memfd_create("file", MFD_CLOEXEC);
    if (*fd < 0 || !arena_defer(request->arena, close_file, fd))
        return FAIL(err, ERR_IO, ERROR_NO_OFFSET, "no file");
    uint8_t block[251];
    for (size_t i = 0; i < sizeof block; i++)
        block[i] = (uint8_t)i;
    for (size_t i = 0; i < 4000; i++)
        if (write(*fd, block, sizeof block) != (ssize_t)sizeof block)
            return FAIL(err, ERR_IO, ERROR_NO_OFFSET, "no room");
    *reply = (struct reply){.status = 206,
                            .kind = REPLY_FILE,
                            .fd = *fd,
                            .offset = parameter(request, "offset", 0),
                            .size = parameter(request, "size", 1000)};
    return true;
}

/* The body, and in headers how it came. */
static bool echo(const struct request *request, struct reply *reply, struct error *err)
{
    (void)err;
    *reply = (struct reply){.status = 200, .kind = REPLY_BYTES, .fd = -1, .bytes = request->body.bytes};
    reply_header(reply, "X-Kept", request->body.fd >= 0 ? "file" : "memory");
    return reply_header(reply, "Content-Type", "application/octet-stream");
}

/* Takes its time. */
static bool hold(const struct request *request, struct reply *reply, struct error *err)
{
    (void)err;
    pause_ms(parameter(request, "ms", 0));
    *reply = (struct reply){.status = 200, .kind = REPLY_BYTES, .fd = -1, .bytes = bytes_text("held")};
    return true;
}

/* As long as it is not told to stop. */
static bool work(const struct request *request, struct reply *reply, struct error *err)
{
    watch_doing(request->arena->watch, "grinding", "numbers");
    for (uint64_t i = parameter(request, "ms", 0); i > 0; i--) {
        pause_ms(1);
        if (!watch_check(request->arena->watch, err))
            return false;
    }
    *reply = (struct reply){.status = 200, .kind = REPLY_BYTES, .fd = -1, .bytes = bytes_text("done")};
    return true;
}

static bool status(const struct request *request, struct reply *reply, struct error *err)
{
    (void)err;
    *reply =
        (struct reply){.status = (unsigned)parameter(request, "code", 204), .kind = REPLY_EMPTY, .fd = -1};
    return true;
}

/* The name and the value of every parameter, a line each, then the path. */
static bool target(const struct request *request, struct reply *reply, struct error *err)
{
    char *text = arena_printf(request->arena, "%s", "");
    for (size_t i = 0; text != NULL && i < request->query_count; i++)
        text = arena_printf(request->arena, "%s%.*s=%.*s\n", text, (int)request->query[i].name.len,
                            (const char *)request->query[i].name.data, (int)request->query[i].value.len,
                            (const char *)request->query[i].value.data);
    if (text != NULL)
        text = arena_printf(request->arena, "%s%.*s", text, (int)request->name.len,
                            (const char *)request->name.data);
    if (text == NULL)
        return arena_fail(request->arena, err);
    *reply = (struct reply){.status = 200, .kind = REPLY_BYTES, .fd = -1, .bytes = bytes_text(text)};
    return true;
}

static bool healthy(const struct request *request, struct reply *reply, struct error *err)
{
    (void)err;
    struct check checks[CHECKS_MAX];
    const size_t count = request->service->checks(request->service, checks);
    bool ready = true;
    for (size_t i = 0; i < count; i++)
        ready &= checks[i].ok;
    *reply = (struct reply){.status = ready ? 200 : 503, .kind = REPLY_EMPTY, .fd = -1};
    return true;
}

/* How many requests are at work, this one among them. */
static bool active(const struct request *request, struct reply *reply, struct error *err)
{
    struct server *server = (struct server *)(uintptr_t)request->service;
    const char *text = arena_printf(request->arena, "%zu", guests_speaking(&server->guests));
    if (text == NULL)
        return arena_fail(request->arena, err);
    *reply = (struct reply){.status = 200, .kind = REPLY_BYTES, .fd = -1, .bytes = bytes_text(text)};
    return true;
}

/* Whether a file can be read by the server itself: 200 or 403. */
static bool reach(const struct request *request, struct reply *reply, struct error *err)
{
    struct bytes name = bytes_of(NULL, 0);
    for (size_t i = 0; i < request->query_count; i++)
        if (bytes_is(request->query[i].name, "name"))
            name = request->query[i].value;
    const char *path = arena_printf(request->arena, "%.*s", (int)name.len, (const char *)name.data);
    if (path == NULL)
        return arena_fail(request->arena, err);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0)
        close(fd);
    *reply = (struct reply){.status = fd >= 0 ? 200 : 403, .kind = REPLY_EMPTY, .fd = -1};
    return true;
}

const struct route routes[] = {
    {"GET", "/reach", "reach", reach, false, SCOPE_OPEN, NULL, false, NULL},
    {"GET", "/active", "active", active, false, SCOPE_OPEN, NULL, false, NULL},
    {"GET", "/stream", "stream", stream, false, SCOPE_OPEN, NULL, false, NULL},
    {"GET", "/file", "file", file, false, SCOPE_OPEN, NULL, false, NULL},
    {"POST", "/echo", "echo", echo, false, SCOPE_OPEN, NULL, false, NULL},
    {"GET", "/hold", "hold", hold, true, SCOPE_OPEN, NULL, false, NULL},
    {"GET", "/work", "work", work, true, SCOPE_OPEN, NULL, false, NULL},
    {"GET", "/status", "status", status, false, SCOPE_OPEN, NULL, false, NULL},
    {"GET", "/healthz", "health", healthy, false, SCOPE_OPEN, NULL, true, NULL},
    {"GET", "/target/{name}", "target", target, false, SCOPE_OPEN, NULL, false, NULL},
    {0},
};

struct route_match route_find(const char *method, struct bytes path)
{
    struct route_match match = {0};
    const char *served = strcmp(method, "HEAD") == 0 ? "GET" : method;
    for (const struct route *r = routes; r->method != NULL; r++) {
        const char *open = strchr(r->path, '{');
        const size_t prefix = open == NULL ? strlen(r->path) : (size_t)(open - r->path);
        if (path.len < prefix || memcmp(path.data, r->path, prefix) != 0 ||
            (open == NULL && path.len > prefix))
            continue;
        match.name = bytes_of(path.data + prefix, path.len - prefix);
        snprintf(match.allow, sizeof match.allow, "%s, OPTIONS", r->method);
        if (strcmp(r->method, served) == 0)
            match.route = r;
    }
    return match;
}

bool route_run(const struct route *route, const struct request *request, struct reply *reply,
               struct error *err)
{
    return route->handle(request, reply, err);
}
