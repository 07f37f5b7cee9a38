#include "literal.h"

#include "hex.h"
#include "number.h"
#include "utf8.h"

enum { DEPTH = 128 }; /* dtypes are allowed fewer levels */

struct frame {
    struct value *v;
    struct value *key; /* of a dict: its value comes next */
    bool comma;        /* after the last part */
};

struct literal {
    struct bytes in;
    size_t at, base;
    bool utf8;
    struct frame frames[DEPTH];
    unsigned depth;
    uint8_t *pool; /* room for all strings */
    struct arena *arena;
};

static bool fail(const struct literal *p, struct error *err, const char *what)
{
    return FAIL(err, ERR_SYNTAX, p->base + p->at, "the header is not a Python literal: %s", what);
}

/* The next character after blanks; NUL at the end. */
static char peek(struct literal *p)
{
    while (p->at < p->in.len && memchr(" \t\n\r", p->in.data[p->at], 4) != NULL)
        p->at++;
    return p->at < p->in.len ? (char)p->in.data[p->at] : '\0';
}

/* ---- strings ---- */

/* Up to most digits of base (exactly most of base 16). */
static bool read_code(struct literal *p, unsigned base, unsigned most, uint32_t *out, struct error *err)
{
    unsigned n = 0;
    uint32_t code = 0;
    for (; n < most && p->at < p->in.len; n++, p->at++) {
        const int digit = hex_digit(p->in.data[p->at]);
        if (digit < 0 || digit >= (int)base)
            break;
        code = code * base + (uint32_t)digit;
    }
    *out = code;
    return (base == 8 || n == most) || fail(p, err, "an escape in a string is too short");
}

/* What follows a backslash. *len 0: nothing is meant (a line that goes on). */
static bool read_escape(struct literal *p, uint8_t *out, size_t *len, struct error *err)
{
    static const char letters[] = "\\'\"abfnrtv", meant[] = "\\'\"\a\b\f\n\r\t\v";
    const uint8_t c = p->in.data[p->at];
    const char *known = c == '\0' ? NULL : strchr(letters, c);
    uint32_t code;
    *len = 0;
    if (known != NULL) {
        p->at++;
        out[(*len)++] = (uint8_t)meant[known - letters];
        return true;
    }
    if (c == '\n')
        return p->at++, true;
    if (c >= '0' && c <= '7') {
        if (!read_code(p, 8, 3, &code, err))
            return false;
    } else if (c == 'x' || c == 'u' || c == 'U') {
        p->at++;
        if (!read_code(p, 16, c == 'x' ? 2 : c == 'u' ? 4 : 8, &code, err))
            return false;
    } else {
        out[(*len)++] = '\\'; /* an unknown escape stands for itself */
        return true;
    }
    *len = utf8_put(code, out);
    return *len > 0 || fail(p, err, "an escape is not a character");
}

/* One character of a string as UTF-8. */
static bool read_character(struct literal *p, uint8_t *out, size_t *len, struct error *err)
{
    const uint8_t c = p->in.data[p->at++];
    if (c == '\\')
        return p->at < p->in.len ? read_escape(p, out, len, err) : fail(p, err, "a string has no end");
    *len = p->utf8 || c < 0x80 ? 1 : utf8_put(c, out);
    if (*len == 1)
        out[0] = c;
    return true;
}

static bool read_string(struct literal *p, struct value **out, struct error *err)
{
    const uint8_t quote = p->in.data[p->at++];
    uint8_t *text = p->pool;
    while (p->at < p->in.len && p->in.data[p->at] != quote && p->in.data[p->at] != '\n') {
        size_t len;
        if (!read_character(p, p->pool, &len, err))
            return false;
        p->pool += len;
    }
    if (p->at == p->in.len || p->in.data[p->at] != quote)
        return fail(p, err, "a string has no end");
    p->at++;
    *out = value_str(p->arena, bytes_of(text, (size_t)(p->pool - text)));
    return *out != NULL || arena_fail(p->arena, err);
}

/* ---- other plain values ---- */

/* An L after the digits is Python 2's. */
static bool read_int(struct literal *p, struct value **out, struct error *err)
{
    const size_t start = p->at;
    int64_t n;
    p->at += p->in.data[p->at] == '-';
    while (p->at < p->in.len && p->in.data[p->at] >= '0' && p->in.data[p->at] <= '9')
        p->at++;
    if (!number_read_int(bytes_of(p->in.data + start, p->at - start), &n))
        return fail(p, err, "a number is wrong or too big");
    if (p->at < p->in.len && p->in.data[p->at] == 'L')
        p->at++;
    *out = value_int(p->arena, n);
    return *out != NULL || arena_fail(p->arena, err);
}

static bool read_word(struct literal *p, struct value **out, struct error *err)
{
    static const struct {
        const char *word;
        enum value_kind kind;
        bool boolean;
    } words[] = {{"True", VALUE_BOOL, true}, {"False", VALUE_BOOL, false}, {"None", VALUE_NONE, false}};
    const struct bytes rest = bytes_of(p->in.data + p->at, p->in.len - p->at);
    for (size_t i = 0; i < ROWS(words); i++) {
        if (!bytes_starts(rest, words[i].word))
            continue;
        p->at += strlen(words[i].word);
        *out = words[i].kind == VALUE_NONE ? value_new(p->arena, VALUE_NONE)
                                           : value_bool(p->arena, words[i].boolean);
        return *out != NULL || arena_fail(p->arena, err);
    }
    return fail(p, err, "a value is expected here");
}

