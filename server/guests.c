#include "guests.h"

#include <arpa/inet.h>
#include <linux/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "exchange.h"
#include "hex.h"
#include "trace.h"

enum {
    ROUND_MS = 200,
    UNINVITED_S = 2,
    PHASE_BITS = 3,
};

/* Which is a count of phases, too: the keeper sees that a connection moved on and came back. */
static uint64_t next_state(uint64_t state, enum guest_phase phase)
{
    return ((state >> PHASE_BITS) + 1) << PHASE_BITS | phase;
}

static enum guest_phase phase_of(uint64_t state)
{
    return state & ((1 << PHASE_BITS) - 1);
}

/* ---- coming and going ---- */

static void set_address(struct guest *guest, const struct sockaddr *address)
{
    const void *at = NULL;
    if (address->sa_family == AF_INET)
        at = &((const struct sockaddr_in *)(const void *)address)->sin_addr;
    else if (address->sa_family == AF_INET6)
        at = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
    if (at == NULL || inet_ntop(address->sa_family, at, guest->address, sizeof guest->address) == NULL)
        guest->address[0] = '\0';
}

/* With the lock held. */
static bool is_over(const struct guests *g, const struct guest *guest, const struct sockaddr *address)
{
    uint64_t same = 1;
    if (guest->address[0] == '\0' || (g->exempt != NULL && g->exempt(g->arg, address)))
        return false;
    for (const struct guest *other = g->first; other != NULL; other = other->next)
        same += strcmp(other->address, guest->address) == 0;
    return same > g->limits->peer_connections;
}

struct guest *guest_arrive(struct guests *g, int fd, const struct sockaddr *address)
{
    struct guest *guest = malloc(sizeof *guest);
    if (guest == NULL)
        return NULL;
    *guest = (struct guest){.fd = fd, .state = GUEST_IDLE, .seen = GUEST_IDLE, .since = clock_us()};
    set_address(guest, address);
    pthread_mutex_lock(&g->lock);
    guest->uninvited = is_over(g, guest, address);
    guest->next = g->first;
    if (g->first != NULL)
        g->first->previous = guest;
    g->first = guest;
    pthread_mutex_unlock(&g->lock);
    return guest;
}

void guest_leave(struct guests *g, struct guest *guest)
{
    if (guest == NULL)
        return;
    pthread_mutex_lock(&g->lock);
    *(guest->previous == NULL ? &g->first : &guest->previous->next) = guest->next;
    if (guest->next != NULL)
        guest->next->previous = guest->previous;
    pthread_mutex_unlock(&g->lock);
    free(guest);
}

size_t guests_speaking(struct guests *g)
{
    size_t count = 0;
    pthread_mutex_lock(&g->lock);
    for (const struct guest *guest = g->first; guest != NULL; guest = guest->next)
        count += atomic_load(&guest->speaks);
    pthread_mutex_unlock(&g->lock);
    return count;
}

bool guest_enter(struct guest *guest, enum guest_phase phase)
{
    if (guest == NULL)
        return true;
    uint64_t before = atomic_load(&guest->state);
    do {
        if (phase_of(before) == GUEST_CUT)
            return false;
    } while (!atomic_compare_exchange_weak(&guest->state, &before, next_state(before, phase)));
    return true;
}

void guest_name(struct guest *guest, const char *id, const char *base)
{
    if (guest == NULL)
        return;
    snprintf(guest->id, sizeof guest->id, "%s", id);
    snprintf(guest->base, sizeof guest->base, "%s", base);
    atomic_store(&guest->named, true);
}

void guest_forget(struct guest *guest)
{
    if (guest == NULL)
        return;
    atomic_store(&guest->named, false);
    atomic_store(&guest->speaks, false);
}

const char *guest_cut(const struct guest *guest)
{
    return guest == NULL ? NULL : atomic_load(&guest->cut);
}

uint64_t guest_limit(const struct limits *limits, const char *name)
{
    return strcmp(name, "header-time") == 0   ? limits->header_time
           : strcmp(name, "body-time") == 0   ? limits->body_time
           : strcmp(name, "answer-time") == 0 ? limits->answer_time
                                              : limits->idle_time;
}

/* ---- the keeper ---- */

