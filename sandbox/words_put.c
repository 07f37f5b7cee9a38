#include "words_put.h"

#include "words.h"

struct value *words_dict(struct words *w)
{
    struct value *v = value_new(w->arena, VALUE_DICT);
    w->failed |= v == NULL;
    return v;
}

struct value *words_list(struct words *w)
{
    struct value *v = value_new(w->arena, VALUE_LIST);
    w->failed |= v == NULL;
    return v;
}

void words_put(struct words *w, struct value *d, const char *key, struct value *v)
{
    struct value *name = value_text(w->arena, key);
    if (d == NULL || v == NULL || name == NULL || !value_put(w->arena, &d->dict, name, v))
        w->failed = true;
}

void words_add(struct words *w, struct value *l, struct value *v)
{
    if (l == NULL || v == NULL || !value_append(w->arena, &l->list, v))
        w->failed = true;
}

void words_put_text(struct words *w, struct value *d, const char *key, const char *text)
{
    const struct bytes copy = arena_copy(w->arena, bytes_text(text == NULL ? "" : text));
    words_put(w, d, key, copy.data == NULL ? NULL : value_str(w->arena, copy));
}

void words_put_number(struct words *w, struct value *d, const char *key, int64_t number)
{
    words_put(w, d, key, value_int(w->arena, number));
}

void words_put_dims(struct words *w, struct value *d, const char *key, const hsize_t *dims, unsigned ndim)
{
    struct value *l = words_list(w);
    for (unsigned i = 0; i < ndim; i++)
        words_add(w, l,
                  dims[i] == ANY_SIZE ? value_text(w->arena, "H5S_UNLIMITED")
                                      : value_int(w->arena, (int64_t)dims[i]));
    words_put(w, d, key, l);
}
