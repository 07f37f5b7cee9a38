/*
 * The process that starts the workers of a server, and opens the files that its settings name, once that has
 * given up the right to start programs and to read other files than those that it serves. Which files these
 * are is said when it is started: by its arguments. Its first answer says that it is ready; then questions
 * come over its socket one at a time, and each is answered. It ends with the server, and its workers with it.
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
    SUPERVISOR_OPEN,  /* file; answer: with its descriptor */
};

struct supervisor_question {
    uint32_t op; /* enum supervisor_op */
    uint32_t writes;
    int32_t pid;
    uint32_t file; /* the place of its name among the arguments: 0 is the first */
};

struct supervisor_answer {
    int32_t pid;    /* 0: it was not possible */
    int32_t signal; /* that it had died of before; 0: none */
    int32_t reason; /* SUPERVISOR_OPEN: errno, where it was not possible */
};

/* A worker as a child of this process. fds: its socket, its window. */
bool supervisor_start_here(const int fds[2], bool writes, bool supervised, pid_t *pid);

/* Ends a child, whatever it does; false: it is none, or cannot be ended now. *signal as above. */
bool supervisor_end_here(pid_t pid, int *signal);

/* The whole life of the process. files: NULL at the end. */
void supervisor_run(int socket, char *const *files);

#endif
