/* What the files that write pickles (write.h) share: the pickle at work, and how each kind of value is put
 * into it. */
#ifndef MANDOLINE_PICKLE_WRITER_H
#define MANDOLINE_PICKLE_WRITER_H

#include "codec.h"
#include "opcodes.h"

/* Names that the writer itself needs, each written once a pickle. */
enum known_global {
    KNOWN_BYTES,
    KNOWN_BYTEARRAY,
    KNOWN_SET,
    KNOWN_FROZENSET,
    KNOWN_COMPLEX,
    KNOWN_RANGE,
    KNOWN_SLICE,
    KNOWN_OBJECT,
    KNOWN_GETATTR,
    KNOWN_ENCODE,
    KNOWN_RECONSTRUCTOR,
    KNOWN_NEWOBJ,
    KNOWN_PARTIAL,
    KNOWN_NDARRAY,
    KNOWN_DTYPE,
    KNOWN_ARRAY,
    KNOWN_SCALAR,
    KNOWN_FROMBUFFER,
    KNOWN_COUNT
};

/* Something short that was written and is in the memo: names, the codes of dtypes. */
struct known_text {
    struct bytes text;
    uint32_t number;
};

enum { KNOWN_TEXTS = 64 };

/* optimize: the first pass over the graph learns which memo entries are asked for, the second one writes
 * those. */
enum writer_pass { PASS_ONLY, PASS_SURVEY, PASS_OPTIMIZED };

struct writer {
    struct encoder *e;
    struct sink *out; /* of the step at work */
    int protocol;
    uint8_t *held; /* the frame at work; below protocol 4, what the event at work has written */
    size_t held_len, held_capacity;
    struct bytes rest; /* of something large, which comes before what is held */
    enum writer_pass pass;
    uint32_t memo_count;
    /* By memo number: 1, it is asked for; from where it is written on, the number it has instead. */
    uint32_t *uses;
    size_t use_count;
    uint32_t kept;                 /* memo entries that were written in PASS_OPTIMIZED */
    uint32_t globals[KNOWN_COUNT]; /* memo number + 1, or 0 */
    struct known_text texts[KNOWN_TEXTS], dtypes[KNOWN_TEXTS];
    size_t text_count, dtype_count;
    uint32_t shorts[2][257]; /* bytes and texts of one character, and empty ones: memo number + 1, or 0 */
    bool array_bypass;       /* the elements of the array at work go straight to the sink */
    bool started, ended;
};

/* ---- write_out.c: bytes, frames, the memo ---- */

bool write_held_slow(struct writer *w, const void *data, size_t n, struct error *err);

static inline bool write_raw(struct writer *w, const void *data, size_t n, struct error *err)
{
    if (n > w->held_capacity - w->held_len)
        return write_held_slow(w, data, n, err);
    memcpy(w->held + w->held_len, data, n);
    w->held_len += n;
    return true;
}

/* Everything held goes to the sink: as a frame from protocol 4 on. */
bool write_flush(struct writer *w, struct error *err);

enum { FRAME_TARGET = 64 << 10 }; /* CPython's pickler closes a frame that has so much */

/* A new value begins: where a frame may end. */
static inline bool write_boundary(struct writer *w, struct error *err)
{
    return w->protocol < 4 || w->held_len < FRAME_TARGET || write_flush(w, err);
}

/* An opcode begins: a frame of pickletools.optimize() may end there too. */
static inline bool write_start(struct writer *w, struct error *err)
{
    return w->pass != PASS_OPTIMIZED || write_boundary(w, err);
}

static inline bool write_op(struct writer *w, enum opcode op, struct error *err)
{
    const uint8_t byte = (uint8_t)op;
    return write_start(w, err) && write_raw(w, &byte, 1, err);
}

