#include "reader.h"
#include "writer.h"

#include <assert.h>
#include <stdio.h>

#include "bigint.h"
#include "machine.h"
#include "number.h"
#include "utf8.h"

bool write_none(struct writer *w, struct error *err)
{
    return write_op(w, OP_NONE, err);
}

bool write_bool(struct writer *w, bool boolean, struct error *err)
{
    if (w->protocol >= 2)
        return write_op(w, boolean ? OP_NEWTRUE : OP_NEWFALSE, err);
    return write_raw(w, boolean ? "I01\n" : "I00\n", 4, err);
}

/* ---- numbers ---- */

static bool write_long(struct writer *w, struct bytes twos, struct error *err)
{
    uint8_t header[5] = {twos.len < 256 ? OP_LONG1 : OP_LONG4};
    if (w->protocol >= 2) {
        if (twos.len > INT32_MAX)
            return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "the integer is too big for a pickle");
        store_u32_le(header + 1, (uint32_t)twos.len);
        return write_start(w, err) && write_raw(w, header, twos.len < 256 ? 2 : 5, err) &&
               write_raw(w, twos.data, twos.len, err);
    }
    struct bytes text;
    return bigint_to_decimal(twos, w->e->limits->digits, w->e->arena, &text, err) &&
           write_op(w, OP_LONG, err) && write_raw(w, text.data, text.len, err) && write_raw(w, "L\n", 2, err);
}

bool write_int(struct writer *w, int64_t n, struct error *err)
{
    uint8_t op[NUMBER_MAX + 2];
    if (n < INT32_MIN || n > INT32_MAX) {
        store_u64_le(op, (uint64_t)n);
        return write_long(w, bigint_trim(bytes_of(op, 8)), err);
    }
    if (w->protocol == 0) {
        op[0] = OP_INT;
        const size_t len = 1 + number_write_int(n, (char *)op + 1);
        op[len] = '\n';
        return write_raw(w, op, len + 1, err);
    }
    store_u32_le(op + 1, (uint32_t)n);
    const size_t bytes = (n & ~0xff) == 0 ? 1 : (n & ~0xffff) == 0 ? 2 : 4;
    op[0] = bytes == 1 ? OP_BININT1 : bytes == 2 ? OP_BININT2 : OP_BININT;
    return write_start(w, err) && write_raw(w, op, 1 + bytes, err);
}

static bool write_float(struct writer *w, double real, struct error *err)
{
    uint8_t op[NUMBER_MAX + 2];
    if (w->protocol == 0) {
        op[0] = OP_FLOAT;
        const size_t len = 1 + number_write_double(real, (char *)op + 1);
        op[len] = '\n';
        return write_raw(w, op, len + 1, err);
    }
    uint64_t bits;
    memcpy(&bits, &real, sizeof bits);
    op[0] = OP_BINFLOAT;
    store_u64_le(op + 1, __builtin_bswap64(bits));
    return write_start(w, err) && write_raw(w, op, 9, err);
}

static bool write_complex(struct writer *w, struct value *v, struct error *err)
{
    return write_known(w, KNOWN_COMPLEX, err) && write_tuple_begin(w, 2, err) &&
           write_float(w, v->complex[0], err) && write_float(w, v->complex[1], err) &&
           write_tuple_end(w, 2, NULL, err) && write_op(w, OP_REDUCE, err) && write_memo(w, v, err);
}

/* ---- text ---- */

/* The raw-unicode-escape codec, with what would end the line or be a backslash escaped too. */
static bool write_line(struct writer *w, struct bytes utf8, struct error *err)
{
    uint8_t out[16];
    for (size_t at = 0; at < utf8.len;) {
        const uint32_t c = utf8_next(utf8, &at);
        size_t n = 1;
        out[0] = (uint8_t)c;
        if (c > 0xffff)
            n = (size_t)snprintf((char *)out, sizeof out, "\\U%08x", c);
        else if (c > 0xff || c == '\\' || c == 0 || c == '\n' || c == '\r' || c == 0x1a)
            n = (size_t)snprintf((char *)out, sizeof out, "\\u%04x", c);
        if (!write_raw(w, out, n, err))
            return false;
    }
    return write_raw(w, "\n", 1, err);
}

/* An opcode and a length of as many bytes as it needs; a row of zeroes ends the choice. */
struct size_choice {
    enum opcode op;
    size_t width;
    int protocol;
};

static size_t choose(const struct writer *w, const struct size_choice *rows, size_t count, uint64_t size,
                     uint8_t *out)
{
    for (size_t i = 0; i < count; i++)
        if (w->protocol >= rows[i].protocol && (rows[i].width == 8 || size >> (8 * rows[i].width) == 0)) {
            out[0] = (uint8_t)rows[i].op;
            store_u64_le(out + 1, size);
            return 1 + rows[i].width;
        }
    return 0;
}

