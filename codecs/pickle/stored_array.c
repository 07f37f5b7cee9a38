/*
 * A stored pickle that is one big array: its elements stay in the file. Only what stands before and behind
 * them is read. In their place the machine sees zeros, and what it makes of them is an answer only when that
 * is an array whose elements lie just there; anything else is read as a whole.
 */
#include "machine.h"

enum { ENDS = 4096, LEAST = 1 << 20 }; /* bytes read of each end at most; of elements that are worth it */

/* The argument of an opcode that begins in the head and ends in the tail. */
struct gap {
    uint64_t from, to;
};

static bool holds_bytes(uint8_t opcode)
{
    return opcode == OP_BINBYTES || opcode == OP_BINBYTES8 || opcode == OP_BYTEARRAY8;
}

static bool gap_of_opcode(struct bytes head, size_t at, uint64_t size, struct gap *out)
{
    const uint8_t *p = head.data + at + 1;
    const bool wide = head.data[at] != OP_BINBYTES;
    const size_t prefix = wide ? 8 : 4;
    if (!holds_bytes(head.data[at]) || head.len - at - 1 < prefix)
        return false;
    const uint64_t len = wide ? load_u64_le(p) : load_u32_le(p);
    const uint64_t from = at + 1 + prefix;
    *out = (struct gap){from, from + len};
    return len >= LEAST && len <= size - from && size - from - len <= ENDS;
}

static bool find_gap(struct bytes head, uint64_t size, struct gap *out)
{
    for (size_t at = 0; at < head.len && head.data[at] != OP_STOP;) {
        const size_t n = opcode_length(bytes_of(head.data + at, head.len - at));
        if (n == 0 || n > head.len - at)
            return gap_of_opcode(head, at, size, out);
        at += n;
    }
    return false;
}

/* The array v, when its elements are the gap, all of it. */
static const struct array *array_in_gap(const struct value *v, struct bytes in, const struct gap *gap)
{
    uint64_t size;
    const struct array *a = v->kind == VALUE_ARRAY ? v->array : NULL;
    const bool fits = a != NULL && a->data == in.data + gap->from && a->source == NULL && a->axes == NULL &&
                      a->strides == NULL && !a->scalar && dtype_is_flat(&a->dtype) && array_size(a, &size) &&
                      size == gap->to - gap->from;
    return fits ? a : NULL;
}

/* False: read it as a whole, which says why where there is something to say. */
static bool run(struct bytes in, const struct codec_options *options, const struct limits *limits,
                struct arena *arena, struct value **out)
{
    struct machine m;
    size_t used;
    struct error err = {0};
    if (!machine_start(&m, in, limits, arena, &err))
        return false;
    m.encoding = options->encoding;
    return machine_run(&m, out, &used, &err) && used == in.len;
}

bool stored_array(const struct input *in, const struct codec_options *options, const struct limits *limits,
                  struct arena *arena, struct value **out, struct error *err)
{
    struct bytes head, around;
    struct gap gap;
    struct value *v;
    struct array a;
    *out = NULL;
    if (in->fd < 0 || in->bytes.data != NULL || in->size < LEAST || options->index != 0 || options->every)
        return true;
    if (!input_head(in, ENDS, arena, &head, err))
        return false;
    if (!find_gap(head, in->size, &gap))
        return true;
    if (!input_around(in, gap.from, gap.to, arena, &around, err))
        return false;
    const struct array *seen = run(around, options, limits, arena, &v) ? array_in_gap(v, around, &gap) : NULL;
    if (seen == NULL)
        return true;
    if (!array_of_file(in->fd, gap.from, &seen->dtype, seen->ndim, seen->shape, seen->fortran, arena, &a,
                       err))
        return false;
    *out = value_array(arena, &a);
    return *out != NULL || arena_fail(arena, err);
}
