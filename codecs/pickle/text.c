#include "machine.h"

#include <math.h>
#include <strings.h>

#include "bigint.h"
#include "number.h"
#include "utf8.h"

/* ---- numbers ---- */

static bool take_sign(struct bytes *text)
{
    const bool negative = text->len > 0 && text->data[0] == '-';
    if (negative || (text->len > 0 && text->data[0] == '+'))
        *text = bytes_of(text->data + 1, text->len - 1);
    return negative;
}

/* The base that a prefix says, which is taken off; 10 where there is none. */
static unsigned take_base(struct bytes *text)
{
    static const struct {
        char letter;
        unsigned base;
    } prefixes[] = {{'x', 16}, {'o', 8}, {'b', 2}};
    if (text->len < 2 || text->data[0] != '0')
        return 10;
    for (size_t i = 0; i < ROWS(prefixes); i++)
        if ((text->data[1] | 0x20) == prefixes[i].letter) {
            *text = bytes_of(text->data + 2, text->len - 2);
            return prefixes[i].base;
        }
    return 10;
}

static unsigned digit_of(uint8_t c)
{
    const uint8_t lower = c | 0x20;
    return c >= '0' && c <= '9' ? (unsigned)(c - '0') : lower >= 'a' && lower <= 'z' ? lower - 'a' + 10U : 99;
}

/* Digits of the base; single underscores between them are dropped. False: it is none. */
static bool only_digits(struct machine *m, struct bytes text, unsigned base, bool prefixed, struct bytes *out,
                        struct error *err)
{
    uint8_t *digits = arena_alloc(m->arena, 1, text.len + 1);
    size_t n = 0;
    bool after_digit = prefixed;
    if (digits == NULL)
        return arena_fail(m->arena, err);
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '_' && after_digit && i + 1 < text.len) {
            after_digit = false;
            continue;
        }
        if (digit_of(text.data[i]) >= base)
            return false;
        digits[n++] = text.data[i];
        after_digit = true;
    }
    *out = bytes_of(digits, n);
    return n > 0;
}

/* "017": octal in C, an error in Python unless it is zero. False: it is neither. */
static bool leading_zeros(struct bytes digits, bool legacy, unsigned *base)
{
    if (*base != 10 || digits.len < 2 || digits.data[0] != '0')
        return true;
    size_t zeros = 0, octal = 0;
    for (size_t i = 0; i < digits.len; i++) {
        zeros += digits.data[i] == '0';
        octal += digits.data[i] < '8';
    }
    if (zeros == digits.len)
        return true;
    *base = 8;
    return legacy && octal == digits.len;
}

bool text_integer(struct machine *m, struct bytes text, bool legacy, struct value **out, struct error *err)
{
    int64_t small;
    struct bytes digits, bytes;
    const struct bytes plain = bytes_trim(text, " \t\n\v\f\r");
    if (plain.len > 0 && plain.data[0] != '0' && plain.data[0] != '-' && plain.data[0] != '+' &&
        number_read_int(plain, &small)) {
        *out = machine_node(m, VALUE_INT, err);
        return *out != NULL && ((*out)->integer = small, true);
    }
    text = plain;
    const bool negative = take_sign(&text);
    const size_t before = text.len;
    unsigned base = take_base(&text);
    if (text.len > m->limits->digits)
        return FAIL_LIMIT(err, "digits", m->limits->digits, "an integer has more than %llu digits",
                          (unsigned long long)m->limits->digits);
    if (!only_digits(m, text, base, text.len < before, &digits, err) || !leading_zeros(digits, legacy, &base))
        return machine_fail(m, err, "'%.*s' is no integer", (int)(plain.len < 60 ? plain.len : 60),
                            (const char *)plain.data);
    if (!bigint_of_digits(digits, base, negative, m->arena, &bytes, err))
        return false;
    *out = value_integer(m->arena, bytes);
    return *out != NULL || arena_fail(m->arena, err);
}

bool text_index(struct machine *m, struct bytes text, uint64_t *out, struct error *err)
{
    int64_t index;
    struct bytes digits;
    text = bytes_trim(text, " \t\n\v\f\r");
    if (!number_read_int(text, &index) &&
        (!only_digits(m, text, 10, false, &digits, err) || !number_read_int(digits, &index)))
        return machine_fail(m, err, "'%.*s' is no memo index", (int)(text.len < 60 ? text.len : 60),
                            (const char *)text.data);
    if (index < 0)
        return machine_fail(m, err, "the memo index is negative");
    *out = (uint64_t)index;
    return true;
}

static bool special_float(struct bytes text, double *out)
{
    static const struct {
        const char *word;
        double value;
    } words[] = {{"nan", NAN}, {"inf", INFINITY}, {"infinity", INFINITY}};
    const bool negative = take_sign(&text);
    for (size_t i = 0; i < ROWS(words); i++)
        if (text.len == strlen(words[i].word) &&
            strncasecmp((const char *)text.data, words[i].word, text.len) == 0) {
            *out = negative ? -words[i].value : words[i].value;
            return true;
        }
    return false;
}

