/* The handlers of the table in routes.c; openapi.yaml says what each one does. */
#ifndef MANDOLINE_ROUTES_H
#define MANDOLINE_ROUTES_H

#include "exchange.h"

handler_fn convert, inspect, disassemble, scan, list_formats, list_files, get_file, get_tree, get_meta,
    get_attrs, get_data, post_data, get_stats, get_preview, post_query, welcome, list_problems, get_problem,
    docs, docs_file, health, ready, started, metrics, openapi;

#endif
