/* Arguments of opcodes, spelled as Python's repr does or as JSON, a piece at a time. */
#ifndef MANDOLINE_PICKLE_SPELL_H
#define MANDOLINE_PICKLE_SPELL_H

#include "bytes.h"
#include "error.h"
#include "sink.h"

enum argument_kind {
    ARGUMENT_NONE,
    ARGUMENT_FALSE,
    ARGUMENT_TRUE,
    ARGUMENT_NUMBER, /* text is the number, the same in both forms */
    ARGUMENT_WORD,   /* nan, inf, -inf: JSON quotes it */
    ARGUMENT_UTF8,   /* valid; surrogates may occur */
    ARGUMENT_LATIN1, /* an 8-bit string of Python 2: a byte is a character */
    ARGUMENT_PAIR,   /* two lines of UTF-8: Python has a blank between them, JSON makes a list of two */
    ARGUMENT_BYTES,  /* base64 in JSON */
    ARGUMENT_BYTEARRAY,
};

/* A view: valid as long as the input or what the machine holds. */
struct argument {
    enum argument_kind kind;
    struct bytes text;
};

struct spelling {
    struct argument argument;
    size_t at; /* spelled so far */
    bool json, opened, closed;
    uint8_t quote; /* of Python's repr */
};

void spelling_start(struct spelling *s, struct argument argument, bool json);

/* Appends until the sink is full or s->closed. False: no memory for the answer. */
bool spelling_run(struct spelling *s, struct sink *out, struct error *err);

/* ---- printable.c ---- */

/* Python's str.isprintable of one character. */
bool code_is_printable(uint32_t code);

#endif
