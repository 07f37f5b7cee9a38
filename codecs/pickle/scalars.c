/* Opcodes that push one number or one text. */
#include "machine.h"

#include "bigint.h"
#include "number.h"
#include "utf8.h"

static bool push_int(struct machine *m, int64_t integer, struct error *err)
{
    struct value *v = machine_node(m, VALUE_INT, err);
    if (v == NULL)
        return false;
    v->integer = integer;
    return machine_push(m, v, err);
}

/* How many opcodes of at most so many bytes can be run without asking for room or looking for the end. */
static inline size_t sure_steps(const struct machine *m, size_t size)
{
    size_t n = (size_t)(m->end - m->at) / size;
    const size_t nodes = (size_t)(m->nodes_end - m->nodes), room = m->capacity - m->depth;
    n = nodes < n ? nodes : n;
    return room < n ? room : n;
}

/*
 * Long lists of numbers are one opcode after the other: those that surely can be run are run at once, with
 * the machine's places in registers.
 */
struct run {
    const uint8_t *at;
    struct value *node, **top;
    size_t left;
};

static inline struct run run_begin(const struct machine *m, size_t longest)
{
    return (struct run){m->at, m->nodes, m->stack + m->depth, m->runs ? sure_steps(m, longest) : 0};
}

/* What is left of the node beside a number means nothing, and is not written. */
static inline struct value *run_push(struct run *r, enum value_kind kind)
{
    struct value *v = r->node++;
    v->kind = (uint8_t)kind;
    v->flags = 0;
    v->mark = 0;
    *r->top++ = v;
    return v;
}

static inline bool run_end(struct machine *m, const struct run *r)
{
    m->at = r->at;
    m->nodes = r->node;
    m->depth = (size_t)(r->top - m->stack);
    return true;
}

static bool more_ints(struct machine *m)
{
    enum { LONGEST = 5 };
    struct run r = run_begin(m, LONGEST);
    for (; r.left > 0; r.left--) {
        int64_t integer;
        if (r.at[0] == OP_BININT) {
            integer = (int32_t)load_u32_le(r.at + 1);
            r.at += 5;
        } else if (r.at[0] == OP_BININT1) {
            integer = r.at[1];
            r.at += 2;
        } else if (r.at[0] == OP_BININT2) {
            integer = load_u16_le(r.at + 1);
            r.at += 3;
        } else {
            break;
        }
        run_push(&r, VALUE_INT)->integer = integer;
    }
    return run_end(m, &r);
}

bool op_none(struct machine *m, struct error *err)
{
    return machine_push(m, m->none, err);
}

bool op_newtrue(struct machine *m, struct error *err)
{
    return machine_push(m, m->yes, err);
}

bool op_newfalse(struct machine *m, struct error *err)
{
    return machine_push(m, m->no, err);
}

/* ---- integers ---- */

bool op_binint(struct machine *m, struct error *err)
{
    const uint8_t *p;
    return machine_take(m, 4, &p, err) && push_int(m, (int32_t)load_u32_le(p), err) && more_ints(m);
}

bool op_binint1(struct machine *m, struct error *err)
{
    const uint8_t *p;
    return machine_take(m, 1, &p, err) && push_int(m, p[0], err) && more_ints(m);
}

bool op_binint2(struct machine *m, struct error *err)
{
    const uint8_t *p;
    return machine_take(m, 2, &p, err) && push_int(m, load_u16_le(p), err) && more_ints(m);
}

/* "00" and "01" are how protocols 0 and 1 write False and True. */
bool op_int(struct machine *m, struct error *err)
{
    struct bytes line;
    struct value *v;
    if (!machine_line(m, &line, err))
        return false;
    if (bytes_is(line, "00") || bytes_is(line, "01"))
        return machine_push(m, line.data[1] == '1' ? m->yes : m->no, err);
    return text_integer(m, line, true, &v, err) && machine_push(m, v, err);
}

bool op_long(struct machine *m, struct error *err)
{
    struct bytes line;
    struct value *v;
    if (!machine_line(m, &line, err))
        return false;
    if (line.len > 0 && line.data[line.len - 1] == 'L')
        line.len--;
    return text_integer(m, line, false, &v, err) && machine_push(m, v, err);
}

