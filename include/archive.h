/*
 * Zip archives (PKWARE's APPNOTE.TXT 6.3.10; section numbers in zip.c), read as leniently as the most lenient
 * reader: members are found by the central directory and by local headers, and where the two tell different
 * stories both are kept, and named. Nothing here believes a size, a flag or a checksum.
 */
#ifndef MANDOLINE_ARCHIVE_H
#define MANDOLINE_ARCHIVE_H

#include "packing.h"

/* What is odd about a member. Readers differ in what they make of it: ARCHIVE_FACTS has a word for each. */
enum archive_fact {
    ARCHIVE_ONLY_LOCAL = 1 << 0,   /* the central directory does not have it */
    ARCHIVE_ONLY_CENTRAL = 1 << 1, /* there is no local header where the directory says */
    ARCHIVE_NAME = 1 << 2,         /* the two headers have different names */
    ARCHIVE_METHOD = 1 << 3,       /* ... methods */
    ARCHIVE_FLAGS = 1 << 4,        /* ... flags */
    ARCHIVE_SIZE = 1 << 5,         /* ... sizes or checksums (where the local one has any) */
    ARCHIVE_ENCRYPTED = 1 << 6,    /* a header says that it is: it is read as if not */
    ARCHIVE_CUT = 1 << 7,          /* its bytes reach beyond the end */
    ARCHIVE_OVERLAP = 1 << 8,      /* its bytes are also another member's */
    ARCHIVE_TWICE = 1 << 9,        /* an earlier member has this name */
    ARCHIVE_PREFIX = 1 << 10,      /* of the archive: bytes that are no member precede the first one */
    ARCHIVE_SUFFIX = 1 << 11,      /* of the archive: more follows its end than its comment */
    ARCHIVE_NO_END = 1 << 12,      /* of the archive: there is no central directory */
};
#define ARCHIVE_FACTS                                                                                        \
    {                                                                                                        \
        "only-local", "only-central", "name", "method", "flags", "size", "encrypted", "cut", "overlap",      \
            "twice", "prefix", "suffix", "no-directory"                                                      \
    }

/* What one of a member's two headers says. */
struct archive_header {
    bool there;
    struct bytes name; /* as it is written: UTF-8, CP437 or anything */
    uint16_t flags, method;
    uint32_t crc;
    uint64_t packed_size, size;
};

struct archive_member {
    struct archive_header central, local;
    size_t at;     /* of the local header; SIZE_MAX: there is none */
    size_t data;   /* of the packed bytes */
    size_t packed; /* bytes of them that exist */
    unsigned facts;
};

struct archive {
    struct bytes in;
    struct archive_member *members; /* in the order of the directory, then those that are only local */
    size_t count;
    unsigned facts;
    uint64_t inflated; /* bytes that archive_open() gave so far: limits->inflated bounds them all */
};

/* Whether the first bytes are those of an archive. */
bool archive_begins(struct bytes head);

/* The members; views into `in`. Damaged ones are facts. False: ERR_LIMIT ("members", "memory"), or
 * ERR_SYNTAX: there is neither a directory nor a local header. */
bool archive_read(struct bytes in, const struct limits *limits, struct arena *arena, struct archive *out,
                  struct error *err);

/* The name: the directory's, where it has one. */
struct bytes archive_name(const struct archive_member *member);

/* A member by name: the last one, as readers that go by the directory take it. NULL: none. */
const struct archive_member *archive_find(const struct archive *a, struct bytes name);

/*
 * What a member holds, by what that header of it says: a view where it is stored, else inflated into the
 * arena. Damage is told in *out. False: ERR_LIMIT ("inflated", over all members together), ERR_UNSUPPORTED
 * (the method).
 */
bool archive_open(struct archive *a, const struct archive_member *member, const struct archive_header *by,
                  const struct limits *limits, struct arena *arena, struct unpacked *out, struct error *err);

/* Whether the checksum of that header is that of the content. */
bool archive_crc_holds(const struct archive_header *by, struct bytes content);

#endif
