#include "words.h"
#include "words_put.h"

static struct value *words_type_at(struct words *w, hid_t t, unsigned depth);

static bool is_big(hid_t t)
{
    return H5Tget_order(t) == H5T_ORDER_BE;
}

/* "H5T_STD_I32LE"; letter I, U, B. What the word doesn't say of the type stands beside it. */
static void put_bits(struct words *w, struct value *d, hid_t t, char letter)
{
    const size_t size = H5Tget_size(t), precision = H5Tget_precision(t);
    const int offset = H5Tget_offset(t);
    const unsigned bits = size <= 1 ? 8 : size == 2 ? 16 : size <= 4 ? 32 : 64;
    char *word = arena_printf(w->arena, "H5T_STD_%c%u%s", letter, bits, is_big(t) ? "BE" : "LE");
    words_put_text(w, d, "base", word);
    if (size * 8 != bits)
        words_put_number(w, d, "size", (int64_t)size);
    if (precision != size * 8 || offset != 0) {
        words_put_number(w, d, "precision", (int64_t)precision);
        words_put_number(w, d, "offset", offset);
    }
}

static void put_float(struct words *w, struct value *d, hid_t t)
{
    const bool big = is_big(t);
    const size_t size = H5Tget_size(t);
    AUTO(close_type) hid_t standard = standard_float(size <= 2 ? 2 : size <= 4 ? 4 : 8, big);
    words_put_text(w, d, "base",
                   size <= 2   ? (big ? "H5T_IEEE_F16BE" : "H5T_IEEE_F16LE")
                   : size <= 4 ? (big ? "H5T_IEEE_F32BE" : "H5T_IEEE_F32LE")
                               : (big ? "H5T_IEEE_F64BE" : "H5T_IEEE_F64LE"));
    if (H5Tequal(t, standard) > 0)
        return;
    size_t sign, exponent, exponent_size, mantissa, mantissa_size;
    struct value *f = words_dict(w);
    H5Tget_fields(t, &sign, &exponent, &exponent_size, &mantissa, &mantissa_size);
    words_put_number(w, f, "size", (int64_t)size);
    words_put_number(w, f, "precision", (int64_t)H5Tget_precision(t));
    words_put_number(w, f, "offset", H5Tget_offset(t));
    words_put_number(w, f, "sign", (int64_t)sign);
    words_put_number(w, f, "exponent", (int64_t)exponent);
    words_put_number(w, f, "exponentSize", (int64_t)exponent_size);
    words_put_number(w, f, "mantissa", (int64_t)mantissa);
    words_put_number(w, f, "mantissaSize", (int64_t)mantissa_size);
    words_put_number(w, f, "bias", (int64_t)H5Tget_ebias(t));
    words_put_number(w, f, "norm", H5Tget_norm(t));
    words_put(w, d, "format", f);
}

static void put_string(struct words *w, struct value *d, hid_t t)
{
    static const char *const pads[] = {"H5T_STR_NULLTERM", "H5T_STR_NULLPAD", "H5T_STR_SPACEPAD"};
    const H5T_str_t pad = H5Tget_strpad(t);
    words_put_text(w, d, "charSet", H5Tget_cset(t) == H5T_CSET_UTF8 ? "H5T_CSET_UTF8" : "H5T_CSET_ASCII");
    words_put_text(w, d, "strPad", pads[pad < 0 || pad >= (int)ROWS(pads) ? 0 : pad]);
    if (H5Tis_variable_str(t) > 0)
        words_put_text(w, d, "length", "H5T_VARIABLE");
    else
        words_put_number(w, d, "length", (int64_t)H5Tget_size(t));
}

static void put_opaque(struct words *w, struct value *d, hid_t t)
{
    char *tag = H5Tget_tag(t);
    words_put_number(w, d, "size", (int64_t)H5Tget_size(t));
    if (tag != NULL && tag[0] != '\0')
        words_put_text(w, d, "tag", tag);
    H5free_memory(tag);
}

