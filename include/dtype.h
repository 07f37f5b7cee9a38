/* What one element of an array is. The words are NumPy's (numpy.dtype.kind, numpy.lib.format.dtype_to_descr).
 */
#ifndef MANDOLINE_DTYPE_H
#define MANDOLINE_DTYPE_H

#include "arena.h"

struct value;

enum dtype_kind {
    DTYPE_BOOL = 'b',    /* one byte, 0 or 1 */
    DTYPE_INT = 'i',     /* 1, 2, 4 or 8 bytes, two's complement */
    DTYPE_UINT = 'u',    /* 1, 2, 4 or 8 bytes */
    DTYPE_FLOAT = 'f',   /* 2, 4, 8 bytes IEEE 754; 16: x87 extended in 16 bytes, as on x86-64 */
    DTYPE_COMPLEX = 'c', /* 8, 16 or 32 bytes: real, imaginary */
    DTYPE_BYTES = 'S',   /* itemsize bytes, padded with NULs at the end */
    DTYPE_UNICODE = 'U', /* itemsize / 4 code points of UCS-4, padded with NULs at the end */
    DTYPE_VOID = 'V', /* itemsize raw bytes; a record when field_count > 0; a sub-array when base != NULL */
    DTYPE_DATETIME = 'M',  /* 8 bytes, counts of unit since 1970; NaT is the smallest int64 */
    DTYPE_TIMEDELTA = 'm', /* 8 bytes, counts of unit */
    DTYPE_OBJECT = 'O',    /* in memory: struct value *, never NULL */
    DTYPE_TEXT = 'T',      /* variable-length text; in memory: struct bytes, a view; see text_is_bytes */
};

enum {
    DTYPE_MAX_NDIM = 32,       /* NumPy's and HDF5's */
    DTYPE_MAX_DEPTH = 32,      /* records and sub-arrays inside of each other */
    DTYPE_MAX_LEAVES = 1 << 14 /* plain types that a dtype is made of, those of a shared part each time */
};

struct dtype_field {
    struct bytes name;  /* UTF-8 */
    struct bytes title; /* or empty */
    size_t offset;      /* bytes from the start of the record */
    const struct dtype *dtype;
};

/* One name of an enumeration (HDF5). */
struct dtype_label {
    struct bytes name;
    int64_t value;
};

struct dtype {
    enum dtype_kind kind;
    char order;         /* '<' or '>' where bytes have an order, '|' where they have none */
    bool aligned;       /* record: numpy.dtype(..., align=True) */
    bool text_is_bytes; /* DTYPE_TEXT: the elements are bytes of no known encoding (HDF5 ASCII strings hold
                           these too) */
    size_t itemsize;    /* bytes in memory */
    struct bytes unit;  /* DTYPE_DATETIME, DTYPE_TIMEDELTA: "s", "25s", "ns" ...; empty: generic */
    const struct dtype_field *fields; /* record */
    size_t field_count;
    const struct dtype *base; /* sub-array: the element, and its shape */
    unsigned ndim;
    const uint64_t *shape;
    const struct dtype_label *labels; /* enumeration: what its integers are called; or NULL */
    size_t label_count;
    const struct dtype *sequence; /* 'O' of HDF5: each value is an array of one dimension of these; or NULL */
    char reference;               /* 'O' of HDF5: 'o' refers to an object, 'r' to a region of one; or 0 */
};

/* A plain type in the machine's order ('<', or '|' for one byte). */
struct dtype dtype_make(enum dtype_kind kind, size_t itemsize);

/* True when the elements hold no pointers (neither 'O' nor 'T', in no field), so that their bytes are the
 * value. */
bool dtype_is_flat(const struct dtype *t);

bool dtype_is_numeric(const struct dtype *t); /* b i u f c */

/*
 * Whoever puts a dtype together from what a client sent asks this before using it: ERR_LIMIT when it is
 * nested deeper than DTYPE_MAX_DEPTH or has more than DTYPE_MAX_LEAVES parts, ERR_SYNTAX when a field does
 * not lie inside of its record or an itemsize is not that of its parts.
 */
bool dtype_check(const struct dtype *t, struct error *err);

/* Same meaning of the same bytes (fields and sub-arrays included). */
bool dtype_equal(const struct dtype *a, const struct dtype *b);

/*
 * The typestr of NumPy's array interface: "<f8", "|S5", "<U3", "<M8[ns]", "|V12"; 'O' is "|O", 'T' is "|T".
 * out has at least 48 bytes.
 */
void dtype_typestr(const struct dtype *t, char *out);

/*
 * NumPy's descr (numpy.lib.format.dtype_to_descr) as a value: str, or a list of tuples (name, descr[, shape])
 * for a record, holes as ('', '|V4'). A sub-array at the top is a tuple (descr, shape). Fields that overlap
 * or are out of order are a dict, as numpy.dtype() takes it: names, formats, offsets, itemsize. NULL: no
 * memory.
 */
struct value *dtype_descr(const struct dtype *t, struct arena *arena);

/* Back: "<f8", ">i4", "f8", "?", "float64", "int8" ... (with or without order, numpy.dtype's plain names
 * too). */
bool dtype_parse(struct bytes typestr, struct dtype *out, struct error *err);

/* "ns", "25s": a unit of NumPy's dates, behind a positive number or without one. */
bool dtype_is_unit(struct bytes text);

/* Back from dtype_descr's value (tuples may be lists). Offsets follow from the sizes. ERR_SYNTAX, ERR_LIMIT.
 */
bool dtype_of_descr(const struct value *descr, struct arena *arena, struct dtype *out, struct error *err);

/* Reverses the bytes of count packed elements where order is '>' (fields, complex and UCS-4 units too): to
 * '<'. */
void dtype_swap(const struct dtype *t, uint8_t *elements, size_t count);

/*
 * Whether a byte of a field with order '>' is another field's too: dtype_swap() would reverse it for both,
 * and no order of the bytes is right for both. False: no memory.
 */
bool dtype_crosses(const struct dtype *t, struct arena *arena, bool *crosses, struct error *err);

/* The same dtype with every order '<'. NULL: no memory. */
const struct dtype *dtype_little(const struct dtype *t, struct arena *arena);

/*
 * Zeroes the bytes of count packed elements that belong to no field: what was in memory before must not leave
 * with them.
 */
bool dtype_clear_holes(const struct dtype *t, uint8_t *elements, size_t count, struct arena *arena,
                       struct error *err);

#endif
