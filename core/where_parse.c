#include "number.h"
#include "where_steps.h"

#include <math.h>

/* What waits for its right side: an operator, or an open parenthesis. */
enum pending { PENDING_OPEN, PENDING_OR, PENDING_AND, PENDING_NOT }; /* from loose to tight */

struct parser {
    struct where *w;
    size_t at;
    enum pending *pending;
    size_t pending_count;
    size_t depth; /* truths on the stack of what is written so far */
    struct arena *arena;
};

static bool fail(const struct parser *p, const char *what, struct error *err)
{
    return FAIL(err, ERR_ARGUMENT, p->at, "%s is expected here", what);
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_name(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' || c == '.' ||
           c >= 0x80;
}

/* The next character after blanks; NUL at the end. */
static char peek(struct parser *p)
{
    const struct bytes text = p->w->text;
    while (p->at < text.len && (text.data[p->at] == ' ' || text.data[p->at] == '\t'))
        p->at++;
    return p->at < text.len ? (char)text.data[p->at] : '\0';
}

static struct bytes rest(const struct parser *p)
{
    return bytes_of(p->w->text.data + p->at, p->w->text.len - p->at);
}

/* Takes a word or a sign; a word ends where a name would. */
static bool accept(struct parser *p, const char *word)
{
    const size_t n = strlen(word);
    peek(p);
    if (!bytes_starts(rest(p), word))
        return false;
    const bool letters = is_name((uint8_t)word[0]);
    if (letters && p->at + n < p->w->text.len && is_name(p->w->text.data[p->at + n]))
        return false;
    p->at += n;
    return true;
}

static bool accept_any(struct parser *p, const char *const *words)
{
    for (; *words != NULL; words++)
        if (accept(p, *words))
            return true;
    return false;
}

/* ---- operands ---- */

/* Integers of up to 64 bits as they are. */
static bool read_number(struct parser *p, struct operand *out, struct error *err)
{
    const bool minus = peek(p) == '-';
    double real;
    size_t n = number_read_double(rest(p), &real), i = minus || peek(p) == '+';
    if (n == 0)
        return fail(p, "a number", err);
    uint64_t whole = 0;
    const struct bytes digits = bytes_of(rest(p).data, n);
    bool exact = true;
    for (; i < n; i++)
        exact = exact && is_digit(digits.data[i]) && !__builtin_mul_overflow(whole, 10, &whole) &&
                !__builtin_add_overflow(whole, (uint64_t)(digits.data[i] - '0'), &whole);
    p->at += n;
    *out = (struct operand){.kind = OPERAND_NUMBER, .at = out->at, .number = (long double)real};
    if (exact)
        out->number = minus ? -(long double)whole : (long double)whole;
    return true;
}

/* In quotes, which stand for themselves when they are doubled. */
static bool read_quoted(struct parser *p, struct bytes *out, struct error *err)
{
    const struct bytes text = p->w->text;
    const size_t start = p->at;
    const uint8_t quote = text.data[p->at++];
    uint8_t *plain = arena_alloc(p->arena, 1, text.len - start);
    size_t n = 0;
    if (plain == NULL)
        return arena_fail(p->arena, err);
    for (; p->at < text.len; p->at++) {
        const bool twice = p->at + 1 < text.len && text.data[p->at + 1] == quote;
        if (text.data[p->at] == quote && !twice) {
            p->at++;
            *out = bytes_of(plain, n);
            return true;
        }
        p->at += text.data[p->at] == quote;
        plain[n++] = text.data[p->at];
    }
    p->at = start;
    return FAIL(err, ERR_ARGUMENT, start, "a quote is opened here and not closed");
}

static bool set_field(struct where *w, struct bytes name, struct operand *out, struct error *err)
{
    size_t i = 0;
    while (i < w->name_count && !bytes_equal(w->names[i], name))
        i++;
    if (i == WHERE_NAMES)
        return FAIL(err, ERR_ARGUMENT, out->at, "a condition names at most %d fields", WHERE_NAMES);
    if (i == w->name_count)
        w->names[w->name_count++] = name;
    *out = (struct operand){.kind = OPERAND_FIELD, .at = out->at, .field = i};
    return true;
}

static bool read_name(struct parser *p, struct operand *out, struct error *err)
{
    static const char *const words[] = {"and", "or", "not"};
    const struct bytes text = p->w->text;
    size_t n = 0;
    while (p->at + n < text.len && is_name(text.data[p->at + n]))
        n++;
    const struct bytes name = bytes_of(text.data + p->at, n);
    for (size_t i = 0; i < ROWS(words); i++)
        if (bytes_is(name, words[i]))
            n = 0;
    if (n == 0)
        return fail(p, "a field, a number or a text", err);
    p->at += n;
    return set_field(p->w, name, out, err);
}

static bool read_operand(struct parser *p, struct operand *out, struct error *err)
{
    const char c = peek(p);
    struct bytes name;
    *out = (struct operand){.kind = OPERAND_NUMBER, .at = p->at};
    if (accept(p, "true") || accept(p, "True"))
        return out->number = 1, true;
    if (accept(p, "false") || accept(p, "False"))
        return true;
    if (is_digit((uint8_t)c) || c == '-' || c == '+')
        return read_number(p, out, err);
    if (c == '\'' || c == '"') {
        out->kind = OPERAND_TEXT;
        return read_quoted(p, &out->text, err);
    }
    if (c != '`')
        return read_name(p, out, err);
    if (!read_quoted(p, &name, err))
        return false;
    return set_field(p->w, name, out, err);
}

/* ---- steps ---- */

static bool push(struct parser *p, struct where_step step, struct error *err)
{
    p->w->steps[p->w->step_count++] = step;
    p->depth += step.kind == STEP_COMPARE || step.kind == STEP_TRUTH;
    p->depth -= step.kind == STEP_AND || step.kind == STEP_OR;
    if (p->depth > WHERE_DEPTH)
        return FAIL_LIMIT(err, "depth", WHERE_DEPTH, "the condition is nested deeper than %d levels",
                          WHERE_DEPTH);
    p->w->depth = p->depth > p->w->depth ? p->depth : p->w->depth;
    return true;
}

static bool read_comparison(struct parser *p, enum comparison *out)
{
    static const struct {
        const char *sign;
        enum comparison comparison;
    } signs[] = {{"==", IS_EQUAL},         {"!=", IS_UNEQUAL}, {"<=", IS_LESS_EQUAL}, {"<", IS_LESS},
                 {">=", IS_GREATER_EQUAL}, {">", IS_GREATER},  {"=", IS_EQUAL}};
    for (size_t i = 0; i < ROWS(signs); i++)
        if (accept(p, signs[i].sign)) {
            *out = signs[i].comparison;
            return true;
        }
    return false;
}

/* a, a < b, or a < b < c ... */
static bool read_chain(struct parser *p, struct error *err)
{
    struct where_step step = {.kind = STEP_COMPARE};
    size_t links = 0;
    if (!read_operand(p, &step.left, err))
        return false;
    for (; read_comparison(p, &step.comparison); links++) {
        if (!read_operand(p, &step.right, err) || !push(p, step, err))
            return false;
        if (links > 0 && !push(p, (struct where_step){.kind = STEP_AND}, err))
            return false;
        step.left = step.right;
    }
    if (links > 0)
        return true;
    if (step.left.kind != OPERAND_FIELD)
        return fail(p, "a comparison", err);
    step.kind = STEP_TRUTH;
    return push(p, step, err);
}

/* Writes what waits and binds at least as tightly. */
static bool unwind(struct parser *p, enum pending least, struct error *err)
{
    static const enum step_kind kinds[] = {
        [PENDING_OR] = STEP_OR, [PENDING_AND] = STEP_AND, [PENDING_NOT] = STEP_NOT};
    while (p->pending_count > 0) {
        const enum pending top = p->pending[p->pending_count - 1];
        if (top == PENDING_OPEN || top < least)
            return true;
        p->pending_count--;
        if (!push(p, (struct where_step){.kind = kinds[top]}, err))
            return false;
    }
    return true;
}

/* What a comparison may stand behind. */
static void read_openers(struct parser *p)
{
    static const char *const nots[] = {"not", "~", "!", NULL};
    for (;;) {
        if (accept(p, "("))
            p->pending[p->pending_count++] = PENDING_OPEN;
        else if (accept_any(p, nots))
            p->pending[p->pending_count++] = PENDING_NOT;
        else
            return;
    }
}

static bool read_closers(struct parser *p, struct error *err)
{
    for (;;) {
        peek(p);
        const size_t at = p->at;
        if (!accept(p, ")"))
            return true;
        if (!unwind(p, PENDING_OR, err))
            return false;
        if (p->pending_count == 0)
            return FAIL(err, ERR_ARGUMENT, at, "this parenthesis was not opened");
        p->pending_count--;
    }
}

static bool read_all(struct parser *p, struct error *err)
{
    static const char *const ands[] = {"and", "&&", "&", NULL}, *const ors[] = {"or", "||", "|", NULL};
    for (;;) {
        read_openers(p);
        if (!read_chain(p, err) || !read_closers(p, err))
            return false;
        if (peek(p) == '\0' && p->at == p->w->text.len)
            break;
        const bool both = accept_any(p, ands);
        if (!both && !accept_any(p, ors))
            return fail(p, "'and', 'or' or the end", err);
        const enum pending pending = both ? PENDING_AND : PENDING_OR;
        if (!unwind(p, pending, err))
            return false;
        p->pending[p->pending_count++] = pending;
    }
    if (!unwind(p, PENDING_OR, err))
        return false;
    return p->pending_count == 0 || fail(p, "')'", err);
}

bool where_parse(struct bytes text, struct arena *arena, struct where **out, struct error *err)
{
    struct where *w = arena_alloc(arena, 1, sizeof *w);
    struct parser p = {.w = w, .arena = arena};
    if (w == NULL)
        return arena_fail(arena, err);
    if (text.len > WHERE_LENGTH)
        return FAIL(err, ERR_ARGUMENT, WHERE_LENGTH, "a condition has at most %d characters", WHERE_LENGTH);
    w->text = text;
    /* No step and no name takes less than a character. */
    w->steps = arena_alloc(arena, text.len + 1, sizeof *w->steps);
    w->names = arena_alloc(arena, WHERE_NAMES, sizeof *w->names);
    p.pending = arena_alloc(arena, text.len + 1, sizeof *p.pending);
    if (w->steps == NULL || w->names == NULL || p.pending == NULL)
        return arena_fail(arena, err);
    if (!read_all(&p, err))
        return false;
    w->truths = arena_alloc(arena, w->depth, WHERE_BLOCK);
    if (w->truths == NULL)
        return arena_fail(arena, err);
    *out = w;
    return true;
}

const struct bytes *where_names(const struct where *w, size_t *count)
{
    *count = w->name_count;
    return w->names;
}
