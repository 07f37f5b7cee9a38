/* The handlers of the table in routes.c; openapi.yaml says what each one does. */
#ifndef MANDOLINE_ROUTES_H
#define MANDOLINE_ROUTES_H

#include "exchange.h"

handler_fn list_formats, health, ready;

#endif