static bool too_long(struct error *err)
{
    return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET,
                "more than 4 GiB in one string, bytes or array need protocol 4");
}

bool write_str(struct writer *w, struct bytes utf8, struct error *err)
{
    static const struct size_choice rows[] = {
        {OP_SHORT_BINUNICODE, 1, 4}, {OP_BINUNICODE, 4, 1}, {OP_BINUNICODE8, 8, 4}};
    uint8_t header[9];
    if (w->protocol == 0)
        return write_op(w, OP_UNICODE, err) && write_line(w, utf8, err);
    const size_t n = choose(w, rows, ROWS(rows), utf8.len, header);
    return n == 0 ? too_long(err) : write_sized(w, header, n, utf8, err);
}

static bool remembered(const struct known_text *texts, size_t count, struct bytes text, uint32_t *number)
{
    for (size_t i = 0; i < count; i++)
        if (bytes_equal(texts[i].text, text)) {
            *number = texts[i].number;
            return true;
        }
    return false;
}

bool write_text(struct writer *w, struct bytes text, struct error *err)
{
    uint32_t number;
    if (!write_boundary(w, err))
        return false;
    if (remembered(w->texts, w->text_count, text, &number))
        return write_get(w, number, err);
    if (w->text_count < KNOWN_TEXTS)
        w->texts[w->text_count++] = (struct known_text){.text = text, .number = w->memo_count};
    return write_str(w, text, err) && write_memo(w, NULL, err);
}

/* A string of Python 2: Python 3 has no opcode of its own for it, and reads these. */
static bool write_python2(struct writer *w, struct bytes text, struct error *err)
{
    static const struct size_choice rows[] = {{OP_SHORT_BINSTRING, 1, 1}, {OP_BINSTRING, 4, 1}};
    uint8_t header[9];
    if (w->protocol > 0) {
        const size_t n = text.len > INT32_MAX ? 0 : choose(w, rows, ROWS(rows), text.len, header);
        return n == 0 ? too_long(err) : write_sized(w, header, n, text, err);
    }
    if (!write_raw(w, "S'", 2, err))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        char out[8];
        const uint8_t c = text.data[i];
        const bool plain = c >= ' ' && c < 0x7f && c != '\\' && c != '\'';
        const int n = plain ? snprintf(out, sizeof out, "%c", c) : snprintf(out, sizeof out, "\\x%02x", c);
        if (!write_raw(w, out, (size_t)n, err))
            return false;
    }
    return write_raw(w, "'\n", 2, err);
}

/* ---- bytes ---- */

size_t write_bytes_header(const struct writer *w, uint64_t size, uint8_t *out)
{
    static const struct size_choice rows[] = {
        {OP_SHORT_BINBYTES, 1, 3}, {OP_BINBYTES, 4, 3}, {OP_BINBYTES8, 8, 4}};
    return choose(w, rows, ROWS(rows), size, out);
}

static bool latin1_to_utf8(struct writer *w, struct bytes bytes, struct bytes *out, struct error *err)
{
    *out = bytes;
    if (utf8_is_ascii(bytes))
        return true;
    uint8_t *utf8 = arena_alloc(w->e->arena, 2, bytes.len);
    size_t n = 0;
    if (utf8 == NULL)
        return arena_fail(w->e->arena, err);
    for (size_t i = 0; i < bytes.len; i++)
        n += utf8_put(bytes.data[i], utf8 + n);
    *out = bytes_of(utf8, n);
    return true;
}

/* Python 2 had no bytes: a call of _codecs.encode, or of bytes where there are none. */
static bool write_encoded(struct writer *w, struct bytes bytes, struct error *err)
{
    struct bytes text;
    if (bytes.len == 0)
        return write_known(w, KNOWN_BYTES, err) && write_tuple_begin(w, 0, err) &&
               write_tuple_end(w, 0, NULL, err) && write_op(w, OP_REDUCE, err);
    return latin1_to_utf8(w, bytes, &text, err) && write_known(w, KNOWN_ENCODE, err) &&
           write_tuple_begin(w, 2, err) && write_str(w, text, err) && write_memo(w, NULL, err) &&
           write_text(w, bytes_text("latin1"), err) && write_tuple_end(w, 2, NULL, err) &&
           write_op(w, OP_REDUCE, err);
}

bool write_bytes(struct writer *w, struct bytes bytes, struct value *v, struct error *err)
{
    uint8_t header[9];
    if (w->protocol < 3)
        return write_encoded(w, bytes, err) && write_memo(w, v, err);
    const size_t n = write_bytes_header(w, bytes.len, header);
    return n == 0 ? too_long(err) : write_sized(w, header, n, bytes, err) && write_memo(w, v, err);
}