static void put_fields(struct words *w, struct value *d, hid_t t, unsigned depth)
{
    const int count = H5Tget_nmembers(t);
    struct value *l = words_list(w);
    size_t at = 0;
    bool packed = true;
    for (int i = 0; i < count; i++) {
        AUTO(close_type) hid_t member = H5Tget_member_type(t, (unsigned)i);
        packed = packed && H5Tget_member_offset(t, (unsigned)i) == at;
        at += H5Tget_size(member);
    }
    packed = packed && at == H5Tget_size(t);
    for (int i = 0; i < count && !w->failed; i++) {
        AUTO(close_type) hid_t member = H5Tget_member_type(t, (unsigned)i);
        char *name = H5Tget_member_name(t, (unsigned)i);
        struct value *f = words_dict(w);
        words_put_text(w, f, "name", name);
        H5free_memory(name);
        words_put(w, f, "type", words_type_at(w, member, depth + 1));
        if (!packed)
            words_put_number(w, f, "offset", (int64_t)H5Tget_member_offset(t, (unsigned)i));
        words_add(w, l, f);
    }
    words_put(w, d, "fields", l);
    if (!packed)
        words_put_number(w, d, "size", (int64_t)H5Tget_size(t));
}

static void put_members(struct words *w, struct value *d, hid_t t, unsigned depth)
{
    AUTO(close_type) hid_t base = H5Tget_super(t);
    const size_t size = H5Tget_size(t);
    const int count = H5Tget_nmembers(t);
    struct value *l = words_list(w);
    words_put(w, d, "base", words_type_at(w, base, depth + 1));
    for (int i = 0; i < count && !w->failed && size <= 8; i++) {
        uint8_t raw[8] = {0};
        char *name = H5Tget_member_name(t, (unsigned)i);
        struct value *m = words_dict(w);
        words_put_text(w, m, "name", name);
        H5free_memory(name);
        H5Tget_member_value(t, (unsigned)i, raw);
        words_put_number(w, m, "value", label_of(raw, size, is_big(base), H5Tget_sign(base) != H5T_SGN_NONE));
        words_add(w, l, m);
    }
    words_put(w, d, "members", l);
}

static void put_array(struct words *w, struct value *d, hid_t t, unsigned depth)
{
    hsize_t dims[H5S_MAX_RANK] = {0};
    AUTO(close_type) hid_t base = H5Tget_super(t);
    const int ndim = H5Tget_array_dims2(t, dims);
    words_put(w, d, "base", words_type_at(w, base, depth + 1));
    words_put_dims(w, d, "dims", dims, ndim < 0 ? 0 : (unsigned)ndim);
}

static struct value *words_type_at(struct words *w, hid_t t, unsigned depth)
{
    struct value *d = words_dict(w);
    const H5T_class_t class = H5Tget_class(t);
    if (depth > SANDBOX_TYPE_DEPTH) /* as deep as type_of_file() reads */
        return d;
    words_put_text(w, d, "class", type_class_word(class));
    switch (class) {
    case H5T_INTEGER:
        put_bits(w, d, t, H5Tget_sign(t) == H5T_SGN_NONE ? 'U' : 'I');
        break;
    case H5T_BITFIELD:
        put_bits(w, d, t, 'B');
        break;
    case H5T_FLOAT:
        put_float(w, d, t);
        break;
    case H5T_TIME:
        words_put_text(w, d, "base",
                       H5Tget_size(t) == 8 ? (is_big(t) ? "H5T_UNIX_D64BE" : "H5T_UNIX_D64LE")
                                           : (is_big(t) ? "H5T_UNIX_D32BE" : "H5T_UNIX_D32LE"));
        break;
    case H5T_STRING:
        put_string(w, d, t);
        break;
    case H5T_OPAQUE:
        put_opaque(w, d, t);
        break;
    case H5T_COMPOUND:
        put_fields(w, d, t, depth);
        break;
    case H5T_REFERENCE:
        words_put_text(w, d, "base",
                       H5Tequal(t, H5T_STD_REF_OBJ) > 0 ? "H5T_STD_REF_OBJ" : "H5T_STD_REF_DSETREG");
        break;
    case H5T_ENUM:
        put_members(w, d, t, depth);
        break;
    case H5T_VLEN: {
        AUTO(close_type) hid_t base = H5Tget_super(t);
        words_put(w, d, "base", words_type_at(w, base, depth + 1));
        break;
    }
    case H5T_ARRAY:
        put_array(w, d, t, depth);
        break;
    case H5T_NO_CLASS:
    case H5T_NCLASSES:
        break;
    }
    return d;
}

struct value *words_type(struct words *w, hid_t t)
{
    return words_type_at(w, t, 0);
}

void words_put_type(struct words *w, struct value *d, hid_t t)
{
    H5O_info_t info;
    words_put(w, d, "type", words_type(w, t));
    if (H5Tcommitted(t) > 0 && H5Oget_info2(t, &info, H5O_INFO_BASIC) >= 0)
        words_put_number(w, d, "named", (int64_t)info.addr);
}
