/* One JSON line an exchange, written at once so that lines of several threads never mix. */
#ifndef MANDOLINE_LOG_H
#define MANDOLINE_LOG_H

#include "bytes.h"
#include "config.h"

struct log_entry {
    const char *id;
    const char *traceparent; /* NULL: not sent */
    const char *method;
    struct bytes path;
    unsigned status; /* 0: there was no answer */
    uint64_t bytes_in, bytes_out;
    uint64_t microseconds;
    const char *error; /* "": none */
    bool cut;          /* the answer was not sent to its end */
};

void log_exchange(int fd, enum log_level level, const struct log_entry *entry);

/* A line about the server itself. */
void log_event(int fd, const char *text);

#endif
