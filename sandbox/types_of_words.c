/*
 * Types from the words of HDF5/JSON. The words may be a client's: everything is checked, and they nest at
 * most SANDBOX_TYPE_DEPTH levels, which bounds the calls below.
 */
#include "words.h"

enum { TYPE_MAX = 64 << 20, FIELDS_MAX = 1 << 14 }; /* bytes of an element; members of one type */

/* ---- parts of words ---- */

const struct value *words_get(const struct value *dict, const char *key, enum value_kind kind)
{
    const struct value *v = dict == NULL || dict->kind != VALUE_DICT ? NULL : value_get(dict, key);
    return v != NULL && v->kind == kind ? v : NULL;
}

bool words_number(const struct value *dict, const char *key, int64_t *out)
{
    const struct value *v = words_get(dict, key, VALUE_INT);
    if (v == NULL)
        return false;
    *out = v->integer;
    return true;
}

struct bytes words_text(const struct value *dict, const char *key)
{
    const struct value *v = words_get(dict, key, VALUE_STR);
    return v == NULL ? bytes_of("", 0) : v->text;
}

bool words_dims(const struct value *list, hsize_t *dims, unsigned *ndim, struct error *err)
{
    if (list == NULL || list->list.count > H5S_MAX_RANK)
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "dimensions are a list of at most %d numbers",
                    H5S_MAX_RANK);
    for (size_t i = 0; i < list->list.count; i++) {
        const struct value *v = list->list.items[i];
        const bool any = v->kind == VALUE_STR && bytes_is(v->text, "H5S_UNLIMITED");
        if (!any && (v->kind != VALUE_INT || v->integer < 0))
            return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "a dimension is no number");
        dims[i] = any ? ANY_SIZE : (hsize_t)v->integer;
    }
    *ndim = (unsigned)list->list.count;
    return true;
}

/* ---- plain types ---- */

static bool wrong(struct error *err, const char *what, struct bytes word)
{
    return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "%s '%.*s' is not known", what,
                (int)(word.len < 60 ? word.len : 60), (const char *)word.data);
}

/* What stands between "H5T_STD_I" and "LE": a size in bits. */
static bool split_word(struct bytes word, const char *prefix, size_t *size, bool *big)
{
    const size_t n = strlen(prefix);
    size_t bits = 0, i = n;
    if (!bytes_starts(word, prefix))
        return false;
    for (; i < word.len && i < n + 3 && word.data[i] >= '0' && word.data[i] <= '9'; i++)
        bits = bits * 10 + word.data[i] - '0';
    const struct bytes order = bytes_of(word.data + i, word.len - i);
    *size = bits / 8;
    *big = bytes_is(order, "BE");
    return (*big || bytes_is(order, "LE")) && (bits == 8 || bits == 16 || bits == 32 || bits == 64);
}

/* Precision and offset where they are said. */
static bool set_bits(const struct value *words, hid_t t, struct error *err)
{
    int64_t size, precision, offset = 0;
    if (words_number(words, "size", &size) && (size < 1 || size > 8 || H5Tset_size(t, (size_t)size) < 0))
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "integers have 1 to 8 bytes");
    if (!words_number(words, "precision", &precision))
        return true;
    words_number(words, "offset", &offset);
    if (precision < 1 || offset < 0 || offset + precision > (int64_t)(8 * H5Tget_size(t)) ||
        H5Tset_precision(t, (size_t)precision) < 0 || H5Tset_offset(t, (size_t)offset) < 0)
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET,
                    "an integer's precision does not fit its size");
    return true;
}

static bool of_integer(const struct value *words, hid_t *out, struct error *err)
{
    const struct bytes word = words_text(words, "base");
    size_t size;
    bool big;
    const bool is_signed = split_word(word, "H5T_STD_I", &size, &big);
    if (!is_signed && !split_word(word, "H5T_STD_U", &size, &big))
        return wrong(err, "the integer type", word);
    *out = H5Tcopy(is_signed ? H5T_STD_I64LE : H5T_STD_U64LE);
    H5Tset_size(*out, size);
    H5Tset_order(*out, big ? H5T_ORDER_BE : H5T_ORDER_LE);
    return set_bits(words, *out, err);
}

static bool of_bitfield(const struct value *words, hid_t *out, struct error *err)
{
    const struct bytes word = words_text(words, "base");
    size_t size;
    bool big;
    if (!split_word(word, "H5T_STD_B", &size, &big))
        return wrong(err, "the bitfield type", word);
    *out = H5Tcopy(H5T_STD_B64LE);
    H5Tset_size(*out, size);
    H5Tset_order(*out, big ? H5T_ORDER_BE : H5T_ORDER_LE);
    return set_bits(words, *out, err);
}

