/* The glue to libmicrohttpd: one thread a connection. */
#ifndef MANDOLINE_HTTP_H
#define MANDOLINE_HTTP_H

#include "server.h"

struct MHD_Daemon;

/* Takes the listening socket over. NULL and *err: it could not be started. */
struct MHD_Daemon *http_start(struct entrance *entrance, int listener, struct error *err);

/* No new connections; those that are open go on. shared: another process listens on the same socket, and
 * serves those who wait there. */
void http_quiesce(struct MHD_Daemon *daemon, bool shared);

/* Closes what is open and waits for the threads. */
void http_stop(struct MHD_Daemon *daemon);

#endif
