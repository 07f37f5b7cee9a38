/*
 * Everything that a client can make us allocate, wait for or repeat.
 * The rows are read by the configuration, by the error of a limit and by the documentation.
 */
#ifndef MANDOLINE_LIMITS_H
#define MANDOLINE_LIMITS_H

#include <stdint.h>

/* LIMIT(field, name, default, minimum, what it bounds) */
#define LIMIT_TABLE(LIMIT)                                                                                   \
    LIMIT(body, "body", 1ULL << 30, 1, "bytes of a request body")                                            \
    LIMIT(body_memory, "body-memory", 1ULL << 20, 0, "bytes of a body kept in memory before it is spooled")  \
    LIMIT(inflated, "inflated", 2ULL << 30, 1, "bytes of a body after what it is packed in is undone")       \
    LIMIT(output, "output", 1ULL << 36, 1, "bytes of one answer")                                            \
    LIMIT(memory, "memory", 2ULL << 30, 1, "bytes that one exchange may allocate")                           \
    LIMIT(total_memory, "total-memory", 0, 0,                                                                \
          "bytes that all exchanges may take; 0: three quarters of what there is")                           \
    LIMIT(idle_memory, "idle-memory", 512ULL << 20, 0, "bytes kept between exchanges for the next one")      \
    LIMIT(chunk_cache, "chunk-cache", 32ULL << 20, 0,                                                        \
          "bytes of unpacked HDF5 chunks kept for the next reader")                                          \
    LIMIT(elements, "elements", 1ULL << 33, 1, "elements that one selection may hold")                       \
    LIMIT(depth, "depth", 10000, 1, "levels of nesting")                                                     \
    LIMIT(nodes, "nodes", 100000000, 1, "values in one document")                                            \
    LIMIT(members, "members", 100000, 1, "members of one archive, parts of one body")                        \
    LIMIT(digits, "digits", 100000, 20, "digits of one integer")                                             \
    LIMIT(listing, "listing", 10000, 1, "names in one page of a listing")                                    \
    LIMIT(connections, "connections", 512, 1, "connections open at once")                                    \
    LIMIT(peer_connections, "peer-connections", 256, 1, "connections open at once from one address")         \
    LIMIT(heavy, "heavy", 4, 1, "conversions at work at once")                                               \
    LIMIT(queue, "queue", 64, 0, "conversions waiting their turn")                                           \
    LIMIT(queue_time, "queue-time", 30, 1, "seconds that a conversion waits its turn")                       \
    LIMIT(request_time, "request-time", 120, 1, "seconds of work on an answer before it begins, or goes on") \
    LIMIT(header_time, "header-time", 20, 1, "seconds until a request line and its headers are there")       \
    LIMIT(body_time, "body-time", 30, 1, "seconds in which a body must arrive at the least rate")            \
    LIMIT(answer_time, "answer-time", 60, 1, "seconds in which an answer must be taken at the least rate")   \
    LIMIT(rate, "rate", 64, 1, "bytes a second: the least rate of bodies and answers")                       \
    LIMIT(idle_time, "idle-time", 75, 1, "seconds that a connection may be open without a request")          \
    LIMIT(worker_time, "worker-time", 60, 1, "seconds that one step of reading or writing HDF5 may take")    \
    LIMIT(drain_time, "drain-time", 30, 0, "seconds to finish open requests after SIGTERM")

struct limits {
#define LIMIT_FIELD(field, name, value, minimum, what) uint64_t field;
    LIMIT_TABLE(LIMIT_FIELD)
#undef LIMIT_FIELD
};

/* The defaults of the table. */
extern const struct limits limits_default;

#endif
