/*
 * Plain JSON: what a person expects of json.dumps, extended to every value. Lossy; typed JSON is not.
 *
 *   None, bool, int, str        null, true, 1, "text"; integers of any size keep every digit
 *   float                       shortest that reads back the same; NaN and infinities as options->nan says
 *   complex                     [real, imaginary]
 *   bytes, bytearray            base64 text
 *   list, tuple, set, frozenset an array
 *   range                       an array of its numbers
 *   dict                        an object; a key that is no text becomes text as json.dumps does (None is
 *                               "null", True "true", 1 "1"); bytes become base64, other keys the JSON of
 * their value. Two keys with one text are refused. array                       nested arrays by shape; a 0-d
 * array or NumPy scalar is its bare value; records are objects, datetime64 ISO 8601 text, timedelta64 its
 * count, NaT null, opaque bytes base64, S text (base64 when not UTF-8) dtype                       NumPy's
 * descr: "<f8", or a list for a record global                      {"$global": "module.name"} slice
 * {"$slice": [start, stop, step]} object                      {"$class": "module.Name", attribute: value,
 * ...}, and where they are there:
 *                               "$args" (only when there is no state), "$kwargs", "$items", "$added",
 * "$pairs" (an object), "$state" (a state that is no dict of attributes; "$states" when there are several). A
 * callable that is no class is "$callable". external                    {"$persistent_id": id},
 * {"$extension": code}, {"$buffer": number},
 *                               {"$link": path} or {"$link": [file, path]}
 *   table                       as options->table says: records, an array of objects, a row each; columns, an
 * object of arrays; split, an object of columns (labels), index and data (an array a row). An index other
 * than numbers from 0 on comes first among the columns, under the names of table_named() (table.h). A series
 * without one is an array of its values; in split it has a name instead of columns.
 *
 * Objects of well-known classes are written as what they mean (known/README.md): a datetime is text.
 */
#ifndef MANDOLINE_JSON_WRITE_H
#define MANDOLINE_JSON_WRITE_H

#include "layout.h"

struct json_rows;

/* One encoding at work, or a nested one. */
struct json_writer {
    const struct codec_options *options;
    const struct limits *limits;
    struct walk *walk;
    struct layout layout;
    struct shares *shares; /* NULL: nobody helps */
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

bool json_begin(struct encoder *e, struct error *err);
enum step json_step(struct encoder *e, struct sink *out, struct error *err);

#endif
