/*
 * Content codings of answers (RFC 9110, 12.5.3 and 8.4.1): which one a client takes, and whether it pays.
 * What is text is packed while the socket takes it, piece by piece, like any other encoding; what is packed
 * already, short, or a run of a file goes as it is. A coded answer has an entity tag of its own: that of the
 * plain one with the coding behind it (conditions.c knows).
 */
#ifndef MANDOLINE_COMPRESS_H
#define MANDOLINE_COMPRESS_H

#include "exchange.h"
#include "pull.h"

/* No answer. */
#define COMPRESS_REFUSED NULL

/*
 * What an Accept-Encoding (NULL: not sent) prefers of those that can be had: "zstd", "gzip" or "identity".
 * Equal ones in that order; identity last unless it is named. COMPRESS_REFUSED: it takes none of them.
 */
const char *compress_choose(const char *accepts, bool coded);

/* The entity tag of what that tag names when it is coded; NULL: no memory. */
const char *compress_tag(struct arena *arena, const char *etag, const char *coding);

/*
 * Packs what the reply is, from p where it is an encoder whose first queueful is there, in the way the client
 * wants, when it pays or the client takes nothing else; *coding is then the name, else "". coded: room for
 * bytes that are packed as a whole, freed by the caller. level 0: never.
 */
bool compress_reply(const struct request *request, uint64_t level, struct reply *reply, struct pull *p,
                    struct sink *coded, const char **coding, struct error *err);

#endif