static bool write_bytearray(struct writer *w, struct value *v, struct error *err)
{
    static const struct size_choice rows[] = {{OP_BYTEARRAY8, 8, 5}};
    uint8_t header[9];
    const size_t n = choose(w, rows, ROWS(rows), v->text.len, header);
    if (n > 0)
        return write_sized(w, header, n, v->text, err) && write_memo(w, v, err);
    const size_t args = v->text.len > 0;
    return write_known(w, KNOWN_BYTEARRAY, err) && write_tuple_begin(w, args, err) &&
           (args == 0 || write_bytes(w, v->text, NULL, err)) && write_tuple_end(w, args, NULL, err) &&
           write_op(w, OP_REDUCE, err) && write_memo(w, v, err);
}

/* ---- names ---- */

/* Text protocols end a name with a newline, and below 3 it is ASCII. */
static bool check_name(const struct writer *w, struct bytes name, struct error *err)
{
    if (name.len == 0 || memchr(name.data, '\n', name.len) != NULL ||
        (w->protocol < 3 && !utf8_is_ascii(name)))
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET,
                    "the name of a class or function needs protocol 4");
    return true;
}

static bool write_plain_global(struct writer *w, struct value_global g, struct error *err)
{
    if (w->protocol < 3)
        renamed_to_old(&g);
    return check_name(w, g.module, err) && check_name(w, g.name, err) && write_op(w, OP_GLOBAL, err) &&
           write_raw(w, g.module.data, g.module.len, err) && write_raw(w, "\n", 1, err) &&
           write_raw(w, g.name.data, g.name.len, err) && write_raw(w, "\n", 1, err);
}

/* "A.B" below protocol 4: getattr(A, 'B'), the outermost call first. */
static bool write_dotted_global(struct writer *w, struct value_global g, struct error *err)
{
    const struct bytes name = g.name;
    for (size_t i = 0; i < name.len; i++)
        if (name.data[i] == '.' && !(write_known(w, KNOWN_GETATTR, err) && write_tuple_begin(w, 2, err)))
            return false;
    const uint8_t *dot = memchr(name.data, '.', name.len);
    g.name.len = (size_t)(dot - name.data);
    if (!write_plain_global(w, g, err) || !write_memo(w, NULL, err))
        return false;
    for (size_t at = g.name.len + 1, end; at <= name.len; at = end + 1) {
        for (end = at; end < name.len && name.data[end] != '.';)
            end++;
        if (!(write_text(w, bytes_of(name.data + at, end - at), err) && write_tuple_end(w, 2, NULL, err) &&
              write_op(w, OP_REDUCE, err)) ||
            (end < name.len && !write_memo(w, NULL, err)))
            return false;
    }
    return true;
}

static bool write_global(struct writer *w, const struct value_global *g, struct error *err)
{
    if (w->protocol >= 4)
        return write_text(w, g->module, err) && write_text(w, g->name, err) &&
               write_op(w, OP_STACK_GLOBAL, err);
    if (g->name.len > 0 && memchr(g->name.data, '.', g->name.len) != NULL)
        return write_dotted_global(w, *g, err);
    return write_plain_global(w, *g, err);
}

static const struct {
    const char *module, *name;
} known_names[KNOWN_COUNT] = {
    [KNOWN_BYTES] = {"builtins", "bytes"},
    [KNOWN_BYTEARRAY] = {"builtins", "bytearray"},
    [KNOWN_SET] = {"builtins", "set"},
    [KNOWN_FROZENSET] = {"builtins", "frozenset"},
    [KNOWN_COMPLEX] = {"builtins", "complex"},
    [KNOWN_RANGE] = {"builtins", "range"},
    [KNOWN_SLICE] = {"builtins", "slice"},
    [KNOWN_OBJECT] = {"builtins", "object"},
    [KNOWN_GETATTR] = {"builtins", "getattr"},
    [KNOWN_ENCODE] = {"_codecs", "encode"},
    [KNOWN_RECONSTRUCTOR] = {"copyreg", "_reconstructor"},
    [KNOWN_NEWOBJ] = {"copyreg", "__newobj__"},
    [KNOWN_PARTIAL] = {"functools", "partial"},
    [KNOWN_NDARRAY] = {"numpy", "ndarray"},
    [KNOWN_DTYPE] = {"numpy", "dtype"},
    [KNOWN_ARRAY] = {"numpy.core.multiarray", "_reconstruct"},
    [KNOWN_SCALAR] = {"numpy.core.multiarray", "scalar"},
    [KNOWN_FROMBUFFER] = {"numpy.core.numeric", "_frombuffer"},
};

