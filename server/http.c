#include "http.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <microhttpd.h>

#include "address.h"
#include "delivery.h"
#include "peer.h"

enum {
    CONNECTION_MEMORY =
        32 << 10, /* headers, and pieces of bodies; the library zeroes all of it for each request */
    THREAD_STACK = 1 << 20,
    CONNECTION_COST = 104 << 10, /* with what is touched of the stack */
    DISCARD_MAX = 64 << 10, /* an unwanted body up to this size is read, so that the connection lives on */
    LINGER_MS = 2000,
    WASTE = 1 << 20,
    ADMIN_PATIENCE_S = 30,
    ACCEPT_MS = 200,
    OWN_DESCRIPTORS = 16, /* of the process itself */
    RESERVE = 64, /* connections over the limit that are told so, and where probes are still answered */
};

static int socket_of(const struct delivery *d)
{
    return MHD_get_connection_info(d->connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

/* What belongs to a connection. Its requests come one after the other, so they need one place. */
struct visit {
    struct guest *guest; /* NULL: the admin listener's */
    struct peer *peer;   /* NULL: no TLS */
    struct seat seat;
    struct delivery delivery;
};

static struct visit *visit_of(struct MHD_Connection *connection)
{
    return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

static bool is_secure(const struct server *server)
{
    return server->config->tls_cert[0] != '\0';
}

/* The library calls this first, with the request line as it was sent. */
static void *on_target(void *cls, const char *target, struct MHD_Connection *connection)
{
    struct visit *visit = visit_of(connection);
    if (visit == NULL || !transaction_init(&visit->delivery.transaction, cls, &visit->seat, target))
        return NULL;
    struct delivery *d = &visit->delivery;
    d->connection = connection;
    d->phase = PHASE_HEADERS;
    d->linger = false;
    d->status = 0;
    d->sent = 0;
    d->guest = visit->guest;
    d->peer = visit->peer;
    d->transaction.socket = socket_of(d);
    if (d->guest != NULL) {
        atomic_store(&d->guest->speaks, true);
        d->transaction.crowded = d->transaction.uninvited = d->guest->uninvited;
    }
    d->transaction.secure = d->peer != NULL;
    if (d->peer != NULL)
        d->transaction.certificate =
            peer_name(d->peer, d->transaction.generation, &d->transaction.certificate_refused);
    d->transaction.request.headers = connection;
    d->transaction.request.header = headers_find;
    d->transaction.join = headers_join;
    transaction_peer(&d->transaction,
                     MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr);
    return d;
}

/* We decode the target ourselves. */
static size_t leave_escaped(void *cls, struct MHD_Connection *connection, char *text)
{
    (void)cls, (void)connection;
    return strlen(text);
}

static enum MHD_Result answer(struct delivery *d)
{
    struct transaction *t = &d->transaction;
    d->phase = PHASE_ANSWERED;
    if (!guest_enter(d->guest, GUEST_SERVED))
        return MHD_NO;
    transaction_answer(t);
    transaction_hold(t, delivery_buffer(d));
    struct MHD_Response *response = delivery_response(d);
    if (response == NULL)
        return MHD_NO;
    for (size_t i = 0; i < t->reply.header_count; i++)
        MHD_add_response_header(response, t->reply.headers[i].name, t->reply.headers[i].value);
    d->status = t->reply.status;
    if (delivery_wants_head_only(d))
        d->sent = 0;
    enum MHD_Result queued = MHD_NO;
    if (guest_enter(d->guest, GUEST_TAKES))
        queued = MHD_queue_response(d->connection, t->reply.status, response);
    MHD_destroy_response(response);
    return queued;
}

/* Past the library, where nothing else is sent any more. */
static bool send_past(const struct delivery *d, const void *data, size_t n, int flags)
{
    if (d->peer != NULL)
        return tls_send(d->peer->session, data, n);
    return send(socket_of(d), data, n, MSG_NOSIGNAL | flags) == (ssize_t)n;
}

/*
 * In the middle of a body the library takes no answer, so it is written past it; the connection ends then.
 * The socket is ours alone here: this is its thread. The answer is small and nothing was sent before it, so
 * it fits the socket's buffer.
 */
static enum MHD_Result answer_in_the_middle(struct delivery *d)
{
    struct transaction *t = &d->transaction;
    if (!guest_enter(d->guest, GUEST_SERVED))
        return MHD_NO;
    transaction_answer(t);
    const struct reply *reply = &t->reply;
    char head[4096];
    int n = snprintf(head, sizeof head, "HTTP/1.1 %u \r\nConnection: close\r\nContent-Length: %zu\r\n",
                     reply->status, reply->bytes.len);
    for (size_t i = 0; i < reply->header_count && n < (int)sizeof head; i++)
        n += snprintf(head + n, sizeof head - (size_t)n, "%s: %s\r\n", reply->headers[i].name,
                      reply->headers[i].value);
    if (n + 2 >= (int)sizeof head)
        return MHD_NO;
    memcpy(head + n, "\r\n", 2);
    if (send_past(d, head, (size_t)n + 2, MSG_MORE) && send_past(d, reply->bytes.data, reply->bytes.len, 0))
        d->sent = reply->bytes.len;
    d->status = reply->status;
    d->linger = true;
    return MHD_NO;
}

/* Whether the rest of the request is not worth reading before the answer. */
static bool must_answer_now(const struct delivery *d)
{
    const char *length = headers_find(d->connection, "Content-Length");
    return headers_find(d->connection, "Transfer-Encoding") != NULL ||
           headers_find(d->connection, "Expect") != NULL ||
           (length != NULL && strtoull(length, NULL, 10) > DISCARD_MAX);
}

static enum MHD_Result on_headers(struct delivery *d, const char *method)
{
    d->transaction.traceparent = headers_only(d->connection, "traceparent");
    if (!guest_enter(d->guest, GUEST_BODY))
        return MHD_NO;
    const bool wanted = transaction_begin(&d->transaction, method);
    guest_name(d->guest, d->transaction.id, d->transaction.request.origin.base);
    if (wanted) {
        d->phase = PHASE_BODY;
        return MHD_YES;
    }
    d->phase = PHASE_DISCARD;
    d->linger = d->transaction.unframed || must_answer_now(d);
    return d->linger ? answer(d) : MHD_YES;
}

/* Called once for the headers, then for each piece of the body, then once more. */
static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data, size_t *size,
                                  void **context)
{
    (void)cls, (void)connection, (void)url, (void)version;
    struct delivery *d = *context;
    if (d == NULL)
        return MHD_NO;
    switch (d->phase) {
    case PHASE_HEADERS:
        return on_headers(d, method);
    case PHASE_BODY:
        if (*size > 0 && !transaction_receive(&d->transaction, data, *size))
            return answer_in_the_middle(d);
        break;
    case PHASE_DISCARD:
        break;
    case PHASE_ANSWERED:
        return MHD_NO;
    }
    const bool more = *size > 0;
    *size = 0;
    return more ? MHD_YES : answer(d);
}

/*
 * Closing a socket with unread bytes resets it, and the client may lose the answer that it has not read yet.
 * So it is told that nothing comes any more, and what it still sends is thrown away for a while.
 */
static void linger(int fd, const struct peer *peer)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    struct timespec start, now;
    if (peer != NULL)
        tls_end(peer->session);
    shutdown(fd, SHUT_WR);
    clock_gettime(CLOCK_MONOTONIC, &start);
    do {
        if (poll(&wait, 1, LINGER_MS) <= 0 || recv(fd, NULL, WASTE, MSG_DONTWAIT | MSG_TRUNC) <= 0)
            return;
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while ((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 < LINGER_MS);
}

/* Whatever happened, this is the end of it. */
static void on_completed(void *cls, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode code)
{
    (void)cls, (void)connection;
    struct delivery *d = *context;
    if (d == NULL)
        return;
    *context = NULL;
    struct peer *peer = d->peer;
    delivery_tell(d, code == MHD_REQUEST_TERMINATED_COMPLETED_OK || (d->linger && d->sent > 0));
    const int fd = d->linger ? socket_of(d) : -1;
    guest_forget(d->guest);
    guest_enter(d->guest, fd >= 0 ? GUEST_SERVED : GUEST_IDLE);
    transaction_deinit(&d->transaction);
    if (fd >= 0)
        linger(fd, peer);
}

/* NULL: no memory: nothing that comes by it is served. */
static struct visit *arrive(const struct entrance *entrance, struct MHD_Connection *connection)
{
    struct server *server = entrance->server;
    struct visit *v = calloc(1, sizeof *v);
    if (entrance->admin)
        return v;
    atomic_fetch_add(&server->connections, 1);
    account_owe(&server->memory, CONNECTION_COST);
    if (v == NULL)
        return NULL;
    v->guest = guest_arrive(
        &server->guests, MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd,
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr);
    if (v->guest == NULL) {
        free(v);
        return NULL;
    }
    if (is_secure(server))
        v->peer = peer_new(
            server, MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION)->tls_session);
    return v;
}

static void leave(const struct entrance *entrance, struct visit *v)
{
    struct server *server = entrance->server;
    if (!entrance->admin) {
        atomic_fetch_sub(&server->connections, 1);
        account_give(&server->memory, CONNECTION_COST);
    }
    if (v == NULL)
        return;
    guest_leave(&server->guests, v->guest);
    peer_free(server, v->peer);
    seat_deinit(&v->seat, server);
    free(v);
}

static void on_connection(void *cls, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        *context = arrive(cls, connection);
    } else {
        leave(cls, *context);
        *context = NULL;
    }
}

/*
 * Without a descriptor the library would try to accept again and again, and requests that are in could open
 * no file: so some are kept for them, and who comes then is closed at once, as over any hard limit.
 */
static uint64_t descriptors_for_connections(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur == RLIM_INFINITY)
        return UINT32_MAX;
    const uint64_t kept = files.rlim_cur / 4 + OWN_DESCRIPTORS;
    return files.rlim_cur > kept ? files.rlim_cur - kept : 1;
}

