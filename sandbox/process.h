/*
 * What this program is when it is started by one of these names: a worker, or the supervisor that starts and
 * ends workers. Either begins before main(), so that every program that links this room has its workers,
 * tests included.
 */
#ifndef MANDOLINE_PROCESS_H
#define MANDOLINE_PROCESS_H

/* argv[0] of a worker; argv[1] says what it does. argv[2], if it is there, who started it: the worker ends
 * with it. */
extern const char process_worker[];
#define PROCESS_READS      "reads"
#define PROCESS_WRITES     "writes"
#define PROCESS_SUPERVISED "supervised"

/* argv[0] of the supervisor. What follows are the files that it opens when it is asked to. */
extern const char process_supervisor[];

/* The descriptors that are there: of a worker both, of the supervisor the first. */
enum { PROCESS_SOCKET = 3, PROCESS_WINDOW = 4 };

#endif
