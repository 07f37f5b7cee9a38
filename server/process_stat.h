/* How this process is, as the kernel sees it. What it does not say is 0. */
#ifndef MANDOLINE_PROCESS_STAT_H
#define MANDOLINE_PROCESS_STAT_H

#include <stdint.h>

struct process_stat {
    uint64_t resident, virtual; /* bytes */
    uint64_t open_fds, max_fds;
    uint64_t threads;
    double cpu_seconds; /* this process alone, not its workers */
};

void process_stat(struct process_stat *out);

#endif
