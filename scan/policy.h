/* Rows of a policy, and what they say of a name. */
#ifndef MANDOLINE_SCAN_POLICY_H
#define MANDOLINE_SCAN_POLICY_H

#include "scanner.h"
#include "sip.h"

/* The text of policy.txt. */
extern const struct bytes policy_builtin;

enum policy_use { USE_NAME = 1, USE_MAKE = 2, USE_CALL = 4, USE_FILL = 8 };

struct policy_row {
    enum severity severity;
    unsigned uses;          /* SEVERITY_QUIET: what is allowed, enum policy_use */
    struct bytes module;    /* without ".*" */
    bool tree;              /* ".*": its submodules too, and the name in any of them */
    struct bytes name;      /* "*": any; "@": any that is spelled as a class is */
    struct bytes arguments; /* USE_CALL, and USE_MAKE if any are allowed: words of letters */
    struct bytes does;
    uint32_t next; /* in its place of the index, plus 1 */
};

struct policy {
    struct policy_row *rows;
    size_t count, capacity;
    struct sip_seed seed;
    uint32_t *slots; /* the index: the first row of each place, plus 1; a power of two of them */
    size_t slot_count;
    size_t longest; /* bytes of a row's MODULE.NAME */
};

/* "a.b" and "a.b.c" are within "a.b". */
bool policy_is_within(struct bytes above, struct bytes path);

/* What the rows together say. */
struct opinion {
    enum severity severity;
    unsigned uses;
    bool listed;       /* some row has it */
    size_t match;      /* bytes of the MODULE:NAME that decided: the more, the nearer it is to this name */
    struct bytes does; /* of the row that decided; may be empty */
};

/* module and name by their names of today. name may have dots: they are looked through. */
struct opinion policy_name(const struct policy *policy, struct bytes module, struct bytes name);

/* Whether some row of one of these uses takes these arguments. */
bool policy_takes(const struct policy *policy, unsigned uses, struct bytes module, struct bytes name,
                  const struct value_list *args);

#endif
