/*
 * Objects of well-known classes: what they mean, as values of other kinds. A datetime is text, an OrderedDict
 * a dict. The object stays as it was, since that is the way to write it back; its meaning stands beside it
 * (value_object.meaning). What matches no row of the table stays as it is, and is never an error.
 */
#ifndef MANDOLINE_KNOWN_H
#define MANDOLINE_KNOWN_H

#include "keyset.h"
#include "limits.h"
#include "value.h"

/* What resolving needs; one for all objects of a document. Nothing is to be freed. */
struct known_work {
    const struct limits *limits;
    struct arena *arena;
    struct keyset keys;
    unsigned depth; /* objects whose meaning is being found because another's needs it */
    uint64_t
        left; /* bytes that may still be looked at or copied: what many objects share is seen each time */
};

void known_start(struct known_work *w, const struct limits *limits, struct arena *arena);

/*
 * Gives an object its kind and its meaning, once: what is no object, or has been seen, is left. To be called
 * when all its parts are what they will be. Objects that the meaning depends on are resolved first, a few
 * levels deep. False: no memory, or a limit.
 */
bool known_resolve(struct known_work *w, struct value *v, struct error *err);

/*
 * The object that a tag of typed JSON stands for ("$datetime", see known_kind), from its text: part for part
 * what CPython pickles, and resolved. NULL: ERR_SYNTAX says what the text must be; or no memory.
 */
struct value *known_of_text(struct known_work *w, const char *tag, struct bytes text, struct error *err);

/*
 * The tag of an object that known_of_text() makes again of *text, part for part; or, with data NULL in *text,
 * of an OrderedDict() or deque() that has nothing but pairs or items: the tag holds those. NULL: nothing of
 * less than all its parts says what it is; or, with err->kind set, no memory. A part whose mark has a bit of
 * shared is met elsewhere too and cannot be left out; the marks of parts that can be are cleared.
 */
const char *known_tag(const struct value_object *o, uint32_t shared, const struct limits *limits,
                      struct bytes *text, struct error *err);

/* The first row of a class, function or method, or known_nothing. Remembered in a global: asking again costs
 * nothing. */
const struct known *known_find_global(struct value_global *g);
const struct known *known_find_method(const struct value_object *o);
extern const struct known known_nothing;

static inline const struct known *known_find(const struct value *callable)
{
    if (callable->kind == VALUE_GLOBAL)
        return callable->global->known != NULL ? callable->global->known
                                               : known_find_global(callable->global);
    return callable->kind == VALUE_OBJECT ? known_find_method(callable->object) : &known_nothing;
}

static inline bool known_is(const struct value *callable)
{
    return known_find(callable) != &known_nothing;
}

/* A module's name as the tables spell it: some have moved, numpy.core to numpy._core. */
struct bytes known_module(struct bytes module);

/*
 * Do the arguments have these kinds? A letter each: s text, b bytes (or a string of Python 2), y bytes or
 * bytearray, i int, n float or int, l list or tuple, t tuple, D dict, g global, d dtype, a array, o object, 0
 * None, * anything; + alone: one or more of anything; ~ at the end: any more.
 */
bool known_match(const struct value_list *args, const char *letters);

/* What a 'b' is: bytes, or a string of Python 2. value_raw() gives what is in it. */
bool known_is_raw(const struct value *v);

/* ---- numpy: false with err->kind set is no memory, without: it is none ---- */

/* A dtype from the code that numpy.dtype() was called with, and its state (at most one). */
bool known_dtype(struct bytes code, const struct value_list *states, struct arena *arena, struct dtype *out,
                 struct error *err);

/* The same, whatever metadata a user gave it: those say nothing about the elements, and are lost. */
bool known_dtype_but_metadata(struct bytes code, const struct value_list *states, struct arena *arena,
                              struct dtype *out, struct error *err);

/* An array from ndarray's state ([version,] shape, dtype, is_fortran, bytes or list of objects): views. */
bool known_array_of_state(const struct value_list *state, struct arena *arena, struct array *out,
                          struct error *err);

/* Bytes of an array of this shape (a tuple of ints). */
bool known_size(const struct dtype *dtype, const struct value *shape, struct arena *arena, uint64_t *out,
                struct error *err);

/* An array of elements as raw bytes: exactly as many as the shape (a tuple of ints) needs. */
bool known_flat_array(const struct dtype *dtype, const struct value *shape, bool fortran, struct bytes data,
                      struct arena *arena, struct array *out, struct error *err);

/* ---- torch ---- */

/* The elements of a storage of that class as they lie there: bits (uint8, uint16) where NumPy has no such
 * type. */
bool known_torch_storage(const struct value *class, struct dtype *out);

#endif
