/*
 * The process that starts the workers of a server, once that has given up the right to start programs.
 * Its first answer says that it is ready; then questions come over its socket one at a time, and each is
 * answered. It ends with the server, and its workers with it.
 */
#ifndef MANDOLINE_SUPERVISOR_H
#define MANDOLINE_SUPERVISOR_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum supervisor_op {
    SUPERVISOR_START, /* with the worker's socket and window; answer: pid */
    SUPERVISOR_END,   /* pid; answer: how it ended */
};

struct supervisor_question {
    uint32_t op; /* enum supervisor_op */
    uint32_t writes;
    int32_t pid;
};

struct supervisor_answer {
    int32_t pid;    /* 0: it was not possible */
    int32_t signal; /* that it had died of before; 0: none */
};

/* A worker as a child of this process. fds: its socket, its window. */
bool supervisor_start_here(const int fds[2], bool writes, bool supervised, pid_t *pid);

/* Ends a child, whatever it does; false: it is none, or cannot be ended now. *signal as above. */
bool supervisor_end_here(pid_t pid, int *signal);

/* The whole life of the process. */
void supervisor_run(int socket);

#endif
