/* openapi/openapi.yaml as JSON, put into the program when it is built. */
#ifndef MANDOLINE_OPENAPI_H
#define MANDOLINE_OPENAPI_H

#include "bytes.h"

extern const struct bytes openapi_json;
extern const size_t openapi_server; /* where in it "/" is the address of the server */
extern const char openapi_tag[];    /* of its content, without quotes */

#endif
