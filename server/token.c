#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "access.h"
#include "commands.h"

enum { MEMORY = 1 << 20 };

const struct option token_options[] = {
    {"--scopes", NULL, "SCOPES", "of read, convert, write and admin; read,convert where it is not said",
     NULL},
    {"--paths", NULL, "NAMES", "files and folders, percent-encoded, with commas between them; else all",
     NULL},
    {"--expires", NULL, "TIME", "from now on, as 12h or 90d; else never", NULL},
    {0},
};

static void descriptor_drop(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

/* At its end, which is where a file that somebody writes by hand may lack the end of a line. */
static bool append(const char *path, const char *line, struct error *err)
{
    AUTO(descriptor_drop) int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    char last = '\n';
    const off_t end = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
    const size_t n = strlen(line);
    if (fd < 0 || end < 0 || (end > 0 && pread(fd, &last, 1, end - 1) != 1) ||
        (last != '\n' && write(fd, "\n", 1) != 1) || write(fd, line, n) != (ssize_t)n || fsync(fd) != 0)
        return FAIL(err, ERR_IO, ERROR_NO_OFFSET, "%.120s cannot be written: %s", path, strerror(errno));
    return true;
}

static bool read_row(const struct arguments *a, struct token_row *row, struct error *err)
{
    const char *scopes = arguments_value(a, "--scopes"), *expires = arguments_value(a, "--expires");
    int64_t seconds = 0;
    *row = (struct token_row){.name = a->input, .paths = arguments_value(a, "--paths")};
    if (!scopes_read(bytes_text(scopes == NULL ? "read,convert" : scopes), &row->scopes) || row->scopes == 0)
        return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET,
                    "--scopes: \"%.60s\" is none of read, convert, write "
                    "and admin",
                    scopes == NULL ? "" : scopes);
    if (expires != NULL && !duration_read(expires, &seconds))
        return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET,
                    "--expires: \"%.40s\" is no time as 90s, 15m, 12h or 30d", expires);
    row->expires = seconds == 0 ? 0 : (int64_t)time(NULL) + seconds;
    return true;
}

static bool make(const struct arguments *a, struct arena *arena, struct error *err)
{
    struct token_row row;
    const char *token, *line, *file = a->config.tokens;
    if (!read_row(a, &row, err) || !token_make(&row, arena, &token, &line, err) ||
        (file[0] != '\0' && !append(file, line, err)))
        return false;
    if (file[0] == '\0')
        printf("# for the file of --tokens; the token itself is the last line, and cannot be had again\n%s",
               line);
    return (printf("%s\n", token) > 0 && fflush(stdout) == 0) ||
           FAIL(err, ERR_IO, ERROR_NO_OFFSET, "the token cannot be written");
}

int command_token(const struct arguments *arguments)
{
    return command_run(arguments, MEMORY, make);
}
