#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "commands.h"
#include "sandbox.h"

enum { EXIT_USAGE = 2 };

static int command_config(const struct arguments *arguments)
{
    return config_print(&arguments->config, stdout) ? EXIT_SUCCESS : EXIT_FAILURE;
}

static const struct command commands[] = {
    {"serve", NULL, "Serves HTTP until SIGTERM", NULL, command_serve},
    {"config", NULL, "Prints the settings, and where each comes from, as JSON", NULL, command_config},
    {"health", NULL, "Asks the server with these settings whether it is well; exit status 0 or 1", NULL,
     command_health},
    {"convert", "IN", "Converts a file, or - for standard input, from one format to another", convert_options,
     command_convert},
    {"inspect", "IN", "Says what is in a file, or - for standard input, as JSON", inspect_options,
     command_inspect},
    {"disassemble", "IN",
     "Lists the opcodes of a pickle, or - for standard input, as Python's pickletools does; exit status 1 "
     "when "
     "it is damaged",
     disassemble_options, command_disassemble},
    {"scan", "FILE...",
     "Says whether it is safe to load files, or - for standard input; exit status 0 safe, 1 not, 2 cannot be "
     "told",
     scan_options, command_scan},
    {"token", "NAME",
     "Makes a token and prints it, once; the row that knows it goes to the end of the file of --tokens",
     token_options, command_token},
    {"sign", "URL", "Prints the URL of a file, or of a part of it, as a link that needs no token for a while",
     sign_options, command_sign},
};

static void help(FILE *out)
{
    fputs("mandoline slices, converts, inspects and scans Python's serialized data, over HTTP, without "
          "Python.\n\n"
          "usage: mandoline COMMAND [options]\n\n",
          out);
    for (size_t i = 0; i < ROWS(commands); i++)
        fprintf(out, "  %-11s %s\n", commands[i].name, commands[i].what);
    fputs("\nmandoline COMMAND --help says more; mandoline --version says which one this is.\n", out);
}

/* Nothing that we start may gain privileges, and a crash leaves no copy of a client's data behind. */
static void give_up_privileges(void)
{
    const struct rlimit none = {0, 0};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    setrlimit(RLIMIT_CORE, &none);
}

static int run(const struct command *command, char *const *argv)
{
    struct arguments arguments;
    struct error err = {0};
    int status = EXIT_USAGE;
    if (!arguments_parse(&arguments, command, argv, &err)) {
        fprintf(stderr, "mandoline: %s\n", err.detail);
    } else if (arguments.help) {
        command_help(command, stdout);
        status = EXIT_SUCCESS;
    } else {
        const struct config *config = &arguments.config;
        sandbox_configure(&(struct sandbox_settings){.workers = (size_t)config->workers,
                                                     .worker_time = config->limits.worker_time});
        status = command->run(&arguments);
    }
    arguments_deinit(&arguments);
    return status;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    give_up_privileges();
    if (strcmp(name, "--version") == 0) {
        puts("mandoline " MANDOLINE_VERSION);
        return EXIT_SUCCESS;
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        help(stdout);
        return EXIT_SUCCESS;
    }
    for (size_t i = 0; i < ROWS(commands); i++)
        if (strcmp(name, commands[i].name) == 0)
            return run(&commands[i], argv + 2);
    if (name[0] != '\0')
        fprintf(stderr, "mandoline: there is no command \"%s\"\n", name);
    help(stderr);
    return EXIT_USAGE;
}
