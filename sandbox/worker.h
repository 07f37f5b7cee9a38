/* What the files of a worker share: one process, one thread. */
#ifndef MANDOLINE_WORKER_H
#define MANDOLINE_WORKER_H

#include <hdf5.h>

#include "sandbox.h"

enum {
    FILES_MAX = 32,    /* files kept open for reading */
    DATASETS_MAX = 16, /* datasets kept open, with their chunk caches */
    SESSIONS_MAX = 64, /* files being written */
};

#define CHUNK_MAX        (256ULL << 20) /* bytes of one chunk: a bigger one is not decompressed */
#define CHUNK_CACHE_MOST (32ULL << 20)  /* of one dataset, unless a chunk is bigger */
#define CHUNK_CACHE_ALL  (40ULL << 20)  /* of all datasets together, the newest aside */

/* ---- driver.c: the library's view of a descriptor ---- */

/* Reads of raw data are noted and not done. */
struct driver_watch {
    bool on;
    uint64_t at, size;
};

struct driver_file {
    H5FD_t base; /* first: the library's part */
    int fd;
    bool writable;
    bool full;     /* a write went over `most` */
    uint64_t most; /* bytes that the file may grow to */
    uint64_t serial;
    haddr_t eoa, eof;
    struct driver_watch watch;
};

/* Registers the driver once. */
bool driver_start(hid_t *driver);
/* An access list through which exactly this file can be opened, under the name DRIVER_NAME. */
hid_t driver_access(hid_t driver, struct driver_file *file);
/* Absolute, so the library doesn't ask for the working directory; there is no such file. */
#define DRIVER_NAME "/h5"

/* ---- filters_in.c: filters that the library does not have, reading only ---- */

bool filters_start(void);

/* ---- szip_whole.c: is the library's szip ours, which refuses what ends early? ---- */

bool szip_is_whole(void);

/* ---- types.c ---- */

/* A type of a file, as it is given to clients. */
struct type {
    struct dtype dtype;
    hid_t memory;        /* what the library reads into: as dtype, but a text is a char pointer */
    size_t memory_size;  /* of one element in that form */
    bool flat;           /* neither 'T' nor 'O': both forms are the same */
    const char *problem; /* NULL, or why it cannot be read */
};

const char *type_class_name(hid_t type);
/* The type as clients see it; what cannot be read sets out->problem. False: no memory. */
bool type_of_file(hid_t file_type, struct arena *arena, struct type *out, struct error *err);
void type_close(struct type *t);
/* Types of the library that the caller closes: 'i', 'u' or 'f' by size and order; NumPy's bool as h5py has
 * it. */
hid_t type_standard(char kind, size_t size, char order);
hid_t type_boolean(void);

/* ---- types_of_dtypes.c ---- */

/* The type that keeps a dtype. */
bool type_to_file(const struct dtype *dtype, struct arena *arena, struct type *out, struct error *err);

/* ---- moves.c ---- */

/* A piece of an element in both forms. */
struct move {
    size_t memory, window, size;
    bool text;
    const struct dtype *object; /* 'O': what it is made of; size is 8, the place in the heap */
    const struct move *inner;   /* a sequence whose elements are not flat: the pieces of one, and */
    size_t inner_count;
    size_t inner_memory; /* bytes of one in the library's form */
};

/* The pieces of an element of type t, in the arena. */
bool type_moves(const struct type *t, struct arena *arena, struct move **out, size_t *count,
                struct error *err);

/* ---- tables.c: what is kept open ---- */

struct open_file {
    struct sandbox_identity identity;
    struct driver_file driver;
    hid_t id; /* 0: a free place */
    uint64_t used;
    struct paths *paths; /* references.c's */
};

struct open_dataset {
    struct open_file *file; /* NULL: a free place */
    uint64_t object;
    hid_t id, space;
    struct arena arena;
    struct type type;
    unsigned ndim; /* of the dataset itself */
    hsize_t shape[H5S_MAX_RANK];
    uint64_t cache_bytes;
    uint64_t used;
};

struct session {
    uint64_t number; /* 0: a free place */
    struct driver_file driver;
    hid_t file;
};

struct worker {
    hid_t driver;
    uint64_t clock, numbers;
    struct open_file files[FILES_MAX];
    struct open_dataset datasets[DATASETS_MAX];
    struct session sessions[SESSIONS_MAX];
};

