/* Numbers, text and bytes of typed JSON. */
#include "typed_tags.h"

#include "base64.h"
#include "bigint.h"
#include "hex.h"
#include "number.h"
#include "utf8.h"

#include <math.h>

/* As struct.pack(">d", v).hex() has them. */
static bool float_of_bits(struct bytes hex, double *out)
{
    uint8_t big_endian[8];
    if (!hex_read(hex, big_endian, sizeof big_endian))
        return false;
    const uint64_t bits = __builtin_bswap64(load_u64_le(big_endian));
    memcpy(out, &bits, sizeof bits);
    return true;
}

bool typed_begin_float(struct typed_reader *r, const struct tag_use *use, struct error *err)
{
    (void)r;
    const struct bytes text = use->argument->text;
    double v = 0;
    if (use->argument->kind != VALUE_STR)
        return tag_wrong(use, "text", err);
    if (bytes_is(text, "inf") || bytes_is(text, "-inf"))
        v = text.data[0] == '-' ? -(double)INFINITY : (double)INFINITY;
    else if (bytes_is(text, "nan"))
        float_of_bits(bytes_text("7ff8000000000000"), &v);
    else if (!float_of_bits(text, &v))
        return tag_wrong(use, "\"inf\", \"-inf\", \"nan\" or 16 hexadecimal digits", err);
    tag_become(use->v, VALUE_FLOAT);
    use->v->real = v;
    return true;
}

bool typed_begin_int(struct typed_reader *r, const struct tag_use *use, struct error *err)
{
    struct bytes digits = use->argument->text, big;
    if (use->argument->kind != VALUE_STR)
        return tag_wrong(use, "decimal text", err);
    const bool negative = digits.len > 0 && digits.data[0] == '-';
    if (negative)
        digits = bytes_of(digits.data + 1, digits.len - 1);
    if (digits.len > r->limits->digits)
        return FAIL_LIMIT(err, "digits", r->limits->digits, "an integer has %zu digits", digits.len);
    for (size_t i = 0; i < digits.len; i++)
        if (digits.data[i] < '0' || digits.data[i] > '9')
            return tag_wrong(use, "decimal text", err);
    if (digits.len == 0)
        return tag_wrong(use, "decimal text", err);
    if (!bigint_of_decimal(digits, negative, r->arena, &big, err))
        return false;
    const struct value *v = value_integer(r->arena, big);
    if (v == NULL)
        return arena_fail(r->arena, err);
    *use->v = *v;
    return true;
}

bool typed_begin_complex(struct typed_reader *r, const struct tag_use *use, struct error *err)
{
    double *parts = arena_alloc(r->arena, 2, sizeof *parts);
    if (parts == NULL)
        return arena_fail(r->arena, err);
    if (use->argument->kind != VALUE_LIST || use->argument->list.count != 2)
        return tag_wrong(use, "two numbers", err);
    tag_become(use->v, VALUE_COMPLEX);
    use->v->complex = parts;
    return tag_push(r, use, frame_of_items(&use->argument->list), err);
}

bool typed_finish_complex(struct typed_reader *r, struct value *node, struct value *argument,
                          struct error *err)
{
    (void)r;
    for (size_t i = 0; i < 2; i++) {
        const struct value *part = argument->list.items[i];
        if (part->kind != VALUE_FLOAT && part->kind != VALUE_INT)
            return FAIL(err, ERR_SYNTAX, ERROR_NO_OFFSET, "$complex must hold two numbers");
        node->complex[i] = part->kind == VALUE_FLOAT ? part->real : (double)part->integer;
    }
    return true;
}

bool typed_begin_bytes(struct typed_reader *r, const struct tag_use *use, struct error *err)
{
    struct bytes bytes;
    if (use->argument->kind != VALUE_STR)
        return tag_wrong(use, "base64 text", err);
    if (!base64_decode(use->argument->text, r->arena, &bytes, err))
        return false;
    tag_become(use->v, use->tag->kind);
    use->v->text = bytes;
    use->v->flags = strcmp(use->tag->name, "$py2bytes") == 0 ? VALUE_PYTHON2 : 0;
    return true;
}

/* Text whose surrogates are no pairs. */
bool typed_begin_utf8(struct typed_reader *r, const struct tag_use *use, struct error *err)
{
    struct bytes text;
    bool surrogates = false;
    if (use->argument->kind != VALUE_STR || !base64_decode(use->argument->text, r->arena, &text, err) ||
        utf8_valid_surrogatepass(text, &surrogates) != text.len)
        return err->kind != ERR_NONE ? false
                                     : tag_wrong(use, "base64 of UTF-8, which may have surrogates", err);
    tag_become(use->v, VALUE_STR);
    use->v->text = text;
    use->v->flags = surrogates ? VALUE_SURROGATES : 0;
    return true;
}

bool typed_begin_py2str(struct typed_reader *r, const struct tag_use *use, struct error *err)
{
    (void)r;
    if (use->argument->kind != VALUE_STR)
        return tag_wrong(use, "text", err);
    *use->v = *use->argument;
    use->v->flags |= VALUE_PYTHON2;
    return true;
}
