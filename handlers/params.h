/* Query parameters of a request. Each function leaves *out alone when the parameter is not there. */
#ifndef MANDOLINE_PARAMS_H
#define MANDOLINE_PARAMS_H

#include "exchange.h"

/* The value, or NULL when it was not sent. Valid as long as the request. */
const struct bytes *param_find(const struct request *request, const char *name);

bool param_text(const struct request *request, const char *name, struct bytes *out);

/* true 1 yes on, false 0 no off. */
bool param_bool(const struct request *request, const char *name, bool *out, struct error *err);

/* A whole number from least to most. */
bool param_number(const struct request *request, const char *name, uint64_t least, uint64_t most,
                  uint64_t *out, struct error *err);

/* One of the choices, NULL at the end: *out is its place among them. */
bool param_choice(const struct request *request, const char *name, const char *const *choices, unsigned *out,
                  struct error *err);

/* "a,b": views of the parts, in the arena. An empty part is ERR_ARGUMENT. *count is 0 when it was not sent.
 */
bool param_list(const struct request *request, const char *name, const struct bytes **out, size_t *count,
                struct error *err);

/* nan= pretty= protocol= optimize= attributes= header= index= encoding= cmap= log= min= max=, over the
 * defaults, in the arena. */
bool param_options(const struct request *request, const struct codec_options **out, struct error *err);
#define PARAM_OPTIONS PARAM_WRITING, PARAM_PICTURE, PARAM_READING
#define PARAM_WRITING "nan", "pretty", "protocol", "optimize", "attributes", "header", "table"
#define PARAM_PICTURE "cmap", "log", "min", "max"
#define PARAM_READING "index", "encoding"

/* Every parameter is one of those known (see struct route), and none is there twice that may not be. */
bool params_check(const struct request *request, const char *const *known, struct error *err);

#endif
