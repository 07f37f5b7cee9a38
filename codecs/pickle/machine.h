/*
 * The symbolic stack machine of pickle: it runs every opcode over values and descriptions of calls, and calls
 * nothing. Decoding, and everything else that must know what a pickle would do, runs this machine.
 *
 * What a call makes is known when STOP is met: until then an object may still be built, appended to and
 * shared. So calls that may be of a known kind are noted as they come, and looked at in that order at the
 * end, where the object's node becomes the value that it stands for: who holds the node sees the value.
 */
#ifndef MANDOLINE_PICKLE_MACHINE_H
#define MANDOLINE_PICKLE_MACHINE_H

#include "codec.h"
#include "keyset.h"
#include "opcodes.h"
#include "pickle_trace.h"
#include "reader.h"
#include "sip.h"

struct machine;

/* One opcode's row. run is NULL where a byte is no opcode. */
struct opcode_row {
    const char *name;
    uint8_t protocol;
    uint8_t argument; /* enum opcode_argument */
    bool (*run)(struct machine *m, struct error *err);
};

extern const struct opcode_row opcode_rows[256];

/* Values by number: pages of an array while numbers are dense, a hash table for what lies far out. */
struct memo {
    struct value ***pages; /* NULL: nothing is there */
    size_t page_count;
    struct sip_seed seed; /* of the table */
    struct memo_slot *sparse;
    size_t sparse_count, sparse_capacity;
    uint64_t count; /* numbers in use: MEMOIZE takes it as the next one */
};

/* Dicts of so few text keys are compared pair by pair as they grow; all others are put in order at the end.
 */
enum { FEW_KEYS = 8 };

struct machine {
    struct bytes in;
    const uint8_t *at, *end;
    size_t started; /* offset of the opcode at work */
    const struct opcode_row *row;

    struct arena *arena;
    const struct limits *limits;
    enum encoding encoding;          /* of Python 2's strings; set after machine_start() */
    struct value *nodes, *nodes_end; /* of the newest batch */
    uint64_t node_count;

    struct value **stack;
    size_t depth, capacity;
    size_t fence; /* no opcode reaches below: the stack's depth at the last mark, or 0 */
    size_t *marks;
    size_t mark_count, mark_capacity;

    struct memo memo;
    unsigned protocol;         /* the last that was declared */
    uint64_t buffers;          /* out-of-band buffers taken */
    const struct bytes *given; /* what they hold; set after machine_start(); NULL: they stay outside */
    size_t given_count;
    struct value *none, *yes, *no, *empty;
    struct value_list noted;  /* objects of known names, and frozensets, in the order of their making */
    struct value_list united; /* dicts and sets that may hold equal keys */
    const struct value_pair *alike[FEW_KEYS + 1]; /* of the last dict of so many keys, which differ: the next
                                                     one's are often the same */
    size_t early;          /* of noted: those before were looked at by recognise_early() */
    const uint8_t *called; /* behind the last REDUCE */
    struct bytes inner; /* what lay behind the newest wrapper of joblib's: elements, or a pickle of its own */
    bool inner_is_pickle;
    bool again[VALUE_KIND_COUNT]; /* kinds of the values that were taken from the memo, or doubled */
    uint64_t longest;             /* all bits of the lengths of texts whose opcodes take long ones */
    bool runs;           /* nobody looks at single steps: a number may take those that follow it along */
    bool embedded;       /* this is such a pickle */
    struct torch *torch; /* where the storages are that persistent ids name; NULL: nowhere */
    unsigned level;      /* this is in a torch.save in so many others */
    size_t nested;       /* bytes of those in this one that were read */
    struct keyset keys;
    struct trace *trace; /* where imports and calls are noted; NULL: nobody asks */
    struct value *result;
};

/* Ready for the first opcode. in, limits and arena must outlive the machine. */
bool machine_start(struct machine *m, struct bytes in, const struct limits *limits, struct arena *arena,
                   struct error *err);

/* For pickle_codec.ahead. */
bool machine_ahead(struct arrival *a);
/* Ready for the opcode behind those that were run while the pickle arrived. False: none were. */
bool machine_resume(struct machine *m, struct bytes in, const struct codec_options *options,
                    const struct arrival *a);

