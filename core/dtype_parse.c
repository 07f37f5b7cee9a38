#include "dtype.h"
#include "number.h"

/* NumPy's names (numpy.sctypeDict) and one-letter codes (numpy.typecodes). */
struct word {
    const char *text;
    enum dtype_kind kind;
    size_t itemsize;
};

static const struct word names[] = {
    {"bool", DTYPE_BOOL, 1},
    {"bool_", DTYPE_BOOL, 1},
    {"int8", DTYPE_INT, 1},
    {"int16", DTYPE_INT, 2},
    {"int32", DTYPE_INT, 4},
    {"int64", DTYPE_INT, 8},
    {"uint8", DTYPE_UINT, 1},
    {"uint16", DTYPE_UINT, 2},
    {"uint32", DTYPE_UINT, 4},
    {"uint64", DTYPE_UINT, 8},
    {"float16", DTYPE_FLOAT, 2},
    {"float32", DTYPE_FLOAT, 4},
    {"float64", DTYPE_FLOAT, 8},
    {"float128", DTYPE_FLOAT, 16},
    {"complex64", DTYPE_COMPLEX, 8},
    {"complex128", DTYPE_COMPLEX, 16},
    {"complex256", DTYPE_COMPLEX, 32},
    {"int", DTYPE_INT, 8},
    {"uint", DTYPE_UINT, 8},
    {"intp", DTYPE_INT, 8},
    {"uintp", DTYPE_UINT, 8},
    {"byte", DTYPE_INT, 1},
    {"ubyte", DTYPE_UINT, 1},
    {"short", DTYPE_INT, 2},
    {"ushort", DTYPE_UINT, 2},
    {"intc", DTYPE_INT, 4},
    {"uintc", DTYPE_UINT, 4},
    {"longlong", DTYPE_INT, 8},
    {"ulonglong", DTYPE_UINT, 8},
    {"half", DTYPE_FLOAT, 2},
    {"single", DTYPE_FLOAT, 4},
    {"float", DTYPE_FLOAT, 8},
    {"double", DTYPE_FLOAT, 8},
    {"longdouble", DTYPE_FLOAT, 16},
    {"csingle", DTYPE_COMPLEX, 8},
    {"complex", DTYPE_COMPLEX, 16},
    {"cdouble", DTYPE_COMPLEX, 16},
    {"clongdouble", DTYPE_COMPLEX, 32},
    {"bytes", DTYPE_BYTES, 0},
    {"bytes_", DTYPE_BYTES, 0},
    {"str", DTYPE_UNICODE, 0},
    {"str_", DTYPE_UNICODE, 0},
    {"void", DTYPE_VOID, 0},
    {"object", DTYPE_OBJECT, sizeof(struct value *)},
    {"object_", DTYPE_OBJECT, sizeof(struct value *)},
};

static const struct word codes[] = {
    {"?", DTYPE_BOOL, 1},
    {"b", DTYPE_INT, 1},
    {"B", DTYPE_UINT, 1},
    {"h", DTYPE_INT, 2},
    {"H", DTYPE_UINT, 2},
    {"i", DTYPE_INT, 4},
    {"I", DTYPE_UINT, 4},
    {"l", DTYPE_INT, 8},
    {"L", DTYPE_UINT, 8},
    {"q", DTYPE_INT, 8},
    {"Q", DTYPE_UINT, 8},
    {"p", DTYPE_INT, 8},
    {"P", DTYPE_UINT, 8},
    {"e", DTYPE_FLOAT, 2},
    {"f", DTYPE_FLOAT, 4},
    {"d", DTYPE_FLOAT, 8},
    {"g", DTYPE_FLOAT, 16},
    {"F", DTYPE_COMPLEX, 8},
    {"D", DTYPE_COMPLEX, 16},
    {"G", DTYPE_COMPLEX, 32},
    {"S", DTYPE_BYTES, 0},
    {"a", DTYPE_BYTES, 0},
    {"c", DTYPE_BYTES, 1},
    {"U", DTYPE_UNICODE, 0},
    {"V", DTYPE_VOID, 0},
    {"O", DTYPE_OBJECT, sizeof(struct value *)},
    {"T", DTYPE_TEXT, sizeof(struct bytes)},
};

