#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "address.h"
#include "commands.h"
#include "guard.h"
#include "http.h"
#include "log.h"
#include "sandbox.h"
#include "transaction.h"

enum { DRAIN_STEP_MS = 20 };

static bool is_ready(const struct service *service)
{
    const struct server *server = (const struct server *)service;
    return !atomic_load(&server->draining);
}

/* A service is the first member of its server, and the server is not const. */
static bool recall_answer(const struct request *request, const char *etag, struct reply *reply)
{
    struct server *server = (struct server *)(uintptr_t)request->service;
    return recall_find(&server->recall, request, etag, reply);
}

static void server_init(struct server *server, const struct config *config, const struct store *store)
{
    const struct limits *limits = &config->limits;
    *server = (struct server){
        .service = {.limits = limits,
                    .store = store,
                    .hdf5_path = config->hdf5_path,
                    .crew = &server->crew,
                    .version = MANDOLINE_VERSION,
                    .ready = is_ready,
                    .admit = transaction_admit,
                    .gone = transaction_gone,
                    .recall = recall_answer},
        .config = config,
    };
    uint64_t seed = 0;
    if (getrandom(&seed, sizeof seed, 0) != sizeof seed)
        seed = (uint64_t)time(NULL);
    atomic_store(&server->names, seed);
    recall_init(&server->recall);
    arena_pool_init(&server->pool, (size_t)(limits->idle_memory / ARENA_BLOCK));
    admission_init(&server->admission, limits->heavy, limits->queue, limits->request_time);
}

/* A connection needs a descriptor, and its request up to three more. */
static void raise_descriptor_limit(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
}

/* Blocked before any thread starts, so that only the main thread takes them, by waiting. */
static void take_signals(sigset_t *stop)
{
    sigset_t all;
    sigemptyset(stop);
    sigaddset(stop, SIGTERM);
    sigaddset(stop, SIGINT);
    all = *stop;
    sigaddset(&all, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static void tell_event(void *arg, const char *sentence)
{
    (void)arg;
    log_event(STDERR_FILENO, sentence);
}

/* Until it is time to stop. */
static void wait_for_signal(struct server *server, const sigset_t *stop)
{
    sigset_t all = *stop;
    sigaddset(&all, SIGHUP);
    for (;;) {
        const int signal = sigwaitinfo(&all, NULL);
        if (signal == SIGHUP) {
            generations_renew(&server->generations, server->config, tell_event, NULL);
            log_event(STDERR_FILENO, "tokens, keys, certificates and the scan policy were read again");
        } else if (signal > 0 || errno != EINTR) {
            return;
        }
    }
}

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Waits for the open exchanges. False: some are left when the time is over, or another signal came. */
static bool drain(const struct server *server, const sigset_t *stop)
{
    const struct timespec step = {.tv_nsec = DRAIN_STEP_MS * 1000000L};
    const uint64_t start = now_ms();
    while (atomic_load(&server->active) > 0) {
        if (sigtimedwait(stop, NULL, &step) > 0 ||
            (now_ms() - start) / 1000 >= server->service.limits->drain_time)
            return atomic_load(&server->active) == 0;
    }
    return true;
}

static bool start(struct server *server, struct MHD_Daemon **daemon, struct error *err)
{
    struct address address;
    char text[ADDRESS_TEXT_MAX];
    if (!address_parse(server->config->listen, &address, err))
        return false;
    const int listener = address_listen(&address, err);
    if (listener < 0)
        return false;
    if (!guard_check_address(server->config, &address, err)) {
        close(listener);
        return false;
    }
    *daemon = http_start(server, listener, err);
    if (*daemon == NULL) {
        close(listener);
        return false;
    }
    address_text(&address, text);
    fprintf(stderr, "mandoline %s listening on %s://%s\n", MANDOLINE_VERSION,
            server->config->tls_cert[0] == '\0' ? "http" : "https", text);
    guard_warn(server->config);
    const char *weakness = sandbox_weakness();
    if (weakness != NULL)
        fprintf(stderr, "mandoline: %s\n", weakness);
    return true;
}

static void run_until_stopped(struct server *server, struct MHD_Daemon *daemon, const sigset_t *stop)
{
    wait_for_signal(server, stop);
    atomic_store(&server->draining, true);
    http_quiesce(daemon);
    if (!drain(server, stop)) { /* a thread at work cannot be stopped from outside */
        log_event(STDERR_FILENO, "stopped before every exchange was finished");
        _exit(EXIT_SUCCESS);
    }
    http_stop(daemon);
}

static bool serve_from(const struct config *config, const struct store *store, struct error *err)
{
    struct server server;
    struct MHD_Daemon *daemon;
    sigset_t stop;
    server_init(&server, config, store);
    take_signals(&stop);
    raise_descriptor_limit();
    crew_start(&server.crew, crew_cores());
    const bool started = generations_init(&server.generations, config, err) && start(&server, &daemon, err);
    if (started)
        run_until_stopped(&server, daemon, &stop);
    generations_deinit(&server.generations);
    crew_stop(&server.crew);
    admission_deinit(&server.admission);
    recall_deinit(&server.recall);
    arena_pool_deinit(&server.pool);
    return started;
}

int command_serve(const struct arguments *arguments)
{
    const struct config *config = &arguments->config;
    struct error err = {0};
    struct store *store = NULL;
    const bool ok = guard_check(config, &err) &&
                    (config->data[0] == '\0' || store_new(config->data, &store, &err)) &&
                    serve_from(config, store, &err);
    if (!ok)
        fprintf(stderr, "mandoline: %s\n", err.detail);
    if (store != NULL)
        store_free(store);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
