/* The pieces of JSON text that both writers share. */
#ifndef MANDOLINE_JSON_PUT_H
#define MANDOLINE_JSON_PUT_H

#include "codec.h"
#include "utf8.h"

/*
 * text in double quotes, escaped as little as RFC 8259 section 7 allows: '"', '\' and control characters.
 * UTF-8 stays as it is; surrogates (only where the flag says there are some) become \udXXX.
 */
bool put_string(struct sink *out, struct bytes text, bool surrogates, struct error *err);

/* The name of a class or field, of which nobody has noted whether it has surrogates. */
static inline bool put_name(struct sink *out, struct bytes name, struct error *err)
{
    return put_string(out, name, utf8_has_surrogates(name), err);
}

/* A comma if asked for, the text as put_string() writes it, and a colon: a member's name. */
bool put_name_compact(struct sink *out, bool comma, struct bytes text, struct error *err);

/* bytes as base64 in double quotes. */
bool put_base64(struct sink *out, struct bytes bytes, struct error *err);

/* S and T elements: in double quotes as text where they are UTF-8, else as base64. */
bool put_text_or_base64(struct sink *out, struct bytes bytes, struct error *err);

/* One byte, without a call where there is room. */
static inline bool put_byte(struct sink *out, char byte, struct error *err)
{
    if (out->len == out->capacity)
        return sink_byte(out, (uint8_t)byte, err);
    out->data[out->len] = (uint8_t)byte;
    sink_commit(out, 1);
    return true;
}

bool put_int(struct sink *out, int64_t v, struct error *err);

/* Python's repr, which is JSON for all but NaN and the infinities: those as options->nan says. */
bool put_double(struct sink *out, double v, enum nan_spelling nan, struct error *err);

/* The spelling of a double that is not finite. NULL: refused, see ERR_UNREPRESENTABLE in *err. */
const char *put_nan_text(double v, enum nan_spelling nan, struct error *err);

/* A line break and two blanks for each level. */
bool put_line(struct sink *out, size_t depth, struct error *err);

#endif
