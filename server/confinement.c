#include "confinement.h"

#include <stdlib.h>
#include <unistd.h>

#include "log.h"
#include "sandbox.h"

enum { PLAN_MEMORY = 1 << 20 };

/* What the libraries and we read of the machine while serving. */
static const char *const machine[] = {
    "/proc/self",              /* our memory and descriptors */
    "/proc/meminfo",           /* the machine's */
    "/proc/sys",               /* how its sockets and random numbers are set up */
    "/sys/fs/cgroup",          /* the container's */
    "/sys/devices/system/cpu", /* cores */
    "/dev/urandom",
    "/etc/gnutls", /* which ciphers an administrator allows */
};

/* What it takes to find another machine by its name and to trust its certificate. */
static const char *const names[] = {
    "/etc/resolv.conf", "/etc/hosts",    "/etc/nsswitch.conf",
    "/etc/host.conf",   "/etc/gai.conf", "/etc/services",
    "/etc/ssl",         "/usr/lib/ssl",  "/usr/share/ca-certificates",
};

/* Variables that name another machine that we send to. */
static const char *const endpoints[] = {"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"};

/* And variables that name the certificates by which it is known. */
static const char *const authorities[] = {"OTEL_EXPORTER_OTLP_CERTIFICATE",
                                          "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE"};

/* Where private files are kept: see spool.c and the encoder of HDF5. */
static const char *const spools[] = {"/tmp", "/var/tmp"};

struct plan {
    struct confine_path paths[ROWS(machine) + ROWS(names) + ROWS(authorities) + ROWS(spools) + SETTING_COUNT];
    size_t count;
};

static void add(struct plan *p, const char *path, bool writes)
{
    p->paths[p->count++] = (struct confine_path){path, writes};
}

static void add_all(struct plan *p, const char *const *paths, size_t count, bool writes)
{
    for (size_t i = 0; i < count; i++)
        add(p, paths[i], writes);
}

static void add_spools(struct plan *p)
{
    const char *folder = getenv("TMPDIR");
    if (folder != NULL && folder[0] == '/')
        add(p, folder, true);
    else
        add_all(p, spools, ROWS(spools), true);
}

/* NULL: no memory. */
static const char *folder_of(const char *path, struct arena *arena)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? "." : slash == path ? "/" : arena_printf(arena, "%.*s", (int)(slash - path), path);
}

/* The path of a setting whose hint is that; NULL: it has another, or is empty. */
static const char *path_of(const struct config *config, size_t setting, const char *hint)
{
    if (strcmp(settings[setting].hint, hint) != 0)
        return NULL;
    const char *path = *(const char *const *)((const char *)config + settings[setting].offset);
    return path[0] == '\0' ? NULL : path;
}

static void add_folders(struct plan *p, const struct config *config)
{
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const char *path = path_of(config, i, "DIR");
        if (path != NULL)
            add(p, path, false);
    }
}

/* The files are the supervisor's to open: a rule of Landlock would hold for the file that is there now, not
 * for the one that is renamed over it, and the folder has others. */
static bool supervise(const struct config *config, struct error *err)
{
    const char *files[SETTING_COUNT + 1];
    size_t n = 0;
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        files[n] = path_of(config, i, "FILE");
        n += files[n] != NULL;
    }
    files[n] = NULL;
    return sandbox_supervise(files, err);
}

static bool add_authorities(struct plan *p, struct arena *arena)
{
    for (size_t i = 0; i < ROWS(authorities); i++) {
        const char *file = getenv(authorities[i]), *folder = file == NULL ? "" : folder_of(file, arena);
        if (folder == NULL)
            return false;
        if (folder[0] != '\0')
            add(p, folder, false);
    }
    return true;
}

static bool sends(void)
{
    for (size_t i = 0; i < ROWS(endpoints); i++)
        if (getenv(endpoints[i]) != NULL)
            return true;
    return false;
}

static bool give_up(struct confinement *c, const struct config *config, struct arena *arena,
                    struct error *err)
{
    struct plan p = {.count = 0};
    const bool connects = sends();
    add_all(&p, machine, ROWS(machine), false);
    if (connects)
        add_all(&p, names, ROWS(names), false);
    add_spools(&p);
    add_folders(&p, config);
    if (connects && !add_authorities(&p, arena))
        return arena_fail(arena, err);
    c->count =
        confine(&(struct confine_plan){.paths = p.paths, .count = p.count, .connects = connects}, c->gaps);
    const char *weakness = sandbox_weakness();
    if (weakness != NULL)
        c->gaps[c->count++] = (struct confine_gap){"workers", weakness, true};
    return true;
}

static bool whole(const struct confinement *c)
{
    for (size_t i = 0; i < c->count; i++)
        if (c->gaps[i].vital)
            return false;
    return true;
}

bool confinement_start(struct confinement *c, const struct config *config, const struct log *log,
                       struct error *err)
{
    struct arena arena;
    *c = (struct confinement){.count = 0};
    if (!supervise(config, err))
        return false;
    if (config->sandbox == CONFINE_OFF)
        return true;
    arena_init(&arena, PLAN_MEMORY);
    const bool ok = give_up(c, config, &arena, err);
    arena_free(&arena);
    if (!ok || config->sandbox != CONFINE_REQUIRE || whole(c))
        return ok;
    confinement_report(c, log);
    return FAIL(err, ERR_UNSUPPORTED, ERROR_NO_OFFSET,
                "sandbox: what is required does not hold on this machine");
}

void confinement_report(const struct confinement *c, const struct log *log)
{
    for (size_t i = 0; i < c->count; i++)
        log_event(log, LOG_WARNING, "sandbox: %s: %s", c->gaps[i].name, c->gaps[i].why);
}
