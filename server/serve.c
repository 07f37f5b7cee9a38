#include <signal.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "address.h"
#include "commands.h"
#include "compress.h"
#include "confinement.h"
#include "guard.h"
#include "http.h"
#include "log.h"
#include "memory.h"
#include "ready.h"
#include "sandbox.h"
#include "signals.h"
#include "span.h"
#include "systemd.h"
#include "transaction.h"

enum { IDLE_MS = 3600000, DRAIN_STEP_MS = 20, SETTINGS_MEMORY = 1 << 20 };

/* A service is the first member of its server, and the server is not const. */
static bool recall_answer(const struct request *request, const char *etag, struct reply *reply)
{
    struct server *server = (struct server *)(uintptr_t)request->service;
    const char *accepts = request->header(request->headers, "Accept-Encoding");
    const char *coding = compress_choose(accepts, server->config->compression > 0);
    if (coding != COMPRESS_REFUSED && strcmp(coding, "identity") != 0) {
        const char *tag = compress_tag(request->arena, etag, coding);
        if (tag != NULL && recall_find(&server->recall, request, tag, reply))
            return true;
    }
    if (!recall_find(&server->recall, request, etag, reply))
        return false;
    reply->keep = true; /* it may be coded now */
    return true;
}

static bool server_init(struct server *server, const struct config *config, const struct store *store,
                        struct error *err)
{
    const struct limits *limits = &config->limits;
    *server = (struct server){
        .service = {.limits = limits,
                    .store = store,
                    .hdf5_path = config->hdf5_path,
                    .crew = &server->crew,
                    .version = MANDOLINE_VERSION,
                    .cache_control = config->cache_control,
                    .checks = ready_checks,
                    .started = ready_was,
                    .metrics = metrics_write,
                    .admit = transaction_admit,
                    .recall = recall_answer},
        .config = config,
        .log = {.fd = STDERR_FILENO, .level = config->log, .format = config->log_format},
        .metrics = metrics_new(),
        .start_time = (double)time(NULL),
        .main = {.server = server},
        .admin = {.server = server, .admin = true},
    };
    if (server->metrics == NULL)
        return FAIL(err, ERR_MEMORY, ERROR_NO_OFFSET, "there is no memory to begin with");
    uint64_t seeds[3] = {0};
    if (getrandom(seeds, sizeof seeds, 0) != sizeof seeds)
        seeds[0] = (uint64_t)time(NULL);
    trace_source_init(&server->traces, seeds);
    recall_init(&server->recall);
    server->memory.most = memory_budget(limits);
    sandbox_charge(&server->memory);
    const size_t block = memory_block(server->memory.most);
    arena_pool_init(&server->pool, (size_t)(limits->idle_memory / block), block, &server->memory);
    admission_init(&server->admission, limits->heavy, limits->queue, limits->queue_time, &server->pool);
    return true;
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

static void tell_event(void *arg, const char *sentence)
{
    const struct server *server = arg;
    log_event(&server->log, LOG_ERROR, "%s", sentence);
}

/* Whoever waits for the end of it is told. */
static void reload(struct server *server)
{
    notify(NOTICE_RELOADING);
    const bool ok = generations_renew(&server->generations, server->config, tell_event, server);
    atomic_fetch_add(ok ? &server->reloads : &server->failed_reloads, 1);
    log_event(&server->log, ok ? LOG_INFO : LOG_WARNING,
              ok ? "tokens, keys, certificates and the scan policy were read again"
                 : "not all files could be read again: what these said before stays");
    notify(NOTICE_READY);
}

static void wait_for_end(struct server *server, struct signals *signals)
{
    int signal_number;
    while (!signal_ends(signal_number = signals_next(signals, IDLE_MS)))
        if (signal_number == SIGHUP)
            reload(server);
}

/* Readiness has ended, and those who balance load take note of it. Another signal is impatience. */
static void wait_for_gateways(const struct server *server, struct signals *signals)
{
    const uint64_t end = signals_now_ms() + server->config->drain_delay * 1000;
    for (uint64_t now = signals_now_ms(); now < end; now = signals_now_ms())
        if (signal_ends(signals_next(signals, end - now)))
            return;
}

/* Waits for the open exchanges. False: some are left when the time is over, or another signal came. */
static bool drain(struct server *server, struct signals *signals)
{
    const uint64_t start = signals_now_ms();
    while (guests_speaking(&server->guests) > 0) {
        if (signal_ends(signals_next(signals, DRAIN_STEP_MS)) ||
            (signals_now_ms() - start) / 1000 >= server->service.limits->drain_time)
            return guests_speaking(&server->guests) == 0;
    }
    return true;
}

/* A listening socket and who serves it. */
struct door {
    struct MHD_Daemon *daemon; /* NULL: there is none */
    bool shared;               /* the socket is systemd's, too */
};

static void say_where(const struct server *server, int fd, bool admin)
{
    const char *what = admin ? "for probes and metrics, " : "mandoline " MANDOLINE_VERSION " ";
    const bool secure = !admin && server->config->tls_cert[0] != '\0';
    struct address address;
    char text[ADDRESS_TEXT_MAX];
    if (!address_of(fd, &address))
        return;
    address_text(&address, text);
    log_event(&server->log, LOG_INFO, "%slistening on %s://%s", what, secure ? "https" : "http", text);
}

/* given: a socket that listens already, or -1. */
static bool open_door(struct server *server, struct entrance *entrance, const char *where, int given,
                      struct door *out, struct error *err)
{
    struct address address;
    if (given < 0 && !address_parse(where, &address, err))
        return false;
    const int fd = given >= 0 ? given : address_listen(&address, err);
    if (fd < 0)
        return false;
    out->shared = given >= 0;
    if (given >= 0 && !entrance->admin &&
        !(address_of(fd, &address) && guard_check_address(server->config, &address, err))) {
        close(fd);
        return false;
    }
    out->daemon = http_start(entrance, fd, err);
    if (out->daemon == NULL) {
        close(fd);
        return false;
    }
    say_where(server, fd, entrance->admin);
    return true;
}

struct doors {
    struct door main, admin;
};

static void close_doors(const struct doors *doors)
{
    if (doors->main.daemon != NULL)
        http_stop(doors->main.daemon);
    if (doors->admin.daemon != NULL)
        http_stop(doors->admin.daemon);
}

/* Proxies have the connections of many. */
static bool is_proxy(const void *arg, const struct sockaddr *address)
{
    const struct gateway *gateway = arg;
    struct ip ip;
    return ip_of_socket(address, &ip) && networks_hold(&gateway->trusted, &ip);
}

static bool open_doors(struct server *server, const struct activation *given, struct doors *doors,
                       const struct confinement *confinement, struct error *err)
{
    const struct config *config = server->config;
    const bool admin = config->admin_listen[0] != '\0' || given->admin >= 0;
    *doors = (struct doors){0};
    if (!guests_open(&server->guests, server->service.limits, &server->log, config->tls_cert[0] == '\0', err))
        return false;
    server->guests.base = server->gateway.base;
    server->guests.exempt = is_proxy;
    server->guests.arg = &server->gateway;
    if (!open_door(server, &server->main, config->listen, given->main, &doors->main, err))
        return false;
    if (admin && !open_door(server, &server->admin, config->admin_listen, given->admin, &doors->admin, err)) {
        close_doors(doors);
        return false;
    }
    guard_warn(config, &server->log);
    confinement_report(confinement, &server->log);
    notify(NOTICE_READY);
    return true;
}

/* Probes are answered to the end. */
static void run_until_stopped(struct server *server, const struct doors *doors, struct signals *signals)
{
    wait_for_end(server, signals);
    if (sandbox_supervisor_lost())
        log_event(&server->log, LOG_ERROR,
                  "the supervisor of the workers ended: no HDF5 file can be read any more");
    atomic_store(&server->draining, true);
    notify(NOTICE_STOPPING);
    log_event(&server->log, LOG_INFO, "stopping: not ready any more");
    wait_for_gateways(server, signals);
    http_quiesce(doors->main.daemon, doors->main.shared);
    if (!drain(server, signals)) { /* a thread at work cannot be stopped from outside */
        log_event(&server->log, LOG_WARNING, "stopped before every exchange was finished");
        span_flush(server);
        _exit(sandbox_supervisor_lost() ? EXIT_FAILURE : EXIT_SUCCESS);
    }
    close_doors(doors);
}

static bool serve_from(const struct config *config, const struct store *store, struct arena *arena,
                       struct error *err)
{
    struct server server;
    struct activation given;
    struct signals signals;
    struct doors doors;
    struct confinement confinement;
    struct exporter_settings spans;
    if (!activation_take(&given, err))
        return false;
    if (!exporter_settings_read(MANDOLINE_VERSION, arena, &spans, err) ||
        !server_init(&server, config, store, err))
        return false;
    signals_take(&signals);
    raise_descriptor_limit();
    /* Files that cannot be read again, as pipes, are read while all rights are there. From the confinement on
     * there are threads, and nothing is done with rights that were given up. */
    const bool confined = generations_init(&server.generations, config, err) &&
                          confinement_start(&confinement, config, &server.log, err);
    if (confined)
        crew_start(&server.crew, crew_cores());
    const bool started = confined && gateway_init(&server.gateway, config, err) &&
                         span_start(&server, &spans, err) &&
                         open_doors(&server, &given, &doors, &confinement, err);
    if (started)
        run_until_stopped(&server, &doors, &signals);
    span_stop(&server);
    guests_close(&server.guests);
    generations_deinit(&server.generations);
    if (confined)
        crew_stop(&server.crew);
    admission_deinit(&server.admission);
    recall_deinit(&server.recall);
    sandbox_charge(NULL);
    arena_pool_deinit(&server.pool);
    metrics_free(server.metrics);
    return started;
}

int command_serve(const struct arguments *arguments)
{
    const struct config *config = &arguments->config;
    const struct log log = {.fd = STDERR_FILENO, .format = config->log_format};
    struct error err = {0};
    struct store *store = NULL;
    struct arena arena;
    arena_init(&arena, SETTINGS_MEMORY);
    const bool ok = guard_check(config, &err) &&
                    (config->data[0] == '\0' || store_new(config->data, &store, &err)) &&
                    serve_from(config, store, &arena, &err);
    if (!ok)
        log_event(&log, LOG_ERROR, "%s", err.detail);
    if (store != NULL)
        store_free(store);
    arena_free(&arena);
    return ok && !sandbox_supervisor_lost() ? EXIT_SUCCESS : EXIT_FAILURE;
}
