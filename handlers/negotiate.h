/* Which format a body is in, and which one the answer shall have. */
#ifndef MANDOLINE_NEGOTIATE_H
#define MANDOLINE_NEGOTIATE_H

#include "unpack.h"

/*
 * The format of the body: from=, else Content-Type, else its first bytes. What clients send when they say
 * nothing (no Content-Type, application/octet-stream, application/x-www-form-urlencoded) says nothing. Only
 * formats that can be read. An empty body is ERR_SYNTAX. Wrappers (unpack.h) are undone first.
 */
bool negotiate_source(const struct request *request, struct source *out, struct error *err);

/* For routes that decode their body as negotiate_source() and param_options() have it. */
ahead_fn negotiate_ahead;

/* The format of a stored file: by the extension of its name, else by its first bytes. */
bool negotiate_file(struct bytes name, const struct input *in, const struct limits *limits,
                    struct arena *arena, struct source *out, struct error *err);

/*
 * The format of the answer: the parameter of that name (to=, format=), else Accept (RFC 9110 section 12.5.1),
 * else JSON. *varies: Accept had a say. Only formats that can be written.
 */
bool negotiate_target(const struct request *request, const char *parameter, const struct codec **out,
                      bool *varies, struct error *err);

/* The same where the answer can have more formats, behind those that there are always; NULL at the end. */
bool negotiate_more(const struct request *request, const char *parameter, const struct codec *const *more,
                    const struct codec **out, bool *varies, struct error *err);

/*
 * The same for an answer that is no value: names are those that the parameter can have, types the media type
 * of each; NULL at their ends. The first is what clients get who do not say.
 */
bool negotiate_choice(const struct request *request, const char *parameter, const char *const *names,
                      const char *const *types, unsigned *out, bool *varies, struct error *err);

/* For tests: the best of the formats that can be written, or NULL when none is acceptable. */
const struct codec *negotiate_accept(const char *accept);

#endif
