/* HDF5 as a document: what the files of this folder share. The library itself is behind sandbox.h. */
#ifndef MANDOLINE_CODEC_H5_H
#define MANDOLINE_CODEC_H5_H

#include "codec.h"
#include "sandbox.h"

/* An open document. Lives in the arena of the exchange. */
struct h5_file {
    int fd;
    struct sandbox_identity identity;
    const struct codec_options *options;
    const struct limits *limits;
    struct watch *watch; /* of the arena */
};

/* Elements with their type and shape: what is known of a dataset or attribute before its values. */
struct h5_shape {
    struct dtype dtype;
    enum sandbox_space space;
    unsigned ndim;
    const uint64_t *dims;
};

struct h5_attribute {
    struct bytes name, problem; /* problem: empty where there is none */
    struct bytes committed;     /* the path of its type; or empty */
    struct h5_shape shape;
    struct bytes elements, heap;
};

struct h5_child {
    struct bytes name; /* as the file has it */
    enum link_kind link;
    uint64_t object; /* of a hard link */
};

/* One object as the sandbox describes it; texts are the arena's. */
struct h5_object {
    enum node_kind kind;
    unsigned layout;
    uint64_t base; /* where it was found: h5_describe's own */
    struct bytes path;
    uint64_t object;
    struct bytes problem; /* NODE_OTHER; datasets and types: why there is no value; or empty */
    struct bytes link_target, link_file;
    const struct h5_child *children;
    size_t child_count;
    const struct h5_attribute *attributes;
    size_t attribute_count;
    struct bytes type_class;
    struct bytes committed; /* the path of the type, where that is an object itself; or empty */
    struct h5_shape shape;
    const uint64_t *max_shape, *chunks;
    const struct node_filter *filters;
    size_t filter_count;
    uint64_t stored_bytes, extent; /* extent: UINT64_MAX where there is none */
    struct bytes fill, fill_heap;  /* one element, as of an attribute; of an array type all of its own */
    bool links_ordered, attributes_ordered; /* in the order in which they were made */
    bool typed;                             /* shape.dtype is known */
    bool has_fill;
    bool plain; /* chunked; after the filters the bytes of a chunk are the elements */
};

/* base: an object, or 0 for the root. */
bool h5_describe(const struct h5_file *f, uint64_t base, struct bytes path, struct arena *arena,
                 struct h5_object *out, struct error *err);

/* The same from the root, with no more of its attributes than their names. */
bool h5_outline(const struct h5_file *f, struct bytes path, struct arena *arena, struct h5_object *out,
                struct error *err);

/* The attribute of this name, or NULL. */
const struct h5_attribute *h5_attribute(const struct h5_object *o, const char *name);

/* ---- values.c: elements as values, as h5py gives them ---- */

/* A scalar is a NumPy scalar or a str, H5S_NULL is None, all else an array. */
bool h5_attribute_value(const struct h5_attribute *a, struct arena *arena, struct value **out,
                        struct error *err);
/* The same; arrays and numeric scalars are read on demand. */
bool h5_dataset_value(const struct h5_file *f, const struct h5_object *o, struct arena *arena,
                      struct value **out, struct error *err);
/* Where the values of 'O' elements go that are read from now on, if the array is of a file; NULL: into the
 * arena. */
void h5_objects_into(const struct array *a, struct arena *objects);
/* True where the array is a whole dataset of a file: *out names it as SANDBOX_READ does. */
bool h5_whole_dataset(const struct array *a, struct sandbox_request *out);
/* All elements in memory, packed. */
bool h5_dataset_load(const struct h5_file *f, const struct h5_object *o, struct arena *arena,
                     const uint8_t **out, uint64_t *count, struct error *err);

/*
 * Elements as the sandbox gives them become elements of array.h: texts become views of the heap, which may
 * grow and must live as long; 'O' elements become values in the arena.
 */
struct h5_slots {
    struct sandbox_slot *items;
    size_t count;
};
bool h5_resolve(const struct h5_slots *slots, size_t itemsize, uint8_t *elements, uint64_t count,
                struct sink *heap, struct arena *arena, struct error *err);

/* Text that is not UTF-8 as if it were Latin-1, which is what it most often is; else a view. */
bool h5_text(struct bytes raw, struct arena *arena, struct bytes *out, struct error *err);

