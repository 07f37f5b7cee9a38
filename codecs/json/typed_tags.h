/*
 * Resolving typed JSON: what its files share. The plain JSON reader has made a tree; tags are resolved in it,
 * in document order and in place: the dict that was the tag becomes what it stands for, before its contents
 * are looked at, so that a reference from inside finds it. Only "$id" and "$ref" put another node into the
 * place where they stand.
 */
#ifndef MANDOLINE_JSON_TYPED_TAGS_H
#define MANDOLINE_JSON_TYPED_TAGS_H

#include "keyset.h"
#include "known.h"

struct typed_reader;

/* All parts of the argument are resolved: node becomes complete. */
typedef bool finish_fn(struct typed_reader *r, struct value *node, struct value *argument, struct error *err);

/* Places whose values are being resolved one after the other. */
struct frame {
    struct value **places;
    size_t count, next;
    unsigned stride;                /* of places: 1 in a list, 2 in a dict's pairs */
    const struct value_pair *names; /* a dict's pairs, for the error's pointer; or NULL */
    const char *tag;                /* or NULL */
    finish_fn *finish;              /* or NULL */
    struct value *node, *argument;
};

struct typed_reader {
    struct arena *arena;
    struct frame *frames;
    size_t depth, capacity;
    struct value **ids; /* from 1 on */
    size_t id_count, id_capacity;
    struct keyset keyset;
    struct value_list objects; /* whose classes are well known */
    bool shares;               /* there was a $ref */
    struct known_work known;
    const struct limits *limits;
};

/* False: no memory. */
bool frame_push(struct typed_reader *r, struct frame f, struct error *err);
struct frame frame_of_items(const struct value_list *list);
struct frame frame_of_values(struct value *dict);

/* Makes use->v what the tag stands for, but for what is in its parts: those are pushed. */
struct tag_use;
typedef bool begin_fn(struct typed_reader *r, const struct tag_use *use, struct error *err);

/* One tag at work: v is the dict with the tag, in *place; argument is what the tag holds. */
struct tag_use {
    struct value **place;
    struct value *v, *argument;
    const struct tag *tag;
};

struct tag {
    const char *name;
    begin_fn *begin;
    enum value_kind kind;
    finish_fn *finish;
};

/* Is false: the tag must hold that. */
bool tag_wrong(const struct tag_use *use, const char *what, struct error *err);
/* The places in f are resolved, then the tag is finished. */
bool tag_push(struct typed_reader *r, const struct tag_use *use, struct frame f, struct error *err);
/* v is a zeroed node of another kind from here on. */
void tag_become(struct value *v, enum value_kind kind);
/* A list of lists [key, value] as pairs. */
bool tag_read_pairs(struct typed_reader *r, const struct value *list, struct value_pairs *out,
                    struct error *err);

/* typed_containers.c: lists, sets, ranges, dicts */
begin_fn typed_begin_items, typed_begin_dict;
finish_fn typed_finish_set, typed_finish_range, typed_finish_dict;

/* typed_scalars.c: numbers, text and bytes */
begin_fn typed_begin_float, typed_begin_int, typed_begin_complex, typed_begin_bytes, typed_begin_utf8,
    typed_begin_py2str;
finish_fn typed_finish_complex;

/* typed_read_array.c: arrays and dtypes */
begin_fn typed_begin_array, typed_begin_dtype;
finish_fn typed_finish_array;

/* typed_tables.c */
begin_fn typed_begin_table;
finish_fn typed_finish_table;

/* typed_objects.c: names, objects, and what lies outside */
begin_fn typed_begin_global, typed_begin_object, typed_begin_external, typed_begin_known,
    typed_begin_collection;
finish_fn typed_finish_object, typed_finish_deque, typed_finish_ordered, typed_finish_external;

#endif
