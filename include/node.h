/*
 * One object of a document, described without reading its values: what the tree, meta and attrs endpoints
 * show. HDF5 fills it from the file; every other format from its value graph.
 */
#ifndef MANDOLINE_NODE_H
#define MANDOLINE_NODE_H

#include "value.h"

enum node_kind {
    NODE_GROUP,
    NODE_DATASET,       /* an array, or any value without children */
    NODE_DATATYPE,      /* a named type (HDF5) */
    NODE_SOFT_LINK,     /* leads nowhere */
    NODE_EXTERNAL_LINK, /* leads to another file; never followed */
    NODE_OTHER,         /* there, and cannot be described: see problem */
};

enum link_kind { LINK_HARD, LINK_SOFT, LINK_EXTERNAL, LINK_USER };

struct node_child {
    struct bytes name; /* UTF-8; bytes that are not are replaced by U+FFFD */
    enum link_kind link;
    struct value *value; /* where the child is at hand: node_of_value describes it; NULL: ask by path */
};

struct node_attribute {
    struct bytes name;
    struct value *value; /* NULL: cannot be read, see problem */
    const char *problem;
    const char *committed; /* the path of its type, where that is an object itself; or NULL */
};

struct node_filter {
    int id;
    const char *name;
    const unsigned *parameters;
    size_t parameter_count;
};

/* How a dataset is kept. NULL pointers: has none. */
struct node_storage {
    const char *layout;        /* "contiguous", "chunked", "compact", "virtual" */
    const uint64_t *chunks;    /* as many as dimensions */
    const uint64_t *max_shape; /* UINT64_MAX: unlimited */
    const struct node_filter *filters;
    size_t filter_count;
    struct value *fill_value;
    uint64_t stored_bytes;
};

struct node {
    enum node_kind kind;
    uint64_t id;                       /* equal for two paths to one object; 0: unknown */
    const struct node_child *children; /* group: see node_child() */
    const struct value_list *items;    /* group: its children where they have no names; else NULL */
    size_t child_count;
    size_t attribute_count;
    const struct node_attribute *attributes;
    const struct dtype *dtype; /* dataset, datatype; NULL where no array dtype says it */
    const char *committed;     /* dataset: the path of its type, where that is an object itself; or NULL */
    bool links_ordered, attributes_ordered; /* kept in the order in which they were made */
    const char *type_class; /* "integer", "float", "string", "compound", "enum" ... (HDF5), else NULL */
    unsigned ndim;
    const uint64_t *shape;              /* dataset; ndim 0: a scalar */
    bool null_space;                    /* dataset without elements (HDF5's H5S_NULL; h5py.Empty) */
    const struct node_storage *storage; /* or NULL */
    struct value *value; /* dataset: its value, an array read on demand; NULL: cannot be read, see problem */
    const char *problem; /* why value is NULL or kind is NODE_OTHER; "" otherwise NULL */
    struct value *link_target; /* links: the path (str), or a tuple (file, path) */
};

/* A document that is open for looking into. Lives in the arena of the exchange. */
struct document {
    void *self;
    const struct document_ops *ops;
    uint64_t
        parts; /* how many documents the input held one after another (pickles); 0: one, or not counted */
    uint64_t trailing; /* bytes after them that are no such document */
};

struct document_ops {
    /* Describes the object at path ("/" is the root); links on the way are followed inside the document. */
    bool (*node)(void *self, struct bytes path, struct arena *arena, struct node *out, struct error *err);
    /* The same where of attributes no more than the names is wanted. NULL: node() says so as fast. */
    bool (*outline)(void *self, struct bytes path, struct arena *arena, struct node *out, struct error *err);
    /* Its value, groups as dicts, for encoding. */
    bool (*value)(void *self, struct bytes path, struct arena *arena, struct value **out, struct error *err);
    /*
     * The same in words (described.h), for formats that keep types, storage, attributes and links. piece:
     * what was selected of the array at path, which is kept in its place; *out is NULL where that has no
     * words. NULL: all of it. No function: there is no more to say of it than its value.
     */
    bool (*described)(void *self, struct bytes path, const struct array *piece, struct arena *arena,
                      struct value **out, struct error *err);
};

/* Describes a value as document_of_value's documents do. */
bool node_of_value(struct value *v, struct arena *arena, struct node *out, struct error *err);

/* A group's i-th child; an item of a list is named by its index. */
bool node_child(const struct node *n, size_t i, struct arena *arena, struct node_child *out,
                struct error *err);

/* Any value graph as a document: dicts, lists and objects with parts are groups, all else datasets. */
bool document_of_value(struct value *root, const struct limits *limits, struct arena *arena,
                       struct document *out, struct error *err);

#endif
