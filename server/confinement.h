/*
 * What the serving process gives up before it takes its first connection, by --sandbox. It keeps: reading the
 * folders of DIR settings, writing where private files are kept, and what describes this process and its
 * machine. The files of FILE settings are opened for it by the supervisor: sandbox_open().
 */
#ifndef MANDOLINE_CONFINEMENT_H
#define MANDOLINE_CONFINEMENT_H

#include "config.h"
#include "confine.h"
#include "log.h"

/* What could not be given up. */
struct confinement {
    struct confine_gap gaps[CONFINE_GAPS_MAX + 1];
    size_t count;
};

/* Starts the supervisor, then gives up. By the main thread, before there are others. False: it
 * is required, and something could not be given up (said on standard error), or there is no supervisor. */
bool confinement_start(struct confinement *c, const struct config *config, const struct log *log,
                       struct error *err);

/* An event for each gap. */
void confinement_report(const struct confinement *c, const struct log *log);

#endif
