/* What all exchanges of the running server share. */
#ifndef MANDOLINE_SERVER_H
#define MANDOLINE_SERVER_H

#include <stdatomic.h>

#include "admission.h"
#include "config.h"
#include "exchange.h"
#include "gateway.h"
#include "recall.h"

struct server {
    struct service service; /* first: a struct service is its server */
    const struct config *config;
    struct admission admission;
    struct recall recall;
    struct gateway gateway;
    struct arena_pool pool;
    struct crew crew;
    atomic_bool draining;
    atomic_size_t connections;  /* open ones */
    atomic_size_t active;       /* exchanges between their first line and their last byte */
    atomic_uint_fast64_t names; /* of request ids */
};

#endif
