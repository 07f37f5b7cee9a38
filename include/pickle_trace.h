/*
 * What a pickle does, step by step: the machine that decodes it, with a note of every import, every call and
 * all else that Python would act upon, in the order in which it would. Nothing is judged here.
 */
#ifndef MANDOLINE_PICKLE_TRACE_H
#define MANDOLINE_PICKLE_TRACE_H

#include "limits.h"
#include "value.h"

enum trace_kind {
    TRACE_IMPORT,     /* target is the VALUE_GLOBAL, by its name of today */
    TRACE_COMPUTED,   /* a name that is the result of a call: args are (module, name), target what it gives */
    TRACE_CALL,       /* target(*args, **kwargs) gives made */
    TRACE_BUILD,      /* target gets the state args */
    TRACE_FILL,       /* target, an object, is filled by its own method: append, extend or add */
    TRACE_KEPT,       /* target, a global, becomes a part of something; where trace->kept asks for it */
    TRACE_PERSISTENT, /* the reader's own function is asked for what args names */
    TRACE_EXTENSION,  /* the registry of extensions is asked: args is the code */
    TRACE_TEXT,       /* text or bytes, target, that begin as pickles, archives and their wrappings do */
    TRACE_FRAME,      /* a frame crosses another one's end, or an opcode does */
};

struct trace_event {
    enum trace_kind kind;
    enum object_made how; /* TRACE_CALL */
    size_t offset;        /* of the opcode */
    const char *opcode;
    struct bytes module, name; /* TRACE_IMPORT: as they are written */
    struct value *target, *args, *kwargs, *made;
};

struct trace {
    struct arena *arena;
    struct trace_event *events;
    size_t count, capacity;
    size_t frame_end; /* the frame that is open ends there; 0: none is */
    bool kept;        /* set by the listener: TRACE_KEPT is asked for */
};

/* How one pickle ended. */
struct trace_end {
    size_t at;        /* behind STOP, or where it broke */
    size_t looked_at; /* no byte from here on was looked at: behind an argument that was read and refused */
    struct error stopped; /* ERR_NONE: by STOP */
    uint64_t steps;       /* opcodes that ran */
};

/*
 * Runs the pickle that begins at that byte, for at most so many opcodes, and hands out the events after each
 * opcode: events->count is set to 0 by the listener, or they pile up. Damage is told in *end. False: the
 * listener failed.
 *
 * plain: as pickle.load has it, to which what joblib keeps between opcodes is opcodes as well.
 */
typedef bool trace_listener(void *arg, struct trace *events, struct error *err);
bool pickle_trace(struct bytes in, size_t from, bool plain, uint64_t steps, const struct limits *limits,
                  struct arena *arena, trace_listener *listen, void *arg, struct trace_end *end,
                  struct error *err);

/* Whether a pickle may begin there: its first opcode imports, or declares a protocol. For what is damaged. */
bool pickle_may_begin(struct bytes at);

#endif
