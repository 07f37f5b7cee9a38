/*
 * Whether it is safe to let Python load a document: what its pickles would import and call, judged by a
 * policy that allows what is known to be harmless, names what is known to be dangerous, and trusts nothing
 * else.
 */
#ifndef MANDOLINE_SCANNER_H
#define MANDOLINE_SCANNER_H

#include "arena.h"
#include "limits.h"
#include "value.h"

/* ---- the policy: scan/policy.txt says how it is written ---- */

struct policy;

/* What is built in, then the rows of a file's text over it. *out lives as long as the arena, and so must
 * text. ERR_ARGUMENT: one line of text is wrong. */
bool policy_load(struct bytes text, struct arena *arena, const struct policy **out, struct error *err);

/* ---- the answer ---- */

enum severity { SEVERITY_QUIET, SEVERITY_SUSPICIOUS, SEVERITY_DANGEROUS };

/* The worst of what was found; unreadable: nothing was, but not everything could be looked at. */
enum verdict { VERDICT_SAFE, VERDICT_UNREADABLE, VERDICT_SUSPICIOUS, VERDICT_DANGEROUS };
extern const char *const verdict_names[], *const severity_names[];

/* One thing that Python would do, or that a reader of the document may stumble over. */
struct finding {
    enum severity severity;
    const char *rule;          /* a stable code */
    struct bytes member;       /* where in containers: "data.pkl", "gzip!a/b.npy"; "" the document itself */
    size_t offset;             /* in that member */
    const char *opcode;        /* or NULL */
    struct bytes module, name; /* "" where there is none */
    const char *does;          /* one sentence */
    const char *call;          /* the call as Python would write it, cut to a readable length; or NULL */
};

/* A global that is imported, or a callable that is called. */
struct scan_name {
    struct bytes module, name;         /* of today */
    struct bytes raw_module, raw_name; /* as it was written */
    enum severity severity;
    struct bytes member;
    size_t offset; /* of the first time */
    const char *opcode;
    const char *call; /* calls: the first one, as Python would write it */
    uint64_t count;
};

/* A document in the document. */
struct scan_part {
    struct bytes member;
    const char *format; /* "pickle", "zip", "gzip", "npy", "json", "hdf5", "tar", or NULL: nobody knows it */
    uint64_t size;
    uint64_t pickles;  /* read up to their STOP */
    uint64_t trailing; /* bytes after the last of them */
    size_t broken_at;  /* SIZE_MAX: it is whole */
    const char *problem;
};

struct scan_report {
    enum verdict verdict;
    struct finding *findings;
    size_t finding_count;
    uint64_t left_off; /* findings over SCAN_FINDINGS_MAX */
    struct scan_name *imports, *calls;
    size_t import_count, call_count;
    struct scan_part *parts;
    size_t part_count;
    uint64_t persistent_ids;
    const char *limit; /* that was reached, or NULL */
};

enum { SCAN_FINDINGS_MAX = 1000, SCAN_DEPTH = 8 };

/* False: no memory to say anything at all. Limits that are reached while looking are part of the report. */
bool scan_document(struct bytes in, const struct policy *policy, const struct limits *limits,
                   struct arena *arena, struct scan_report *out, struct error *err);

/* The report as a dict. size: bytes of what was scanned. */
bool scan_report_value(const struct scan_report *report, uint64_t size, struct arena *arena,
                       struct value **out, struct error *err);
/* The same with the name of the file, and what is said of a file that could not be scanned. */
bool scan_report_of_file(struct bytes name, const struct scan_report *report, uint64_t size,
                         struct arena *arena, struct value **out, struct error *err);
bool scan_report_of_problem(struct bytes name, const char *problem, struct arena *arena, struct value **out,
                            struct error *err);

#endif
