/* A format is a table. A member that is NULL says "this format cannot do that". */
#ifndef MANDOLINE_CODEC_H
#define MANDOLINE_CODEC_H

#include "crew.h"
#include "input.h"
#include "node.h"
#include "picture.h"
#include "sink.h"
#include "walk.h"

/* What Python 2's 8-bit strings are: text where they are UTF-8 and bytes elsewhere, or as
 * pickle.loads(encoding=) has it for every one. */
enum encoding { ENCODING_GUESS, ENCODING_ASCII, ENCODING_LATIN1, ENCODING_BYTES, ENCODING_UTF8 };

enum nan_spelling { NAN_NULL, NAN_STRING, NAN_LITERAL, NAN_ERROR }; /* null, "NaN", NaN, 422 */

/* A list of objects, an object of lists, or labels, index and rows apart: pandas' orient of to_json(). */
enum table_form { TABLE_RECORDS, TABLE_COLUMNS, TABLE_SPLIT };

/* How the chunks of HDF5 datasets are read: by us where we can, by us alone where we can, by the library. The
 * same bytes. */
enum hdf5_path { HDF5_AUTO, HDF5_DIRECT, HDF5_LIBRARY };

/* Parameters of a request that are a codec's business; each codec reads those that concern it. */
struct codec_options {
    enum nan_spelling nan;  /* json */
    enum table_form table;  /* json */
    bool pretty;            /* json, typed */
    bool record_lists;      /* json: records as lists of their fields, no objects */
    int protocol;           /* pickle: 0 to 5; default 4 */
    bool optimize;          /* pickle: no memo entries that nothing asks for */
    bool attributes;        /* hdf5 decode: groups and datasets carry their attributes along */
    enum encoding encoding; /* pickle decode */
    int64_t index;          /* pickle decode: which of several in a row; negative: from the end */
    bool every;             /* pickle decode: a list of all of them */
    const struct bytes
        *buffers; /* pickle decode: what NEXT_BUFFER takes, in order; NULL: they stay outside */
    size_t buffer_count;
    bool header;      /* csv: tables with names begin with a line of them; default true */
    bool header_said; /* csv decode: ... even one of numbers, which are no names otherwise */
    enum hdf5_path hdf5_path;
    struct picture_look picture; /* png */
    struct crew *crew;           /* helps to encode what is big; NULL: nobody does */
};

extern const struct codec_options codec_options_default;

/* One encoding at work. Lives in the arena; encoder_run is called until it is done. */
struct encoder {
    const struct codec *codec;
    const struct codec_options *options;
    const struct limits *limits;
    struct arena *arena;
    struct value *root;
    struct walk walk;
    void *state; /* the codec's own, in the arena */
};

struct codec {
    const char *name;               /* the value of to=, from= and format= */
    const char *title;              /* for people */
    const char *const *media_types; /* the canonical one first; NULL at the end */
    const char *const *extensions;  /* without dot; NULL at the end */

    /* How sure this is our format, 0 to 100, from the first bytes (all of them when the document is shorter).
     */
    int (*sniff)(struct bytes head);

    bool by_parts;      /* decode and open read a small part of a document; the rest as it is asked for */
    bool by_name_only;  /* Accept does not choose it: browsers say that they accept pictures, of everything */
    bool describes;     /* begin takes what document_ops.described gives, and loses less then */
    bool takes_buffers; /* options->buffers mean something to decode and open */

    /* The whole document as a value. Strings and arrays may be views into the input, which outlives them. */
    bool (*decode)(const struct input *in, const struct codec_options *options, const struct limits *limits,
                   struct arena *arena, struct value **out, struct error *err);

    /*
     * Decodes what is there of a document, and goes on when it is called again once more is. decode and open
     * of an input with that arrival take over what was made. False: that cannot be done, or not with what is
     * there: all of it is done again, and errors are told, when everything is. NULL: only whole documents are
     * decoded.
     */
    bool (*ahead)(struct arrival *a);

    /* For formats that can be looked into without decoding all of it. NULL: decode and document_of_value do.
     */
    bool (*open)(const struct input *in, const struct codec_options *options, const struct limits *limits,
                 struct arena *arena, struct document *out, struct error *err);

    /* Prepares e->state and e->walk; refuses what the format cannot hold as far as can be told now. NULL with
     * .step: the format cannot be written. */
    bool (*begin)(struct encoder *e, struct error *err);

    /* Appends bytes until sink_full() or done. */
    enum step (*step)(struct encoder *e, struct sink *out, struct error *err);
};

static inline bool codec_reads(const struct codec *codec)
{
    return codec->decode != NULL || codec->open != NULL;
}

static inline bool codec_writes(const struct codec *codec)
{
    return codec->step != NULL;
}

/* All formats, in the order in which they are listed; NULL at the end. */
extern const struct codec *const codecs[];

/* By name; by media type (parameters after ';' are ignored); by a file name's extension. NULL: none. */
const struct codec *codec_by_name(struct bytes name);
const struct codec *codec_by_media_type(struct bytes type);
const struct codec *codec_by_file_name(struct bytes name);
/* The surest by content, or NULL. */
const struct codec *codec_by_content(struct bytes head);

/* Opens a document with codec->open, or with codec->decode and document_of_value. */
bool codec_open(const struct codec *codec, const struct input *in, const struct codec_options *options,
                const struct limits *limits, struct arena *arena, struct document *out, struct error *err);

/* An encoder in the arena. codec->begin has been called. */
bool encoder_new(const struct codec *codec, struct value *root, const struct codec_options *options,
                 const struct limits *limits, struct arena *arena, struct encoder **out, struct error *err);

/* codec->step under limits->output. */
enum step encoder_run(struct encoder *e, struct sink *out, struct error *err);

#endif
