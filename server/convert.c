#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"
#include "disassemble.h"
#include "exchange.h"
#include "pull.h"
#include "spool.h"

enum { COPY = 64 << 10, QUERY_MAX = OPTIONS_MAX };

const struct option convert_options[] = {
    {"--output", "-o", "OUT", "the file to write; without it, standard output", NULL},
    {"--from", NULL, "FORMAT", "the format of IN; without it, it is found out", "from"},
    {"--to", NULL, "FORMAT", "the format to write; without it, OUT's extension says it", "to"},
    {"--path", NULL, "PATH", "the part of the document to take, as /group/dataset", "path"},
    {"--slice", NULL, "SLICE", "the part of an array to take, as NumPy writes it: 0:10,3", "slice"},
    {"--fields", NULL, "NAMES", "the fields of a structured array to take: a,b", "fields"},
    {"--dtype", NULL, "TYPE", "the number type to cast to, as NumPy names it: float32", "dtype"},
    {"--attributes", NULL, "yes|no", "whether HDF5 groups and datasets bring their attributes", "attributes"},
    {"--table", NULL, "FORM", "tables as JSON: records, columns or split", "table"},
    {"--header", NULL, "yes|no", "whether CSV has a line of names", "header"},
    {"--nan", NULL, "SPELLING", "how JSON writes NaN: null, string, literal or error", "nan"},
    {"--protocol", NULL, "N", "the pickle protocol to write, 0 to 5", "protocol"},
    {"--optimize", NULL, NULL, "a pickle without the memo entries that nothing uses", "optimize"},
    {"--index", NULL, "N", "which of several pickles in a row, or all", "index"},
    {"--encoding", NULL, "NAME", "of Python 2's strings: auto, ascii, latin1, bytes or utf8", "encoding"},
    {"--pretty", NULL, NULL, "JSON with line breaks", "pretty"},
    {0},
};

const struct option inspect_options[] = {
    {"--from", NULL, "FORMAT", "the format of IN; without it, it is found out", "from"},
    {"--path", NULL, "PATH", "the part of the document to look at", "path"},
    {"--depth", NULL, "N", "how many levels to look into", "depth"},
    {"--index", NULL, "N", "which of several pickles in a row, or all", "index"},
    {"--encoding", NULL, "NAME", "of Python 2's strings: auto, ascii, latin1, bytes or utf8", "encoding"},
    {"--pretty", NULL, NULL, "JSON with line breaks", "pretty"},
    {0},
};

const struct option disassemble_options[] = {
    {"--output", "-o", "OUT", "the file to write; without it, standard output", NULL},
    {"--format", NULL, "FORMAT", "text, as Python's pickletools prints it, or json", "format"},
    {"--index", NULL, "N", "the one of several pickles in a row to list, from 0", "index"},
    {"--width", NULL, "N", "the bytes of an argument to write; without it, all of them", "width"},
    {0},
};

/* One run of an endpoint without a socket. */
struct job {
    const struct arguments *arguments;
    struct service service;
    struct arena arena;
    struct spool spool; /* standard input */
    int in;
    struct pull pull;
    struct param query[QUERY_MAX];
    struct request request;
    struct reply reply;
};

/* The name of the file stands for a Content-Type. */
static const char *header_of_file(const void *headers, const char *name)
{
    const char *input = headers;
    const struct codec *codec = codec_by_file_name(bytes_text(input));
    return strcmp(name, "Content-Type") == 0 && codec != NULL && codec_reads(codec) ? codec->media_types[0]
                                                                                    : NULL;
}

static bool read_stdin(struct job *job, struct error *err)
{
    uint8_t piece[COPY];
    for (;;) {
        const ssize_t n = read(STDIN_FILENO, piece, sizeof piece);
        if (n == 0)
            return spool_finish(&job->spool, &job->request.body, err);
        if (n < 0 && errno != EINTR)
            return FAIL(err, ERR_IO, ERROR_NO_OFFSET, "standard input cannot be read: %s", strerror(errno));
        if (n > 0 && !spool_write(&job->spool, piece, (size_t)n, err))
            return false;
    }
}

