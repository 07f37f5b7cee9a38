/* Rows of a policy, and what they say of a name. */
#ifndef MANDOLINE_SCAN_POLICY_H
#define MANDOLINE_SCAN_POLICY_H

#include "scanner.h"

/* The text of policy.txt. */
extern const struct bytes policy_builtin;

enum policy_use { USE_NAME = 1, USE_MAKE = 2, USE_CALL = 4 };

struct policy_row {
    enum severity severity;
    unsigned uses;          /* SEVERITY_QUIET: what is allowed, enum policy_use */
    struct bytes module;    /* without ".*" */
    bool tree;              /* ".*": its submodules too */
    struct bytes name;      /* "*": any; "@": any that is spelled as a class is */
    struct bytes arguments; /* USE_CALL: words of letters */
    struct bytes does;
};

struct policy {
    struct policy_row *rows;
    size_t count, capacity;
};

/* "a.b" and "a.b.c" are within "a.b". */
bool policy_is_within(struct bytes above, struct bytes path);

/* What the rows together say. */
struct opinion {
    enum severity severity;
    unsigned uses;
    bool listed;       /* some row has it */
    struct bytes does; /* of the row that decided; may be empty */
};

/* module and name by their names of today. name may have dots: they are looked through. */
struct opinion policy_name(const struct policy *policy, struct bytes module, struct bytes name);

/* Whether some row allows a call with these arguments. */
bool policy_call(const struct policy *policy, struct bytes module, struct bytes name,
                 const struct value_list *args);

#endif
