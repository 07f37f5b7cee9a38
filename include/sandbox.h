/*
 * The boundary to the HDF5 library. What crosses it is a request, descriptors, windows of bytes and a flat
 * reply; never an id or a pointer of the library: the other side is one of a few worker processes that can
 * reach nothing but what they are handed, and are replaced when a file takes them down.
 */
#ifndef MANDOLINE_SANDBOX_H
#define MANDOLINE_SANDBOX_H

#include <sys/stat.h>

#include "account.h"
#include "array.h"
#include "reader.h"
#include "sink.h"
#include "value.h"
#include "watch.h"

struct sandbox_settings {
    size_t workers;       /* processes that read, and as many at most that write; 0: one a core */
    uint64_t worker_time; /* seconds that one call may take: limits.worker_time */
};

/* Before the first call, or never: one a core, and the default limit. Starts nothing: processes come when
 * needed. */
void sandbox_configure(const struct sandbox_settings *settings);

/*
 * From now on what this process has of windows that it shares with workers is taken from that account; NULL:
 * from none. It is never refused: there are few windows, and each stands beside memory of its size that was
 * asked for. Before the first call, or after the last.
 */
void sandbox_charge(struct account *account);

/*
 * From now on a process of its own starts the workers and opens these files, so that this one may give up
 * both rights (confine.h). files: paths, and NULL at the end; they live as long as the process.
 * It ends with this process; when it is lost, no worker can be started any more, and the parent gets SIGCHLD.
 * By the main thread, before there are others and before the first call, or never: then this process starts
 * them itself.
 */
bool sandbox_supervise(const char *const *files, struct error *err);
bool sandbox_supervisor_lost(void);

enum { SANDBOX_FILES_MAX = 16 };

/* To read one of these files, whatever its name leads to by now; without a supervisor, any file. -1: errno
 * says why. */
int sandbox_open(const char *path);

/* What this machine does not let workers give up, in words for people; NULL: nothing. */
const char *sandbox_weakness(void);

/* Whether a worker runs or can be started. Only where the last attempt to start one failed is it tried again.
 */
bool sandbox_ready(void);

/* Why worker processes ended that nobody wanted to end. */
enum sandbox_end {
    SANDBOX_CRASHED,     /* by a signal for a fault of its own */
    SANDBOX_FORBIDDEN,   /* it made a system call that it has no right to */
    SANDBOX_KILLED,      /* by another signal: the kernel was out of memory, or someone was unkind */
    SANDBOX_EXITED,      /* it left, or said what makes no sense and had to go */
    SANDBOX_TIMED_OUT,   /* it took longer than it may */
    SANDBOX_NOT_STARTED, /* it did not come to life */
    SANDBOX_END_COUNT
};

/* How the workers are at one moment, and what happened since the first began. */
struct sandbox_group {
    size_t busy, idle, absent; /* absent: no process was needed there */
};
struct sandbox_snapshot {
    struct sandbox_group readers, writers;
    uint64_t starts, ends[SANDBOX_END_COUNT];
    uint64_t cache_hits, cache_misses; /* of descriptions */
};
void sandbox_snapshot(struct sandbox_snapshot *out);

/* One state of one file: equal identities have equal bytes. */
struct sandbox_identity {
    uint64_t device, inode, size;
    uint64_t modified_ns, changed_ns;
    uint64_t serial; /* not 0: a private file, whose inode may be used again; unique in this process */
};

/* Of an open file. One without a name (an upload) gets a serial of its own: see SANDBOX_FORGET. */
bool sandbox_identify(int fd, struct sandbox_identity *out, struct error *err);

/* False: its size or its time of writing are not those of the identity any more; ERR_WRITTEN. */
bool sandbox_unchanged(int fd, const struct sandbox_identity *identity, struct error *err);