/* A header and data: when there is much of it, outside of frames, and without a copy. data must stay. */
bool write_sized(struct writer *w, const void *header, size_t n, struct bytes data, struct error *err);
/* The same for data that follows in blocks: each goes to write_block. */
bool write_blocks_begin(struct writer *w, const void *header, size_t n, uint64_t size, struct error *err);
bool write_block(struct writer *w, const void *data, size_t n, struct error *err);

/* The value on top gets the next memo number, of those that are known by memo_of(); v may be NULL. */
bool write_memo(struct writer *w, struct value *v, struct error *err);
bool write_get(struct writer *w, uint32_t number, struct error *err);

static inline uint32_t memo_of(const struct value *v)
{
    return v->mark & WALK_MARK_MAX;
}

/* ---- write_scalars.c: values without parts ---- */

bool write_int(struct writer *w, int64_t n, struct error *err);
bool write_none(struct writer *w, struct error *err);
bool write_bool(struct writer *w, bool boolean, struct error *err);
/* Without a memo entry. */
bool write_str(struct writer *w, struct bytes utf8, struct error *err);
/* With one, unless it has one already: for a few short texts. */
bool write_text(struct writer *w, struct bytes text, struct error *err);
/* With one. v may be NULL. */
bool write_bytes(struct writer *w, struct bytes bytes, struct value *v, struct error *err);
/* The opcode and length of so many bytes from protocol 3 on. Returns the header's length, 0: too many. */
size_t write_bytes_header(const struct writer *w, uint64_t size, uint8_t *out);
bool write_known(struct writer *w, enum known_global known, struct error *err);
bool write_scalar(struct writer *w, struct value *v, struct error *err);

/* A tuple of n items: what comes before and what comes after them. */
bool write_tuple_begin(struct writer *w, size_t n, struct error *err);
bool write_tuple_end(struct writer *w, size_t n, struct value *v, struct error *err);

/* ---- write_numpy.c ---- */

bool write_dtype(struct writer *w, const struct dtype *t, uint32_t *number, struct error *err);
/* A scalar that is the value that it holds: no array is written. */
bool write_is_held(const struct array *a);
bool write_array_enter(struct writer *w, struct value *v, struct error *err);
bool write_array_block(struct writer *w, const struct walk_event *event, struct error *err);
bool write_array_leave(struct writer *w, struct value *v, struct error *err);

/* ---- write_table.c ---- */

/* A table's node becomes the object that pandas would pickle: a DataFrame, or a Series. */
bool write_table_object(struct writer *w, struct value *v, struct error *err);

/* ---- write_run.c ---- */

/*
 * Scalars beside each other in a list, tuple or dict, and small lists and dicts of nothing else among them:
 * as many as come next, without an event of the walk for each. *any: there were some.
 */
bool write_run(struct writer *w, bool *any, struct error *err);

/* ---- write_containers.c ---- */

/* A list or dict before its parts; v may be NULL. */
bool write_list_enter(struct writer *w, struct value *v, struct error *err);
bool write_dict_enter(struct writer *w, struct value *v, struct error *err);

/* A tuple that was met again among its own items is in the memo: this second one is undone. */
bool write_tuple_leave(struct writer *w, struct value *v, struct error *err);

/* Below protocol 4 a set is a call with a list. */
bool write_set_enter(struct writer *w, struct value *v, struct error *err);
bool write_set_leave(struct writer *w, struct value *v, struct error *err);

bool write_external_enter(struct writer *w, struct value *v, struct error *err);
bool write_external_leave(struct writer *w, const struct value_external *x, struct error *err);

/* ---- write_object.c ---- */

/* role: of the object to its parent. */
bool write_object_enter(struct writer *w, const struct value_object *o, enum walk_role role,
                        struct error *err);
/* Before and after a part of an object. */
bool write_object_before(struct writer *w, const struct walk_event *e, struct error *err);
bool write_object_after(struct writer *w, const struct walk_event *e, struct error *err);
/* The items of the tuple of arguments are written, the tuple is not. */
bool write_is_spread(const struct writer *w, const struct walk_event *e);

#endif