static bool open_input(struct job *job, struct error *err)
{
    const char *path = job->arguments->input;
    if (strcmp(path, "-") == 0)
        return read_stdin(job, err);
    struct stat st;
    job->in = open(path, O_RDONLY | O_CLOEXEC);
    if (job->in < 0 || fstat(job->in, &st) != 0)
        return FAIL(err, ERR_IO, ERROR_NO_OFFSET, "%.120s cannot be opened: %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return FAIL(err, ERR_IO, ERROR_NO_OFFSET, "%.120s is not a regular file", path);
    job->request.body = input_of_fd(job->in, (uint64_t)st.st_size);
    return true;
}

/* The options that are parameters of the endpoint, as its query. */
static void fill_query(struct job *job)
{
    const struct arguments *a = job->arguments;
    struct request *r = &job->request;
    r->query = job->query;
    for (size_t i = 0; a->command->options[i].name != NULL; i++)
        if (a->command->options[i].parameter != NULL && a->values[i] != NULL)
            job->query[r->query_count++] =
                (struct param){bytes_text(a->command->options[i].parameter), bytes_text(a->values[i])};
}

static bool has_target(const struct command *command)
{
    const struct option *o = command->options;
    while (o->name != NULL && strcmp(o->name, "--to") != 0)
        o++;
    return o->name != NULL;
}

/* --to, where only OUT was given. */
static void add_target(struct job *job)
{
    const char *out = arguments_value(job->arguments, "--output");
    const struct codec *codec = out == NULL ? NULL : codec_by_file_name(bytes_text(out));
    if (codec != NULL && has_target(job->arguments->command) &&
        arguments_value(job->arguments, "--to") == NULL)
        job->query[job->request.query_count++] = (struct param){bytes_text("to"), bytes_text(codec->name)};
}

static bool write_all(int fd, const uint8_t *data, size_t n, struct error *err)
{
    while (n > 0) {
        const ssize_t put = write(fd, data, n);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return FAIL(err, ERR_IO, ERROR_NO_OFFSET, "the output cannot be written: %s", strerror(errno));
        data += put;
        n -= (size_t)put;
    }
    return true;
}

static bool write_file_range(const struct reply *reply, int out, struct error *err)
{
    uint8_t piece[COPY];
    for (uint64_t at = 0; at < reply->size;) {
        const size_t n = reply->size - at < sizeof piece ? (size_t)(reply->size - at) : sizeof piece;
        if (!input_pread(reply->fd, reply->offset + at, piece, n, err) || !write_all(out, piece, n, err))
            return false;
        at += n;
    }
    return true;
}

static bool write_encoded(struct job *job, int out, struct error *err)
{
    uint8_t piece[COPY];
    size_t got;
    do {
        if (!pull_read(&job->pull, piece, sizeof piece, &got, err) || !write_all(out, piece, got, err))
            return false;
    } while (got > 0);
    return true;
}

static bool write_reply(struct job *job, int out, struct error *err)
{
    switch (job->reply.kind) {
    case REPLY_EMPTY:
        return true;
    case REPLY_BYTES:
        return write_all(out, job->reply.bytes.data, job->reply.bytes.len, err);
    case REPLY_FILE:
        return write_file_range(&job->reply, out, err);
    case REPLY_ENCODER:
        return write_encoded(job, out, err);
    }
    return false;
}

/* A device, a pipe or a link is written to: another file must not take its place. */
static bool write_through(struct job *job, const char *path, struct error *err)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return FAIL(err, ERR_IO, ERROR_NO_OFFSET, "%.120s cannot be written: %s", path, strerror(errno));
    const bool ok = write_reply(job, fd, err);
    if (close(fd) != 0 && ok)
        return FAIL(err, ERR_IO, ERROR_NO_OFFSET, "%.120s cannot be written: %s", path, strerror(errno));
    return ok;
}

