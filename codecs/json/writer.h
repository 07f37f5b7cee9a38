/* What the files that write plain JSON (write.h) share: the encoding at work, and values without parts. */
#ifndef MANDOLINE_JSON_WRITER_H
#define MANDOLINE_JSON_WRITER_H

#include "layout.h"

struct json_rows;
struct names;

/* One encoding at work, or a nested one. */
struct json_writer {
    const struct codec_options *options;
    const struct limits *limits;
    struct walk *walk;
    struct layout layout;
    struct shares *shares; /* NULL: nobody helps */
    struct names *names;   /* of members, as they were written before; or NULL */
    struct {
        const struct value *refused; /* the last container with a part that siblings_put() left to the walk */
        size_t size;                 /* bytes of a part, about */
    } siblings;
    unsigned level; /* how many values this one is nested in as key or field */
    struct {
        int64_t at, step;
        uint64_t left;
    } range;                /* numbers of a range that are still to be written */
    struct json_rows *rows; /* rows of a table that are still to be written, or NULL */
};

/* All of v, apart from the walk that is at work: a key that is no text, a field of a record. */
bool json_put_nested(const struct json_writer *w, struct value *v, const struct codec_options *options,
                     struct sink *out, struct error *err);

/* A value without parts, as the walk sees it. */
static inline bool json_is_leaf(const struct value *v)
{
    return v->kind < VALUE_LIST || v->kind == VALUE_DTYPE || v->kind == VALUE_GLOBAL;
}

bool json_put_leaf(const struct json_writer *w, const struct value *v, struct sink *out, struct error *err);

/* The name of a class or function as a string, behind the text before. */
bool json_put_name(const char *before, const struct value_global *g, struct sink *out, struct error *err);

#endif
