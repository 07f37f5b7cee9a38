/*
 * The value model: everything decodes into one graph, and everything is encoded from it. Identity is the
 * pointer, so shared nodes and cycles are natural. Nodes live in the arena of the exchange and are never
 * freed singly.
 */
#ifndef MANDOLINE_VALUE_H
#define MANDOLINE_VALUE_H

#include "arena.h"
#include "array.h"
#include "bytes.h"

enum value_kind {
    VALUE_NONE,
    VALUE_BOOL,
    VALUE_INT,     /* fits int64 */
    VALUE_BIGINT,  /* does not: bytes are two's complement, little-endian, any length */
    VALUE_FLOAT,   /* float64 */
    VALUE_COMPLEX, /* two float64 */
    VALUE_STR,     /* UTF-8; surrogates (U+D800 to U+DFFF) may occur, see VALUE_SURROGATES */
    VALUE_BYTES,
    VALUE_BYTEARRAY,
    VALUE_LIST,
    VALUE_TUPLE,
    VALUE_SET,
    VALUE_FROZENSET,
    VALUE_DICT,     /* ordered; any key; no two keys equal in Python's sense */
    VALUE_ARRAY,    /* N-dimensional array or NumPy scalar */
    VALUE_DTYPE,    /* numpy.dtype */
    VALUE_RANGE,    /* items: start, stop, step (ints) */
    VALUE_SLICE,    /* items: start, stop, step (any) */
    VALUE_GLOBAL,   /* a class or function, by name; never looked up */
    VALUE_OBJECT,   /* an instance, described; never made */
    VALUE_EXTERNAL, /* what lies outside of the document: a persistent id, a link that leads nowhere */
    VALUE_TABLE,    /* named columns: a pandas DataFrame or Series, a CSV with names */
    VALUE_KIND_COUNT
};

enum value_flags {
    VALUE_SURROGATES = 1, /* VALUE_STR: has surrogates, so it is not valid UTF-8 */
    VALUE_PYTHON2 = 2,    /* VALUE_STR, VALUE_BYTES: an 8-bit string of Python 2 */
    VALUE_DECODED = 4, /* VALUE_STR: an 8-bit string that is text because the caller said so; see value_raw */
    VALUE_CALLED = 8,  /* VALUE_OBJECT: another object's callable, so it stays one, whatever its class */
    VALUE_MANY = 16,   /* with its shared parts counted each time it has too many: see weigh.h */
    VALUE_LONG = 32,   /* the same of the bytes of a text */
    VALUE_DESCRIBED = 64, /* VALUE_DICT: stands for an HDF5 file, see described.h */
};

struct value_pair {
    struct value *key, *value;
};

struct value_list {
    struct value **items;
    size_t count;
};

struct value_pairs {
    struct value_pair *items;
    size_t count;
};

struct known; /* known.h */

struct value_global {
    struct bytes module, name; /* UTF-8; name may have dots */
    const struct known *known; /* known.h's note of what it found for these names; NULL: not looked up */
};

/* A class that is well known: what clients read of its objects. */
struct known_kind {
    const char *type; /* "datetime.datetime" */
    const char *tag;  /* in typed JSON: "$datetime"; NULL: has none */
};

/* How an object came to be: the pickle operation, which is also the way to write it back. */
enum object_made {
    OBJECT_REDUCE,    /* callable(*args) */
    OBJECT_NEWOBJ,    /* callable.__new__(callable, *args) */
    OBJECT_NEWOBJ_EX, /* callable.__new__(callable, *args, **kwargs) */
    OBJECT_BARE, /* object.__new__(callable), whatever the class's own __new__ wants: copyreg._reconstructor
                  */
    OBJECT_INSTANCE, /* Python 2's INST and OBJ: callable(*args), or bare when args is empty */
    OBJECT_SETTER,   /* among an object's states only: callable(object, *args), of which the result is dropped
                      */
    OBJECT_MADE_COUNT
};

