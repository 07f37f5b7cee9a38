#include "transaction.h"

#include <poll.h>
#include <pthread.h>
#include <strings.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "compress.h"
#include "hex.h"
#include "identity.h"
#include "number.h"

enum { SHORT_WORK_US = 10000 };

void seat_deinit(struct seat *seat, struct server *server)
{
    generation_return(&server->generations, seat->generation);
}

bool transaction_init(struct transaction *t, const struct entrance *entrance, struct seat *seat,
                      const char *target)
{
    struct server *server = entrance->server;
    const struct limits *limits = server->service.limits;
    *t = (struct transaction){
        .server = server, .admin = entrance->admin, .principal = "", .started = clock_us()};
    arena_init(&t->arena, limits->memory > SIZE_MAX ? SIZE_MAX : (size_t)limits->memory);
    arena_lend(&t->arena, seat->room, sizeof seat->room);
    t->arena.pool = &server->pool;
    spool_init(&t->body, limits->body_memory, "body", limits->body);
    spool_init(&t->inflated, limits->body_memory, "inflated", limits->inflated);
    t->body.pool = t->inflated.pool = &server->pool;
    t->coded.account = &server->memory;
    t->target_len = strlen(target);
    t->target = (char *)(uintptr_t)arena_copy(&t->arena, bytes_of(target, t->target_len)).data;
    if (t->target == NULL) {
        arena_free(&t->arena);
        return false;
    }
    t->generation = seat->generation = generation_follow(&server->generations, seat->generation);
    t->request = (struct request){.service = &server->service,
                                  .arena = &t->arena,
                                  .id = t->id,
                                  .spare = t->spare,
                                  .policy = t->generation->policy,
                                  .body = input_of_bytes(bytes_of("", 0))};
    return true;
}

void transaction_peer(struct transaction *t, const struct sockaddr *socket)
{
    t->has_address = ip_of_socket(socket, &t->address);
    if (t->has_address)
        ip_text(&t->address, t->remote);
    t->request.origin.remote = t->remote;
}

static void leave_place(struct transaction *t)
{
    if (!t->has_place)
        return;
    const struct stay stay = {.kept = clock_us() - t->admitted,
                              .bytes = t->arena.used + t->pull.sink.capacity + t->pull.next.capacity,
                              .starved = t->error.kind == ERR_MEMORY};
    admission_leave(&t->server->admission, &stay);
    t->has_place = false;
}

void transaction_deinit(struct transaction *t)
{
    struct server *server = t->server;
    pull_deinit(&t->pull); /* first: the crew may be at work on these two */
    ahead_end(&t->ahead, server);
    leave_place(t);
    arena_free(&t->arena);
    spool_deinit(&t->body);
    spool_deinit(&t->inflated);
    sink_deinit(&t->coded);
    account_give(&server->memory, t->held);
}

struct bytes transaction_path(const struct transaction *t)
{
    return t->parsed.path.data != NULL ? t->parsed.path : bytes_of(t->target, t->target_len);
}

uint64_t transaction_age(const struct transaction *t)
{
    return clock_us() - t->started;
}

/* What the caller sent when it is 1 to 128 visible ASCII characters, else the name of our span. */
static void choose_id(struct transaction *t, const char *sent)
{
    size_t n = 0;
    while (sent != NULL && n <= REQUEST_ID_MAX && sent[n] > ' ' && sent[n] < 0x7f)
        n++;
    if (n > 0 && n <= REQUEST_ID_MAX && sent[n] == '\0') {
        memcpy(t->id, sent, n + 1);
        return;
    }
    hex_write(t->trace.span, SPAN_ID, t->id);
}

/*
 * Whether it is certain where the body ends: what somebody before us takes for the next request must not be a
 * part of this one (RFC 9112 section 6.3).
 */
static bool check_framing(struct transaction *t)
{
    const struct request *r = &t->request;
    if (r->header(r->headers, "Content-Length") == NULL && r->header(r->headers, "Transfer-Encoding") == NULL)
        return true;
    const char *length = t->join(r->headers, "Content-Length", &t->arena);
    const char *coding = t->join(r->headers, "Transfer-Encoding", &t->arena);
    const char *wrong =
        length != NULL && coding != NULL   ? "Content-Length and Transfer-Encoding are both there"
        : length == NULL && coding == NULL ? "there is no memory for the headers"
        : coding != NULL && strcasecmp(coding, "chunked") != 0 ? "the Transfer-Encoding is not chunked"
        : length != NULL && strchr(length, ',') != NULL        ? "Content-Length is there twice"
                                                               : NULL;
    t->unframed = wrong != NULL;
    return wrong == NULL || FAIL(&t->error, ERR_ARGUMENT, ERROR_NO_OFFSET, "%s", wrong);
}

