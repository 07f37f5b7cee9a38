#include "scanner.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"
#include "small_file.h"
#include "spool.h"
#include "utf8.h"

enum { COPY = 64 << 10, POLICY_MEMORY = 16 << 20, UTF8_MAX = 4, EXIT_FOUND = 1, EXIT_UNKNOWN = 2 };

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

/* Names are the file's own bytes: no control character, and nothing but UTF-8, may reach a terminal. */
static void print_clean(struct bytes text)
{
    while (text.len > 0) {
        const bool valid = utf8_valid(bytes_of(text.data, text.len < UTF8_MAX ? text.len : UTF8_MAX)) > 0;
        size_t at = 0;
        const uint32_t code = valid ? utf8_next(text, &at) : 0;
        const size_t n = valid ? at : 1;
        const bool control = code < 0x20 || (code >= 0x7f && code < 0xa0);
        fwrite(control ? "?" : (const void *)text.data, 1, control ? 1 : n, stdout);
        text = bytes_of(text.data + n, text.len - n);
    }
}

static void print_report(const char *path, const struct scan_report *r)
{
    print_clean(bytes_text(path));
    printf(": %s\n", verdict_names[r->verdict]);
    for (size_t i = 0; i < r->finding_count; i++) {
        const struct finding *f = &r->findings[i];
        printf("  %s %s", severity_names[f->severity], f->rule);
        if (f->call != NULL) {
            printf(" %s", f->call);
        } else if (f->module.len + f->name.len > 0) {
            putchar(' ');
            print_clean(f->module);
            fputs(f->module.len > 0 && f->name.len > 0 ? "." : "", stdout);
            print_clean(f->name);
        }
        fputs(" at ", stdout);
        print_clean(f->member);
        printf("%sbyte %zu. %s\n", f->member.len > 0 ? ", " : "", f->offset, f->does);
    }
    for (size_t i = 0; i < r->part_count; i++)
        if (r->parts[i].broken_at != SIZE_MAX) {
            fputs("  unreadable ", stdout);
            print_clean(r->parts[i].member);
            printf("%sfrom byte %zu: ", r->parts[i].member.len > 0 ? " " : "", r->parts[i].broken_at);
            print_clean(bytes_text(r->parts[i].problem));
            putchar('\n');
        }
    if (r->limit != NULL)
        printf("  the limit %s was reached\n", r->limit);
}

static bool scan_file(const char *path, const struct policy *policy, const struct limits *limits,
                      enum verdict *out, struct error *err)
{
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
    const bool ok = opened && input_bytes(&in, &arena, &bytes, err) &&
                    scan_document(bytes, policy, &own, &arena, &report, err);
    if (ok) {
        *out = report.verdict;
        print_report(path, &report);
    }
    arena_free(&arena);
    spool_deinit(&spool);
    if (fd >= 0 && opened && in.size > 0)
        munmap((void *)(uintptr_t)in.bytes.data, (size_t)in.size);
    if (fd >= 0)
        close(fd);
    return ok;
}

static int scan_all(const struct arguments *a, const struct policy *policy)
{
    static const int codes[] = {[VERDICT_SAFE] = EXIT_SUCCESS,
                                [VERDICT_UNREADABLE] = EXIT_UNKNOWN,
                                [VERDICT_SUSPICIOUS] = EXIT_FOUND,
                                [VERDICT_DANGEROUS] = EXIT_FOUND};
    bool found = false, unknown = false;
    for (size_t i = 0; i < a->input_count; i++) {
        struct error err = {0};
        enum verdict verdict = VERDICT_UNREADABLE;
        if (!scan_file(a->inputs[i], policy, &a->config.limits, &verdict, &err))
            fprintf(stderr, "mandoline: %s: %s\n", a->inputs[i], err.detail);
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

int command_scan(const struct arguments *arguments)
{
    const struct policy *policy;
    struct arena arena;
    struct error err = {0};
    arena_init(&arena, POLICY_MEMORY);
    int status = EXIT_UNKNOWN;
    if (read_policy(arguments->config.scan_policy, &arena, &policy, &err))
        status = scan_all(arguments, policy);
    else
        fprintf(stderr, "mandoline: %s\n", err.detail);
    arena_free(&arena);
    return fflush(stdout) == 0 ? status : EXIT_UNKNOWN;
}
