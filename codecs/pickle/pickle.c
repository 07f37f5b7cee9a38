#include "machine.h"
#include "writer.h"

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
    return sniff(head, true);
}

bool pickle_begins(struct bytes rest)
{
    return sniff(bytes_of(rest.data, rest.len < WHOLE_HEAD ? rest.len : WHOLE_HEAD), false) > 0;
}

static bool pickle_decode(const struct input *in, const struct codec_options *options,
                          const struct limits *limits, struct arena *arena, struct value **out,
                          struct error *err)
{
    struct bytes bytes;
    size_t used; /* what lies behind STOP is not ours: pickle.loads ignores it too */
    (void)options;
    return input_bytes(in, arena, &bytes, err) && machine_run(bytes, limits, arena, out, &used, err);
}

const struct codec pickle_codec = {
    .name = "pickle",
    .title = "Python pickle",
    .media_types = (const char *const[]){"application/x-pickle", "application/python-pickle",
                                         "application/vnd.python.pickle", NULL},
    .extensions = (const char *const[]){"pickle", "pkl", "p", NULL},
    .sniff = pickle_sniff,
    .decode = pickle_decode,
    .begin = writer_begin,
    .step = writer_step,
};
