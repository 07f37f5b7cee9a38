/*
 * What a process gives up for good: rights over files, system calls, ways to other privileges. The kernel
 * holds to it from then on, whatever code runs here. Threads that are there already keep their rights over
 * files: call it first.
 */
#ifndef MANDOLINE_CONFINE_H
#define MANDOLINE_CONFINE_H

#include <stdbool.h>
#include <stddef.h>

struct confine_path {
    const char *path; /* a folder with all below it, or a file; one that isn't there is passed over */
    bool writes;      /* files may be made, changed and removed there; else only read */
};

struct confine_plan {
    const struct confine_path *paths;
    size_t count;
    bool connects; /* may reach other machines by TCP; listening sockets need no right */
    bool starts; /* may start programs, and read all files: for who must, and then writes none but those above
                  */
};

/* What could not be given up. */
struct confine_gap {
    const char *name; /* "landlock": for machines */
    const char *why;  /* for people */
    bool vital;       /* false: a newer kernel would take a little more */
};

enum { CONFINE_GAPS_MAX = 8 };

/* Returns how many gaps there are. */
size_t confine(const struct confine_plan *plan, struct confine_gap gaps[CONFINE_GAPS_MAX]);

#endif
