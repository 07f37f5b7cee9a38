/* What HDF5 can hold as text and as names. */
#include "h5.h"

enum { NAME_MAX_BYTES = 1024 };

bool h5_plain_text(const struct value *v)
{
    return v->kind == VALUE_STR && v->flags == 0 &&
           (v->text.len == 0 || memchr(v->text.data, 0, v->text.len) == NULL);
}

bool h5_is_name(struct bytes text)
{
    return text.len > 0 && memchr(text.data, 0, text.len) == NULL;
}

bool h5_is_link_name(struct bytes text)
{
    return h5_is_name(text) && text.len <= NAME_MAX_BYTES && memchr(text.data, '/', text.len) == NULL &&
           !bytes_is(text, ".");
}