static bool push_long(struct machine *m, uint64_t len, struct error *err)
{
    const uint8_t *p;
    int64_t small;
    if (!machine_take(m, len, &p, err))
        return false;
    if (bigint_to_int64(bytes_of(p, (size_t)len), &small))
        return push_int(m, small, err);
    struct value *v = machine_node(m, VALUE_BIGINT, err);
    if (v == NULL)
        return false;
    v->text = bigint_trim(bytes_of(p, (size_t)len));
    return machine_push(m, v, err);
}

bool op_long1(struct machine *m, struct error *err)
{
    const uint8_t *p;
    return machine_take(m, 1, &p, err) && push_long(m, p[0], err);
}

/* The only lengths that have a sign are those of LONG4 and BINSTRING. */
static bool take_signed_length(struct machine *m, uint32_t *len, struct error *err)
{
    const uint8_t *p;
    if (!machine_take(m, 4, &p, err))
        return false;
    *len = load_u32_le(p);
    m->longest |= *len;
    return *len <= INT32_MAX || machine_fail(m, err, "the length is negative");
}

bool op_long4(struct machine *m, struct error *err)
{
    uint32_t len;
    return take_signed_length(m, &len, err) && push_long(m, len, err);
}

/* ---- floats ---- */

static bool push_float(struct machine *m, double real, struct error *err)
{
    struct value *v = machine_node(m, VALUE_FLOAT, err);
    if (v == NULL)
        return false;
    v->real = real;
    return machine_push(m, v, err);
}

bool op_float(struct machine *m, struct error *err)
{
    struct bytes line;
    double real;
    return machine_line(m, &line, err) && text_float(m, line, &real, err) && push_float(m, real, err);
}

static bool more_floats(struct machine *m)
{
    enum { SIZE = 9 };
    struct run r = run_begin(m, SIZE);
    for (; r.left > 0 && r.at[0] == OP_BINFLOAT; r.left--, r.at += SIZE) {
        const uint64_t bits = load_u64_be(r.at + 1);
        memcpy(&run_push(&r, VALUE_FLOAT)->real, &bits, sizeof bits);
    }
    return run_end(m, &r);
}

bool op_binfloat(struct machine *m, struct error *err)
{
    const uint8_t *p;
    double real;
    if (!machine_take(m, 8, &p, err))
        return false;
    const uint64_t bits = load_u64_be(p);
    memcpy(&real, &bits, sizeof real);
    return push_float(m, real, err) && more_floats(m);
}

/* ---- text and bytes ---- */

static bool push_text(struct machine *m, enum value_kind kind, uint8_t flags, struct bytes text,
                      struct error *err)
{
    struct value *v = machine_node(m, kind, err);
    if (v == NULL)
        return false;
    v->flags = flags;
    v->text = text;
    return (m->trace == NULL || trace_text(m, v, err)) && machine_push(m, v, err);
}

static bool push_utf8(struct machine *m, uint64_t len, struct error *err)
{
    const uint8_t *p;
    bool surrogates = false;
    if (!machine_take(m, len, &p, err))
        return false;
    const struct bytes text = bytes_of(p, (size_t)len);
    const size_t valid = utf8_valid_surrogatepass(text, &surrogates);
    if (valid != text.len)
        return machine_fail(m, err, "the text is no UTF-8 from byte %zu on",
                            (size_t)(p - m->in.data) + valid);
    return push_text(m, VALUE_STR, surrogates ? VALUE_SURROGATES : 0, text, err);
}

static bool push_latin1(struct machine *m, struct bytes text, struct error *err)
{
    size_t n = 0;
    if (utf8_is_ascii(text))
        return push_text(m, VALUE_STR, VALUE_DECODED, text, err);
    uint8_t *utf8 = arena_alloc(m->arena, text.len, 2);
    if (utf8 == NULL)
        return arena_fail(m->arena, err);
    for (size_t i = 0; i < text.len; i++)
        n += utf8_put(text.data[i], utf8 + n);
    return push_text(m, VALUE_STR, VALUE_DECODED, bytes_of(utf8, n), err);
}