bool text_float(struct machine *m, struct bytes text, double *out, struct error *err)
{
    if (special_float(text, out))
        return true;
    if (text.len == 0 || number_read_double(text, out) != text.len)
        return machine_fail(m, err, "'%.*s' is no float", (int)(text.len < 60 ? text.len : 60),
                            (const char *)text.data);
    if (isinf(*out))
        return machine_fail(m, err, "the float is too big");
    return true;
}

/* ---- strings ---- */

static const uint8_t *simple_escape(uint8_t c)
{
    static const char letters[] = "\\'\"abtnvfr";
    static const uint8_t meanings[] = "\\'\"\a\b\t\n\v\f\r";
    const char *found = c == 0 ? NULL : strchr(letters, c);
    return found == NULL ? NULL : meanings + (found - letters);
}

/* One escape after its backslash at text[*i]: at most two bytes to out. 0: wrong. */
static bool unescape(struct bytes text, size_t *i, uint8_t *out, size_t *n)
{
    const uint8_t c = text.data[(*i)++];
    const uint8_t *plain = simple_escape(c);
    if (plain != NULL) {
        out[(*n)++] = *plain;
    } else if (c == '\n') {
        return true;
    } else if (c >= '0' && c <= '7') {
        unsigned code = c - '0';
        for (int more = 2; more > 0 && *i < text.len && text.data[*i] >= '0' && text.data[*i] <= '7'; more--)
            code = code * 8 + (text.data[(*i)++] - '0');
        out[(*n)++] = (uint8_t)code;
    } else if (c == 'x') {
        if (text.len - *i < 2 || digit_of(text.data[*i]) > 15 || digit_of(text.data[*i + 1]) > 15)
            return false;
        out[(*n)++] = (uint8_t)(digit_of(text.data[*i]) * 16 + digit_of(text.data[*i + 1]));
        *i += 2;
    } else {
        out[(*n)++] = '\\';
        out[(*n)++] = c;
    }
    return true;
}

bool text_unquote(struct machine *m, struct bytes text, struct bytes *out, struct error *err)
{
    if (text.len < 2 || text.data[0] != text.data[text.len - 1] ||
        (text.data[0] != '\'' && text.data[0] != '"'))
        return machine_fail(m, err, "the string is not quoted");
    text = bytes_of(text.data + 1, text.len - 2);
    *out = text;
    if (text.len == 0 || memchr(text.data, '\\', text.len) == NULL)
        return true;
    uint8_t *plain = arena_alloc(m->arena, 1, text.len + 1);
    if (plain == NULL)
        return arena_fail(m->arena, err);
    size_t n = 0;
    for (size_t i = 0; i < text.len;) {
        const uint8_t c = text.data[i++];
        if (c != '\\')
            plain[n++] = c;
        else if (i == text.len || !unescape(text, &i, plain, &n))
            return machine_fail(m, err, "the string has a broken escape");
    }
    *out = bytes_of(plain, n);
    return true;
}

/* The code point of an escape \uXXXX or \UXXXXXXXX whose letter is at text[*i]. False: wrong. */
static bool unicode_escape(struct bytes text, size_t *i, uint32_t *code)
{
    const size_t digits = text.data[*i] == 'u' ? 4 : 8;
    uint64_t value = 0;
    if (text.len - *i - 1 < digits)
        return false;
    for (size_t k = 1; k <= digits; k++) {
        const unsigned digit = digit_of(text.data[*i + k]);
        if (digit > 15)
            return false;
        value = value * 16 + digit;
    }
    *i += digits + 1;
    *code = (uint32_t)value;
    return value <= 0x10ffff;
}

bool text_raw_unicode(struct machine *m, struct bytes text, struct bytes *out, bool *surrogates,
                      struct error *err)
{
    *out = text;
    *surrogates = false;
    if (text.len == 0 || (utf8_is_ascii(text) && memchr(text.data, '\\', text.len) == NULL))
        return true;
    uint8_t *utf8 = arena_alloc(m->arena, 2, text.len); /* Latin-1 takes two bytes, an escape fewer */
    if (utf8 == NULL)
        return arena_fail(m->arena, err);
    size_t n = 0;
    for (size_t i = 0; i < text.len;) {
        uint32_t code = text.data[i++];
        if (code == '\\' && i < text.len && (text.data[i] == 'u' || text.data[i] == 'U')) {
            if (!unicode_escape(text, &i, &code))
                return machine_fail(m, err, "the text has a broken escape");
        } else if (code == '\\' && i < text.len && text.data[i] == '\\') {
            utf8[n++] = '\\'; /* a pair of backslashes stays, and its second one starts no escape */
            i++;
        }
        *surrogates |= code >= 0xd800 && code <= 0xdfff;
        n += utf8_put(code, utf8 + n);
    }
    *out = bytes_of(utf8, n);
    return true;
}

bool machine_line(struct machine *m, struct bytes *out, struct error *err)
{
    const size_t left = (size_t)(m->end - m->at);
    const uint8_t *newline = left == 0 ? NULL : memchr(m->at, '\n', left);
    if (newline == NULL)
        return machine_fail(m, err, "its line does not end");
    *out = bytes_of(m->at, (size_t)(newline - m->at));
    m->at = newline + 1;
    m->longest |= out->len;
    return true;
}
