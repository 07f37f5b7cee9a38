#include "known.h"

bool known_is_raw(const struct value *v)
{
    return v->kind == VALUE_BYTES ||
           (v->kind == VALUE_STR && (v->flags & (VALUE_PYTHON2 | VALUE_DECODED)) != 0);
}

static bool is_kind(const struct value *v, char letter)
{
    switch (letter) {
    case 's':
        return v->kind == VALUE_STR;
    case 'b':
        return known_is_raw(v);
    case 'y':
        return v->kind == VALUE_BYTEARRAY || is_kind(v, 'b');
    case 'i':
        return v->kind == VALUE_INT || v->kind == VALUE_BIGINT;
    case 'n':
        return v->kind == VALUE_INT || v->kind == VALUE_FLOAT;
    case 'l':
        return v->kind == VALUE_LIST || v->kind == VALUE_TUPLE;
    case 't':
        return v->kind == VALUE_TUPLE;
    case 'D':
        return v->kind == VALUE_DICT;
    case 'g':
        return v->kind == VALUE_GLOBAL;
    case 'd':
        return v->kind == VALUE_DTYPE;
    case 'o':
        return v->kind == VALUE_OBJECT;
    case 'a':
        return v->kind == VALUE_ARRAY;
    case '0':
        return v->kind == VALUE_NONE;
    default:
        return letter == '*';
    }
}

bool known_match(const struct value_list *args, const char *letters)
{
    size_t n = strlen(letters);
    if (letters[0] == '+')
        return args->count > 0;
    const bool more = n > 0 && letters[n - 1] == '~';
    n -= more;
    if (more ? args->count < n : args->count != n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!is_kind(args->items[i], letters[i]))
            return false;
    return true;
}

/* A name that stands for all that begins like it has a '*' at the end. */
struct bytes known_module(struct bytes module)
{
    static const struct {
        const char *other, *name;
    } spellings[] = {
        {"numpy._core.multiarray", "numpy.core.multiarray"},       /* since 2.0 */
        {"numpy.core._multiarray_umath", "numpy.core.multiarray"}, /* 1.16.0 */
        {"numpy._core._multiarray_umath", "numpy.core.multiarray"},
        {"numpy._core.numeric", "numpy.core.numeric"},
        {"pathlib._local", "pathlib"}, /* Python 3.13 */
        {"pandas.*", "pandas"},        /* its modules move, its names don't */
        {"scipy.sparse.*", "scipy.sparse"},
        {"_collections", "collections"},
    };
    if (module.len == 0 || memchr("nps_", module.data[0], 4) == NULL)
        return module;
    for (size_t i = 0; i < ROWS(spellings); i++) {
        const char *other = spellings[i].other;
        const size_t n = strlen(other) - 1;
        if (other[n] == '*' ? module.len > n && memcmp(module.data, other, n) == 0 : bytes_is(module, other))
            return bytes_text(spellings[i].name);
    }
    return module;
}
