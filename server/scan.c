#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"
#include "pull.h"
#include "scan_text.h"
#include "small_file.h"
#include "spool.h"

enum {
    COPY = 64 << 10,
    POLICY_MEMORY = 16 << 20,
    PROBLEM_MEMORY = 1 << 20,
    EXIT_FOUND = 1,
    EXIT_UNKNOWN = 2
};

static bool read_stdin(struct spool *spool, struct input *out, struct error *err)
{
    uint8_t piece[COPY];
    for (;;) {
        const ssize_t n = read(STDIN_FILENO, piece, sizeof piece);
        if (n == 0)
            return spool_finish(spool, out, err);
        if (n < 0 && errno != EINTR)
            return FAIL(err, ERR_IO, ERROR_NO_OFFSET, "standard input cannot be read: %s", strerror(errno));
        if (n > 0 && !spool_write(spool, piece, (size_t)n, err))
            return false;
    }
}

/*
 * The file is mapped: models are bigger than memory. Should somebody cut it off meanwhile, the kernel ends
 * us, and no status says that it is safe.
 */
static bool map_file(int fd, size_t size, struct input *out, struct error *err)
{
    const struct bytes nothing = bytes_of("", 0);
    void *at = size == 0 ? NULL : mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (at == MAP_FAILED)
        return FAIL(err, ERR_IO, ERROR_NO_OFFSET, "it cannot be mapped: %s", strerror(errno));
    *out = input_of_bytes(size == 0 ? nothing : bytes_of(at, size));
    return true;
}

static bool open_file(const char *path, int *fd, struct input *out, struct error *err)
{
    struct stat st;
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (*fd < 0 || fstat(*fd, &st) != 0)
        return FAIL(err, ERR_IO, ERROR_NO_OFFSET, "it cannot be opened: %s", strerror(errno));
    if (!S_ISREG(st.st_mode))
        return FAIL(err, ERR_IO, ERROR_NO_OFFSET, "it is not a regular file");
    return map_file(*fd, (size_t)st.st_size, out, err);
}

/* One line. */
static bool print_json(struct value *root, const struct limits *limits, struct arena *arena,
                       struct error *err)
{
    uint8_t piece[COPY];
    struct encoder *encoder;
    struct pull pull = {0};
    size_t got;
    bool ok = encoder_new(codec_by_name(bytes_text("json")), root, &codec_options_default, limits, arena,
                          &encoder, err) &&
              pull_start(&pull, encoder, NULL, err);
    while (ok && (ok = pull_read(&pull, piece, sizeof piece, &got, err)) && got > 0)
        fwrite(piece, 1, got, stdout);
    pull_deinit(&pull);
    putchar('\n');
    return ok;
}

struct scanning {
    const struct policy *policy;
    const struct limits *limits;
    bool json;
};

static bool tell(const struct scanning *s, const char *path, const struct scan_report *report, uint64_t size,
                 struct arena *arena, struct error *err)
{
    struct value *root;
    if (s->json)
        return scan_report_of_file(bytes_text(path), report, size, arena, &root, err) &&
               print_json(root, s->limits, arena, err);
    scan_print(path, report);
    return true;
}

static void tell_problem(const struct scanning *s, const char *path, struct error *why)
{
    struct value *root;
    struct arena arena;
    struct error unsaid = {0};
    arena_init(&arena, PROBLEM_MEMORY);
    if (!s->json || !scan_report_of_problem(bytes_text(path), why->detail, &arena, &root, &unsaid) ||
        !print_json(root, s->limits, &arena, &unsaid))
        fprintf(stderr, "mandoline: %s: %s\n", path, why->detail);
    arena_free(&arena);
}

static bool scan_file(const struct scanning *s, const char *path, enum verdict *out, struct error *err)
{
    const struct limits *limits = s->limits;
    struct arena arena;
    struct spool spool;
    struct scan_report report;
    struct input in;
    struct bytes bytes;
    struct limits own = *limits;
    int fd = -1;
    arena_init(&arena, limits->memory);
    spool_init(&spool, limits->body_memory, "body", limits->body);
    const bool opened =
        strcmp(path, "-") == 0 ? read_stdin(&spool, &in, err) : open_file(path, &fd, &in, err);
    if (opened && in.size > own.body) /* a file is there already, however big */
        own.body = in.size;
    const bool judged = opened && input_bytes(&in, &arena, &bytes, err) &&
                        scan_document(bytes, s->policy, &own, &arena, &report, err);
    if (judged) /* whatever becomes of what is said of it */
        *out = report.verdict;
    const bool ok = judged && tell(s, path, &report, in.size, &arena, err);
    arena_free(&arena);
    spool_deinit(&spool);
    if (fd >= 0 && opened && in.size > 0)
        munmap((void *)(uintptr_t)in.bytes.data, (size_t)in.size);
    if (fd >= 0)
        close(fd);
    return ok;
}

static int scan_all(const struct arguments *a, const struct scanning *s)
{
    static const int codes[] = {[VERDICT_SAFE] = EXIT_SUCCESS,
                                [VERDICT_UNREADABLE] = EXIT_UNKNOWN,
                                [VERDICT_SUSPICIOUS] = EXIT_FOUND,
                                [VERDICT_DANGEROUS] = EXIT_FOUND};
    bool found = false, unknown = false;
    for (size_t i = 0; i < a->input_count; i++) {
        struct error err = {0};
        enum verdict verdict = VERDICT_UNREADABLE;
        if (!scan_file(s, a->inputs[i], &verdict, &err))
            tell_problem(s, a->inputs[i], &err);
        found |= codes[verdict] == EXIT_FOUND;
        unknown |= codes[verdict] == EXIT_UNKNOWN;
    }
    return found ? EXIT_FOUND : unknown ? EXIT_UNKNOWN : EXIT_SUCCESS;
}

static bool read_policy(const char *path, struct arena *arena, const struct policy **out, struct error *err)
{
    struct bytes text = {NULL, 0};
    return (path[0] == '\0' || small_file_read(path, "the scan policy", arena, &text, err)) &&
           policy_load(text, arena, out, err);
}

const struct option scan_options[] = {
    {"--format", NULL, "FORMAT", "text, or json: a line for each file", NULL},
    {0},
};

static bool read_arguments(const struct arguments *a, struct arena *arena, struct scanning *out,
                           struct error *err)
{
    const char *format = arguments_value(a, "--format");
    *out =
        (struct scanning){.limits = &a->config.limits, .json = format != NULL && strcmp(format, "json") == 0};
    if (format != NULL && !out->json && strcmp(format, "text") != 0)
        return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "the format is neither text nor json: %.60s", format);
    return read_policy(a->config.scan_policy, arena, &out->policy, err);
}

int command_scan(const struct arguments *arguments)
{
    struct scanning scanning;
    struct arena arena;
    struct error err = {0};
    arena_init(&arena, POLICY_MEMORY);
    int status = EXIT_UNKNOWN;
    if (read_arguments(arguments, &arena, &scanning, &err))
        status = scan_all(arguments, &scanning);
    else
        fprintf(stderr, "mandoline: %s\n", err.detail);
    arena_free(&arena);
    return fflush(stdout) == 0 && ferror(stdout) == 0 ? status : EXIT_UNKNOWN;
}
