#include "listing.h"

#include <stdarg.h>
#include <stdio.h>

#include "utf8.h"

enum {
    NAME_COLUMN = 10, /* names are filled up to here before an argument */
    PRINT_MAX = 256,
};

/* At most 255 bytes. */
__attribute__((format(printf, 3, 4))) static bool print(struct sink *out, struct error *err,
                                                        const char *format, ...)
{
    uint8_t *room = sink_reserve(out, PRINT_MAX);
    if (room == NULL)
        return sink_fail(err);
    va_list args;
    va_start(args, format);
    const int n = vsnprintf((char *)room, PRINT_MAX, format, args);
    va_end(args);
    sink_commit(out, n < PRINT_MAX ? (size_t)n : PRINT_MAX - 1);
    return true;
}

static bool nothing(const struct listing *l, struct sink *out, struct error *err)
{
    (void)l, (void)out, (void)err;
    return true;
}

/* ---- text: what pickletools.dis prints ---- */

static bool text_start(const struct listing *l, struct sink *out, struct error *err)
{
    return l->start == 0 || l->options.index != DISASSEMBLE_ALL || sink_byte(out, '\n', err);
}

static bool put_blanks(struct sink *out, size_t n, struct error *err)
{
    uint8_t *room = sink_reserve(out, n);
    if (room == NULL)
        return sink_fail(err);
    memset(room, ' ', n);
    sink_commit(out, n);
    return true;
}

/* The code as Python's repr has it, without its quotes. */
static bool put_code(struct sink *out, uint8_t code, struct error *err)
{
    return code < 0x80 ? print(out, err, "%-4c ", code) : print(out, err, "\\x%02x ", code);
}

static bool text_before(const struct listing *l, struct sink *out, struct error *err)
{
    const struct line *line = &l->line;
    const bool argument = line->argument.kind != ARGUMENT_NONE;
    const bool more = argument || line->has_mark || line->code == OP_MEMOIZE;
    return print(out, err, "%5zu: ", line->offset) && put_code(out, line->code, err) &&
           put_blanks(out, INDENT * line->indent, err) &&
           print(out, err, "%-*s%s", more ? NAME_COLUMN : 0, line->row->name, argument ? " " : "");
}

static bool text_after(const struct listing *l, struct sink *out, struct error *err)
{
    const struct line *line = &l->line;
    return (line->length == 0 || print(out, err, "... (%zu bytes)", line->length)) &&
           (!line->has_mark || print(out, err, " (MARK at %zu)", line->mark)) &&
           (line->code != OP_MEMOIZE || print(out, err, " (as %llu)", (unsigned long long)line->memo)) &&
           sink_byte(out, '\n', err);
}

static bool text_end(const struct listing *l, struct sink *out, struct error *err)
{
    if (listing_complete(l))
        return print(out, err, "highest protocol among opcodes = %d\n", l->highest);
    const char *what = l->problem.kind == ERR_SYNTAX ? "damaged" : "stopped";
    return print(out, err, "%s at byte %zu: ", what, l->problem.offset) &&
           sink_text(out, l->problem.detail, err) && sink_byte(out, '\n', err);
}

static bool text_close(const struct listing *l, struct sink *out, struct error *err)
{
    const size_t left = l->in.len - l->end;
    return left == 0 || !listing_complete(l) || l->options.index != DISASSEMBLE_ALL ||
           print(out, err, "\n%zu bytes follow that are no pickle\n", left);
}

const struct listing_form listing_text = {
    .open = nothing,
    .start = text_start,
    .before = text_before,
    .after = text_after,
    .end = text_end,
    .close = text_close,
};

/* ---- JSON: a line of it for each opcode ---- */

static bool json_open(const struct listing *l, struct sink *out, struct error *err)
{
    (void)l;
    return sink_text(out, "{\"pickles\":[", err);
}

static bool json_start(const struct listing *l, struct sink *out, struct error *err)
{
    const bool first = l->index == 0 || l->options.index != DISASSEMBLE_ALL;
    return print(out, err, "%s\n{\"index\":%llu,\"offset\":%zu,\"opcodes\":[", first ? "" : ",",
                 (unsigned long long)l->index, l->start);
}

/* A number, or null where there is none. */
static bool put_number(struct sink *out, const char *key, bool there, uint64_t number, struct error *err)
{
    return there ? print(out, err, ",\"%s\":%llu", key, (unsigned long long)number)
                 : print(out, err, ",\"%s\":null", key);
}

static bool json_before(const struct listing *l, struct sink *out, struct error *err)
{
    const struct line *line = &l->line;
    return print(out, err, "%s\n{\"offset\":%zu,\"opcode\":\"%s\",\"code\":%u,\"protocol\":%u,\"argument\":",
                 l->lines == 0 ? "" : ",", line->offset, line->row->name, line->code, line->row->protocol);
}

static bool json_after(const struct listing *l, struct sink *out, struct error *err)
{
    const struct line *line = &l->line;
    return (line->length == 0 || put_number(out, "length", true, line->length, err)) &&
           put_number(out, "memo", line->has_memo, line->memo, err) &&
           put_number(out, "mark", line->has_mark, line->mark, err) &&
           print(out, err, ",\"indent\":%zu,\"depth\":%zu}", line->indent, line->depth);
}

/* Names that a client gave are part of it, and may be cut inside a character. */
static bool put_detail(struct sink *out, struct bytes detail, struct error *err)
{
    struct spelling s;
    const enum argument_kind kind = utf8_valid(detail) == detail.len ? ARGUMENT_UTF8 : ARGUMENT_LATIN1;
    spelling_start(&s, (struct argument){.kind = kind, .text = detail}, true);
    while (!s.closed)
        if (!spelling_run(&s, out, err))
            return false;
    return true;
}

static bool put_problem(const struct error *problem, struct sink *out, struct error *err)
{
    return print(out, err, ",\"problem\":{\"offset\":%zu,\"detail\":", problem->offset) &&
           put_detail(out, bytes_text(problem->detail), err) &&
           (problem->limit == NULL || (print(out, err, ",\"limit\":\"%s\"", problem->limit) &&
                                       put_number(out, "limit_value", true, problem->limit_value, err))) &&
           sink_byte(out, '}', err);
}

static bool json_end(const struct listing *l, struct sink *out, struct error *err)
{
    const bool complete = listing_complete(l);
    return sink_text(out, "\n]", err) &&
           put_number(out, "protocol", l->highest >= 0, (uint64_t)l->highest, err) &&
           put_number(out, "declared", l->declared >= 0, (uint64_t)l->declared, err) &&
           put_number(out, "size", true, l->end - l->start, err) &&
           print(out, err, ",\"complete\":%s", complete ? "true" : "false") &&
           (complete || put_problem(&l->problem, out, err)) && sink_byte(out, '}', err);
}

static bool json_close(const struct listing *l, struct sink *out, struct error *err)
{
    return print(out, err, "\n],\"complete\":%s,\"trailing\":%zu}\n", listing_complete(l) ? "true" : "false",
                 l->in.len - l->end);
}

const struct listing_form listing_json = {
    .json = true,
    .open = json_open,
    .start = json_start,
    .before = json_before,
    .after = json_after,
    .end = json_end,
    .close = json_close,
};