/* Into a new file beside OUT that takes its place when it is complete. */
static bool replace_file(struct job *job, const char *path, struct error *err)
{
    const mode_t mask = umask(0);
    umask(mask);
    char *beside = arena_printf(&job->arena, "%s.XXXXXX", path);
    if (beside == NULL)
        return arena_fail(&job->arena, err);
    const int fd = mkostemp(beside, O_CLOEXEC);
    if (fd < 0)
        return FAIL(err, ERR_IO, ERROR_NO_OFFSET, "%.120s cannot be written: %s", path, strerror(errno));
    bool ok = write_reply(job, fd, err);
    if (ok && (fchmod(fd, 0666 & ~mask) != 0 || rename(beside, path) != 0))
        ok = FAIL(err, ERR_IO, ERROR_NO_OFFSET, "%.120s cannot be written: %s", path, strerror(errno));
    if (close(fd) != 0 && ok)
        ok = FAIL(err, ERR_IO, ERROR_NO_OFFSET, "%.120s cannot be written: %s", path, strerror(errno));
    if (!ok)
        unlink(beside);
    return ok;
}

static bool write_output(struct job *job, const char *path, struct error *err)
{
    struct stat st;
    return lstat(path, &st) == 0 && !S_ISREG(st.st_mode) ? write_through(job, path, err)
                                                         : replace_file(job, path, err);
}

static bool run_job(struct job *job, const char *path, struct error *err)
{
    const struct route_match match = route_find("POST", bytes_text(path));
    if (match.route == NULL)
        return FAIL(err, ERR_INTERNAL, ERROR_NO_OFFSET, "there is no %s", path);
    if (!open_input(job, err))
        return false;
    fill_query(job);
    add_target(job);
    if (!route_run(match.route, &job->request, &job->reply, err) ||
        (job->reply.kind == REPLY_ENCODER &&
         !pull_start(&job->pull, job->reply.encoder, job->request.service->crew, err)))
        return false;
    const char *out = arguments_value(job->arguments, "--output");
    return out == NULL || strcmp(out, "-") == 0 ? write_reply(job, STDOUT_FILENO, err)
                                                : write_output(job, out, err);
}

static void tell(const struct error *err)
{
    fprintf(stderr, "mandoline: %s", err->detail);
    if (err->offset != ERROR_NO_OFFSET)
        fprintf(stderr, " (at byte %zu)", err->offset);
    if (err->pointer[0] != '\0')
        fprintf(stderr, " (at %s)", err->pointer);
    if (err->limit != NULL)
        fprintf(stderr, " (--limit-%s is %llu)", err->limit, (unsigned long long)err->limit_value);
    fputc('\n', stderr);
}

/* What an answer that is complete tells of its document: the exit status tells it too. */
typedef const struct error *problem_fn(const struct encoder *encoder);

static int run_endpoint(const struct arguments *arguments, const char *path, problem_fn *problem_of)
{
    const struct limits *limits = &arguments->config.limits;
    struct error err = {0};
    struct crew crew;
    struct job job = {.arguments = arguments,
                      .service = {.limits = limits, .crew = &crew, .version = MANDOLINE_VERSION},
                      .in = -1,
                      .reply = {.fd = -1}};
    arena_init(&job.arena, limits->memory);
    spool_init(&job.spool, limits->body_memory, "body", limits->body);
    job.request = (struct request){.service = &job.service,
                                   .arena = &job.arena,
                                   .id = "-",
                                   .method = "POST",
                                   .path = bytes_text(path),
                                   .headers = arguments->input,
                                   .header = header_of_file};
    crew_start(&crew, crew_cores());
    bool ok = run_job(&job, path, &err);
    const struct error *told = ok && problem_of != NULL ? problem_of(job.reply.encoder) : NULL;
    if (told != NULL) {
        err = *told;
        ok = false;
    }
    if (!ok)
        tell(&err);
    pull_deinit(&job.pull);
    arena_free(&job.arena);
    spool_deinit(&job.spool);
    crew_stop(&crew);
    if (job.in >= 0)
        close(job.in);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

int command_convert(const struct arguments *arguments)
{
    return run_endpoint(arguments, "/v1/convert", NULL);
}

int command_inspect(const struct arguments *arguments)
{
    return run_endpoint(arguments, "/v1/inspect", NULL);
}

int command_disassemble(const struct arguments *arguments)
{
    return run_endpoint(arguments, "/v1/disassemble", disassemble_problem);
}