/* What can be refused before the body is there. */
static bool check_body_headers(struct transaction *t)
{
    const struct request *r = &t->request;
    const char *length = r->header(r->headers, "Content-Length");
    int64_t bytes;
    if (length != NULL && (!number_read_int(bytes_text(length), &bytes) || (uint64_t)bytes > t->body.limit))
        return FAIL_LIMIT(&t->error, "body", t->body.limit,
                          "a body of %.30s bytes is longer than this server takes", length);
    t->body.expected = length == NULL ? 0 : (uint64_t)bytes;
    t->coding = coding_find(r->header(r->headers, "Content-Encoding"));
    return t->coding != NULL ||
           FAIL(&t->error, ERR_FORMAT, ERROR_NO_OFFSET, "the Content-Encoding is none of %s", CODING_NAMES);
}

static bool is_probe(struct bytes path)
{
    const struct route *route = route_find("GET", path).route;
    return route != NULL && route->probe;
}

static bool find_route(struct transaction *t, const char *method)
{
    t->match = route_find(method, t->request.path);
    t->request.name = t->match.name;
    if (t->admin && !is_probe(t->request.path))
        t->match = (struct route_match){0};
    if (t->match.route != NULL || (t->match.allow[0] != '\0' && strcmp(method, "OPTIONS") == 0))
        return true;
    if (t->match.allow[0] == '\0')
        return FAIL(&t->error, ERR_NOT_FOUND, ERROR_NO_OFFSET, "there is no such endpoint");
    return FAIL(&t->error, ERR_METHOD, ERROR_NO_OFFSET, "this endpoint takes %s", t->match.allow);
}

/* Over the limit of connections, probes and other small things are still answered; over that of one address
 * only probes. */
static bool check_crowd(struct transaction *t)
{
    const struct limits *limits = t->server->service.limits;
    const struct route *route = t->match.route;
    const bool full = !t->admin && atomic_load(&t->server->connections) > limits->connections;
    t->crowded = full || t->uninvited;
    if (route == NULL || !((full && route->heavy) || (t->uninvited && !route->probe)))
        return true;
    t->error.limit = t->uninvited ? "peer-connections" : "connections";
    t->error.limit_value = t->uninvited ? limits->peer_connections : limits->connections;
    return FAIL(&t->error, ERR_BUSY, ERROR_NO_OFFSET, "too many connections are open%s",
                t->uninvited ? " from this address" : "");
}

bool transaction_begin(struct transaction *t, const char *method)
{
    struct request *r = &t->request;
    trace_begin(&t->server->traces, t->traceparent, &t->trace);
    choose_id(t, r->header(r->headers, "X-Request-Id"));
    r->method = method;
    r->origin = (struct origin){.remote = t->remote, .scheme = t->secure ? "https" : "http"};
    gateway_origin(&t->server->gateway, t->has_address ? &t->address : NULL, t->join, r);
    if (!target_parse(t->target, t->target_len, &t->arena, &t->parsed, &t->error))
        return false;
    r->path = gateway_path(&t->server->gateway, t->parsed.path);
    r->query = t->parsed.query;
    r->query_count = t->parsed.query_count;
    return check_framing(t) && find_route(t, method) && (t->admin || identity_check(t)) && check_crowd(t) &&
           check_body_headers(t);
}

bool transaction_receive(struct transaction *t, const void *data, size_t n)
{
    if (n > t->body.expected - t->body.size)
        ahead_end(&t->ahead, t->server); /* more than was said: it may move */
    if (!spool_write(&t->body, data, n, &t->error))
        return false;
    if (coding_is_identity(t->coding))
        ahead_news(&t->ahead, t->server, t->match.route, &t->request, &t->body);
    return true;
}

static bool undo_coding(struct transaction *t, struct error *err)
{
    if (!spool_finish(&t->body, &t->request.body, err))
        return false;
    t->request.body.arrival = ahead_made(&t->ahead, t->server);
    if (coding_is_identity(t->coding) || t->request.body.size == 0)
        return true;
    watch_doing(&t->watch, "inflating the body", NULL);
    return coding_undo(t->coding, t->request.body.bytes, t->server->service.limits, &t->inflated, err) &&
           spool_finish(&t->inflated, &t->request.body, err);
}

