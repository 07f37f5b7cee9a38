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
#include "confinement.h"
#include "http.h"
#include "log.h"
#include "sandbox.h"
#include "scanner.h"
#include "transaction.h"

enum { DRAIN_STEP_MS = 20, POLICY_MEMORY = 16 << 20 };

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

static void server_init(struct server *server, const struct config *config, const struct store *store,
                        const struct policy *policy)
{
    const struct limits *limits = &config->limits;
    *server = (struct server){
        .service = {.limits = limits,
                    .store = store,
                    .hdf5_path = config->hdf5_path,
                    .crew = &server->crew,
                    .version = MANDOLINE_VERSION,
                    .policy = policy,
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

/* Blocked before any thread starts, so that only the main thread takes them, by waiting. Our one child is the
 * supervisor of the workers: when it ends, so do we. */
static void take_signals(sigset_t *stop)
{
    const struct sigaction ends = {.sa_handler = SIG_DFL, .sa_flags = SA_NOCLDSTOP};
    sigaction(SIGCHLD, &ends, NULL);
    sigemptyset(stop);
    sigaddset(stop, SIGTERM);
    sigaddset(stop, SIGINT);
    sigaddset(stop, SIGCHLD);
    pthread_sigmask(SIG_BLOCK, stop, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
}

static void wait_for_signal(const sigset_t *stop)
{
    while (sigwaitinfo(stop, NULL) < 0 && errno == EINTR)
        ;
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

static bool start(struct server *server, struct MHD_Daemon **daemon, const struct confinement *confinement,
                  struct error *err)
{
    struct address address;
    char text[ADDRESS_TEXT_MAX];
    if (!address_parse(server->config->listen, &address, err))
        return false;
    const int listener = address_listen(&address, err);
    if (listener < 0)
        return false;
    *daemon = http_start(server, listener, err);
    if (*daemon == NULL) {
        close(listener);
        return false;
    }
    address_text(&address, text);
    fprintf(stderr, "mandoline %s listening on http://%s\n", MANDOLINE_VERSION, text);
    confinement_report(confinement, STDERR_FILENO);
    return true;
}

static void run_until_stopped(struct server *server, struct MHD_Daemon *daemon, const sigset_t *stop)
{
    wait_for_signal(stop);
    if (sandbox_supervisor_lost())
        log_event(STDERR_FILENO, "the supervisor of the workers ended: no HDF5 file can be read any more");
    atomic_store(&server->draining, true);
    http_quiesce(daemon);
    if (!drain(server, stop)) { /* a thread at work cannot be stopped from outside */
        log_event(STDERR_FILENO, "stopped before every exchange was finished");
        _exit(sandbox_supervisor_lost() ? EXIT_FAILURE : EXIT_SUCCESS);
    }
    http_stop(daemon);
}

static bool serve_from(const struct config *config, const struct store *store, const struct policy *policy,
                       struct error *err)
{
    struct server server;
    struct MHD_Daemon *daemon;
    struct confinement confinement;
    sigset_t stop;
    server_init(&server, config, store, policy);
    take_signals(&stop);
    raise_descriptor_limit();
    /* From here on there are threads, and nothing is done with rights that were given up. */
    const bool confined = confinement_start(&confinement, config, err);
    if (confined)
        crew_start(&server.crew, crew_cores());
    const bool started = confined && start(&server, &daemon, &confinement, err);
    if (started)
        run_until_stopped(&server, daemon, &stop);
    if (confined)
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
    const struct policy *policy;
    struct arena arena;
    arena_init(&arena, POLICY_MEMORY);
    const bool ok = policy_open(config->scan_policy, &arena, &policy, &err) &&
                    (config->data[0] == '\0' || store_new(config->data, &store, &err)) &&
                    serve_from(config, store, policy, &err);
    if (!ok)
        fprintf(stderr, "mandoline: %s\n", err.detail);
    if (store != NULL)
        store_free(store);
    arena_free(&arena);
    return ok && !sandbox_supervisor_lost() ? EXIT_SUCCESS : EXIT_FAILURE;
}
