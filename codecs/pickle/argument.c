/* What stands behind an opcode. */
#include "bigint.h"
#include "listing.h"

#include <math.h>

static struct argument number_of(struct listing *l, size_t digits)
{
    return (struct argument){.kind = ARGUMENT_NUMBER, .text = bytes_of(l->digits, digits)};
}

static struct argument unsigned_of(struct listing *l, uint64_t number)
{
    return number_of(l, number_write_uint(number, l->digits));
}

static struct argument signed_of(struct listing *l, int64_t number)
{
    return number_of(l, number_write_int(number, l->digits));
}

static struct argument double_of(struct listing *l, double real)
{
    struct argument a = number_of(l, number_write_double(real, l->digits));
    if (!isfinite(real))
        a.kind = ARGUMENT_WORD;
    return a;
}

/* Its digits are there until the next opcode runs. */
static struct argument big_of(struct listing *l, struct bytes twos_complement)
{
    struct argument a = {.kind = ARGUMENT_NUMBER};
    arena_init(&l->big, l->budget - l->own.used);
    return bigint_to_decimal(twos_complement, l->limits->digits, &l->big, &a.text, &l->problem)
               ? a
               : (struct argument){0};
}

/* What the machine has made of an argument that has to be read. */
static struct argument made_of(struct listing *l, const struct value *v)
{
    switch ((enum value_kind)v->kind) {
    case VALUE_BOOL:
        return (struct argument){.kind = v->boolean ? ARGUMENT_TRUE : ARGUMENT_FALSE};
    case VALUE_INT:
        return signed_of(l, v->integer);
    case VALUE_BIGINT:
        return big_of(l, v->text);
    case VALUE_FLOAT:
        return double_of(l, v->real);
    case VALUE_STR:
    case VALUE_BYTES:
        return (struct argument){.kind = (v->flags & VALUE_PYTHON2) != 0 ? ARGUMENT_LATIN1 : ARGUMENT_UTF8,
                                 .text = v->text};
    case VALUE_NONE:
    case VALUE_COMPLEX:
    case VALUE_BYTEARRAY:
    case VALUE_LIST:
    case VALUE_TUPLE:
    case VALUE_SET:
    case VALUE_FROZENSET:
    case VALUE_DICT:
    case VALUE_ARRAY:
    case VALUE_DTYPE:
    case VALUE_RANGE:
    case VALUE_SLICE:
    case VALUE_GLOBAL:
    case VALUE_OBJECT:
    case VALUE_EXTERNAL:
    case VALUE_TABLE:
    case VALUE_KIND_COUNT:
        break;
    }
    return (struct argument){0};
}

/* What a counted text or counted bytes are. */
static enum argument_kind counted_kind(uint8_t code)
{
    static const uint8_t kinds[256] = {
        [OP_BINSTRING] = ARGUMENT_LATIN1,     [OP_SHORT_BINSTRING] = ARGUMENT_LATIN1,
        [OP_BINUNICODE] = ARGUMENT_UTF8,      [OP_SHORT_BINUNICODE] = ARGUMENT_UTF8,
        [OP_BINUNICODE8] = ARGUMENT_UTF8,     [OP_BINBYTES] = ARGUMENT_BYTES,
        [OP_SHORT_BINBYTES] = ARGUMENT_BYTES, [OP_BINBYTES8] = ARGUMENT_BYTES,
        [OP_BYTEARRAY8] = ARGUMENT_BYTEARRAY, [OP_LONG1] = ARGUMENT_NUMBER,
        [OP_LONG4] = ARGUMENT_NUMBER,
    };
    return kinds[code];
}

struct argument listing_argument(struct listing *l, struct bytes opcode)
{
    static const uint8_t lengths[] = {
        [ARG_BYTES1] = 1, [ARG_BYTES4] = 4, [ARG_BYTES4S] = 4, [ARG_BYTES8] = 8};
    const struct bytes rest = bytes_of(opcode.data + 1, opcode.len - 1);
    const uint8_t *p = rest.data;
    double real;
    uint64_t bits;
    switch ((enum opcode_argument)opcode_rows[opcode.data[0]].argument) {
    case ARG_NONE:
        break;
    case ARG_U1:
        return unsigned_of(l, p[0]);
    case ARG_U2:
        return unsigned_of(l, load_u16_le(p));
    case ARG_I4:
        return signed_of(l, (int32_t)load_u32_le(p));
    case ARG_U4:
        return unsigned_of(l, load_u32_le(p));
    case ARG_U8:
        return unsigned_of(l, load_u64_le(p));
    case ARG_F8:
        bits = load_u64_be(p);
        memcpy(&real, &bits, sizeof real);
        return double_of(l, real);
    case ARG_BYTES1:
    case ARG_BYTES4:
    case ARG_BYTES4S:
    case ARG_BYTES8: {
        const uint8_t n = lengths[opcode_rows[opcode.data[0]].argument];
        const struct bytes counted = bytes_of(p + n, rest.len - n);
        const enum argument_kind kind = counted_kind(opcode.data[0]);
        return kind == ARGUMENT_NUMBER ? made_of(l, machine_top(&l->machine))
                                       : (struct argument){.kind = kind, .text = counted};
    }
    case ARG_TWO_LINES:
        return (struct argument){.kind = ARGUMENT_PAIR, .text = bytes_of(p, rest.len - 1)};
    case ARG_NUMBER:
        if (opcode.data[0] == OP_GET || opcode.data[0] == OP_PUT)
            return unsigned_of(l, l->line.memo);
        return made_of(l, machine_top(&l->machine));
    case ARG_LINE:
        if (opcode.data[0] == OP_PERSID)
            return (struct argument){.kind = ARGUMENT_UTF8, .text = bytes_of(p, rest.len - 1)};
        return made_of(l, machine_top(&l->machine));
    case ARG_QUOTED:
        return made_of(l, machine_top(&l->machine));
    }
    return (struct argument){0};
}

bool listing_memo(struct listing *l, struct bytes opcode, uint64_t next, uint64_t *out)
{
    struct error ignored = {0};
    switch (opcode.data[0]) {
    case OP_MEMOIZE:
        *out = next;
        return true;
    case OP_BINGET:
    case OP_BINPUT:
        *out = opcode.data[1];
        return true;
    case OP_LONG_BINGET:
    case OP_LONG_BINPUT:
        *out = load_u32_le(opcode.data + 1);
        return true;
    case OP_GET:
    case OP_PUT:
        return text_index(&l->machine, bytes_of(opcode.data + 1, opcode.len - 2), out, &ignored);
    default: /* opcodes are no enum of ours to list: most have no memo */
        return false;
    }
}