static struct transaction *transaction_of(const struct request *request)
{
    return (struct transaction *)(uintptr_t)((const uint8_t *)request -
                                             offsetof(struct transaction, request));
}

bool transaction_admit(const struct request *request, struct error *err)
{
    struct transaction *t = transaction_of(request);
    const char *who = t->principal[0] != '\0' ? t->principal : t->request.origin.remote;
    if (t->has_place)
        return true;
    const uint64_t before = clock_us();
    watch_doing(&t->watch, "waiting for a place", NULL);
    t->has_place = admission_enter(&t->server->admission, who, &t->watch, err);
    t->admitted = clock_us();
    t->wait_us += t->admitted - before;
    watch_doing(&t->watch, "at work", NULL);
    watch_again(&t->watch);
    return t->has_place;
}

/*
 * Asked while work goes on. A thread that has computed for a while goes behind those that answer probes and
 * small requests, for as long as its connection is there: what raised a thread again would be a privilege.
 */
static void step_back(void)
{
    setpriority(PRIO_PROCESS, 0, CREW_NICE); /* 0: this thread, whatever POSIX says */
}

static uint64_t computed_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* One that sends no more counts as gone: a client that only shuts down its half cannot be told from it. */
static bool is_gone(const void *arg)
{
    struct transaction *t = (struct transaction *)(uintptr_t)arg;
    if (pthread_equal(t->thread, pthread_self())) { /* and not one of the crew */
        const uint64_t computed = computed_us();
        if (t->computed == 0)
            t->computed = computed;
        else if (computed - t->computed > SHORT_WORK_US)
            step_back();
    }
    struct pollfd client = {.fd = t->socket, .events = POLLRDHUP};
    return poll(&client, 1, 0) > 0;
}

static void begin_watch(struct transaction *t)
{
    watch_start(&t->watch, t->server->service.limits->request_time, is_gone, t);
    t->watch.operation = t->match.route == NULL ? NULL : t->match.route->operation_id;
    t->thread = pthread_self();
    t->arena.watch = t->inflated.watch = &t->watch;
}

/* A short run of a file becomes bytes, so that it can be kept. A file that was cut meanwhile stays a file. */
static void read_short_run(struct transaction *t)
{
    struct reply *r = &t->reply;
    uint8_t *bytes = arena_take(&t->arena, 1, (size_t)r->size + 1);
    if (bytes == NULL || pread(r->fd, bytes, (size_t)r->size, (off_t)r->offset) != (ssize_t)r->size ||
        !store_state_holds(r->fd, &r->state))
        return;
    r->kind = REPLY_BYTES;
    r->bytes = bytes_of(bytes, (size_t)r->size);
}

/* Keeps the answer for the next who asks the same, where it may be kept and all of it is there. Coded ones
 * have another ETag. */
static void keep_answer(struct transaction *t)
{
    struct reply *r = &t->reply;
    if (!r->keep || r->status != 200)
        return;
    if (r->kind == REPLY_FILE && r->size <= RECALL_BODY_MAX)
        read_short_run(t);
    if (r->kind == REPLY_BYTES)
        recall_put(&t->server->recall, &t->request, r, r->bytes);
    else if (r->kind == REPLY_ENCODER && t->pull.done)
        recall_put(&t->server->recall, &t->request, r, bytes_of(t->pull.sink.data, t->pull.sink.len));
}

/* The handler may wait for a place, too: that is not its work. */
static bool handle(struct transaction *t, struct error *err)
{
    const bool ok = undo_coding(t, err) && route_run(t->match.route, &t->request, &t->reply, err);
    t->decode_us = clock_us() - t->received - t->wait_us;
    return ok;
}

static bool start_encoding(struct transaction *t, struct error *err)
{
    const uint64_t before = t->received + t->wait_us + t->decode_us;
    const bool ok = pull_start(&t->pull, t->reply.encoder, t->request.service->crew, err);
    t->encode_us = clock_us() - before;
    return ok;
}

