/*
 * Which pages of other origins may use this server from a browser (the Fetch standard's CORS protocol). Off
 * unless cors-origin names some.
 */
#ifndef MANDOLINE_CORS_H
#define MANDOLINE_CORS_H

#include "config.h"
#include "exchange.h"

struct cors {
    bool on, any;        /* any: every origin may */
    const char *origins; /* as configured, separated by commas */
    bool credentials;
    char max_age[24];
};

bool cors_init(struct cors *cors, const struct config *config, struct error *err);

/* What a browser must be told with this answer; allow: the methods of the address. */
void cors_headers(const struct cors *cors, const struct request *request, const char *allow,
                  struct reply *reply);

#endif
