/* How a worker process comes to life: any program that links this room is one when it is started by this
 * name. */
#ifndef MANDOLINE_PROCESS_H
#define MANDOLINE_PROCESS_H

/* argv[0], and what argv[1] is. */
extern const char process_name[];
#define PROCESS_READS  "reads"
#define PROCESS_WRITES "writes"

/* The two descriptors that are there. */
enum { PROCESS_SOCKET = 3, PROCESS_WINDOW = 4 };

#endif
