/* Plain JSON: what a person expects of json.dumps, for every value (README.md). Lossy; typed JSON is not. */
#ifndef MANDOLINE_JSON_WRITE_H
#define MANDOLINE_JSON_WRITE_H

#include "codec.h"

bool json_begin(struct encoder *e, struct error *err);
enum step json_step(struct encoder *e, struct sink *out, struct error *err);

#endif
