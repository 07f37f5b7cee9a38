#include "machine.h"
#include "weigh.h"
#include "write.h"

size_t opcode_length(struct bytes head)
{
    const struct opcode_row *row = &opcode_rows[head.data[0]];
    const size_t left = head.len - 1;
    const uint8_t *p = head.data + 1;
    static const uint8_t fixed[] = {
        [ARG_U1] = 1, [ARG_U2] = 2, [ARG_I4] = 4, [ARG_U4] = 4, [ARG_U8] = 8, [ARG_F8] = 8};
    const uint8_t *newline;
    if (row->run == NULL)
        return 0;
    switch ((enum opcode_argument)row->argument) {
    case ARG_NONE:
    case ARG_U1:
    case ARG_U2:
    case ARG_I4:
    case ARG_U4:
    case ARG_U8:
    case ARG_F8:
        return left < fixed[row->argument] ? 0 : 1U + fixed[row->argument];
    case ARG_BYTES1:
        return left < 1 ? 0 : 2U + p[0];
    case ARG_BYTES4:
    case ARG_BYTES4S:
        return left < 4 ? 0 : 5 + (size_t)load_u32_le(p);
    case ARG_BYTES8:
        return left < 8 ? 0 : load_u64_le(p) > left - 8 ? SIZE_MAX : 9 + (size_t)load_u64_le(p);
    case ARG_TWO_LINES:
        newline = memchr(p, '\n', left);
        newline =
            newline == NULL ? NULL : memchr(newline + 1, '\n', (size_t)(head.data + head.len - newline - 1));
        return newline == NULL ? 0 : (size_t)(newline - head.data) + 1;
    case ARG_LINE:
    case ARG_NUMBER:
    case ARG_QUOTED:
        newline = memchr(p, '\n', left);
        return newline == NULL ? 0 : (size_t)(newline - head.data) + 1;
    }
    return 0;
}

/* Arguments that only a pickle has: a number where a number stands, a quoted string. */
static bool plausible(struct bytes opcode)
{
    const uint8_t first = opcode.len > 1 ? opcode.data[1] : 0;
    switch ((enum opcode_argument)opcode_rows[opcode.data[0]].argument) {
    case ARG_NUMBER:
        return (first >= '0' && first <= '9') || first == '-' || first == 'n' || first == 'i';
    case ARG_QUOTED:
        return first == '\'' || first == '"';
    case ARG_TWO_LINES:
        return first != '\n' && memchr(opcode.data, ' ', opcode.len) == NULL &&
               memchr(opcode.data, ',', opcode.len) == NULL;
    case ARG_NONE:
    case ARG_U1:
    case ARG_U2:
    case ARG_I4:
    case ARG_U4:
    case ARG_U8:
    case ARG_F8:
    case ARG_BYTES1:
    case ARG_BYTES4:
    case ARG_BYTES4S:
    case ARG_BYTES8:
    case ARG_LINE:
        break;
    }
    return true;
}

/* A rough account of the stack: marks are there when they are needed, and a value when one is consumed. */
static bool account(uint8_t opcode, size_t *values, size_t *marks)
{
    static const char marked[] = "1delotui\x90\x91", unary[] = ".02abesQRpqru\x81\x85\x94";
    if (opcode == OP_MARK) {
        (*marks)++;
        return true;
    }
    if (opcode != 0 && strchr(unary, opcode) != NULL && *values == 0)
        return false;
    if (opcode != 0 && strchr(marked, opcode) != NULL && (*marks)-- == 0)
        return false;
    *values += opcode != OP_PROTO && opcode != OP_FRAME;
    return true;
}

enum { WHOLE_HEAD = 4096, ENOUGH = 8 /* opcodes of a head that is cut off */ };

/*
 * Protocols 0 and 1 have no magic, and most bytes of a text are opcodes: every one must parse up to STOP, or
 * to the end of a head that is cut off, and text alone says little. alone: nothing may follow STOP.
 */
static int sniff_opcodes(struct bytes head, bool alone)
{
    size_t opcodes = 0, values = 0, marks = 0;
    const bool cut = head.len >= WHOLE_HEAD;
    for (size_t at = 0; at < head.len; opcodes++) {
        const struct bytes rest = bytes_of(head.data + at, head.len - at);
        const size_t n = opcode_length(rest);
        if (n == 0 || n > rest.len)
            return n == 0 && opcode_rows[rest.data[0]].run == NULL ? 0 : cut && opcodes >= ENOUGH ? 40 : 0;
        if (!plausible(bytes_of(rest.data, n)) || !account(rest.data[0], &values, &marks))
            return 0;
        if (rest.data[0] == OP_STOP)
            return opcodes > 0 && (!alone || at + 1 == head.len) ? 40 : 0;
        at += n;
    }
    return cut && opcodes >= ENOUGH ? 40 : 0;
}

static int sniff(struct bytes head, bool alone)
{
    if (head.len >= 3 && head.data[0] == OP_PROTO && head.data[1] >= 2 && head.data[1] <= 5)
        return opcode_rows[head.data[2]].run != NULL ? 90 : 0;
    return head.len == 0 ? 0 : sniff_opcodes(head, alone);
}

static int pickle_sniff(struct bytes head)
{
    const int torch = torch_sniff(head);
    return torch > 0 ? torch : sniff(head, true);
}

bool pickle_begins(struct bytes rest)
{
    return sniff(bytes_of(rest.data, rest.len < WHOLE_HEAD ? rest.len : WHOLE_HEAD), false) > 0;
}

/* ---- one pickle, or several in a row ---- */

