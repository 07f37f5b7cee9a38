/* The command line: commands, their options, and the settings as flags. */
#ifndef MANDOLINE_ARGUMENTS_H
#define MANDOLINE_ARGUMENTS_H

#include "config.h"

enum { OPTIONS_MAX = 16 };

struct option {
    const char *name;   /* "--to" */
    const char *letter; /* "-o", or NULL */
    const char *hint;   /* what the help text calls the value; NULL: there is none */
    const char *what;
    const char *parameter; /* of the endpoint that gets the value, or NULL */
};

struct arguments;

struct command {
    const char *name;
    const char *input; /* "IN" when the command takes one, "FILE..." when one or more; else NULL */
    const char *what;
    const struct option *options; /* at most OPTIONS_MAX; NULL: none; ends with a row without name */
    int (*run)(const struct arguments *arguments);
};

struct arguments {
    const struct command *command;
    struct config config;
    const char *input;   /* the first */
    const char **inputs; /* all of them; in config.arena */
    size_t input_count;
    const char *values[OPTIONS_MAX]; /* by row of command->options; NULL: not given, "true" without value */
    bool help;
};

/* argv after the command's name. The settings are read from everywhere. The error is one line for people. */
bool arguments_parse(struct arguments *arguments, const struct command *command, char *const *argv,
                     struct error *err);
void arguments_deinit(struct arguments *arguments);

/* The value of that option, or NULL. */
const char *arguments_value(const struct arguments *arguments, const char *name);

void command_help(const struct command *command, FILE *out);

#endif
