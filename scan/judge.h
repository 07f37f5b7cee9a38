/* One scan at work. */
#ifndef MANDOLINE_SCAN_JUDGE_H
#define MANDOLINE_SCAN_JUDGE_H

#include "pickle_trace.h"
#include "policy.h"
#include "sip.h"

/* What a value stands for, as far as names and texts go. */
enum meaning_kind {
    MEANS_NOTHING, /* nobody can say */
    MEANS_DATA,    /* what is known to be harmless */
    MEANS_NAME,    /* a global, or an attribute of one */
    MEANS_TEXT,
    MEANS_ATTRIBUTE, /* operator.attrgetter: gives its argument's attribute `text` */
    MEANS_METHOD,    /* operator.methodcaller: calls that */
    MEANS_PARTIAL,   /* functools.partial of module, name */
    MEANS_DTYPE,     /* numpy's: its elements have `size` bytes */
};

struct meaning {
    enum meaning_kind kind;
    struct bytes module, name, text;
    const struct value_list *bound; /* MEANS_PARTIAL: the first arguments; NULL: nobody can say which */
    uint64_t size;                  /* MEANS_DTYPE, and: */
    bool objects;                   /* there are pointers to objects in them */
};

struct meaning_slot {
    const struct value *value;
    struct meaning meaning;
};

/* What is looked at. */
struct item {
    struct bytes bytes, member;
    unsigned depth;
    bool asked; /* the document itself, or a member that says it is a pickle: unreadable counts */
};

struct items {
    struct item *items;
    size_t count, capacity;
};

/* A name with what the policy says of it. */
struct known_name {
    struct scan_name name;
    struct opinion opinion;
    const struct item *reported; /* the item in which its import was a finding already */
    size_t calls;                /* place in report->calls, plus 1 */
    unsigned call_findings;
};

struct scan {
    const struct policy *policy;
    const struct limits *limits;
    struct arena *arena;
    struct scan_report *report;
    bool unreadable;

    struct items queue;
    uint64_t taken;    /* bytes of all items so far */
    uint64_t inflated; /* of them, bytes that were made by unpacking: limits->inflated bounds them all */
    uint64_t pairs;    /* entries of states that were looked at */

    const struct item *item;
    struct scan_part *part;
    bool acted;       /* the pickle at work imported or asked for something */
    bool joblib;      /* it names a wrapper of arrays, which pickle.load and joblib.load read differently */
    bool out_of_turn; /* it was found by searching, behind damage */

    struct sip_seed seed;
    struct known_name *names; /* hash table */
    size_t name_count, name_slots;
    struct meaning_slot *meanings; /* hash table, of one pickle */
    size_t meaning_count, meaning_slots;
};

/* ---- report.c ---- */

/* Adds a finding at that event (NULL: none), over SCAN_FINDINGS_MAX counted only. False: no memory. */
bool report_add(struct scan *s, const struct finding *f, struct error *err);
/* The same of a few words. */
bool report_find(struct scan *s, enum severity severity, const char *rule, size_t offset, const char *opcode,
                 const char *does, struct error *err);
/* Something could not be looked at: the verdict will not be safe. */
bool report_unreadable(struct scan *s, size_t offset, const char *problem, struct error *err);
bool report_part(struct scan *s, const struct item *item, const char *format, struct error *err);
bool report_name(struct scan *s, struct scan_name **list, size_t *count, const struct scan_name *name,
                 struct error *err);
/* "name('a', 1)", cut. NULL: no memory. */
const char *report_call(struct scan *s, struct bytes module, struct bytes name,
                        const struct value_list *args);

/* ---- meaning.c ---- */

struct meaning meaning_of(const struct scan *s, const struct value *v);
bool meaning_set(struct scan *s, const struct value *v, struct meaning meaning, struct error *err);
void meaning_forget(struct scan *s);
/* module.name with an attribute more. */
bool meaning_attribute(struct scan *s, struct meaning of, struct bytes path, struct meaning *out,
                       struct error *err);
/* functools.partial of f with such arguments before those that it gets later; keywords may be NULL. */
bool meaning_partial(struct scan *s, struct meaning f, const struct value_list *bound, size_t from,
                     const struct value *keywords, struct meaning *out, struct error *err);