static bool run(struct transaction *t, struct error *err)
{
    if ((t->match.route->heavy && !transaction_admit(&t->request, err)) || !handle(t, err))
        return false;
    const char *coding;
    if (t->reply.kind == REPLY_ENCODER && !start_encoding(t, err))
        return false;
    if (t->reply.kind != REPLY_BYTES) /* else it came from there */
        keep_answer(t);
    if (!store_state_holds(t->reply.fd, &t->reply.state)) /* what is sent later is looked at again */
        return FAIL(err, ERR_WRITTEN, ERROR_NO_OFFSET, "the file was written while it was read");
    if (!compress_reply(&t->request, t->server->config->compression, &t->reply, &t->pull, &t->coded, &coding,
                        err))
        return false;
    if (coding[0] != '\0')
        keep_answer(t);
    return true;
}

static char *put_text(char *at, const char *text)
{
    const size_t n = strlen(text);
    memcpy(at, text, n);
    return at + n;
}

/* Milliseconds with three digits behind the point. */
static char *put_span(char *at, uint64_t microseconds)
{
    at += number_write_uint(microseconds / 1000, at);
    *at++ = '.';
    for (uint64_t unit = 100; unit > 0; unit /= 10)
        *at++ = (char)('0' + microseconds / unit % 10);
    return at;
}

/* read: the body; wait: for a place; handle: the work up to the first queueful. */
static void tell_timing(struct transaction *t)
{
    const uint64_t now = clock_us();
    char *at = put_span(put_text(t->timing, "read;dur="), t->received - t->started);
    at = put_span(put_text(at, ", wait;dur="), t->wait_us);
    at = put_span(put_text(at, ", handle;dur="), now - t->received - t->wait_us);
    at = put_span(put_text(at, ", total;dur="), now - t->started);
    *at = '\0'; /* four numbers of at most 21 characters fit TIMING_MAX */
}

/* OPTIONS of a path that exists. */
static bool only_options(const struct transaction *t)
{
    return t->match.route == NULL && t->error.kind == ERR_NONE;
}

static void add_common_headers(struct transaction *t)
{
    tell_timing(t);
    reply_header(&t->reply, "X-Request-Id", t->id);
    reply_header(&t->reply, "Server-Timing", t->timing);
    if (t->error.kind == ERR_METHOD || only_options(t))
        reply_header(&t->reply, "Allow", t->match.allow);
    if (t->error.kind == ERR_FORMAT && t->coding == NULL)
        reply_header(&t->reply, "Accept-Encoding", CODING_NAMES);
    identity_challenge(t);
    if (t->crowded || t->unframed || (!t->admin && atomic_load(&t->server->draining)))
        reply_header(&t->reply, "Connection", "close");
    gateway_headers(&t->server->gateway, &t->request, t->match.allow, &t->reply);
}

/* Sinks cannot say whose memory it was that they did not get. */
static void refuse(struct transaction *t)
{
    struct error *err = &t->error;
    const struct account *memory = &t->server->memory;
    if (err->kind == ERR_MEMORY && err->limit == NULL &&
        atomic_load(&memory->used) > memory->most - memory->most / 8) {
        err->limit = "total-memory";
        err->limit_value = memory->most;
    }
    problem_reply(err, &t->request, &t->reply);
}

void transaction_answer(struct transaction *t)
{
    t->received = clock_us();
    ahead_end(&t->ahead, t->server); /* from now on the arena is ours again */
    begin_watch(t);
    if (only_options(t))
        t->reply = (struct reply){.status = 204, .kind = REPLY_EMPTY, .fd = -1};
    else if (t->error.kind != ERR_NONE || !run(t, &t->error))
        refuse(t);
    if (t->reply.kind != REPLY_ENCODER || t->pull.done)
        leave_place(t); /* what is left to do is up to the client */
    else                /* an answer that has begun is not refused any more */
        t->arena.owes = t->pull.sink.owes = t->pull.next.owes = true;
    add_common_headers(t);
}

bool transaction_hold(struct transaction *t, size_t n)
{
    if (account_take(&t->server->memory, n)) {
        t->held += n;
        return true;
    }
    account_fail(&t->server->memory, &t->error);
    problem_reply(&t->error, &t->request, &t->reply);
    add_common_headers(t);
    return false;
}

bool transaction_read(struct transaction *t, void *out, size_t n, size_t *got)
{
    const uint64_t before = clock_us();
    watch_again(&t->watch); /* what was encoded before has been taken */
    const bool ok = pull_read(&t->pull, out, n, got, &t->error);
    t->encode_us += clock_us() - before;
    if (!ok || t->pull.done)
        leave_place(t);
    return ok;
}