static bool read_plain(struct literal *p, struct value **out, struct error *err)
{
    const char c = peek(p);
    const bool prefixed = c == 'u' && p->at + 1 < p->in.len; /* u'text' is Python 2's */
    if (prefixed && (p->in.data[p->at + 1] == '\'' || p->in.data[p->at + 1] == '"')) {
        p->at++;
        return read_string(p, out, err);
    }
    if (c == '\'' || c == '"')
        return read_string(p, out, err);
    return c == '-' || (c >= '0' && c <= '9') ? read_int(p, out, err) : read_word(p, out, err);
}

/* ---- containers ---- */

static const char openers[] = "{[(", closers[] = "}])";
static const enum value_kind kinds[] = {VALUE_DICT, VALUE_LIST, VALUE_TUPLE};

/* The place of c in openers or closers, or -1. */
static int place_of(const char *set, char c)
{
    const char *found = c == '\0' ? NULL : strchr(set, c);
    return found == NULL ? -1 : (int)(found - set);
}

static bool open_container(struct literal *p, enum value_kind kind, struct error *err)
{
    if (p->depth == DEPTH)
        return FAIL_LIMIT(err, "depth", DEPTH, "the header is nested deeper than %d levels", DEPTH);
    struct value *v = value_new(p->arena, kind);
    if (v == NULL)
        return arena_fail(p->arena, err);
    p->frames[p->depth++] = (struct frame){.v = v};
    p->at++;
    return true;
}

/* "(x)" is x. */
static bool close_container(struct literal *p, struct value **out, struct error *err)
{
    const struct frame *f = &p->frames[p->depth - 1];
    const int kind = place_of(closers, peek(p));
    if (kind < 0 || kinds[kind] != f->v->kind || f->key != NULL)
        return fail(p, err, "a bracket or a comma is missing");
    p->at++;
    p->depth--;
    const bool grouped = f->v->kind == VALUE_TUPLE && f->v->list.count == 1 && !f->comma;
    *out = grouped ? f->v->list.items[0] : f->v;
    return true;
}

static bool add_to_dict(struct literal *p, struct frame *f, struct value *v, struct error *err)
{
    if (f->key == NULL) {
        if (peek(p) != ':')
            return fail(p, err, "':' is expected here");
        p->at++;
        f->key = v;
        return true;
    }
    if (!value_put(p->arena, &f->v->dict, f->key, v))
        return arena_fail(p->arena, err);
    f->key = NULL;
    return true;
}

static bool add(struct literal *p, struct frame *f, struct value *v, struct error *err)
{
    f->comma = false;
    if (f->v->kind == VALUE_DICT)
        return add_to_dict(p, f, v, err);
    return value_append(p->arena, &f->v->list, v) || arena_fail(p->arena, err);
}

/* A value is complete: it goes into the containers around it, as long as they are complete with it. */
static bool give(struct literal *p, struct value *v, struct value **out, struct error *err)
{
    while (p->depth > 0) {
        struct frame *f = &p->frames[p->depth - 1];
        if (!add(p, f, v, err))
            return false;
        if (f->key != NULL)
            return true;
        if (peek(p) == ',') {
            p->at++;
            f->comma = true;
            return true;
        }
        if (!close_container(p, &v, err))
            return false;
    }
    *out = v;
    return true;
}

static bool read_all(struct literal *p, struct value **out, struct error *err)
{
    struct value *v;
    do {
        const int kind = place_of(openers, peek(p));
        if (kind >= 0) {
            if (!open_container(p, kinds[kind], err))
                return false;
            continue;
        }
        const struct frame *f = p->depth == 0 ? NULL : &p->frames[p->depth - 1];
        const bool closes = f != NULL && f->key == NULL && place_of(closers, peek(p)) >= 0;
        if (closes ? !close_container(p, &v, err) : !read_plain(p, &v, err))
            return false;
        if (!give(p, v, out, err))
            return false;
    } while (p->depth > 0);
    return true;
}

bool literal_read(struct bytes text, bool utf8, size_t base, struct arena *arena, struct value **out,
                  struct error *err)
{
    struct literal p = {.in = text, .base = base, .utf8 = utf8, .arena = arena};
    p.at = utf8 ? utf8_valid(text) : text.len;
    if (p.at < text.len)
        return fail(&p, err, "it is not UTF-8");
    p.at = 0;
    p.pool = arena_alloc(arena, 2, text.len); /* no character needs more than twice its room */
    if (p.pool == NULL)
        return arena_fail(arena, err);
    struct value *v = NULL;
    if (!read_all(&p, &v, err))
        return false;
    if (peek(&p) != '\0' || p.at < text.len)
        return fail(&p, err, "something follows it");
    *out = v;
    return true;
}
