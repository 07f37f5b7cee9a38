/* Names that HDF5/JSON has for the library's constants, and small facts about types. */
#include "words.h"

static const char *const class_words[] = {
    [H5T_INTEGER] = "H5T_INTEGER",   [H5T_FLOAT] = "H5T_FLOAT",         [H5T_TIME] = "H5T_TIME",
    [H5T_STRING] = "H5T_STRING",     [H5T_BITFIELD] = "H5T_BITFIELD",   [H5T_OPAQUE] = "H5T_OPAQUE",
    [H5T_COMPOUND] = "H5T_COMPOUND", [H5T_REFERENCE] = "H5T_REFERENCE", [H5T_ENUM] = "H5T_ENUM",
    [H5T_VLEN] = "H5T_VLEN",         [H5T_ARRAY] = "H5T_ARRAY",
};

const char *type_class_word(H5T_class_t class)
{
    return class < 0 || class >= (int)ROWS(class_words) ? "H5T_NO_CLASS" : class_words[class];
}

H5T_class_t type_class_of(struct bytes word)
{
    for (size_t i = 0; i < ROWS(class_words); i++)
        if (bytes_is(word, class_words[i]))
            return (H5T_class_t)i;
    return H5T_NO_CLASS;
}

const char *filter_word(H5Z_filter_t id)
{
    static const char *const words[] = {
        [H5Z_FILTER_DEFLATE] = "H5Z_FILTER_DEFLATE",
        [H5Z_FILTER_SHUFFLE] = "H5Z_FILTER_SHUFFLE",
        [H5Z_FILTER_FLETCHER32] = "H5Z_FILTER_FLETCHER32",
        [H5Z_FILTER_SZIP] = "H5Z_FILTER_SZIP",
        [H5Z_FILTER_NBIT] = "H5Z_FILTER_NBIT",
        [H5Z_FILTER_SCALEOFFSET] = "H5Z_FILTER_SCALEOFFSET",
    };
    return id > 0 && id < (int)ROWS(words) ? words[id] : "H5Z_FILTER_USER";
}

hid_t standard_float(size_t size, bool big)
{
    const hid_t t = H5Tcopy(size == 8 ? H5T_IEEE_F64LE : H5T_IEEE_F32LE);
    if (size ==
        2) { /* sign 15, five bits of exponent from 10, ten of mantissa; HDF5 1.10 has no name for it */
        H5Tset_fields(t, 15, 10, 5, 0, 10);
        H5Tset_size(t, 2);
        H5Tset_ebias(t, 15);
    }
    H5Tset_order(t, big ? H5T_ORDER_BE : H5T_ORDER_LE);
    return t;
}

int64_t label_of(const uint8_t *raw, size_t size, bool big, bool is_signed)
{
    uint64_t v = 0;
    for (size_t i = 0; i < size; i++)
        v |= (uint64_t)raw[big ? size - 1 - i : i] << (8 * i);
    const unsigned unused = (unsigned)(64 - 8 * size) & 63;
    return is_signed ? (int64_t)(v << unused) >> unused : (int64_t)v;
}