struct value_object {
    enum object_made made;
    struct value *callable;   /* most often VALUE_GLOBAL */
    struct value *args;       /* VALUE_TUPLE */
    struct value *kwargs;     /* VALUE_DICT, or NULL */
    struct value_list states; /* of BUILD or of a setter, in order; most often none or one */
    struct value_list items;  /* appended: a list subclass, deque */
    struct value_list added;  /* added: a set subclass */
    struct value_pairs pairs; /* obj[key] = value: a dict subclass */

    /* Of an object of a well-known class, once known_resolve() has seen it; else NULL. The parts above stay
     * what they are: they are the way to write it back. */
    const struct known_kind *known;
    struct value *meaning; /* what it stands for; never an object */
};

enum external_kind {
    EXTERNAL_PERSISTENT_ID, /* pickle: id is any value */
    EXTERNAL_EXTENSION,     /* pickle: id is the extension code (int) */
    EXTERNAL_BUFFER,        /* pickle: the n-th out-of-band buffer; id is n (int) */
    EXTERNAL_SOFT_LINK,     /* HDF5: id is the path (str) */
    EXTERNAL_LINK,          /* HDF5: id is a tuple (file, path) of strs */
};

struct value_external {
    enum external_kind kind;
    bool read_only; /* EXTERNAL_BUFFER */
    struct value *id;
    struct value
        *data; /* EXTERNAL_PERSISTENT_ID: VALUE_BYTES that came beside the pickle (torch.save); or NULL */
};

/*
 * Columns of one length. The levels of the index, which name the rows, are the first of them (pandas'
 * reset_index); without one the rows are numbered from 0 on (pandas.RangeIndex). Made by table_new (table.h).
 */
struct value_table {
    struct value_pairs columns; /* key: any label (None: the level or the series has no name); value: a
                                   VALUE_ARRAY of one dimension and rows elements */
    size_t levels;              /* of the columns, how many are levels of the index */
    uint64_t rows;
    bool series; /* pandas.Series: behind the levels there is one column */
};

struct value {
    uint8_t kind;  /* enum value_kind */
    uint8_t flags; /* enum value_flags */
    uint32_t mark; /* scratch of whoever walks the graph now (walk.h); 0 between walks */
    union {
        bool boolean;
        int64_t integer;
        double real;
        double *complex;        /* two: real, imaginary */
        struct bytes text;      /* STR, BYTES, BYTEARRAY, BIGINT: most often a view into the input */
        struct value_list list; /* LIST, TUPLE, SET, FROZENSET, RANGE, SLICE */
        struct value_pairs dict;
        struct array *array;
        struct dtype *dtype;
        struct value_global *global;
        struct value_object *object;
        struct value_external *external;
        struct value_table *table;
    };
};

_Static_assert(sizeof(struct value) == 24, "a node is three words: a document has millions");

/* Nodes. NULL: no memory (say so with arena_fail). Views are borrowed: they must live as long as the arena.
 */
struct value *value_new(struct arena *arena, enum value_kind kind);
struct value *value_bool(struct arena *arena, bool boolean);
struct value *value_int(struct arena *arena, int64_t integer);
struct value *value_uint(struct arena *arena, uint64_t integer); /* INT or BIGINT */
struct value *value_float(struct arena *arena, double real);
struct value *value_complex(struct arena *arena, double real, double imaginary);
struct value *value_str(struct arena *arena, struct bytes utf8); /* finds out about VALUE_SURROGATES */
struct value *value_text(struct arena *arena, const char *utf8); /* borrowed, as above */
struct value *value_bytes(struct arena *arena, struct bytes bytes);
struct value *value_array(struct arena *arena, const struct array *array); /* copies the header */
struct value *value_global(struct arena *arena, struct bytes module, struct bytes name);
struct value *value_external(struct arena *arena, enum external_kind kind, struct value *id);
/* Little-endian two's complement of any length: INT where it fits, else BIGINT. */
struct value *value_integer(struct arena *arena, struct bytes twos_complement);