/* The bits of a float that is none of IEEE 754's. The library checks them against each other. */
static bool set_format(const struct value *format, hid_t t, struct error *err)
{
    enum {
        SIZE,
        PRECISION,
        OFFSET,
        SIGN,
        EXPONENT,
        EXPONENT_SIZE,
        MANTISSA,
        MANTISSA_SIZE,
        BIAS,
        NORM,
        MOST
    };
    static const char *const names[MOST] = {
        "size",         "precision", "offset",       "sign", "exponent",
        "exponentSize", "mantissa",  "mantissaSize", "bias", "norm",
    };
    int64_t v[MOST];
    for (size_t i = 0; i < MOST; i++)
        if (!words_number(format, names[i], &v[i]) || v[i] < 0 || (i < BIAS ? v[i] > 128 : v[i] > INT32_MAX))
            return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "the '%s' of a float's format is wrong",
                        names[i]);
    if (v[SIZE] < 1 || v[SIZE] > 16 || v[PRECISION] < 1 || v[OFFSET] + v[PRECISION] > 8 * v[SIZE] ||
        v[NORM] > H5T_NORM_NONE || H5Tset_size(t, 16) < 0 || H5Tset_precision(t, 128) < 0 ||
        H5Tset_fields(t, (size_t)v[SIGN], (size_t)v[EXPONENT], (size_t)v[EXPONENT_SIZE], (size_t)v[MANTISSA],
                      (size_t)v[MANTISSA_SIZE]) < 0 ||
        H5Tset_offset(t, (size_t)v[OFFSET]) < 0 || H5Tset_precision(t, (size_t)v[PRECISION]) < 0 ||
        H5Tset_size(t, (size_t)v[SIZE]) < 0 || H5Tset_ebias(t, (size_t)v[BIAS]) < 0 ||
        H5Tset_norm(t, (H5T_norm_t)v[NORM]) < 0)
        return library_fail(err, ERR_UNREPRESENTABLE, "this float format cannot be made");
    return true;
}

static bool of_float(const struct value *words, hid_t *out, struct error *err)
{
    const struct bytes word = words_text(words, "base");
    const struct value *format = words_get(words, "format", VALUE_DICT);
    size_t size;
    bool big;
    if (!split_word(word, "H5T_IEEE_F", &size, &big) || size == 1)
        return wrong(err, "the float type", word);
    *out = standard_float(size, big);
    return format == NULL || set_format(format, *out, err);
}

static bool of_string(const struct value *words, hid_t *out, struct error *err)
{
    const struct bytes pad = words_text(words, "strPad"), set = words_text(words, "charSet");
    int64_t length = 0;
    const bool variable = bytes_is(words_text(words, "length"), "H5T_VARIABLE");
    if (!variable && (!words_number(words, "length", &length) || length < 1 || length > TYPE_MAX))
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET,
                    "a string's length is a number from 1 to %d, or H5T_VARIABLE", TYPE_MAX);
    *out = H5Tcopy(H5T_C_S1);
    H5Tset_size(*out, variable ? H5T_VARIABLE : (size_t)length);
    H5Tset_cset(*out, bytes_is(set, "H5T_CSET_UTF8") ? H5T_CSET_UTF8 : H5T_CSET_ASCII);
    H5Tset_strpad(*out, bytes_is(pad, "H5T_STR_SPACEPAD")  ? H5T_STR_SPACEPAD
                        : bytes_is(pad, "H5T_STR_NULLPAD") ? H5T_STR_NULLPAD
                                                           : H5T_STR_NULLTERM);
    return true;
}

/* The type of a word of a table. */
struct word_type {
    const char *word;
    hid_t type;
};

static bool of_word(const struct value *words, const struct word_type *rows, size_t count, const char *what,
                    hid_t *out, struct error *err)
{
    const struct bytes word = words_text(words, "base");
    for (size_t i = 0; i < count; i++)
        if (bytes_is(word, rows[i].word))
            return *out = H5Tcopy(rows[i].type), true;
    return wrong(err, what, word);
}

static bool of_time(const struct value *words, hid_t *out, struct error *err)
{
    const struct word_type rows[] = {{"H5T_UNIX_D32LE", H5T_UNIX_D32LE},
                                     {"H5T_UNIX_D32BE", H5T_UNIX_D32BE},
                                     {"H5T_UNIX_D64LE", H5T_UNIX_D64LE},
                                     {"H5T_UNIX_D64BE", H5T_UNIX_D64BE}};
    return of_word(words, rows, ROWS(rows), "the time type", out, err);
}

static bool of_reference(const struct value *words, hid_t *out, struct error *err)
{
    const struct word_type rows[] = {{"H5T_STD_REF_OBJ", H5T_STD_REF_OBJ},
                                     {"H5T_STD_REF_DSETREG", H5T_STD_REF_DSETREG}};
    return of_word(words, rows, ROWS(rows), "the reference type", out, err);
}