enum sandbox_op {
    /* Reading. fd and identity name the file; base (an object, or 0: the root) and path the object. */
    SANDBOX_DESCRIBE, /* reply: see "describe" below */
    SANDBOX_READ, /* box of the dataset target into window; base and path say where it was found; reply: heap
                     of texts */
    SANDBOX_LOCATE, /* where chunks of the dataset target lie, base and path as above; payload: u64 numbers,
                       in C order of the chunks; reply, for each: u64 offset (UINT64_MAX: never written), u64
                       stored bytes, u32 mask of the filters that were not applied */
    SANDBOX_WORDS,  /* as DESCRIBE; reply: value, the object in the words of described.h; see "words" below */
    SANDBOX_FORGET, /* the file of this identity is not needed any more */
    /* Writing. */
    SANDBOX_BEGIN,   /* a new file in the empty file fd, at most `most` bytes; reply: u64 session, u64 root */
    SANDBOX_GROUP,   /* makes a group `path` in the group base; reply: u64 object */
    SANDBOX_DATASET, /* makes a dataset; payload: dtype, space; window: all elements, or nothing; reply: u64
                        object */
    SANDBOX_WRITE,   /* window into box of the dataset base; payload: heap of texts */
    SANDBOX_ATTRIBUTE, /* makes an attribute `path` of the object base; payload: dtype, space, heap; window */
    SANDBOX_HARD_LINK, /* path in the group base leads to the object target */
    SANDBOX_SOFT_LINK, /* payload: the path it leads to */
    SANDBOX_EXTERNAL_LINK, /* payload: text file, text path */
    /* The same from the words of described.h. */
    SANDBOX_NAMED_TYPE, /* payload: value type; reply: u64 object, which stays until it is released */
    SANDBOX_RELEASE,    /* target: links to it have been made, or it goes */
    SANDBOX_TYPE,       /* payload: value type, u64 named type or 0; reply: dtype of an element */
    SANDBOX_DATASET_AS, /* makes dataset `path` in base; payload: value words, u64 named type or 0, run fill,
                           run heap of fill, run heap; window; reply: u64 object */
    SANDBOX_ATTRIBUTE_AS, /* makes attribute `path` of base; payload: as above */
    SANDBOX_COPY,   /* stored chunks of a dataset, named as for READ, into one of the session; payload: u64
                       dataset,   u64 place to go on at, first 0; reply: u64 place, or one of those below */
    SANDBOX_FINISH, /* the file is complete; the session ends */
    SANDBOX_ABORT,  /* the session ends, the file is of no use */
    SANDBOX_OP_COUNT
};

/* All chunks are copied; or elements must be: the datasets differ, or there are few chunks for many places.
 */
#define SANDBOX_COPIED  UINT64_MAX
#define SANDBOX_NO_COPY (UINT64_MAX - 1)

/*
 * Elements in a window are packed in the memory form of array.h, but for 'T': its 16 bytes are two u64, an
 * offset into the heap that goes along and a length. On the way in every text has a NUL after it in the heap.
 * The 8 bytes of an 'O' are a u64: SANDBOX_NULL, or an offset into the heap, where is
 *   a sequence            u64 count, the elements as in a window
 *   an object reference   run: the object's path (on the way in u64 object follows; 0: the path says which)
 *   a region reference    run: the dataset's path (and u64 object, as above), u8 enum sandbox_region, u8
 * ndim, u32 count, then u64 each: count points of ndim; count blocks of ndim firsts and ndim lasts; or by
 * axis, count of them, start, step, count Members that are no pointers cross by themselves; message.c knows
 * the others.
 */
#define SANDBOX_NULL UINT64_MAX
enum sandbox_region { REGION_NONE, REGION_ALL, REGION_POINTS, REGION_BLOCKS, REGION_GRID };

#define BRIEF_PROBLEM "not asked for"

struct sandbox_request {
    enum sandbox_op op;
    int fd;
    struct sandbox_identity identity;
    uint64_t session;
    uint64_t base, target; /* objects: numbers that a reply gave */
    uint64_t most;     /* BEGIN; READ: bytes that one chunk may take in memory, over it ERR_LIMIT "memory" */
    bool brief;        /* DESCRIBE: attributes by name alone, with BRIEF_PROBLEM for what is left out */
    bool unclosed;     /* read it though its last writer did not close it: set by sandbox_call() itself */
    struct bytes path; /* relative to base; components "" and "." are passed over */
    const struct box *box;
    struct bytes payload;
    const struct sandbox_mark *marks; /* GROUP, DATASET: text attributes that are made along */
    size_t mark_count;
    uint8_t *window; /* READ: to be filled; else read only */
    size_t window_size;
    struct watch
        *watch; /* when it is over, who waits for an answer to a reading call waits no more; or NULL */
};

/* A scalar text attribute. value has no NUL inside. */
struct sandbox_mark {
    const char *name;
    struct bytes value;
};

/*
 * The reply is appended to an empty sink. Safe from any thread. ERR_DIED: the file took the worker down, or
 * did so before and is refused for a while; ERR_COSTLY: it took longer than it may. ERR_WRITTEN: a named
 * file that somebody else has open for writing, or that was written meanwhile: nothing was read.
 */