/* The length of what is a pickle by its opcodes, up to STOP, or 0. */
static size_t pickle_length(struct bytes in)
{
    size_t values = 0, marks = 0;
    for (size_t at = 0; at < in.len;) {
        const struct bytes rest = bytes_of(in.data + at, in.len - at);
        const size_t n = opcode_length(rest);
        if (n == 0 || n > rest.len || !plausible(bytes_of(rest.data, n)) ||
            !account(rest.data[0], &values, &marks))
            return 0;
        at += n;
        if (rest.data[0] == OP_STOP)
            return at;
    }
    return 0;
}

/* The pickles of a body, read one by one. The memo restarts with each. */
struct row {
    struct bytes in;
    const struct arrival *arrival; /* of the first one */
    size_t at;                     /* where the next one begins */
    const struct codec_options *options;
    const struct limits *limits;
    struct arena *arena;
    struct value_list values; /* of those read */
    bool shares;              /* parts, in one of them */
    struct error stopped;     /* why what stands at `at` is no pickle */
};

static bool start(struct row *r, struct machine *m, struct error *err)
{
    if (r->at == 0 && machine_resume(m, r->in, r->options, r->arrival))
        return true;
    if (!machine_start(m, r->in, r->limits, r->arena, err))
        return false;
    m->at += r->at;
    m->encoding = r->options->encoding;
    m->given = r->options->buffers;
    m->given_count = r->options->buffer_count;
    return true;
}

/* False with err: the first one is none, or a limit was met. False without: what is left is no pickle. */
static bool read_next(struct row *r, struct error *err)
{
    struct machine m;
    struct value *v;
    size_t used;
    struct error failed = {0};
    if (r->at == r->in.len && r->at > 0)
        return false;
    if (start(r, &m, &failed) && machine_run(&m, &v, &used, &failed)) {
        r->at = used;
        r->shares |= machine_shares(&m);
        return value_append(r->arena, &r->values, v) || arena_fail(r->arena, err);
    }
    if (r->at == 0 || failed.kind != ERR_SYNTAX)
        *err = failed;
    r->stopped = failed;
    return false;
}

static bool no_such_pickle(const struct row *r, struct error *err)
{
    const long long index = r->options->index;
    if (r->stopped.kind == ERR_NONE)
        return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "index=%lld: there are %zu pickles", index,
                    r->values.count);
    return FAIL(err, ERR_ARGUMENT, r->stopped.offset,
                "index=%lld: there are %zu pickles, and what follows is none: %.100s", index, r->values.count,
                r->stopped.detail);
}

/* As many as are needed to know the one that is asked for. */
static bool read_row(struct row *r, struct error *err)
{
    const struct codec_options *o = r->options;
    const bool all = o->every || o->index < 0;
    while (all || r->values.count <= (uint64_t)o->index)
        if (!read_next(r, err))
            break;
    return err->kind == ERR_NONE;
}

static bool choose(struct row *r, struct value **out, struct error *err)
{
    const int64_t index = r->options->index, count = (int64_t)r->values.count;
    if (r->options->every) {
        *out = value_new(r->arena, VALUE_LIST);
        if (*out == NULL)
            return arena_fail(r->arena, err);
        (*out)->list = r->values;
        return !r->shares || weigh(*out, r->limits, r->arena, err);
    }
    if (index >= count || index < -count)
        return no_such_pickle(r, err);
    *out = r->values.items[index < 0 ? index + count : index];
    return true;
}

/* A file of torch.save's is one value, however many pickles and archives it takes. */
static bool read_torch(struct row *r, struct error *err)
{
    const struct codec_options *o = r->options;
    struct value *v;
    if (!torch_read(r->in, o->index == 0 && !o->every, o->encoding, r->limits, r->arena, &v, &r->at, err))
        return false;
    return v == NULL || value_append(r->arena, &r->values, v) || arena_fail(r->arena, err);
}

static bool read_body(const struct input *in, struct row *r, struct value **out, struct error *err)
{
    if (!stored_array(in, r->options, r->limits, r->arena, out, err))
        return false;
    if (*out != NULL)
        return value_append(r->arena, &r->values, *out) || arena_fail(r->arena, err);
    r->arrival = in->arrival;
    return input_bytes(in, r->arena, &r->in, err) && read_torch(r, err) && read_row(r, err) &&
           choose(r, out, err);
}

static bool pickle_decode(const struct input *in, const struct codec_options *options,
                          const struct limits *limits, struct arena *arena, struct value **out,
                          struct error *err)
{
    struct row r = {.options = options, .limits = limits, .arena = arena};
    return read_body(in, &r, out, err);
}

/* The same, and what stands behind the pickles that were read: more of them, and bytes that are none. */
static bool pickle_open(const struct input *in, const struct codec_options *options,
                        const struct limits *limits, struct arena *arena, struct document *out,
                        struct error *err)
{
    struct row r = {.options = options, .limits = limits, .arena = arena};
    struct value *root;
    if (!read_body(in, &r, &root, err) || !document_of_value(root, limits, arena, out, err))
        return false;
    out->parts = r.values.count;
    for (size_t n = 1; r.stopped.kind == ERR_NONE && r.at < r.in.len && n > 0; r.at += n) {
        n = pickle_length(bytes_of(r.in.data + r.at, r.in.len - r.at));
        out->parts += n > 0;
    }
    out->trailing = r.in.len - r.at;
    return true;
}

const struct codec pickle_codec = {
    .name = "pickle",
    .title = "Python pickle",
    .media_types = (const char *const[]){"application/x-pickle", "application/python-pickle",
                                         "application/vnd.python.pickle", NULL},
    .extensions = (const char *const[]){"pickle", "pkl", "p", "pt", "pth", "ckpt", NULL},
    .sniff = pickle_sniff,
    .takes_buffers = true,
    .decode = pickle_decode,
    .ahead = machine_ahead,
    .open = pickle_open,
    .begin = writer_begin,
    .step = writer_step,
};