/* The arguments of a call of it. NULL without an error: nobody can say which. */
bool meaning_arguments(struct scan *s, const struct meaning *f, const struct value_list *args,
                       const struct value_list **out, struct error *err);
/* What a call of a function that finds, joins or decodes gives; MEANS_NOTHING for all others. */
bool meaning_of_call(struct scan *s, const struct meaning *callable, const struct value_list *args,
                     struct meaning *out, bool *found, struct error *err);

/* ---- judge.c ---- */

/* Hears what a pickle does. arg is the scan. */
trace_listener judge_events;

/* ---- names.c ---- */

/*
 * The name's row, made when it is new. Valid until the next call. NULL: no memory. It has copies of the
 * names: what a search behind damage has read is gone after it, and the report is not.
 */
struct known_name *judge_know(struct scan *s, const struct meaning *m, struct error *err);
/* "Verb: it does that", or otherwise. NULL: no memory. */
const char *judge_words(struct scan *s, const char *verb, struct bytes what, const char *otherwise);
/* A finding about a name. */
bool judge_find(struct scan *s, const struct trace_event *e, const struct meaning *m, enum severity severity,
                const char *rule, const char *does, const char *call, struct error *err);
/* A name is reached: by an import, or (chained) by attributes; and an attribute of one. */
bool judge_reach(struct scan *s, const struct trace_event *e, const struct meaning *m, bool chained,
                 struct error *err);
bool judge_reach_attribute(struct scan *s, const struct trace_event *e, const struct meaning *of,
                           struct bytes attribute, const struct meaning *m, struct error *err);
/* Functions that are allowed only where they are called at once, since what they find or load is looked at.
 */
bool judge_is_finder(const struct meaning *m);
/* Of these, torch's, which loads pickles. */
bool judge_is_loader(const struct meaning *m);
bool judge_keeps_finder(struct scan *s, const struct trace_event *e, const struct meaning *m,
                        struct error *err);

/* ---- calls.c ---- */

bool judge_call(struct scan *s, const struct trace_event *e, struct error *err);
/* It calls what nobody can tell. */
bool judge_computed(struct scan *s, const struct trace_event *e, struct error *err);
/* copyreg's functions, which make instances of their first argument. */
bool judge_is_maker(const struct meaning *m);

/* ---- states.c ---- */

/* A state that an object is given, and what is appended to one that is no list. */
bool judge_state(struct scan *s, const struct trace_event *e, struct error *err);
bool judge_fill(struct scan *s, const struct trace_event *e, struct error *err);
bool judge_kept(struct scan *s, const struct trace_event *e, struct error *err);
/* What becomes attributes of an object. */
bool judge_attributes(struct scan *s, const struct trace_event *e, const struct value *state,
                      struct error *err);
/* Many objects may share one big state, which is looked through for each. */
bool judge_count(struct scan *s, size_t n, struct error *err);

/* ---- dtypes.c ---- */

/* Whether a text may come of numpy.core.multiarray.scalar(), whose dtype that is. */
bool dtype_may_be_text(const struct value *dtype);
/* Whether a record's dtype is among them that has no state yet: what it makes of an array would change. */
bool dtype_is_used_early(const struct value_list *list);
bool judge_odd_dtype(struct scan *s, const struct trace_event *e, struct error *err);
/* The state of a dtype: numpy believes what it says of memory. */
bool judge_dtype(struct scan *s, const struct trace_event *e, struct error *err);

/* ---- queue.c ---- */

/* Puts another document into the queue; nothing of it is looked at yet. */
bool scan_push(struct scan *s, struct bytes bytes, struct bytes member, const char *more, struct bytes name,
               bool asked, struct error *err);

/* ---- keras.c, hdf5.c ---- */

/* What is no JSON is left. *known: it is one. */
bool scan_json(struct scan *s, struct bytes text, bool *known, struct error *err);
bool scan_is_hdf5(struct bytes in);
bool scan_hdf5(struct scan *s, struct error *err);

/* ---- containers.c ---- */

/* Looks for what s->item is besides pickles; *known: it is one of these, and holds no pickle at its start. */
bool scan_containers(struct scan *s, bool *known, struct error *err);

#endif
