/* One line an exchange, JSON or for people, written at once so that lines of several threads never mix. */
#ifndef MANDOLINE_LOG_H
#define MANDOLINE_LOG_H

#include "bytes.h"
#include "config.h"
#include "trace.h"

struct log {
    int fd;
    enum log_level level;
    enum log_format format;
};

struct log_entry {
    const char *id;
    const struct trace *trace;
    const char *route; /* the operation's id; "": none */
    bool probe;        /* logged at the level "debug" alone */
    const char *method;
    struct bytes path;
    unsigned status; /* 0: there was no answer */
    uint64_t bytes_in, bytes_out;
    uint64_t total_us, wait_us, decode_us, encode_us;
    const char *remote;    /* the address; "": not known */
    const char *principal; /* "": nobody */
    const char *error;     /* the type of the problem; "": none */
    const char *detail;    /* "": none */
    bool cut;              /* the answer was not sent to its end */
};

void log_exchange(const struct log *log, const struct log_entry *entry);

enum log_weight { LOG_INFO, LOG_WARNING, LOG_ERROR };

/* A line about the server itself: whatever the level is. */
void log_event(const struct log *log, enum log_weight weight, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