/* What has come from it, or what it has acknowledged. False: the kernel counts no bytes of such a socket. */
static bool count_bytes(const struct guest *guest, enum guest_phase phase, uint64_t *bytes)
{
    struct tcp_info info;
    socklen_t size = sizeof info;
    if (getsockopt(guest->fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0)
        return false;
    *bytes = phase == GUEST_TAKES ? info.tcpi_bytes_acked : info.tcpi_bytes_received;
    return true;
}

/* There is no request yet that has one. */
static void make_id(struct guest *guest)
{
    uint8_t bytes[8];
    if (getrandom(bytes, sizeof bytes, GRND_NONBLOCK) != sizeof bytes)
        memcpy(bytes, &guest->since, sizeof bytes);
    hex_write(bytes, sizeof bytes, guest->id);
}

static void send_408(const struct guests *g, const struct guest *guest, bool named)
{
    char document[PROBLEM_BRIEF], text[2 * PROBLEM_BRIEF];
    const size_t n = problem_brief(ERR_SLOW, named ? guest->base : g->base, guest->id, document);
    const int length = snprintf(text, sizeof text,
                                "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n"
                                "Content-Type: application/problem+json\r\nContent-Length: %zu\r\n"
                                "X-Request-Id: %s\r\n\r\n%s",
                                n, guest->id, document);
    send(guest->fd, text, (size_t)length, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Nobody else writes to it: its thread sleeps, or finds that it is cut. */
static void cut(const struct guests *g, struct guest *guest, const char *limit)
{
    const enum guest_phase phase = phase_of(guest->seen);
    uint64_t state = guest->seen;
    atomic_store(&guest->cut, limit);
    if (!atomic_compare_exchange_strong(&guest->state, &state, GUEST_CUT)) {
        atomic_store(&guest->cut, NULL); /* it moved on */
        return;
    }
    const bool heard = phase == GUEST_BODY || (phase == GUEST_IDLE && guest->talks);
    const bool named = phase == GUEST_BODY && atomic_load(&guest->named);
    if (heard && !named)
        make_id(guest);
    if (heard && g->plain)
        send_408(g, guest, named);
    shutdown(guest->fd, SHUT_RDWR);
    if (!heard || atomic_load(&guest->speaks))
        return;
    log_event(g->log, LOG_WARNING, "limit-%s: no request came from %s in time, id %s", limit, guest->address,
              guest->id);
}

static bool is_longer(const struct guest *guest, uint64_t now, uint64_t seconds)
{
    return (now - guest->since) / 1000000 >= seconds;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void watch_idle(const struct guests *g, struct guest *guest, uint64_t now, uint64_t bytes)
{
    const struct limits *limits = g->limits;
    if (!guest->talks && bytes != guest->bytes) {
        guest->talks = true;
        guest->since = now;
    }
    const char *name = guest->talks ? "header-time" : "idle-time";
    const uint64_t seconds = guest_limit(limits, name);
    if (is_longer(guest, now, guest->uninvited ? least(seconds, UNINVITED_S) : seconds))
        cut(g, guest, name);
}

/* Less than the least rate over the whole of the time. */
static void watch_flow(const struct guests *g, struct guest *guest, uint64_t now, uint64_t bytes,
                       const char *name)
{
    const uint64_t seconds = guest_limit(g->limits, name);
    uint64_t needed;
    if (!is_longer(guest, now, seconds))
        return;
    if (__builtin_mul_overflow(seconds, g->limits->rate, &needed))
        needed = UINT64_MAX;
    if (bytes == guest->bytes || bytes - guest->bytes < needed) {
        cut(g, guest, name);
        return;
    }
    guest->since = now;
    guest->bytes = bytes;
}

static void look_at(const struct guests *g, struct guest *guest, uint64_t now)
{
    const uint64_t state = atomic_load(&guest->state);
    const enum guest_phase phase = phase_of(state);
    uint64_t bytes = 0;
    if (phase == GUEST_SERVED || phase == GUEST_CUT)
        return;
    const bool counted = count_bytes(guest, phase, &bytes);
    if (state != guest->seen) {
        guest->seen = state;
        guest->since = now;
        guest->bytes = bytes;
        guest->talks = false;
    }
    if (phase == GUEST_IDLE)
        watch_idle(g, guest, now, bytes);
    else if (phase == GUEST_TAKES)
        watch_flow(g, guest, now, bytes, "answer-time");
    else if (counted)
        watch_flow(g, guest, now, bytes, "body-time");
}

static void *keep(void *arg)
{
    struct guests *g = arg;
    pthread_mutex_lock(&g->lock);
    while (!g->closing) {
        const struct timespec until = clock_after_ms(ROUND_MS);
        pthread_cond_timedwait(&g->leaving, &g->lock, &until);
        const uint64_t now = clock_us();
        for (struct guest *guest = g->first; guest != NULL; guest = guest->next)
            look_at(g, guest, now);
    }
    pthread_mutex_unlock(&g->lock);
    return NULL;
}

bool guests_open(struct guests *g, const struct limits *limits, const struct log *log, bool plain,
                 struct error *err)
{
    pthread_condattr_t clock;
    *g = (struct guests){
        .limits = limits, .log = log, .base = "", .plain = plain, .lock = PTHREAD_MUTEX_INITIALIZER};
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&g->leaving, &clock);
    pthread_condattr_destroy(&clock);
    g->open = pthread_create(&g->keeper, NULL, keep, g) == 0;
    return g->open || FAIL(err, ERR_INTERNAL, ERROR_NO_OFFSET, "no thread can be started");
}

void guests_close(struct guests *g)
{
    if (!g->open)
        return;
    pthread_mutex_lock(&g->lock);
    g->closing = true;
    pthread_cond_signal(&g->leaving);
    pthread_mutex_unlock(&g->lock);
    pthread_join(g->keeper, NULL);
    pthread_cond_destroy(&g->leaving);
    pthread_mutex_destroy(&g->lock);
    g->open = false;
}
