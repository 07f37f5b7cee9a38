/* What the program can be asked to do; each returns the exit status. */
#ifndef MANDOLINE_COMMANDS_H
#define MANDOLINE_COMMANDS_H

#include "arguments.h"

/*
 * command.c: what a command does that asks nobody, with an arena of so many bytes. What it fails with is
 * told; returns the exit status.
 */
typedef bool command_fn(const struct arguments *a, struct arena *arena, struct error *err);
int command_run(const struct arguments *a, size_t memory, command_fn *fn);

/* serve.c: until a signal stops it. */
int command_serve(const struct arguments *arguments);
/* health.c: GET /healthz of the server that runs with these settings. */
int command_health(const struct arguments *arguments);
/* convert.c: the endpoints of the same name, without a socket. */
int command_convert(const struct arguments *arguments);
int command_inspect(const struct arguments *arguments);
int command_disassemble(const struct arguments *arguments);
/* scan.c: judges files. 0: all are safe; 1: one is suspicious or dangerous; 2: one cannot be judged. */
int command_scan(const struct arguments *arguments);

/* token.c: makes a token, and the row that knows it. */
int command_token(const struct arguments *arguments);
/* sign.c: makes a signed link. */
int command_sign(const struct arguments *arguments);

/* convert.c */
extern const struct option convert_options[], inspect_options[], disassemble_options[];
/* scan.c */
extern const struct option scan_options[];
/* token.c, sign.c */
extern const struct option token_options[], sign_options[];

#endif
