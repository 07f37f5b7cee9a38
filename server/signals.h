/* The signals that the main thread waits for; while it waits it tells systemd's watchdog that it is well. */
#ifndef MANDOLINE_SIGNALS_H
#define MANDOLINE_SIGNALS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

struct signals {
    sigset_t set;
    uint64_t watchdog_ms, told_ms; /* watchdog_ms: 0: nobody watches */
};

/* Before any thread starts, so that no other takes them: SIGTERM, SIGINT, SIGHUP; and SIGCHLD, since our one
 * child is the supervisor of the workers. */
void signals_take(struct signals *s);

/* The next one, or 0 after so many milliseconds at most. */
int signals_next(struct signals *s, uint64_t most_ms);

/* SIGTERM, SIGINT or SIGCHLD. */
bool signal_ends(int signal_number);

/* Of the monotonic clock. */
uint64_t signals_now_ms(void);

#endif
