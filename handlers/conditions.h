/* Conditional requests (RFC 9110 section 13): answered before anything is read. */
#ifndef MANDOLINE_CONDITIONS_H
#define MANDOLINE_CONDITIONS_H

#include <time.h>

#include "exchange.h"

/*
 * For GET and HEAD of a resource with that strong entity tag, modified then (NULL: only the tag counts).
 * Notes ETag, Cache-Control and Last-Modified in *reply. *done: the answer is 304 and complete.
 * ERR_PRECONDITION: If-Match or If-Unmodified-Since does not hold. etag must live as long as the arena.
 */
bool conditions_check(const struct request *request, const char *etag, const struct timespec *modified,
                      struct reply *reply, bool *done, struct error *err);

/* Whether the request has a condition for conditions_check(). */
bool conditions_sent(const struct request *request);

/* If-Range allows a part to be sent: it is not there, or names this very tag or date. */
bool conditions_range(const struct request *request, const char *etag, const struct timespec *modified);

#endif