/* Text with a NUL behind it, as the library wants it; one inside would cut it. */
static bool text_in(struct bytes text, struct arena *arena, const char **out, struct error *err)
{
    const struct bytes copy = arena_copy(arena, text);
    if (copy.data == NULL)
        return arena_fail(arena, err);
    *out = (const char *)copy.data;
    return strlen(*out) == text.len ||
           FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "a name has a NUL inside");
}

static bool of_opaque(const struct value *words, struct arena *arena, hid_t *out, struct error *err)
{
    int64_t size;
    const char *tag;
    if (!words_number(words, "size", &size) || size < 1 || size > TYPE_MAX)
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "an opaque type has a size from 1 to %d bytes",
                    TYPE_MAX);
    if (!text_in(words_text(words, "tag"), arena, &tag, err))
        return false;
    *out = H5Tcreate(H5T_OPAQUE, (size_t)size);
    return H5Tset_tag(*out, tag) >= 0 || library_fail(err, ERR_UNREPRESENTABLE, "this tag cannot be set");
}

/* ---- types made of types ---- */

static bool of_any(const struct value *words, struct arena *arena, unsigned depth, hid_t *out,
                   struct error *err);

static bool members_of(const struct value *words, const char *key, const struct value_list **out,
                       struct error *err)
{
    const struct value *list = words_get(words, key, VALUE_LIST);
    if (list == NULL || list->list.count == 0 || list->list.count > FIELDS_MAX)
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "'%s' is a list of 1 to %d members", key,
                    FIELDS_MAX);
    *out = &list->list;
    return true;
}

/* Offsets and size as they are said, else packed. */
static bool insert_fields(const struct value *words, const struct value_list *fields, const hid_t *types,
                          struct arena *arena, hid_t *out, struct error *err)
{
    int64_t size = 0, at = 0;
    for (size_t i = 0; i < fields->count; i++) {
        words_number(fields->items[i], "offset", &at);
        at += (int64_t)H5Tget_size(types[i]);
        size = at > size ? at : size;
        if (at < 0 || at > TYPE_MAX)
            return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "a compound type is over %d bytes",
                        TYPE_MAX);
    }
    words_number(words, "size", &size);
    if (size < 1 || size > TYPE_MAX)
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "a compound type has 1 to %d bytes", TYPE_MAX);
    *out = H5Tcreate(H5T_COMPOUND, (size_t)size);
    at = 0;
    for (size_t i = 0; i < fields->count; i++) {
        const char *name;
        words_number(fields->items[i], "offset", &at);
        if (!text_in(words_text(fields->items[i], "name"), arena, &name, err))
            return false;
        if (at < 0 || H5Tinsert(*out, name, (size_t)at, types[i]) < 0)
            return library_fail(err, ERR_UNREPRESENTABLE, "HDF5 cannot hold this compound type");
        at += (int64_t)H5Tget_size(types[i]);
    }
    return true;
}

static bool of_compound(const struct value *words, struct arena *arena, unsigned depth, hid_t *out,
                        struct error *err)
{
    const struct value_list *fields;
    if (!members_of(words, "fields", &fields, err))
        return false;
    hid_t *types = arena_alloc(arena, fields->count, sizeof *types);
    bool ok = types != NULL || arena_fail(arena, err);
    size_t made = 0;
    for (; ok && made < fields->count; made++) {
        const struct value *field = fields->items[made];
        const struct value *type = field->kind == VALUE_DICT ? value_get(field, "type") : NULL;
        ok = type != NULL ? of_any(type, arena, depth + 1, &types[made], err)
                          : FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "a field has no type");
        if (!ok)
            break;
    }
    ok = ok && insert_fields(words, fields, types, arena, out, err);
    for (size_t i = 0; i < made; i++)
        H5Tclose(types[i]);
    return ok;
}

static bool base_of(const struct value *words, struct arena *arena, unsigned depth, hid_t *out,
                    struct error *err)
{
    const struct value *base = value_get(words, "base");
    return base != NULL ? of_any(base, arena, depth + 1, out, err)
                        : FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "a type has no base");
}

static bool insert_label(hid_t t, hid_t base, const struct value *label, struct bytes text,
                         struct arena *arena, struct error *err)
{
    const size_t size = H5Tget_size(base);
    const bool big = H5Tget_order(base) == H5T_ORDER_BE;
    uint8_t raw[8];
    const char *name;
    if (label == NULL || label->kind != VALUE_INT)
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "a name of an enumeration has no integer");
    for (size_t i = 0; i < size; i++)
        raw[big ? size - 1 - i : i] = (uint8_t)((uint64_t)label->integer >> (8 * i));
    return text_in(text, arena, &name, err) &&
           (H5Tenum_insert(t, name, raw) >= 0 ||
            library_fail(err, ERR_UNREPRESENTABLE, "HDF5 cannot hold this enumeration"));
}