/* Appends, growing by doubling. list->items must come from here only. */
bool value_append(struct arena *arena, struct value_list *list, struct value *item);
bool value_put(struct arena *arena, struct value_pairs *pairs, struct value *key, struct value *value);

/* The same for many at once; keys_and_values alternate. */
bool value_append_all(struct arena *arena, struct value_list *list, struct value *const *items, size_t count);
bool value_put_all(struct arena *arena, struct value_pairs *pairs, struct value *const *keys_and_values,
                   size_t count);

/* What v stands for where its class does not matter: itself, unless it is an object of a well-known class. */
static inline struct value *value_meaning(struct value *v)
{
    return v->kind == VALUE_OBJECT && v->object->meaning != NULL ? v->object->meaning : v;
}

/*
 * Whether an object with a meaning is made of bytes that lie outside of the document, as torch's tensors are:
 * formats that cannot hold those write the meaning.
 */
bool value_leans_outside(const struct value *v);

/* What Latin-1 makes of UTF-8 text. False: it has characters over U+00FF, or (err is set) there is no memory.
 */
bool value_to_latin1(struct bytes text, struct arena *arena, struct bytes *out, struct error *err);

/*
 * The bytes of a VALUE_BYTES, a VALUE_BYTEARRAY, or an 8-bit string of Python 2, whatever it was decoded as:
 * raw data of such pickles is in strings, which NumPy takes for Latin-1 then. False: as above.
 */
bool value_raw(const struct value *v, struct arena *arena, struct bytes *out, struct error *err);

/* The value under a text key of a dict, or NULL. */
struct value *value_get(const struct value *dict, const char *key);

/* "list", "numpy.ndarray", "my.module.Class": the type as Python names it. Valid as long as the value. */
struct bytes value_type_name(const struct value *v);

static inline bool value_is_container(const struct value *v)
{
    return (v->kind >= VALUE_LIST && v->kind <= VALUE_DICT) || v->kind == VALUE_RANGE ||
           v->kind == VALUE_SLICE;
}

/* Parts of an object that its class gives no names: they have those of plain JSON. */
enum { VALUE_UNNAMED_MOST = 3 };
struct value_unnamed {
    const char *name; /* "$args", "$kwargs"; "$state" where it is no attributes */
    struct value *value;
};
/* Those that are there and hold something; returns how many. */
size_t value_unnamed(const struct value_object *o, struct value_unnamed *out);

/*
 * What protocols 0 and 1 write of a subclass of tuple, list, dict, str or a number: a call of
 * copyreg._reconstructor(class, base, value). The value; NULL: it is no such object.
 */
struct value *value_reconstructed(const struct value_object *o);

/* The items by path of an object that is nothing but a class and arguments, as namedtuples are, or a value of
 * its base. NULL: it has others. */
const struct value_list *value_made_of(const struct value_object *o);

/* How many numbers a range gives: none where step is 0. */
uint64_t value_range_count(int64_t start, int64_t stop, int64_t step);

/*
 * The part of root that path names: keys, attribute names, indices and record fields joined with '/'; a text
 * key wins over an index. "~1" is '/' and "~0" is '~' inside a step (RFC 6901). "" and "/" are root itself,
 * else an empty step ("a/", "//") is the key "" where there is one, and no step where there is none.
 * What of an object has no name is value_unnamed(). In a table a step is a column's label or a level's name,
 * "columns" (all of them as a dict) or "index". ERR_NOT_FOUND says which step leads nowhere.
 */
bool value_at(struct value *root, struct bytes path, struct arena *arena, struct value **out,
              struct error *err);

/* Named children as value_at finds them, for trees: a dict's text keys, an object's attributes and items (or
 * arguments, see above), a list's, a table's columns. */
bool value_is_group(const struct value *v);

#endif