/* The admin listener is for few: an orchestrator and who collects metrics. */
static unsigned hard_limit(const struct entrance *entrance)
{
    const uint64_t connections = entrance->server->service.limits->connections;
    if (entrance->admin)
        return RESERVE;
    const uint64_t wanted = connections > UINT32_MAX - RESERVE ? UINT32_MAX : connections + RESERVE;
    const uint64_t most = descriptors_for_connections();
    return (unsigned)(wanted < most ? wanted : most);
}

struct MHD_Daemon *http_start(struct entrance *entrance, int listener, struct error *err)
{
    const bool secure = !entrance->admin && is_secure(entrance->server);
    const unsigned flags = MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL |
                           MHD_USE_ITC | (secure ? MHD_USE_TLS : 0U);
    struct MHD_Daemon *daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, on_request, NULL, MHD_OPTION_LISTEN_SOCKET, listener,
        MHD_OPTION_URI_LOG_CALLBACK, on_target, entrance, MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_NOTIFY_CONNECTION, on_connection,
        entrance, MHD_OPTION_CONNECTION_LIMIT, hard_limit(entrance), MHD_OPTION_CONNECTION_TIMEOUT,
        entrance->admin ? ADMIN_PATIENCE_S : 0U, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)CONNECTION_MEMORY, MHD_OPTION_THREAD_STACK_SIZE, (size_t)THREAD_STACK,
        secure ? MHD_OPTION_HTTPS_CERT_CALLBACK : MHD_OPTION_END, tls_retrieve, MHD_OPTION_HTTPS_PRIORITIES,
        TLS_PRIORITIES, MHD_OPTION_END);
    if (daemon == NULL)
        error_set(err, ERR_INTERNAL, ERROR_NO_OFFSET, "the HTTP server cannot be started");
    return daemon;
}

/*
 * Clients that the kernel has let in already would be cut when the socket is closed: the library is given the
 * time to take them. It must do so itself: MHD_add_connection() beside it at the limit of connections would
 * lock up its thread (0.9.75).
 */
static void wait_for_those_who_wait(struct MHD_Daemon *daemon)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_LISTEN_FD);
    const struct timespec step = {.tv_nsec = 1000000};
    if (info == NULL)
        return;
    struct pollfd listener = {.fd = info->listen_fd, .events = POLLIN};
    for (int i = 0; i < ACCEPT_MS && poll(&listener, 1, 0) > 0; i++)
        nanosleep(&step, NULL);
}

void http_quiesce(struct MHD_Daemon *daemon, bool shared)
{
    if (!shared)
        wait_for_those_who_wait(daemon);
    const int listener = MHD_quiesce_daemon(daemon);
    if (listener >= 0)
        close(listener);
}

void http_stop(struct MHD_Daemon *daemon)
{
    MHD_stop_daemon(daemon);
}
