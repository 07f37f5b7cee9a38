/*
 * The opcodes of a pickle, one after the other: as the text that Python's pickletools.dis prints, or as JSON.
 * They run on the machine that decodes pickles, step by step as the answer is pulled: neither the listing nor
 * an argument of any length is ever in memory as a whole.
 */
#ifndef MANDOLINE_DISASSEMBLE_H
#define MANDOLINE_DISASSEMBLE_H

#include "codec.h"

enum disassemble_form { DISASSEMBLE_TEXT, DISASSEMBLE_JSON };

#define DISASSEMBLE_ALL UINT64_MAX

struct disassemble_options {
    enum disassemble_form form;
    uint64_t index; /* the one of several pickles in a row to list, from 0; DISASSEMBLE_ALL: each of them */
    uint64_t width; /* a text or bytes longer than so many bytes is cut there, and its length is said; 0: none
                       is */
};

/*
 * An encoder in the arena, for encoder_run(). in and limits must live as long as it does.
 *
 * Damage is part of the answer, not a failure: the listing goes as far as the machine does, and ends with the
 * place and the reason (a frame that is longer than the input is no reason to end: it is told at the end, if
 * nothing else is). So does a limit (memory, nodes, digits, depth for open marks, output).
 * What fails here is what comes before a listing: an empty input (ERR_SYNTAX), and an index that no pickle
 * has (ERR_ARGUMENT) or that damage lies before.
 */
bool disassemble_new(struct bytes in, const struct disassemble_options *options, const struct limits *limits,
                     struct arena *arena, struct encoder **out, struct error *err);

/* What a listing ended with, once its encoder is done: damage or a limit. NULL: neither. Lives as long as the
 * encoder. */
const struct error *disassemble_problem(const struct encoder *e);

#endif
