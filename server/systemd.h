/*
 * What systemd, or anyone who speaks its two small protocols, hands over and wants to know: sockets that
 * listen already, and how the service is. Without its variables in the environment nothing happens here.
 */
#ifndef MANDOLINE_SYSTEMD_H
#define MANDOLINE_SYSTEMD_H

#include "error.h"

/* Listening sockets of LISTEN_FDS; -1: none. */
struct activation {
    int main, admin; /* admin: the one that LISTEN_FDNAMES calls so */
};

/* Before any thread starts: the variables are taken out of the environment. False: what was handed over is
 * not what we can listen on. */
bool activation_take(struct activation *out, struct error *err);

enum notice { NOTICE_READY, NOTICE_RELOADING, NOTICE_STOPPING, NOTICE_WATCHDOG };

/* A datagram to NOTIFY_SOCKET. Whoever should hear it may be gone: that is no failure of ours. */
void notify(enum notice notice);

/* Milliseconds between two NOTICE_WATCHDOG, half of what is allowed; 0: nobody waits for any. */
uint64_t notify_watchdog_ms(void);

#endif