/* A letter with a number of bytes (of code points for 'U'), and the numbers it may have, most first. */
static const struct {
    char letter;
    enum dtype_kind kind;
    uint8_t sizes[4]; /* none: any */
} sized[] = {
    {'b', DTYPE_BOOL, {1}},
    {'i', DTYPE_INT, {8, 4, 2, 1}},
    {'u', DTYPE_UINT, {8, 4, 2, 1}},
    {'f', DTYPE_FLOAT, {16, 8, 4, 2}},
    {'c', DTYPE_COMPLEX, {32, 16, 8}},
    {'S', DTYPE_BYTES, {0}},
    {'a', DTYPE_BYTES, {0}},
    {'U', DTYPE_UNICODE, {0}},
    {'V', DTYPE_VOID, {0}},
    {'O', DTYPE_OBJECT, {8, 4}},
};

static bool find_word(const struct word *words, size_t count, struct bytes text, struct dtype *out)
{
    for (size_t i = 0; i < count; i++)
        if (bytes_is(text, words[i].text)) {
            *out = dtype_make(words[i].kind, words[i].itemsize);
            return true;
        }
    return false;
}

static bool allowed(const uint8_t *sizes, int64_t size)
{
    if (sizes[0] == 0)
        return size <= INT32_MAX;
    for (size_t i = 0; i < 4; i++)
        if (sizes[i] != 0 && sizes[i] == size)
            return true;
    return false;
}

static bool find_sized(struct bytes text, struct dtype *out)
{
    int64_t size;
    if (text.len < 2 || text.data[1] < '0' || text.data[1] > '9' ||
        !number_read_int(bytes_of(text.data + 1, text.len - 1), &size))
        return false;
    for (size_t i = 0; i < ROWS(sized); i++) {
        if ((char)text.data[0] != sized[i].letter)
            continue;
        if (sized[i].kind == DTYPE_UNICODE)
            size = size > INT32_MAX / 4 ? INT64_MAX : size * 4;
        if (!allowed(sized[i].sizes, size))
            return false;
        *out =
            dtype_make(sized[i].kind, sized[i].kind == DTYPE_OBJECT ? sizeof(struct value *) : (size_t)size);
        return true;
    }
    return false;
}

/* ---- dates ---- */

static const char *const units[] = {"Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as"};

bool dtype_is_unit(struct bytes text)
{
    size_t digits = 0;
    int64_t n = 1;
    while (digits < text.len && text.data[digits] >= '0' && text.data[digits] <= '9')
        digits++;
    if (digits > 0 && (!number_read_int(bytes_of(text.data, digits), &n) || n < 1 || n > INT32_MAX))
        return false;
    for (size_t i = 0; i < ROWS(units); i++)
        if (bytes_is(bytes_of(text.data + digits, text.len - digits), units[i]))
            return true;
    return false;
}

/* What follows M8 or datetime64: nothing, or a unit in brackets. */
static bool read_unit(struct bytes text, struct dtype *out)
{
    if (text.len == 0)
        return true;
    if (text.len < 2 || text.data[0] != '[' || text.data[text.len - 1] != ']')
        return false;
    out->unit = bytes_of(text.data + 1, text.len - 2);
    if (!bytes_is(out->unit, "generic"))
        return dtype_is_unit(out->unit);
    out->unit = bytes_of(NULL, 0);
    return true;
}

static bool find_date(struct bytes text, struct dtype *out)
{
    static const struct {
        const char *prefix;
        enum dtype_kind kind;
    } prefixes[] = {
        {"M8", DTYPE_DATETIME},           {"m8", DTYPE_TIMEDELTA}, {"datetime64", DTYPE_DATETIME},
        {"timedelta64", DTYPE_TIMEDELTA}, {"M", DTYPE_DATETIME},   {"m", DTYPE_TIMEDELTA},
    };
    for (size_t i = 0; i < ROWS(prefixes); i++)
        if (bytes_starts(text, prefixes[i].prefix)) {
            const size_t n = strlen(prefixes[i].prefix);
            *out = dtype_make(prefixes[i].kind, 8);
            return read_unit(bytes_of(text.data + n, text.len - n), out);
        }
    return false;
}

bool dtype_parse(struct bytes typestr, struct dtype *out, struct error *err)
{
    struct bytes text = typestr;
    char order = '<';
    struct dtype t;
    if (find_word(names, ROWS(names), text, out))
        return true;
    if (text.len > 0 && memchr("<>|=", text.data[0], 4) != NULL) {
        order = text.data[0] == '>' ? '>' : '<';
        text = bytes_of(text.data + 1, text.len - 1);
    }
    if (!find_word(codes, ROWS(codes), text, &t) && !find_sized(text, &t) && !find_date(text, &t))
        return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "'%.*s' is not a dtype",
                    (int)(typestr.len < 60 ? typestr.len : 60), (const char *)typestr.data);
    if (t.order != '|')
        t.order = order;
    *out = t;
    return true;
}