/* A string of Python 2, as the caller wants it; unasked, text where it is UTF-8, else bytes. */
static bool push_python2(struct machine *m, struct bytes text, struct error *err)
{
    switch (m->encoding) {
    case ENCODING_GUESS:
        return push_text(m, utf8_valid(text) == text.len ? VALUE_STR : VALUE_BYTES, VALUE_PYTHON2, text, err);
    case ENCODING_ASCII:
        return utf8_is_ascii(text) ? push_text(m, VALUE_STR, VALUE_DECODED, text, err)
                                   : machine_fail(m, err, "the string of Python 2 is no ASCII");
    case ENCODING_LATIN1:
        return push_latin1(m, text, err);
    case ENCODING_BYTES:
        return push_text(m, VALUE_BYTES, 0, text, err);
    case ENCODING_UTF8:
        return utf8_valid(text) == text.len ? push_text(m, VALUE_STR, VALUE_DECODED, text, err)
                                            : machine_fail(m, err, "the string of Python 2 is no UTF-8");
    }
    return false;
}

static bool push_bytes(struct machine *m, enum value_kind kind, uint64_t len, struct error *err)
{
    const uint8_t *p;
    return machine_take(m, len, &p, err) && push_text(m, kind, 0, bytes_of(p, (size_t)len), err);
}

bool op_short_binunicode(struct machine *m, struct error *err)
{
    const uint8_t *p;
    return machine_take(m, 1, &p, err) && push_utf8(m, p[0], err);
}

/* A length of 4 or 8 bytes: what is longer than SHORT_ opcodes can say is noted. */
static bool take_length(struct machine *m, size_t size, uint64_t *len, struct error *err)
{
    const uint8_t *p;
    if (!machine_take(m, size, &p, err))
        return false;
    *len = size == 4 ? load_u32_le(p) : load_u64_le(p);
    m->longest |= *len;
    return true;
}

bool op_binunicode(struct machine *m, struct error *err)
{
    uint64_t len;
    return take_length(m, 4, &len, err) && push_utf8(m, len, err);
}

bool op_binunicode8(struct machine *m, struct error *err)
{
    uint64_t len;
    return take_length(m, 8, &len, err) && push_utf8(m, len, err);
}

bool op_unicode(struct machine *m, struct error *err)
{
    struct bytes line, text;
    bool surrogates;
    return machine_line(m, &line, err) && text_raw_unicode(m, line, &text, &surrogates, err) &&
           push_text(m, VALUE_STR, surrogates ? VALUE_SURROGATES : 0, text, err);
}

bool op_string(struct machine *m, struct error *err)
{
    struct bytes line, text;
    return machine_line(m, &line, err) && text_unquote(m, line, &text, err) && push_python2(m, text, err);
}

bool op_short_binstring(struct machine *m, struct error *err)
{
    const uint8_t *n, *p;
    return machine_take(m, 1, &n, err) && machine_take(m, n[0], &p, err) &&
           push_python2(m, bytes_of(p, n[0]), err);
}

bool op_binstring(struct machine *m, struct error *err)
{
    uint32_t len;
    const uint8_t *p;
    return take_signed_length(m, &len, err) && machine_take(m, len, &p, err) &&
           push_python2(m, bytes_of(p, len), err);
}

bool op_short_binbytes(struct machine *m, struct error *err)
{
    const uint8_t *p;
    return machine_take(m, 1, &p, err) && push_bytes(m, VALUE_BYTES, p[0], err);
}

bool op_binbytes(struct machine *m, struct error *err)
{
    uint64_t len;
    return take_length(m, 4, &len, err) && push_bytes(m, VALUE_BYTES, len, err);
}

bool op_binbytes8(struct machine *m, struct error *err)
{
    uint64_t len;
    return take_length(m, 8, &len, err) && push_bytes(m, VALUE_BYTES, len, err);
}

bool op_bytearray8(struct machine *m, struct error *err)
{
    uint64_t len;
    return take_length(m, 8, &len, err) && push_bytes(m, VALUE_BYTEARRAY, len, err);
}
