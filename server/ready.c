#include "ready.h"

#include "sandbox.h"
#include "server.h"
#include "spool.h"

/* A service is the first member of its server, and the server is not const. */
static struct server *server_of(const struct service *service)
{
    return (struct server *)(uintptr_t)service;
}

static bool accepts(const struct service *service)
{
    return !atomic_load(&server_of(service)->draining);
}

static bool has_data(const struct service *service)
{
    return service->store == NULL || store_ready(service->store);
}

static bool has_spool(const struct service *service)
{
    (void)service;
    return spool_ready();
}

static bool has_workers(const struct service *service)
{
    (void)service;
    return sandbox_ready();
}

static const struct {
    const char *name, *reason;
    bool (*holds)(const struct service *service);
} rows[] = {
    {"accepting", "draining", accepts},
    {"data", "the data folder cannot be listed", has_data},
    {"spool", "bodies cannot be kept: TMPDIR has no room, or there are no descriptors", has_spool},
    {"workers", "no process can be started that reads HDF5", has_workers},
};
_Static_assert(ROWS(rows) <= CHECKS_MAX, "more checks than there is room for");

size_t ready_checks(const struct service *service, struct check out[CHECKS_MAX])
{
    for (size_t i = 0; i < ROWS(rows); i++)
        out[i] = (struct check){rows[i].name, rows[i].reason, rows[i].holds(service)};
    return ROWS(rows);
}

bool ready_was(const struct service *service)
{
    struct server *server = server_of(service);
    if (atomic_load(&server->started))
        return true;
    for (size_t i = 0; i < ROWS(rows); i++)
        if (rows[i].holds != accepts && !rows[i].holds(service))
            return false;
    atomic_store(&server->started, true);
    return true;
}