/* Runs one opcode; m->result is set once that was STOP. After a failure the machine stands where it was met.
 */
bool machine_step(struct machine *m, struct error *err);

/* Whether parts are shared that may make a long text of a short pickle. */
bool machine_shares(const struct machine *m);

/* Makes of what the pickle built what it stands for, and weighs it where that may be needed (weigh.h). After
 * STOP, once. */
bool machine_finish(struct machine *m, struct error *err);

/* All of the above but the start. *used is the offset behind the STOP. */
bool machine_run(struct machine *m, struct value **out, size_t *used, struct error *err);

/* For opcodes: an error that names the opcode and its place. Is false. */
bool machine_fail(struct machine *m, struct error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A value's type for machine_fail's "%.*s": the name may be the client's, and has no end of its own. */
#define TYPE_OF(v) type_length(v), (const char *)value_type_name(v).data

static inline int type_length(const struct value *v)
{
    const size_t len = value_type_name(v).len;
    return len < 60 ? (int)len : 60;
}

/* The next n bytes, as a view. */
static inline bool machine_take(struct machine *m, uint64_t n, const uint8_t **out, struct error *err)
{
    const size_t left = (size_t)(m->end - m->at);
    if (n > left) {
        machine_fail(m, err, "needs %llu bytes, %zu are left", (unsigned long long)n, left);
        return false; /* said here, so that the compiler sees that *out is set otherwise */
    }
    *out = m->at;
    m->at += n;
    return true;
}

/* Text up to a newline, which is consumed. */
bool machine_line(struct machine *m, struct bytes *out, struct error *err);

struct value *machine_node_slow(struct machine *m, enum value_kind kind, struct error *err);

/* A node, zeroed but for its kind. NULL: *err is set. */
static inline struct value *machine_node(struct machine *m, enum value_kind kind, struct error *err)
{
    if (m->nodes == m->nodes_end)
        return machine_node_slow(m, kind, err);
    struct value *v = m->nodes++;
    *v = (struct value){.kind = (uint8_t)kind};
    return v;
}

bool machine_push_slow(struct machine *m, struct value *v, struct error *err);

/* False, with *err set, for NULL too. */
static inline bool machine_push(struct machine *m, struct value *v, struct error *err)
{
    if (v == NULL || m->depth == m->capacity)
        return machine_push_slow(m, v, err);
    m->stack[m->depth++] = v;
    return true;
}

/* Fails unless so many values lie above the last mark. */
static inline bool machine_need(struct machine *m, size_t n, struct error *err)
{
    return m->depth - m->fence >= n ||
           machine_fail(m, err, "needs %zu values above the last mark, there are %zu", n,
                        m->depth - m->fence);
}

static inline struct value *machine_pop(struct machine *m)
{
    return m->stack[--m->depth];
}

static inline struct value *machine_top(const struct machine *m)
{
    return m->stack[m->depth - 1];
}

/* Removes the last mark and all above it, which stays readable until the next push. */
bool machine_pop_mark(struct machine *m, struct value ***items, size_t *count, struct error *err);

/* POP of v, which was on top: what a call is for of which the result is dropped. False: no memory. */
bool machine_dropped(struct machine *m, struct value *v, struct error *err);

/* A tuple of its own items. NULL: *err is set. */
struct value *machine_tuple(struct machine *m, struct value *const *items, size_t count, struct error *err);

/* An object that callable makes of args. NULL: *err is set. */
struct value *machine_object(struct machine *m, enum object_made made, struct value *callable,
                             struct value *args, struct value *kwargs, struct error *err);

/* ---- pickle.c ---- */

/* Length of one opcode with its argument at the start of head, which is not empty. 0: it is none, or it is
 * cut off before its length is known; more than head.len: it is cut off. */
size_t opcode_length(struct bytes head);

/* Whether what follows a pickle looks like another one. */
bool pickle_begins(struct bytes rest);

/* ---- memo.c ---- */

/* NULL: there is no such entry. */
struct value *memo_get(const struct memo *memo, uint64_t number);
bool memo_put(struct memo *memo, uint64_t number, struct value *v, struct arena *arena, struct error *err);

/* ---- text.c: arguments that are text ---- */

/* Python's int(text, base 0) without a digit limit beyond limits->digits; legacy: "017" is octal, as in C. */
bool text_integer(struct machine *m, struct bytes text, bool legacy, struct value **out, struct error *err);
bool text_index(struct machine *m, struct bytes text, uint64_t *out, struct error *err);
bool text_float(struct machine *m, struct bytes text, double *out, struct error *err);
/* Python 2's string escapes, quotes included. */
bool text_unquote(struct machine *m, struct bytes text, struct bytes *out, struct error *err);
/* The raw-unicode-escape codec. */
bool text_raw_unicode(struct machine *m, struct bytes text, struct bytes *out, bool *surrogates,
                      struct error *err);

/* ---- recognise.c, numpy.c ---- */

/* Notes an object whose callable is known. False: no memory. */
bool recognise_note(struct machine *m, struct value *object, struct error *err);
/* Makes of every noted object what it stands for; what does not match stays an object. False: no memory. */
bool recognise_all(struct machine *m, struct error *err);
/* Gives every noted object that is still one its meaning, where it has one (known.h). */
bool recognise_known(struct machine *m, struct error *err);

/* Makes of the dtypes noted so far what they stand for, where their state is there: joblib needs them at
 * once. */
bool recognise_early(struct machine *m, struct error *err);

/* A row's function: true when *v became a value of its own kind; false with err->kind set: no memory. */
typedef bool recognise_fn(struct machine *m, struct value *v, struct error *err);
recognise_fn numpy_dtype, numpy_reconstruct, numpy_frombuffer, numpy_scalar;

/* *v becomes the array. False: no memory. */
bool numpy_become(struct machine *m, struct value *v, const struct array *a, struct error *err);

/* ---- joblib.c ---- */

/* After BUILD: reads what follows a wrapper of joblib's, which becomes the array. Others are left alone. */
bool joblib_array(struct machine *m, struct value *v, struct error *err);

/* ---- trace.c: only where m->trace is set. False: no memory ---- */

bool trace_import(struct machine *m, struct bytes module, struct bytes name, struct value *global,
                  struct error *err);
bool trace_call(struct machine *m, struct value *made, struct error *err);
/* All the others, of a target and something it gets. */
bool trace_act(struct machine *m, enum trace_kind kind, struct value *target, struct value *args,
               struct error *err);
/* Notes the globals among what becomes a part of something. */
bool trace_kept(struct machine *m, struct value *const *items, size_t count, struct error *err);
/* Notes text that may be a document of its own. */
bool trace_text(struct machine *m, struct value *v, struct error *err);

/* ---- torch.c ---- */

/*
 * *out is what a file of torch.save's holds, with its storages, and *used its length. NULL: it is none. An
 * archive always is all there is; of the older layout, a row of pickles, only `row` asks for the object.
 */
bool torch_read(struct bytes in, bool row, enum encoding encoding, const struct limits *limits,
                struct arena *arena, struct value **out, size_t *used, struct error *err);

/* *out is the array that a stored pickle is, its elements left in the file. NULL: it is something else. */
bool stored_array(const struct input *in, const struct codec_options *options, const struct limits *limits,
                  struct arena *arena, struct value **out, struct error *err);

/* How sure this is such an archive, by its first members. */
int torch_sniff(struct bytes head);

/* Gives a persistent id the bytes that it names, if it is that of a storage. */
bool torch_storage(struct machine *m, struct value_external *x, struct error *err);

/* torch.storage._load_from_bytes(bytes): a torch.save inside of the pickle is what the call means. */
recognise_fn torch_loaded;

/* ---- renamed.c ---- */

/* Python 2's name of a global to Python 3's, and back. */
void renamed_to_new(struct value_global *g);
void renamed_to_old(struct value_global *g);

#define OPCODE_DECLARE(code, name, protocol, argument, function)                                             \
    bool function(struct machine *m, struct error *err);
OPCODE_TABLE(OPCODE_DECLARE)
#undef OPCODE_DECLARE

#endif
