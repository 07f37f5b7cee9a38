/* What the files of include/where.h share: a condition in postfix form. */
#ifndef MANDOLINE_WHERE_STEPS_H
#define MANDOLINE_WHERE_STEPS_H

#include "where.h"

enum operand_kind { OPERAND_FIELD, OPERAND_NUMBER, OPERAND_TEXT };

struct operand {
    enum operand_kind kind;
    size_t at;          /* character of the condition */
    size_t field;       /* among the names */
    long double number; /* holds every int64, uint64 and double */
    struct bytes text;
};

enum comparison { IS_EQUAL, IS_UNEQUAL, IS_LESS, IS_LESS_EQUAL, IS_GREATER, IS_GREATER_EQUAL };

enum step_kind { STEP_COMPARE, STEP_TRUTH, STEP_NOT, STEP_AND, STEP_OR };

struct where_step {
    enum step_kind kind;
    enum comparison comparison;
    struct operand left, right; /* STEP_TRUTH: left, a field of bool */
};

struct where {
    struct bytes text;
    struct bytes *names;
    size_t name_count;
    struct where_step *steps;
    size_t step_count;
    uint8_t *truths; /* as many blocks as are ever on the stack */
    size_t depth;
};

enum {
    WHERE_DEPTH = 200,       /* blocks of truths on the stack */
    WHERE_NAMES = 256,       /* fields */
    WHERE_LENGTH = 64 << 10, /* characters */
};

#endif