/* "members", a list of names and values, or "mapping", a dict of them (HDF5/JSON before 1.1). */
static bool insert_labels(const struct value *words, hid_t t, hid_t base, struct arena *arena,
                          struct error *err)
{
    const struct value *mapping = words_get(words, "mapping", VALUE_DICT);
    const struct value_list *members;
    if (mapping != NULL) {
        for (size_t i = 0; i < mapping->dict.count; i++)
            if (!insert_label(t, base, mapping->dict.items[i].value, mapping->dict.items[i].key->text, arena,
                              err))
                return false;
        return true;
    }
    if (!members_of(words, "members", &members, err))
        return false;
    for (size_t i = 0; i < members->count; i++) {
        const struct value *m = members->items[i];
        if (!insert_label(t, base, words_get(m, "value", VALUE_INT), words_text(m, "name"), arena, err))
            return false;
    }
    return true;
}

static bool of_enum(const struct value *words, struct arena *arena, unsigned depth, hid_t *out,
                    struct error *err)
{
    AUTO(close_type) hid_t base = -1;
    if (!base_of(words, arena, depth, &base, err))
        return false;
    if (H5Tget_class(base) != H5T_INTEGER || H5Tget_size(base) > 8)
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "an enumeration's base is an integer");
    *out = H5Tenum_create(base);
    return insert_labels(words, *out, base, arena, err);
}

static bool of_array(const struct value *words, struct arena *arena, unsigned depth, hid_t *out,
                     struct error *err)
{
    AUTO(close_type) hid_t base = -1;
    hsize_t dims[H5S_MAX_RANK];
    unsigned ndim;
    size_t size;
    if (!words_dims(words_get(words, "dims", VALUE_LIST), dims, &ndim, err) ||
        !base_of(words, arena, depth, &base, err))
        return false;
    size = H5Tget_size(base);
    for (unsigned i = 0; i < ndim; i++)
        if (!checked_mul(size, (size_t)dims[i], &size) || size > TYPE_MAX || size == 0)
            return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "an array type has 1 to %d bytes",
                        TYPE_MAX);
    *out = H5Tarray_create2(base, ndim, dims);
    return *out >= 0 || library_fail(err, ERR_UNREPRESENTABLE, "HDF5 cannot hold this array type");
}

static bool of_sequence(const struct value *words, struct arena *arena, unsigned depth, hid_t *out,
                        struct error *err)
{
    AUTO(close_type) hid_t base = -1;
    if (!base_of(words, arena, depth, &base, err))
        return false;
    *out = H5Tvlen_create(base);
    return *out >= 0 || library_fail(err, ERR_UNREPRESENTABLE, "HDF5 cannot hold this sequence type");
}

static bool of_class(const struct value *words, struct arena *arena, unsigned depth, hid_t *out,
                     struct error *err)
{
    const struct bytes word = words_text(words, "class");
    switch (type_class_of(word)) {
    case H5T_INTEGER:
        return of_integer(words, out, err);
    case H5T_FLOAT:
        return of_float(words, out, err);
    case H5T_STRING:
        return of_string(words, out, err);
    case H5T_BITFIELD:
        return of_bitfield(words, out, err);
    case H5T_OPAQUE:
        return of_opaque(words, arena, out, err);
    case H5T_COMPOUND:
        return of_compound(words, arena, depth, out, err);
    case H5T_ENUM:
        return of_enum(words, arena, depth, out, err);
    case H5T_ARRAY:
        return of_array(words, arena, depth, out, err);
    case H5T_TIME:
        return of_time(words, out, err);
    case H5T_REFERENCE:
        return of_reference(words, out, err);
    case H5T_VLEN:
        return of_sequence(words, arena, depth, out, err);
    case H5T_NO_CLASS:
    case H5T_NCLASSES:
        break;
    }
    return wrong(err, "the type class", word);
}

static bool of_any(const struct value *words, struct arena *arena, unsigned depth, hid_t *out,
                   struct error *err)
{
    *out = -1;
    if (depth > SANDBOX_TYPE_DEPTH)
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "the type nests deeper than %d levels",
                    SANDBOX_TYPE_DEPTH);
    if (words->kind != VALUE_DICT)
        return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET, "a type is an object with a class");
    if (of_class(words, arena, depth, out, err) && *out >= 0)
        return true;
    if (*out >= 0)
        H5Tclose(*out);
    *out = -1;
    return err->kind != ERR_NONE ? false
                                 : library_fail(err, ERR_UNREPRESENTABLE, "HDF5 cannot hold this type");
}

bool type_of_words(const struct value *words, struct arena *arena, hid_t *out, struct error *err)
{
    return of_any(words, arena, 0, out, err);
}