bool sandbox_call(const struct sandbox_request *request, struct sink *reply, struct error *err);

/*
 * Flat encodings: little-endian integers; a text or a run of bytes is u32 length, bytes.
 *
 * dtype    u8 kind, order, flags (1 text_is_bytes), u64 itemsize, then u8 what follows: 0 nothing; 1 record:
 *          u32 count of (text name, u64 offset, dtype); 2 sub-array: u8 ndim, u64 dims, dtype; 3 labels: u32
 *          count of (text, u64 value); 4 unit: text; 5 sequence: dtype; 6 reference: u8 'o' or 'r'
 * space    u8 SPACE_, u8 ndim, u64 dims
 * describe u8 enum node_kind, u64 object, text problem ("" none), then by kind
 *   links      text target, text file
 *   group      u8 order (1 of links, 2 of attributes: of creation), u32 count of (u8 enum link_kind, u64
 * object or 0, text name), attributes datatype   u8 order, typed, attributes dataset    u8 order, typed,
 * space, u8 layout (0 compact 1 contiguous 2 chunked 3 virtual 4 unknown), u64 max shape (ndim), u64 chunk
 * (ndim, chunked only), u8 count of filters (u32 id, text name, u8 count of u32 parameters), u64 stored
 * bytes, u64 extent (UINT64_MAX: none), u8 has fill: run elements, run heap, u8 plain (chunked, and after its
 * filters the bytes of a chunk are those of the dtype), attributes other attributes are left out attributes
 * u32 count of (text name, text problem, and when "": text committed (the path of its type), dtype, space,
 * run elements, run heap) typed      text class ("integer" ...), text problem (why values cannot be read, or
 * ""), text committed, u8 has: dtype In a dataset's space the dimensions of an array type are appended, and
 * dtype is the array's element. words    a dict: of a dataset "type", "named" (the committed type's object,
 * or absent), "shape", "creationProperties" without the fill value; of a named type "type"; of a group
 * "links", those of its links that are no hard ones in the order of describe, each of "class", "h5path",
 * "file", and where base is 0 and path leads to it, "path", as references name it; of all of them
 * "attributes", a list in the order of describe, each of "name", "type", "named", "shape" value u8 enum
 * value_kind: BOOL u8, INT u64, FLOAT u64 bits, STR run, LIST u32 count, values; DICT u32 count, (run key,
 * value)
 */
enum sandbox_space { SPACE_NULL, SPACE_SCALAR, SPACE_SIMPLE };

bool wire_put_u8(struct sink *s, uint8_t v, struct error *err);
bool wire_put_u32(struct sink *s, uint32_t v, struct error *err);
bool wire_put_u64(struct sink *s, uint64_t v, struct error *err);
bool wire_put_run(struct sink *s, struct bytes b, struct error *err);
bool wire_put_space(struct sink *s, enum sandbox_space space, unsigned ndim, const uint64_t *dims,
                    struct error *err);
bool wire_put_dtype(struct sink *s, const struct dtype *t, struct error *err);

/* What the other side wrote is checked as any input is. Views are into the reply. */
bool wire_get_run(struct reader *r, struct bytes *out, struct error *err);
/* The same of a name of a field, of a label: what is no UTF-8 is taken for Latin-1. */
bool wire_get_name(struct reader *r, struct arena *arena, struct bytes *out, struct error *err);
bool wire_get_dims(struct reader *r, unsigned ndim, struct arena *arena, const uint64_t **out,
                   struct error *err);
bool wire_get_space(struct reader *r, struct arena *arena, enum sandbox_space *space, unsigned *ndim,
                    const uint64_t **dims, struct error *err);
bool wire_get_dtype(struct reader *r, struct arena *arena, struct dtype *out, struct error *err);

/* Deeper than SANDBOX_VALUE_DEPTH, or of other kinds: ERR_UNREPRESENTABLE. */
enum { SANDBOX_VALUE_DEPTH = 100 };
bool wire_put_value(struct sink *s, const struct value *v, struct error *err);
bool wire_get_value(struct reader *r, struct arena *arena, struct value **out, struct error *err);

/* A 'T' or an 'O' inside of an element. */
struct sandbox_slot {
    size_t offset;
    const struct dtype *type;
};

/* Those of an element that is not flat, in the arena. */
bool wire_slots(const struct dtype *t, struct arena *arena, struct sandbox_slot **slots, size_t *count,
                struct error *err);

/* Types nest at most so deep here: deeper ones are refused. */
enum { SANDBOX_TYPE_DEPTH = 32 };

#endif