bool file_is_open(const struct worker *w, const struct sandbox_identity *identity);
bool file_open(struct worker *w, const struct sandbox_request *q, struct open_file **out, struct error *err);
void file_forget(struct worker *w, const struct sandbox_identity *identity);
/* The dataset with its type and chunk cache; stays until it is pushed out. */
bool dataset_open(struct worker *w, struct open_file *file, const struct sandbox_request *q,
                  struct open_dataset **out, struct error *err);
/* Why the dataset's elements cannot be had, in words, or NULL. arena for the text. */
const char *dataset_problem(hid_t dataset, hid_t plist, struct arena *arena);

/* ---- locate.c ---- */

/* True when the chunks hold, but for their filters, what is given to clients. */
bool chunks_are_plain(hid_t plist, hid_t type, const struct type *t);
/* The bytes in the file of the chunk that begins there; 0: it was never written. False: that cannot be told.
 */
bool chunk_stored(const struct open_dataset *d, const hsize_t *start, hsize_t *size);

/* ---- elements.c: elements that are not flat ---- */

#define HEAP_MAX (512ULL << 20) /* bytes of variable length in one reply, and of the library's own for it */

/* Where the library puts data of variable length; freed with the arena. full: there was no room for some. */
struct room {
    struct arena arena;
    bool full;
};

/*
 * A transfer list for count elements. The library converts them through a buffer of 1 MB, which it clears for
 * each transfer, unless it is told that less will do.
 */
hid_t transfer_of(hid_t dataset, const struct type *t, size_t count);
/* One that makes the library use the room, too. */
hid_t room_transfer(struct room *room, hid_t dataset, const struct type *t, size_t count);
/* count elements from the library's form to the window's; what has no fixed length is appended to heap. */
bool elements_out(struct open_file *file, const struct type *t, const uint8_t *memory, size_t count,
                  uint8_t *window, struct sink *heap, struct error *err);

/* ---- unwritten.c: chunks without elements, of which the library cannot read any ---- */

/* Whether there may be such. */
bool has_unwritten(const struct open_dataset *d);
/* As H5Dread of the box into a memory space of its size; the fill value's own memory is the arena's. */
bool read_written(const struct open_dataset *d, const struct box *box, hid_t memory_space, hid_t transfer,
                  uint8_t *out, size_t count, struct arena *arena, struct error *err);

/* ---- references.c ---- */

/* A path to the object at this address, the first in the order of the file; NULL: none leads there. */
const char *path_of_address(struct open_file *file, uint64_t address);
void paths_free(struct paths *paths);
/* What the reference at `from` says, in the form of sandbox.h; *null: it says nothing. */
bool object_reference_out(struct open_file *file, const uint8_t *from, struct sink *heap, bool *null,
                          struct error *err);
bool region_reference_out(struct open_file *file, const uint8_t *from, struct sink *heap, bool *null,
                          struct error *err);

/* ---- the operations ---- */

typedef bool operation(struct worker *w, const struct sandbox_request *q, struct sink *reply,
                       struct error *err);
operation describe, read_box, locate_chunks;
operation write_begin, write_group, write_dataset, write_box, write_attribute, write_hard_link,
    write_soft_link, write_external_link, write_finish, write_abort;
/* words.c, write_words.c */
operation copy_chunks, words_of_object, write_named_type, write_release, write_type, write_dataset_as,
    write_attribute_as;

/* The path without "", "." and a NUL at the end, in the arena; "" is the object itself. */
bool path_clean(struct bytes path, struct arena *arena, const char **out, struct error *err);

/* Fails with the library's own words after `what`. */
void library_error(struct error *err, enum error_kind kind, const char *what);

static inline bool library_fail(struct error *err, enum error_kind kind, const char *what)
{
    library_error(err, kind, what);
    return false;
}

/* ---- ids that close themselves ---- */

#define CLOSER(name, function)                                                                               \
    static inline void name(const hid_t *id)                                                                 \
    {                                                                                                        \
        if (*id > 0)                                                                                         \
            function(*id);                                                                                   \
    }
CLOSER(close_type, H5Tclose)
CLOSER(close_space, H5Sclose)
CLOSER(close_plist, H5Pclose)
CLOSER(close_object, H5Oclose)
CLOSER(close_attribute, H5Aclose)
CLOSER(close_file, H5Fclose)
#undef CLOSER

#endif