/* ---- marks: attributes that say which Python type a value was (README.md) ---- */

#define MARK_TYPE  "mandoline:type"
#define MARK_DTYPE "mandoline:dtype"
#define MARK_INTS  "mandoline:ints" /* bits: which of a list's floats were ints */

/* The text of a mark, or empty. */
struct bytes h5_mark(const struct h5_object *o, const char *name);
/* Of "table:1": what stands before the number. */
struct bytes h5_mark_word(struct bytes mark);
/* Is false: the mark says what the object cannot be. */
bool h5_mark_unsuited(struct error *err);

/* A dataset as the value that it was made from. */
bool h5_marked_dataset(const struct h5_file *f, const struct h5_object *o, struct arena *arena,
                       struct value **out, struct error *err);

/* What was decoded in a group, before its mark is looked at. */
struct h5_members {
    struct value_pair *items; /* str, value */
    size_t count;
};

/* A table's column of this name had none: "index", "level_0" ... and what a series is called then. */
#define UNNAMED_SERIES "values"
bool h5_unnamed(bool series, bool level, struct bytes name);

/* The kind of node that a marked group becomes, so that it can be referred to before its members are read. */
enum value_kind h5_group_kind(struct bytes mark);
/* Fills the node from its members. */
bool h5_marked_group(struct bytes mark, const struct h5_members *members, struct arena *arena,
                     struct value *node, struct error *err);

/* ---- decode.c ---- */

/* The object at path and everything below as a value. */
bool h5_decode(const struct h5_file *f, struct bytes path, struct arena *arena, struct value **out,
               struct error *err);

/* ---- described.c ---- */

/* The object at path and everything below in the words of described.h; or a piece: node.h. */
bool h5_described(const struct h5_file *f, struct bytes path, const struct array *piece, struct arena *arena,
                  struct value **out, struct error *err);

/* ---- names.c: what HDF5 can hold ---- */

/* As text: UTF-8 without NUL or surrogates. */
bool h5_plain_text(const struct value *v);
/* As a name or path, of what is UTF-8 already: not empty, no NUL. */
bool h5_is_name(struct bytes text);
bool h5_is_link_name(struct bytes text);

/* ---- feed.c: elements on their way into a file, block by block ---- */

/* What references lead to: of a name the path in the new file, or the object in it. Neither: nothing there.
 */
struct h5_names {
    void *self;
    void (*find)(void *self, struct bytes name, struct bytes *path, uint64_t *object);
};

/* Memory that one feed after the other uses. */
struct h5_room {
    struct arena *arena;
    struct arena objects; /* what sequences of the block given last are as values */
    struct array_cursor cursor;
    uint8_t *window;
    size_t window_size;
    struct sink heap;             /* texts and objects of the block given last, in the form of sandbox.h */
    const struct h5_names *names; /* NULL: there are no references */
};

struct h5_feed {
    struct h5_room *room;
    struct dtype dtype; /* of what is given */
    uint64_t count;     /* elements in all */
    /* A list's leaves ... */
    struct value *const *leaves;
    uint64_t at;
    size_t most; /* leaves in a block */
    bool ones;   /* the leaves as booleans that say which are ints */
    /* ... or an array. */
    const struct dtype *from; /* its dtype; NULL: leaves */
    struct h5_slots slots;    /* in an element */
};

/* The leaves as elements of dtype 'b', 'i', 'f', 'c' or 'T'. */
bool h5_feed_leaves(struct h5_feed *f, const struct dtype *dtype, struct value *const *leaves, uint64_t count,
                    struct error *err);
/* An array; dtype says as what it is kept: its own, or 'T' for text and str objects. */
bool h5_feed_array(struct h5_feed *f, const struct dtype *dtype, const struct array *a, struct error *err);
/* The next block, in the form of sandbox.h. A count of 0 is the end. */
bool h5_feed_next(struct h5_feed *f, const uint8_t **block, size_t *count, struct error *err);

/* True when all elements of a 'U' array, or of an 'O' array, are such text. */
bool h5_all_text(const struct array *a, struct h5_room *room, bool *out, struct error *err);

/* ---- encode.c ---- */

bool h5_begin(struct encoder *e, struct error *err);
enum step h5_step(struct encoder *e, struct sink *out, struct error *err);

#endif