bool write_known(struct writer *w, enum known_global known, struct error *err)
{
    if (w->globals[known] != 0)
        return write_get(w, w->globals[known] - 1, err);
    const struct value_global g = {.module = bytes_text(known_names[known].module),
                                   .name = bytes_text(known_names[known].name)};
    if (!write_global(w, &g, err))
        return false;
    w->globals[known] = w->memo_count + 1;
    return write_memo(w, NULL, err);
}

/* A class or function of the document may be one that the writer needs too: Python has one object for both.
 */
static bool write_named(struct writer *w, struct value *v, struct error *err)
{
    for (enum known_global i = 0; i < KNOWN_COUNT; i++)
        if (bytes_is(v->global->name, known_names[i].name) &&
            bytes_is(v->global->module, known_names[i].module)) {
            if (!write_known(w, i, err))
                return false;
            v->mark = w->e->walk.seen | (w->globals[i] - 1);
            return true;
        }
    return write_global(w, v->global, err) && write_memo(w, v, err);
}

/* ---- tuples ---- */

bool write_tuple_begin(struct writer *w, size_t n, struct error *err)
{
    const bool marked = n > 3 || (w->protocol < 2 && n > 0) || (n == 0 && w->protocol == 0);
    return !marked || write_op(w, OP_MARK, err);
}

bool write_tuple_end(struct writer *w, size_t n, struct value *v, struct error *err)
{
    static const enum opcode ops[] = {OP_EMPTY_TUPLE, OP_TUPLE1, OP_TUPLE2, OP_TUPLE3};
    if (n == 0)
        return write_op(w, w->protocol == 0 ? OP_TUPLE : OP_EMPTY_TUPLE, err);
    return write_op(w, n > 3 || w->protocol < 2 ? OP_TUPLE : ops[n], err) && write_memo(w, v, err);
}

/* ---- any of them ---- */

/*
 * Python has one object for all empty texts, and one for each text of one character up to U+00FF; bytes are
 * the same. NULL: it is none of them.
 */
static uint32_t *short_slot(struct writer *w, const struct value *v)
{
    const bool text = v->kind == VALUE_STR;
    const uint8_t *p = v->text.data;
    if (v->text.len == 0)
        return &w->shorts[text][256];
    if (v->text.len == 1)
        return &w->shorts[text][p[0]];
    if (text && v->text.len == 2 && (p[0] == 0xc2 || p[0] == 0xc3))
        return &w->shorts[text][(p[0] & 3) << 6 | (p[1] & 0x3f)];
    return NULL;
}

static bool write_string(struct writer *w, struct value *v, struct error *err)
{
    assert(w != NULL); /* else the analyzer takes "no slot" for "no writer", whose member a slot is */
    uint32_t *slot = short_slot(w, v);
    if (slot != NULL && *slot != 0) {
        v->mark = w->e->walk.seen | (*slot - 1);
        return write_get(w, *slot - 1, err);
    }
    if (v->kind == VALUE_BYTES ? !write_bytes(w, v->text, v, err)
                               : !write_str(w, v->text, err) || !write_memo(w, v, err))
        return false;
    if (slot != NULL)
        *slot = memo_of(v) + 1;
    return true;
}

bool write_scalar(struct writer *w, struct value *v, struct error *err)
{
    uint32_t number;
    switch ((enum value_kind)v->kind) {
    case VALUE_NONE:
        return write_none(w, err);
    case VALUE_BOOL:
        return write_bool(w, v->boolean, err);
    case VALUE_INT:
        return write_int(w, v->integer, err);
    case VALUE_BIGINT:
        return write_long(w, bigint_trim(v->text), err);
    case VALUE_FLOAT:
        return write_float(w, v->real, err);
    case VALUE_COMPLEX:
        return write_complex(w, v, err);
    case VALUE_STR:
    case VALUE_BYTES:
        if ((v->flags & VALUE_PYTHON2) != 0)
            return write_python2(w, v->text, err) && write_memo(w, v, err);
        return write_string(w, v, err);
    case VALUE_BYTEARRAY:
        return write_bytearray(w, v, err);
    case VALUE_GLOBAL:
        return write_named(w, v, err);
    case VALUE_DTYPE:
        if (!write_dtype(w, v->dtype, &number, err))
            return false;
        v->mark = w->e->walk.seen | number;
        return true;
    case VALUE_LIST:
    case VALUE_TUPLE:
    case VALUE_SET:
    case VALUE_FROZENSET:
    case VALUE_DICT:
    case VALUE_ARRAY:
    case VALUE_RANGE:
    case VALUE_SLICE:
    case VALUE_OBJECT:
    case VALUE_EXTERNAL:
    case VALUE_TABLE:
    case VALUE_KIND_COUNT:
        break;
    }
    return FAIL(err, ERR_INTERNAL, ERROR_NO_OFFSET, "a value has an unknown kind");
}
