/* A listing of opcodes at work: what disassemble.c steps through, and the two forms write. */
#ifndef MANDOLINE_PICKLE_LISTING_H
#define MANDOLINE_PICKLE_LISTING_H

#include "disassemble.h"
#include "machine.h"
#include "number.h"
#include "spell.h"

struct line {
    size_t offset;
    uint8_t code;
    const struct opcode_row *row;
    struct argument argument;
    size_t length; /* of the argument in bytes, where it was cut; else 0 */
    bool has_memo, has_mark;
    uint64_t memo; /* the entry that is read or written */
    size_t mark;   /* where the MARK is that this opcode takes away */
    size_t indent; /* open marks before the opcode */
    size_t depth;  /* values on the stack after it; marks do not count */
};

enum { INDENT = 4 }; /* blanks for each open mark, in text */

enum listing_stage {
    LISTING_OPENS,
    LISTING_STARTS, /* a pickle */
    LISTING_STEPS,
    LISTING_SPELLS, /* the rest of an argument */
    LISTING_ENDS,   /* a pickle */
    LISTING_DONE,
};

struct listing_form;

struct listing {
    const struct listing_form *form;
    struct disassemble_options options;
    struct bytes in;
    const struct limits *limits;
    struct arena own;    /* what the machine makes; emptied after each pickle */
    size_t budget;       /* of own and big together */
    struct watch *watch; /* for own */

    struct machine machine;
    size_t *marks; /* where the open ones are: as many as machine.mark_count */
    size_t mark_capacity;

    uint64_t index;
    size_t start, end; /* of the pickle at work; end is behind what was understood of it */
    uint64_t lines;
    int declared, highest; /* protocols; -1: none yet */
    struct error problem;  /* what ended the listing early */
    struct error frame;    /* the first frame that is longer than the input: the listing goes on */

    enum listing_stage stage;
    struct line line;
    struct spelling spelling;
    char digits[NUMBER_MAX];
    struct arena big; /* the digits of a big integer */
};

static inline bool listing_complete(const struct listing *l)
{
    return l->problem.kind == ERR_NONE;
}

/* How a form writes its parts. All append to out; false: no memory for the answer. */
struct listing_form {
    bool json;
    bool (*open)(const struct listing *l, struct sink *out, struct error *err);
    bool (*start)(const struct listing *l, struct sink *out, struct error *err);
    bool (*before)(const struct listing *l, struct sink *out,
                   struct error *err); /* a line up to its argument */
    bool (*after)(const struct listing *l, struct sink *out, struct error *err); /* and from there */
    bool (*end)(const struct listing *l, struct sink *out, struct error *err);
    bool (*close)(const struct listing *l, struct sink *out, struct error *err);
};

extern const struct listing_form listing_text, listing_json;

/* ---- argument.c; opcode is all of an opcode's bytes ---- */

/* The argument of an opcode that has just run, or that has a fixed length or a memo entry, which l->line has.
 * Digits that are too many are l->problem. */
struct argument listing_argument(struct listing *l, struct bytes opcode);

/* The memo entry that an opcode is about; next is the one that MEMOIZE takes. False: there is none. */
bool listing_memo(struct listing *l, struct bytes opcode, uint64_t next, uint64_t *out);

/* ---- listing.c ---- */

#endif
