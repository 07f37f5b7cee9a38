#include "arguments.h"

#include <stdlib.h>

/* One argument: "--name", "--name=value" or "-o"; the value may be the next one. */
struct flag {
    struct bytes name;
    const char *value; /* NULL: not in the same argument */
};

static struct flag split_flag(const char *text)
{
    const char *equals = strncmp(text, "--", 2) == 0 ? strchr(text, '=') : NULL;
    if (equals == NULL)
        return (struct flag){.name = bytes_text(text)};
    return (struct flag){.name = bytes_of(text, (size_t)(equals - text)), .value = equals + 1};
}

static const struct option *find_option(const struct command *command, struct bytes name)
{
    for (const struct option *o = command->options; o != NULL && o->name != NULL; o++)
        if (bytes_is(name, o->name) || (o->letter != NULL && bytes_is(name, o->letter)))
            return o;
    return NULL;
}

/* What was given on the command line, before it is applied over the file and the environment. */
struct given {
    const char *settings[SETTING_COUNT];
    const char *file;
};

/* Where the value of a flag goes; NULL: there is no such flag. */
static const char **place_of(struct arguments *a, struct given *given, struct bytes name, bool *needs_value,
                             const char **bare)
{
    *needs_value = true;
    *bare = NULL;
    if (bytes_is(name, "--config"))
        return &given->file;
    const struct option *option = find_option(a->command, name);
    if (option != NULL) {
        *needs_value = option->hint != NULL;
        return &a->values[option - a->command->options];
    }
    const struct setting *setting =
        bytes_starts(name, "--") ? setting_find(bytes_of(name.data + 2, name.len - 2)) : NULL;
    if (setting == NULL)
        return NULL;
    *bare = setting->bare;
    return &given->settings[setting - settings];
}

/* argv[0] is a flag; *used says how many arguments it took. */
static bool take_flag(struct arguments *a, struct given *given, char *const *argv, size_t *used,
                      struct error *err)
{
    const struct flag flag = split_flag(argv[0]);
    bool needs_value;
    const char *bare; /* such a flag has its value in the same argument, or none */
    const char **place = place_of(a, given, flag.name, &needs_value, &bare);
    if (place == NULL)
        return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "%s: there is no flag %.60s; see mandoline %s --help",
                    a->command->name, argv[0], a->command->name);
    const bool next = needs_value && flag.value == NULL && bare == NULL;
    if ((next && argv[1] == NULL) || (!needs_value && flag.value != NULL))
        return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "%s: %.60s %s", a->command->name, argv[0],
                    next ? "needs a value" : "takes no value");
    *place = next ? argv[1] : flag.value != NULL ? flag.value : bare != NULL ? bare : "true";
    *used = next ? 2 : 1;
    return true;
}

static bool takes_many(const struct command *command)
{
    return command->input != NULL && strchr(command->input, '.') != NULL;
}

static bool add_input(struct arguments *a, const char *text, struct error *err)
{
    const size_t n = a->input_count;
    const char **grown = arena_grow(&a->config.arena, a->inputs, n * sizeof *grown, (n + 1) * sizeof *grown);
    if (grown == NULL)
        return arena_fail(&a->config.arena, err);
    a->inputs = grown;
    a->inputs[a->input_count++] = text;
    a->input = a->inputs[0];
    return true;
}

static bool take_all(struct arguments *a, struct given *given, char *const *argv, struct error *err)
{
    for (size_t used = 1; *argv != NULL; argv += used, used = 1) {
        const char *text = *argv;
        if (strcmp(text, "--help") == 0 || strcmp(text, "-h") == 0)
            return a->help = true;
        if (text[0] == '-' && text[1] != '\0') {
            if (!take_flag(a, given, argv, &used, err))
                return false;
            continue;
        }
        if (a->command->input == NULL || (a->input != NULL && !takes_many(a->command)))
            return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "%s: \"%.80s\" is one argument too many",
                        a->command->name, text);
        if (!add_input(a, text, err))
            return false;
    }
    return a->command->input == NULL || a->input != NULL ||
           FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "%s: %s is missing; see mandoline %s --help",
                a->command->name, a->command->input, a->command->name);
}

static bool apply(struct config *config, const struct given *given, struct error *err)
{
    const char *file = given->file != NULL ? given->file : getenv("MANDOLINE_CONFIG");
    if ((file != NULL && file[0] != '\0' && !config_read_file(config, file, err)) ||
        !config_read_environment(config, err))
        return false;
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        char origin[64];
        snprintf(origin, sizeof origin, "flag --%s", settings[i].name);
        if (given->settings[i] != NULL && !config_set(config, &settings[i], given->settings[i], origin, err))
            return false;
    }
    return true;
}

bool arguments_parse(struct arguments *a, const struct command *command, char *const *argv, struct error *err)
{
    struct given given = {0};
    *a = (struct arguments){.command = command};
    config_init(&a->config);
    return take_all(a, &given, argv, err) && (a->help || apply(&a->config, &given, err));
}

void arguments_deinit(struct arguments *a)
{
    config_deinit(&a->config);
}

const char *arguments_value(const struct arguments *a, const char *name)
{
    const struct option *option = find_option(a->command, bytes_text(name));
    return option == NULL ? NULL : a->values[option - a->command->options];
}

static void option_help(const struct option *o, FILE *out)
{
    char flag[64];
    snprintf(flag, sizeof flag, "%s%s%s%s%s", o->letter == NULL ? "" : o->letter,
             o->letter == NULL ? "" : ", ", o->name, o->hint == NULL ? "" : " ",
             o->hint == NULL ? "" : o->hint);
    fprintf(out, "  %-26s %s\n", flag, o->what);
}

void command_help(const struct command *command, FILE *out)
{
    fprintf(out, "usage: mandoline %s%s%s [options]\n\n%s.\n\n", command->name,
            command->input == NULL ? "" : " ", command->input == NULL ? "" : command->input, command->what);
    for (const struct option *o = command->options; o != NULL && o->name != NULL; o++)
        option_help(o, out);
    fputs("\nsettings (also MANDOLINE_... in the environment: --limit-body is MANDOLINE_LIMIT_BODY):\n"
          "  --config FILE              a JSON object of the settings below; numbers take k, M, G, T\n",
          out);
    config_help(out);
}
